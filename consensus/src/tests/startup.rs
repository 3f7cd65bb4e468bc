//! Starting, and starting again (rules S).

use std::rc::Rc;

use rota_proto::{BatchHeader, Epoch, Round, View, Vote};

use super::{
    Certified,
    network::{EPOCH, Network, STAKES, place, round},
    node::{Node, check, check_rejected},
};
use crate::{Candidate, Config, Durable, GuardRecord, Input, Rejected, Timer};

pub(super) fn network() -> Rc<Network> {
    Network::new(&STAKES)
}

pub(super) fn first(network: &Network) -> BatchHeader {
    network.batch("A", &network.opening, 0, &[])
}

/// Node 3, which notarized A in view 1.
fn voter(network: &Rc<Network>) -> Node {
    let mut node = Node::new(network, 3);
    let a = first(network);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node
}

pub(super) fn answer(from: u8, entered_by: Option<&Certified>, votes: &[(Vote, u8)], network: &Network) -> Input {
    let votes = votes.iter().map(|(vote, number)| network.verified(*vote, *number)).collect();
    Input::RoundAnswer { from: place(from), entered_by: entered_by.cloned(), votes }
}

/// Rule S1: the votes are said again, and nothing else is signed in that view.
#[test]
fn votes_of_live_views_are_taken_up_and_said_again() {
    let network = network();
    let mut node = voter(&network);
    assert_eq!(node.restart(false), ["timer retry 500", "timer view 1 750"]);
    check(&mut node, Input::Timer(Timer::Retry), &["timer retry 500", "broadcast notarize 1 A of 3"]);
    let b = network.batch("B", &network.opening, 0, &[]);
    check(&mut node, network.propose(1, &b, network.because(None, &[])), &["timer pace 100"]);
    check(&mut node, Input::Body(b.hash()), &[]);
}

/// Rule S1: the highest view that a certificate or a vote of ours proves.
#[test]
fn node_starts_in_the_highest_view_that_its_disk_proves() {
    let network = network();
    let mut node = Node::new(&network, 3);
    node.certificate(&network.nullification(4));
    node.restart(false);
    assert_eq!(node.core.round(), round(5));
    node.own(Vote::nullify(round(7)));
    node.restart(false);
    assert_eq!(node.core.round(), round(7));
    assert_eq!(node.run(Input::Work(true)), Vec::<String>::new(), "it has nullified view 7");
}

/// Rules S1, N2: durable but not signed when the process died: judged and voted for again.
#[test]
fn proposal_that_was_persisted_and_not_voted_for_is_checked_again() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = first(&network);
    node.step(network.propose(1, &a, network.because(None, &[])));
    node.step(Input::Body(a.hash()));
    node.step(Input::Checked { batch: a.hash(), valid: true });
    assert!(node.disk.votes.is_empty(), "the crash falls before the signature");
    let texts = node.restart(false);
    assert_eq!(texts, ["timer retry 500", "check A of 0"]);
    let expected = ["persist proposal 1 A", "sign notarize 1 A"];
    check(&mut node, Input::Checked { batch: a.hash(), valid: true }, &expected);
}

/// Rules S1, R1: a leader that died after it signed sends its proposal again.
#[test]
fn leader_that_restarts_sends_its_proposal_again() {
    let network = network();
    let mut node = Node::new(&network, 0);
    let a = first(&network);
    node.run(Input::Work(true));
    node.run(Input::Built { round: round(1), header: Box::new(a) });
    node.restart(false);
    check(&mut node, Input::Timer(Timer::Retry), &["timer retry 500", "broadcast proposal 1 A"]);
    check(&mut node, Input::Work(true), &[]);
}

/// Rules S1, Q1: a vote that was signed when the process died may be the one that makes a quorum.
#[test]
fn vote_that_a_restart_brings_back_completes_a_quorum() {
    let network = Network::new(&[1]);
    let mut node = Node::new(&network, 0);
    let a = first(&network);
    node.step(Input::Work(true));
    node.step(Input::Built { round: round(1), header: Box::new(a.clone()) });
    node.own(Vote::notarize(round(1), a.hash()));
    let texts = node.restart(false);
    assert!(texts.contains(&"persist notarization 1 A".to_owned()), "{texts:?}");
    assert!(texts.contains(&"sign finalize 1 A".to_owned()), "{texts:?}");
}

/// Rule S1: what is final stays so; the certificates of the final view still serve.
#[test]
fn final_chain_is_taken_up_with_the_certificates_of_its_head() {
    let network = network();
    let mut node = Node::new(&network, 1);
    let a = first(&network);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.certificate(&network.finalization(1, &a));
    assert_eq!(node.restart(false), ["timer retry 500"]);
    assert_eq!((node.core.head(), node.core.round(), node.core.finalized_view()), (&a, round(2), View(1)));
    check(&mut node, network.nullify(1, 2), &["send 2 finalization 1 A"]);
    let expected = ["timer view 2 750", "build 2 on A, notarized in 1 by 01"];
    check(&mut node, Input::Work(true), &expected);
}

/// Rule S1: the notarization of the final batch may have come after its finalization, whose place it does not take.
#[test]
fn late_notarization_of_the_final_batch_serves_beside_its_finalization() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let a = first(&network);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    node.certificate(&network.finalization(1, &a));
    node.certificate(&network.notarization(1, &a, &[0, 1]));
    node.restart(false);
    check(&mut node, network.nullify(1, 2), &["send 2 finalization 1 A"]);
    check(&mut node, Input::Timer(Timer::Retry), &["timer retry 500", "broadcast finalization 1 A"]);
}

/// Rules S1, R1: a vote in the view that a certificate leads to leaves the certificate as what led there.
#[test]
fn vote_in_the_view_that_was_entered_leaves_the_certificate_of_entry() {
    let network = network();
    let mut node = Node::new(&network, 3);
    node.enter(5);
    node.own(Vote::nullify(round(5)));
    node.restart(false);
    let expected = ["timer retry 500", "broadcast nullification 4", "broadcast nullify 5 of 3"];
    check(&mut node, Input::Timer(Timer::Retry), &expected);
}

/// Rule S1: only live views of this epoch are taken up.
#[test]
fn proposals_and_votes_that_are_not_above_the_final_view_of_this_epoch_are_left() {
    let network = network();
    let a = first(&network);
    for old in [Round::new(Epoch(6), View(3)), round(0)] {
        let mut node = Node::unstarted(&network, 3, Config::default());
        let (header, justification) = (a.clone(), network.because(None, &[]));
        let proposals = vec![Candidate { round: old, header, justification }];
        let record = GuardRecord { votes: [Vote::notarize(old, a.hash())].into(), ..GuardRecord::default() };
        node.step(Input::Started(Box::new(Durable { proposals, record, ..Durable::default() })));
        assert_eq!(node.size("views"), 0, "{old}");
    }
}

/// Rules S1, L3, T2: after a start nobody is inactive and no timer has grown.
#[test]
fn nobody_is_inactive_after_a_start() {
    let network = network();
    let mut node = Node::new(&network, 2);
    node.run(Input::Work(true));
    for view in 1..=10 {
        for number in [0, 1] {
            node.run(network.nullify(view, number));
        }
    }
    node.restart(false);
    node.enter(12);
    assert_eq!(node.core.leader(), place(3));
    check(&mut node, Input::Work(true), &["timer view 12 750"]);
}

/// A core that asks before it votes.
fn asking(network: &Rc<Network>, number: u8) -> Node {
    let mut node = Node::unstarted(network, number, Config::default());
    let durable = Durable { ask: true, ..Durable::default() };
    let texts = node.step(Input::Started(Box::new(durable)));
    assert_eq!(texts, ["timer retry 500", "broadcast round query"]);
    node
}

/// Rule S2: nothing is signed before a quorum of the power, itself counted, has answered.
#[test]
fn nothing_is_signed_before_a_quorum_has_answered() {
    let network = network();
    let mut node = asking(&network, 3);
    let a = first(&network);
    check(&mut node, network.propose(1, &a, network.because(None, &[])), &["timer pace 100"]);
    check(&mut node, Input::Body(a.hash()), &[]);
    check(&mut node, Input::Work(true), &[]);
    check(&mut node, Input::Timer(Timer::Retry), &["timer retry 500", "broadcast round query"]);
    check(&mut node, answer(0, None, &[], &network), &[]);
    check(&mut node, answer(0, None, &[], &network), &[]);
    check(&mut node, answer(2, None, &[], &network), &["timer view 1 750", "check A of 0"]);
}

/// Rule S2: power counts, not heads: 40 + 30 of 100.
#[test]
fn one_answer_may_do_and_two_may_not() {
    let network = network();
    let mut node = asking(&network, 0);
    node.step(Input::Work(true));
    let texts = node.step(answer(1, None, &[], &network));
    assert_eq!(texts, ["timer view 1 750", "build 1 on G, notarized in 0 by nobody"]);
    let mut node = asking(&network, 2);
    node.step(Input::Work(true));
    check(&mut node, answer(1, None, &[], &network), &[]);
    check(&mut node, answer(3, None, &[], &network), &[]);
}

/// Rule S2: a lone validator is its own quorum.
#[test]
fn validator_with_a_quorum_of_its_own_need_not_wait() {
    let network = Network::new(&[70, 30]);
    let mut node = asking(&network, 0);
    assert_eq!(node.run(Input::Work(true)).last().map(String::as_str), Some("build 1 on G, notarized in 0 by nobody"));
}

/// Rule S2: also a starting validator answers, or a network that restarts as a whole would wait for ever.
#[test]
fn starting_validator_answers_others() {
    let network = network();
    let mut node = asking(&network, 3);
    check(&mut node, Input::RoundQuery(super::network::key(0)), &["send 0 in 1 by nothing, []"]);
}

/// Rule S2: the answer holds the certificate of entry and the asker's own votes in live views.
#[test]
fn answer_tells_the_asker_its_votes() {
    let network = network();
    let mut node = voter(&network);
    node.run(network.nullify(1, 2));
    node.run(network.finalize(5, &first(&network), 2));
    node.run(network.nullify(2, 1));
    node.certificate(&network.nullification(1));
    check(
        &mut node,
        Input::RoundQuery(super::network::key(2)),
        &[&format!("send 2 in 2 by nullification 1, [{}]", "finalize 5 A of 2, nullify 1 of 2")],
    );
    check(&mut node, Input::RoundQuery(super::network::key(9)), &["send a stranger in 2 by nullification 1, []"]);
}

/// Rule S2: votes in certificates are told too, those of the asker and no others.
#[test]
fn answer_tells_the_asker_its_votes_in_certificates() {
    let network = network();
    let mut node = Node::new(&network, 3);
    node.certificate(&network.nullification(1));
    let query = |number| Input::RoundQuery(super::network::key(number));
    check(&mut node, query(1), &["send 1 in 2 by nullification 1, [nullify 1 of 1]"]);
    check(&mut node, query(2), &["send 2 in 2 by nullification 1, []"]);
}

/// Rules S2, S3: the votes of others in an answer are not taken for ours.
#[test]
fn votes_of_others_in_an_answer_bind_us_to_nothing() {
    let network = network();
    let mut node = asking(&network, 3);
    check(&mut node, answer(0, None, &[(Vote::nullify(round(1)), 2)], &network), &[]);
    check(&mut node, answer(1, None, &[], &network), &[]);
    check(&mut node, Input::Work(true), &["timer view 1 750"]);
}

/// Rules S2, S3: nor are those that come by themselves.
#[test]
fn votes_of_others_that_come_while_we_ask_bind_us_to_nothing() {
    let network = network();
    let mut node = asking(&network, 3);
    check(&mut node, network.nullify(1, 2), &[]);
    check(&mut node, answer(0, None, &[], &network), &[]);
    check(&mut node, answer(1, None, &[], &network), &["timer view 1 750"]);
}

/// Rules S2, A4: what others saw of our votes counts as cast.
#[test]
fn votes_that_others_saw_count_as_cast() {
    let network = network();
    let mut node = asking(&network, 3);
    let (a, b) = (first(&network), network.batch("B", &network.opening, 0, &[]));
    node.step(network.propose(1, &b, network.because(None, &[])));
    node.step(Input::Body(b.hash()));
    let theirs = [(Vote::notarize(round(1), a.hash()), 3), (Vote::nullify(round(1)), 2)];
    node.step(answer(0, None, &theirs, &network));
    node.step(answer(1, None, &[(Vote::nullify(round(1)), 3)], &network));
    check(&mut node, Input::Work(true), &[]);
    let notarization = Input::Certificate(network.notarization(1, &a, &[0, 1]));
    check(&mut node, notarization, &["persist notarization 1 A"]);
    let texts = node.certificate(&network.nullification(2));
    assert_eq!(texts, ["persist nullification 2", "timer view 3 1126"], "T2: the view it had nullified counts");
}

/// Rules S2, A4: a finalize vote of ours, for a view whose notarization we lost. The view timer must not make us
/// nullify that view: it could be slashed.
#[test]
fn view_that_we_finalized_before_a_crash_is_not_nullified() {
    let network = network();
    let a = first(&network);
    let mut node = asking_with(&network, 3, &[Vote::finalize(round(5), a.hash())]);
    node.step(Input::Work(true));
    node.step(answer(0, None, &[(Vote::finalize(round(5), a.hash()), 3)], &network));
    assert_eq!(node.core.round(), round(5));
    check(&mut node, answer(1, None, &[], &network), &[]);
    check(&mut node, network.nullify(5, 2), &[]);
    check_rejected(&mut node, Input::Timer(Timer::View(round(5))), Rejected::OldTimer);
    let bad = network.draft("C", &network.opening, 0, &[], |_, height| *height += 1);
    let texts = node.run(network.propose(5, &bad, network.because(None, &[1, 2, 3, 4])));
    assert!(!texts.iter().any(|text| text.starts_with("broadcast nullify")), "{texts:?}");
    assert!(node.disk.votes.is_empty(), "nothing was signed: {:?}", node.disk.votes);
}

/// A core that asks before it votes, with these votes of the epoch in its guard's record.
pub(super) fn asking_with(network: &Rc<Network>, number: u8, votes: &[Vote]) -> Node {
    let mut node = Node::unstarted(network, number, Config::default());
    let record = GuardRecord { votes: votes.iter().copied().collect(), ..GuardRecord::default() };
    node.step(Input::Started(Box::new(Durable { ask: true, record, ..Durable::default() })));
    node
}

/// Rule S2: an answer proves no more than its certificate; one of a later epoch is for catching up.
#[test]
fn answers_from_elsewhere_are_refused() {
    let network = network();
    let mut node = asking(&network, 3);
    let other = network.next(Epoch(8), &STAKES, &network.opening);
    let by = other.certificate(Vote::nullify(Round::new(Epoch(8), View(1))), &[0, 1]);
    let future = Rejected::FutureEpoch { message: Epoch(8), ours: EPOCH };
    check_rejected(&mut node, answer(0, Some(&by), &[], &network), future);
    assert_eq!(node.core.admit_round_answer(Round::new(Epoch(8), View(1))), Err(future));
    check(&mut node, Input::Work(true), &[]);
    node.step(answer(0, None, &[], &network));
    node.step(answer(1, None, &[], &network));
    let late = Rejected::LateAnswer { answer: round(1), ours: round(1) };
    check_rejected(&mut node, answer(2, None, &[], &network), late);
}

/// Rule S2: who is still in an epoch before has answered, and its certificate says nothing of a view of ours.
#[test]
fn answer_from_an_epoch_before_proves_no_view() {
    let network = network();
    let mut node = asking(&network, 3);
    let before = network.next(Epoch(6), &STAKES, &network.opening);
    let by = before.certificate(Vote::nullify(Round::new(Epoch(6), View(5))), &[0, 1]);
    check(&mut node, answer(0, Some(&by), &[], &network), &[]);
    check(&mut node, answer(1, None, &[], &network), &[]);
    check(&mut node, Input::Work(true), &["timer view 1 750"]);
}

/// Rules S2, E3: a validator that is still asking when its epoch ends asks the new set.
#[test]
fn validator_that_asks_when_its_epoch_ends_asks_the_new_set() {
    let network = network();
    let mut node = asking(&network, 3);
    let x = network.closing("X", &network.opening, 0, &[]);
    node.run(network.propose(1, &x, network.because(None, &[])));
    node.run(Input::Body(x.hash()));
    node.certificate(&network.finalization(1, &x));
    let next = network.next(Epoch(8), &STAKES, &x);
    node.network = Rc::clone(&next);
    check(&mut node, Input::Epoch(next.context()), &["broadcast round query", "timer retry 500"]);
    check(&mut node, Input::Work(true), &[]);
    node.step(answer(0, None, &[], &next));
    check(&mut node, answer(1, None, &[], &next), &["timer view 1 750"]);
}
