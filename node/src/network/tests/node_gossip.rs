use alloy_primitives::{B256, Bytes};
use futures::StreamExt as _;
use libp2p::{
    PeerId,
    gossipsub::{self, IdentTopic},
    swarm::{SwarmEvent, dial_opts::DialOpts},
};
use prometheus_client::registry::Registry;
use rota_proto::Message;
use sha2::{Digest as _, Sha256};

use super::support::{Node, Setup, Validator, final_batch, network, vote};
use crate::network::{
    Network, NetworkEvents, NetworkLimits, Rate, Verdict, Way,
    behaviour::ProtocolsEvent,
    gossip::content_id,
    kind::{Names, Topic},
};

/// Three nodes in a row; the ends are not connected.
async fn row() -> (Node, Node, Node) {
    let mut middle = Setup::new().start().await;
    let mut left = Setup::new().dialling(&[&middle]).start().await;
    let mut right = Setup::new().dialling(&[&middle]).start().await;
    left.connected(middle.peer).await;
    right.connected(middle.peer).await;
    middle.connected(left.peer).await;
    meshed(&[&left, &middle, &right]).await;
    (left, middle, right)
}

/// Waits until each node knows a listener for each topic.
async fn meshed(nodes: &[&Node]) {
    for node in nodes {
        for topic in Topic::ALL {
            let name = Names::of(network()).topic(topic);
            node.metric_reaches(&format!("rota_gossipsub_topic_peers_counts{{hash=\"{name}\"}}"), 1).await;
            let mesh = format!("rota_gossipsub_mesh_peer_counts{{supports_partial=\"false\",topic_hash=\"{name}\"}}");
            node.metric_reaches(&mesh, 1).await;
        }
    }
}

fn transaction(number: u32) -> Bytes {
    [&number.to_be_bytes()[..], &[2; 100]].concat().into()
}

#[tokio::test]
async fn gossip_reaches_a_node_without_a_direct_connection() {
    // N20, N22
    let (left, mut middle, mut right) = row().await;
    for message in [vote(1), Message::FinalBatch(Box::new(final_batch(5)))] {
        left.handle.publish(&message).unwrap();
        assert_eq!(middle.gossip().await, (left.peer, message.clone()));
        assert_eq!(right.gossip().await, (middle.peer, message));
    }
    assert_eq!(middle.metric("rota_network_gossip_verdicts_total{name=\"Accept\"}"), 2);
}

#[tokio::test]
async fn gossip_that_is_not_accepted_travels_no_further() {
    // N22
    let (left, mut middle, mut right) = row().await;
    for (view, verdict) in [(1, Verdict::Reject), (2, Verdict::Ignore), (3, Verdict::Accept)] {
        left.handle.publish(&vote(view)).unwrap();
        let (_, _, id) = middle.gossip_unjudged().await;
        middle.handle.judge(id, verdict).unwrap();
    }
    // The only one that comes is the last.
    assert_eq!(right.gossip().await, (middle.peer, vote(3)));
}

#[tokio::test]
async fn broadcast_takes_the_second_way_to_a_validator_without_a_stream() {
    // N15, N21
    let alice = Validator::seed(1);
    let (left, mut middle, mut right) = row().await;
    left.handle.set_validators([alice.key()].into()).unwrap();
    left.handle.broadcast(&vote(1), vec![alice.key()]).unwrap();
    assert_eq!(middle.gossip().await.1, vote(1));
    assert_eq!(right.gossip().await.1, vote(1));
    // Sent again it is not published again: its id is known everywhere.
    left.handle.broadcast(&vote(1), vec![alice.key()]).unwrap();
    left.metric_reaches("rota_network_messages_dropped_total{reason=\"Duplicate\",kind=\"Vote\"}", 1).await;
}

#[test]
fn content_has_one_id_on_each_topic() {
    // N21
    let (vote, other) = (vote(1).encode(), vote(2).encode());
    let names = Names::of(network());
    let [one, another] = [Topic::Consensus, Topic::FinalBatches].map(|topic| names.topic(topic));
    let by_hand = Sha256::digest([one.as_bytes(), &[0][..], &vote[..]].concat());
    assert_eq!(content_id(&one, &vote), B256::from_slice(&by_hand));
    let ids = [content_id(&one, &vote), content_id(&one, &other), content_id(&another, &vote)];
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
}

#[tokio::test]
async fn transactions_of_a_few_milliseconds_travel_together() {
    // N24, N25
    let (left, mut middle, mut right) = row().await;
    for number in 0..20 {
        left.handle.publish_transactions(vec![transaction(number), transaction(number / 2)]).unwrap();
    }
    let expected: Vec<_> = (0..20).map(transaction).collect();
    let mut heard = Vec::new();
    let mut messages = 0;
    while heard.len() < expected.len() {
        let (_, message) = middle.gossip().await;
        assert_eq!(right.gossip().await.1, message);
        let Message::Transactions(transactions) = message else { panic!("{message:?}") };
        heard.extend(transactions);
        messages += 1;
    }
    assert_eq!(heard, expected);
    assert!(messages <= 3, "{messages} messages");
    // What the middle has taken it does not publish again.
    middle.handle.heard(vec![transaction(3)]).unwrap();
    middle.handle.publish_transactions(vec![transaction(3), transaction(77)]).unwrap();
    assert_eq!(right.gossip().await.1, Message::Transactions(vec![transaction(77)]));
}

#[tokio::test]
async fn gossip_that_was_not_taken_mutes_nothing() {
    // N27
    let (left, mut middle, mut right) = row().await;
    left.handle.publish_transactions(vec![transaction(1), transaction(2)]).unwrap();
    let (_, _, id) = middle.gossip_unjudged().await;
    middle.handle.judge(id, Verdict::Ignore).unwrap();
    middle.handle.publish_transactions(vec![transaction(1)]).unwrap();
    assert_eq!(right.gossip().await, (middle.peer, Message::Transactions(vec![transaction(1)])));
    // Gossip takes the very message for a copy of what was ignored.
    left.handle.publish_transactions(vec![transaction(3)]).unwrap();
    let (_, _, id) = middle.gossip_unjudged().await;
    middle.handle.judge(id, Verdict::Ignore).unwrap();
    middle.handle.publish_transactions(vec![transaction(3)]).unwrap();
    let (from, _, message, way) = right.message().await;
    assert_eq!((from, message, way), (middle.peer, Message::Transactions(vec![transaction(3)]), Way::Direct));
    // What was taken is muted.
    middle.handle.heard(vec![transaction(2)]).unwrap();
    middle.handle.publish_transactions(vec![transaction(2), transaction(4)]).unwrap();
    assert_eq!(right.gossip().await.1, Message::Transactions(vec![transaction(4)]));
}

#[tokio::test]
async fn transaction_that_nobody_heard_is_published_when_somebody_listens() {
    // N25
    let lonely = Setup::new().start().await;
    lonely.handle.publish_transactions(vec![transaction(1)]).unwrap();
    let unheard = "rota_network_messages_dropped_total{reason=\"NobodyListens\",kind=\"Transactions\"}";
    lonely.metric_reaches(unheard, 1).await;
    let mut friend = Setup::new().dialling(&[&lonely]).start().await;
    friend.connected(lonely.peer).await;
    meshed(&[&lonely, &friend]).await;
    lonely.handle.publish_transactions(vec![transaction(1)]).unwrap();
    assert_eq!(friend.gossip().await.1, Message::Transactions(vec![transaction(1)]));
}

#[tokio::test]
async fn validators_among_themselves_need_no_gossip_for_transactions() {
    // N26
    let (alice, bob) = (Validator::seed(1), Validator::seed(2));
    let mut a = Setup::new().validator(&alice).knowing(&[&alice, &bob]).start().await;
    let mut b = Setup::new().validator(&bob).knowing(&[&alice, &bob]).dialling(&[&a]).start().await;
    assert_eq!(a.connected(b.peer).await, Some(bob.key()));
    b.connected(a.peer).await;
    a.handle.publish_transactions(vec![transaction(1)]).unwrap();
    let (from, _, message, way) = b.message().await;
    assert_eq!((from, message, way), (a.peer, Message::Transactions(vec![transaction(1)]), Way::Direct));
    // With a follower there it is gossip that reaches both.
    let mut follower = Setup::new().dialling(&[&a]).start().await;
    a.connected(follower.peer).await;
    meshed(&[&a, &b, &follower]).await;
    a.handle.publish_transactions(vec![transaction(2)]).unwrap();
    for node in [&mut b, &mut follower] {
        assert_eq!(node.gossip().await.1, Message::Transactions(vec![transaction(2)]));
    }
}

/// A node that gossips what it likes.
struct Gossiper {
    network: Network,
    peer: PeerId,
    _events: NetworkEvents,
}

impl Gossiper {
    /// Connects to `node` and waits until it listens to every topic.
    async fn connect(node: &Node) -> Self {
        let (mut network, handle, events) = Network::new(Setup::new().config(), &mut Registry::default()).unwrap();
        let dial = DialOpts::peer_id(node.peer).addresses(vec![node.address.clone()]).allocate_new_port();
        network.swarm.dial(dial.build()).unwrap();
        let mut topics = 0;
        while topics < Topic::ALL.len() {
            let event = network.swarm.select_next_some().await;
            if let SwarmEvent::Behaviour(ProtocolsEvent::Gossip(gossipsub::Event::Subscribed { .. })) = event {
                topics += 1;
            }
        }
        Self { network, peer: handle.local_peer(), _events: events }
    }

    fn say(&mut self, topic: Topic, bytes: Vec<u8>) {
        let topic = IdentTopic::new(Names::of(network()).topic(topic));
        self.network.swarm.behaviour_mut().gossip.publish(topic, bytes).unwrap();
    }

    /// Goes on talking until the node has counted `least` of `metric`.
    async fn until(&mut self, node: &Node, metric: &str, least: u64) {
        tokio::select! {
            () = node.metric_reaches(metric, least) => (),
            () = async { loop { self.network.swarm.select_next_some().await; } } => (),
        }
    }
}

#[tokio::test]
async fn gossip_that_is_no_message_of_its_topic_is_rejected_and_blamed() {
    // N20, N22, N41
    let unknown_field = [&vote(1).encode()[..], &[0xA0, 0x06, 0x01]].concat();
    let cases = [
        (Topic::Consensus, vec![0xFF; 50], "Malformed"),
        (Topic::Transactions, Vec::new(), "Malformed"),
        (Topic::Consensus, unknown_field, "NotCanonical"),
        (Topic::Transactions, vote(1).encode(), "Misplaced"),
        (Topic::Consensus, Message::RoundQuery([1; 32]).encode(), "Misplaced"),
    ];
    for (topic, bytes, fault) in cases {
        let mut node = Setup::new().start().await;
        let mut gossiper = Gossiper::connect(&node).await;
        node.connected(gossiper.peer).await;
        gossiper.say(topic, bytes);
        gossiper.until(&node, &format!("rota_network_faults_total{{name=\"{fault}\"}}"), 1).await;
        assert_eq!(node.metric("rota_network_gossip_verdicts_total{name=\"Reject\"}"), 1);
    }
}

#[tokio::test]
async fn gossip_above_its_rates_is_ignored_and_nobodys_fault() {
    // N23: by messages, and by bytes.
    let vote_bytes = vote(1).encode().len() as f64;
    let changes: [fn(&mut NetworkLimits, f64); 2] = [
        |limits, _| limits.gossip_messages = Rate { burst: 10.0, per_second: 0.001 },
        |limits, bytes| limits.gossip_bytes = Rate { burst: 10.5 * bytes, per_second: 0.001 },
    ];
    for change in changes {
        let mut node = Setup::new().limits(|limits| change(limits, vote_bytes)).start().await;
        let mut gossiper = Gossiper::connect(&node).await;
        node.connected(gossiper.peer).await;
        for view in 1..=11 {
            gossiper.say(Topic::Consensus, vote(view).encode());
        }
        gossiper.until(&node, "rota_network_messages_dropped_total{reason=\"Rate\",kind=\"\"}", 1).await;
        for _ in 1..=10 {
            node.gossip_unjudged().await;
        }
        assert_eq!(node.metric("rota_network_gossip_verdicts_total{name=\"Ignore\"}"), 1);
        assert_eq!(node.metric("rota_network_faults_total{name=\"Flood\"}"), 0);
        assert_eq!(node.handle.peers().await[0].points, 0.0);
    }
}
