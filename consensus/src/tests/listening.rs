//! Listening before the first vote whether our key signs elsewhere, and watching afterwards (rules S4, S5).

use std::rc::Rc;

use rota_proto::{Epoch, Round, View, Vote};

use super::{
    network::{Network, STAKES, round},
    node::{Node, check, check_rejected, check_timeout},
    startup::{answer, first, network},
};
use crate::{Config, Durable, GuardRecord, Input, Rejected, Timer};

const LISTEN_MS: u64 = 90_000;

/// A core that asks and listens before it votes, with these votes of the epoch in its guard's record.
fn starting(network: &Rc<Network>, number: u8, votes: &[Vote]) -> Node {
    let mut node = Node::unstarted(network, number, Config::default());
    let record = GuardRecord { votes: votes.iter().copied().collect(), ..GuardRecord::default() };
    let durable = Durable { ask: true, record, listen_ms: LISTEN_MS, ..Durable::default() };
    node.step(Input::Started(Box::new(durable)));
    node
}

/// The same with an empty record, which a quorum has answered: view 1 is the highest that anything proves.
fn listening(network: &Rc<Network>, number: u8) -> Node {
    let mut node = starting(network, number, &[]);
    node.step(Input::Work(true));
    let texts = [0, 1].map(|from| node.step(answer(from, None, &[], network))).concat();
    assert_eq!(texts, ["timer listen 90000"]);
    assert!(node.core.is_listening());
    node
}

/// The timer runs out and a quorum answers again; says what that gave.
fn listened(node: &mut Node, network: &Network) -> Vec<String> {
    check(node, Input::Timer(Timer::Listen), &["broadcast round query"]);
    node.step(answer(0, None, &[], network));
    node.step(answer(1, None, &[], network))
}

#[test]
fn s4_nothing_is_signed_before_the_time_is_over_and_a_quorum_has_answered_again() {
    let network = network();
    let mut node = listening(&network, 3);
    let a = first(&network);
    check(&mut node, network.propose(1, &a, network.because(None, &[])), &["timer pace 100"]);
    check(&mut node, Input::Body(a.hash()), &[]);
    check(&mut node, answer(0, None, &[], &network), &[]);
    check(&mut node, answer(1, None, &[], &network), &[]);
    check(&mut node, Input::Timer(Timer::Listen), &["broadcast round query"]);
    check(&mut node, answer(0, None, &[], &network), &[]);
    assert!(node.core.is_listening() && node.disk.votes.is_empty());
    check(&mut node, answer(1, None, &[], &network), &["timer view 1 750", "check A of 0"]);
    assert!(!node.core.is_listening());
}

#[test]
fn s4_leader_that_listens_proposes_nothing() {
    let network = network();
    let mut node = starting(&network, 0, &[]);
    node.step(Input::Work(true));
    check(&mut node, answer(1, None, &[], &network), &["timer listen 90000"]);
    check(&mut node, Input::Timer(Timer::Listen), &["broadcast round query"]);
    let texts = node.step(answer(1, None, &[], &network));
    assert_eq!(texts, ["timer view 1 750", "build 1 on G, notarized in 0 by nobody"]);
}

/// Rule S4: also a quorum of its own listens.
#[test]
fn lone_validator_listens_too() {
    let network = Network::new(&[70, 30]);
    let mut node = Node::unstarted(&network, 0, Config::default());
    let durable = Durable { ask: true, listen_ms: LISTEN_MS, ..Durable::default() };
    let texts = node.step(Input::Started(Box::new(durable)));
    assert_eq!(texts, ["timer retry 500", "broadcast round query", "timer listen 90000"]);
    check(&mut node, Input::Timer(Timer::Listen), &["broadcast round query"]);
    assert!(!node.core.is_listening());
}

/// Rule S4: with each retry another one is asked, and after the last the first again.
#[test]
fn one_after_the_other_is_asked_meanwhile() {
    let network = network();
    let mut node = listening(&network, 1);
    for number in [0, 2, 3, 0] {
        let expected = ["timer retry 500".to_owned(), format!("send {number} round query")];
        assert_eq!(node.step(Input::Timer(Timer::Retry)), expected);
    }
}

/// Rule S4: the network goes on meanwhile, and we with it.
#[test]
fn views_pass_and_batches_become_final_while_a_validator_listens() {
    let network = network();
    let mut node = listening(&network, 3);
    let a = first(&network);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.certificate(&network.notarization(1, &a, &[0, 1]));
    let texts = node.certificate(&network.finalization(1, &a));
    assert!(texts.contains(&"final A by finalization 1 A".to_owned()), "{texts:?}");
    assert_eq!((node.core.head(), node.core.round()), (&a, round(2)));
    assert_eq!(listened(&mut node, &network), ["timer view 2 750"]);
    assert_eq!(node.disk.votes, []);
}

#[test]
fn s4_vote_two_views_on_is_another_processs_however_it_is_heard() {
    let network = network();
    let vote = Vote::nullify(round(3));
    let ways = [
        network.nullify(3, 3),
        answer(0, None, &[(vote, 3)], &network),
        Input::Certificate(network.certificate(vote, &[0, 1, 3])),
    ];
    for way in ways {
        let mut node = listening(&network, 3);
        let texts = node.step(way.clone());
        assert!(texts.contains(&"doppelganger nullify 3".to_owned()), "{way:?}: {texts:?}");
        check(&mut node, Input::Timer(Timer::Listen), &[]);
        assert_eq!(node.core.place(), None, "it signs nothing any more");
    }
}

/// Rules S4, S3, at the limit: a vote one view on can be a lost one, for which the record is old, and is no proof.
#[test]
fn vote_one_view_on_is_a_lost_one_and_the_validator_listens_until_two_views_beyond_have_passed() {
    let network = network();
    let mut node = listening(&network, 3);
    let expected = ["old record lacks nullify 2", "nothing below 7.3, only nullify votes below 7.3"];
    check(&mut node, network.nullify(2, 3), &expected);
    check(&mut node, Input::Timer(Timer::Listen), &["broadcast round query"]);
    check(&mut node, answer(0, None, &[], &network), &[]);
    check(&mut node, answer(2, None, &[], &network), &[]);
    check(&mut node, answer(1, None, &[], &network), &["timer listen 90000"]);
    for view in [3, 4] {
        node.enter(view);
    }
    assert_eq!(listened(&mut node, &network), ["timer listen 90000"]);
    node.enter(5);
    assert_eq!(listened(&mut node, &network), ["timer view 5 750"]);
    check_timeout(&mut node, &["share work", "sign nullify 5"]);
}

/// Rule S4: where everything is final but for a moment, what was voted in the last final view is still told.
#[test]
fn answer_tells_of_the_last_final_view_too() {
    let network = network();
    let mut node = Node::new(&network, 1);
    let a = first(&network);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.run(network.finalize(1, &a, 3));
    node.certificate(&network.finalization(1, &a));
    let texts = node.step(Input::RoundQuery(super::network::key(3)));
    assert!(texts[0].contains("finalize 1 A of 3"), "{texts:?}");

    let mut listener = listening(&network, 3);
    listener.follow(network.propose(1, &a, network.because(None, &[])));
    listener.certificate(&network.finalization(1, &a));
    let texts = listener.step(answer(1, None, &[(Vote::finalize(round(1), a.hash()), 3)], &network));
    assert_eq!(texts[0], "old record lacks finalize 1 A");
}

/// Rule S4: an epoch that has no view but its last is over as soon as anybody could tell of a vote in it: who is asked
/// in the next one tells of it then, until that has a final view.
#[test]
fn answer_is_followed_by_votes_of_the_last_view_of_the_epoch_before() {
    let network = network();
    let mut node = Node::new(&network, 1);
    let x = network.closing("X", &network.opening, 0, &[]);
    node.follow(network.propose(1, &x, network.because(None, &[])));
    node.run(network.finalize(1, &x, 3));
    node.certificate(&network.finalization(1, &x));
    let next = network.next(Epoch(8), &STAKES, &x);
    node.network = Rc::clone(&next);
    node.step(Input::Epoch(next.context()));
    let asked = |node: &mut Node| node.step(Input::RoundQuery(super::network::key(3)));
    let texts = asked(&mut node);
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[1].contains("finalize 7.1 X of 3"), "{texts:?}");
    assert_eq!(node.step(Input::RoundQuery(super::network::key(2))).len(), 1, "nothing was heard of two");

    let a = next.batch("A", &next.opening, 0, &[]);
    node.follow(next.propose(1, &a, next.because(None, &[])));
    node.certificate(&next.finalization(1, &a));
    assert_eq!(asked(&mut node).len(), 1, "this epoch has votes of its own");
}

/// Rules S4, S1: what the record holds is ours, and so is what lies below its floor.
#[test]
fn votes_that_the_record_knows_are_no_reason_to_stop() {
    let network = network();
    let known = Vote::nullify(round(9));
    let mut node = starting(&network, 3, &[known]);
    node.step(answer(0, Some(&network.nullification(8)), &[], &network));
    check(&mut node, answer(1, None, &[], &network), &["timer listen 90000"]);
    check(&mut node, network.nullify(9, 3), &[]);
    let mut node = Node::unstarted(&network, 3, Config::default());
    let record = GuardRecord { floor: round(9), resume: round(9), ..GuardRecord::default() };
    let durable = Durable { ask: true, record, listen_ms: LISTEN_MS, ..Durable::default() };
    node.step(Input::Started(Box::new(durable)));
    node.step(answer(0, Some(&network.nullification(8)), &[], &network));
    node.step(answer(1, None, &[], &network));
    check(&mut node, network.nullify(8, 3), &[]);
}

/// Rule S4: a vote that came before a quorum had answered is judged when it has.
#[test]
fn vote_that_came_too_soon_is_judged_when_the_bound_is_known() {
    let network = network();
    let mut node = starting(&network, 3, &[]);
    check(&mut node, network.nullify(3, 3), &["old record lacks nullify 3"]);
    node.step(answer(0, None, &[], &network));
    let expected = ["nothing below 7.3, only nullify votes below 7.3", "doppelganger nullify 3"];
    check(&mut node, answer(1, None, &[], &network), &expected);
    let mut node = starting(&network, 3, &[]);
    check(&mut node, network.nullify(2, 3), &["old record lacks nullify 2"]);
    node.step(answer(0, None, &[], &network));
    let expected = ["nothing below 7.3, only nullify votes below 7.3", "timer listen 90000"];
    check(&mut node, answer(1, None, &[], &network), &expected);
}

/// Rule S4: our own vote proves no view: told before the bound is known, it would lift the bound above itself.
#[test]
fn bound_is_what_certificates_prove_and_not_the_vote_that_is_judged() {
    let network = network();
    let mut node = starting(&network, 3, &[]);
    node.step(answer(0, None, &[(Vote::nullify(round(8)), 3)], &network));
    assert_eq!(node.core.round(), round(8));
    let expected = ["nothing below 7.10, only nullify votes below 7.10", "doppelganger nullify 8"];
    check(&mut node, answer(1, None, &[], &network), &expected);
    let mut node = starting(&network, 3, &[]);
    node.step(answer(0, Some(&network.nullification(6)), &[(Vote::nullify(round(8)), 3)], &network));
    let expected = ["nothing below 7.10, only nullify votes below 7.10", "timer listen 90000"];
    check(&mut node, answer(1, None, &[], &network), &expected);
}

/// Rule S4: what the record holds of this epoch proves its view, where no certificate of it is known.
#[test]
fn bound_is_above_what_the_record_holds() {
    let network = network();
    let mut node = starting(&network, 3, &[Vote::nullify(round(9))]);
    node.step(answer(0, None, &[], &network));
    check(&mut node, answer(1, None, &[], &network), &["timer listen 90000"]);
    let lost = node.clone().step(network.nullify(10, 3));
    assert!(!lost.contains(&"doppelganger nullify 10".to_owned()), "{lost:?}");
    let foreign = node.step(network.nullify(11, 3));
    assert!(foreign.contains(&"doppelganger nullify 11".to_owned()), "{foreign:?}");
}

/// Rule S4: the bound is that of the first quorum, however far the network goes meanwhile.
#[test]
fn bound_stays_where_it_was_while_the_network_goes_on() {
    let network = network();
    let mut node = listening(&network, 3);
    node.enter(50);
    check(&mut node, network.nullify(50, 3), &["doppelganger nullify 50"]);
    let mut node = listening(&network, 3);
    node.enter(50);
    listened(&mut node, &network);
    assert!(!node.core.is_listening(), "views that others passed alone are no reason to wait");
}

/// Rules S4, E3: an epoch that ends does not end the listening; votes of the next one are newer than all of ours.
#[test]
fn validator_goes_on_listening_in_the_next_epoch() {
    let network = network();
    let mut node = listening(&network, 3);
    let x = network.closing("X", &network.opening, 0, &[]);
    node.run(network.propose(1, &x, network.because(None, &[])));
    node.run(Input::Body(x.hash()));
    node.certificate(&network.finalization(1, &x));
    let next = network.next(Epoch(8), &STAKES, &x);
    node.network = Rc::clone(&next);
    let texts = node.step(Input::Epoch(next.context()));
    assert_eq!(texts, ["send 0 round query", "timer retry 500"]);
    let mut quiet = node.clone();
    let round = Round::new(Epoch(8), View(1));
    let foreign = Input::Vote(next.verified(Vote::nullify(round), 3));
    check(&mut node, foreign, &["doppelganger nullify 1"]);
    assert_eq!(listened(&mut quiet, &next), ["timer view 1 750"]);
}

/// Rule S4: only the start's timer ends the listening, and only one that listens.
#[test]
fn timer_of_another_start_is_old() {
    let network = network();
    let mut node = listening(&network, 3);
    listened(&mut node, &network);
    check_rejected(&mut node, Input::Timer(Timer::Listen), Rejected::OldTimer);
    let mut other = Node::new(&network, 3);
    check_rejected(&mut other, Input::Timer(Timer::Listen), Rejected::OldTimer);
}

/// A node that has listened, and has nullified view 4.
fn watching(network: &Rc<Network>) -> Node {
    let mut node = listening(network, 3);
    listened(&mut node, network);
    node.enter(4);
    node.time_out();
    node
}

#[test]
fn s5_who_listened_stops_also_later_for_a_vote_that_it_did_not_ask_for() {
    let network = network();
    let a = first(&network);
    let mut node = watching(&network);
    let own = network.nullify(4, 3);
    check_rejected(
        &mut node,
        answer(0, None, &[], &network),
        Rejected::LateAnswer { answer: round(1), ours: round(4) },
    );
    let texts = node.core.step(own).map(|outputs| network.texts(&outputs));
    assert!(!format!("{texts:?}").contains("doppelganger"), "its own vote comes back: {texts:?}");
    for (vote, name) in [
        (Vote::notarize(round(4), a.hash()), "notarize 4 A"),
        (Vote::finalize(round(4), a.hash()), "finalize 4 A"),
        (Vote::nullify(round(5)), "nullify 5"),
    ] {
        let texts = node.clone().step(Input::Vote(network.verified(vote, 3)));
        assert!(texts.contains(&format!("doppelganger {name}")), "{texts:?}");
    }
}

/// Rule S5: what is final is forgotten, and a lost vote below the bound may come at any time.
#[test]
fn late_votes_of_final_views_and_below_the_bound_stop_nobody() {
    let network = network();
    let a = first(&network);
    let mut node = watching(&network);
    let lost = network.nullify(2, 3);
    let texts = node.core.step(lost).map(|outputs| network.texts(&outputs));
    assert!(!format!("{texts:?}").contains("doppelganger"), "{texts:?}");
    node.follow(network.propose(5, &a, network.because(None, &[1, 2, 3, 4])));
    node.certificate(&network.finalization(5, &a));
    assert_eq!(node.core.finalized_view(), View(5));
    for vote in [Vote::notarize(round(4), a.hash()), Vote::nullify(round(5))] {
        let late = Input::Vote(network.verified(vote, 3));
        let texts = node.core.step(late).map(|outputs| network.texts(&outputs));
        assert!(!format!("{texts:?}").contains("doppelganger"), "{texts:?}");
    }
}

/// Rule S5: who does not listen does not watch: twins on devnets are their owners' affair.
#[test]
fn who_was_not_told_to_listen_takes_a_foreign_vote_as_ever() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let texts = node.step(network.nullify(9, 3));
    assert_eq!(texts, Vec::<String>::new());
}
