//! Epochs as spans of L1 blocks.

use crate::{
    Epoch, ORIGIN_NUMBER_MAX,
    limits::{EPOCH_LENGTH_MAX, EPOCH_LENGTH_MIN},
};

/// How L1 is divided into epochs (rule R1): epoch 0 begins with block `start_block`, and each lasts `length` blocks.
/// Both numbers are those of the staking contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochSchedule {
    start_block: u64,
    length: u64,
}

/// Why there is no such schedule, or no epoch of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The length is outside the contract's bounds.
    #[error("an epoch of {0} L1 blocks is outside {EPOCH_LENGTH_MIN} to {EPOCH_LENGTH_MAX}")]
    Length(u64),
    /// A number that 5 bytes of a header do not hold.
    #[error("L1 block {0} is above {ORIGIN_NUMBER_MAX}, the highest a header can name")]
    BlockTooHigh(u64),
    /// A block before epoch 0.
    #[error("L1 block {block} lies before epoch 0, which begins with block {start}")]
    BeforeStart {
        /// The number of the block.
        block: u64,
        /// The first block of epoch 0.
        start: u64,
    },
    /// An epoch that 4 bytes of a header do not hold.
    #[error("L1 block {block} lies in epoch {epoch}, above the highest a header can name")]
    EpochTooHigh {
        /// The number of the block.
        block: u64,
        /// Its epoch.
        epoch: Epoch,
    },
}

impl EpochSchedule {
    /// The schedule with these numbers.
    ///
    /// # Errors
    /// [`ScheduleError::Length`] or [`ScheduleError::BlockTooHigh`].
    pub const fn new(start_block: u64, length: u64) -> Result<Self, ScheduleError> {
        if length < EPOCH_LENGTH_MIN || length > EPOCH_LENGTH_MAX {
            return Err(ScheduleError::Length(length));
        }
        if start_block > ORIGIN_NUMBER_MAX {
            return Err(ScheduleError::BlockTooHigh(start_block));
        }
        Ok(Self { start_block, length })
    }

    /// The first block of epoch 0.
    #[must_use]
    pub const fn start_block(&self) -> u64 {
        self.start_block
    }

    /// The number of blocks of an epoch.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The epoch in which an L1 block lies.
    ///
    /// # Errors
    /// [`ScheduleError`]: the block lies before epoch 0, or beyond what a header can name.
    pub fn epoch_of(&self, block: u64) -> Result<Epoch, ScheduleError> {
        let start = self.start_block;
        let since = block.checked_sub(start).ok_or(ScheduleError::BeforeStart { block, start })?;
        if block > ORIGIN_NUMBER_MAX {
            return Err(ScheduleError::BlockTooHigh(block));
        }
        let epoch = Epoch(since / self.length);
        if epoch < Epoch::MAX { Ok(epoch) } else { Err(ScheduleError::EpochTooHigh { block, epoch }) }
    }

    /// The first block of an epoch. Saturates, far beyond any block of L1.
    #[must_use]
    pub const fn first_block(&self, epoch: Epoch) -> u64 {
        self.start_block.saturating_add(epoch.0.saturating_mul(self.length))
    }

    /// The block that seeds the leader draw of the epoch after: the first of the epoch's second half.
    #[must_use]
    pub const fn middle_block(&self, epoch: Epoch) -> u64 {
        self.first_block(epoch).saturating_add(self.length / 2)
    }
}
