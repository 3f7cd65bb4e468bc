//! What L1 says of the evidence that is kept (rule E5). Every node looks; whoever has a key also reports.

use alloy::eips::{BlockId, BlockNumberOrTag};
use rota_proto::{Epoch, EpochSchedule};

use super::{BookError, Docket, Piece, Progress};
use crate::{
    config::{ConfigError, NetworkToml},
    l1::{L1Client, L1Error, L1Tip},
    poster::Charge,
};

/// Validators that are looked at in each block of L1, those that were accused first: two sets of 128.
pub const CHARGES_MAX: usize = 256;

/// Why L1 could not be asked, or its answer not be kept.
#[derive(Debug, thiserror::Error)]
pub enum CourtError {
    /// L1 did not answer.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The disk failed.
    #[error(transparent)]
    Book(#[from] BookError),
}

impl CourtError {
    /// Its name in metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::L1(_) => "l1",
            Self::Book(_) => "book",
        }
    }
}

/// Asks the slasher about those who are accused, and keeps what it says.
#[derive(Debug)]
pub struct Court {
    l1: L1Client,
    schedule: EpochSchedule,
    window: u64,
    docket: Docket,
}

impl Court {
    /// The court of a network, for the evidence of a node.
    ///
    /// # Errors
    /// [`ConfigError`] if the network's epochs cannot be.
    pub fn new(l1: L1Client, network: &NetworkToml, docket: Docket) -> Result<Self, ConfigError> {
        let schedule = network.registry()?.schedule;
        docket.metrics.show(docket.book.totals());
        Ok(Self { l1, schedule, window: network.times.evidence_epochs, docket })
    }

    /// Looks at L1 as of its newest block. Who may still have to be slashed.
    ///
    /// # Errors
    /// [`CourtError`]; what was seen before is kept.
    pub async fn look(&self, tip: &L1Tip, final_number: u64) -> Result<Vec<Charge>, CourtError> {
        let mut pieces = self.docket.book.open_pieces();
        pieces.reverse();
        let mut charges = Vec::new();
        for piece in pieces.iter().take(CHARGES_MAX) {
            if self.is_expired(piece.epoch, final_number) {
                self.note(piece, Progress::Expired { block: final_number })?;
            } else {
                charges.extend(self.charge(piece, tip, final_number).await?);
            }
        }
        self.docket.metrics.show(self.docket.book.totals());
        Ok(charges)
    }

    /// E5: over only as of a final block; a reorganization may take back what is not.
    async fn charge(&self, piece: &Piece, tip: &L1Tip, final_number: u64) -> Result<Option<Charge>, CourtError> {
        let validator = piece.validator;
        let slashed = async |at| self.l1.is_slashed(validator, at).await;
        if !slashed(BlockId::hash(tip.hash)).await? {
            self.note(piece, Progress::Open)?;
            // Not every endpoint tells what waits; then only what is mined counts.
            let pending = slashed(BlockId::Number(BlockNumberOrTag::Pending)).await.unwrap_or(false);
            return Ok(Some(Charge { validator, slashed: false, pending }));
        }
        let block = match piece.progress {
            Progress::Slashed { block } => block,
            Progress::Open | Progress::Final { .. } | Progress::Expired { .. } => tip.number,
        };
        if slashed(BlockId::Number(final_number.into())).await? {
            self.note(piece, Progress::Final { block })?;
            return Ok(None);
        }
        self.note(piece, Progress::Slashed { block })?;
        Ok(Some(Charge { validator, slashed: true, pending: true }))
    }

    /// Keeps how far a piece has come, and says so.
    fn note(&self, piece: &Piece, progress: Progress) -> Result<(), BookError> {
        if std::mem::discriminant(&piece.progress) == std::mem::discriminant(&progress) {
            return Ok(());
        }
        self.docket.book.note(piece.validator, progress)?;
        let (validator, epoch) = (piece.validator, piece.epoch);
        match progress {
            Progress::Open => {
                tracing::warn!(%validator, "L1 went back behind the slashing of a validator");
                self.docket.metrics.step("vanished");
            }
            Progress::Slashed { block } => {
                tracing::info!(%validator, block, "a validator is slashed on L1");
                self.docket.metrics.step("slashed");
            }
            Progress::Final { block } => {
                tracing::info!(%validator, block, "the slashing of a validator is final on L1");
                self.docket.metrics.step("confirmed");
            }
            Progress::Expired { block } => {
                tracing::error!(%validator, %epoch, block, "L1 takes the evidence against a validator no more");
                self.docket.metrics.step("expired");
            }
        }
        Ok(())
    }

    /// Whether L1 takes no evidence of an epoch any more, as of a final block.
    fn is_expired(&self, epoch: Epoch, final_number: u64) -> bool {
        let newest = self.schedule.epoch_of(final_number).unwrap_or_default();
        epoch.0.saturating_add(self.window) < newest.0
    }
}
