use super::support::{Intruder, Setup, Validator, body, vote};
use crate::network::{CommandError, NetworkEvent, Recipient};
use rota_proto::Message;

#[tokio::test]
async fn slow_reader_holds_nobody_up_and_its_queue_stays_bounded() {
    // N13
    let (slow, quick) = (Validator::seed(1), Validator::seed(2));
    let frames_max = 64;
    let sets = [&slow, &quick];
    let change = |limits: &mut crate::network::NetworkLimits| limits.queue_frames_max = frames_max;
    let mut node = Setup::new().knowing(&sets).limits(change).start().await;
    let stuck = Intruder::connect_as(&Setup::new().validator(&slow), &node.address).await.unwrap();
    node.connected(stuck.peer).await;
    let mut reader = Setup::new().validator(&quick).dialling(&[&node]).start().await;
    node.connected(reader.peer).await;
    reader.connected(node.peer).await;
    let to: Vec<_> = sets.iter().map(|validator| validator.key()).collect();
    // 40 MB in all: far above what the sockets' and streams' buffers of the stuck one hold.
    for view in 1..=400 {
        let body = Message::Body(body(100_000));
        node.handle.broadcast(&body, to.clone()).unwrap();
        node.handle.broadcast(&vote(view), to.clone()).unwrap();
        let mut heard = [reader.message().await.2, reader.message().await.2];
        heard.sort_by_key(|message| matches!(message, Message::Body(_)));
        assert_eq!(heard, [vote(view), body]);
    }
    let bulk = node.metric("rota_network_frames_queued{name=\"Bulk\"}");
    assert_eq!(bulk, frames_max as u64, "the stuck queue is full and no fuller");
    let dropped = node.metric("rota_network_messages_dropped_total{reason=\"QueueFull\",kind=\"Body\"}");
    let held = 400 - dropped - bulk;
    assert!(dropped > 100 && held < 200, "{dropped} dropped, {held} in buffers");
    drop(stuck);
    node.gone_any().await;
    assert_eq!(node.metric("rota_network_frames_queued{name=\"Bulk\"}"), 0);
}

#[tokio::test]
async fn node_that_takes_no_events_stops_senders_and_not_the_network() {
    // N16
    let mut busy = Setup::new().limits(|limits| limits.events_max = 2).start().await;
    let mut sender = Setup::new().dialling(&[&busy]).start().await;
    sender.connected(busy.peer).await;
    let count = 2_000;
    for view in 1..=count {
        sender.handle.send_to(Recipient::Peer(busy.peer), &vote(view)).unwrap();
        tokio::task::yield_now().await;
    }
    // It takes no events and still answers its node.
    assert_eq!(busy.handle.peers().await.len(), 1);
    busy.connected(sender.peer).await;
    // Now it reads: the newest of what was kept comes, and nothing twice.
    let mut views = std::collections::BTreeSet::new();
    busy.expect("the last vote", |event| match event {
        NetworkEvent::Message { message: Message::Vote(signed), .. } => {
            assert!(views.insert(signed.vote.round.view.0));
            (signed.vote.round.view.0 == count).then_some(())
        }
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn commands_above_their_limit_are_refused_by_name() {
    // N16: on one thread the network takes nothing before we wait.
    let node = Setup::new().limits(|limits| limits.commands_max = 3).start().await;
    tokio::task::yield_now().await;
    let refused = (0..5).find_map(|_| node.handle.publish_transactions(Vec::new()).err()).unwrap();
    assert!(matches!(refused, CommandError::Overloaded { waiting: 3, .. }), "{refused}");
    let dropped = "rota_network_messages_dropped_total{reason=\"CommandsFull\",kind=\"Transactions\"}";
    assert!(node.metric(dropped) >= 1);
}

#[tokio::test]
async fn stopped_network_says_so() {
    let node = Setup::new().start().await;
    let handle = node.handle.clone();
    node.stop().await;
    assert_eq!(handle.publish_transactions(Vec::new()), Err(CommandError::Stopped));
    assert!(handle.peers().await.is_empty());
}
