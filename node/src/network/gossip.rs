//! Gossip: how gossipsub is set, and the names of topics and messages.

use std::{collections::HashSet, time::Duration};

use alloy_primitives::B256;
use libp2p::gossipsub::{
    self, Behaviour, ConfigBuilder, IdentTopic, MaxCountSubscriptionFilter, MessageAuthenticity, MessageId,
    MetricsConfig, PeerScoreParams, PeerScoreThresholds, PublishError, TopicScoreParams, ValidationMode,
    WhitelistSubscriptionFilter,
};
use prometheus_client::registry::Registry;
use sha2::{Digest as _, Sha256};

use super::{
    event::Verdict,
    kind::{Names, Topic},
    metrics::DropReason,
};

/// gossipsub with our filter: it hears of no topics but ours.
pub(crate) type Gossipsub =
    Behaviour<gossipsub::IdentityTransform, MaxCountSubscriptionFilter<WhitelistSubscriptionFilter>>;

/// Room for what gossipsub adds to a message, and for the next one that its reader has begun to buffer.
const ENVELOPE_BYTES: usize = 64 * 1024;

/// Messages in one RPC of gossipsub; more come in the next.
const MESSAGES_PER_RPC_MAX: usize = 256;

/// Messages that wait for one slow peer; older ones leave after their queue time.
const QUEUE_MAX: usize = 512;

/// How long a message's id is remembered: what comes again later is new.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Ids of own messages that are remembered, so that a vote sent again every retry interval is published once.
pub(crate) const PUBLISHED_MAX: usize = 8_192;

/// Weight of our own judgement in gossipsub's score of a peer: one point of ours is one of its.
const OWN_JUDGEMENT_WEIGHT: f64 = 1.0;

/// Why gossipsub could not be made; a fault of the settings here.
#[derive(Debug, thiserror::Error)]
#[error("gossipsub refuses its settings: {0}")]
pub struct GossipSettings(String);

/// The content's own name (rule N21): nobody can send one message under two ids or two under one.
pub(crate) fn content_id(topic: &str, content: &[u8]) -> B256 {
    let mut hash = Sha256::new();
    hash.update(topic.as_bytes());
    hash.update([0]);
    hash.update(content);
    B256::from_slice(&hash.finalize())
}

/// gossipsub, subscribed to every topic of the network.
pub(crate) fn behaviour(names: &Names, registry: &mut Registry) -> Result<Gossipsub, GossipSettings> {
    let topics = Topic::ALL.map(|topic| IdentTopic::new(names.topic(topic)));
    let filter = MaxCountSubscriptionFilter {
        filter: WhitelistSubscriptionFilter(topics.iter().map(IdentTopic::hash).collect::<HashSet<_>>()),
        max_subscribed_topics: Topic::ALL.len(),
        max_subscriptions_per_request: 2 * Topic::ALL.len(),
    };
    let config = config(names)?;
    // N21: anonymous, because every content carries its own signatures.
    let mut gossip = Behaviour::new_with_subscription_filter(MessageAuthenticity::Anonymous, config, filter)
        .map_err(|error| GossipSettings(error.into()))?
        .with_metrics(registry.sub_registry_with_prefix("gossipsub"), MetricsConfig::default());
    gossip.with_peer_score(score(&topics), thresholds()).map_err(GossipSettings)?;
    for topic in &topics {
        gossip.subscribe(topic).map_err(|error| GossipSettings(error.to_string()))?;
    }
    Ok(gossip)
}

fn config(names: &Names) -> Result<gossipsub::Config, GossipSettings> {
    let longest = Topic::ALL.map(Topic::bytes_max).into_iter().max().unwrap_or_default();
    let mut config = ConfigBuilder::default();
    config
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(|message: &gossipsub::Message| {
            MessageId::new(content_id(message.topic.as_str(), &message.data).as_slice())
        })
        .max_transmit_size(longest + ENVELOPE_BYTES)
        .max_publish_messages(MESSAGES_PER_RPC_MAX)
        .connection_handler_queue_len(QUEUE_MAX)
        .duplicate_cache_time(REMEMBERED)
        .heartbeat_initial_delay(Duration::from_millis(500));
    for topic in Topic::ALL {
        let hash = IdentTopic::new(names.topic(topic)).hash();
        config.max_transmit_size_for_topic(topic.bytes_max() + 256, hash);
    }
    config.build().map_err(|error| GossipSettings(error.to_string()))
}

/// Honest peers of a small or idle network deliver little, so nothing is expected of them; what counts is what they
/// do wrong: invalid messages, broken promises, grafts out of turn, and our own points.
fn score(topics: &[IdentTopic]) -> PeerScoreParams {
    let topic = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.01,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 300.0,
        first_message_deliveries_weight: 0.1,
        first_message_deliveries_decay: 0.5,
        first_message_deliveries_cap: 50.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        // The square of invalid messages: three in short order close the gossip with a peer.
        invalid_message_deliveries_weight: -10.0,
        invalid_message_deliveries_decay: 0.9,
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: topics.iter().map(|name| (name.hash(), topic.clone())).collect(),
        topic_score_cap: 20.0,
        app_specific_weight: OWN_JUDGEMENT_WEIGHT,
        // Several nodes behind one address are usual here; how many may connect is limited elsewhere.
        ip_colocation_factor_weight: 0.0,
        behaviour_penalty_weight: -10.0,
        behaviour_penalty_threshold: 6.0,
        behaviour_penalty_decay: 0.9,
        // A slow peer has its own queue; that is no fault.
        slow_peer_weight: 0.0,
        retain_score: Duration::from_secs(600),
        ..PeerScoreParams::default()
    }
}

const fn thresholds() -> PeerScoreThresholds {
    PeerScoreThresholds {
        gossip_threshold: -40.0,
        publish_threshold: -60.0,
        graylist_threshold: -80.0,
        accept_px_threshold: 1_000.0,
        opportunistic_graft_threshold: 1.0,
    }
}

impl Verdict {
    pub(crate) const fn acceptance(self) -> gossipsub::MessageAcceptance {
        match self {
            Self::Accept => gossipsub::MessageAcceptance::Accept,
            Self::Ignore => gossipsub::MessageAcceptance::Ignore,
            Self::Reject => gossipsub::MessageAcceptance::Reject,
        }
    }
}

/// Why a message of ours found no gossip.
pub(crate) const fn unpublished(error: &PublishError) -> DropReason {
    match error {
        PublishError::Duplicate => DropReason::Duplicate,
        PublishError::NoPeersSubscribedToTopic => DropReason::NobodyListens,
        PublishError::MessageTooLarge => DropReason::TooLong,
        PublishError::AllQueuesFull(_) => DropReason::GossipFull,
        PublishError::SigningError(_) | PublishError::TransformFailed(_) => DropReason::NoWay,
    }
}
