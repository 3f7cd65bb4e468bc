//! Coming back: final batches with their finalizations, a piece at a time (rules C).

use std::collections::VecDeque;

use alloy_primitives::{B256, Bytes};
use rota_consensus::{Input, Rejected};
use rota_proto::{BatchHeader, Certificate, Fetch, FinalBatch, Height, Verified};

use crate::{Effect, Replica, words::Unverified};

/// Batches that a peer gave and that end with a finalization.
#[derive(Clone, Debug)]
struct Piece {
    batches: Vec<(BatchHeader, Bytes)>,
    finalization: Certificate,
}

/// How far a node is with catching up.
#[derive(Clone, Debug, Default)]
pub(crate) struct CatchUp {
    /// The height from which batches were asked for, while an answer is due.
    asked: Option<Height>,
    pieces: VecDeque<Piece>,
    /// When that was.
    asked_at_ms: u64,
    /// Whether the finalization of the first piece is being verified.
    verifying: bool,
    /// The highest height that anyone claims: a hint, nothing more.
    hinted: Height,
    /// Final batches from gossip that wait for their certificate.
    offered: VecDeque<(BatchHeader, Bytes)>,
}

/// A node this far behind asks for batches; one closer hears them anyway.
const BEHIND_MIN: u64 = 4;

/// A node without a place that committed nothing for so long asks whether there is more: what was gossiped before it
/// had a neighbour, nobody says again. An answer without batches costs a hundred bytes.
const SILENCE_MS: u64 = 2_000;

/// Gossiped final batches that wait for their certificate.
const OFFERED_MAX: usize = 16;

impl CatchUp {
    /// Forgets what a peer gave: it does not hold.
    pub(crate) fn abandon(&mut self) {
        self.pieces.clear();
        self.verifying = false;
        self.asked = None;
    }

    /// Whether somebody claims to be further than this by more than the usual.
    pub(crate) const fn is_behind(&self, committed: Height) -> bool {
        self.hinted.0 > committed.0.saturating_add(BEHIND_MIN)
    }

    /// How many pieces wait, how many batches are in them, and how many gossiped ones wait.
    pub(crate) fn sizes(&self) -> [usize; 3] {
        let in_pieces = self.pieces.iter().map(|piece| piece.batches.len()).sum();
        [self.pieces.len(), in_pieces, self.offered.len()]
    }

    pub(crate) fn offer(&mut self, header: BatchHeader, body: Bytes) {
        if self.offered.len() >= OFFERED_MAX {
            self.offered.pop_front();
        }
        self.offered.push_back((header, body));
    }
}

impl Replica {
    /// Rule C1: a peer that claims to be further than we are is a reason to ask, not to believe.
    pub(crate) fn hear_of_height(&mut self, height: Height) {
        self.catch_up.hinted = self.catch_up.hinted.max(height);
        if height.0 > self.committed.height().0.saturating_add(BEHIND_MIN) {
            self.ask_to_catch_up();
        }
    }

    /// Rule C1: consensus lacks a batch of a view well above the last final one: others are that far.
    pub(crate) fn notice_gap(&mut self, fetch: &Fetch) {
        if let Fetch::Proposal { round, .. } = fetch
            && round.view.0 > self.consensus.finalized_view().0.saturating_add(BEHIND_MIN)
        {
            self.ask_to_catch_up();
        }
    }

    /// Rules C1, C5: one question at a time, from the batch after the last final one, once that is committed: whatever
    /// claims come meanwhile, nothing piles up.
    pub(crate) fn ask_to_catch_up(&mut self) {
        let committed = self.committed.hash() == self.consensus.head().hash();
        if committed && self.catch_up.asked.is_none() && self.catch_up.pieces.is_empty() {
            let from = self.consensus.head().height().next();
            self.catch_up.asked = Some(from);
            self.catch_up.asked_at_ms = self.now_ms;
            self.effects.push(Effect::CatchUp(from));
        }
    }

    /// Rule C6: who does not vote hears of final batches by gossip alone, and asks when there is none.
    pub(crate) fn ask_after_silence(&mut self) {
        let heard_ms = self.committed_at_ms.max(self.catch_up.asked_at_ms);
        if self.consensus.place().is_none() && self.now_ms.saturating_sub(heard_ms) >= SILENCE_MS {
            self.ask_to_catch_up();
        }
    }

    /// Rule C2: an answer is cut into pieces, each ending with a finalization; what follows the last one is dropped.
    pub(crate) fn take_catch_up(&mut self, batches: Vec<FinalBatch>) {
        if self.catch_up.asked.take().is_none() {
            return;
        }
        // Nobody that was asked has more: what somebody claimed is not believed for ever.
        if batches.is_empty() {
            self.catch_up.hinted = self.committed.height();
        }
        let mut piece = Vec::new();
        for batch in batches {
            let FinalBatch { header, transactions, finalization } = batch;
            let hash = header.hash();
            piece.push((header, transactions));
            if let Some(finalization) = finalization.filter(|certificate| certificate.vote.batch == hash) {
                let batches = std::mem::take(&mut piece);
                self.catch_up.pieces.push_back(Piece { batches, finalization });
            }
        }
        self.verify_next_piece();
    }

    /// Rule C3: the set of the epoch we are in answers for the next piece; what is final here already is skipped.
    fn verify_next_piece(&mut self) {
        let final_height = self.consensus.head().height();
        let old = |piece: &Piece| piece.batches.last().is_none_or(|(header, _)| header.height() <= final_height);
        while self.catch_up.pieces.front().is_some_and(old) {
            self.catch_up.pieces.pop_front();
        }
        if self.catch_up.verifying || self.consensus.awaited_epoch().is_some() {
            return;
        }
        let Some(piece) = self.catch_up.pieces.front() else { return };
        let (epoch, finalization) = (piece.finalization.vote.round.epoch, piece.finalization.clone());
        if epoch != self.consensus.round().epoch {
            return self.catch_up.abandon();
        }
        self.catch_up.verifying = true;
        self.verify(epoch, Unverified::CatchUp(finalization));
    }

    /// Rule C4: a verified finalization makes consensus ask for its batch and the ancestors; here they are.
    pub(crate) fn follow(&mut self, certificate: Verified<Certificate>, refusals: &mut Vec<Rejected>) {
        self.catch_up.verifying = false;
        let Some(piece) = self.catch_up.pieces.pop_front() else { return };
        self.consensus(Input::Certificate(certificate), refusals);
        for (header, body) in piece.batches.into_iter().rev() {
            self.supply(header, body, refusals);
        }
        self.enter_awaited_epoch(refusals);
        self.verify_next_piece();
    }

    /// A header and body that consensus wants; what it asked the peers for in the same step need not be asked.
    pub(crate) fn supply(&mut self, header: BatchHeader, body: Bytes, refusals: &mut Vec<Rejected>) {
        let hash = header.hash();
        if self.consensus.header(hash).is_none() {
            self.consensus(Input::Header(Box::new(header.clone())), refusals);
        }
        if self.live.has_body(hash) {
            // The header may have been forgotten, and the body not yet.
            self.consensus(Input::Body(hash), refusals);
        } else if self.consensus.header(hash).is_some() {
            self.join(&header, body, refusals);
        }
        if self.live.has_body(hash) {
            self.effects.retain(|effect| !asks_for(effect, hash));
        }
    }

    /// A certificate was taken: a gossiped batch may have waited for it.
    pub(crate) fn complete_offered(&mut self, batch: B256, refusals: &mut Vec<Rejected>) {
        let (found, rest) =
            std::mem::take(&mut self.catch_up.offered).into_iter().partition(|(h, _)| h.hash() == batch);
        self.catch_up.offered = rest;
        let found: VecDeque<(BatchHeader, Bytes)> = found;
        for (header, body) in found {
            self.supply(header, body, refusals);
        }
    }

    /// A new epoch began: its set answers for the next piece.
    pub(crate) fn go_on_following(&mut self) {
        self.verify_next_piece();
    }

    /// Rule C5: what was given is committed, and the next question is due if somebody is further.
    pub(crate) fn go_on_catching_up(&mut self) {
        if self.is_catching_up() || self.consensus.awaits_final() {
            self.ask_to_catch_up();
        }
    }
}

/// Whether an effect asks peers for this batch's header or body.
pub(crate) fn asks_for(effect: &Effect, hash: B256) -> bool {
    matches!(effect, Effect::Fetch(Fetch::Proposal { batch, .. } | Fetch::Body(batch)) if *batch == hash)
}
