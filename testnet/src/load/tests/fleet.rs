use core::time::Duration;

use alloy_primitives::Address;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::load::accounts::account;
use crate::load::fleet::{Crew, Fleet};
use crate::load::http::TransportError;
use crate::load::lane::{Job, Reply, Work};
use crate::load::tally::Tally;
use crate::load::transaction::{Fees, Template};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn template() -> Template {
    let fees = Fees { tip_wei: 1, cap_wei: 30 };
    Template { chain_id: 1, fees, token: None, recipients: vec![Address::ZERO] }
}

/// Senders over `nodes` nodes with one connection each, batches of 4, windows of 3.
fn fleet(senders: u32, nodes: usize) -> Fleet {
    let crew = Crew {
        accounts: (0..senders).map(|sender| account(u64::from(sender))).collect(),
        nonces: vec![0; senders as usize],
        stocks: vec![Default::default(); senders as usize],
        window: 3,
    };
    Fleet::new(template(), crew, (nodes, 1), 4)
}

fn job(fleet: &mut Fleet, lane: usize, now: u64) -> Option<Job> {
    fleet.next_job(lane, ms(now), &mut 0)
}

fn land(fleet: &mut Fleet, lane: usize, work: Work, answers: &[Value], (now, tally): (u64, &mut Tally)) {
    let body = if let [one] = answers { one.clone() } else { Value::from(answers) };
    let outcome = Ok(Bytes::from(body.to_string()));
    fleet.land(Reply { lane, work, outcome }, ms(now), tally);
}

fn taken(id: usize) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": "0x00"})
}

fn refused(id: usize, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32000, "message": message}})
}

/// L2.
#[test]
fn slot_without_a_free_sender_is_not_assigned() {
    let mut fleet = fleet(1, 1);
    assert_eq!([0, 1, 2, 3].map(|at| fleet.assign(ms(at))), [true, true, true, false]);
}

/// L2, L3.
#[test]
fn slots_due_together_share_a_request_and_the_next_ones_go_to_another_node() {
    let mut fleet = fleet(8, 2);
    (0..3).for_each(|at| assert!(fleet.assign(ms(at))));
    fleet.next_lane();
    (3..9).for_each(|at| assert!(fleet.assign(ms(at))));
    // Sender s is at home on lane s mod 2; a lane takes one batch of 4 before the next lane is asked.
    assert_eq!(job(&mut fleet, 0, 9).unwrap().work, Work::Submit(vec![(0, 0), (2, 0), (4, 0), (6, 0)]));
    assert_eq!(job(&mut fleet, 1, 9).unwrap().work, Work::Submit(vec![(1, 0), (3, 0), (5, 0), (7, 0)]));
    assert!(job(&mut fleet, 0, 9).is_none(), "one request at a time");
}

/// L3.
#[test]
fn free_lane_fills_its_batch_in_the_closed_loop_and_no_more_than_allowed() {
    let mut fleet = fleet(2, 1);
    let mut left = 5;
    let first = fleet.next_job(0, ms(0), &mut left).unwrap();
    assert_eq!((first.work.clone(), left), (Work::Submit(vec![(0, 0), (1, 0), (0, 1), (1, 1)]), 1));
    let mut tally = Tally::default();
    land(&mut fleet, 0, first.work, &[taken(0), taken(1), taken(2), taken(3)], (5, &mut tally));
    assert_eq!(tally.accepted, 4);
    assert_eq!(fleet.next_job(0, ms(5), &mut left).unwrap().work, Work::Submit(vec![(0, 2)]));
}

/// L6: a transaction is as old as its slot, however late it was sent; in the closed loop as the request it is in.
#[test]
fn latency_counts_from_the_instant_when_a_transaction_fell_due() {
    let mut fleet = fleet(1, 1);
    assert!(fleet.assign(ms(3)));
    let sent = fleet.next_job(0, ms(40), &mut 1).unwrap();
    assert_eq!(sent.work, Work::Submit(vec![(0, 0), (0, 1)]));
    let mut due = |nonce| fleet.finalize(template().sign(&account(0), 0, nonce).hash).map(|(due, _)| due);
    assert_eq!([due(0), due(1)], [Some(ms(3)), Some(ms(40))]);
    assert_eq!([due(0), due(2)], [None, None], "seen before, and never sent");
}

/// L7, L8.
#[test]
fn refused_sender_asks_for_its_nonce_and_sends_again() {
    let (mut fleet, mut tally) = (fleet(1, 1), Tally::default());
    (0..2).for_each(|at| assert!(fleet.assign(ms(at))));
    let sent = job(&mut fleet, 0, 2).unwrap();
    land(&mut fleet, 0, sent.work, &[refused(0, "txpool is full"), taken(1)], (3, &mut tally));
    assert_eq!((tally.accepted, tally.errors["-32000 txpool is full"]), (1, 1));
    assert!(!fleet.assign(ms(4)), "it is stopped");
    fleet.line_up_checks(ms(200));
    let check = job(&mut fleet, 0, 200).unwrap();
    assert_eq!(check.work, Work::Check(vec![0]));
    let zero = |id: usize| json!({"id": id, "result": "0x0"});
    land(&mut fleet, 0, check.work, &[zero(0), zero(1)], (201, &mut tally));
    let again = job(&mut fleet, 0, 202).unwrap();
    assert_eq!(again.work, Work::Submit(vec![(0, 0), (0, 1)]));
    land(&mut fleet, 0, again.work, &[taken(0), refused(1, "already known")], (203, &mut tally));
    assert_eq!((tally.accepted, tally.failures()), (2, 1));
    assert!(fleet.assign(ms(204)));
}

/// L7.
#[test]
fn senders_leave_a_node_that_is_gone_and_return_when_it_answers() {
    let (mut fleet, mut tally) = (fleet(4, 2), Tally::default());
    (0..4).for_each(|at| assert!(fleet.assign(ms(at))));
    fleet.next_lane();
    assert_eq!(job(&mut fleet, 0, 5).unwrap().work, Work::Submit(vec![(0, 0), (2, 0), (0, 1), (2, 1)]));
    let gone = Err(TransportError::Broken);
    let flights = Work::Submit(vec![(0, 0), (2, 0), (0, 1), (2, 1)]);
    fleet.land(Reply { lane: 0, work: flights, outcome: gone }, ms(6), &mut tally);
    assert_eq!(tally.errors["connection broke"], 4);
    fleet.line_up_checks(ms(300));
    assert_eq!(job(&mut fleet, 1, 300).unwrap().work, Work::Check(vec![0, 2]), "they ask the other node");
    assert!(job(&mut fleet, 0, 2_005).is_none(), "the node is left alone");
    let probe = job(&mut fleet, 0, 2_006).unwrap();
    land(&mut fleet, 0, probe.work, &[taken(0)], (2_007, &mut tally));
    let answers = [0, 1, 2, 3].map(|id| json!({"id": id, "result": "0x2"}));
    land(&mut fleet, 1, Work::Check(vec![0, 2]), &answers, (2_008, &mut tally));
    let mut left = 2;
    assert_eq!(fleet.next_job(0, ms(2_009), &mut left).unwrap().work, Work::Submit(vec![(0, 2), (2, 2)]));
}

/// L7: somebody has to be asked.
#[test]
fn only_node_is_never_left() {
    let (mut fleet, mut tally) = (fleet(1, 1), Tally::default());
    assert!(fleet.assign(ms(0)));
    let sent = job(&mut fleet, 0, 0).unwrap();
    fleet.land(Reply { lane: 0, work: sent.work, outcome: Err(TransportError::TimedOut) }, ms(1), &mut tally);
    fleet.line_up_checks(ms(101));
    let check = job(&mut fleet, 0, 101).unwrap();
    assert_eq!(check.work, Work::Check(vec![0]));
    fleet.land(Reply { lane: 0, work: check.work, outcome: Err(TransportError::Broken) }, ms(102), &mut tally);
    fleet.line_up_checks(ms(301));
    assert!(job(&mut fleet, 0, 301).is_none(), "its pause has doubled");
    fleet.line_up_checks(ms(302));
    assert!(job(&mut fleet, 0, 302).is_some());
}
