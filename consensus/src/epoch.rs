//! From one epoch to the next (rules E).

use std::{collections::BTreeMap, sync::Arc};

use rota_proto::{Certificate, Epoch, SignedVote, ValidatorSet, Verified, View};

use crate::{EpochContext, Output, Rejected, Simplex, Timer};

/// Epochs that ended whose late votes are still answered.
const PAST_EPOCHS_MAX: usize = 4;

/// What is kept of an epoch that ended.
#[derive(Clone, Debug)]
pub(crate) struct PastEpoch {
    pub(crate) set: Arc<ValidatorSet>,
    pub(crate) finalization: Verified<Certificate>,
    /// The votes of its last view: three a validator at most.
    pub(crate) votes: Vec<SignedVote>,
}

impl Simplex {
    /// Rule E2: the closing batch is final. Nothing more happens in this epoch; the host brings the next one.
    pub(crate) fn close_epoch(&mut self) {
        let next = self.epoch_of_origin(self.tree.root());
        self.closed = Some(next);
        self.forget_timer();
        self.out.push(Output::EpochClosed { epoch: self.epoch.set.epoch(), next });
    }

    /// Rule E3: the epoch of the closing batch's origin begins with its own set at view 1; the closing batch stands
    /// as its final batch at view 0.
    pub(crate) fn enter_epoch(&mut self, epoch: EpochContext) -> Result<(), Rejected> {
        let offered = epoch.set.epoch();
        if self.closed != Some(offered) {
            return Err(Rejected::WrongEpoch { offered, expected: self.closed });
        }
        let before = std::mem::replace(&mut self.epoch, epoch);
        if let Some(finalization) = self.finalization.take() {
            let places = || before.set.iter().map(|(place, _)| place);
            let last = self.views.get(&self.finalized);
            let votes = last.map_or_else(Vec::new, |last| places().flat_map(|place| last.votes_by(place)).collect());
            self.past.insert(before.set.epoch(), PastEpoch { set: before.set, finalization, votes });
        }
        while self.past.len() > PAST_EPOCHS_MAX {
            self.past.pop_first();
        }
        self.closed = None;
        self.me = self.key.and_then(|key| self.epoch.set.place_of(&key));
        self.opening = self.tree.root().hash();
        self.tree = crate::tree::Tree::new(self.tree.root().clone());
        // V1: an epoch begins in view 1.
        self.view = View::FIRST;
        self.leader = self.epoch.leader(View::FIRST);
        self.finalized = View::ZERO;
        self.entered_by = None;
        self.views = BTreeMap::new();
        self.final_chain = [(View::ZERO, self.opening)].into();
        self.to_finalize.clear();
        self.wanted.clear();
        self.building = None;
        self.forget_timer();
        self.failures = 0;
        self.silence.clear();
        self.remember_record();
        self.restart_startup();
        self.out.push(Output::SetTimer { timer: Timer::Retry, after_ms: self.config.timings.retry_ms });
        Ok(())
    }

    /// The epoch whose set is awaited because the closing batch is final.
    #[must_use]
    pub const fn awaited_epoch(&self) -> Option<Epoch> {
        self.closed
    }
}
