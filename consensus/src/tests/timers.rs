//! Timers and work (rules T1, I, N3).

use std::rc::Rc;

use rota_proto::Vote;

use super::{
    network::{Network, STAKES, round},
    node::{Node, check, check_rejected, check_timeout},
};
use crate::{Config, Input, Rejected, Timer, Timings};

fn network() -> Rc<Network> {
    Network::new(&STAKES)
}

/// Rules T1, I2: work starts the timer with its full length, if it does not run.
#[test]
fn work_starts_the_view_timer_once() {
    let network = network();
    let timings = Timings { view_timeout_ms: 321, ..Timings::default() };
    let mut node = Node::configured(&network, 2, Config { timings, ..Config::default() });
    check(&mut node, Input::Work(true), &["timer view 1 321"]);
    check(&mut node, Input::Work(true), &[]);
}

/// Rule I2: without work no timer runs.
#[test]
fn timer_is_forgotten_when_there_is_no_work_left() {
    let mut node = Node::new(&network(), 2);
    node.step(Input::Work(true));
    check(&mut node, Input::Work(false), &["cancel view timer"]);
    check_rejected(&mut node, Input::Timer(Timer::View(round(1))), Rejected::OldTimer);
    check(&mut node, Input::Work(false), &[]);
}

/// Rule I1: a notarized batch that is not final is work, and no more once it is.
#[test]
fn unfinal_batch_keeps_the_timer_running() {
    let network = network();
    let mut node = Node::new(&network, 2);
    let a = network.batch("A", &network.opening, 0, &[]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    let texts = node.certificate(&network.notarization(1, &a, &[0, 1]));
    assert!(texts.contains(&"timer view 2 750".to_owned()), "{texts:?}");
    check(&mut node, Input::Work(false), &[]);
    let texts = node.certificate(&network.finalization(1, &a));
    assert_eq!(texts.last().map(String::as_str), Some("cancel view timer"));
}

/// Rule I3: a verified vote of any kind for the current view starts the timer, one for another view does not.
#[test]
fn vote_for_the_current_view_starts_the_timer() {
    let network = network();
    let a = network.batch("A", &network.opening, 0, &[]);
    for vote in [network.notarize(1, &a, 3), network.nullify(1, 3), network.finalize(1, &a, 3)] {
        let mut node = Node::new(&network, 2);
        check(&mut node, network.nullify(2, 3), &[]);
        check(&mut node, vote, &["timer view 1 750"]);
        check(&mut node, Input::Work(false), &[]);
    }
}

/// Rules T2, I3: one validator nullifies one view after the other while nobody has work. Everybody gives up for its
/// sake, and when work comes the timeout is what it was.
#[test]
fn views_that_end_while_nobody_has_work_do_not_raise_the_timeout() {
    let network = network();
    let mut node = Node::new(&network, 2);
    for view in 1..=30 {
        assert_eq!(node.step(network.nullify(view, 3)), [format!("timer view {view} 750")]);
        node.time_out();
        node.certificate(&network.nullification(view));
    }
    assert_eq!(node.step(Input::Work(true)).first().map(String::as_str), Some("timer view 31 750"));
    node.time_out();
    let texts = node.certificate(&network.nullification(31));
    assert!(texts.contains(&"timer view 32 1126".to_owned()), "with work it grows: {texts:?}");
}

/// Rules N3, I4: the work goes to everyone before the vote that gives the view up for its sake.
#[test]
fn work_is_shared_before_the_view_is_given_up() {
    let mut node = Node::new(&network(), 2);
    node.step(Input::Work(true));
    check_timeout(&mut node, &["share work", "sign nullify 1"]);
}

/// Rule I4: who gives a view up for others' sake has nothing to share.
#[test]
fn without_work_of_the_host_there_is_nothing_to_share() {
    let network = network();
    let mut node = Node::new(&network, 2);
    node.step(network.nullify(1, 3));
    check_timeout(&mut node, &["sign nullify 1"]);
}

/// Rule N3: once a view.
#[test]
fn view_is_nullified_once() {
    let mut node = Node::new(&network(), 2);
    node.run(Input::Work(true));
    check_timeout(&mut node, &["share work", "sign nullify 1"]);
    check(&mut node, Input::Work(true), &[]);
    check_rejected(&mut node, Input::Timer(Timer::View(round(1))), Rejected::OldTimer);
    let own = node.own(Vote::nullify(round(1)));
    check(&mut node, own, &["broadcast nullify 1 of 2"]);
}

/// A timer of a view that was left says nothing.
#[test]
fn timer_of_another_view_is_old() {
    let network = network();
    let mut node = Node::new(&network, 2);
    node.step(Input::Work(true));
    node.enter(2);
    for view in [1, 3] {
        check_rejected(&mut node, Input::Timer(Timer::View(round(view))), Rejected::OldTimer);
    }
    check(&mut node, Input::Timer(Timer::View(round(2))), &["share work", "sign nullify 2"]);
}

/// A node that has no place follows, and neither votes nor runs a view timer.
#[test]
fn node_without_a_place_follows_and_says_nothing() {
    let network = network();
    let mut node = Node::new(&network, 9);
    let a = network.batch("A", &network.opening, 0, &[]);
    let mut texts = node.run(Input::Work(true));
    texts.extend(node.run(network.propose(1, &a, network.because(None, &[]))));
    texts.extend(node.run(Input::Body(a.hash())));
    texts.extend(node.run(Input::Timer(Timer::Retry)));
    texts.extend(node.certificate(&network.finalization(1, &a)));
    assert_eq!(node.core.head(), &a);
    let spoken = |text: &&String| text.starts_with("broadcast") || text.starts_with("timer view");
    assert_eq!(texts.iter().find(spoken), None, "{texts:?}");
    assert!(node.disk.votes.is_empty());
}
