//! What nodes tell each other, checked as it is decoded.

use alloy_primitives::{B256, Bytes};
use prost::Message as _;

use crate::{
    BatchHeader, Certificate, Epoch, Height, Justification, Proposal, Round, Signature, SignedAttestation, SignedVote,
    Signers, View, VoteKind, VotePair, limits,
    vote_wire::{batch_field, vote_of},
    wire::{self, WireError, v1},
};

/// The identity of a network: the hash of its `network.toml`. Nodes of different networks part by name.
pub type NetworkId = B256;

/// A message between nodes. Decoding checks form and length only: signatures are yet to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A vote.
    Vote(SignedVote),
    /// A certificate.
    Certificate(Certificate),
    /// A proposal.
    Proposal(Box<Proposal>),
    /// The body of a batch.
    Body(BodyMessage),
    /// A request for a missing part.
    Fetch(Fetch),
    /// A starting validator's question: its consensus key's bytes.
    RoundQuery([u8; 32]),
    /// The answer to it.
    RoundAnswer(Box<RoundAnswer>),
    /// Transactions in EIP-2718 bytes, each within its limit.
    Transactions(Vec<Bytes>),
    /// A batch that became final.
    FinalBatch(Box<FinalBatch>),
    /// A request for final batches.
    CatchUpRequest(CatchUpRequest),
    /// The answer to it.
    CatchUpAnswer(CatchUpAnswer),
    /// The first words of a connection.
    Status(Status),
    /// Two votes that somebody is accused with.
    Evidence(Box<VotePair>),
    /// What a validator tells L1.
    Attestation(Box<SignedAttestation>),
}

/// The body of the batch with this header hash, not yet compared with the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BodyMessage {
    /// Hash of the header.
    pub batch: B256,
    /// RLP list of EIP-2718 transactions.
    pub transactions: Bytes,
}

/// A request for a part that a node lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fetch {
    /// The proposal of a batch in a round, with its justification.
    Proposal {
        /// The round.
        round: Round,
        /// The hash of the header.
        batch: B256,
    },
    /// The body of a batch, by the hash of its header.
    Body(B256),
    /// Any certificate that ends the round's view.
    Certificate(Round),
}

/// Where a node stands, told to a validator that starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoundAnswer {
    /// The round the answerer is in.
    pub round: Round,
    /// The certificate by which it entered; absent in view 1.
    pub entered_by: Option<Certificate>,
    /// The asker's own votes in live views.
    pub votes: Vec<SignedVote>,
}

/// A final batch as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinalBatch {
    /// The header.
    pub header: BatchHeader,
    /// RLP list of EIP-2718 transactions.
    pub transactions: Bytes,
    /// Its finalization, unless a later batch of the same answer has one.
    pub finalization: Option<Certificate>,
}

/// A request for final batches in rising order of height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatchUpRequest {
    /// The first height wanted.
    pub from: Height,
    /// How many at most; the answerer may give fewer.
    pub count: u32,
}

/// Final batches, linked by their parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatchUpAnswer {
    /// The batches; the last one has a finalization.
    pub batches: Vec<FinalBatch>,
}

/// What a node says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The network it belongs to.
    pub network: NetworkId,
    /// The version of its program.
    pub version: String,
    /// Its final height.
    pub height: Height,
    /// The hash of the final batch there.
    pub batch: B256,
}

impl Message {
    /// The most bytes any message may have.
    pub const BYTES_MAX: usize = wire::longest();

    /// Its only encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        use v1::message::Content;
        let content = match self {
            Self::Vote(vote) => Content::Vote(vote.into()),
            Self::Certificate(certificate) => Content::Certificate(certificate.into()),
            Self::Proposal(proposal) => Content::Proposal((&**proposal).into()),
            Self::Body(body) => {
                Content::Body(v1::Body { batch: body.batch.to_vec(), transactions: body.transactions.to_vec() })
            }
            Self::Fetch(fetch) => (*fetch).into(),
            Self::RoundQuery(key) => Content::RoundQuery(v1::RoundQuery { consensus_key: key.to_vec() }),
            Self::RoundAnswer(answer) => Content::RoundAnswer((&**answer).into()),
            Self::Transactions(transactions) => Content::Transactions(v1::Transactions {
                transactions: transactions.iter().map(|bytes| bytes.to_vec()).collect(),
            }),
            Self::FinalBatch(batch) => Content::FinalBatch((&**batch).into()),
            Self::CatchUpRequest(request) => {
                Content::CatchUpRequest(v1::CatchUpRequest { from: request.from.0, count: request.count })
            }
            Self::CatchUpAnswer(answer) => {
                Content::CatchUpAnswer(v1::CatchUpAnswer { batches: answer.batches.iter().map(Into::into).collect() })
            }
            Self::Status(status) => Content::Status(v1::Status {
                network: status.network.to_vec(),
                version: status.version.clone(),
                height: status.height.0,
                batch: status.batch.to_vec(),
            }),
            Self::Evidence(pair) => Content::Evidence((&**pair).into()),
            Self::Attestation(signed) => Content::Attestation((&**signed).into()),
        };
        v1::Message { content: Some(content) }.encode_to_vec()
    }

    /// Decodes and checks a message from a peer (rules W1 to W4).
    ///
    /// # Errors
    /// [`WireError`] names what is wrong; nothing in the bytes can make it allocate more than their kind's limit.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        use v1::message::Content;
        Ok(match wire::decode(bytes)? {
            Content::Vote(vote) => Self::Vote(vote.try_into()?),
            Content::Certificate(certificate) => Self::Certificate(certificate.try_into()?),
            Content::Proposal(proposal) => Self::Proposal(Box::new(proposal.try_into()?)),
            Content::Body(body) => {
                Self::Body(BodyMessage { batch: hash("batch", &body.batch)?, transactions: body.transactions.into() })
            }
            Content::FetchProposal(fetch) => Self::Fetch(Fetch::Proposal {
                round: round(fetch.epoch, fetch.view)?,
                batch: hash("batch", &fetch.batch)?,
            }),
            Content::FetchBody(fetch) => Self::Fetch(Fetch::Body(hash("batch", &fetch.batch)?)),
            Content::FetchCertificate(fetch) => Self::Fetch(Fetch::Certificate(round(fetch.epoch, fetch.view)?)),
            Content::RoundQuery(query) => Self::RoundQuery(array("consensus_key", &query.consensus_key)?),
            Content::RoundAnswer(answer) => Self::RoundAnswer(Box::new(answer.try_into()?)),
            Content::Transactions(list) => Self::Transactions(transactions(list)?),
            Content::FinalBatch(batch) => Self::FinalBatch(Box::new(batch.try_into()?)),
            Content::CatchUpRequest(request) => {
                Self::CatchUpRequest(CatchUpRequest { from: height(request.from)?, count: request.count })
            }
            Content::CatchUpAnswer(answer) => Self::CatchUpAnswer(CatchUpAnswer {
                batches: answer.batches.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            }),
            Content::Status(status) => Self::Status(Status {
                network: hash("network", &status.network)?,
                version: status.version,
                height: height(status.height)?,
                batch: hash("batch", &status.batch)?,
            }),
            Content::Evidence(pair) => Self::Evidence(Box::new(pair.try_into()?)),
            Content::Attestation(signed) => Self::Attestation(Box::new(signed.try_into()?)),
        })
    }
}

impl From<&Certificate> for v1::Certificate {
    fn from(certificate: &Certificate) -> Self {
        Self {
            epoch: certificate.vote.round.epoch.0,
            view: certificate.vote.round.view.0,
            kind: certificate.vote.kind.code().into(),
            batch: batch_field(&certificate.vote),
            signers: certificate.signers.0.to_be_bytes().to_vec(),
            signatures: certificate.signatures.iter().flat_map(|signature| signature.0).collect(),
        }
    }
}

impl TryFrom<v1::Certificate> for Certificate {
    type Error = WireError;

    fn try_from(certificate: v1::Certificate) -> Result<Self, WireError> {
        let signers = Signers(u128::from_be_bytes(array("signers", &certificate.signers)?));
        let (signatures, rest) = certificate.signatures.as_chunks::<64>();
        if !rest.is_empty() || signatures.len() != signers.len() {
            return Err(WireError::Field("signatures"));
        }
        Ok(Self {
            vote: vote_of(certificate.epoch, certificate.view, certificate.kind, &certificate.batch)?,
            signers,
            signatures: signatures.iter().copied().map(Signature).collect(),
        })
    }
}

impl From<&Proposal> for v1::Proposal {
    fn from(proposal: &Proposal) -> Self {
        Self {
            vote: Some((&proposal.vote).into()),
            header: proposal.header.encode(),
            parent: proposal.justification.parent.as_ref().map(Into::into),
            nullifications: proposal.justification.nullifications.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::Proposal> for Proposal {
    type Error = WireError;

    fn try_from(proposal: v1::Proposal) -> Result<Self, WireError> {
        let vote: SignedVote = proposal.vote.ok_or(WireError::Field("vote"))?.try_into()?;
        if vote.vote.kind != VoteKind::Notarize {
            return Err(WireError::Field("vote.kind"));
        }
        let header = BatchHeader::decode(&proposal.header)?;
        if header.hash() != vote.vote.batch {
            return Err(WireError::HeaderHash { actual: header.hash(), named: vote.vote.batch });
        }
        let justification = Justification {
            parent: proposal.parent.map(TryInto::try_into).transpose()?,
            nullifications: proposal.nullifications.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
        };
        Ok(Self { vote, header, justification })
    }
}

impl From<Fetch> for v1::message::Content {
    fn from(fetch: Fetch) -> Self {
        match fetch {
            Fetch::Proposal { round, batch } => Self::FetchProposal(v1::FetchProposal {
                epoch: round.epoch.0,
                view: round.view.0,
                batch: batch.to_vec(),
            }),
            Fetch::Body(batch) => Self::FetchBody(v1::FetchBody { batch: batch.to_vec() }),
            Fetch::Certificate(round) => {
                Self::FetchCertificate(v1::FetchCertificate { epoch: round.epoch.0, view: round.view.0 })
            }
        }
    }
}

impl From<&RoundAnswer> for v1::RoundAnswer {
    fn from(answer: &RoundAnswer) -> Self {
        Self {
            epoch: answer.round.epoch.0,
            view: answer.round.view.0,
            entered_by: answer.entered_by.as_ref().map(Into::into),
            votes: answer.votes.iter().map(Into::into).collect(),
        }
    }
}

impl TryFrom<v1::RoundAnswer> for RoundAnswer {
    type Error = WireError;

    fn try_from(answer: v1::RoundAnswer) -> Result<Self, WireError> {
        Ok(Self {
            round: round(answer.epoch, answer.view)?,
            entered_by: answer.entered_by.map(TryInto::try_into).transpose()?,
            votes: answer.votes.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
        })
    }
}

impl From<&FinalBatch> for v1::FinalBatch {
    fn from(batch: &FinalBatch) -> Self {
        Self {
            header: batch.header.encode(),
            transactions: batch.transactions.to_vec(),
            finalization: batch.finalization.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<v1::FinalBatch> for FinalBatch {
    type Error = WireError;

    fn try_from(batch: v1::FinalBatch) -> Result<Self, WireError> {
        if batch.transactions.len() > limits::BODY_BYTES_MAX {
            return Err(WireError::Field("transactions"));
        }
        let finalization: Option<Certificate> = batch.finalization.map(TryInto::try_into).transpose()?;
        if finalization.as_ref().is_some_and(|certificate| certificate.vote.kind != VoteKind::Finalize) {
            return Err(WireError::Field("finalization.kind"));
        }
        Ok(Self { header: BatchHeader::decode(&batch.header)?, transactions: batch.transactions.into(), finalization })
    }
}

fn transactions(list: v1::Transactions) -> Result<Vec<Bytes>, WireError> {
    if list.transactions.iter().any(|bytes| bytes.len() > limits::TRANSACTION_BYTES_MAX) {
        return Err(WireError::Field("transactions"));
    }
    Ok(list.transactions.into_iter().map(Bytes::from).collect())
}

pub(crate) fn round(epoch: u64, view: u64) -> Result<Round, WireError> {
    let round = Round::new(Epoch(epoch), View(view));
    if round.epoch > Epoch::MAX {
        return Err(WireError::Field("epoch"));
    }
    if round.view > View::MAX {
        return Err(WireError::Field("view"));
    }
    Ok(round)
}

fn height(height: u64) -> Result<Height, WireError> {
    Some(Height(height)).filter(|height| *height <= Height::MAX).ok_or(WireError::Field("height"))
}

pub(crate) fn hash(field: &'static str, bytes: &[u8]) -> Result<B256, WireError> {
    array(field, bytes).map(B256::from)
}

pub(crate) fn array<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], WireError> {
    bytes.try_into().map_err(|_| WireError::Field(field))
}
