//! Hearing what others say: most of it is for the replica, questions to the store are answered here.

use rota_proto::{ConsensusKey, Fetch, Message, Status};
use rota_replica::{Event, Source};

use super::{Host, Incoming, Wake};
use crate::sim::{
    outside::Outside,
    story::{NodeId, fingerprint, summary},
};

/// Between a peer's coming and the first piece of local transactions that it is told, and between two pieces (rule N28
/// of the network).
const NEWCOMER_PAUSE_MS: u64 = 1_000;

impl Host {
    /// Hears a message.
    pub fn hear(&mut self, from: NodeId, message: Message, out: &mut Outside) {
        out.story
            .tell(self.id, &[40, from as u64, fingerprint(&message)], || format!("<- n{from}: {}", summary(&message)));
        // Whose record a node has not seen is a stranger to it.
        let key = Some(out.keys.public(from)).filter(|key| self.known.contains(key));
        self.tick(out);
        self.inbox.push_back(Incoming {
            event: Event::Message { from: key, message },
            from: Some(from),
            past_conduct: false,
        });
    }

    /// A connection to a peer is there: each tells the other how far it is, who is accused, and what it may not know.
    pub fn greet(&self, peer: NodeId, out: &mut Outside) {
        let head = &self.disk.head().header;
        let status = Status {
            network: alloy_primitives::B256::ZERO,
            version: "simulated".into(),
            height: head.height(),
            batch: head.hash(),
        };
        out.send(self.id, &[peer], Message::Status(status));
        for accusation in self.disk.evidence().values() {
            out.send(self.id, &[peer], Message::Evidence(Box::new(accusation.pair)));
        }
        out.wake_by_clock(self.id, NEWCOMER_PAUSE_MS, Wake::Newcomer(peer, 0));
    }

    /// A piece of what waits here, to a peer that may not know it.
    pub(super) fn tell_newcomer(&self, peer: NodeId, after: u64, out: &mut Outside) {
        let (transactions, last) = self.replica.locals_after(after);
        if transactions.is_empty() {
            return;
        }
        let list = transactions.iter().map(|transaction| transaction.encode()).collect();
        out.send(self.id, &[peer], Message::Transactions(list));
        if let Some(last) = last {
            out.wake_by_clock(self.id, NEWCOMER_PAUSE_MS, Wake::Newcomer(peer, last));
        }
    }

    /// A message, once it is its turn.
    pub(super) fn hear_message(
        &mut self,
        from: NodeId,
        key: Option<ConsensusKey>,
        message: Message,
        out: &mut Outside,
    ) {
        match message {
            Message::Transactions(list) => {
                let source = if key.is_some() { Source::Validator } else { Source::Stranger };
                self.take_in(&list, source, out);
            }
            Message::CatchUpRequest(request) => self.give_batches(from, request, out),
            Message::CatchUpAnswer(answer) => self.take_batches(from, answer, out),
            // A validator's question goes to the replica, a stranger's to the store.
            Message::Fetch(fetch) if key.is_none() => {
                let live = if let Fetch::Body(batch) = fetch { self.live_body(batch) } else { None };
                if let Some(message) = live.or_else(|| self.stored(fetch)) {
                    out.send(self.id, &[from], message);
                }
            }
            Message::Vote(_)
            | Message::Certificate(_)
            | Message::Proposal(_)
            | Message::Body(_)
            | Message::Fetch(_)
            | Message::RoundQuery(_)
            | Message::RoundAnswer(_)
            | Message::FinalBatch(_)
            | Message::Status(_)
            | Message::Evidence(_)
            | Message::Attestation(_) => self.step(Event::Message { from: key, message }, out),
        }
    }
}
