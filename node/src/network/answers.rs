//! What others ask of us, and the answers they have not taken yet (rules N31, N34).

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use libp2p::{PeerId, request_response::InboundRequestId};

use super::{limits::NetworkLimits, metrics::DropReason, rate::Bucket, trust::Trust};

/// A question of a peer, from when it came until its answer is taken.
#[derive(Clone, Copy, Debug)]
struct Open {
    peer: PeerId,
    trust: Trust,
    at: Instant,
    /// Of its answer; none before we have answered.
    bytes: usize,
}

/// The books of questions that others ask. An answer is held until its asker has taken it: so they are bounded in
/// bytes, by peer, for strangers and in all.
#[derive(Debug)]
pub(crate) struct Answers {
    open: BTreeMap<InboundRequestId, Open>,
    strangers: Bucket,
    limits: Arc<NetworkLimits>,
}

impl Answers {
    pub(crate) fn new(limits: Arc<NetworkLimits>) -> Self {
        Self { open: BTreeMap::new(), strangers: Bucket::new(limits.requests_of_strangers, Instant::now()), limits }
    }

    /// Opens a question until it is [`done`](Self::done), or says why it may not be asked.
    pub(crate) fn ask(
        &mut self,
        id: InboundRequestId,
        peer: PeerId,
        trust: Trust,
        now: Instant,
    ) -> Result<(), DropReason> {
        let patience = self.limits.request_timeout.saturating_add(Duration::from_secs(1));
        // The exchange itself gives up what is older.
        self.open.retain(|_, open| now.saturating_duration_since(open.at) < patience);
        let asked = self.open.values().filter(|open| open.peer == peer).count();
        if asked >= self.limits.requests_in_per_peer_max {
            return Err(DropReason::Rate);
        }
        if !self.has_room(peer, trust, 1) {
            return Err(DropReason::AnswersFull);
        }
        if trust == Trust::Stranger && !self.strangers.try_take(1.0, now) {
            return Err(DropReason::Rate);
        }
        self.open.insert(id, Open { peer, trust, at: now, bytes: 0 });
        Ok(())
    }

    /// Whether an answer of `bytes` may be held for its asker. Where the question is not open any more, nothing is
    /// held.
    pub(crate) fn answer(&mut self, id: &InboundRequestId, bytes: usize) -> bool {
        let Some(Open { peer, trust, .. }) = self.open.get(id).copied() else { return true };
        let room = self.has_room(peer, trust, bytes);
        if let Some(open) = self.open.get_mut(id).filter(|_| room) {
            open.bytes = bytes;
        }
        room
    }

    /// The question was answered, and the answer taken, or it came to nothing.
    pub(crate) fn done(&mut self, id: &InboundRequestId) {
        self.open.remove(id);
    }

    fn has_room(&self, peer: PeerId, trust: Trust, bytes: usize) -> bool {
        let held = |fits: &dyn Fn(&Open) -> bool| {
            let held: usize = self.open.values().filter(|open| fits(open)).map(|open| open.bytes).sum();
            held.saturating_add(bytes)
        };
        held(&|open| open.peer == peer) <= self.limits.answers_bytes_per_peer_max
            && held(&|_| true) <= self.limits.answers_bytes_max
            && (trust != Trust::Stranger
                || held(&|open| open.trust == Trust::Stranger) <= self.limits.answers_bytes_of_strangers_max)
    }
}
