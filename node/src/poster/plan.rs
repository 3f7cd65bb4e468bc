//! What to do next (rules P5 to P14): a pure function of L1's picture, our chain, the journal and the clock.

use alloy_primitives::{Address, B256};
use rota_staking::bindings::{IRotaInbox::Entry, MAX_ENTRY_BATCHES};
use serde::{Deserialize, Serialize};

use super::{
    fees::{FeeCap, Fees, Market},
    turn::{self, Member},
};

/// The numbers that a plan goes by; their defaults stand in `PosterToml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanRules {
    /// Goes into the draw of the turns.
    pub rollup_chain_id: u64,
    /// The validator that we post for.
    pub validator: Address,
    /// How long each backup waits longer than the one before it, in milliseconds.
    pub backup_after_ms: u64,
    /// A batch is posted at this age at the latest, in seconds.
    pub max_wait_s: u64,
    /// So much is enough to post before that, in bytes before compression.
    pub min_bytes: usize,
    /// A transaction is replaced when it was not mined after so many L1 blocks.
    pub replace_after_blocks: u64,
    /// The most to be paid, in wei per gas.
    pub max_fee: u128,
}

/// The head of the inbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InboxHead {
    /// The link of the last entry.
    pub link: B256,
    /// The height that comes next, above 0.
    pub next_height: u64,
}

/// L1 at one of its blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct L1View {
    /// The block's number.
    pub block: u64,
    /// The base fee and the tip of now, in wei per gas.
    pub base_fee: u128,
    /// The tip to offer, in wei per gas.
    pub tip: u128,
    /// The inbox's head.
    pub head: InboxHead,
    /// The next height after what waits to be mined, as far as the endpoint knows.
    pub pending_next: u64,
    /// Transactions of the submitter that are mined.
    pub nonce: u64,
    /// The L1 epoch, of which the members are.
    pub epoch: u64,
    /// Who may post.
    pub members: Vec<Member>,
    /// What became of the transaction in the journal.
    pub fate: Fate,
}

/// What became of the transaction in the journal, or of one that it replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// L1's endpoint does not know it.
    #[default]
    Unknown,
    /// L1's endpoint refused it for its fees.
    Underpriced,
    /// It waits to be mined.
    Waiting,
    /// It is mined and did what it was to do.
    Done,
    /// It is mined and was reverted.
    Reverted,
}

/// Our final batches that L1 does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many.
    pub batches: u64,
    /// Their bytes before compression, counted as far as is enough to post.
    pub bytes: usize,
    /// The timestamp of the first, in seconds since 1970.
    pub oldest_s: u64,
    /// Whether the first may be too long for one transaction.
    pub is_long: bool,
}

/// What a transaction was sent for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To append an entry.
    Append(PlannedEntry),
    /// To carry a part of an entry that alone is too long.
    Part {
        /// The entry.
        entry: PlannedEntry,
        /// keccak256 of its stream.
        stream: B256,
    },
    /// To use up a nonce, so that an append that would be reverted is never mined.
    Cancel,
}

/// The entry of a transaction, as far as a plan goes by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedEntry {
    /// Its first height.
    pub first_height: u64,
    /// Its last height.
    pub last_height: u64,
    /// The link that it follows.
    pub parent_link: B256,
}

impl From<&Entry> for PlannedEntry {
    fn from(entry: &Entry) -> Self {
        Self { first_height: entry.firstHeight, last_height: entry.lastHeight, parent_link: entry.parentLink }
    }
}

/// The transaction that the journal holds: at most one nonce is in use at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Its nonce.
    pub nonce: u64,
    /// What it is for.
    pub purpose: Purpose,
    /// Its fees.
    pub fees: Fees,
    /// The L1 block after which it was sent.
    pub block: u64,
}

/// Why nothing is done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// L1 has everything.
    NothingToPost,
    /// There is little, and it is young.
    TooLittle,
    /// The validator is not in the set of the current L1 epoch.
    NotMember,
    /// Others come first.
    OthersTurn {
        /// Our position in the order.
        position: u64,
    },
    /// We are a backup, and somebody's append waits to be mined.
    SomebodyPends,
    /// Ours waits to be mined.
    AwaitsMining,
    /// The cap does not allow what L1 asks.
    Capped(FeeCap),
}

/// How the transaction in the journal ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was mined and did what it was to do.
    Done,
    /// It was mined and reverted: somebody else was first, or L1's state changed under it.
    Reverted,
    /// Another transaction took its nonce.
    Overtaken,
    /// L1 went back behind it: a transaction before it is not mined any more.
    Vanished,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Rest(Rest),
    /// Post the next entry with this nonce and these fees.
    Post {
        /// The nonce.
        nonce: u64,
        /// The fees.
        fees: Fees,
    },
    /// Send the transaction of the journal again as it is.
    Resend,
    /// Send the transaction of the journal again with these fees.
    Raise(Fees),
    /// Use up the nonce of the transaction of the journal.
    Cancel(Fees),
    /// Forget the transaction of the journal: it ended.
    Settle(End),
}

/// How much longer backups wait while a batch goes out in parts, which have to be final on L1 before their entry.
const LONG_PATIENCE: u64 = 20;

/// Plans; it remembers only since when a turn runs.
#[derive(Clone, Debug)]
pub struct Planner {
    rules: PlanRules,
    /// The head that something waits to be posted on, and since when we have seen both, in milliseconds.
    waiting: Option<(InboxHead, u64)>,
    /// The last block of L1, and since when we have seen it, in milliseconds.
    block: (u64, u64),
}

impl Planner {
    /// A plan that has seen nothing yet.
    #[must_use]
    pub const fn new(rules: PlanRules) -> Self {
        Self { rules, waiting: None, block: (0, 0) }
    }

    /// The next step.
    pub fn next(&mut self, view: &L1View, backlog: &Backlog, sent: Option<&Sent>, now_ms: u64) -> Step {
        self.note(view, backlog, now_ms);
        let market = Market { base_fee: view.base_fee, tip: view.tip, cap: self.rules.max_fee };
        let Some(sent) = sent else {
            return match (self.may_post(view, backlog, now_ms), Fees::first(&market)) {
                (Err(rest), _) => Step::Rest(rest),
                (Ok(()), Err(capped)) => Step::Rest(Rest::Capped(capped)),
                (Ok(()), Ok(fees)) => Step::Post { nonce: view.nonce, fees },
            };
        };
        if let Some(end) = end_of(sent, view) {
            return Step::Settle(end);
        }
        let follows = match &sent.purpose {
            Purpose::Append(entry) => {
                entry.parent_link == view.head.link && entry.first_height == view.head.next_height
            }
            Purpose::Part { entry, .. } => entry.first_height == view.head.next_height,
            Purpose::Cancel => false,
        };
        if !follows && (sent.purpose != Purpose::Cancel || self.may_post(view, backlog, now_ms).is_ok()) {
            // P12: the nonce of an append that came too late goes to the next one, or to nothing. What L1's endpoint
            // does not know it need not outbid: at the cap, a transaction that all pools dropped would block its nonce.
            let fees = match view.fate {
                Fate::Done | Fate::Reverted => return Step::Rest(Rest::AwaitsMining),
                Fate::Unknown => Fees::first(&market),
                Fate::Underpriced | Fate::Waiting => sent.fees.raised(&market),
            };
            return match (fees, self.may_post(view, backlog, now_ms)) {
                (Err(capped), _) => Step::Rest(Rest::Capped(capped)),
                (Ok(fees), Ok(())) => Step::Post { nonce: sent.nonce, fees },
                (Ok(fees), Err(_)) => Step::Cancel(fees),
            };
        }
        let slow = view.block >= sent.block.saturating_add(self.rules.replace_after_blocks);
        match (view.fate, slow) {
            // Done or reverted: it was mined after the block of this view.
            (Fate::Done | Fate::Reverted, _) | (Fate::Waiting, false) => Step::Rest(Rest::AwaitsMining),
            (Fate::Unknown, false) => Step::Resend,
            (Fate::Underpriced, _) | (Fate::Unknown | Fate::Waiting, true) => {
                match (sent.fees.raised(&market), view.fate) {
                    (Ok(fees), _) => Step::Raise(fees),
                    (Err(_), Fate::Unknown) => Step::Resend,
                    (Err(capped), _) => Step::Rest(Rest::Capped(capped)),
                }
            }
        }
    }

    /// Notes since when something waits on this head. Time in which L1 made no block does not count: with its next one
    /// everyone begins anew (rule P6).
    fn note(&mut self, view: &L1View, backlog: &Backlog, now_ms: u64) {
        let absent = self.stands_still(now_ms) && view.block != self.block.0;
        if view.block != self.block.0 {
            self.block = (view.block, now_ms);
        }
        let due = self.is_due(backlog, now_ms);
        let same = self.waiting.is_some_and(|(head, _)| head == view.head);
        if !due {
            self.waiting = None;
        } else if !same || absent {
            self.waiting = Some((view.head, now_ms));
        }
    }

    /// Whether L1 has made no block for as long as a backup waits.
    const fn stands_still(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.block.1) > self.rules.backup_after_ms
    }

    /// Rule P5: enough to fill an entry, or a batch that has waited long enough.
    const fn is_due(&self, backlog: &Backlog, now_ms: u64) -> bool {
        let old = now_ms / 1_000 >= backlog.oldest_s.saturating_add(self.rules.max_wait_s);
        let full = backlog.bytes >= self.rules.min_bytes || backlog.batches >= MAX_ENTRY_BATCHES;
        backlog.batches > 0 && (old || full)
    }

    /// Rules P5 to P7: whether it is our turn.
    fn may_post(&self, view: &L1View, backlog: &Backlog, now_ms: u64) -> Result<(), Rest> {
        if backlog.batches == 0 {
            return Err(Rest::NothingToPost);
        }
        let Some((_, since_ms)) = self.waiting else { return Err(Rest::TooLittle) };
        let seed = turn::seed(self.rules.rollup_chain_id, view.epoch, view.head.link, view.head.next_height);
        let order = turn::order(seed, &view.members);
        let position = turn::position(&order, self.rules.validator).ok_or(Rest::NotMember)?;
        let waited_ms = now_ms.saturating_sub(since_ms);
        let patience = if backlog.is_long { LONG_PATIENCE } else { 1 };
        let early = waited_ms < position.saturating_mul(self.rules.backup_after_ms).saturating_mul(patience);
        if early || position > 0 && self.stands_still(now_ms) {
            return Err(Rest::OthersTurn { position });
        }
        let patience_ms = position.saturating_add(1).saturating_mul(self.rules.backup_after_ms);
        if position > 0 && view.pending_next > view.head.next_height && waited_ms < patience_ms {
            return Err(Rest::SomebodyPends);
        }
        Ok(())
    }
}

/// Rule P11: whether the transaction of the journal is over. The count of mined transactions says so, whatever else
/// L1's endpoint remembers.
fn end_of(sent: &Sent, view: &L1View) -> Option<End> {
    if view.nonce < sent.nonce {
        return Some(End::Vanished);
    }
    (view.nonce > sent.nonce).then_some(match view.fate {
        Fate::Done => End::Done,
        Fate::Reverted => End::Reverted,
        Fate::Unknown | Fate::Underpriced | Fate::Waiting => End::Overtaken,
    })
}

#[cfg(test)]
#[path = "tests/plan.rs"]
mod tests;
