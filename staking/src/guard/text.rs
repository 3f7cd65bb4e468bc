//! A safety record as text, to be carried from one machine to another (rule G14).

use alloy_primitives::{B256, keccak256};
use rota_proto::{ConsensusKey, Epoch, Round, View};
use serde::{Deserialize, Serialize};

use super::{Cast, RecordError, RoundVotes, SafetyRecord, encoding::KINDS};
use crate::limits::RECORD_TEXT_BYTES_MAX;

const FORMAT: &str = "rota guard record";

/// Why a text is no safety record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordTextError {
    /// Longer than the longest.
    #[error("a text of {0} bytes is longer than the {RECORD_TEXT_BYTES_MAX} of the longest record")]
    Length(usize),
    /// Not the JSON of a record: cut, changed, or something else.
    #[error("the text is no exported record of a guard: {0}")]
    Shape(String),
    /// Written by a newer program.
    #[error("an exported record of version {found} is newer than version {known} of this program")]
    Newer {
        /// The version found.
        found: u16,
        /// The newest version known here.
        known: u16,
    },
    /// Its fields are no record.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// The text's first look: which program can read it.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Text {
    format: String,
    version: u16,
    rollup_chain_id: u64,
    consensus_key: ConsensusKey,
    floor: At,
    resume: At,
    rounds: Vec<VotesAt>,
    checksum: B256,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    epoch: u64,
    view: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VotesAt {
    epoch: u64,
    view: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notarize: Option<B256>,
    #[serde(default, skip_serializing_if = "is_false")]
    nullify: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finalize: Option<B256>,
}

impl SafetyRecord {
    /// The version of the text.
    pub const TEXT_VERSION: u16 = 1;

    /// Its text, in JSON, at most [`RECORD_TEXT_BYTES_MAX`] bytes: everything but the signatures, which the same key
    /// makes again, and a checksum, the keccak256 of all that [`encode`](Self::encode) gives of it. An example:
    ///
    /// ```json
    /// {
    ///   "format": "rota guard record",
    ///   "version": 1,
    ///   "rollupChainId": 7682,
    ///   "consensusKey": "0x..",
    ///   "floor": { "epoch": 3, "view": 9 },
    ///   "resume": { "epoch": 3, "view": 9 },
    ///   "rounds": [{ "epoch": 3, "view": 9, "notarize": "0x..", "nullify": true }],
    ///   "checksum": "0x.."
    /// }
    /// ```
    ///
    /// # Panics
    /// Never: every record has a JSON form within its limit.
    #[must_use]
    pub fn to_text(&self) -> String {
        let rounds = self.rounds.iter().map(|(round, votes)| VotesAt {
            epoch: round.epoch.0,
            view: round.view.0,
            notarize: votes.notarize.map(|cast| cast.batch),
            nullify: votes.nullify.is_some(),
            finalize: votes.finalize.map(|cast| cast.batch),
        });
        let text = Text {
            format: FORMAT.into(),
            version: Self::TEXT_VERSION,
            rollup_chain_id: self.rollup_chain_id,
            consensus_key: self.consensus_key,
            floor: At::from(self.floor),
            resume: At::from(self.resume),
            rounds: rounds.collect(),
            checksum: self.text_checksum(),
        };
        let json = serde_json::to_string_pretty(&text).expect("a record has a JSON form");
        assert!(json.len() <= RECORD_TEXT_BYTES_MAX, "the limit counts every field");
        json
    }

    /// Rule G14: reads what [`to_text`](Self::to_text) wrote, however it is spaced, and nothing else.
    ///
    /// # Errors
    /// [`RecordTextError`] names what is wrong.
    pub fn from_text(json: &str) -> Result<Self, RecordTextError> {
        if json.len() > RECORD_TEXT_BYTES_MAX {
            return Err(RecordTextError::Length(json.len()));
        }
        let head: Head = serde_json::from_str(json).map_err(shape)?;
        // Before the other fields: a newer version may have others.
        match head.version {
            _ if head.format != FORMAT => return Err(shape(format!("its format is \"{}\"", head.format))),
            Self::TEXT_VERSION => {}
            0 => return Err(RecordError::NoVersion(0).into()),
            found => return Err(RecordTextError::Newer { found, known: Self::TEXT_VERSION }),
        }
        let text: Text = serde_json::from_str(json).map_err(shape)?;
        let mut record = Self::new(text.rollup_chain_id, text.consensus_key);
        (record.floor, record.resume) = (text.floor.into(), text.resume.into());
        record.check_bounds(text.rounds.len())?;
        for at in text.rounds {
            let round = Round::new(Epoch(at.epoch), View(at.view));
            let votes = at.votes();
            if KINDS.iter().all(|kind| votes.get(*kind).is_none()) {
                return Err(RecordError::Contradiction { round, reason: "it is named and has no votes" }.into());
            }
            record.check_next(round, &votes)?;
            record.rounds.insert(round, votes);
        }
        if record.text_checksum() == text.checksum { Ok(record) } else { Err(RecordError::Checksum.into()) }
    }

    /// Two records that forbid the same have the same.
    fn text_checksum(&self) -> B256 {
        let mut unsigned = self.clone();
        for votes in unsigned.rounds.values_mut() {
            for kind in KINDS {
                *votes.slot(kind) = votes.get(kind).map(|cast| Cast { signature: None, ..cast });
            }
        }
        keccak256(unsigned.encode())
    }
}

impl VotesAt {
    fn votes(&self) -> RoundVotes {
        let cast = |batch| Cast { batch, signature: None };
        RoundVotes {
            notarize: self.notarize.map(cast),
            nullify: self.nullify.then_some(cast(B256::ZERO)),
            finalize: self.finalize.map(cast),
        }
    }
}

impl From<Round> for At {
    fn from(round: Round) -> Self {
        Self { epoch: round.epoch.0, view: round.view.0 }
    }
}

impl From<At> for Round {
    fn from(at: At) -> Self {
        Self::new(Epoch(at.epoch), View(at.view))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

fn shape(error: impl ToString) -> RecordTextError {
    RecordTextError::Shape(error.to_string())
}
