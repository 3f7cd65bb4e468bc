//! How much of peers' transactions may wait until the pool has answered (rule M1 of mempool).

use std::{collections::BTreeMap, sync::Arc};

use libp2p::PeerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of one peer that wait: four of the longest messages, or a second's work.
pub(super) const PEER_BYTES_MAX: usize = 4 << 20;

/// Authorizations of one peer whose signers are to be recovered: 64 transactions with as many as one may have, 0.16 s
/// of a core. They are shorter than transactions, so that bytes alone would allow more.
pub(super) const PEER_AUTHORIZATIONS_MAX: usize = 4_096;

/// Bytes of all peers that wait.
pub(super) const BYTES_MAX: usize = 64 << 20;

/// The shares of all peers.
pub(super) struct Shares {
    bytes: Arc<Semaphore>,
    peers: BTreeMap<PeerId, Share>,
}

/// What one peer may have waiting.
struct Share {
    bytes: Arc<Semaphore>,
    authorizations: Arc<Semaphore>,
}

/// A message that waits: its bytes, of its peer's and of all, and where places for its authorizations are to be had.
pub(super) struct MessagePlace {
    bytes: Arc<[OwnedSemaphorePermit; 2]>,
    authorizations: Arc<Semaphore>,
}

/// A transaction that waits: its message's bytes and its own authorizations.
pub(super) type TransactionPlace = (Arc<[OwnedSemaphorePermit; 2]>, OwnedSemaphorePermit);

impl Shares {
    pub(super) fn new() -> Self {
        Self { bytes: Arc::new(Semaphore::new(BYTES_MAX)), peers: BTreeMap::new() }
    }

    /// A place for a message of so many bytes, if there is one.
    pub(super) fn message(&mut self, peer: PeerId, bytes: usize) -> Option<MessagePlace> {
        let bytes = u32::try_from(bytes).ok()?;
        let share = self.peers.entry(peer).or_insert_with(|| Share {
            bytes: Arc::new(Semaphore::new(PEER_BYTES_MAX)),
            authorizations: Arc::new(Semaphore::new(PEER_AUTHORIZATIONS_MAX)),
        });
        let of_peer = Arc::clone(&share.bytes).try_acquire_many_owned(bytes).ok()?;
        let of_all = Arc::clone(&self.bytes).try_acquire_many_owned(bytes).ok()?;
        Some(MessagePlace { bytes: Arc::new([of_peer, of_all]), authorizations: Arc::clone(&share.authorizations) })
    }

    /// A peer is gone.
    pub(super) fn forget(&mut self, peer: &PeerId) {
        self.peers.remove(peer);
    }
}

impl MessagePlace {
    /// A place for one of its transactions, with so many authorizations, if there is one.
    pub(super) fn transaction(&self, authorizations: usize) -> Option<TransactionPlace> {
        let authorizations = u32::try_from(authorizations).ok()?;
        let place = Arc::clone(&self.authorizations).try_acquire_many_owned(authorizations).ok()?;
        Some((Arc::clone(&self.bytes), place))
    }
}
