//! Answers from the store, and questions to peers.

use std::collections::BTreeSet;

use rota_proto::{
    BodyMessage, CatchUpAnswer, CatchUpRequest, ConsensusKey, Fetch, FinalBatch, Height, Message,
    limits::{ANSWER_BYTES_MAX, BATCHES_PER_ANSWER_MAX, CERTIFICATE_BYTES_MAX},
};
use rota_replica::Event;

use super::{Driver, DriverError};
use crate::{
    network::{Responder, Target},
    store::{SledStore, StoreError},
};

/// How many peers are asked for one thing before the next retry.
const PEERS_ASKED_MAX: usize = 3;

impl Driver {
    /// A question that wants an answer on its own stream.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few messages are questions")]
    pub(super) fn answer(&mut self, request: Message, responder: Responder) -> Result<(), DriverError> {
        let answer = match request {
            Message::CatchUpRequest(request) => catch_up_answer(&self.parts.store, request)?,
            Message::Fetch(fetch) => {
                self.live_body(fetch).map_or_else(|| stored(&self.parts.store, fetch), |b| Ok(Some(b)))?
            }
            // The network hands over no other question; a round query comes on the direct stream.
            other => {
                tracing::debug!(?other, "no question that the store answers");
                None
            }
        };
        self.complain(self.parts.network.respond(responder, answer.as_ref()));
        Ok(())
    }

    fn live_body(&self, fetch: Fetch) -> Option<Message> {
        let Fetch::Body(batch) = fetch else { return None };
        let body = self.parts.replica.body(batch)?;
        Some(Message::Body(BodyMessage { batch, transactions: body }))
    }

    /// A validator's fetch that the replica has nothing for.
    pub(super) fn serve(&mut self, to: ConsensusKey, fetch: Fetch) -> Result<(), DriverError> {
        if let Some(message) = stored(&self.parts.store, fetch)? {
            self.send(to, &message);
        }
        Ok(())
    }

    /// Asks a few peers, one after the other, for a missing piece; the answer comes in as a message.
    pub(super) fn fetch(&self, fetch: Fetch) {
        // Small pieces of live views are asked of all validators, whose replicas answer; a body of one peer at a time.
        if self.parts.replica.simplex().place().is_some() && !matches!(fetch, Fetch::Body(_)) {
            return self.complain(self.parts.network.broadcast(&Message::Fetch(fetch), self.others.clone()));
        }
        let (network, events) = (self.parts.network.clone(), self.parts.event_sender.clone());
        tokio::spawn(async move {
            if let Some(message) = ask(&network, &Message::Fetch(fetch)).await {
                // The node may be stopping.
                let _ = events.send(Event::Message { from: None, message }).await;
            }
        });
    }

    /// Asks a peer for final batches from a height on.
    pub(super) fn catch_up(&self, from: Height) {
        let count = u32::try_from(BATCHES_PER_ANSWER_MAX).unwrap_or(u32::MAX);
        let request = Message::CatchUpRequest(CatchUpRequest { from, count });
        let (network, events) = (self.parts.network.clone(), self.parts.event_sender.clone());
        tokio::spawn(async move {
            let batches = match ask(&network, &request).await {
                Some(Message::CatchUpAnswer(answer)) => answer.batches,
                _ => Vec::new(),
            };
            // The node may be stopping.
            let _ = events.send(Event::CaughtUp(batches)).await;
        });
    }
}

async fn ask(network: &crate::network::NetworkHandle, request: &Message) -> Option<Message> {
    let mut asked = BTreeSet::new();
    while asked.len() < PEERS_ASKED_MAX {
        match network.request(Target::AnyBut(asked.clone()), request.clone()).await {
            Ok(answer) => return Some(answer.message),
            Err(error) => {
                tracing::debug!(%error, "no answer");
                asked.insert(error.peer()?);
            }
        }
    }
    None
}

/// What the store has of a missing piece.
fn stored(store: &SledStore, fetch: Fetch) -> Result<Option<Message>, StoreError> {
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
fn catch_up_answer(store: &SledStore, request: CatchUpRequest) -> Result<Option<Message>, StoreError> {
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
