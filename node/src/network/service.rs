//! The network's task: one loop over commands, reports, timers and the swarm.

use std::{
    collections::BTreeMap,
    future::{Future, pending},
    sync::Arc,
    time::Instant,
};

use futures::StreamExt as _;
use libp2p::{
    Multiaddr, PeerId, Swarm,
    gossipsub::{IdentTopic, PublishError},
    swarm::{
        self,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use prometheus_client::registry::Registry;
use rota_proto::{ConsensusKey, Message};
use tokio::{sync::mpsc, task::JoinSet};

use super::{
    answers::Answers,
    behaviour::{Parts, Protocols},
    config::{NetworkConfig, NetworkError},
    dialer::{Dialer, resolve},
    direct::Report,
    events::{NetworkEvents, channel},
    exchange::Exchange,
    frame::Frame,
    gossip::{PUBLISHED_MAX, content_id, unpublished},
    handle::{Command, NetworkHandle, PeerInfo, Recipient},
    handshake::Reception,
    kind::{MessageKind, Names, Topic},
    lane::LaneContext,
    limits::{GOODBYE, NEGOTIATING_STREAMS_MAX, NetworkLimits, REPORTS_MAX},
    link::Link,
    lock::lock,
    metrics::{DropReason, Metrics, WayLabel},
    misbehaviour::{Misbehaviour, Scores, Sentence},
    outbox::Outbox,
    peers::Peer,
    roster::Roster,
    seen::Seen,
    transactions::Transactions,
    transport::transport,
};

/// A node's network, to be [`run`](Self::run) as a task.
pub struct Network {
    pub(super) swarm: Swarm<Protocols>,
    commands: mpsc::Receiver<Command>,
    reports: mpsc::Receiver<Report>,
    pub(super) outbox: Outbox,
    pub(super) peers: BTreeMap<PeerId, Peer>,
    pub(super) reception: Arc<Reception>,
    pub(super) scores: Scores,
    pub(super) dialer: Dialer,
    resolving: JoinSet<(PeerId, Vec<Multiaddr>)>,
    pub(super) exchange: Exchange,
    pub(super) answers: Answers,
    /// When records are to be judged again, because a seat may move then (rule N5).
    pub(super) judge_at: Option<Instant>,
    pub(super) transactions: Transactions,
    published: Seen,
    pub(super) names: Names,
    pub(super) metrics: Metrics,
    pub(super) limits: Arc<NetworkLimits>,
}

impl Network {
    /// Makes the network and begins to listen; nothing moves before [`run`](Self::run). Its metrics are
    /// `network_..` and `gossipsub_..` under the prefix of `registry`.
    ///
    /// # Errors
    /// [`NetworkError`] names the setting that cannot be.
    pub fn new(
        config: NetworkConfig,
        registry: &mut Registry,
    ) -> Result<(Self, NetworkHandle, NetworkEvents), NetworkError> {
        config.check()?;
        let limits = Arc::new(config.limits);
        let metrics = Metrics::new(registry);
        let (events, node_events) = channel(&limits);
        let (commands, network_commands) = mpsc::channel(limits.commands_max);
        let (reports, network_reports) = mpsc::channel(REPORTS_MAX);
        let roster = Roster::new(config.domain, limits.seat_pause);
        let reception = Arc::new(Reception::new(config.network, config.version, config.record, roster));
        let dialer = Dialer::new(&config.peers, limits.redial_first, limits.redial_max)?;
        let names = Names::of(config.network);
        let transport = transport(&config.node_key, reception.clone(), &limits)
            .map_err(|error| NetworkError::Noise(error.to_string()))?;
        let parts = Parts {
            names: names.clone(),
            public_key: config.node_key.public(),
            limits: limits.clone(),
            reception: reception.clone(),
            known: dialer.peers().collect(),
            lanes: LaneContext { limits: limits.clone(), metrics: metrics.clone(), events: events.clone(), reports },
        };
        let protocols = Protocols::new(parts, registry)?;
        let peer = config.node_key.public().to_peer_id();
        let settings =
            swarm::Config::with_tokio_executor().with_max_negotiating_inbound_streams(NEGOTIATING_STREAMS_MAX);
        let mut swarm = Swarm::new(transport, protocols, peer, settings);
        for address in config.listen {
            swarm
                .listen_on(address.clone())
                .map_err(|error| NetworkError::Listen { address, reason: error.to_string() })?;
        }
        let network = Self {
            swarm,
            commands: network_commands,
            reports: network_reports,
            outbox: Outbox::new(events),
            peers: BTreeMap::new(),
            reception,
            scores: Scores::new(&limits),
            dialer,
            resolving: JoinSet::new(),
            exchange: Exchange::new(&limits),
            answers: Answers::new(limits.clone()),
            judge_at: None,
            transactions: Transactions::new(limits.transactions_pause, limits.transactions_seen_max),
            published: Seen::new(PUBLISHED_MAX),
            names,
            metrics: metrics.clone(),
            limits,
        };
        Ok((network, NetworkHandle { peer, commands, metrics }, node_events))
    }

    /// Runs until `shutdown`, or until the node takes no more events or gives up its handles.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) {
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let publish = until(self.transactions.due());
            let dial = until(self.dialer.due());
            let judge = until(self.judge_at);
            tokio::select! {
                () = &mut shutdown => break,
                paid = self.outbox.pay(), if self.outbox.owes() => match paid {
                    Ok(()) => (),
                    Err(()) => break,
                },
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => break,
                },
                Some(Report { peer, fault }) = self.reports.recv() => self.punish(peer, fault),
                () = publish => {
                    let transactions = self.transactions.take(Instant::now());
                    self.publish_transactions(transactions);
                }
                () = dial => self.dial(),
                () = judge => self.judge_records(),
                Some(Ok((peer, addresses))) = self.resolving.join_next() => self.dial_resolved(peer, addresses),
                event = self.swarm.select_next_some(), if self.outbox.has_room() => self.swarm_event(event),
            }
        }
        self.part().await;
    }

    /// Closes every connection, and waits a little for it.
    async fn part(mut self) {
        let connected: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in connected {
            // It may have gone meanwhile.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let close = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        if tokio::time::timeout(GOODBYE, close).await.is_err() {
            tracing::debug!("some connections were cut");
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Send { to, frame } => {
                let sent = self.recipient(to).is_some_and(|link| {
                    link.send(frame.clone());
                    true
                });
                if !sent {
                    self.metrics.dropped(DropReason::NotConnected, frame.kind);
                }
            }
            Command::Broadcast { to, frame } => self.broadcast(&to, frame),
            Command::Publish { frame } => {
                // That nobody hears it is counted.
                let _ = self.publish(&frame);
            }
            Command::Transactions { transactions } => {
                for full in self.transactions.add(transactions, Instant::now()) {
                    self.publish_transactions(full);
                }
            }
            Command::Heard { transactions } => self.transactions.heard(&transactions),
            Command::Request { target, request, frame, answer } => self.request(&target, request, &frame, answer),
            Command::Respond { responder, kind, frame } => self.respond(responder, kind, frame),
            Command::Verdict { gossip, verdict } => self.verdict(&gossip, verdict),
            Command::Punish { peer, fault } => self.punish(peer, fault),
            Command::SetValidators { validators } => self.set_validators(validators),
            Command::SetHead { height, batch } => self.reception.set_head(height, batch),
            Command::Peers { answer } => {
                // Nobody waits any more: nothing is lost.
                let _ = answer.send(self.peer_infos());
            }
        }
    }

    /// N15: directly to each validator; by gossip too, if one of them has no direct stream.
    fn broadcast(&mut self, to: &[ConsensusKey], frame: Frame) {
        let own = self.reception.own_key();
        let mut missed = false;
        for key in to.iter().filter(|key| Some(**key) != own) {
            match self.recipient(Recipient::Validator(*key)) {
                Some(link) => link.send(frame.clone()),
                None => {
                    missed = true;
                    self.metrics.dropped(DropReason::NotConnected, frame.kind);
                }
            }
        }
        if missed {
            let _ = self.publish(&frame);
        }
    }

    fn publish_transactions(&mut self, transactions: Vec<alloy_primitives::Bytes>) {
        if transactions.is_empty() {
            return;
        }
        let message = Message::Transactions(transactions);
        let heard = match (Frame::of(&message), self.validators_alone()) {
            (Ok(frame), Some(links)) => {
                links.iter().for_each(|link| link.send(frame.clone()));
                true
            }
            (Ok(frame), None) => match self.publish(&frame) {
                Ok(()) => true,
                // N27: who brought the very message need not have told it to anyone else.
                Err(DropReason::Duplicate) => self.tell_peers(&frame),
                Err(_) => false,
            },
            (Err(_), _) => false,
        };
        if let (false, Message::Transactions(transactions)) = (heard, message) {
            self.transactions.unheard(&transactions);
        }
    }

    /// The links with all validators, if every one of them is connected and nobody else is (rule N26): then gossip,
    /// which passes everything on to everyone, would only repeat what a direct stream said.
    fn validators_alone(&self) -> Option<Vec<Arc<Link>>> {
        let validators = lock(&self.reception.roster).all_but(self.reception.own_key())?;
        if self.peers.keys().any(|peer| !validators.contains(peer)) {
            return None;
        }
        validators.iter().map(|peer| self.link(peer).cloned()).collect()
    }

    /// Sends a message to each peer on its direct stream; true if there is any.
    fn tell_peers(&self, frame: &Frame) -> bool {
        let links: Vec<_> = self.peers.keys().filter_map(|peer| self.link(peer)).collect();
        links.iter().for_each(|link| link.send(frame.clone()));
        !links.is_empty()
    }

    /// Publishes a message on the topic of its kind, if it has one.
    ///
    /// # Errors
    /// Why nobody hears it.
    fn publish(&mut self, frame: &Frame) -> Result<(), DropReason> {
        let topic = frame.kind.topic().ok_or(DropReason::NoWay)?;
        let name = self.names.topic(topic);
        let content = frame.message();
        let id = content_id(&name, &content);
        if !self.published.note(id.as_slice()) {
            self.metrics.dropped(DropReason::Duplicate, frame.kind);
            return Err(DropReason::Duplicate);
        }
        let bytes = content.len();
        let published = self.swarm.behaviour_mut().gossip.publish(IdentTopic::new(name), content);
        match published {
            Ok(_) => {
                self.metrics.sent(WayLabel::Gossip, frame.kind, bytes);
                Ok(())
            }
            Err(error) => {
                let reason = unpublished(&error);
                self.metrics.dropped(reason, frame.kind);
                if !matches!(error, PublishError::Duplicate) {
                    self.published.forget(id.as_slice());
                }
                Err(reason)
            }
        }
    }

    /// Holds a fault against a peer (rule N40).
    pub(super) fn punish(&mut self, peer: PeerId, fault: Misbehaviour) {
        self.metrics.fault(fault);
        let now = Instant::now();
        match self.scores.punish(peer, fault, now) {
            Sentence::Kept { points } => {
                tracing::debug!(%peer, ?fault, points, "a peer did wrong");
                self.swarm.behaviour_mut().gossip.set_application_score(&peer, -points);
            }
            Sentence::Banned { time } => {
                tracing::warn!(%peer, ?fault, seconds = time.as_secs(), "a peer is banned");
                self.metrics.banned();
                self.swarm.behaviour_mut().admission.ban(peer, time);
                // It may not be connected.
                let _ = self.swarm.disconnect_peer_id(peer);
            }
        }
    }

    fn dial(&mut self) {
        let now = Instant::now();
        while let Some((peer, addresses)) = self.dialer.next(now) {
            if self.peers.contains_key(&peer) {
                self.dialer.connected(&peer);
            } else {
                self.resolving.spawn(async move { (peer, resolve(addresses).await) });
            }
        }
    }

    fn dial_resolved(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        self.swarm.behaviour_mut().admission.resolved(&peer, &addresses);
        // From a port of its own: two nodes that dial each other from their listening ports meet as two clients.
        let options = DialOpts::peer_id(peer)
            .condition(PeerCondition::DisconnectedAndNotDialing)
            .addresses(addresses)
            .allocate_new_port()
            .build();
        if let Err(error) = self.swarm.dial(options) {
            self.dial_failed(Some(peer), &error);
        }
    }

    fn recipient(&self, to: Recipient) -> Option<&Arc<Link>> {
        match to {
            Recipient::Peer(peer) => self.link(&peer),
            Recipient::Validator(key) => {
                let peer = lock(&self.reception.roster).peer_of(&key)?;
                self.link(&peer)
            }
        }
    }

    pub(super) fn link(&self, peer: &PeerId) -> Option<&Arc<Link>> {
        self.swarm.behaviour().direct.link(peer)
    }

    fn peer_infos(&self) -> Vec<PeerInfo> {
        let now = Instant::now();
        let info = |(peer, known): (&PeerId, &Peer)| PeerInfo {
            peer: *peer,
            validator: known.validator,
            status: known.status.clone(),
            points: self.scores.points(peer, now),
        };
        self.peers.iter().map(info).collect()
    }

    /// The topic of a hash that gossipsub names.
    pub(super) fn topic(&self, hash: &libp2p::gossipsub::TopicHash) -> Option<Topic> {
        Topic::ALL.into_iter().find(|topic| self.names.topic(*topic) == hash.as_str())
    }

    /// Counts what a peer sent by gossip or exchange.
    pub(super) fn received(&self, way: WayLabel, kind: MessageKind, bytes: usize) {
        self.metrics.received(way, kind, bytes);
    }
}

/// Waits for a time, or for ever.
async fn until(due: Option<Instant>) {
    match due {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => pending().await,
    }
}
