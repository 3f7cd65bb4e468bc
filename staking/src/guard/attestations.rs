//! What an attestation key has signed, so that it never says two things of one (rules G15 to G17).

use std::collections::BTreeMap;

use alloy_primitives::{B256, keccak256};
use rota_proto::{Attestation, AttestationKey};
use serde::{Deserialize, Serialize};

use crate::{PARTICIPATION, limits::ATTESTATIONS_KEPT};

/// The attestations of one key for one rollup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttestationRecord {
    version: u16,
    rollup_chain_id: u64,
    key: AttestationKey,
    kinds: BTreeMap<u8, Said>,
}

/// What was said of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    /// Nothing below is signed any more.
    floor: u64,
    contents: BTreeMap<u64, B256>,
}

/// Why an attestation is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttestationRefusal {
    /// Another content was signed: both together would be slashable.
    #[error("of kind {kind}, index {index} the key has said {recorded}, and is asked to say {asked}")]
    Conflicting {
        /// The kind.
        kind: u8,
        /// Which one of its kind.
        index: u64,
        /// What was signed.
        recorded: B256,
        /// What is asked for.
        asked: B256,
    },
    /// What was said of it, if anything, is not known any more.
    #[error("of kind {kind}, index {index} lies below {floor}, from which on the record knows what was said")]
    BelowFloor {
        /// The kind.
        kind: u8,
        /// Which one of its kind.
        index: u64,
        /// The lowest that may be signed.
        floor: u64,
    },
    /// A kind that this program does not know.
    #[error("kind {0} is not known here")]
    UnknownKind(u8),
}

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttestationRecordError {
    /// Cut, changed, or something else.
    #[error("it is no record of attestations: {0}")]
    Shape(String),
    /// Written by a newer program.
    #[error("its version {found} is newer than version {known} of this program")]
    Newer {
        /// The version found.
        found: u16,
        /// The newest version known here.
        known: u16,
    },
    /// The text does not fit its checksum.
    #[error("it does not fit its checksum")]
    Checksum,
}

impl AttestationRecord {
    /// The version of the file.
    pub const VERSION: u16 = 1;

    /// A record of nothing.
    #[must_use]
    pub const fn new(rollup_chain_id: u64, key: AttestationKey) -> Self {
        Self { version: Self::VERSION, rollup_chain_id, key, kinds: BTreeMap::new() }
    }

    /// The key.
    #[must_use]
    pub const fn key(&self) -> &AttestationKey {
        &self.key
    }

    /// The rollup.
    #[must_use]
    pub const fn rollup_chain_id(&self) -> u64 {
        self.rollup_chain_id
    }

    /// The record with this attestation in it; the same if it was there. The attesting epoch is free: a content is
    /// signed again as another set's member (rule G15).
    ///
    /// # Errors
    /// [`AttestationRefusal`].
    pub fn admit(&self, attestation: &Attestation) -> Result<Self, AttestationRefusal> {
        let Attestation { kind, index, content: asked, .. } = *attestation;
        if kind != PARTICIPATION {
            return Err(AttestationRefusal::UnknownKind(kind));
        }
        let mut next = self.clone();
        let Said { floor, contents } = next.kinds.entry(kind).or_default();
        // G16: what is forgotten is forbidden.
        if index < *floor {
            return Err(AttestationRefusal::BelowFloor { kind, index, floor: *floor });
        }
        match contents.insert(index, asked) {
            Some(recorded) if recorded != asked => {
                return Err(AttestationRefusal::Conflicting { kind, index, recorded, asked });
            }
            Some(_) | None => {}
        }
        if contents.len() > ATTESTATIONS_KEPT
            && let Some((lowest, _)) = contents.pop_first()
        {
            *floor = lowest + 1;
            // Below all of a full record.
            if lowest == index {
                return Err(AttestationRefusal::BelowFloor { kind, index, floor: *floor });
            }
        }
        Ok(next)
    }

    /// The bytes of its file (rule G17): a line of JSON, and a line with the keccak256 of the first.
    ///
    /// # Panics
    /// Never: every record is JSON.
    #[must_use]
    pub fn encode(&self) -> String {
        let record = serde_json::to_string(self).unwrap_or_else(|error| unreachable!("a record is JSON: {error}"));
        let checksum = keccak256(&record);
        format!("{record}\n{checksum}\n")
    }

    /// Reads what [`encode`](Self::encode) gave.
    ///
    /// # Errors
    /// [`AttestationRecordError`].
    pub fn decode(text: &str) -> Result<Self, AttestationRecordError> {
        let shape = |error: serde_json::Error| AttestationRecordError::Shape(error.to_string());
        let (record, checksum) = text.split_once('\n').ok_or(AttestationRecordError::Checksum)?;
        if checksum != format!("{}\n", keccak256(record)) {
            return Err(AttestationRecordError::Checksum);
        }
        let Head { version: found } = serde_json::from_str(record).map_err(shape)?;
        if found > Self::VERSION {
            return Err(AttestationRecordError::Newer { found, known: Self::VERSION });
        }
        serde_json::from_str(record).map_err(shape)
    }
}

/// The first look at a record: which program can read it.
#[derive(Deserialize)]
struct Head {
    version: u16,
}
