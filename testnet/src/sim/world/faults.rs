//! What befalls nodes: crashes, and disks that fail.

use super::{Disk, Event, Fact, Host, NodeId, Slot, World};
use crate::sim::plan::{Crash, DiskFault};

/// A crash that has not fallen after this long falls anyhow.
const FUSE_MS: u64 = 500;

impl World {
    pub(super) fn light(&mut self, number: usize) {
        let Some(Crash { node, fuse, .. }) = self.plan.crashes.get(number).cloned() else { return };
        let up = |slot: &&mut Slot| slot.host.is_some() && slot.fuse.is_none();
        if let Some(slot) = self.slots.get_mut(node).filter(up) {
            slot.fuse = Some((fuse, number));
            self.out.queue.plan(self.out.queue.now().plus_ms(FUSE_MS), Event::Crash(number));
        }
    }

    pub(super) fn crash_by_plan(&mut self, node: NodeId, number: usize) {
        let down_ms = self.plan.crashes.get(number).map_or(0, |crash| crash.down_ms);
        self.crash(node, down_ms);
    }

    pub(super) fn crash(&mut self, node: NodeId, down_ms: u64) {
        let Some(flushed) = self.take_down(node) else { return };
        self.out.stats.crashes += 1;
        self.out.story.tell(node, &[70, flushed.into(), down_ms], || {
            format!("CRASHES for {down_ms} ms, {} unflushed", if flushed { "nothing" } else { "with writes" })
        });
        self.out.queue.plan(self.out.queue.now().plus_ms(down_ms), Event::Restart(node));
    }

    /// A node stops itself.
    pub(super) fn stop(&mut self, node: NodeId, kind: &'static str, why: String) {
        if self.take_down(node).is_some() {
            self.stay_down(node, kind, why);
        }
    }

    /// A node that is down has stopped itself, and stays so until somebody starts it.
    pub(super) fn stay_down(&mut self, node: NodeId, kind: &'static str, why: String) {
        self.out.stats.stops += 1;
        self.out.story.tell(node, &[71], || format!("STOPS ITSELF ({kind}): {why}"));
        self.out.facts.push((node, Fact::Stopped { kind, why }));
        self.stopped.insert(node, kind);
    }

    /// A node is gone but for its disk; says whether everything written was durable.
    fn take_down(&mut self, node: NodeId) -> Option<bool> {
        let slot = self.slots.get_mut(node)?;
        let mut remains = slot.host.take()?.crash();
        let flushed = remains.disk.is_flushed();
        let torn = remains.disk.crash(self.plan.tear, &mut self.out.random);
        self.out.stats.torn.extend(torn.map(|bytes| bytes as u64));
        (slot.down, slot.fuse) = (Some(remains), None);
        let station = self.out.station_mut(node);
        (station.life, station.up) = (station.life + 1, false);
        Some(flushed)
    }

    pub(super) fn break_disk(&mut self, number: usize) {
        let Some(DiskFault { node, kind, .. }) = self.plan.disk_faults.get(number).copied() else { return };
        self.out.story.tell(node, &[72], || format!("its disk fails from now on: {}", kind.error()));
        self.disks_of(node).for_each(|disk| disk.fail(kind.error()));
    }

    /// Whoever mends a disk starts the node, if it stopped for that.
    pub(super) fn mend_disk(&mut self, number: usize) {
        let Some(DiskFault { node, .. }) = self.plan.disk_faults.get(number).copied() else { return };
        self.out.story.tell(node, &[73], || "its disk is whole again".to_owned());
        self.disks_of(node).for_each(Disk::mend);
        if self.stopped.get(&node) == Some(&"disk") {
            self.stopped.remove(&node);
            self.start(node);
        }
    }

    /// The disk of a node, wherever it is.
    fn disks_of(&mut self, node: NodeId) -> impl Iterator<Item = &mut Disk> {
        self.slots.get_mut(node).into_iter().flat_map(|Slot { host, down, .. }| {
            let up = host.as_mut().map(Host::disk_mut);
            up.into_iter().chain(down.as_mut().map(|remains| &mut remains.disk))
        })
    }
}
