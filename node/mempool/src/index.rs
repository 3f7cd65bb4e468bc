//! The indices and sums over all chains, kept by the difference that each change makes: no question walks the pool.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use alloy_primitives::Address;
use rota_proto::Height;

use crate::chain::{Class, Key, Standing};

/// The evictable tails of one class, each with the lowest fee and the lowest tip in its chain. The price at a base fee
/// is min(fee, base fee + tip), so the lowest price is the lower of the two lowest ends, whatever the base fee: a
/// change of it moves nothing here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tails {
    by_tip: BTreeMap<(u128, Reverse<u64>), Address>,
    by_fee: BTreeMap<(u128, Reverse<u64>), Address>,
}

/// What a tail pays at the current base fee; of equals the later one is the lesser.
pub(crate) type Worth = (u128, Reverse<u64>);

impl Tails {
    /// The tail that pays least, with its sender.
    pub(crate) fn worst(&self, base_fee: u64) -> Option<(Worth, Address)> {
        let ((tip, by_tip), tip_sender) = self.by_tip.first_key_value()?;
        let ((fee, by_fee), fee_sender) = self.by_fee.first_key_value()?;
        let priced_by_tip = ((tip.saturating_add(base_fee.into()), *by_tip), *tip_sender);
        let priced_by_fee = ((*fee, *by_fee), *fee_sender);
        Some(priced_by_tip.min(priced_by_fee))
    }

    pub(crate) fn len(&self) -> usize {
        self.by_tip.len()
    }

    fn insert(&mut self, key: Key, sender: Address) {
        self.by_tip.insert((key.price.tip, Reverse(key.sequence)), sender);
        self.by_fee.insert((key.price.fee, Reverse(key.sequence)), sender);
    }

    fn remove(&mut self, key: Key) {
        self.by_tip.remove(&(key.price.tip, Reverse(key.sequence)));
        self.by_fee.remove(&(key.price.fee, Reverse(key.sequence)));
    }
}

/// Sums over all chains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Executable transactions, those hidden by notarized batches among them.
    pub pending: usize,
    /// Transactions that wait for a lower nonce.
    pub queued: usize,
    /// Their slots.
    pub slots: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// A transaction that would be offered next of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) tip: u128,
    /// The gas that it may use.
    pub(crate) gas: u64,
    pub(crate) sender: Address,
}

/// All indices over chains.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Indices {
    remote_queued: Tails,
    local_queued: Tails,
    remote_pending: Tails,
    local_pending: Tails,
    /// By fee cap and number of admission.
    heads: BTreeMap<(u128, u64), Head>,
    expiries: BTreeSet<(Height, Address)>,
    totals: Totals,
}

impl Indices {
    pub(crate) const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// How many entries there are: of each chain a tail, a head and an expiry at most.
    pub(crate) fn len(&self) -> usize {
        let tails = [&self.remote_queued, &self.local_queued, &self.remote_pending, &self.local_pending];
        tails.map(Tails::len).into_iter().sum::<usize>() + self.heads.len() + self.expiries.len()
    }

    pub(crate) const fn heads(&self) -> &BTreeMap<(u128, u64), Head> {
        &self.heads
    }

    pub(crate) const fn tails(&self, class: Class) -> &Tails {
        match class {
            Class::RemoteQueued => &self.remote_queued,
            Class::LocalQueued => &self.local_queued,
            Class::RemotePending => &self.remote_pending,
            Class::LocalPending => &self.local_pending,
        }
    }

    /// A sender whose queued transactions waited long enough.
    pub(crate) fn expired(&self, height: Height) -> Option<Address> {
        self.expiries.first().filter(|(expires, _)| *expires <= height).map(|(_, sender)| *sender)
    }

    /// Moves a sender from how its chain stood to how it stands.
    pub(crate) fn update(&mut self, sender: Address, old: &Standing, new: &Standing) {
        if old.tail != new.tail {
            if let Some((class, key)) = old.tail {
                self.tails_mut(class).remove(key);
            }
            if let Some((class, key)) = new.tail {
                self.tails_mut(class).insert(key, sender);
            }
        }
        if old.head != new.head {
            if let Some((key, _)) = old.head {
                self.heads.remove(&(key.price.fee, key.sequence));
            }
            if let Some((key, gas)) = new.head {
                self.heads.insert((key.price.fee, key.sequence), Head { tip: key.price.tip, gas, sender });
            }
        }
        if old.expires != new.expires {
            if let Some(height) = old.expires {
                self.expiries.remove(&(height, sender));
            }
            if let Some(height) = new.expires {
                self.expiries.insert((height, sender));
            }
        }
        let totals = &mut self.totals;
        totals.pending = totals.pending - old.pending + new.pending;
        totals.queued = totals.queued - old.queued + new.queued;
        totals.slots = totals.slots - old.slots + new.slots;
        totals.bytes = totals.bytes - old.bytes + new.bytes;
    }

    const fn tails_mut(&mut self, class: Class) -> &mut Tails {
        match class {
            Class::RemoteQueued => &mut self.remote_queued,
            Class::LocalQueued => &mut self.local_queued,
            Class::RemotePending => &mut self.remote_pending,
            Class::LocalPending => &mut self.local_pending,
        }
    }
}
