//! Kinds of messages, and the ways each kind may travel.

use std::fmt;

use libp2p::StreamProtocol;
use prometheus_client::encoding::EncodeLabelValue;
use rota_proto::{Message, NetworkId, Round, limits};

/// The kind of a message: the label of metrics, and what decides its lane, its topic and its rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelValue)]
pub enum MessageKind {
    /// A vote.
    Vote,
    /// A certificate.
    Certificate,
    /// A proposal.
    Proposal,
    /// A body.
    Body,
    /// A request for a missing part.
    Fetch,
    /// A starting validator's question.
    RoundQuery,
    /// Its answer.
    RoundAnswer,
    /// Transactions.
    Transactions,
    /// A final batch.
    FinalBatch,
    /// A request for final batches.
    CatchUpRequest,
    /// Its answer.
    CatchUpAnswer,
    /// The first words of a connection, and of nothing else.
    Status,
    /// Two votes that somebody is accused with.
    Evidence,
    /// What a validator tells L1.
    Attestation,
}

impl MessageKind {
    /// The kind of `message`.
    #[must_use]
    pub const fn of(message: &Message) -> Self {
        match message {
            Message::Vote(_) => Self::Vote,
            Message::Certificate(_) => Self::Certificate,
            Message::Proposal(_) => Self::Proposal,
            Message::Body(_) => Self::Body,
            Message::Fetch(_) => Self::Fetch,
            Message::RoundQuery(_) => Self::RoundQuery,
            Message::RoundAnswer(_) => Self::RoundAnswer,
            Message::Transactions(_) => Self::Transactions,
            Message::FinalBatch(_) => Self::FinalBatch,
            Message::CatchUpRequest(_) => Self::CatchUpRequest,
            Message::CatchUpAnswer(_) => Self::CatchUpAnswer,
            Message::Status(_) => Self::Status,
            Message::Evidence(_) => Self::Evidence,
            Message::Attestation(_) => Self::Attestation,
        }
    }

    /// The lane on which the kind travels directly (rule N10). A status has none, and neither has catching up: its
    /// answers count only where somebody asked, which the exchange alone can tell.
    #[must_use]
    pub const fn lane(self) -> Option<Lane> {
        match self {
            Self::Vote
            | Self::Certificate
            | Self::Proposal
            | Self::Fetch
            | Self::RoundQuery
            | Self::RoundAnswer
            | Self::Evidence
            | Self::Attestation => Some(Lane::Votes),
            Self::Body | Self::Transactions | Self::FinalBatch => Some(Lane::Bulk),
            Self::CatchUpRequest | Self::CatchUpAnswer | Self::Status => None,
        }
    }

    /// The gossip topic of the kind (rule N20); requests, answers and bodies have none.
    #[must_use]
    pub const fn topic(self) -> Option<Topic> {
        match self {
            Self::Vote | Self::Certificate | Self::Proposal | Self::Evidence | Self::Attestation => {
                Some(Topic::Consensus)
            }
            Self::FinalBatch => Some(Topic::FinalBatches),
            Self::Transactions => Some(Topic::Transactions),
            Self::Body
            | Self::Fetch
            | Self::RoundQuery
            | Self::RoundAnswer
            | Self::CatchUpRequest
            | Self::CatchUpAnswer
            | Self::Status => None,
        }
    }

    /// Whether the kind asks for an answer (rule N30).
    #[must_use]
    pub const fn is_request(self) -> bool {
        matches!(self, Self::Fetch | Self::RoundQuery | Self::CatchUpRequest)
    }

    /// What leaves a lane first (rule N12): consensus, then what consensus waits for, then the rest.
    pub(crate) const fn rank(self) -> u8 {
        match self {
            Self::Vote | Self::Certificate | Self::Proposal => 0,
            Self::Body | Self::Fetch | Self::RoundQuery | Self::RoundAnswer => 1,
            Self::Transactions
            | Self::FinalBatch
            | Self::CatchUpRequest
            | Self::CatchUpAnswer
            | Self::Status
            | Self::Evidence
            | Self::Attestation => 2,
        }
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The round a message speaks of; the rest of the messages belong to none.
pub(crate) fn round_of(message: &Message) -> Option<Round> {
    match message {
        Message::Vote(signed) => Some(signed.vote.round),
        Message::Certificate(certificate) => Some(certificate.vote.round),
        Message::Proposal(proposal) => Some(proposal.vote.vote.round),
        Message::Body(_)
        | Message::Fetch(_)
        | Message::RoundQuery(_)
        | Message::RoundAnswer(_)
        | Message::Transactions(_)
        | Message::FinalBatch(_)
        | Message::CatchUpRequest(_)
        | Message::CatchUpAnswer(_)
        | Message::Status(_)
        | Message::Evidence(_)
        | Message::Attestation(_) => None,
    }
}

/// One of the two direct streams to a peer: a body of megabytes must not stand in front of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelValue)]
pub enum Lane {
    /// Votes, certificates, proposals and questions: small and urgent.
    Votes,
    /// Bodies, transactions, final batches.
    Bulk,
}

/// The longest certificate list on the votes lane is a proposal; a round answer is shorter.
const VOTES_FRAME_BYTES_MAX: usize = limits::PROPOSAL_BYTES_MAX + 64;

/// A stranger sends at most transactions on the bulk lane: megabytes of body are taken from validators only.
const STRANGER_FRAME_BYTES_MAX: usize = limits::TRANSACTIONS_BYTES_MAX + 64;

impl Lane {
    /// Both lanes.
    pub(crate) const ALL: [Self; 2] = [Self::Votes, Self::Bulk];

    /// The most bytes of one frame on this lane, from a validator or from anyone else.
    pub(crate) const fn frame_bytes_max(self, from_validator: bool) -> usize {
        match (self, from_validator) {
            (Self::Votes, _) => VOTES_FRAME_BYTES_MAX,
            (Self::Bulk, true) => Message::BYTES_MAX,
            (Self::Bulk, false) => STRANGER_FRAME_BYTES_MAX,
        }
    }

    /// Where the lane stands in arrays of lanes.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Votes => 0,
            Self::Bulk => 1,
        }
    }
}

/// What gossip is spoken of (rule N20).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EncodeLabelValue)]
pub enum Topic {
    /// Votes, certificates and proposals: the second way to validators, and for everyone who watches.
    Consensus,
    /// Final batches, for those who follow the chain.
    FinalBatches,
    /// Transactions, many to a message.
    Transactions,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Self; 3] = [Self::Consensus, Self::FinalBatches, Self::Transactions];

    /// The most bytes of a message of this topic.
    pub(crate) const fn bytes_max(self) -> usize {
        match self {
            Self::Consensus => limits::PROPOSAL_BYTES_MAX + 64,
            Self::FinalBatches => limits::BODY_BYTES_MAX + limits::PROPOSAL_BYTES_MAX + 64,
            Self::Transactions => limits::TRANSACTIONS_BYTES_MAX + 64,
        }
    }
}

/// The names under which one network speaks: each carries the first 8 bytes of its id (rule N2).
#[derive(Clone, Debug)]
pub(crate) struct Names {
    prefix: String,
}

impl Names {
    pub(crate) fn of(network: NetworkId) -> Self {
        let (first, _) = network.split_at(8);
        Self { prefix: format!("/rota/{}", hex::encode(first)) }
    }

    pub(crate) fn lane(&self, lane: Lane) -> StreamProtocol {
        match lane {
            Lane::Votes => self.protocol("votes"),
            Lane::Bulk => self.protocol("bulk"),
        }
    }

    pub(crate) fn exchange(&self) -> StreamProtocol {
        self.protocol("exchange")
    }

    pub(crate) fn identify(&self) -> String {
        format!("{}/identify/1", self.prefix)
    }

    pub(crate) fn topic(&self, topic: Topic) -> String {
        let name = match topic {
            Topic::Consensus => "consensus",
            Topic::FinalBatches => "final-batches",
            Topic::Transactions => "transactions",
        };
        format!("{}/{name}/1", self.prefix)
    }

    fn protocol(&self, name: &str) -> StreamProtocol {
        StreamProtocol::try_from_owned(format!("{}/{name}/1", self.prefix)).expect("the name begins with a slash")
    }
}
