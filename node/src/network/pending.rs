//! Inbound connections that are still shaking hands (rule N7): nobody can hold all of their places by silence.

use std::{collections::BTreeMap, net::IpAddr};

use libp2p::swarm::ConnectionId;

use super::{address::site_of, admission::Denied, limits::NetworkLimits};

#[derive(Clone, Copy, Debug)]
struct Place {
    address: IpAddr,
    expected: bool,
}

/// The places of connections that shake hands.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    places: BTreeMap<ConnectionId, Place>,
}

impl Pending {
    /// Takes a place for a connection. An expected address has a few of its own, which nobody else can take; all
    /// others share theirs, by address and site.
    pub(crate) fn take(
        &mut self,
        connection: ConnectionId,
        address: IpAddr,
        expected: bool,
        limits: &NetworkLimits,
    ) -> Result<(), Denied> {
        if expected {
            self.check(address, limits.pending_per_expected_address_max, |place| place.address == address)?;
        } else {
            let site = site_of(address);
            self.check(address, limits.pending_per_address_max, |place| place.address == address)?;
            self.check(site, limits.pending_per_site_max, |place| site_of(place.address) == site)?;
            let limit = limits.pending_in_max;
            if self.count(|place| !place.expected) >= limit {
                return Err(Denied::TooManyPending { limit });
            }
        }
        self.places.insert(connection, Place { address, expected });
        Ok(())
    }

    /// The connection stands or failed.
    pub(crate) fn free(&mut self, connection: &ConnectionId) {
        self.places.remove(connection);
    }

    fn check(&self, address: IpAddr, limit: usize, same: impl Fn(&Place) -> bool) -> Result<(), Denied> {
        if self.count(same) < limit { Ok(()) } else { Err(Denied::TooManyPendingFromAddress { address, limit }) }
    }

    fn count(&self, fits: impl Fn(&Place) -> bool) -> usize {
        self.places.values().filter(|place| fits(place)).count()
    }
}
