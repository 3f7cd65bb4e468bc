//! Building batches and checking those of others, with the stand-in execution (rule D5).

use std::collections::BTreeSet;

use alloy_primitives::B256;
use rota_consensus::{BuildRequest, Input};
use rota_proto::{BatchHeader, ExtraData};

use super::{Body, Check, Host};
use crate::sim::{
    batch::{self, Content, TRANSACTIONS_MAX},
    l1::fee_recipient,
    outside::{Outside, Wake},
    story::{Brief, short},
};

/// A timestamp may lie so many seconds ahead of a node's clock.
const AHEAD_S: u64 = 1;

impl Host {
    /// Builds a batch on the parent and answers a little later.
    pub(super) fn build(&mut self, request: BuildRequest, out: &mut Outside) {
        let Some(parent) = self.header(request.parent).cloned() else { return };
        let settled = out.l1.block(out.station(self.id).l1_settled);
        let origin = if settled.origin.number > parent.extra().origin_number {
            settled
        } else {
            out.l1.block(parent.extra().origin_number)
        };
        let now = out.clock_ms(self.id) / 1_000;
        let placed = self.unfinal_transactions(request.parent);
        let free = |transaction: &u64| !placed.contains(transaction) && !self.disk.is_spent(*transaction);
        let transactions: Vec<u64> = self.pool.iter().filter(free).take(TRANSACTIONS_MAX).collect();
        let content = Content {
            extra: ExtraData {
                epoch: request.round.epoch,
                origin_number: origin.origin.number,
                parent_view: request.parent_view,
                parent_signers: request.parent_signers,
            },
            timestamp: now.max(origin.timestamp).max(parent.header().timestamp),
            origin,
            beneficiary: fee_recipient(self.id),
            body: batch::body(&transactions),
        };
        let header = batch::build(&parent, &content);
        let numbers = [30, short(header.hash()), transactions.len() as u64];
        out.story.tell(self.id, &numbers, || {
            let (hash, height, number) = (Brief(header.hash()), header.height(), origin.origin.number);
            format!("  builds {hash} height {height} with {} transactions on L1 block {number}", transactions.len())
        });
        let body = Body { bytes: content.body, transactions: transactions.into_iter().collect() };
        self.bodies.insert(header.hash(), body);
        self.headers.insert(header.hash(), header.clone());
        let after = out.up_to(out.settings.execution_us);
        let built = Input::Built { round: request.round, header: Box::new(header) };
        out.wake(self.id, after, Wake::Input(Box::new(built)));
    }

    /// Transactions of the batches above the final one, down from this one.
    fn unfinal_transactions(&self, batch: B256) -> BTreeSet<u64> {
        let mut all = BTreeSet::new();
        let mut at = batch;
        while let (Some(header), Some(body)) = (self.headers.get(&at), self.bodies.get(&at)) {
            all.extend(&body.transactions);
            at = header.parent();
        }
        all
    }

    /// Answers the checks that need not wait any longer.
    pub(super) fn look_at_checks(&mut self, out: &mut Outside) {
        for check in std::mem::take(&mut self.checks) {
            let Some(header) = self.header(check.batch).cloned() else { continue };
            match self.verdict(&header, check, out) {
                None => self.checks.push(check),
                Some(valid) => {
                    let numbers = [31, short(check.batch), valid.into()];
                    out.story.tell(self.id, &numbers, || {
                        format!("  finds {} {}", Brief(check.batch), if valid { "valid" } else { "INVALID" })
                    });
                    let after = out.up_to(out.settings.execution_us);
                    let checked = Input::Checked { batch: check.batch, valid };
                    out.wake(self.id, after, Wake::Input(Box::new(checked)));
                }
            }
        }
    }

    /// Whether a batch is valid; nothing while its L1 block is not seen or its time has not come.
    fn verdict(&self, header: &BatchHeader, check: Check, out: &mut Outside) -> Option<bool> {
        let parent = self.header(header.parent())?;
        let body = self.bodies.get(&check.batch)?;
        let origin = out.l1.block(header.extra().origin_number);
        if header.extra().origin_number > out.station(self.id).l1_seen {
            return None;
        }
        let clock = out.clock_ms(self.id);
        if header.header().timestamp > clock / 1_000 + AHEAD_S {
            let due_ms = (header.header().timestamp - AHEAD_S) * 1_000 - clock;
            out.wake(self.id, due_ms * 1_000, Wake::Look);
            return None;
        }
        let earned = check.proposer.map(|place| fee_recipient(place.number().into()));
        let content = Content {
            extra: *header.extra(),
            origin,
            timestamp: header.header().timestamp,
            beneficiary: earned.unwrap_or(header.header().beneficiary),
            body: body.bytes.clone(),
        };
        Some(self.is_fresh(header, body) && follows(parent, &content) && batch::build(parent, &content) == *header)
    }

    /// None of its transactions is on the chain below it.
    fn is_fresh(&self, header: &BatchHeader, body: &Body) -> bool {
        let placed = self.unfinal_transactions(header.parent());
        let fresh = |transaction: &u64| !placed.contains(transaction) && !self.disk.is_spent(*transaction);
        body.transactions.iter().all(fresh)
    }
}

/// Neither time nor L1 runs backwards.
fn follows(parent: &BatchHeader, content: &Content) -> bool {
    content.origin.origin.number >= parent.extra().origin_number
        && content.timestamp >= parent.header().timestamp.max(content.origin.timestamp)
}
