use rota_proto::Message;

use super::support::{Node, Setup, Validator, every_kind, network, proposal, vote};
use crate::network::{CommandError, MessageKind, Recipient, Way};

async fn pair() -> (Node, Node) {
    let (alice, bob) = (Validator::seed(1), Validator::seed(2));
    let sets = [&alice, &bob];
    let mut a = Setup::new().validator(&alice).knowing(&sets).start().await;
    let mut b = Setup::new().validator(&bob).knowing(&sets).dialling(&[&a]).start().await;
    a.connected(b.peer).await;
    b.connected(a.peer).await;
    (a, b)
}

#[tokio::test]
async fn status_and_what_is_no_question_have_no_way() {
    let (a, b) = pair().await;
    let status = Message::Status(rota_proto::Status {
        network: network(),
        version: String::new(),
        height: rota_proto::Height(0),
        batch: alloy_primitives::B256::ZERO,
    });
    let kind = MessageKind::Status;
    let no_way = Err(CommandError::NoWay { kind });
    assert_eq!(a.handle.send_to(Recipient::Peer(b.peer), &status), no_way);
    assert_eq!(a.handle.broadcast(&status, Vec::new()), no_way);
    assert_eq!(a.handle.publish(&status), no_way);
    // N10: catching up goes by the exchange alone.
    let kind = MessageKind::CatchUpAnswer;
    let answer = super::support::catch_up_answer(9, 2);
    assert_eq!(a.handle.send_to(Recipient::Peer(b.peer), &answer), Err(CommandError::NoWay { kind }));
    let body = Message::Body(super::support::body(1));
    assert_eq!(a.handle.publish(&body), Err(CommandError::NoWay { kind: MessageKind::Body }));
}

#[tokio::test]
async fn message_above_its_lane_is_refused_with_the_numbers() {
    let (a, b) = pair().await;
    let mut long = proposal(3);
    long.justification.nullifications = vec![
        rota_proto::Certificate {
            signers: rota_proto::Signers(u128::MAX),
            signatures: vec![rota_proto::Signature([1; 64]); 128],
            ..super::support::certificate(rota_proto::Vote::nullify(super::support::round(1)))
        };
        30
    ];
    let refused = a.handle.send_to(Recipient::Peer(b.peer), &Message::Proposal(Box::new(long))).unwrap_err();
    assert!(matches!(refused, CommandError::TooLong { length, limit, .. } if length > limit), "{refused}");
}

#[tokio::test]
async fn every_kind_travels_both_ways() {
    // N10
    let (mut a, mut b) = pair().await;
    for message in every_kind() {
        for swap in [false, true] {
            let (from, to) = if swap { (&mut b, &mut a) } else { (&mut a, &mut b) };
            from.handle.send_to(Recipient::Peer(to.peer), &message).unwrap();
            let (sender, validator, heard, way) = to.message().await;
            assert_eq!((sender, way), (from.peer, Way::Direct));
            assert!(validator.is_some());
            assert_eq!(heard, message);
        }
    }
    let votes = "rota_network_messages_received_total{way=\"Direct\",kind=\"Vote\"}";
    assert_eq!((a.metric(votes), b.metric(votes)), (1, 1));
    assert_eq!(a.metric("rota_network_frames_queued{name=\"Votes\"}"), 0);
}

#[tokio::test]
async fn broadcast_reaches_every_validator_once_and_no_gossip() {
    // N15
    let validators: Vec<_> = (1..=4).map(Validator::seed).collect();
    let sets: Vec<_> = validators.iter().collect();
    let mut nodes: Vec<Node> = Vec::new();
    for validator in &validators {
        let setup = Setup::new().validator(validator).knowing(&sets);
        nodes.push(setup.dialling(&nodes.iter().collect::<Vec<_>>()).start().await);
    }
    let peers: Vec<_> = nodes.iter().map(|node| node.peer).collect();
    for (index, node) in nodes.iter_mut().enumerate() {
        let mut missing: std::collections::BTreeSet<_> = peers.iter().copied().collect();
        missing.remove(&peers[index]);
        node.expect("all others", |event| {
            if let crate::network::NetworkEvent::PeerConnected { peer, .. } = event {
                missing.remove(&peer);
            }
            missing.is_empty().then_some(())
        })
        .await;
    }
    let everyone: Vec<_> = validators.iter().map(Validator::key).collect();
    for message in every_kind() {
        for sender in 0..nodes.len() {
            nodes[sender].handle.broadcast(&message, everyone.clone()).unwrap();
            for receiver in (0..nodes.len()).filter(|receiver| *receiver != sender) {
                let (from, validator, heard, way) = nodes[receiver].message().await;
                assert_eq!((from, validator), (peers[sender], Some(everyone[sender])));
                assert_eq!((heard, way), (message.clone(), Way::Direct));
            }
        }
    }
    let gossiped = "rota_network_messages_received_total{way=\"Gossip\",kind=\"Vote\"}";
    assert!(nodes.iter().all(|node| node.metric(gossiped) == 0));
}

#[tokio::test]
async fn message_to_someone_who_is_not_there_is_counted() {
    let (a, _b) = pair().await;
    let stranger = Validator::seed(9).key();
    a.handle.send_to(Recipient::Validator(stranger), &vote(1)).unwrap();
    a.metric_reaches("rota_network_messages_dropped_total{reason=\"NotConnected\",kind=\"Vote\"}", 1).await;
}
