use std::{sync::Arc, time::Duration};

use libp2p::PeerId;
use rota_proto::{ConsensusKey, Message};
use tokio::time::timeout;

use super::support::{Validator, body, vote};
use crate::network::{
    NetworkEvent, NetworkLimits, Way,
    events::{EventSender, channel},
    link::Link,
    metrics::Metrics,
};

const SHORTLY: Duration = Duration::from_millis(20);

fn said(validator: Option<ConsensusKey>, message: Message) -> NetworkEvent {
    NetworkEvent::Message { from: PeerId::random(), validator, message, way: Way::Direct }
}

fn stranger(view: u64) -> NetworkEvent {
    said(None, vote(view))
}

fn validator(view: u64) -> NetworkEvent {
    said(Some(Validator::seed(1).key()), vote(view))
}

/// The view of a vote; 0 for what is none.
fn view(event: &NetworkEvent) -> u64 {
    match event {
        NetworkEvent::Message { message: Message::Vote(signed), .. } => signed.vote.round.view.0,
        _ => 0,
    }
}

async fn taken(events: &mut crate::network::NetworkEvents, count: usize) -> Vec<u64> {
    let mut views = Vec::new();
    for _ in 0..count {
        views.push(view(&events.recv().await.unwrap()));
    }
    views
}

fn offer(sender: &EventSender, event: NetworkEvent) {
    assert!(sender.offer(event, 100));
}

#[tokio::test]
async fn votes_of_validators_do_not_wait_behind_strangers() {
    // N18
    let (sender, mut events) = channel(&NetworkLimits::default());
    (1..=3).for_each(|view| offer(&sender, stranger(view)));
    (11..=13).for_each(|view| offer(&sender, validator(view)));
    assert_eq!(taken(&mut events, 6).await, [11, 12, 13, 1, 2, 3]);
}

#[tokio::test]
async fn strangers_wait_only_for_what_was_there_before() {
    // N18
    let (sender, mut events) = channel(&NetworkLimits::default());
    (1..=2).for_each(|view| offer(&sender, stranger(view)));
    let mut order = Vec::new();
    for next in 11..=16 {
        offer(&sender, validator(next));
        order.extend(taken(&mut events, 1).await);
    }
    order.extend(taken(&mut events, 2).await);
    assert!(order.iter().position(|view| *view == 1) <= Some(2), "{order:?}");
    assert!(order.iter().position(|view| *view == 2) <= Some(4), "{order:?}");
}

#[tokio::test]
async fn going_of_a_peer_comes_after_all_it_said() {
    // N6
    let (sender, mut events) = channel(&NetworkLimits::default());
    offer(&sender, validator(1));
    sender.reserve().await.unwrap().send(NetworkEvent::PeerGone { peer: PeerId::random() }, None);
    offer(&sender, stranger(2));
    assert_eq!(taken(&mut events, 3).await, [1, 0, 2]);
}

#[tokio::test]
async fn peer_speaks_only_when_the_node_has_taken_its_coming() {
    // N6
    let limits = Arc::new(NetworkLimits::default());
    let (sender, mut events) = channel(&limits);
    let link = Arc::new(Link::new(PeerId::random(), &limits, &Metrics::default()));
    let came = NetworkEvent::ValidatorChanged { peer: link.peer, validator: None };
    sender.reserve().await.unwrap().send(came, Some(link.clone()));
    assert!(timeout(SHORTLY, link.announced()).await.is_err());
    events.recv().await.unwrap();
    link.announced().await;
}

#[tokio::test]
async fn bytes_that_wait_for_the_node_are_bounded() {
    // N16
    let limits = NetworkLimits { events_bytes_max: 1_000, ..NetworkLimits::default() };
    let (sender, mut events) = channel(&limits);
    assert!(sender.offer(stranger(1), 600));
    assert!(!sender.offer(stranger(2), 401), "one byte above the limit");
    assert!(sender.offer(stranger(3), 400));
    assert!(timeout(SHORTLY, sender.send(stranger(4), 1)).await.is_err(), "a lane waits");
    // What validators say has bytes of its own, and bodies are among it.
    assert!(sender.offer(said(Some(Validator::seed(1).key()), Message::Body(body(10))), 1_000));
    assert_eq!(taken(&mut events, 2).await, [0, 1]);
    // Longer than all there may be: it waits until it is alone.
    let waiting = tokio::spawn(async move { sender.send(stranger(5), 5_000).await });
    assert_eq!(taken(&mut events, 2).await, [3, 5]);
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn events_end_when_either_side_is_gone() {
    let (sender, mut events) = channel(&NetworkLimits::default());
    offer(&sender, stranger(1));
    drop(sender);
    assert_eq!(taken(&mut events, 1).await, [1]);
    assert!(events.recv().await.is_none());
    let (sender, events) = channel(&NetworkLimits::default());
    drop(events);
    assert!(!sender.send(stranger(1), 1).await);
    assert!(sender.reserve().await.is_err());
}
