//! Answers from the store, and questions to peers.

use std::{collections::BTreeSet, sync::Arc};

use libp2p::PeerId;
use rota_proto::{
    BatchHeader, BodyMessage, CatchUpAnswer, CatchUpRequest, ConsensusKey, Fetch, FinalBatch, Height, Message,
    limits::{ANSWER_BYTES_MAX, BATCHES_PER_ANSWER_MAX, CERTIFICATE_BYTES_MAX},
};
use rota_replica::Event;

use super::{Driver, DriverError};
use crate::{
    network::{Answer, Misbehaviour, NetworkHandle, Recipient, Responder, Target},
    store::{Store, StoreError},
};

/// How many peers are asked for one thing before the next retry.
const PEERS_ASKED_MAX: usize = 3;

/// What a peer gave that was asked.
pub(super) enum Given {
    /// A missing piece of a live view.
    Piece(Message),
    /// Final batches, or none.
    Batches {
        /// Who gave them.
        by: Option<PeerId>,
        /// The batches; their bodies belong to their headers.
        batches: Vec<FinalBatch>,
    },
}

impl Driver {
    /// A question that wants an answer on its own stream. What the store has is read on a blocking thread; more than a
    /// few at a time get none.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few messages are questions")]
    pub(super) fn answer(&self, request: Message, responder: Responder) {
        let network = self.parts.network.clone();
        let live = match &request {
            Message::Fetch(fetch) => self.live_body(*fetch),
            _ => None,
        };
        if live.is_some() {
            return self.complain(network.respond(responder, live.as_ref()));
        }
        let Ok(place) = Arc::clone(&self.serving.1).try_acquire_owned() else {
            self.parts.metrics.refused("serving-busy");
            return self.complain(network.respond(responder, None));
        };
        let store = self.parts.store.clone();
        tokio::task::spawn_blocking(move || {
            let _held = place;
            let answer = match request {
                Message::CatchUpRequest(request) => catch_up_answer(store.as_ref(), request),
                Message::Fetch(fetch) => stored(store.as_ref(), fetch),
                // The network hands over no other question; a round query comes on the direct stream.
                other => {
                    tracing::debug!(?other, "no question that the store answers");
                    Ok(None)
                }
            };
            let answer = answer.unwrap_or_else(|error| {
                tracing::error!(%error, "a peer's question could not be answered");
                None
            });
            // A command that the network does not take is lost, as an answer may be.
            let _ = network.respond(responder, answer.as_ref());
        });
    }

    fn live_body(&self, fetch: Fetch) -> Option<Message> {
        let Fetch::Body(batch) = fetch else { return None };
        let body = self.parts.replica.body(batch)?;
        Some(Message::Body(BodyMessage { batch, transactions: body }))
    }

    /// A validator's fetch that the replica has nothing for.
    pub(super) fn serve(&self, to: ConsensusKey, fetch: Fetch) {
        let Ok(place) = Arc::clone(&self.serving.0).try_acquire_owned() else {
            return self.parts.metrics.refused("serving-busy");
        };
        let (store, network) = (self.parts.store.clone(), self.parts.network.clone());
        tokio::task::spawn_blocking(move || {
            let _held = place;
            match stored(store.as_ref(), fetch) {
                // A command that the network does not take is lost, as a message may be.
                Ok(message) => drop(message.map(|message| network.send_to(Recipient::Validator(to), &message))),
                Err(error) => tracing::error!(%error, "a validator's question could not be answered"),
            }
        });
    }

    /// Asks a few peers, one after the other, for a missing piece; the answer comes in as a message.
    pub(super) fn fetch(&self, fetch: Fetch) {
        // Small pieces of live views are asked of all validators, whose replicas answer; a body of one peer at a time.
        if self.parts.replica.simplex().place().is_some() && !matches!(fetch, Fetch::Body(_)) {
            return self.complain(self.parts.network.broadcast(&Message::Fetch(fetch), self.others.clone()));
        }
        let header = match fetch {
            Fetch::Body(batch) => self.parts.replica.simplex().header(batch).cloned(),
            Fetch::Proposal { .. } | Fetch::Certificate(_) => None,
        };
        let (network, given) = (self.parts.network.clone(), self.given.0.clone());
        tokio::spawn(async move {
            let fits = move |message: &Message| is_piece(message, fetch, header.as_ref());
            if let Some(answer) = ask(&network, &Message::Fetch(fetch), fits).await {
                // The node may be stopping.
                let _ = given.send(Given::Piece(answer.message)).await;
            }
        });
    }

    /// Asks a peer for final batches from a height on.
    pub(super) fn catch_up(&self, from: Height) {
        let count = u32::try_from(BATCHES_PER_ANSWER_MAX).unwrap_or(u32::MAX);
        let request = Message::CatchUpRequest(CatchUpRequest { from, count });
        let (network, given) = (self.parts.network.clone(), self.given.0.clone());
        tokio::spawn(async move {
            let answer = ask(&network, &request, move |message| follows(message, from)).await;
            let (by, batches) = match answer {
                Some(Answer { from, message: Message::CatchUpAnswer(answer) }) => (Some(from), answer.batches),
                _ => (None, Vec::new()),
            };
            // The node may be stopping.
            let _ = given.send(Given::Batches { by, batches }).await;
        });
    }

    pub(super) fn take_given(&mut self, given: Given) -> Result<(), DriverError> {
        match given {
            Given::Piece(message) => self.take(Event::Message { from: None, message }),
            Given::Batches { by, batches } => {
                self.gave_batches = by;
                self.take(Event::CaughtUp(batches))
            }
        }
    }

    /// The finalization of batches that a peer gave does not stand.
    pub(super) fn blame_for_batches(&mut self, fault: Misbehaviour) {
        if let Some(peer) = self.gave_batches.take() {
            self.complain(self.parts.network.punish(peer, fault));
        }
    }
}

/// Asks peers until one gives what fits; who gives what does not is to blame.
async fn ask(
    network: &NetworkHandle,
    request: &Message,
    fits: impl Fn(&Message) -> bool + Clone + Send + 'static,
) -> Option<Answer> {
    let mut asked = BTreeSet::new();
    while asked.len() < PEERS_ASKED_MAX {
        match network.request(Target::AnyBut(asked.clone()), request.clone()).await {
            Ok(answer) => {
                let (from, fits) = (answer.from, fits.clone());
                // A body of megabytes takes a while to hash.
                let checked = tokio::task::spawn_blocking(move || Some(answer).filter(|answer| fits(&answer.message)));
                match checked.await {
                    Ok(Some(answer)) => return Some(answer),
                    Ok(None) => drop(network.punish(from, Misbehaviour::InvalidContent)),
                    Err(error) => tracing::error!(%error, "an answer could not be checked"),
                }
                asked.insert(from);
            }
            Err(error) => {
                tracing::debug!(%error, "no answer");
                asked.insert(error.peer()?);
            }
        }
    }
    None
}

/// Whether a message is the piece that was asked for, as far as it tells by itself or by the header.
fn is_piece(message: &Message, fetch: Fetch, header: Option<&BatchHeader>) -> bool {
    match (fetch, message) {
        (Fetch::Body(batch), Message::Body(body)) => {
            body.batch == batch && header.is_none_or(|header| header.commits_to(&body.transactions))
        }
        (Fetch::Proposal { batch, .. }, Message::FinalBatch(given)) => {
            given.header.hash() == batch && given.header.commits_to(&given.transactions)
        }
        (Fetch::Certificate(round), Message::Certificate(certificate)) => certificate.vote.round == round,
        (Fetch::Body(_) | Fetch::Proposal { .. } | Fetch::Certificate(_), _) => false,
    }
}

/// Whether a message is an answer of batches that follow one another from a height on.
fn follows(message: &Message, from: Height) -> bool {
    let Message::CatchUpAnswer(CatchUpAnswer { batches }) = message else { return false };
    let rising = batches.iter().zip(from.0..).all(|(batch, height)| batch.header.height().0 == height);
    rising && batches.iter().all(|batch| batch.header.commits_to(&batch.transactions))
}

/// What the store has of a missing piece.
fn stored(store: &dyn Store, fetch: Fetch) -> Result<Option<Message>, StoreError> {
    Ok(match fetch {
        Fetch::Body(batch) => {
            store.batch_by_hash(batch)?.map(|stored| Message::Body(BodyMessage { batch, transactions: stored.body }))
        }
        Fetch::Certificate(round) => store.certificates(round)?.into_iter().next().map(Message::Certificate),
        Fetch::Proposal { round, batch } => match store.candidate(round, batch)? {
            Some((candidate, body)) => Some(final_batch(candidate.header, body)),
            None => store.batch_by_hash(batch)?.map(|stored| final_batch(stored.header, stored.body)),
        },
    })
}

fn final_batch(header: rota_proto::BatchHeader, transactions: alloy_primitives::Bytes) -> Message {
    Message::FinalBatch(Box::new(FinalBatch { header, transactions, finalization: None }))
}

/// Final batches from a height on, up to the last that has a finalization within the limits; none is no answer.
fn catch_up_answer(store: &dyn Store, request: CatchUpRequest) -> Result<Option<Message>, StoreError> {
    let count = usize::try_from(request.count).unwrap_or(usize::MAX).min(BATCHES_PER_ANSWER_MAX);
    let mut batches = Vec::new();
    let mut bytes = 0;
    for height in (request.from.0..).take(count) {
        let Some(stored) = store.batch_by_height(height)? else { break };
        bytes += stored.body.len() + CERTIFICATE_BYTES_MAX + 1_024;
        if bytes > ANSWER_BYTES_MAX {
            break;
        }
        batches.push(FinalBatch {
            header: stored.header,
            transactions: stored.body,
            finalization: stored.finalization,
        });
    }
    let proven = batches.iter().rposition(|batch| batch.finalization.is_some()).map_or(0, |last| last + 1);
    batches.truncate(proven);
    Ok((!batches.is_empty()).then_some(Message::CatchUpAnswer(CatchUpAnswer { batches })))
}
