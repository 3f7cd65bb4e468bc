//! Questions and answers, ours and others': what the network makes of the exchange's events.

use std::time::Instant;

use libp2p::{
    PeerId,
    request_response::{self, OutboundFailure},
};
use rota_proto::Message;

use super::{
    codec::Parcel,
    event::{NetworkEvent, Responder},
    exchange::{Answer, AnswerSender, Asked, RequestError, Target, fits},
    frame::Frame,
    kind::MessageKind,
    metrics::{DropReason, WayLabel},
    misbehaviour::Misbehaviour,
    peers::Peer,
    rate::Allowed,
    service::Network,
    trust::Trust,
};

impl Network {
    pub(super) fn request(&mut self, target: &Target, request: Message, frame: &Frame, answer: AnswerSender) {
        let connected: Vec<_> = self.peers.iter().map(|(peer, known)| (*peer, known.trust())).collect();
        let peer = match self.exchange.choose(target, &connected, Instant::now()) {
            Ok(peer) => peer,
            Err(error) => {
                // The one who asked may have gone.
                let _ = answer.send(Err(error));
                return;
            }
        };
        self.metrics.sent(WayLabel::Exchange, frame.kind, frame.bytes.len());
        let parcel = Parcel::Outgoing(frame.bytes.clone());
        let id = self.swarm.behaviour_mut().exchange.send_request(&peer, parcel);
        let trust = self.peers.get(&peer).map_or(Trust::Stranger, Peer::trust);
        self.exchange.asked(id, Asked { peer, trust, request, answer });
    }

    pub(super) fn respond(&mut self, responder: Responder, kind: Option<MessageKind>, frame: bytes::Bytes) {
        let bytes = frame.len();
        if !self.answers.answer(&responder.id, bytes) {
            // Dropping the responder ends the asker's wait.
            self.metrics.dropped_unread(DropReason::AnswersFull);
            return;
        }
        let sent = self.swarm.behaviour_mut().exchange.send_response(responder.channel, Parcel::Outgoing(frame));
        match (sent, kind) {
            (Ok(()), Some(kind)) => self.metrics.sent(WayLabel::Exchange, kind, bytes),
            (Ok(()), None) => (),
            (Err(_), _) => self.metrics.dropped_unread(DropReason::TooLate),
        }
    }

    pub(super) fn exchange_event(&mut self, event: request_response::Event<Parcel, Parcel>) {
        use request_response::{Event, Message as Exchanged};
        match event {
            Event::Message { peer, message: Exchanged::Request { request_id, request, channel }, .. } => {
                self.asked(peer, request, Responder { id: request_id, channel });
            }
            Event::Message { message: Exchanged::Response { request_id, response }, .. } => {
                if let Some(asked) = self.exchange.answered(&request_id) {
                    self.answered(asked, response);
                }
            }
            Event::OutboundFailure { request_id, error, .. } => {
                if let Some(asked) = self.exchange.answered(&request_id) {
                    self.unanswered(asked, &error);
                }
            }
            Event::InboundFailure { request_id, .. } | Event::ResponseSent { request_id, .. } => {
                self.answers.done(&request_id);
            }
        }
    }

    /// A peer asks us (rule N31). A question that is dropped ends its stream.
    fn asked(&mut self, from: PeerId, request: Parcel, responder: Responder) {
        let request = match request {
            Parcel::Incoming(Some(request)) => request,
            Parcel::Faulty(fault) => return self.punish(from, fault),
            Parcel::Incoming(None) | Parcel::Outgoing(_) => return,
        };
        let kind = MessageKind::of(&request);
        let Some((validator, trust)) = self.peers.get(&from).map(|peer| (peer.validator, peer.trust())) else {
            self.metrics.dropped(DropReason::Stranger, kind);
            return;
        };
        if !self.may_ask(from, trust, kind, &responder) {
            return;
        }
        self.received(WayLabel::Exchange, kind, 0);
        if !kind.is_request() {
            self.punish(from, Misbehaviour::Misplaced);
            return;
        }
        if !self.outbox.offer(NetworkEvent::Request { from, validator, request: *request, responder }, 0) {
            self.metrics.dropped(DropReason::EventsFull, kind);
        }
    }

    /// Whether a peer may ask us one more question (rules N31, N34). That others ask much is not its fault.
    fn may_ask(&mut self, from: PeerId, trust: Trust, kind: MessageKind, responder: &Responder) -> bool {
        let now = Instant::now();
        if let Some(Allowed::No { notice }) = self.link(&from).map(|link| link.question(now)) {
            self.metrics.dropped(DropReason::Rate, kind);
            if notice {
                self.punish(from, Misbehaviour::Flood);
            }
            return false;
        }
        let asked = self.answers.ask(responder.id, from, trust, now);
        if let Err(reason) = asked {
            self.metrics.dropped(reason, kind);
        }
        asked.is_ok()
    }

    /// A peer answered us (rule N32).
    fn answered(&mut self, asked: Asked, answer: Parcel) {
        let Asked { peer, request, answer: to, .. } = asked;
        let result = match answer {
            Parcel::Incoming(Some(message)) if fits(&request, &message) => {
                self.received(WayLabel::Exchange, MessageKind::of(&message), 0);
                Ok(Answer { from: peer, message: *message })
            }
            Parcel::Incoming(Some(_)) => Err(RequestError::Wrong { peer, fault: Misbehaviour::WrongAnswer }),
            Parcel::Faulty(fault) => Err(RequestError::Wrong { peer, fault }),
            Parcel::Incoming(None) | Parcel::Outgoing(_) => Err(RequestError::None(peer)),
        };
        if result.is_err() {
            self.metrics.request_failed();
        }
        if let Err(RequestError::Wrong { peer, fault }) = &result {
            self.exchange.failed(*peer, Instant::now());
            self.punish(*peer, *fault);
        }
        // The one who asked may have gone.
        let _ = to.send(result);
    }

    fn unanswered(&mut self, asked: Asked, error: &OutboundFailure) {
        let Asked { peer, answer, .. } = asked;
        self.metrics.request_failed();
        self.exchange.failed(peer, Instant::now());
        let result = match error {
            OutboundFailure::Timeout => {
                self.punish(peer, Misbehaviour::Silent);
                RequestError::Timeout(peer)
            }
            OutboundFailure::UnsupportedProtocols => {
                self.punish(peer, Misbehaviour::BrokenLane);
                RequestError::Failed { peer, reason: error.to_string() }
            }
            OutboundFailure::DialFailure | OutboundFailure::ConnectionClosed | OutboundFailure::Io(_) => {
                RequestError::Failed { peer, reason: error.to_string() }
            }
        };
        // The one who asked may have gone.
        let _ = answer.send(Err(result));
    }
}
