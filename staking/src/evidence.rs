//! Evidence: two votes of one validator that no rule-following validator can both have signed.
#![deny(clippy::indexing_slicing)]

use std::fmt;

use alloy_primitives::{Address, B256};
use rota_proto::{
    ConsensusKey, Epoch, KeyError, Place, Round, Signature, SignedVote, SigningDomain, ValidatorSet, Verified,
    Verifier, VerifyError, View, Vote, VoteKind, VotePair,
};

use crate::bytes::{Reader, put_round};

/// A pair of votes in one round that is slashable (rule S1). There are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Offence {
    /// Notarize votes for two batches.
    DoubleNotarize,
    /// Finalize votes for two batches.
    DoubleFinalize,
    /// A nullify vote and a finalize vote.
    NullifyFinalize,
}

impl Offence {
    /// What the two votes are together, if one validator signed both (rule S1). The order does not matter.
    #[must_use]
    pub fn of(first: &Vote, second: &Vote) -> Option<Self> {
        if first.round != second.round {
            return None;
        }
        match (first.kind, second.kind) {
            (VoteKind::Notarize, VoteKind::Notarize) => (first.batch != second.batch).then_some(Self::DoubleNotarize),
            (VoteKind::Finalize, VoteKind::Finalize) => (first.batch != second.batch).then_some(Self::DoubleFinalize),
            (VoteKind::Nullify, VoteKind::Finalize) | (VoteKind::Finalize, VoteKind::Nullify) => {
                Some(Self::NullifyFinalize)
            }
            (VoteKind::Notarize | VoteKind::Nullify, VoteKind::Nullify)
            | (VoteKind::Nullify | VoteKind::Finalize, VoteKind::Notarize)
            | (VoteKind::Notarize, VoteKind::Finalize) => None,
        }
    }
}

impl fmt::Display for Offence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DoubleNotarize => "two notarize votes",
            Self::DoubleFinalize => "two finalize votes",
            Self::NullifyFinalize => "nullify and finalize",
        })
    }
}

/// Two verified votes by one key in one round of one rollup that are slashable together (rule S2). The votes stand
/// in order of kind, then batch, so that one pair has one encoding whoever saw which vote first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    rollup_chain_id: u64,
    validator: Address,
    consensus_key: ConsensusKey,
    offence: Offence,
    votes: [Verified<SignedVote>; 2],
}

/// Why two verified votes are no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotEvidence {
    /// They are of two validators.
    #[error("votes of places {first} and {second} are not by one validator")]
    TwoValidators {
        /// Signer of the first vote.
        first: Place,
        /// Signer of the second vote.
        second: Place,
    },
    /// They are of two rounds.
    #[error("votes of rounds {first} and {second} are not of one round")]
    TwoRounds {
        /// Round of the first vote.
        first: Round,
        /// Round of the second vote.
        second: Round,
    },
    /// They say the same.
    #[error("{0} was voted twice, which is no offence")]
    SameVote(Vote),
    /// L1 does not take it for a vote: views begin with 1, nullify names no batch, the others name one.
    #[error("{0} is no vote: its view is 0, it is to name no batch, or to name one")]
    NoVote(Vote),
    /// They say things that one validator may say.
    #[error("{first} and {second} are no slashable pair")]
    NoConflict {
        /// The first vote.
        first: Vote,
        /// The second vote.
        second: Vote,
    },
    /// The set is of another epoch.
    #[error("votes of epoch {votes} cannot be traced by the set of epoch {set}")]
    WrongEpoch {
        /// Epoch of the votes.
        votes: Epoch,
        /// Epoch of the set.
        set: Epoch,
    },
    /// The set knows nobody in the place.
    #[error("place {place} is empty in the set of epoch {epoch}")]
    EmptyPlace {
        /// The place.
        place: Place,
        /// Epoch of the set.
        epoch: Epoch,
    },
}

impl Evidence {
    /// Length of [`encode`](Self::encode): 57 bytes of frame and two votes of 97.
    pub const BYTES: usize = 251;
    /// The version that an encoding starts with.
    pub const VERSION: u8 = 1;

    /// The evidence that two votes make against the validator that holds their place in `set`.
    ///
    /// # Errors
    /// [`NotEvidence`] says why they make none.
    pub fn new(
        rollup_chain_id: u64,
        first: Verified<SignedVote>,
        second: Verified<SignedVote>,
        set: &ValidatorSet,
    ) -> Result<Self, NotEvidence> {
        if first.signer != second.signer {
            return Err(NotEvidence::TwoValidators { first: first.signer, second: second.signer });
        }
        let round = first.vote.round;
        if round != second.vote.round {
            return Err(NotEvidence::TwoRounds { first: round, second: second.vote.round });
        }
        if first.vote == second.vote {
            return Err(NotEvidence::SameVote(first.vote));
        }
        let offence = Offence::of(&first.vote, &second.vote)
            .ok_or(NotEvidence::NoConflict { first: first.vote, second: second.vote })?;
        if round.epoch != set.epoch() {
            return Err(NotEvidence::WrongEpoch { votes: round.epoch, set: set.epoch() });
        }
        if let Some(signed) = [first, second].iter().find(|signed| !is_vote(&signed.vote)) {
            return Err(NotEvidence::NoVote(signed.vote));
        }
        let place = first.signer;
        let validator = set.get(place).ok_or(NotEvidence::EmptyPlace { place, epoch: set.epoch() })?;
        let votes = if first.vote < second.vote { [first, second] } else { [second, first] };
        let (validator, consensus_key) = (validator.operator, validator.consensus_key);
        Ok(Self { rollup_chain_id, validator, consensus_key, offence, votes })
    }

    /// Rule S8: the evidence that a pair of votes from anybody is, if both signatures stand and the votes conflict.
    ///
    /// # Errors
    /// [`EvidenceError`] names what does not stand; the conflict, which is cheaper, is looked at first.
    pub fn of_pair(
        pair: &VotePair,
        domain: &SigningDomain,
        set: &ValidatorSet,
        verifier: &impl Verifier,
    ) -> Result<Self, EvidenceError> {
        let [first, second] = *pair.votes();
        if Offence::of(&first.vote, &second.vote).is_none() {
            return Err(NotEvidence::NoConflict { first: first.vote, second: second.vote }.into());
        }
        let verified = |signed: SignedVote| signed.verify(domain, set, verifier);
        Ok(Self::new(domain.rollup_chain_id(), verified(first)?, verified(second)?, set)?)
    }

    /// The two votes as they travel.
    #[must_use]
    pub fn pair(&self) -> VotePair {
        let [first, second] = self.votes.map(Verified::into_inner);
        VotePair::new(first, second).expect("two different votes of one place in one round")
    }

    /// The validator, by the name that it has on L1 for ever.
    #[must_use]
    pub const fn validator(&self) -> Address {
        self.validator
    }

    /// The rollup whose votes they are.
    #[must_use]
    pub const fn rollup_chain_id(&self) -> u64 {
        self.rollup_chain_id
    }

    /// The key that signed both.
    #[must_use]
    pub const fn consensus_key(&self) -> &ConsensusKey {
        &self.consensus_key
    }

    /// The place of the key in the set of the round's epoch.
    #[must_use]
    pub fn place(&self) -> Place {
        self.votes[0].signer
    }

    /// The round of both votes.
    #[must_use]
    pub fn round(&self) -> Round {
        self.votes[0].vote.round
    }

    /// Which of the slashable pairs they are.
    #[must_use]
    pub const fn offence(&self) -> Offence {
        self.offence
    }

    /// The two votes, in order of kind, then batch.
    #[must_use]
    pub const fn votes(&self) -> &[Verified<SignedVote>; 2] {
        &self.votes
    }

    /// Its only encoding (rule S6), big-endian:
    ///
    /// | offset | bytes | field |
    /// |---|---|---|
    /// | 0 | 1 | version, 1 |
    /// | 1 | 8 | rollup chain id |
    /// | 9 | 32 | consensus key |
    /// | 41 | 8 | epoch |
    /// | 49 | 8 | view |
    /// | 57 | 97 | first vote: kind 1, batch 32, signature 64 |
    /// | 154 | 97 | second vote |
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.push(Self::VERSION);
        bytes.extend_from_slice(&self.rollup_chain_id.to_be_bytes());
        bytes.extend_from_slice(&self.consensus_key.to_bytes());
        put_round(&mut bytes, self.round());
        for signed in &self.votes {
            bytes.push(signed.vote.kind.code());
            bytes.extend_from_slice(signed.vote.batch.as_slice());
            bytes.extend_from_slice(&signed.signature.0);
        }
        bytes
    }
}

/// Evidence as it came, its form checked and nothing known of its signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnverifiedEvidence {
    rollup_chain_id: u64,
    consensus_key: ConsensusKey,
    votes: [(Vote, Signature); 2],
}

/// Why bytes are no evidence, or evidence does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// Not as long as evidence is.
    #[error("evidence has {0} bytes instead of {len}", len = Evidence::BYTES)]
    Length(usize),
    /// A version this program does not know.
    #[error("evidence of version {0} is not known here; version {known} is", known = Evidence::VERSION)]
    Version(u8),
    /// The key is none that L1 would register.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An epoch or a view beyond its limit, or view 0, in which nobody votes.
    #[error("no vote is cast in round {0}")]
    Round(Round),
    /// A kind of vote that does not exist.
    #[error("vote kind {0} does not exist")]
    Kind(u8),
    /// The votes stand in the other order.
    #[error("{first} does not stand before {second}")]
    Order {
        /// The vote that came first.
        first: Vote,
        /// The vote that came second.
        second: Vote,
    },
    /// It speaks of another rollup.
    #[error("evidence of rollup {evidence} does not concern rollup {ours}")]
    OtherRollup {
        /// The rollup it names.
        evidence: u64,
        /// The rollup of the domain.
        ours: u64,
    },
    /// The key holds no place in the epoch.
    #[error("key {key} holds no place in the set of epoch {epoch}")]
    NoMember {
        /// The key.
        key: B256,
        /// The epoch of the set.
        epoch: Epoch,
    },
    /// A signature does not stand.
    #[error(transparent)]
    Unverified(#[from] VerifyError),
    /// The votes do not conflict.
    #[error(transparent)]
    NotEvidence(#[from] NotEvidence),
}

impl UnverifiedEvidence {
    /// Rule S6: reads [`Evidence::encode`]'s bytes and nothing else.
    ///
    /// # Errors
    /// [`EvidenceError`] names what is wrong with them.
    pub fn decode(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let length = EvidenceError::Length(bytes.len());
        if bytes.len() != Evidence::BYTES {
            return Err(length);
        }
        let mut reader = Reader(bytes);
        let version = reader.u8().ok_or(length)?;
        if version != Evidence::VERSION {
            return Err(EvidenceError::Version(version));
        }
        let rollup_chain_id = reader.u64().ok_or(length)?;
        let consensus_key = ConsensusKey::from_bytes(&reader.array().ok_or(length)?)?;
        let round = reader.round().ok_or(length)?;
        if round.epoch > Epoch::MAX || round.view > View::MAX || round.view == View::ZERO {
            return Err(EvidenceError::Round(round));
        }
        let votes = [read_vote(&mut reader, round)?, read_vote(&mut reader, round)?];
        let [(first, _), (second, _)] = votes;
        if first >= second {
            return Err(EvidenceError::Order { first, second });
        }
        Ok(Self { rollup_chain_id, consensus_key, votes })
    }

    /// The round it speaks of; its epoch names the set to verify it with.
    #[must_use]
    pub const fn round(&self) -> Round {
        let [(first, _), _] = self.votes;
        first.round
    }

    /// Checks both signatures and the conflict.
    ///
    /// # Errors
    /// [`EvidenceError`] names what does not stand.
    pub fn verify(
        self,
        domain: &SigningDomain,
        set: &ValidatorSet,
        verifier: &impl Verifier,
    ) -> Result<Evidence, EvidenceError> {
        let ours = domain.rollup_chain_id();
        if self.rollup_chain_id != ours {
            return Err(EvidenceError::OtherRollup { evidence: self.rollup_chain_id, ours });
        }
        let key = self.consensus_key;
        let signer =
            set.place_of(&key).ok_or(EvidenceError::NoMember { key: key.to_bytes().into(), epoch: set.epoch() })?;
        let verified = |(vote, signature)| SignedVote { vote, signer, signature }.verify(domain, set, verifier);
        let [first, second] = self.votes;
        Ok(Evidence::new(ours, verified(first)?, verified(second)?, set)?)
    }
}

fn read_vote(reader: &mut Reader<'_>, round: Round) -> Result<(Vote, Signature), EvidenceError> {
    let short = EvidenceError::Length(reader.0.len());
    let code = reader.u8().ok_or(short)?;
    let kind = VoteKind::from_code(code).ok_or(EvidenceError::Kind(code))?;
    let batch = reader.hash().ok_or(short)?;
    let vote = Vote { round, kind, batch };
    if !is_vote(&vote) {
        return Err(NotEvidence::NoVote(vote).into());
    }
    Ok((vote, reader.signature().ok_or(short)?))
}

/// Whether L1 takes it for a vote (rule S2).
pub(crate) fn is_vote(vote: &Vote) -> bool {
    vote.round.view > View::ZERO && (vote.kind == VoteKind::Nullify) == (vote.batch == B256::ZERO)
}
