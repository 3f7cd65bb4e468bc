//! The node's end of a connection to its signer.

use std::{
    io,
    path::{Path, PathBuf},
};

use alloy_primitives::B256;
use rota_proto::{ConsensusKey, Signature};
use rota_staking::{RecordError, SafetyRecord};
use tokio::{
    net::UnixStream,
    time::{Instant, timeout_at},
};

use super::wire::{
    self, ANSWER_BYTES_MAX, Answer, FrameError, Hello, PROTOCOL, Request, SigningNetwork, WITHIN, Why, parse,
};

/// Why a signer cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Nobody serves the socket.
    #[error("no signer at {path}: {source}")]
    Away {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else does (rule Y10).
    #[error("the socket {path} is served by user {found}, and this node runs as {ours}: start both as one user")]
    OtherUser {
        /// The socket.
        path: PathBuf,
        /// Whose process it is.
        found: u32,
        /// Whose ours is.
        ours: u32,
    },
    /// It speaks another version.
    #[error("the signer speaks protocol {known}, this node {PROTOCOL}: run the same release of both")]
    OtherProtocol {
        /// The version.
        known: u16,
    },
    /// It signs for another network.
    #[error("the signer signs for another network ({expected}): give both the same config/network.toml")]
    OtherNetwork {
        /// Its network.
        expected: SigningNetwork,
    },
    /// It serves another node.
    #[error("the signer serves another node: a validator has one. Stop the other one first")]
    Busy,
    /// It has another key than before.
    #[error("the signer came back with key {found} in the place of {ours}: restart the node if that is meant")]
    OtherKey {
        /// What it has now.
        found: Box<ConsensusKey>,
        /// What the node was started with.
        ours: Box<ConsensusKey>,
    },
    /// Its record is none, or another's.
    #[error("the signer sent a record that cannot be used: {0}")]
    Record(String),
    /// Its record failed: it ends.
    #[error("the signer's record failed: {0}")]
    Storage(String),
    /// It did not answer in time.
    #[error("the signer did not answer within {WITHIN:?}")]
    Silent,
    /// The connection is broken.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It answered something else.
    #[error("the signer answered something else than it was asked")]
    Astray,
    /// The task that speaks to it is gone.
    #[error("the task that speaks to the signer is gone")]
    Gone,
}

impl LinkError {
    /// Whether another attempt may find it otherwise, without anybody changing a setting.
    pub(super) const fn may_pass(&self) -> bool {
        match self {
            Self::Away { .. } | Self::Busy | Self::Storage(_) | Self::Silent | Self::Frame(_) | Self::Astray => true,
            Self::OtherUser { .. }
            | Self::OtherProtocol { .. }
            | Self::OtherNetwork { .. }
            | Self::OtherKey { .. }
            | Self::Record(_)
            | Self::Gone => false,
        }
    }
}

/// A connection on which both sides have greeted.
#[derive(Debug)]
pub(super) struct Link {
    stream: UnixStream,
}

/// What a signer says of itself.
#[derive(Debug)]
pub(super) struct Greeting {
    pub(super) consensus_key: ConsensusKey,
    pub(super) record: SafetyRecord,
}

impl Link {
    /// Connects and greets.
    pub(super) async fn open(path: &Path, network: &SigningNetwork) -> Result<(Self, Greeting), LinkError> {
        let until = Instant::now() + WITHIN;
        let away = |source| LinkError::Away { path: path.into(), source };
        let stream =
            timeout_at(until, UnixStream::connect(path)).await.map_err(|_| LinkError::Silent)?.map_err(away)?;
        let (found, ours) = (stream.peer_cred().map_err(away)?.uid(), own_user().map_err(away)?);
        // Y10: also the node looks whom it believes to be its signer.
        if found != ours {
            return Err(LinkError::OtherUser { path: path.into(), found, ours });
        }
        let mut link = Self { stream };
        match link.exchange(&Hello { protocol: PROTOCOL, network: *network }, until).await? {
            Answer::Hello { consensus_key, record } => {
                let record = read_record(&record, &consensus_key, network)?;
                Ok((link, Greeting { consensus_key, record }))
            }
            Answer::Refused { why } => Err(refused(why)),
            Answer::Signed { .. } | Answer::Vouched { .. } | Answer::Done => Err(LinkError::Astray),
        }
    }

    /// Asks one thing. After an error, the connection must not be used: a late answer would be taken for that to the
    /// next question.
    pub(super) async fn ask(&mut self, request: &Request) -> Result<Answer, LinkError> {
        self.exchange(request, Instant::now() + WITHIN).await
    }

    /// Has the signer vouch for the node of this key.
    pub(super) async fn vouch(&mut self, node_key: [u8; 32]) -> Result<(u64, Signature), LinkError> {
        match self.ask(&Request::Vouch { node_key: B256::from(node_key) }).await? {
            Answer::Vouched { sequence, signature } => Ok((sequence, read_signature(&signature)?)),
            Answer::Refused { why } => Err(refused(why)),
            Answer::Hello { .. } | Answer::Signed { .. } | Answer::Done => Err(LinkError::Astray),
        }
    }

    /// Waits until the signer ends the connection. Whatever it says unasked ends it too.
    pub(super) async fn ended(&self) -> LinkError {
        let mut byte = [0; 1];
        loop {
            if let Err(error) = self.stream.readable().await {
                return FrameError::Io(error).into();
            }
            match self.stream.try_read(&mut byte) {
                Ok(0) => return FrameError::Closed.into(),
                Ok(_) => return LinkError::Astray,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return FrameError::Io(error).into(),
            }
        }
    }

    async fn exchange(&mut self, what: &impl serde::Serialize, until: Instant) -> Result<Answer, LinkError> {
        let exchanged = async {
            wire::write(&mut self.stream, what).await?;
            parse(&wire::read_bytes(&mut self.stream, ANSWER_BYTES_MAX).await?)
        };
        Ok(timeout_at(until, exchanged).await.map_err(|_| LinkError::Silent)??)
    }
}

/// The user of this process, as the system tells it to whoever is connected.
pub(super) fn own_user() -> io::Result<u32> {
    let (ours, _) = UnixStream::pair()?;
    Ok(ours.peer_cred()?.uid())
}

pub(super) fn read_signature(hexadecimal: &str) -> Result<Signature, LinkError> {
    let bytes = hex::decode(hexadecimal).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    bytes.map(Signature).ok_or(LinkError::Astray)
}

/// What a refusal of a question means that was no vote.
pub(super) fn refused(why: Why) -> LinkError {
    match why {
        Why::OtherProtocol { known } => LinkError::OtherProtocol { known },
        Why::OtherNetwork { expected } => LinkError::OtherNetwork { expected },
        Why::Busy => LinkError::Busy,
        Why::Storage { text } => LinkError::Storage(text),
        Why::WrongRollup { .. }
        | Why::NoVote
        | Why::BelowFloor { .. }
        | Why::HeldBack { .. }
        | Why::ConflictingNotarize { .. }
        | Why::ConflictingFinalize { .. }
        | Why::FinalizeAfterNullify
        | Why::NullifyAfterFinalize { .. } => LinkError::Astray,
    }
}

fn read_record(text: &str, key: &ConsensusKey, network: &SigningNetwork) -> Result<SafetyRecord, LinkError> {
    let bytes = hex::decode(text).map_err(|error| LinkError::Record(error.to_string()))?;
    let record = SafetyRecord::decode(&bytes).map_err(|error: RecordError| LinkError::Record(error.to_string()))?;
    if record.consensus_key() == key && record.rollup_chain_id() == network.rollup_chain_id {
        Ok(record)
    } else {
        Err(LinkError::Record("it is of another key or rollup".into()))
    }
}
