//! What final batches say of who took part, counted as they come, until a period is over (rules W1, W2).

use std::{collections::BTreeMap, sync::Arc};

use rota_consensus::LeaderSchedule;
use rota_proto::{BatchHeader, Epoch, ValidatorSet};
use rota_staking::{EpochTally, Leaf, Period, Periods, Registry, SnapshotError};
use serde::{Deserialize, Serialize};

use crate::{
    config::{ConfigError, NetworkToml},
    store::{Store, StoreError},
};

/// Where the counting stands, under this name in the store.
const LEDGER: &str = "rewards/ledger";

/// Batches that are counted before the task looks at anything else.
const BATCHES_AT_ONCE: u64 = 4_096;

/// Why batches cannot be counted.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored registry cannot be read.
    #[error("the registry: {0}")]
    Snapshot(#[from] SnapshotError),
    /// The network's settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Batches of an epoch were counted, and its set is not known any more.
    #[error("the set of epoch {0}, which was counted, is not known any more. Sync anew")]
    NoSet(Epoch),
    /// What is stored of the counting cannot be read.
    #[error("what was counted ({name}) cannot be read: {reason}. Take it away by syncing anew")]
    Damaged {
        /// Its name in the store.
        name: String,
        /// What is wrong.
        reason: String,
    },
}

/// Who could vote in an epoch, and who led which view.
#[derive(Clone, Debug)]
struct Voters {
    set: Arc<ValidatorSet>,
    leaders: LeaderSchedule,
}

/// The sets of all epochs, from the registry as the driver stored it.
#[derive(Debug)]
struct Sets {
    genesis: rota_staking::Genesis,
    registry: Option<Registry>,
}

impl Sets {
    /// The voters of an epoch; the stored registry is read again if it is not known yet.
    fn of(&mut self, store: &dyn Store, epoch: Epoch) -> Result<Option<Voters>, LedgerError> {
        if let Some(voters) = self.registry.as_ref().and_then(|registry| voters(registry, epoch)) {
            return Ok(Some(voters));
        }
        let Some(snapshot) = store.meta("registry")? else { return Ok(None) };
        let registry = Registry::decode(self.genesis, &snapshot)?;
        let found = voters(&registry, epoch);
        self.registry = Some(registry);
        Ok(found)
    }
}

fn voters(registry: &Registry, epoch: Epoch) -> Option<Voters> {
    let set = registry.set(epoch).ok()?;
    let leaders = LeaderSchedule::Drawn(registry.leader_seed(epoch).ok()?);
    Some(Voters { set, leaders })
}

/// What is stored at the end of each epoch, so that a start counts only the batches since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    /// The first height that is not counted.
    next: u64,
    /// The epoch that is being counted.
    epoch: u64,
    /// The epochs of the period that are over.
    tallies: BTreeMap<u64, EpochTally>,
    periods: Periods,
}

/// Counts.
#[derive(Debug)]
pub struct Ledger {
    store: Arc<dyn Store>,
    sets: Sets,
    period_epochs: u64,
    page: Page,
    /// Of the epoch that is being counted.
    tally: EpochTally,
}

impl Ledger {
    /// Goes on where the store says, or begins with height 1.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open(store: Arc<dyn Store>, network: &NetworkToml) -> Result<Self, LedgerError> {
        let page = match store.meta(LEDGER)? {
            Some(bytes) => read(LEDGER, &bytes)?,
            None => Page { next: 1, ..Page::default() },
        };
        let sets = Sets { genesis: network.registry()?, registry: None };
        let period_epochs = network.rewards.period_epochs;
        Ok(Self { store, sets, period_epochs, page, tally: EpochTally::default() })
    }

    /// Counts what has become final since, as far as the sets are known. True if there is more.
    ///
    /// # Errors
    /// [`LedgerError`]; what was counted before stands.
    pub fn count(&mut self) -> Result<bool, LedgerError> {
        let Some(head) = self.store.head()? else { return Ok(false) };
        let last = head.header.height().0;
        let until = last.min(self.page.next.saturating_add(BATCHES_AT_ONCE));
        while self.page.next <= until {
            let Some(header) = self.store.header_by_height(self.page.next)? else { return Ok(false) };
            self.go_to(header.epoch())?;
            if !self.count_batch(&header)? {
                return Ok(false);
            }
            self.page.next += 1;
        }
        if self.page.next <= last {
            return Ok(true);
        }
        // A closing batch that is final ends its epoch before another one comes.
        self.go_to(head.round.epoch)?;
        Ok(false)
    }

    /// False if the set of the epoch is not stored yet.
    fn count_batch(&mut self, header: &BatchHeader) -> Result<bool, LedgerError> {
        let Some(Voters { set, leaders }) = self.sets.of(self.store.as_ref(), header.epoch())? else {
            return Ok(false);
        };
        self.tally.count(&set, header.extra(), |view| leaders.leader(&set, view));
        Ok(true)
    }

    /// Ends the epochs before this one, and the periods that end with them; durable when it returns. What fails on the
    /// way leaves the counting where it was.
    fn go_to(&mut self, epoch: Epoch) -> Result<(), LedgerError> {
        if epoch.0 <= self.page.epoch {
            return Ok(());
        }
        let mut page = self.page.clone();
        if !self.tally.is_empty() {
            page.tallies.insert(page.epoch, self.tally.clone());
        }
        for number in Period::of(Epoch(page.epoch), self.period_epochs)..Period::of(epoch, self.period_epochs) {
            self.close(&mut page, number)?;
        }
        page.epoch = epoch.0;
        self.write(LEDGER, &page)?;
        (self.page, self.tally) = (page, EpochTally::default());
        Ok(())
    }

    /// Ends a period.
    fn close(&mut self, page: &mut Page, number: u64) -> Result<(), LedgerError> {
        let mut epochs = Vec::new();
        for (epoch, tally) in std::mem::take(&mut page.tallies) {
            let epoch = Epoch(epoch);
            let voters = self.sets.of(self.store.as_ref(), epoch)?.ok_or(LedgerError::NoSet(epoch))?;
            epochs.push((tally, (*voters.set).clone()));
        }
        let period = page.periods.close(number, &epochs);
        self.write(&name_of(number), &period.leaves())
    }

    /// The epoch that is being counted: that of our final chain.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        Epoch(self.page.epoch)
    }

    /// The first period that is not over.
    #[must_use]
    pub fn current(&self) -> u64 {
        Period::of(Epoch(self.page.epoch), self.period_epochs)
    }

    /// A period that is over; none of one that is not.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn period(&self, number: u64) -> Result<Option<Period>, LedgerError> {
        stored_period(self.store.as_ref(), number)
    }

    /// The validators of the set of an epoch, as far as it is known.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn set(&mut self, epoch: Epoch) -> Result<Option<Arc<ValidatorSet>>, LedgerError> {
        Ok(self.sets.of(self.store.as_ref(), epoch)?.map(|voters| voters.set))
    }

    fn write(&self, name: &str, value: &impl Serialize) -> Result<(), LedgerError> {
        let damaged = |error: serde_json::Error| LedgerError::Damaged { name: name.into(), reason: error.to_string() };
        Ok(self.store.put_meta(name, &serde_json::to_vec(value).map_err(damaged)?)?)
    }
}

/// A period that is over, as the store has it; none of one that is not.
///
/// # Errors
/// [`LedgerError`].
pub fn stored_period(store: &dyn Store, number: u64) -> Result<Option<Period>, LedgerError> {
    let name = name_of(number);
    let Some(bytes) = store.meta(&name)? else { return Ok(None) };
    let leaves: Vec<Leaf> = read(&name, &bytes)?;
    Ok(Some(Period::from_leaves(number, leaves)))
}

fn name_of(period: u64) -> String {
    format!("rewards/period/{period}")
}

fn read<'a, T: Deserialize<'a>>(name: &str, bytes: &'a [u8]) -> Result<T, LedgerError> {
    serde_json::from_slice(bytes).map_err(|error| LedgerError::Damaged { name: name.into(), reason: error.to_string() })
}
