//! What the network makes of the swarm's events.

use std::{cmp::Reverse, collections::BTreeSet, time::Instant};

use libp2p::{
    PeerId,
    gossipsub::{self, MessageAcceptance},
    ping,
    swarm::{DialError, SwarmEvent},
};
use rota_proto::{ConsensusKey, Message};

use super::{
    behaviour::ProtocolsEvent,
    event::{GossipId, NetworkEvent, Refused, Verdict, Way},
    hello::Hello,
    kind::MessageKind,
    limits::VALIDATORS_MAX,
    lock::lock,
    metrics::{DropReason, WayLabel},
    misbehaviour::Misbehaviour,
    peers::Peer,
    roster::Standing,
    service::Network,
    trust::Trust,
};

impl Network {
    #[allow(clippy::wildcard_enum_match_arm, reason = "libp2p adds events; what we do not know we need not act on")]
    pub(super) fn swarm_event(&mut self, event: SwarmEvent<ProtocolsEvent>) {
        match event {
            SwarmEvent::Behaviour(ProtocolsEvent::Gossip(event)) => self.gossip_event(event),
            SwarmEvent::Behaviour(ProtocolsEvent::Exchange(event)) => self.exchange_event(event),
            SwarmEvent::Behaviour(ProtocolsEvent::Ping(ping::Event { connection, result: Err(error), peer })) => {
                tracing::debug!(%peer, %error, "a connection does not answer");
                self.swarm.close_connection(connection);
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, .. } => {
                if !self.established(peer_id) {
                    self.swarm.close_connection(connection_id);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => self.closed(peer_id),
            SwarmEvent::IncomingConnectionError { peer_id, send_back_addr, error, .. } => {
                self.refused(peer_id, Some(send_back_addr), Refused::listening(&error));
            }
            SwarmEvent::OutgoingConnectionError { peer_id, error, .. } => self.dial_failed(peer_id, &error),
            SwarmEvent::NewListenAddr { address, .. } => self.outbox.owe(NetworkEvent::Listening { address }),
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::warn!(?addresses, ?reason, "a listener is closed");
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "a listener failed"),
            other => tracing::trace!(?other, "nothing to do"),
        }
    }

    /// A connection stands. False if its peer never introduced itself.
    fn established(&mut self, peer: PeerId) -> bool {
        let hello = self.reception.take(&peer);
        if self.peers.contains_key(&peer) {
            return true;
        }
        let Some(hello) = hello else { return false };
        self.dialer.connected(&peer);
        let configured = self.dialer.knows(&peer);
        let (validator, forged) = self.speaks_for(peer, &hello);
        let status = hello.status.clone();
        tracing::debug!(%peer, ?validator, height = %status.height, version = status.version, "connected");
        self.peers.insert(peer, Peer::new(hello, validator, configured, &self.limits));
        self.stands(peer, validator, Trust::of(validator.is_some(), configured));
        let points = self.scores.points(&peer, Instant::now());
        self.swarm.behaviour_mut().gossip.set_application_score(&peer, -points);
        let link = self.link(&peer).cloned();
        self.outbox.introduce(NetworkEvent::PeerConnected { peer, validator, status }, link);
        if forged {
            self.punish(peer, Misbehaviour::ForgedRecord);
        }
        // A newer record may have unseated another peer.
        self.seat();
        true
    }

    /// The validator that a new peer speaks for, and whether its record is forged. The sets may have changed since the
    /// handshake judged the record, and they do as the node starts.
    fn speaks_for(&mut self, peer: PeerId, hello: &Hello) -> (Option<ConsensusKey>, bool) {
        let Some(record) = &hello.record else { return (None, false) };
        let mut roster = lock(&self.reception.roster);
        if let Some(validator) = roster.validator_of(&peer) {
            return (Some(validator), false);
        }
        match roster.judge(peer, record, Instant::now()) {
            Standing::Believed(validator) => (Some(validator), false),
            Standing::Forged => (None, true),
            Standing::TooSoon(until) => {
                drop(roster);
                self.judge_not_before(until);
                (None, false)
            }
            Standing::Unknown | Standing::Outdated => (None, false),
        }
    }

    fn closed(&mut self, peer: PeerId) {
        self.dialer.lost(&peer, Instant::now());
        if self.peers.remove(&peer).is_some() {
            tracing::debug!(%peer, "gone");
            self.outbox.owe(NetworkEvent::PeerGone { peer });
            self.count_peers();
        }
    }

    pub(super) fn dial_failed(&mut self, peer: Option<PeerId>, error: &DialError) {
        if let Some(peer) = peer.filter(|peer| !self.peers.contains_key(peer)) {
            self.dialer.lost(&peer, Instant::now());
        }
        if let Some(reason) = Refused::dialling(error) {
            self.refused(peer, None, reason);
        }
    }

    fn refused(&mut self, peer: Option<PeerId>, address: Option<libp2p::Multiaddr>, reason: Refused) {
        tracing::debug!(?peer, ?address, %reason, "no connection");
        self.metrics.refused(reason.label());
        self.outbox.offer(NetworkEvent::PeerRefused { peer, address, reason }, 0);
    }

    /// New sets: records that were shown before may count now, and others no longer (rule N5).
    pub(super) fn set_validators(&mut self, mut validators: BTreeSet<ConsensusKey>) {
        while validators.len() > VALIDATORS_MAX {
            validators.pop_last();
        }
        lock(&self.reception.roster).set_validators(validators);
        self.judge_records();
    }

    /// Judges the records of all connected peers anew (rule N5): the newest of a key first, for it is the one that
    /// may take the seat.
    pub(super) fn judge_records(&mut self) {
        self.judge_at = None;
        let now = Instant::now();
        let shown = |(peer, known): (&PeerId, &Peer)| known.record.map(|record| (*peer, record));
        let mut records: Vec<_> = self.peers.iter().filter_map(shown).collect();
        records.sort_by_key(|(_, record)| Reverse(record.sequence));
        for (peer, record) in records {
            let standing = lock(&self.reception.roster).judge(peer, &record, now);
            match standing {
                Standing::Forged => self.punish(peer, Misbehaviour::ForgedRecord),
                Standing::TooSoon(until) => self.judge_not_before(until),
                Standing::Unknown | Standing::Outdated | Standing::Believed(_) => (),
            }
        }
        self.seat();
    }

    /// Some record is to be judged again then.
    fn judge_not_before(&mut self, until: Instant) {
        self.judge_at = Some(self.judge_at.map_or(until, |at| at.min(until)));
    }

    /// Tells link and admission what a peer is to us. One that lost its seat and finds no stranger's place goes.
    fn stands(&mut self, peer: PeerId, validator: Option<ConsensusKey>, trust: Trust) {
        if let Some(link) = self.link(&peer) {
            link.stands(validator, trust);
        }
        let admission = &mut self.swarm.behaviour_mut().admission;
        let homeless = match validator {
            Some(key) => {
                admission.seated(&peer, key);
                Vec::new()
            }
            None => admission.unseated(&peer),
        };
        for connection in homeless {
            tracing::debug!(%peer, "lost its seat and finds no place");
            self.swarm.close_connection(connection);
        }
    }

    /// Tells links and node which peer speaks for whom, where that has changed.
    fn seat(&mut self) {
        let mut changed = Vec::new();
        let roster = lock(&self.reception.roster);
        for (peer, known) in &mut self.peers {
            let validator = roster.validator_of(peer);
            if known.validator != validator {
                known.validator = validator;
                changed.push((*peer, validator, known.trust()));
            }
        }
        drop(roster);
        for (peer, validator, trust) in changed {
            self.stands(peer, validator, trust);
            self.outbox.owe(NetworkEvent::ValidatorChanged { peer, validator });
        }
        self.count_peers();
    }

    fn count_peers(&self) {
        let validators = self.peers.values().filter(|peer| peer.validator.is_some()).count();
        self.metrics.peers(self.peers.len(), validators);
    }

    fn gossip_event(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message { propagation_source, message_id, message } => {
                let id = GossipId { message: message_id, source: propagation_source };
                if let Err(verdict) = self.gossip_message(&id, &message) {
                    self.verdict(&id, verdict);
                }
            }
            gossipsub::Event::GossipsubNotSupported { peer_id } => {
                self.punish(peer_id, Misbehaviour::BrokenLane);
            }
            gossipsub::Event::SlowPeer { peer_id, .. } => tracing::debug!(%peer_id, "a slow peer loses gossip"),
            gossipsub::Event::Subscribed { .. } | gossipsub::Event::Unsubscribed { .. } => (),
        }
    }

    /// Hands gossip to the node, or says at once what becomes of it (rules N22, N23).
    fn gossip_message(&mut self, id: &GossipId, gossip: &gossipsub::Message) -> Result<(), Verdict> {
        let source = id.source;
        let Some(peer) = self.peers.get_mut(&source) else {
            self.metrics.dropped_unread(DropReason::Stranger);
            return Err(Verdict::Ignore);
        };
        // N23: no fault, for who passes on what others said honestly does not choose how much that is.
        if !peer.gossip(gossip.data.len(), Instant::now()) {
            self.metrics.dropped_unread(DropReason::Rate);
            return Err(Verdict::Ignore);
        }
        let validator = peer.validator;
        let message = Message::decode(&gossip.data).map_err(|error| {
            tracing::debug!(peer = %source, %error, "refused gossip");
            self.punish(source, Misbehaviour::of_wire(&error));
            Verdict::Reject
        })?;
        let kind = MessageKind::of(&message);
        self.received(WayLabel::Gossip, kind, gossip.data.len());
        // N20: each kind has its topic.
        if kind.topic().is_none() || kind.topic() != self.topic(&gossip.topic) {
            self.punish(source, Misbehaviour::Misplaced);
            return Err(Verdict::Reject);
        }
        let event = NetworkEvent::Message { from: source, validator, message, way: Way::Gossip(id.clone()) };
        if self.outbox.offer(event, gossip.data.len()) {
            return Ok(());
        }
        self.metrics.dropped(DropReason::EventsFull, kind);
        Err(Verdict::Ignore)
    }

    pub(super) fn verdict(&mut self, gossip: &GossipId, verdict: Verdict) {
        self.metrics.verdict(verdict);
        let acceptance: MessageAcceptance = verdict.acceptance();
        let GossipId { message, source } = gossip;
        self.swarm.behaviour_mut().gossip.report_message_validation_result(message, source, acceptance);
    }
}
