//! The registry as it is stored, so that a start need not read all of L1 again.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use rota_proto::{Epoch, Place, ScheduleError, Validator, VotingPower};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{Genesis, Registry};
use crate::{
    ChangeHash, Origin,
    limits::{LAG_EPOCHS, ORIGINS_KEPT, SEEDS_KEPT, SETS_READY},
};

/// Why stored bytes are no registry of this network (rule R9). The node may throw them away and read L1 from the
/// contract's deployment again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// Not the JSON of a snapshot.
    #[error("the stored registry cannot be read: {0}")]
    Json(String),
    /// Written by another version of the program.
    #[error("the stored registry has version {found}; this program knows version {known}")]
    Version {
        /// The version found.
        found: u32,
        /// The version known here.
        known: u32,
    },
    /// It was folded for another genesis.
    #[error("the stored registry belongs to another genesis: {0} differs")]
    OtherGenesis(&'static str),
    /// It holds what no registry does.
    #[error("the stored registry contradicts itself: {0}")]
    Contradiction(&'static str),
    /// A block in it has no epoch.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

/// Who holds a place from an epoch on.
type Holder = (Epoch, Option<Validator>);

/// The fields of a stored registry.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot {
    genesis: StoredGenesis,
    origins: Vec<Origin>,
    places: Vec<(Place, Vec<Holder>)>,
    genesis_mix: Option<B256>,
    mixes: Vec<(Epoch, B256)>,
    changes: (ChangeHash, ChangeHash),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredGenesis {
    rollup_chain_id: u64,
    start_block: u64,
    epoch_length: u64,
    origin_number: u64,
    origin_hash: B256,
}

impl Registry {
    /// The version of a stored registry.
    pub const SNAPSHOT_VERSION: u32 = 3;

    /// The registry as JSON, `[version, fields]`: the history of the places, the newest blocks, what seeds are made of.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let rising = |history: &BTreeMap<Epoch, Option<Validator>>| {
            history.iter().map(|(epoch, validator)| (*epoch, validator.clone())).collect()
        };
        let snapshot = Snapshot {
            genesis: (&self.genesis).into(),
            origins: self.origins.values().copied().collect(),
            places: self.places.iter().map(|(place, history)| (*place, rising(history))).collect(),
            genesis_mix: self.genesis_mix,
            mixes: self.mixes.iter().map(|(epoch, mix)| (*epoch, *mix)).collect(),
            changes: self.changes,
        };
        serde_json::to_vec(&(Self::SNAPSHOT_VERSION, snapshot)).expect("numbers, strings and lists are JSON")
    }

    /// Reads a stored registry of this genesis (rule R9) and makes its newest sets ready.
    ///
    /// # Errors
    /// [`SnapshotError`] names what is wrong.
    pub fn decode(genesis: Genesis, bytes: &[u8]) -> Result<Self, SnapshotError> {
        let unreadable = |error: serde_json::Error| SnapshotError::Json(error.to_string());
        // The version first: the fields of another one may have other names.
        let (found, _): (u32, IgnoredAny) = serde_json::from_slice(bytes).map_err(unreadable)?;
        if found != Self::SNAPSHOT_VERSION {
            return Err(SnapshotError::Version { found, known: Self::SNAPSHOT_VERSION });
        }
        let (_, snapshot): (u32, Snapshot) = serde_json::from_slice(bytes).map_err(unreadable)?;
        snapshot.genesis.check(&genesis)?;
        let mut places = BTreeMap::new();
        for (place, history) in snapshot.places {
            if places.insert(place, rising(history, "a place's epochs do not rise")?).is_some() {
                return Err(SnapshotError::Contradiction("a place comes twice"));
            }
        }
        let origins = snapshot.origins.into_iter().map(|origin| (origin.number, origin)).collect();
        let mut registry = Self {
            genesis,
            origins: rising(origins, "blocks do not rise")?,
            places,
            genesis_mix: snapshot.genesis_mix,
            mixes: rising(snapshot.mixes, "the epochs of seeds do not rise")?,
            changes: snapshot.changes,
            ready: BTreeMap::new(),
        };
        registry.check()?;
        let next = registry.newest_epoch().next();
        for epoch in next.0.saturating_sub(SETS_READY)..=next.0 {
            registry.fix(Epoch(epoch));
        }
        Ok(registry)
    }

    /// What holds for every registry.
    fn check(&self) -> Result<(), SnapshotError> {
        let (Some((oldest, _)), Some((newest, _))) = (self.origins.first_key_value(), self.origins.last_key_value())
        else {
            return Err(SnapshotError::Contradiction("it has no block"));
        };
        self.genesis.schedule.epoch_of(*oldest)?;
        let epoch = self.genesis.schedule.epoch_of(*newest)?;
        let count = u64::try_from(self.origins.len()).unwrap_or(u64::MAX);
        let seen = self.mixes.last_key_value().is_none_or(|(last, _)| *last <= epoch);
        let mut holders = self.places.values().flatten();
        let facts = [
            (newest - oldest + 1 == count, "blocks are missing"),
            (count <= ORIGINS_KEPT, "it has more blocks than the limit"),
            (self.mixes.len() <= SEEDS_KEPT && seen, "it has more seeds than it can"),
            (self.genesis_mix.is_some() == (*newest >= self.genesis.origin.number), "the genesis origin's seed"),
            (
                holders.all(|(from, holder)| {
                    *from <= epoch.plus(LAG_EPOCHS)
                        && holder.as_ref().is_none_or(|holder| holder.power > VotingPower(0))
                }),
                "a place is held without power, or from an epoch that may not be known",
            ),
        ];
        match facts.iter().find(|(holds, _)| !holds) {
            Some((_, contradiction)) => Err(SnapshotError::Contradiction(contradiction)),
            // Last, because no set is formed of holders without power.
            None if self.form(Epoch(0)).0.is_err() => Err(SnapshotError::Contradiction("nobody can vote in epoch 0")),
            None => Ok(()),
        }
    }
}

impl From<&Genesis> for StoredGenesis {
    fn from(genesis: &Genesis) -> Self {
        Self {
            rollup_chain_id: genesis.rollup_chain_id,
            start_block: genesis.schedule.start_block(),
            epoch_length: genesis.schedule.length(),
            origin_number: genesis.origin.number,
            origin_hash: genesis.origin.hash,
        }
    }
}

impl StoredGenesis {
    fn check(&self, genesis: &Genesis) -> Result<(), SnapshotError> {
        let ours = Self::from(genesis);
        let facts = [
            (self.rollup_chain_id == ours.rollup_chain_id, "the rollup's chain id"),
            (self.start_block == ours.start_block, "the start block"),
            (self.epoch_length == ours.epoch_length, "the epoch length"),
            (self.origin_number == ours.origin_number, "the number of the origin"),
            (self.origin_hash == ours.origin_hash, "the hash of the origin"),
        ];
        match facts.iter().find(|(same, _)| !same) {
            Some((_, name)) => Err(SnapshotError::OtherGenesis(name)),
            None => Ok(()),
        }
    }
}

/// The map of entries that stand in rising order.
fn rising<K: Ord + Copy, T>(
    entries: Vec<(K, T)>,
    contradiction: &'static str,
) -> Result<BTreeMap<K, T>, SnapshotError> {
    if entries.is_sorted_by(|(first, _), (second, _)| first < second) {
        Ok(entries.into_iter().collect())
    } else {
        Err(SnapshotError::Contradiction(contradiction))
    }
}
