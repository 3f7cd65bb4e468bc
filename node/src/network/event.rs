//! What the network tells the node.

use libp2p::{
    Multiaddr, PeerId, gossipsub,
    request_response::{InboundRequestId, ResponseChannel},
};
use prometheus_client::encoding::EncodeLabelValue;
use rota_proto::{ConsensusKey, Message, Status};

use super::{admission::Denied, exchange::Parcel, hello::HandshakeError};

/// An event of the network. [`PeerConnected`](Self::PeerConnected) precedes everything of its peer, and
/// [`PeerGone`](Self::PeerGone) follows it (rule N6).
#[derive(Debug)]
pub enum NetworkEvent {
    /// We listen here.
    Listening {
        /// The address, without our peer id.
        address: Multiaddr,
    },
    /// A peer is connected and has told its status.
    PeerConnected {
        /// The peer.
        peer: PeerId,
        /// The validator it speaks for, if its record is believed.
        validator: Option<ConsensusKey>,
        /// What it said.
        status: Status,
    },
    /// A peer speaks for another validator than before, because the sets or the records changed.
    ValidatorChanged {
        /// The peer.
        peer: PeerId,
        /// The validator it speaks for now.
        validator: Option<ConsensusKey>,
    },
    /// The last connection with a peer is closed.
    PeerGone {
        /// The peer.
        peer: PeerId,
    },
    /// A connection was refused or failed before its peer was one. Dropped when the node is busy.
    PeerRefused {
        /// Who it was, if known.
        peer: Option<PeerId>,
        /// Where.
        address: Option<Multiaddr>,
        /// Why.
        reason: Refused,
    },
    /// A message, checked in form only.
    Message {
        /// The peer it came from, who need not be its author.
        from: PeerId,
        /// The validator that peer speaks for.
        validator: Option<ConsensusKey>,
        /// The message.
        message: Message,
        /// How it came. Gossip wants a verdict.
        way: Way,
    },
    /// A question, to be answered with [`NetworkHandle::respond`](super::NetworkHandle::respond).
    Request {
        /// Who asks.
        from: PeerId,
        /// The validator that peer speaks for.
        validator: Option<ConsensusKey>,
        /// The question: a fetch, a round query or a catch-up request.
        request: Message,
        /// Where the answer goes. Dropping it ends the asker's wait without an answer.
        responder: Responder,
    },
}

/// How a message came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// On a direct stream from the peer.
    Direct,
    /// By gossip. It travels on only after [`Verdict::Accept`].
    Gossip(GossipId),
}

/// A gossip message that waits for its verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GossipId {
    pub(crate) message: gossipsub::MessageId,
    pub(crate) source: PeerId,
}

/// What the node thinks of a gossip message (rule N22).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Verdict {
    /// Valid and new: pass it on.
    Accept,
    /// Nobody's fault, and not worth passing on.
    Ignore,
    /// Invalid: who passed it on is punished.
    Reject,
}

/// The right to answer one request, once.
#[derive(Debug)]
pub struct Responder {
    pub(crate) id: InboundRequestId,
    pub(crate) channel: ResponseChannel<Parcel>,
}

/// Why a connection was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The handshake failed.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// It was not let in, or not dialled.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Another node than the one we dialled.
    #[error("it is {0}, not the peer that was dialled")]
    WrongPeer(PeerId),
    /// It does not know our handshake.
    #[error("it does not speak Rota's handshake")]
    NotRota,
    /// The handshake did not end in time.
    #[error("the handshake did not end in time")]
    Timeout,
    /// The connection failed: refused, reset, unreachable.
    #[error("{0}")]
    Failed(String),
}

/// A refusal as a metric's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum RefusalLabel {
    WrongNetwork,
    NotStatus,
    Malformed,
    Oversized,
    Ended,
    ForgedRecord,
    Noise,
    Banned,
    TooManyStrangers,
    TooManyFromAddress,
    TooManyAttempts,
    TooManyPending,
    TooManyPendingFromAddress,
    ConnectionLimit,
    WrongPeer,
    NotRota,
    Timeout,
    Failed,
}

impl Refused {
    pub(crate) const fn label(&self) -> RefusalLabel {
        match self {
            Self::Handshake(error) => match error {
                HandshakeError::WrongNetwork { .. } => RefusalLabel::WrongNetwork,
                HandshakeError::NotStatus(_) => RefusalLabel::NotStatus,
                HandshakeError::Malformed(_) | HandshakeError::NoRecordMark(_) | HandshakeError::RecordKey => {
                    RefusalLabel::Malformed
                }
                HandshakeError::TooLong { .. } => RefusalLabel::Oversized,
                HandshakeError::Ended => RefusalLabel::Ended,
                HandshakeError::ForgedRecord(_) => RefusalLabel::ForgedRecord,
                HandshakeError::Noise(_) => RefusalLabel::Noise,
                HandshakeError::Io(_) => RefusalLabel::Failed,
            },
            Self::Denied(denied) => match denied {
                Denied::Banned { .. } => RefusalLabel::Banned,
                Denied::TooManyStrangers { .. } => RefusalLabel::TooManyStrangers,
                Denied::TooManyFromAddress { .. } => RefusalLabel::TooManyFromAddress,
                Denied::TooManyAttempts { .. } => RefusalLabel::TooManyAttempts,
                Denied::TooManyPending { .. } => RefusalLabel::TooManyPending,
                Denied::TooManyPendingFromAddress { .. } => RefusalLabel::TooManyPendingFromAddress,
                Denied::ConnectionLimit(_) => RefusalLabel::ConnectionLimit,
            },
            Self::WrongPeer(_) => RefusalLabel::WrongPeer,
            Self::NotRota => RefusalLabel::NotRota,
            Self::Timeout => RefusalLabel::Timeout,
            Self::Failed(_) => RefusalLabel::Failed,
        }
    }
}
