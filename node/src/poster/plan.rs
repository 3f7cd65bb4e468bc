//! What to do next (rules P5 to P14, P20, P21; E6 to E8 of evidence): a pure function of L1's picture, our chain, the
//! journal and the clock.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use rota_staking::bindings::MAX_ENTRY_BATCHES;

use super::{
    fees::{Fees, Market},
    turn,
    words::{Backlog, Charge, ChoreName, End, Errand, Fate, InboxHead, L1View, Purpose, Rest, Sent, Step},
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

/// How much longer backups wait while a batch goes out in parts, which have to be final on L1 before their entry.
const LONG_PATIENCE: u64 = 20;

/// Plans; it remembers only since when a turn runs.
#[derive(Clone, Debug)]
pub struct Planner {
    rules: PlanRules,
    /// The head that something waits to be posted on, and since when we have seen both, in milliseconds.
    waiting: Option<(InboxHead, u64)>,
    /// Validators that are to be slashed and are not, and since when we have seen that, in milliseconds.
    charged: BTreeMap<Address, u64>,
    /// Since when we have seen that the set of an epoch waits to be formed, in milliseconds.
    unformed: Option<(u64, u64)>,
    /// What L1 is to be told besides, and since when we have seen each, in milliseconds.
    chores: BTreeMap<ChoreName, u64>,
    /// The last block of L1, and since when we have seen it, in milliseconds.
    block: (u64, u64),
}

impl Planner {
    /// A plan that has seen nothing yet.
    #[must_use]
    pub const fn new(rules: PlanRules) -> Self {
        Self { rules, waiting: None, charged: BTreeMap::new(), unformed: None, chores: BTreeMap::new(), block: (0, 0) }
    }

    /// The next step.
    pub fn next(&mut self, view: &L1View, backlog: &Backlog, sent: Option<&Sent>, now_ms: u64) -> Step {
        self.note(view, backlog, now_ms);
        let market = Market { base_fee: view.base_fee, tip: view.tip, cap: self.rules.max_fee };
        let wanted = self.wanted(view, backlog, now_ms);
        let Some(sent) = sent else {
            return match (wanted, Fees::first(&market)) {
                (Err(rest), _) => Step::Rest(rest),
                (Ok(_), Err(capped)) => Step::Rest(Rest::Capped(capped)),
                (Ok(errand), Ok(fees)) => Step::Post { errand, nonce: view.nonce, fees },
            };
        };
        if let Some(end) = end_of(sent, view) {
            return Step::Settle(end);
        }
        let is_wanted = is_wanted(&sent.purpose, view);
        if is_wanted == Some(false) && (sent.purpose != Purpose::Cancel || wanted.is_ok()) {
            return replace(sent, view, &market, wanted);
        }
        let slow = view.block >= sent.block.saturating_add(self.rules.replace_after_blocks);
        let is_mined = matches!(view.fate, Fate::Done | Fate::Reverted);
        // E7 of evidence: it takes the place of what L1 is slow with, if the cap allows.
        let gives_way = slow && !is_mined && !matches!(sent.purpose, Purpose::Slash(_));
        if gives_way
            && matches!(wanted, Ok(Errand::Slash(_)))
            && let step @ Step::Post { .. } = replace(sent, view, &market, wanted)
        {
            return step;
        }
        if is_wanted.is_none() {
            return Step::Rest(Rest::Unknown);
        }
        go_on(sent, view, &market, slow)
    }

    /// Notes since when something waits: batches on this head, and each charge. Time in which L1 made no block does not
    /// count: with its next one everyone begins anew (rule P6).
    fn note(&mut self, view: &L1View, backlog: &Backlog, now_ms: u64) {
        let absent = self.stands_still(now_ms) && view.block != self.block.0;
        if view.block != self.block.0 {
            self.block = (view.block, now_ms);
        }
        let known = self.waiting.filter(|(head, _)| Some(*head) == view.head && !absent);
        let due = view.head.filter(|_| self.is_due(backlog, now_ms));
        self.waiting = due.map(|head| known.unwrap_or((head, now_ms)));
        let open = || view.charges.iter().filter(|charge| !charge.slashed).map(|charge| charge.validator);
        self.charged.retain(|validator, _| !absent && open().any(|charged| charged == *validator));
        for validator in open() {
            self.charged.entry(validator).or_insert(now_ms);
        }
        let known = self.unformed.filter(|(epoch, _)| *epoch == view.epoch && !absent);
        self.unformed = view.unformed.then(|| known.unwrap_or((view.epoch, now_ms)));
        self.chores.retain(|chore, _| !absent && view.chores.contains(chore));
        for chore in &view.chores {
            self.chores.entry(*chore).or_insert(now_ms);
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

    /// What is to be sent now: evidence of votes first (E7 of evidence), then batches, then what L1 is to be told
    /// besides (P21), the sets last (P20).
    fn wanted(&self, view: &L1View, backlog: &Backlog, now_ms: u64) -> Result<Errand, Rest> {
        if let Some(charge) = view.charges.iter().find(|charge| self.may_charge(view, charge, now_ms)) {
            return Ok(Errand::Slash(charge.validator));
        }
        let chore = || view.chores.iter().find(|chore| self.may_tell(view, **chore, now_ms));
        match self.may_post(view, backlog, now_ms) {
            Ok(()) => Ok(Errand::Append),
            Err(rest) => match chore() {
                Some(chore) => Ok(Errand::Chore(*chore)),
                None if self.may_advance(view, now_ms) => Ok(Errand::Advance),
                None => Err(rest),
            },
        }
    }

    /// Whether a turn has come that stands at this position, for something that we have seen to wait since then.
    const fn has_come(&self, position: u64, since_ms: u64, now_ms: u64) -> bool {
        let early = now_ms.saturating_sub(since_ms) < position.saturating_mul(self.rules.backup_after_ms);
        !early && (position == 0 || !self.stands_still(now_ms))
    }

    /// Rule P21: whether it is our turn to tell L1 of something. Its own leaf concerns a validator most.
    fn may_tell(&self, view: &L1View, chore: ChoreName, now_ms: u64) -> bool {
        let Some(since_ms) = self.chores.get(&chore) else { return false };
        let position = match chore {
            ChoreName::Bring { validator, .. } if validator == self.rules.validator => Some(0),
            ChoreName::Accuse { validator } => self.judge(view, validator),
            ChoreName::Bring { .. } | ChoreName::Attest { .. } => {
                let seed = turn::chore_seed(self.rules.rollup_chain_id, view.epoch, chore);
                turn::position(&turn::order(seed, &view.members), self.rules.validator)
            }
        };
        position.is_some_and(|position| self.has_come(position, *since_ms, now_ms))
    }

    /// Rule P20: whether it is our turn to go on with the sets.
    fn may_advance(&self, view: &L1View, now_ms: u64) -> bool {
        let Some((epoch, since_ms)) = self.unformed else { return false };
        let order = turn::order(turn::advance_seed(self.rules.rollup_chain_id, epoch), &view.members);
        turn::position(&order, self.rules.validator).is_some_and(|position| self.has_come(position, since_ms, now_ms))
    }

    /// E6 of evidence: our position among those who may have a validator slashed, the last of all if we are no member.
    /// Nobody does that to itself.
    fn judge(&self, view: &L1View, accused: Address) -> Option<u64> {
        if accused == self.rules.validator {
            return None;
        }
        let seed = turn::charge_seed(self.rules.rollup_chain_id, view.epoch, accused);
        let judges: Vec<_> = view.members.iter().copied().filter(|member| member.validator != accused).collect();
        let order = turn::order(seed, &judges);
        let last = u64::try_from(order.len()).unwrap_or(u64::MAX);
        Some(turn::position(&order, self.rules.validator).unwrap_or(last))
    }

    /// E6 of evidence: whether it is our turn to have a validator slashed.
    fn may_charge(&self, view: &L1View, charge: &Charge, now_ms: u64) -> bool {
        let (Some(since_ms), Some(position)) =
            (self.charged.get(&charge.validator), self.judge(view, charge.validator))
        else {
            return false;
        };
        let waits = if charge.pending && position > 0 { position.saturating_add(1) } else { position };
        self.has_come(waits, *since_ms, now_ms)
    }

    /// Rules P5 to P7: whether it is our turn.
    fn may_post(&self, view: &L1View, backlog: &Backlog, now_ms: u64) -> Result<(), Rest> {
        let head = view.head.ok_or(Rest::Unknown)?;
        if backlog.batches == 0 {
            return Err(Rest::NothingToPost);
        }
        let Some((_, since_ms)) = self.waiting else { return Err(Rest::TooLittle) };
        let seed = turn::seed(self.rules.rollup_chain_id, view.epoch, head.link, head.next_height);
        let order = turn::order(seed, &view.members);
        let position = turn::position(&order, self.rules.validator).ok_or(Rest::NotMember)?;
        let waited_ms = now_ms.saturating_sub(since_ms);
        let patience = if backlog.is_long { LONG_PATIENCE } else { 1 };
        let early = waited_ms < position.saturating_mul(self.rules.backup_after_ms).saturating_mul(patience);
        if early || position > 0 && self.stands_still(now_ms) {
            return Err(Rest::OthersTurn { position });
        }
        let patience_ms = position.saturating_add(1).saturating_mul(self.rules.backup_after_ms);
        if position > 0 && view.pending_next > head.next_height && waited_ms < patience_ms {
            return Err(Rest::SomebodyPends);
        }
        Ok(())
    }
}

/// Whether what a transaction was sent for is still to be done; none if nobody knows.
fn is_wanted(purpose: &Purpose, view: &L1View) -> Option<bool> {
    match purpose {
        Purpose::Append(entry) => {
            view.head.map(|head| entry.parent_link == head.link && entry.first_height == head.next_height)
        }
        Purpose::Part { entry, .. } => view.head.map(|head| entry.first_height == head.next_height),
        Purpose::Slash(validator) => {
            Some(view.charges.iter().any(|charge| charge.validator == *validator && !charge.slashed))
        }
        Purpose::Advance => Some(view.unformed),
        Purpose::Chore(chore) => Some(view.chores.contains(chore)),
        Purpose::Cancel => Some(false),
    }
}

/// P12: the nonce of a transaction that came too late goes to the next one, or to nothing. What L1's endpoint does not
/// know it need not outbid: at the cap, a transaction that all pools dropped would block its nonce.
fn replace(sent: &Sent, view: &L1View, market: &Market, wanted: Result<Errand, Rest>) -> Step {
    let fees = match view.fate {
        Fate::Done | Fate::Reverted => return Step::Rest(Rest::AwaitsMining),
        Fate::Unknown => Fees::first(market),
        Fate::Underpriced | Fate::Waiting => sent.fees.raised(market),
    };
    match (fees, wanted) {
        (Err(capped), _) => Step::Rest(Rest::Capped(capped)),
        (Ok(fees), Ok(errand)) => Step::Post { errand, nonce: sent.nonce, fees },
        (Ok(fees), Err(_)) => Step::Cancel(fees),
    }
}

/// P8, P10: a transaction in flight is awaited, sent again, or better paid.
fn go_on(sent: &Sent, view: &L1View, market: &Market, slow: bool) -> Step {
    match (view.fate, slow) {
        // Done or reverted: it was mined after the block of this view.
        (Fate::Done | Fate::Reverted, _) | (Fate::Waiting, false) => Step::Rest(Rest::AwaitsMining),
        (Fate::Unknown, false) => Step::Resend,
        (Fate::Underpriced, _) | (Fate::Unknown | Fate::Waiting, true) => match (sent.fees.raised(market), view.fate) {
            (Ok(fees), _) => Step::Raise(fees),
            (Err(_), Fate::Unknown) => Step::Resend,
            (Err(capped), _) => Step::Rest(Rest::Capped(capped)),
        },
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
