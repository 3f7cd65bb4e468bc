//! How transactions come in whose authorizations somebody must recover first (rule B13).

use std::sync::Arc;

use rota_mempool::{Added, Refused, Status};
use rota_proto::Transaction;

use super::{
    node::{Node, has, leading},
    world::Wallet,
};
use crate::{Arrival, Effect, Event, Source};

/// A transaction of wallet 0 that may delegate the account of wallet 1.
fn delegates(nonce: u64) -> Arc<Transaction> {
    Wallet::new(0).delegates(nonce, &Wallet::new(1))
}

/// A node without hands, what it wants recovered, and what it answered.
struct Door {
    node: Node,
    recover: Vec<Arrival>,
    answers: Vec<(u64, Result<Added, Refused>)>,
}

impl Door {
    fn new() -> Self {
        Self { node: leading(), recover: Vec::new(), answers: Vec::new() }
    }

    fn step(&mut self, event: Event) {
        let effects = self.node.replica_alone()(event);
        for effect in effects {
            if let Effect::Recover(arrival) = effect {
                self.recover.push(*arrival);
            } else if let Effect::Submitted { id, result } = effect {
                self.answers.push((id, result));
            }
        }
    }

    /// These come in one message; each is numbered by its nonce.
    fn come(&mut self, from: Source, transactions: &[Arc<Transaction>]) {
        let list = transactions.iter().map(|one| self.node.arrival(from, one)).collect();
        self.step(Event::Transactions(list));
    }

    /// Another thread has recovered the signers of the first that waits for it.
    fn recovered(&mut self) {
        let arrival = self.recover.remove(0);
        let recovered = arrival.recover(self.node.replica.pool().rules());
        self.step(Event::Recovered(Box::new(recovered)));
    }

    /// What was answered since, in order: by nonce, and whether it can be executed.
    #[track_caller]
    fn taken(&mut self) -> Vec<(u64, Status)> {
        let answers = std::mem::take(&mut self.answers).into_iter();
        answers.map(|(id, result)| (id, result.expect("taken").status)).collect()
    }

    /// The text of the only refusal.
    #[track_caller]
    fn refusal(&mut self) -> String {
        let answers = std::mem::take(&mut self.answers);
        let [(_, Err(refused))] = answers.as_slice() else { panic!("one refusal, not {answers:?}") };
        refused.to_string()
    }

    fn nonces_to_recover(&self) -> Vec<u64> {
        self.recover.iter().map(|arrival| arrival.form.transaction().nonce()).collect()
    }
}

/// Rule B13, rule M1 of mempool: no way in recovers a signature in the replica's own step, and nothing is in before.
#[test]
fn signers_of_authorizations_are_recovered_by_the_host_whoever_sent_them() {
    for from in [Source::User, Source::Validator, Source::Stranger] {
        let mut door = Door::new();
        door.come(from, &[delegates(0)]);
        assert_eq!(door.nonces_to_recover(), [0]);
        assert!(door.answers.is_empty() && door.node.replica.pool().totals().pending == 0);
        door.recovered();
        assert_eq!(door.taken(), [(0, Status::Pending)]);
        assert!(door.node.replica.lines.is_empty());
    }
}

/// Rule B13: the answer of the host is all that is missing.
#[test]
fn host_that_answers_takes_transactions_with_authorizations_in() {
    let mut node = leading();
    let done = node.submit(&[delegates(0)]);
    assert!(has(&done, "recover") && has(&done, "share") && has(&done, "submitted"), "{done:?}");
    assert_eq!(node.replica.pool().totals().pending, 1);
}

/// Rule B13, rule M1 of mempool: whoever is refused whatever the signers costs no recovery, with geth's text.
#[test]
fn what_is_refused_anyhow_is_not_recovered() {
    let poor = Wallet::new(99).delegates(0, &Wallet::new(1));
    for (first, transaction, text) in [
        (vec![], delegates(65), "nonce too high: tx nonce 65, gapped nonce 0"),
        (vec![], poor, "insufficient funds for gas * price + value: balance 0, tx cost 2000000000000000, overshot"),
        (vec![Wallet::new(0).sends(0)], delegates(0), "replacement transaction underpriced"),
    ] {
        let mut door = Door::new();
        door.come(Source::User, &first);
        door.answers.clear();
        door.come(Source::User, &[transaction]);
        assert!(door.recover.is_empty());
        let refusal = door.refusal();
        assert!(refusal.starts_with(text), "{refusal}, not {text}");
    }
}

/// Rule B13: a sender's nonces are judged in the order they came, however long a recovery takes.
#[test]
fn what_follows_a_transaction_that_is_being_recovered_comes_in_after_it() {
    for from in [Source::User, Source::Validator] {
        let mut door = Door::new();
        door.come(from, &[delegates(0)]);
        // More than may be queued above a gap.
        let more: Vec<_> = (1..100).map(|nonce| Wallet::new(0).sends(nonce)).collect();
        for one in more {
            door.come(from, &[one]);
        }
        assert!(door.answers.is_empty(), "they wait");
        door.recovered();
        assert_eq!(door.taken(), (0..100).map(|nonce| (nonce, Status::Pending)).collect::<Vec<_>>());
    }
}

/// Rule B13: a journal that is given back, or a message, of one sender's transactions that all carry authorizations.
#[test]
fn transactions_with_authorizations_of_one_sender_are_recovered_one_after_another() {
    let mut door = Door::new();
    let all: Vec<_> = (0..20).map(delegates).collect();
    door.come(Source::User, &all);
    for nonce in 0..20 {
        assert_eq!(door.nonces_to_recover(), [nonce]);
        door.recovered();
        assert_eq!(door.taken(), [(nonce, Status::Pending)]);
    }
    assert!(door.recover.is_empty() && door.node.replica.lines.is_empty());
}

/// Rule B13: what comes twice while it is being recovered is recovered once.
#[test]
fn copy_of_a_transaction_that_is_being_recovered_is_known_when_its_turn_comes() {
    let mut door = Door::new();
    door.come(Source::Validator, &[delegates(0)]);
    door.come(Source::Validator, &[delegates(0)]);
    door.recovered();
    assert!(door.recover.is_empty());
    let answers: Vec<_> = door.answers.drain(..).map(|(_, result)| result.err()).collect();
    assert_eq!(answers, [None, Some(Refused::AlreadyKnown)]);
}

/// Rule B13: others do not wait, nor does a user for what strangers brought.
#[test]
fn nobody_waits_for_the_recovery_of_another() {
    let mut door = Door::new();
    door.come(Source::Stranger, &[delegates(0)]);
    door.come(Source::Stranger, &[Wallet::new(2).sends(0)]);
    assert_eq!(door.taken(), [(0, Status::Pending)]);
    door.come(Source::User, &[Wallet::new(0).sends(1)]);
    assert_eq!(door.taken(), [(1, Status::Queued)]);
    door.recovered();
    assert_eq!(door.taken(), [(0, Status::Pending)]);
    assert_eq!(door.node.replica.pool().totals().pending, 3, "what waited for it can be executed");
}

/// Rule B13: what may be refused because of the signers is refused once they are known, and what waits behind goes on.
#[test]
fn refusal_that_needs_the_signers_comes_after_their_recovery() {
    let mut door = Door::new();
    door.come(Source::User, &[Wallet::new(1).sends(0), Wallet::new(1).sends(1)]);
    door.answers.clear();
    door.come(Source::User, &[delegates(0), Wallet::new(0).sends(0)]);
    door.recovered();
    let mut answers = std::mem::take(&mut door.answers).into_iter().map(|(_, result)| result);
    let refused = answers.next().and_then(Result::err).map(|refused| refused.to_string());
    assert!(refused.is_some_and(|text| text.starts_with("authority already reserved")));
    assert!(answers.next().is_some_and(|result| result.is_ok()));
}

#[test]
fn sizes_tell_of_those_who_wait_behind_a_recovery() {
    let mut door = Door::new();
    let wallet = Wallet::new(0);
    door.come(Source::User, &[delegates(0), wallet.sends(1), wallet.sends(2)]);
    let sizes = |door: &Door| ["lines", "lined up", "pool"].map(|name| door.node.size(name));
    assert_eq!(sizes(&door), [1, 2, 0]);
    door.recovered();
    let [lines, lined_up, pool] = sizes(&door);
    assert!([lines, lined_up] == [0, 0] && pool > 0, "{lines} lines, {lined_up} lined up, {pool} in the pool");
}
