//! L1 as batches see it: origins, their age, epochs (rules B1 to B4, B6).

use rota_consensus::{Input, Rejected};
use rota_execution::L1Block as ExecutionL1Block;
use rota_proto::BatchHeader;
use rota_staking::{EpochError, L1Block, Origin};

use crate::{Effect, Halt, Replica, replica::epoch_context};

/// What L1 and the clock say of a batch.
pub(crate) enum OriginVerdict {
    /// Not seen yet, or ahead of our clock: no answer.
    Wait,
    /// L1 has another block there, or the batch breaks a bound: invalid.
    Contradicts,
    /// The block, or none where the parent's origin answers for it.
    Stands(Option<ExecutionL1Block>),
}

/// L1 blocks whose arrival is remembered until they may be adopted: more than ever settle at once.
const ORIGINS_SEEN_MAX: usize = 4_096;

impl Replica {
    pub(crate) fn take_l1(&mut self, block: &L1Block, refusals: &mut Vec<Rejected>) {
        let before = self.registry.newest_epoch();
        if let Err(error) = self.registry.apply(block) {
            return self.halt(Halt::L1(error));
        }
        if self.has_voters(block.number) {
            self.origins_seen.push_back((block.number, self.now_ms));
        }
        while self.origins_seen.len() > ORIGINS_SEEN_MAX {
            self.origins_seen.pop_front();
        }
        if self.registry.newest_epoch() > before {
            self.forget_expired();
            self.effects.push(Effect::PersistRegistry(self.registry.encode()));
        }
        self.enter_awaited_epoch(refusals);
    }

    /// The newest L1 block that has been final here for `origin_settle_ms` (rule B3), never below `least`.
    fn settled_origin(&self, least: u64) -> Option<Origin> {
        let settled = |(_, seen): &&(u64, u64)| seen + self.config.times.origin_settle_ms <= self.now_ms;
        let (number, _) = self.origins_seen.iter().rev().find(settled)?;
        self.registry.origin(*number).filter(|origin| origin.number >= least).copied()
    }

    /// Rules B2, B3: the settled origin if it moves on, else the parent's, if a batch on it is not too old.
    pub(crate) fn origin_to_build_on(&self, parent: &BatchHeader) -> Option<ExecutionL1Block> {
        let inherited = self.registry.origin(parent.origin().number).copied();
        let origin = self.settled_origin(parent.origin().number).or(inherited)?;
        let now_s = self.now_ms / 1_000;
        let young = now_s.saturating_sub(origin.timestamp) <= self.config.times.origin_age_max_s;
        young.then(|| seen(&origin))
    }

    /// Rules B1 to B4: what our clock and L1 say of a batch that is to be voted for.
    pub(crate) fn judge_origin(&self, header: &BatchHeader) -> OriginVerdict {
        let timestamp = header.header().timestamp;
        if timestamp.saturating_mul(1_000) > self.now_ms.saturating_add(self.config.times.clock_ahead_ms) {
            return OriginVerdict::Wait;
        }
        let parent = self.consensus.header(header.parent()).map(BatchHeader::origin);
        let named = header.origin();
        let found = self.registry.origin(named.number);
        if found.is_some_and(|origin| origin.id() != named || !self.has_voters(origin.number)) {
            return OriginVerdict::Contradicts;
        }
        let age_max = self.config.times.origin_age_max_s;
        if found.is_some_and(|origin| timestamp.saturating_sub(origin.timestamp) > age_max) {
            return OriginVerdict::Contradicts;
        }
        if parent == Some(named) {
            let old = found.is_some_and(|origin| (self.now_ms / 1_000).saturating_sub(origin.timestamp) > age_max);
            return if old { OriginVerdict::Wait } else { OriginVerdict::Stands(found.map(seen)) };
        }
        found.map_or(OriginVerdict::Wait, |origin| OriginVerdict::Stands(Some(seen(origin))))
    }

    /// Rule R8 of staking: a block of an epoch in which nobody can vote is no origin for any batch.
    fn has_voters(&self, number: u64) -> bool {
        let epoch = self.registry.genesis().schedule.epoch_of(number);
        epoch.is_ok_and(|epoch| !matches!(self.registry.set(epoch), Err(EpochError::NoVoters(_))))
    }

    /// Rule E3 of consensus: the next epoch begins once L1 has told its set and its leaders.
    pub(crate) fn enter_awaited_epoch(&mut self, refusals: &mut Vec<Rejected>) {
        let Some(epoch) = self.consensus.awaited_epoch() else { return };
        if let Ok(context) = epoch_context(&self.config, &self.registry, epoch) {
            self.slasher.finalized(rota_proto::Round::new(epoch, rota_proto::View::ZERO));
            self.effects.push(Effect::EpochBegan(context.set.clone()));
            self.consensus(Input::Epoch(context), refusals);
            self.go_on_following();
        }
    }

    /// Rule B6: whether L1 has left our epoch too far behind for us to vote in it.
    #[must_use]
    pub fn is_lagging(&self) -> bool {
        let ours = self.consensus.round().epoch;
        self.registry.newest_epoch().0 > ours.0.saturating_add(self.config.times.epoch_lag_max)
    }

    /// Whether a settled origin closes the epoch (rule B5).
    pub(crate) fn origin_closes_epoch(&self) -> bool {
        let head = self.consensus.head();
        let ours = self.consensus.round().epoch;
        let schedule = self.registry.genesis().schedule;
        self.settled_origin(head.origin().number)
            .and_then(|origin| schedule.epoch_of(origin.number).ok())
            .is_some_and(|epoch| epoch > ours)
    }
}

fn seen(origin: &Origin) -> ExecutionL1Block {
    ExecutionL1Block { origin: origin.id(), timestamp: origin.timestamp, prevrandao: origin.prevrandao }
}
