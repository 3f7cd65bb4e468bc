//! Which L1 block belongs to which epoch.

use serde::{Deserialize, Serialize};

use crate::Epoch;

/// Epochs are spans of a fixed number of L1 blocks: epoch `e` covers the blocks from `start_block + e * length` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochSchedule {
    /// The first block of epoch 0.
    pub start_block: u64,
    /// Blocks in an epoch, at least 1.
    pub length: std::num::NonZeroU64,
}

impl EpochSchedule {
    /// The epoch of an L1 block; blocks before the start count as epoch 0.
    #[must_use]
    pub const fn epoch_of(&self, block: u64) -> Epoch {
        Epoch(block.saturating_sub(self.start_block) / self.length.get())
    }

    /// The first block of an epoch.
    #[must_use]
    pub const fn first_block(&self, epoch: Epoch) -> u64 {
        self.start_block.saturating_add(epoch.0.saturating_mul(self.length.get()))
    }

    /// The last block of an epoch.
    #[must_use]
    pub const fn last_block(&self, epoch: Epoch) -> u64 {
        self.first_block(epoch).saturating_add(self.length.get() - 1)
    }

    /// The block in the middle of an epoch, whose prevrandao seeds the leaders of the next one.
    #[must_use]
    pub const fn middle_block(&self, epoch: Epoch) -> u64 {
        self.first_block(epoch).saturating_add(self.length.get() / 2)
    }
}
