//! The clients: they send transactions, and send again what is not final.

use super::{Event, Fact, NodeId, Slot, Time, World};
use crate::sim::wallets;

/// Clients send again what is not final after this long.
const RESEND_MS: u64 = 2_000;
/// Transactions that clients have under way at a time.
const CLIENT_WINDOW: usize = 128;

impl World {
    pub(super) fn plan_clients(&mut self) {
        self.out.queue.plan(Time::from_ms(RESEND_MS), Event::Resend);
        self.plan_client(Time::default());
    }

    /// Clients send one transaction, if they are at work.
    pub(super) fn client(&mut self) {
        let now = self.out.queue.now();
        if self.out.clients.waiting.len() < CLIENT_WINDOW {
            let number = self.out.clients.sent;
            self.out.clients.sent += 1;
            self.submit(number);
        }
        self.plan_client(now.plus_ms(self.plan.work.interval_ms));
    }

    /// The next transaction: at this time, or when the pause in which it lies is over.
    fn plan_client(&mut self, at: Time) {
        let pause = self.plan.work.pauses.iter().find(|pause| pause.contains(&at));
        let at = pause.map_or(at, |pause| pause.end);
        self.out.queue.plan(at, Event::Client);
    }

    pub(super) fn resend(&mut self) {
        let now = self.out.queue.now();
        let late = |(_, sent): &(&u64, &Time)| now.ms_since(**sent) >= RESEND_MS;
        let late: Vec<u64> = self.out.clients.waiting.iter().filter(late).map(|(number, _)| *number).collect();
        for number in late {
            self.submit(number);
        }
        self.out.queue.plan(now.plus_ms(RESEND_MS), Event::Resend);
    }

    fn submit(&mut self, number: u64) {
        let now = self.out.queue.now();
        self.out.clients.waiting.insert(number, now);
        let up = |(node, slot): (NodeId, &Slot)| slot.host.is_some().then_some(node);
        let up: Vec<NodeId> = self.slots.iter().enumerate().filter_map(up).collect();
        if !up.is_empty() {
            let node = *self.out.random.pick(&up);
            let transaction = wallets::of_clients(number);
            self.out.facts.push((node, Fact::Submitted(transaction.hash())));
            self.with_host(node, |host, out| host.submit(transaction, out));
        }
    }
}
