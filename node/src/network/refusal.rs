//! Names for what libp2p says when a connection comes to nothing.

use std::{error::Error, io};

use libp2p::{
    connection_limits::Exceeded,
    core::{
        transport::TransportError,
        upgrade::{NegotiationError, ProtocolError},
    },
    swarm::{ConnectionDenied, DialError, ListenError},
};

use super::{admission::Denied, event::Refused, hello::HandshakeError};

impl Refused {
    /// Why nobody came in.
    pub(crate) fn listening(error: &ListenError) -> Self {
        match error {
            ListenError::Denied { cause } => denied(cause),
            ListenError::Transport(TransportError::Other(error)) => transport(error),
            ListenError::WrongPeerId { obtained, .. } => Self::WrongPeer(*obtained),
            ListenError::Aborted
            | ListenError::LocalPeerId { .. }
            | ListenError::Transport(TransportError::MultiaddrNotSupported(_)) => Self::Failed(error.to_string()),
        }
    }

    /// Why a dial failed. `None` if nothing was dialled, because a connection stands or is on its way.
    pub(crate) fn dialling(error: &DialError) -> Option<Self> {
        Some(match error {
            DialError::DialPeerConditionFalse(_) => return None,
            DialError::Denied { cause } => denied(cause),
            DialError::WrongPeerId { obtained, .. } => Self::WrongPeer(*obtained),
            DialError::Transport(errors) => match errors.first() {
                Some((_, TransportError::Other(error))) => transport(error),
                Some((address, TransportError::MultiaddrNotSupported(_))) => {
                    Self::Failed(format!("{address} is no address that we can dial"))
                }
                None => Self::Failed(error.to_string()),
            },
            DialError::LocalPeerId { .. } | DialError::NoAddresses | DialError::Aborted => {
                Self::Failed(error.to_string())
            }
        })
    }
}

fn denied(cause: &ConnectionDenied) -> Refused {
    if let Some(denied) = cause.downcast_ref::<Denied>() {
        return Refused::Denied(denied.clone());
    }
    match cause.downcast_ref::<Exceeded>() {
        Some(exceeded) => Refused::Denied(Denied::ConnectionLimit(exceeded.limit())),
        None => Refused::Failed(cause.to_string()),
    }
}

/// What the transport's timeout says of itself; its type is generic over everything below it.
const TIMEOUT: &str = "Timeout has been reached";

/// The cause lies some layers deep: each layer of the transport wraps the error of the one below.
fn transport(error: &io::Error) -> Refused {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut deepest = error.to_string();
    while let Some(error) = cause {
        if let Some(handshake) = error.downcast_ref::<HandshakeError>() {
            return Refused::Handshake(handshake.clone());
        }
        if let Some(negotiation) = error.downcast_ref::<NegotiationError>() {
            return match negotiation {
                NegotiationError::ProtocolError(ProtocolError::IoError(error)) => Refused::Failed(error.to_string()),
                NegotiationError::ProtocolError(_) | NegotiationError::Failed => Refused::NotRota,
            };
        }
        deepest = error.to_string();
        // An io::Error's own source skips the error it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    if deepest == TIMEOUT { Refused::Timeout } else { Refused::Failed(deepest) }
}
