//! What the node tells the network.

use std::collections::BTreeSet;

use alloy_primitives::{B256, Bytes};
use libp2p::PeerId;
use rota_proto::{ConsensusKey, Height, Message, Status};
use tokio::sync::{mpsc, oneshot};

use super::{
    event::{GossipId, Responder, Verdict},
    exchange::{Answer, AnswerSender, RequestError, Target},
    frame::{Frame, FrameError},
    kind::MessageKind,
    metrics::{DropReason, Metrics},
    misbehaviour::Misbehaviour,
};

/// Who is to get a message directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A peer.
    Peer(PeerId),
    /// The peer that speaks for a validator.
    Validator(ConsensusKey),
}

/// A connected peer.
#[derive(Clone, Debug, PartialEq)]
pub struct PeerInfo {
    /// The peer.
    pub peer: PeerId,
    /// The validator it speaks for.
    pub validator: Option<ConsensusKey>,
    /// What it said first.
    pub status: Status,
    /// Points of misbehaviour against it.
    pub points: f64,
}

/// Why the network did not take a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It has stopped.
    #[error("the network has stopped")]
    Stopped,
    /// Too many commands wait; this one is lost, as a message may be.
    #[error("{waiting} commands wait for the network; a {kind} message is lost")]
    Overloaded {
        /// How many may wait.
        waiting: usize,
        /// What is lost.
        kind: MessageKind,
    },
    /// No peer would take a message of this length.
    #[error("a {kind} message of {length} bytes is above the limit of {limit}")]
    TooLong {
        /// Its kind.
        kind: MessageKind,
        /// Its length.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// The kind of message does not travel this way.
    #[error("a {kind} message does not travel this way")]
    NoWay {
        /// Its kind.
        kind: MessageKind,
    },
}

#[derive(Debug)]
pub(crate) enum Command {
    Send { to: Recipient, frame: Frame },
    Broadcast { to: Vec<ConsensusKey>, frame: Frame },
    Publish { frame: Frame },
    Transactions { transactions: Vec<Bytes> },
    Heard { transactions: Vec<Bytes> },
    Request { target: Target, request: Message, frame: Frame, answer: AnswerSender },
    Respond { responder: Responder, kind: Option<MessageKind>, frame: bytes::Bytes },
    Verdict { gossip: GossipId, verdict: Verdict },
    Punish { peer: PeerId, fault: Misbehaviour },
    SetValidators { validators: BTreeSet<ConsensusKey> },
    SetHead { height: Height, batch: B256 },
    Peers { answer: oneshot::Sender<Vec<PeerInfo>> },
}

/// The node's side of the network; clones speak to the same one. No method waits for a peer, and none but the two
/// that return a future waits at all (rule N16): what cannot be taken is refused by name.
#[derive(Clone, Debug)]
pub struct NetworkHandle {
    pub(crate) peer: PeerId,
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) metrics: Metrics,
}

impl NetworkHandle {
    /// Our own peer id.
    #[must_use]
    pub const fn local_peer(&self) -> PeerId {
        self.peer
    }

    /// Sends a message on the direct stream to one peer; lost if it is not connected.
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn send_to(&self, to: Recipient, message: &Message) -> Result<(), CommandError> {
        self.command(Command::Send { to, frame: direct(message)? }, MessageKind::of(message))
    }

    /// Sends a message to each of these validators on its own direct stream, ourselves left out, and by gossip too
    /// if one of them has none (rule N15).
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn broadcast(&self, message: &Message, to: Vec<ConsensusKey>) -> Result<(), CommandError> {
        self.command(Command::Broadcast { to, frame: direct(message)? }, MessageKind::of(message))
    }

    /// Publishes a message on the topic of its kind.
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn publish(&self, message: &Message) -> Result<(), CommandError> {
        let kind = MessageKind::of(message);
        let topic = kind.topic().ok_or(CommandError::NoWay { kind })?;
        let frame = frame(message)?;
        let (length, limit) = (frame.message().len(), topic.bytes_max());
        if length > limit {
            return Err(CommandError::TooLong { kind, length, limit });
        }
        self.command(Command::Publish { frame }, kind)
    }

    /// Tells the others transactions (EIP-2718 bytes), with more of the same few milliseconds (rules N24 to N26); those
    /// that went by lately are left out.
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn publish_transactions(&self, transactions: Vec<Bytes>) -> Result<(), CommandError> {
        self.command(Command::Transactions { transactions }, MessageKind::Transactions)
    }

    /// Tells which transactions that came by gossip the node has taken and passed on: they have gone by (rule N27).
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn heard(&self, transactions: Vec<Bytes>) -> Result<(), CommandError> {
        self.command(Command::Heard { transactions }, MessageKind::Transactions)
    }

    /// Asks for a missing part, for final batches, or for a peer's round.
    ///
    /// # Errors
    /// [`RequestError`]; it names the peer to leave out of the next try.
    pub async fn request(&self, target: Target, request: Message) -> Result<Answer, RequestError> {
        let kind = MessageKind::of(&request);
        if !kind.is_request() {
            return Err(RequestError::NoRequest);
        }
        let frame = frame(&request).map_err(|_| RequestError::NoRequest)?;
        let (answer, answered) = oneshot::channel();
        match self.command(Command::Request { target, request, frame, answer }, kind) {
            Ok(()) => answered.await.unwrap_or(Err(RequestError::Stopped)),
            Err(CommandError::Overloaded { waiting, .. }) => Err(RequestError::Busy { waiting }),
            Err(_) => Err(RequestError::Stopped),
        }
    }

    /// Answers a request; `None` says that we have none.
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn respond(&self, responder: Responder, answer: Option<&Message>) -> Result<(), CommandError> {
        let kind = answer.map(MessageKind::of);
        let frame = match answer {
            Some(answer) => frame(answer)?.bytes,
            None => bytes::Bytes::from_static(&[0; super::frame::PREFIX_BYTES]),
        };
        self.command(Command::Respond { responder, kind, frame }, kind.unwrap_or(MessageKind::Status))
    }

    /// Says what became of a gossip message; without it the message travels no further.
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn judge(&self, gossip: GossipId, verdict: Verdict) -> Result<(), CommandError> {
        self.command(Command::Verdict { gossip, verdict }, MessageKind::Status)
    }

    /// Holds a fault against a peer.
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn punish(&self, peer: PeerId, fault: Misbehaviour) -> Result<(), CommandError> {
        self.command(Command::Punish { peer, fault }, MessageKind::Status)
    }

    /// Tells the validators of the current and the next set: only their records are believed.
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn set_validators(&self, validators: BTreeSet<ConsensusKey>) -> Result<(), CommandError> {
        self.command(Command::SetValidators { validators }, MessageKind::Status)
    }

    /// Tells where we stand, for the status of later connections.
    ///
    /// # Errors
    /// [`CommandError`] if it cannot even be tried.
    pub fn set_head(&self, height: Height, batch: B256) -> Result<(), CommandError> {
        self.command(Command::SetHead { height, batch }, MessageKind::Status)
    }

    /// The connected peers; none once the network has stopped.
    pub async fn peers(&self) -> Vec<PeerInfo> {
        let (answer, answered) = oneshot::channel();
        match self.command(Command::Peers { answer }, MessageKind::Status) {
            Ok(()) => answered.await.unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }

    fn command(&self, command: Command, kind: MessageKind) -> Result<(), CommandError> {
        self.commands.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Closed(_) => CommandError::Stopped,
            mpsc::error::TrySendError::Full(_) => {
                self.metrics.dropped(DropReason::CommandsFull, kind);
                CommandError::Overloaded { waiting: self.commands.max_capacity(), kind }
            }
        })
    }
}

fn direct(message: &Message) -> Result<Frame, CommandError> {
    let kind = MessageKind::of(message);
    let lane = kind.lane().ok_or(CommandError::NoWay { kind })?;
    let frame = frame(message)?;
    let (length, limit) = (frame.message().len(), lane.frame_bytes_max(true));
    if length > limit { Err(CommandError::TooLong { kind, length, limit }) } else { Ok(frame) }
}

fn frame(message: &Message) -> Result<Frame, CommandError> {
    Frame::of(message).map_err(|error| {
        let (length, limit) = match error {
            FrameError::TooLong { length, limit } => (length, limit),
            FrameError::Truncated { length, .. } | FrameError::Stalled { length, .. } => (length, Message::BYTES_MAX),
            FrameError::Io(_) => (0, Message::BYTES_MAX),
        };
        CommandError::TooLong { kind: MessageKind::of(message), length, limit }
    })
}
