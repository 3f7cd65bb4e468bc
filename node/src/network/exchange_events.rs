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
    peers::Allowed,
    service::Network,
};

impl Network {
    pub(super) fn request(&mut self, target: &Target, request: Message, frame: &Frame, answer: AnswerSender) {
        let connected: Vec<PeerId> = self.peers.keys().copied().collect();
        let peer = match self.exchange.choose(target, &connected) {
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
        self.exchange.asked(id, Asked { peer, request, answer });
    }

    pub(super) fn respond(&mut self, responder: Responder, kind: Option<MessageKind>, frame: bytes::Bytes) {
        let bytes = frame.len();
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
                self.asked(peer, request_id, request, Responder { channel });
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
            Event::InboundFailure { peer, request_id, .. } | Event::ResponseSent { peer, request_id, .. } => {
                self.request_done(&peer, &request_id);
            }
        }
    }

    fn request_done(&mut self, peer: &PeerId, id: &request_response::InboundRequestId) {
        if let Some(peer) = self.peers.get_mut(peer) {
            peer.request_done(id);
        }
    }

    /// A peer asks us (rule N31). A question that is dropped ends its stream.
    fn asked(&mut self, from: PeerId, id: request_response::InboundRequestId, request: Parcel, responder: Responder) {
        let request = match request {
            Parcel::Incoming(Some(request)) => request,
            Parcel::Faulty(fault) => return self.punish(from, fault),
            Parcel::Incoming(None) | Parcel::Outgoing(_) => return,
        };
        let kind = MessageKind::of(&request);
        let Some(peer) = self.peers.get_mut(&from) else {
            self.metrics.dropped(DropReason::Stranger, kind);
            return;
        };
        let validator = peer.validator;
        if let Allowed::No { notice } = peer.request(id, &self.limits, Instant::now()) {
            self.metrics.dropped(DropReason::Rate, kind);
            if notice {
                self.punish(from, Misbehaviour::Flood);
            }
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

    /// A peer answered us (rule N32).
    fn answered(&mut self, asked: Asked, answer: Parcel) {
        let Asked { peer, request, answer: to } = asked;
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
            self.punish(*peer, *fault);
        }
        // The one who asked may have gone.
        let _ = to.send(result);
    }

    fn unanswered(&mut self, asked: Asked, error: &OutboundFailure) {
        let Asked { peer, answer, .. } = asked;
        self.metrics.request_failed();
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
