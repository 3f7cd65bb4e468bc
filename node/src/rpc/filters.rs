//! Filters that are polled (rule R17): a bounded number, each forgotten when nobody asks.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use alloy::rpc::types::Filter;
use alloy_primitives::B256;
use rota_proto::Transaction;
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

use super::{error::RpcError, limits::RpcLimits, metrics::Metrics};

/// What a filter watches.
#[derive(Debug)]
pub(crate) enum Kind {
    /// Logs of final batches, read up to but not with this height.
    Logs {
        /// Which.
        filter: Box<Filter>,
        /// The next height.
        next: u64,
    },
    /// Final batches.
    Blocks {
        /// The next height.
        next: u64,
    },
    /// Transactions as they come; the channel bounds what waits.
    Pending(Receiver<Arc<Transaction>>),
}

#[derive(Debug)]
struct Entry {
    owner: IpAddr,
    used: Instant,
    /// Nothing while a request is reading it.
    kind: Option<Kind>,
}

/// The live filters.
#[derive(Debug)]
pub(crate) struct Filters {
    most: usize,
    most_of_one: usize,
    idle: Duration,
    metrics: Metrics,
    entries: Mutex<BTreeMap<String, Entry>>,
}

impl Filters {
    pub(crate) fn new(limits: &RpcLimits, metrics: Metrics) -> Self {
        Self {
            most: limits.filters,
            most_of_one: limits.filters_per_address,
            idle: limits.filter_idle,
            metrics,
            entries: Mutex::default(),
        }
    }

    /// Adds a filter; its id is random, so that nobody reads another's.
    pub(crate) fn add(&self, owner: IpAddr, kind: Kind) -> Result<String, RpcError> {
        let mut entries = self.lock();
        let now = Instant::now();
        entries.retain(|_, entry| now.duration_since(entry.used) <= self.idle);
        let full = |count: usize, limit: usize| {
            let error = RpcError::Limit { what: "filters", count: count as u64, limit: limit as u64 };
            (count >= limit).then_some(error)
        };
        let own = entries.values().filter(|entry| entry.owner == owner).count();
        if let Some(error) = full(entries.len(), self.most).or_else(|| full(own, self.most_of_one)) {
            return Err(error);
        }
        let id = random_id();
        entries.insert(id.clone(), Entry { owner, used: now, kind: Some(kind) });
        self.count(&entries);
        Ok(id)
    }

    /// Takes what a filter watches. It goes back when it is dropped, as it was changed or not: whatever becomes of the
    /// request.
    pub(crate) fn take(&self, id: &str) -> Result<Taken<'_>, RpcError> {
        let mut entries = self.lock();
        let entry = self.live(&mut entries, id)?;
        let kind = entry.kind.take().ok_or(RpcError::Busy("the filter is being read"))?;
        Ok(Taken { filters: self, id: id.to_owned(), kind: Some(kind) })
    }

    /// What a filter of logs looks for.
    pub(crate) fn criteria(&self, id: &str) -> Result<Filter, RpcError> {
        let mut entries = self.lock();
        match &self.live(&mut entries, id)?.kind {
            Some(Kind::Logs { filter, .. }) => Ok(filter.as_ref().clone()),
            Some(Kind::Blocks { .. } | Kind::Pending(_)) | None => Err(RpcError::UnknownFilter),
        }
    }

    /// The filter with this id, used now; one that nobody asked for too long is gone.
    fn live<'e>(&self, entries: &'e mut BTreeMap<String, Entry>, id: &str) -> Result<&'e mut Entry, RpcError> {
        let now = Instant::now();
        if entries.get(id).is_some_and(|entry| now.duration_since(entry.used) > self.idle) {
            entries.remove(id);
            self.count(entries);
        }
        let entry = entries.get_mut(id).ok_or(RpcError::UnknownFilter)?;
        entry.used = now;
        Ok(entry)
    }

    /// Forgets a filter; whether there was one.
    pub(crate) fn remove(&self, id: &str) -> bool {
        let mut entries = self.lock();
        let removed = entries.remove(id).is_some();
        self.count(&entries);
        removed
    }

    fn count(&self, entries: &BTreeMap<String, Entry>) {
        self.metrics.filters.set(i64::try_from(entries.len()).unwrap_or(i64::MAX));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a filter watches, in the hands of the request that reads it.
#[derive(Debug)]
pub(crate) struct Taken<'f> {
    filters: &'f Filters,
    id: String,
    kind: Option<Kind>,
}

impl Taken<'_> {
    pub(crate) const fn kind(&mut self) -> Option<&mut Kind> {
        self.kind.as_mut()
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // Unless it was removed meanwhile.
        if let Some(entry) = self.filters.lock().get_mut(&self.id) {
            entry.kind = self.kind.take();
        }
    }
}

/// 128 random bits in hex.
pub(crate) fn random_id() -> String {
    format!("{:#034x}", rand::random::<u128>())
}

/// Hashes of the transactions that came since, at most so many; what was missed is missed.
pub(crate) fn drain(pending: &mut Receiver<Arc<Transaction>>, most: usize) -> Vec<B256> {
    let mut hashes = Vec::new();
    while hashes.len() < most {
        match pending.try_recv() {
            Ok(transaction) => hashes.push(transaction.hash()),
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => break,
        }
    }
    hashes
}
