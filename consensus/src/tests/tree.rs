//! What is kept above the final batch, and its bounds.

use std::rc::Rc;

use rota_proto::{BatchHeader, Fetch, Justification};

use super::{
    network::{Network, STAKES, key, round},
    node::{Node, check, check_rejected},
};
use crate::{Input, Limits, Rejected};

fn network() -> Rc<Network> {
    Network::new(&STAKES)
}

fn proposed(node: &mut Node, view: u64, name: &str) -> BatchHeader {
    let network = Rc::clone(&node.network);
    let batch = network.batch(name, &network.opening, 0, &[]);
    node.outputs(network.propose(view, &batch, Justification::default())).unwrap();
    batch
}

/// Headers that nothing certified are dropped after `stray_views`, at the limit and one past.
#[test]
fn strays_are_dropped_in_the_end() {
    let mut node = Node::new(&network(), 3);
    let stray = proposed(&mut node, 1, "A");
    let limit = Limits::default().stray_views;
    node.enter(1 + limit);
    assert_eq!(node.core.header(stray.hash()), Some(&stray));
    node.enter(2 + limit);
    assert_eq!(node.core.header(stray.hash()), None);
    assert_eq!(node.size("batches"), 0);
}

/// What a quorum certified above the final view is never dropped.
#[test]
fn certified_batches_are_kept() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let [a, stray] = ["A", "B"].map(|name| proposed(&mut node, 1, name));
    node.certificate(&network.notarization(1, &a, &[0, 1]));
    node.enter(1_000);
    let fetch = |batch: &BatchHeader| Input::Fetch {
        from: key(2),
        fetch: Fetch::Proposal { round: round(1), batch: batch.hash() },
    };
    check(&mut node, fetch(&a), &["send 2 proposal 1 A"]);
    check_rejected(&mut node, fetch(&stray), Rejected::NotHere);
    assert_eq!(node.core.header(a.hash()), Some(&a));
    assert_eq!(node.core.notarized_head(), Some(&a));
    let views = node.size("views");
    assert!(views <= 3, "views 1, 999 and the current one, not {views}");
}

/// A batch proposed again in a later view is no stray.
#[test]
fn batch_seen_again_is_no_stray() {
    let mut node = Node::new(&network(), 3);
    let a = proposed(&mut node, 1, "A");
    proposed(&mut node, 5, "A");
    node.enter(2 + Limits::default().stray_views);
    assert_eq!(node.core.header(a.hash()), Some(&a));
}

/// The most that faulty leaders can make a node keep: two batches a view they lead, within reach.
#[test]
fn faulty_leaders_fill_no_more_than_their_views() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let reach = 1 + Limits::default().views_ahead;
    let mut refused = 0;
    for view in 1..=2 * reach {
        for number in 0..5 {
            let batch = network.batch(&format!("{view}/{number}"), &network.opening, 0, &[]);
            refused += u64::from(node.outputs(network.propose(view, &batch, Justification::default())).is_err());
        }
    }
    let most = usize::try_from(2 * reach).unwrap();
    assert_eq!([node.size("batches"), node.size("proposals")], [most, most]);
    assert_eq!(refused, 2 * reach * 5 - 2 * reach);
}

/// The same for votes: three a validator and view, within reach.
#[test]
fn faulty_voters_fill_no_more_than_the_views_within_reach() {
    let network = network();
    let mut node = Node::new(&network, 3);
    let reach = 1 + Limits::default().views_ahead;
    let a = network.batch("A", &network.opening, 0, &[]);
    for view in 1..=10 * reach {
        for vote in [network.nullify(view, 2), network.notarize(view, &a, 2), network.finalize(view, &a, 2)] {
            let _ = node.outputs(vote);
        }
    }
    let reach = usize::try_from(reach).unwrap();
    assert_eq!(["views", "view votes", "batches", "wanted"].map(|name| node.size(name)), [reach, 3 * reach, 0, 0]);
}

/// Rule F3: what lies below the final view is gone.
#[test]
fn finality_forgets_what_lies_below() {
    let network = network();
    let mut node = Node::new(&network, 3);
    for view in 2..=41 {
        node.enter(view);
    }
    let a = network.batch("A", &network.opening, 0, &[]);
    node.outputs(network.propose(41, &a, Justification::default())).unwrap();
    check(&mut node, Input::Body(a.hash()), &["check A of 0"]);
    node.certificate(&network.finalization(41, &a));
    assert_eq!(["views", "batches", "wanted"].map(|name| node.size(name)), [1, 0, 0]);
    assert_eq!(node.size("to finalize"), 0);
}
