//! How often addresses may open connections (rule N8).

use std::{collections::BTreeMap, net::IpAddr, time::Instant};

use super::{
    admission::Denied,
    limits::ADDRESSES_MAX,
    rate::{Bucket, Rate},
};

/// A bucket an address, bounded in number.
#[derive(Debug)]
pub(crate) struct Attempts {
    rate: Rate,
    buckets: BTreeMap<IpAddr, Bucket>,
}

impl Attempts {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, buckets: BTreeMap::new() }
    }

    /// Counts an attempt, whatever comes of it.
    pub(crate) fn check(&mut self, address: IpAddr, now: Instant) -> Result<(), Denied> {
        if self.buckets.len() >= ADDRESSES_MAX && !self.buckets.contains_key(&address) {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
            if self.buckets.len() >= ADDRESSES_MAX {
                self.buckets.pop_first();
            }
        }
        let bucket = self.buckets.entry(address).or_insert_with(|| Bucket::new(self.rate, now));
        if bucket.try_take(1.0, now) { Ok(()) } else { Err(Denied::TooManyAttempts { address }) }
    }
}
