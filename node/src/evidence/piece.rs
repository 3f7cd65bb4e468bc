//! A piece of evidence as people and other programs read it: in the node's file, over JSON-RPC, on the command line.

use alloy_primitives::{Address, B256, FixedBytes};
use rota_proto::{
    ConsensusKey, Epoch, Place, Round, Signature, SignedVote, SigningDomain, Strict, Validator, ValidatorSet,
    ValidatorSetError, View, Vote, VoteKind, VotePair, VotingPower,
};
use rota_staking::{Evidence, EvidenceError, Offence};
use serde::{Deserialize, Serialize};

/// Evidence against a validator, with what has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Piece {
    /// The validator, by its name on L1.
    pub validator: Address,
    /// The key that signed both votes.
    pub consensus_key: ConsensusKey,
    /// The rollup.
    pub rollup_chain_id: u64,
    /// What the two votes are together.
    pub offence: OffenceName,
    /// The epoch of both votes.
    pub epoch: Epoch,
    /// The view of both votes.
    pub view: View,
    /// The place that the key had in the set of the epoch.
    pub place: Place,
    /// The vote of the lower kind; of two of one kind, that for the lower hash.
    pub first: PieceVote,
    /// The other one.
    pub second: PieceVote,
    /// Whether somebody else found it.
    #[serde(default)]
    pub heard: bool,
    /// When it was kept here, in seconds since 1970.
    #[serde(default)]
    pub kept_at: u64,
    /// How far it has come.
    #[serde(default)]
    pub progress: Progress,
}

/// One of the two votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PieceVote {
    /// What it says.
    pub kind: KindName,
    /// The batch it names; zero in a nullify vote.
    pub batch: B256,
    /// The ed25519 signature of the vote's digest.
    pub signature: FixedBytes<64>,
}

/// A kind of vote by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the kinds of rota_proto::VoteKind")]
pub enum KindName {
    Notarize,
    Nullify,
    Finalize,
}

/// A slashable pair by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "those of rota_staking::Offence")]
pub enum OffenceName {
    DoubleNotarize,
    DoubleFinalize,
    NullifyFinalize,
}

/// How far a piece has come on L1 (rule E5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Progress {
    /// L1 has not slashed the validator.
    #[default]
    Open,
    /// It has, as of its newest block; a reorganization may take that back.
    Slashed {
        /// The block of L1 as of which it was seen first.
        block: u64,
    },
    /// It has, as of a final block.
    Final {
        /// The block of L1 as of which it was seen first.
        block: u64,
    },
    /// It takes no evidence of the epoch any more.
    Expired {
        /// The final block of L1 as of which that was so.
        block: u64,
    },
}

impl Progress {
    /// Whether nothing more is to be done.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Final { .. } | Self::Expired { .. })
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Slashed { .. } => "slashed",
            Self::Final { .. } => "final",
            Self::Expired { .. } => "expired",
        }
    }
}

/// Why a piece is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PieceError {
    /// The votes are no pair in order.
    #[error("the two votes of the evidence are the same, or stand in the other order")]
    NoPair,
    /// A nullify vote that names a batch, or another one that names none.
    #[error("a vote of the evidence is none: nullify votes name the zero batch, others a batch")]
    NoVote,
    /// Nobody votes in the round.
    #[error("no vote is cast in round {0}")]
    Round(Round),
    /// The votes are no offence, or another one.
    #[error("the evidence says {0:?}, which its votes are not")]
    OtherOffence(OffenceName),
    /// It speaks of another rollup.
    #[error("evidence of rollup {evidence} does not concern rollup {ours}")]
    OtherRollup {
        /// The rollup it names.
        evidence: u64,
        /// The network's.
        ours: u64,
    },
    /// The votes do not stand.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// No set can be made of the signer.
    #[error(transparent)]
    Set(#[from] ValidatorSetError),
}

impl Piece {
    /// A piece that is kept now.
    #[must_use]
    pub fn new(evidence: &Evidence, heard: bool, kept_at: u64) -> Self {
        let [first, second] = evidence.votes().map(|signed| PieceVote::of(&signed));
        let round = evidence.round();
        Self {
            validator: evidence.validator(),
            consensus_key: *evidence.consensus_key(),
            rollup_chain_id: evidence.rollup_chain_id(),
            offence: evidence.offence().into(),
            epoch: round.epoch,
            view: round.view,
            place: evidence.place(),
            first,
            second,
            heard,
            kept_at,
            progress: Progress::Open,
        }
    }

    /// The votes as they travel and as L1 takes them; nothing is known of their signatures.
    ///
    /// # Errors
    /// [`PieceError`], if they are no pair that makes this offence.
    pub fn pair(&self) -> Result<VotePair, PieceError> {
        let round = Round::new(self.epoch, self.view);
        if round.epoch > Epoch::MAX || round.view > View::MAX || round.view == View::ZERO {
            return Err(PieceError::Round(round));
        }
        let (first, second) = (self.first.signed(round, self.place)?, self.second.signed(round, self.place)?);
        let pair = VotePair::new(first, second).filter(|pair| *pair.votes() == [first, second]);
        let pair = pair.ok_or(PieceError::NoPair)?;
        match Offence::of(&first.vote, &second.vote).map(OffenceName::from) {
            Some(offence) if offence == self.offence => Ok(pair),
            Some(_) | None => Err(PieceError::OtherOffence(self.offence)),
        }
    }

    /// Checks everything that needs no L1: form, conflict, and both signatures by the strict rule, under the key that
    /// the piece names. Whether that key held the place is for whoever knows the set.
    ///
    /// # Errors
    /// [`PieceError`] names what does not stand.
    pub fn verify(&self, domain: &SigningDomain) -> Result<(), PieceError> {
        let (evidence, ours) = (self.rollup_chain_id, domain.rollup_chain_id());
        if evidence != ours {
            return Err(PieceError::OtherRollup { evidence, ours });
        }
        let signer = Validator {
            operator: self.validator,
            consensus_key: self.consensus_key,
            power: VotingPower(1),
            fee_recipient: self.validator,
        };
        let set = ValidatorSet::new(self.epoch, [(self.place, signer)].into())?;
        Ok(Evidence::of_pair(&self.pair()?, domain, &set, &Strict).map(drop)?)
    }
}

impl PieceVote {
    fn of(signed: &SignedVote) -> Self {
        Self { kind: signed.vote.kind.into(), batch: signed.vote.batch, signature: signed.signature.0.into() }
    }

    fn signed(&self, round: Round, signer: Place) -> Result<SignedVote, PieceError> {
        let vote = Vote { round, kind: self.kind.into(), batch: self.batch };
        let is_vote = (vote.kind == VoteKind::Nullify) == self.batch.is_zero();
        let signed = SignedVote { vote, signer, signature: Signature(self.signature.0) };
        is_vote.then_some(signed).ok_or(PieceError::NoVote)
    }
}

impl KindName {
    /// Its name, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Notarize => "notarize",
            Self::Nullify => "nullify",
            Self::Finalize => "finalize",
        }
    }
}

impl From<VoteKind> for KindName {
    fn from(kind: VoteKind) -> Self {
        match kind {
            VoteKind::Notarize => Self::Notarize,
            VoteKind::Nullify => Self::Nullify,
            VoteKind::Finalize => Self::Finalize,
        }
    }
}

impl From<KindName> for VoteKind {
    fn from(kind: KindName) -> Self {
        match kind {
            KindName::Notarize => Self::Notarize,
            KindName::Nullify => Self::Nullify,
            KindName::Finalize => Self::Finalize,
        }
    }
}

impl From<Offence> for OffenceName {
    fn from(offence: Offence) -> Self {
        match offence {
            Offence::DoubleNotarize => Self::DoubleNotarize,
            Offence::DoubleFinalize => Self::DoubleFinalize,
            Offence::NullifyFinalize => Self::NullifyFinalize,
        }
    }
}

impl OffenceName {
    /// Its name, as JSON has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DoubleNotarize => "double-notarize",
            Self::DoubleFinalize => "double-finalize",
            Self::NullifyFinalize => "nullify-finalize",
        }
    }
}

#[cfg(test)]
#[path = "tests/piece.rs"]
pub(crate) mod tests;
