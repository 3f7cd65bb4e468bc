//! The signing guard's rule: which votes a key may still sign, and what must be durable first.

mod attestations;
mod encoding;
mod file;
mod join;
mod text;

use std::collections::BTreeMap;

use alloy_primitives::B256;
use rota_proto::{ConsensusKey, Epoch, Round, Signature, SigningDomain, View, Vote, VoteKind};

use crate::{Offence, limits::ROUNDS_MAX};

pub use attestations::{AttestationRecord, AttestationRecordError, AttestationRefusal};
pub use encoding::RecordError;
pub use file::{GuardFile, GuardFileError, SlotError, SlotWrite};
pub use join::{ForeignRecord, Joined};
pub use text::RecordTextError;

/// Everything a consensus key may have signed in the rounds where it may still sign (rules G1 to G10). No two of its
/// votes are a slashable pair, and none lies below its floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafetyRecord {
    rollup_chain_id: u64,
    consensus_key: ConsensusKey,
    floor: Round,
    /// Never below the floor.
    resume: Round,
    rounds: BTreeMap<Round, RoundVotes>,
}

/// The votes of one round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct RoundVotes {
    notarize: Option<Cast>,
    nullify: Option<Cast>,
    finalize: Option<Cast>,
}

/// A vote that may have been signed: what it names, and its signature once known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cast {
    batch: B256,
    signature: Option<Signature>,
}

/// What the guard says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// New and harmless: make [`SafetyRecord::admit`]'s record durable, then sign.
    Sign,
    /// Recorded before, with the signature if it is known. Without one sign again: ed25519 gives the same signature.
    Repeat(Option<Signature>),
    /// Not to be signed.
    Refuse(Refusal),
}

/// Why the guard refuses a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The vote is for another rollup than the record.
    #[error("a vote of rollup {asked} was asked of the record of rollup {record}")]
    WrongRollup {
        /// The rollup the vote would be signed for.
        asked: u64,
        /// The rollup of the record.
        record: u64,
    },
    /// No validator casts such a vote.
    #[error("{0} is no vote: views start at 1, and a nullify vote names no batch")]
    NoVote(Vote),
    /// What was signed there is forgotten.
    #[error("{vote} lies below the floor {floor} of the safety record")]
    BelowFloor {
        /// The vote asked for.
        vote: Vote,
        /// The lowest round in which anything is signed.
        floor: Round,
    },
    /// The record may be an old copy, and the vote lies where a lost one may have been cast.
    #[error("{vote} lies below {resume}: the record may be an old copy and signs only nullify votes there")]
    HeldBack {
        /// The vote asked for.
        vote: Vote,
        /// The lowest round in which everything is signed again.
        resume: Round,
    },
    /// Another batch was notarized in the round.
    #[error("{vote} conflicts with the notarize vote for {recorded}")]
    ConflictingNotarize {
        /// The vote asked for.
        vote: Vote,
        /// The batch voted for.
        recorded: B256,
    },
    /// Another batch was finalized in the round.
    #[error("{vote} conflicts with the finalize vote for {recorded}")]
    ConflictingFinalize {
        /// The vote asked for.
        vote: Vote,
        /// The batch voted for.
        recorded: B256,
    },
    /// The round was nullified.
    #[error("{vote} conflicts with the nullify vote of its round")]
    FinalizeAfterNullify {
        /// The vote asked for.
        vote: Vote,
    },
    /// A batch was finalized in the round.
    #[error("{vote} conflicts with the finalize vote for {recorded}")]
    NullifyAfterFinalize {
        /// The vote asked for.
        vote: Vote,
        /// The batch voted for.
        recorded: B256,
    },
}

impl SafetyRecord {
    /// The record of a key that has signed nothing.
    #[must_use]
    pub const fn new(rollup_chain_id: u64, consensus_key: ConsensusKey) -> Self {
        let floor = Round::new(Epoch(0), View::ZERO);
        Self { rollup_chain_id, consensus_key, floor, resume: floor, rounds: BTreeMap::new() }
    }

    /// The rollup it is for.
    #[must_use]
    pub const fn rollup_chain_id(&self) -> u64 {
        self.rollup_chain_id
    }

    /// The key it is for.
    #[must_use]
    pub const fn consensus_key(&self) -> &ConsensusKey {
        &self.consensus_key
    }

    /// The lowest round in which it lets anything be signed.
    #[must_use]
    pub const fn floor(&self) -> Round {
        self.floor
    }

    /// The lowest round in which it lets more be signed than nullify votes; never below the floor.
    #[must_use]
    pub const fn resume(&self) -> Round {
        self.resume
    }

    /// The highest round that it knows of: that of its last vote, or its floor.
    #[must_use]
    pub fn highest(&self) -> Round {
        self.rounds.last_key_value().map_or(self.floor, |(round, _)| (*round).max(self.floor))
    }

    /// Its votes in order of round and kind, each with its signature if known.
    pub fn votes(&self) -> impl Iterator<Item = (Vote, Option<Signature>)> {
        self.rounds.iter().flat_map(|(round, votes)| votes.iter(*round))
    }

    /// What to do with a request to sign `vote` in `domain`.
    #[must_use]
    pub fn check(&self, domain: &SigningDomain, vote: &Vote) -> Verdict {
        match self.judge(domain, vote) {
            Ok(None) => Verdict::Sign,
            Ok(Some(cast)) => Verdict::Repeat(cast.signature),
            Err(refusal) => Verdict::Refuse(refusal),
        }
    }

    /// The record with `vote` in it (rule G7). Make it durable, put it in the place of this one, and only then sign:
    /// this record still says [`Verdict::Sign`], so that nothing is signed twice while the write is under way.
    ///
    /// # Errors
    /// The [`Refusal`] of [`check`](Self::check).
    pub fn admit(&self, domain: &SigningDomain, vote: &Vote) -> Result<Self, Refusal> {
        let recorded = self.judge(domain, vote)?;
        let mut next = self.clone();
        if recorded.is_none() {
            next.record(vote);
        }
        Ok(next)
    }

    /// Notes the signature of a recorded vote, for repeats. It need not be durable: it is written with the next vote.
    /// A vote that is not in the record, pruned since it was admitted, is left out.
    pub fn signed(&mut self, vote: &Vote, signature: Signature) {
        let cast = self.rounds.get_mut(&vote.round).and_then(|votes| votes.slot(vote.kind).as_mut());
        if let Some(cast) = cast.filter(|cast| cast.batch == vote.batch) {
            cast.signature = Some(signature);
        }
    }

    /// Forbids everything below `floor` and forgets what was signed there (rules G6, G8). With the last final round it
    /// prunes what no view needs any more; a lower floor changes nothing. It need not be durable by itself: an old
    /// floor with the old votes above it forbids as much.
    pub fn raise_floor(&mut self, floor: Round) {
        self.floor = self.floor.max(floor);
        self.resume = self.resume.max(self.floor);
        self.rounds = self.rounds.split_off(&self.floor);
    }

    /// Forbids everything below `floor`, and all but nullify votes below `resume` (rule G10). Make the record durable
    /// before it is asked again: after a crash it would look newer than it is.
    pub fn hold_back(&mut self, floor: Round, resume: Round) {
        self.raise_floor(floor);
        self.resume = self.resume.max(resume);
    }

    /// The rule: the recorded vote if the same was asked before, nothing if it may be signed anew.
    fn judge(&self, domain: &SigningDomain, vote: &Vote) -> Result<Option<Cast>, Refusal> {
        // G1: one record, one rollup.
        let asked = domain.rollup_chain_id();
        if asked != self.rollup_chain_id {
            return Err(Refusal::WrongRollup { asked, record: self.rollup_chain_id });
        }
        // G2: only votes that consensus knows.
        if vote.round.view == View::ZERO || vote.kind == VoteKind::Nullify && vote.batch != B256::ZERO {
            return Err(Refusal::NoVote(*vote));
        }
        // G6, G8: nothing below the floor, nor below all the rounds of a full record.
        let floor = self.lowest_allowed(vote.round);
        if vote.round < floor {
            return Err(Refusal::BelowFloor { vote: *vote, floor });
        }
        // G10: where a lost vote may lie, only what a lost vote hardly ever contradicts.
        if vote.kind != VoteKind::Nullify && vote.round < self.resume {
            return Err(Refusal::HeldBack { vote: *vote, resume: self.resume });
        }
        let cast = self.rounds.get(&vote.round).copied().unwrap_or_default();
        // G4: no slashable pair, whatever else was signed.
        if let Some((recorded, offence)) = cast.conflict(vote) {
            return Err(refusal(vote, &recorded, offence));
        }
        // G5: the same request gets the same signature. G3: all else is signed, notarize beside nullify too.
        Ok(cast.get(vote.kind))
    }

    /// The floor, or the lowest recorded round where a full record has no room for one below it.
    fn lowest_allowed(&self, round: Round) -> Round {
        let full = self.rounds.len() >= ROUNDS_MAX && !self.rounds.contains_key(&round);
        match self.rounds.first_key_value() {
            Some((lowest, _)) if full => self.floor.max(*lowest),
            Some(_) | None => self.floor,
        }
    }

    /// Records a vote that conflicts with nothing, and keeps the record within its limit.
    fn record(&mut self, vote: &Vote) {
        assert!(vote.round >= self.floor, "nothing is recorded below the floor");
        let votes = self.rounds.entry(vote.round).or_default();
        assert!(votes.conflict(vote).is_none(), "no slashable pair is recorded");
        votes.slot(vote.kind).get_or_insert(Cast { batch: vote.batch, signature: None });
        // G8: what is forgotten is forbidden.
        while self.rounds.len() > ROUNDS_MAX {
            let (lowest, _) = self.rounds.pop_first().expect("a full record is not empty");
            self.raise_floor(lowest.next_view());
        }
    }
}

impl RoundVotes {
    fn get(&self, kind: VoteKind) -> Option<Cast> {
        match kind {
            VoteKind::Notarize => self.notarize,
            VoteKind::Nullify => self.nullify,
            VoteKind::Finalize => self.finalize,
        }
    }

    fn slot(&mut self, kind: VoteKind) -> &mut Option<Cast> {
        match kind {
            VoteKind::Notarize => &mut self.notarize,
            VoteKind::Nullify => &mut self.nullify,
            VoteKind::Finalize => &mut self.finalize,
        }
    }

    fn iter(&self, round: Round) -> impl Iterator<Item = (Vote, Option<Signature>)> {
        let kinds = [VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize].map(|kind| (kind, self.get(kind)));
        kinds
            .into_iter()
            .filter_map(move |(kind, cast)| cast.map(|cast| (Vote { round, kind, batch: cast.batch }, cast.signature)))
    }

    /// The recorded vote with which `vote` would be slashable.
    fn conflict(&self, vote: &Vote) -> Option<(Vote, Offence)> {
        self.iter(vote.round).find_map(|(recorded, _)| Some((recorded, Offence::of(&recorded, vote)?)))
    }
}

/// The name of a refusal, by the pair the two votes would be.
fn refusal(vote: &Vote, recorded: &Vote, offence: Offence) -> Refusal {
    let (vote, recorded) = (*vote, recorded.batch);
    match offence {
        Offence::DoubleNotarize => Refusal::ConflictingNotarize { vote, recorded },
        Offence::DoubleFinalize => Refusal::ConflictingFinalize { vote, recorded },
        Offence::NullifyFinalize if vote.kind == VoteKind::Nullify => Refusal::NullifyAfterFinalize { vote, recorded },
        Offence::NullifyFinalize => Refusal::FinalizeAfterNullify { vote },
    }
}
