//! Peers that came lately: they are told the local transactions that wait, for nobody may have heard those.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use alloy_primitives::Bytes;
use libp2p::PeerId;
use rota_proto::Message;

use super::Driver;
use crate::network::Recipient;

/// Between a peer's coming and the first piece, for a peer listens to gossip some round trips after it came; and
/// between two pieces, half a mebibyte each: an eighth of what a node recovers for one peer.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// Who is told what next (rule N28 of the network). It holds connected peers alone.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    /// Those who are being told, and whether they speak for a validator.
    told: BTreeMap<PeerId, bool>,
    /// The number of the last local transaction that these were told.
    after: u64,
    /// Those who came meanwhile: their turn comes when the others know all.
    next: BTreeMap<PeerId, bool>,
    /// When the next piece is due, if anybody waits for one or had one just now.
    due: Option<Instant>,
}

/// A piece that is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// It begins after the local transaction of this number.
    pub(super) after: u64,
    /// Who speaks for a validator is told directly.
    pub(super) validators: Vec<PeerId>,
    /// Whether it is for others too.
    pub(super) others: bool,
}

impl Newcomers {
    /// A peer came, or speaks for a validator from now on.
    pub(super) fn came(&mut self, peer: PeerId, is_validator: bool, now: Instant) {
        self.told.remove(&peer);
        self.next.insert(peer, is_validator);
        self.due.get_or_insert(now + PAUSE);
    }

    /// A peer is gone.
    pub(super) fn gone(&mut self, peer: &PeerId) {
        self.told.remove(peer);
        self.next.remove(peer);
    }

    /// The piece that is due now, if one is.
    pub(super) fn due(&mut self, now: Instant) -> Option<Piece> {
        if self.due.is_none_or(|due| now < due) {
            return None;
        }
        if self.told.is_empty() {
            self.told = std::mem::take(&mut self.next);
            self.after = 0;
        }
        self.due = (!self.told.is_empty()).then_some(now + PAUSE);
        self.due?;
        let validators: Vec<PeerId> =
            self.told.iter().filter(|(_, is_validator)| **is_validator).map(|(peer, _)| *peer).collect();
        Some(Piece { after: self.after, others: validators.len() < self.told.len(), validators })
    }

    /// What was due was told; it went up to this number, or there is no more.
    pub(super) fn went_up_to(&mut self, last: Option<u64>) {
        match last {
            Some(last) => self.after = last,
            None => self.told.clear(),
        }
    }
}

impl Driver {
    /// N28 of the network: a piece of what waits here, to those who may not know it.
    pub(super) fn tell_newcomers(&mut self) {
        let Some(Piece { after, validators, others }) = self.newcomers.due(Instant::now()) else { return };
        let (transactions, last) = self.parts.replica.locals_after(after);
        self.newcomers.went_up_to(last);
        if transactions.is_empty() {
            return;
        }
        let transactions: Vec<Bytes> = transactions.iter().map(|transaction| transaction.encode()).collect();
        if others {
            self.complain(self.parts.network.publish_transactions(transactions.clone()));
        }
        let message = Message::Transactions(transactions);
        for peer in validators {
            self.complain(self.parts.network.send_to(Recipient::Peer(peer), &message));
        }
    }
}
