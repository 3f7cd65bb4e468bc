//! Two records of one key become one (rule G13).

use rota_proto::{ConsensusKey, Round};

use super::SafetyRecord;

/// What joining two records gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "what was joined is in neither of the records"]
pub struct Joined {
    /// The record that forbids what either forbids.
    pub record: SafetyRecord,
    /// The rounds in which a vote of one and a vote of the other are a slashable pair: if both were signed, the key is
    /// lost. Nothing is signed there any more.
    pub contradictions: Vec<Round>,
}

/// Why two records are not joined.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForeignRecord {
    /// Another key.
    #[error("the record to be taken in is of key {theirs}, this one of {ours}")]
    Key {
        /// The other's.
        theirs: Box<ConsensusKey>,
        /// Ours.
        ours: Box<ConsensusKey>,
    },
    /// Another rollup.
    #[error("the record to be taken in is of rollup {theirs}, this one of {ours}")]
    Rollup {
        /// The other's.
        theirs: u64,
        /// Ours.
        ours: u64,
    },
}

impl SafetyRecord {
    /// Rule G13: the record that forbids whatever this one or the other forbids. Make it durable before it is asked.
    ///
    /// # Errors
    /// [`ForeignRecord`] if the other is of another key or rollup.
    pub fn joined(&self, other: &Self) -> Result<Joined, ForeignRecord> {
        let (theirs, ours) = (other.consensus_key, self.consensus_key);
        if theirs != ours {
            return Err(ForeignRecord::Key { theirs: theirs.into(), ours: ours.into() });
        }
        let (theirs, ours) = (other.rollup_chain_id, self.rollup_chain_id);
        if theirs != ours {
            return Err(ForeignRecord::Rollup { theirs, ours });
        }
        let mut record = self.clone();
        record.hold_back(other.floor, other.resume);
        let mut contradictions = Vec::new();
        for (vote, signature) in other.votes() {
            let round = vote.round;
            if round < record.floor {
                continue;
            }
            if record.rounds.get(&round).is_some_and(|votes| votes.conflict(&vote).is_some()) {
                // One record cannot hold both, so the floor forbids what either would, and the rest of the round.
                contradictions.push(round);
                record.raise_floor(round.next_view());
                continue;
            }
            let signed = record.rounds.get(&round).and_then(|votes| votes.get(vote.kind)?.signature);
            record.record(&vote);
            if let Some(signature) = signed.or(signature) {
                record.signed(&vote, signature);
            }
        }
        Ok(Joined { record, contradictions })
    }
}
