//! Connections: so many in all, so many from one address (rule R6).

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

use super::metrics::{Counted, Metrics};

/// Who is connected.
#[derive(Debug)]
pub(crate) struct Seats {
    most: usize,
    most_of_one: usize,
    metrics: Metrics,
    taken: Mutex<BTreeMap<IpAddr, usize>>,
}

/// Why there is no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// All are taken.
    Full,
    /// The address has its share.
    AddressFull,
}

impl NoSeat {
    /// Its name in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Full => "connections",
            Self::AddressFull => "connections_per_address",
        }
    }
}

/// A connection's seat, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    pub(crate) address: IpAddr,
    _counted: Counted,
}

impl Seats {
    pub(crate) fn new(most: usize, most_of_one: usize, metrics: Metrics) -> Self {
        Self { most, most_of_one, metrics, taken: Mutex::default() }
    }

    /// Takes a seat for a connection from this address.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Seat, NoSeat> {
        let address = group(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.most {
            return Err(NoSeat::Full);
        }
        let own = taken.entry(address).or_default();
        if *own >= self.most_of_one {
            return Err(NoSeat::AddressFull);
        }
        *own += 1;
        drop(taken);
        Ok(Seat { seats: Arc::clone(self), address, _counted: Counted::new(&self.metrics.connections) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.address) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// An address as one client has it: IPv4 alone, IPv6 by its /64, of which anyone has as many as he likes.
fn group(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        },
    }
}
