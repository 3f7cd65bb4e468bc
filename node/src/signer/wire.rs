//! What node and signer say to each other: frames of JSON over a Unix socket (rule Y9).

use std::{io, time::Duration};

use alloy_primitives::{Address, B256};
use rota_proto::{ConsensusKey, Epoch, Round, SigningDomain, View, Vote, VoteKind};
use rota_staking::{Refusal, limits::RECORD_BYTES_MAX};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UnixStream,
    time::timeout,
};

/// The protocol that this program speaks.
pub const PROTOCOL: u16 = 1;

/// Bytes of the longest request: the greeting has 220, and a vote less.
pub(super) const REQUEST_BYTES_MAX: usize = 1_024;

/// Bytes of the longest answer: a record in hex, and its frame.
pub(super) const ANSWER_BYTES_MAX: usize = 2 * RECORD_BYTES_MAX + 1_024;

/// A frame that has begun is whole after this, or never: it crosses no network. An answer that comes later than this
/// helps no view.
pub const WITHIN: Duration = Duration::from_secs(2);

/// What signatures are bound to, as both sides have it in `network.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SigningNetwork {
    /// Chain id of L1.
    pub l1_chain_id: u64,
    /// The contract that holds the stakes.
    pub staking_contract: Address,
    /// Chain id of the rollup.
    pub rollup_chain_id: u64,
}

impl SigningNetwork {
    /// The same for signing.
    #[must_use]
    pub fn domain(&self) -> SigningDomain {
        SigningDomain::new(self.l1_chain_id, self.staking_contract, self.rollup_chain_id)
    }
}

impl std::fmt::Display for SigningNetwork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { l1_chain_id, staking_contract, rollup_chain_id } = self;
        write!(f, "L1 {l1_chain_id}, staking contract {staking_contract}, rollup {rollup_chain_id}")
    }
}

/// The first request. Its version is read before its other fields, which may be others in another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    pub(super) protocol: u16,
    pub(super) network: SigningNetwork,
}

/// The version of a greeting of whatever program.
#[derive(Deserialize)]
pub(super) struct HelloVersion {
    pub(super) protocol: u16,
}

/// What the node asks for once it is known. Nothing in it is a digest: the signer makes each by itself (rule Y8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Request {
    /// Sign a vote; to propose a batch is to notarize it.
    Vote { kind: Kind, round: At, batch: B256 },
    /// Say that the node of this libp2p key, ed25519, speaks for the validator.
    #[serde(rename_all = "camelCase")]
    Vouch { node_key: B256 },
    /// Refuse everything below.
    RaiseFloor { floor: At },
    /// Refuse everything below `floor`, and all but nullify votes below `resume`, durably.
    HoldBack { floor: At, resume: At },
}

/// [`VoteKind`] by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    Notarize,
    Nullify,
    Finalize,
}

/// A round that decoding of votes would take as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct At {
    epoch: u64,
    view: u64,
}

/// What the signer says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Answer {
    /// To a greeting: the key, and the guard's record, encoded, in hex, each vote with its signature.
    #[serde(rename_all = "camelCase")]
    Hello { consensus_key: ConsensusKey, record: String },
    /// The signature of the vote, in hex.
    Signed { signature: String },
    /// The sequence of the peer record, and the signature over it, in hex.
    Vouched { sequence: u64, signature: String },
    /// It is done.
    Done,
    /// It is not done.
    Refused { why: Why },
}

/// Why something was not done, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Why {
    /// The signer speaks another version.
    OtherProtocol { known: u16 },
    /// The signer signs for another network.
    OtherNetwork { expected: SigningNetwork },
    /// Another node has the signer.
    Busy,
    /// The guard's record failed; the signer ends.
    Storage { text: String },
    /// As [`Refusal::WrongRollup`].
    WrongRollup { asked: u64, record: u64 },
    /// As [`Refusal::NoVote`].
    NoVote,
    /// As [`Refusal::BelowFloor`].
    BelowFloor { floor: At },
    /// As [`Refusal::HeldBack`].
    HeldBack { resume: At },
    /// As [`Refusal::ConflictingNotarize`].
    ConflictingNotarize { recorded: B256 },
    /// As [`Refusal::ConflictingFinalize`].
    ConflictingFinalize { recorded: B256 },
    /// As [`Refusal::FinalizeAfterNullify`].
    FinalizeAfterNullify,
    /// As [`Refusal::NullifyAfterFinalize`].
    NullifyAfterFinalize { recorded: B256 },
}

/// Why a frame could not be read or written. The connection is of no more use then.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The system says so.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The other side is gone.
    #[error("the other side ended the connection")]
    Closed,
    /// A frame begun was not ended in time, or not taken.
    #[error("a frame was not whole after {WITHIN:?}")]
    Late,
    /// Its length is none that a frame has.
    #[error("a frame of {length} bytes is longer than the longest, {limit}")]
    TooLong {
        /// What it says of itself.
        length: usize,
        /// The longest.
        limit: usize,
    },
    /// It is none of the frames that may come.
    #[error("no frame that may come here: {0}")]
    Shape(String),
}

/// Reads the bytes of one frame, however long it takes to begin. Nothing is reserved for more than `limit` bytes.
pub(super) async fn read_bytes(stream: &mut UnixStream, limit: usize) -> Result<Vec<u8>, FrameError> {
    let mut first = [0; 1];
    if stream.read(&mut first).await? == 0 {
        return Err(FrameError::Closed);
    }
    let read = async {
        let mut rest = [0; 3];
        stream.read_exact(&mut rest).await?;
        let ([a], [b, c, d]) = (first, rest);
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        if length > limit {
            return Err(FrameError::TooLong { length, limit });
        }
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).await?;
        Ok(bytes)
    };
    match timeout(WITHIN, read).await {
        Ok(Err(FrameError::Io(error))) if error.kind() == io::ErrorKind::UnexpectedEof => Err(FrameError::Closed),
        Ok(read) => read,
        Err(_) => Err(FrameError::Late),
    }
}

/// What a frame says.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FrameError> {
    serde_json::from_slice(bytes).map_err(|error| FrameError::Shape(error.to_string()))
}

/// Writes one frame.
pub(super) async fn write(stream: &mut UnixStream, what: &impl Serialize) -> Result<(), FrameError> {
    let content = serde_json::to_vec(what).map_err(|error| FrameError::Shape(error.to_string()))?;
    let length = u32::try_from(content.len())
        .map_err(|_| FrameError::TooLong { length: content.len(), limit: ANSWER_BYTES_MAX })?;
    let frame = [length.to_be_bytes().as_slice(), &content].concat();
    match timeout(WITHIN, stream.write_all(&frame)).await {
        Ok(written) => Ok(written?),
        Err(_) => Err(FrameError::Late),
    }
}

impl Request {
    pub(super) fn vote(vote: &Vote) -> Self {
        let kind = match vote.kind {
            VoteKind::Notarize => Kind::Notarize,
            VoteKind::Nullify => Kind::Nullify,
            VoteKind::Finalize => Kind::Finalize,
        };
        Self::Vote { kind, round: vote.round.into(), batch: vote.batch }
    }
}

impl From<Kind> for VoteKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Notarize => Self::Notarize,
            Kind::Nullify => Self::Nullify,
            Kind::Finalize => Self::Finalize,
        }
    }
}

impl At {
    /// The round, if there can be such a one: the guard's file would not open again with any other in it.
    pub(super) fn round(self) -> Result<Round, FrameError> {
        let round = Round::new(Epoch(self.epoch), View(self.view));
        if round.epoch <= Epoch::MAX && round.view <= View::MAX {
            Ok(round)
        } else {
            Err(FrameError::Shape(format!("nobody votes in round {round}")))
        }
    }
}

impl From<Round> for At {
    fn from(round: Round) -> Self {
        Self { epoch: round.epoch.0, view: round.view.0 }
    }
}

impl From<Refusal> for Why {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::WrongRollup { asked, record } => Self::WrongRollup { asked, record },
            Refusal::NoVote(_) => Self::NoVote,
            Refusal::BelowFloor { floor, .. } => Self::BelowFloor { floor: floor.into() },
            Refusal::HeldBack { resume, .. } => Self::HeldBack { resume: resume.into() },
            Refusal::ConflictingNotarize { recorded, .. } => Self::ConflictingNotarize { recorded },
            Refusal::ConflictingFinalize { recorded, .. } => Self::ConflictingFinalize { recorded },
            Refusal::FinalizeAfterNullify { .. } => Self::FinalizeAfterNullify,
            Refusal::NullifyAfterFinalize { recorded, .. } => Self::NullifyAfterFinalize { recorded },
        }
    }
}

impl Why {
    /// The guard's refusal of `vote`, if it is one.
    pub(super) const fn refusal(&self, vote: Vote) -> Option<Refusal> {
        Some(match *self {
            Self::WrongRollup { asked, record } => Refusal::WrongRollup { asked, record },
            Self::NoVote => Refusal::NoVote(vote),
            // A floor rises by itself to the view after the last one of a full record, whichever that is.
            Self::BelowFloor { floor } => {
                Refusal::BelowFloor { vote, floor: Round::new(Epoch(floor.epoch), View(floor.view)) }
            }
            Self::HeldBack { resume } => {
                Refusal::HeldBack { vote, resume: Round::new(Epoch(resume.epoch), View(resume.view)) }
            }
            Self::ConflictingNotarize { recorded } => Refusal::ConflictingNotarize { vote, recorded },
            Self::ConflictingFinalize { recorded } => Refusal::ConflictingFinalize { vote, recorded },
            Self::FinalizeAfterNullify => Refusal::FinalizeAfterNullify { vote },
            Self::NullifyAfterFinalize { recorded } => Refusal::NullifyAfterFinalize { vote, recorded },
            Self::OtherProtocol { .. } | Self::OtherNetwork { .. } | Self::Busy | Self::Storage { .. } => {
                return None;
            }
        })
    }
}
