//! Finality, and what must never happen (rules F2, F3, A1, A2).

use std::rc::Rc;

use rota_proto::{BatchHeader, Justification, View};

use super::{
    network::{Network, STAKES},
    node::{Node, check, check_rejected},
};
use crate::{
    Input, Output, Rejected, Timer,
    finalize::{FINAL_AT_ONCE_MAX, FINAL_VIEWS_MAX},
};

/// Node 3 with A, B, C notarized in views 1, 2 and 3, headers and bodies here, nothing final.
fn chain() -> (Rc<Network>, Node, [BatchHeader; 3]) {
    let network = Network::new(&STAKES);
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let b = network.batch("B", &a, 1, &[0, 1]);
    let c = network.batch("C", &b, 2, &[0, 1]);
    let mut why = Justification::default();
    for (view, batch) in [(1, &a), (2, &b), (3, &c)] {
        node.follow(network.propose(view, batch, why));
        let notarization = network.notarization(view, batch, &[0, 1]);
        node.certificate(&notarization);
        why = network.because(Some(&notarization), &[]);
    }
    (network, node, [a, b, c])
}

/// Rule F2: the batch and all its ancestors; the certificate is durable before anyone is told.
#[test]
fn finalization_makes_all_ancestors_final() {
    let (network, mut node, [_, b, c]) = chain();
    let texts = node.step(Input::Certificate(network.finalization(2, &b)));
    assert_eq!(texts, ["persist finalization 2 B", "final A B by finalization 2 B"]);
    assert_eq!((node.core.head(), node.core.finalized_view()), (&b, View(2)));
    assert_eq!(node.core.notarized_head(), Some(&c));
    let texts = node.step(Input::Certificate(network.finalization(3, &c)));
    assert_eq!(texts, ["persist finalization 3 C", "final C by finalization 3 C", "cancel view timer"]);
    assert_eq!(node.core.notarized_head(), None);
}

/// Rule F2: the highest finalization first; those below it come with it.
#[test]
fn finalization_waits_for_headers_and_bodies_and_the_highest_goes_first() {
    let network = Network::new(&STAKES);
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let b = network.batch("B", &a, 1, &[0, 1]);
    let expected = ["persist finalization 1 A", "fetch proposal 1 A"];
    check(&mut node, Input::Certificate(network.finalization(1, &a)), &expected);
    let expected = ["persist finalization 2 B", "fetch proposal 1 A", "fetch proposal 2 B"];
    check(&mut node, Input::Certificate(network.finalization(2, &b)), &expected);
    check(&mut node, Input::Header(Box::new(b.clone())), &["notarized B"]);
    check(&mut node, Input::Body(b.hash()), &[]);
    check(&mut node, Input::Header(Box::new(a.clone())), &["notarized A"]);
    assert_eq!(node.core.head(), &network.opening);
    check(&mut node, Input::Body(a.hash()), &["final A B by finalization 2 B"]);
    assert_eq!((node.core.head(), node.core.finalized_view()), (&b, View(2)));
}

/// Rule F2: what is here of the chain becomes final although a higher finalization is known whose batch is missing, and
/// what leads up to that one is not dropped as a stray meanwhile.
#[test]
fn node_that_was_away_for_long_gets_to_the_highest_finalization_step_by_step() {
    const AWAY: u64 = 200;
    let network = Network::new(&STAKES);
    let mut node = Node::new(&network, 3);
    let mut chain = vec![network.opening.clone()];
    for view in 1..=AWAY {
        let signers: &[u8] = if view == 1 { &[] } else { &[0, 1] };
        chain.push(network.batch(&format!("B{view}"), &chain[chain.len() - 1], view - 1, signers));
    }
    node.step(Input::Certificate(network.finalization(AWAY, &chain[200])));
    assert_eq!(node.core.round(), network.round(AWAY + 1));
    // From the bottom, as final batches come from a peer, each by its own finalization.
    for view in 1..=140 {
        let batch = &chain[usize::try_from(view).unwrap()];
        node.step(Input::Certificate(network.finalization(view, batch)));
        node.step(Input::Header(Box::new(batch.clone())));
        node.step(Input::Body(batch.hash()));
        assert_eq!(node.core.head(), batch);
    }
    // From the top, one by one, while views pass.
    for view in (141..=AWAY).rev() {
        let batch = &chain[usize::try_from(view).unwrap()];
        node.step(Input::Header(Box::new(batch.clone())));
        node.step(Input::Body(batch.hash()));
        node.enter(2 * AWAY + 2 - view);
    }
    assert_eq!((node.core.head(), node.core.finalized_view()), (&chain[200], View(AWAY)));
}

/// A node that has so many batches and the finalization of the last, and what its last step said: from the top down, as
/// they are fetched. The first in the list is the opening.
fn fetched(network: &Rc<Network>, count: usize) -> (Node, Vec<BatchHeader>, Vec<String>) {
    let mut node = Node::new(network, 3);
    let mut chain = vec![network.opening.clone()];
    for view in 1..=count as u64 {
        let signers: &[u8] = if view == 1 { &[] } else { &[0, 1] };
        chain.push(network.batch(&format!("B{view}"), &chain[chain.len() - 1], view - 1, signers));
    }
    let mut texts = node.step(Input::Certificate(network.finalization(count as u64, &chain[count])));
    for batch in chain.iter().skip(1).rev() {
        node.step(Input::Header(Box::new(batch.clone())));
        texts = node.step(Input::Body(batch.hash()));
    }
    (node, chain, texts)
}

/// The output that makes a piece of a chain final, the last of them by its own finalization.
fn final_piece(views: std::ops::RangeInclusive<usize>) -> String {
    let last = *views.end();
    let names: Vec<String> = views.map(|view| format!("B{view}")).collect();
    format!("final {} by finalization {last} B{last}", names.join(" "))
}

/// Rule F2: as many as execution holds unfinal become final at once.
#[test]
fn as_many_batches_as_may_be_unfinal_become_final_at_once() {
    let network = Network::new(&STAKES);
    let (node, chain, texts) = fetched(&network, FINAL_AT_ONCE_MAX);
    assert!(texts.contains(&final_piece(1..=FINAL_AT_ONCE_MAX)), "{texts:?}");
    assert_eq!(node.core.head(), &chain[FINAL_AT_ONCE_MAX]);
}

/// Rule F2: one more becomes final in two steps, by a finalization between.
#[test]
fn one_batch_more_than_may_be_unfinal_becomes_final_in_two_steps() {
    const ONE_MORE: usize = FINAL_AT_ONCE_MAX + 1;
    let network = Network::new(&STAKES);
    let (mut node, chain, _) = fetched(&network, ONE_MORE);
    assert_eq!(node.core.head(), &network.opening, "execution cannot hold them");
    let texts = node.step(Input::Certificate(network.finalization(1, &chain[1])));
    assert!(texts.contains(&final_piece(1..=1)), "{texts:?}");
    assert_eq!(node.core.head(), &chain[1]);
    let texts = node.step(Input::Work(true));
    assert!(texts.contains(&final_piece(2..=ONE_MORE)), "{texts:?}");
    assert_eq!(node.core.head(), &chain[ONE_MORE]);
}

/// Rule F3: rivals of the final batch, and what stands on them, are dropped.
#[test]
fn batches_beside_the_final_one_are_dropped() {
    let (network, mut node, [a, b, c]) = chain();
    let rival = network.batch("R", &network.opening, 0, &[]);
    let above = network.batch("S", &rival, 4, &[0, 1]);
    node.run(network.propose(5, &rival, network.because(None, &[])));
    let fork = network.notarization(4, &rival, &[0, 1]);
    node.run(network.propose(6, &above, network.because(Some(&fork), &[5])));
    for batch in [&a, &b, &c, &rival, &above] {
        assert_eq!(node.core.header(batch.hash()), Some(batch));
    }
    node.certificate(&network.finalization(2, &b));
    for (batch, kept) in [(&a, false), (&b, true), (&c, true), (&rival, false), (&above, false)] {
        assert_eq!(node.core.header(batch.hash()).is_some(), kept);
    }
}

/// Rule F3: also one height above the final batch, whether their parents were ever here or not, with all above them.
#[test]
fn batches_on_others_than_the_final_one_are_dropped() {
    let (network, mut node, [a, b, c]) = chain();
    let rival = network.batch("R", &network.opening, 0, &[]);
    let child = network.batch("S", &rival, 4, &[0, 1]);
    let grandchild = network.batch("T", &child, 5, &[0, 1]);
    let unknown = network.batch("U", &network.opening, 0, &[]);
    let orphan = network.batch("V", &unknown, 6, &[0, 1]);
    node.run(network.propose(4, &rival, network.because(None, &[])));
    for (view, batch, parent) in [(5, &child, &rival), (6, &grandchild, &child), (7, &orphan, &unknown)] {
        let notarization = network.notarization(view - 1, parent, &[0, 1]);
        node.run(network.propose(view, batch, network.because(Some(&notarization), &[])));
        assert_eq!(node.core.header(batch.hash()), Some(batch));
    }
    node.certificate(&network.finalization(1, &a));
    for (batch, kept) in [(&a, true), (&b, true), (&c, true), (&child, false), (&grandchild, false), (&orphan, false)] {
        assert_eq!(node.core.header(batch.hash()).is_some(), kept, "{}", network.name(batch.hash()));
    }
    assert_eq!(node.size("batches"), 2, "B and C");
}

/// Rule R3: what is missing above the batch that became final is still asked for, but not as if it were new.
#[test]
fn what_is_wanted_above_the_final_view_stays_wanted() {
    let network = Network::new(&STAKES);
    let mut node = Node::new(&network, 3);
    let a = network.batch("A", &network.opening, 0, &[]);
    let b = network.batch("B", &a, 1, &[0, 1]);
    let d = network.batch("D", &b, 2, &[0, 1]);
    node.follow(network.propose(1, &a, network.because(None, &[])));
    let because = network.because(Some(&network.notarization(1, &a, &[0, 1])), &[]);
    node.run(network.propose(2, &b, because));
    let texts = node.certificate(&network.finalization(4, &d));
    assert!(texts.contains(&"fetch proposal 4 D".to_owned()), "{texts:?}");
    node.certificate(&network.finalization(2, &b));
    let expected = ["persist finalization 1 A", "final A by finalization 1 A", "cancel view timer"];
    check(&mut node, Input::Certificate(network.finalization(1, &a)), &expected);
    let texts = node.step(Input::Timer(Timer::Retry));
    assert_eq!(texts[1..3], ["fetch proposal 4 D", "fetch body B"], "{texts:?}");
    assert!(texts[3..].iter().all(|text| !text.starts_with("fetch")), "{texts:?}");
}

/// Rule R3: what was missing at or below the final view is needed no more.
#[test]
fn nothing_is_wanted_of_the_final_view() {
    let network = Network::new(&STAKES);
    let mut node = Node::new(&network, 3);
    let [a, b] = ["A", "B"].map(|name| network.batch(name, &network.opening, 0, &[]));
    node.follow(network.propose(1, &a, network.because(None, &[])));
    let texts = node.run(network.propose(3, &b, network.because(None, &[2])));
    assert!(texts.contains(&"fetch certificates 1".to_owned()), "{texts:?}");
    node.certificate(&network.finalization(1, &a));
    check(&mut node, Input::Timer(Timer::Retry), &["timer retry 500", "broadcast nullification 2"]);
}

/// Rules R3, A1: nor the header of another batch of the final view: that it is another is enough to see the conflict.
#[test]
fn header_of_a_rival_in_the_final_view_is_wanted_no_more() {
    let (network, mut node, [a, b, _]) = chain();
    let rival = network.batch("R", &a, 1, &[0, 1]);
    let above = network.batch("S", &rival, 2, &[0, 1]);
    node.step(Input::Certificate(network.finalization(5, &above)));
    let texts = node.step(Input::Header(Box::new(above.clone())));
    assert!(texts.contains(&"fetch proposal 2 R".to_owned()), "{texts:?}");
    node.step(Input::Certificate(network.finalization(2, &b)));
    let texts = node.step(Input::Timer(Timer::Retry));
    assert!(!texts.contains(&"fetch proposal 2 R".to_owned()), "{texts:?}");
    let texts = node.step(Input::Header(Box::new(above)));
    assert!(texts.contains(&"conflict finalization 2 B against finalization 5 S".to_owned()), "{texts:?}");
}

/// Rule A1, at the limit and one past: so many final views are remembered, and with the first the conflict in it.
#[test]
fn conflicts_are_recognised_in_the_final_views_that_are_remembered() {
    let network = Network::new(&STAKES);
    let mut node = Node::new(&network, 3);
    let rival = network.batch("R", &network.opening, 0, &[]);
    let mut parent = network.opening.clone();
    let views = FINAL_VIEWS_MAX as u64;
    for view in 1..=views + 1 {
        let signers: &[u8] = if view == 1 { &[] } else { &[0, 1] };
        let batch = network.batch("B", &parent, view - 1, signers);
        node.step(Input::Certificate(network.finalization(view, &batch)));
        node.step(Input::Header(Box::new(batch.clone())));
        node.step(Input::Body(batch.hash()));
        assert_eq!(node.core.head(), &batch);
        parent = batch;
        let conflicts = |node: &Node, view| {
            let outputs = node.clone().outputs(Input::Certificate(network.finalization(view, &rival)));
            outputs.is_ok_and(|outputs| outputs.iter().any(|output| matches!(output, Output::Conflict { .. })))
        };
        if view >= views {
            let first = view - views + 1;
            assert!(conflicts(&node, first), "view {first} is remembered");
            assert!(!conflicts(&node, first - 1), "the view before it is not");
        }
    }
}

/// Rule A1, A2: a finalization at or below the final view that names a batch outside the chain.
#[test]
fn finalization_of_a_batch_beside_the_chain_is_a_conflict() {
    let (network, mut node, [a, b, c]) = chain();
    node.certificate(&network.finalization(3, &c));
    let rival = network.batch("R", &network.opening, 0, &[]);
    for (view, batch) in [(1, &rival), (2, &rival), (3, &rival), (2, &a), (1, &b)] {
        let texts = node.step(Input::Certificate(network.finalization(view, batch)));
        let name = network.name(batch.hash());
        let persisted = format!("persist finalization {view} {name}");
        assert_eq!(texts, [persisted, format!("conflict finalization 3 C against finalization {view} {name}")]);
    }
}

/// Rule A1: late finalizations of our own chain are late, no more.
#[test]
fn finalization_of_an_ancestor_is_no_conflict() {
    let (network, mut node, [a, b, c]) = chain();
    node.certificate(&network.finalization(3, &c));
    for (view, batch) in [(1, &a), (2, &b)] {
        let stale = Rejected::Stale { view: View(view), finalized: View(3) };
        check_rejected(&mut node, Input::Certificate(network.finalization(view, batch)), stale);
    }
    check_rejected(&mut node, Input::Certificate(network.finalization(3, &c)), Rejected::Known);
}

/// Rules A1, A2: above the final view, a batch beside the final one. Its header, which shows it, is fetched though it
/// lies no higher; the conflict is reported once.
#[test]
fn finalization_of_a_rival_in_a_later_view_is_a_conflict() {
    let (network, mut node, [a, ..]) = chain();
    node.certificate(&network.finalization(1, &a));
    let rival = network.batch("R", &network.opening, 0, &[]);
    let finalization = Input::Certificate(network.finalization(4, &rival));
    let conflict = "conflict finalization 1 A against finalization 4 R";
    for header in [Input::Header(Box::new(rival.clone())), network.propose(4, &rival, network.because(None, &[]))] {
        let mut node = node.clone();
        let _ = node.outputs(network.propose(4, &rival, network.because(None, &[])));
        let texts = node.step(finalization.clone());
        assert!(texts.contains(&"fetch proposal 4 R".to_owned()), "{texts:?}");
        assert!(node.step(header).contains(&conflict.to_owned()));
        let texts = node.run(Input::Work(true));
        assert!(!texts.contains(&conflict.to_owned()), "once: {texts:?}");
        assert_eq!(node.core.head(), &a);
    }
}

/// Rules A1, A2: no body is needed to see that a batch descends from another than the final one.
#[test]
fn finalization_of_a_rivals_child_is_a_conflict() {
    let (network, mut node, [a, ..]) = chain();
    node.certificate(&network.finalization(1, &a));
    let rival = network.batch("R", &network.opening, 0, &[]);
    let above = network.batch("S", &rival, 4, &[0, 1]);
    let texts = node.step(Input::Certificate(network.finalization(5, &above)));
    assert!(texts.contains(&"fetch proposal 5 S".to_owned()), "{texts:?}");
    let conflict = "conflict finalization 1 A against finalization 5 S";
    check(&mut node, Input::Header(Box::new(above)), &["notarized S", conflict]);
}

/// Rule A1, after a restart: the last final batch is remembered.
#[test]
fn rival_of_the_last_final_batch_is_recognised_after_a_restart() {
    let (network, mut node, [_, _, c]) = chain();
    node.certificate(&network.finalization(3, &c));
    node.restart(false);
    let rival = network.batch("R", &network.opening, 0, &[]);
    let conflict = "conflict finalization 3 C against finalization 3 R";
    check(&mut node, Input::Certificate(network.finalization(3, &rival)), &["persist finalization 3 R", conflict]);
}

/// Rule F3: nothing that conflicts is made final, whatever comes.
#[test]
fn final_batches_stay_final() {
    let (network, mut node, [a, b, c]) = chain();
    node.certificate(&network.finalization(3, &c));
    let rival = network.batch("R", &network.opening, 0, &[]);
    for (view, batch) in [(2, &rival), (9, &rival), (1, &b), (8, &a)] {
        let _ = node.outputs(Input::Certificate(network.finalization(view, batch)));
        let _ = node.outputs(Input::Header(Box::new(batch.clone())));
        let _ = node.outputs(Input::Body(batch.hash()));
        assert_eq!(node.core.head(), &c);
    }
}
