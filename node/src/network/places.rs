//! Established connections, and the places that those of strangers take (rule N7).

use std::{collections::BTreeMap, net::IpAddr};

use libp2p::{PeerId, swarm::ConnectionId};

use super::{admission::Denied, limits::NetworkLimits};

/// One established connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) peer: PeerId,
    pub(crate) address: IpAddr,
    /// Whether the peer opened it. What we opened takes no place.
    pub(crate) inbound: bool,
    /// Whether it takes one of the strangers' places.
    pub(crate) stranger: bool,
}

/// All established connections.
#[derive(Debug, Default)]
pub(crate) struct Places {
    places: BTreeMap<ConnectionId, Place>,
}

impl Places {
    /// Lets a connection stand, if it needs no place or finds one.
    pub(crate) fn take(
        &mut self,
        connection: ConnectionId,
        place: Place,
        limits: &NetworkLimits,
    ) -> Result<(), Denied> {
        if place.stranger {
            self.check(place.address, limits)?;
        }
        self.places.insert(connection, place);
        Ok(())
    }

    /// The connection is closed, or was refused by others.
    pub(crate) fn free(&mut self, connection: &ConnectionId) {
        self.places.remove(connection);
    }

    /// The peer is no stranger any more. Gives the addresses it is connected from.
    pub(crate) fn promote(&mut self, peer: &PeerId) -> Vec<IpAddr> {
        let places = self.places.values_mut().filter(|place| place.peer == *peer);
        places.map(|place| std::mem::replace(place, Place { stranger: false, ..*place }).address).collect()
    }

    /// The peer is a stranger now. Gives those of its connections that find no place.
    pub(crate) fn demote(&mut self, peer: &PeerId, limits: &NetworkLimits) -> Vec<ConnectionId> {
        let held = |place: &Place| place.peer == *peer && place.inbound && !place.stranger;
        let connections: Vec<ConnectionId> =
            self.places.iter().filter(|(_, place)| held(place)).map(|(connection, _)| *connection).collect();
        let mut homeless = Vec::new();
        for connection in connections {
            let Some(place) = self.places.get(&connection).copied() else { continue };
            match self.take(connection, Place { stranger: true, ..place }, limits) {
                Ok(()) => (),
                Err(_) => homeless.push(connection),
            }
        }
        homeless
    }

    fn check(&self, address: IpAddr, limits: &NetworkLimits) -> Result<(), Denied> {
        let strangers = || self.places.values().filter(|place| place.stranger);
        let limit = limits.strangers_in_max;
        if strangers().count() >= limit {
            return Err(Denied::TooManyStrangers { limit });
        }
        let limit = limits.strangers_per_address_max;
        if strangers().filter(|place| place.address == address).count() >= limit {
            return Err(Denied::TooManyFromAddress { limit });
        }
        Ok(())
    }
}
