//! Who leads a view.

use alloy_primitives::{B256, U256, keccak256};
use rota_proto::{Place, ValidatorSet, View};

/// The leaders of an epoch, by view. A value, so that a simulation may choose them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaderSchedule {
    /// Drawn by stake from the seed of the epoch, `leader_seed` of `rota-proto` (rule L1).
    Drawn(B256),
    /// Chosen: view 1 is led by the first, and after the last it starts over. Never empty.
    Chosen(Vec<Place>),
}

impl LeaderSchedule {
    /// The leader of `view` among `set`.
    ///
    /// Rule L1: the first validator, in order of place, whose running sum of power exceeds
    /// keccak256(seed || view) mod total, the view as 8 bytes big-endian.
    ///
    /// # Panics
    /// If a chosen schedule is empty.
    #[must_use]
    pub fn leader(&self, set: &ValidatorSet, view: View) -> Place {
        match self {
            Self::Drawn(seed) => draw(set, seed, view),
            Self::Chosen(leaders) => {
                let turn = view.0.saturating_sub(1) % leaders.len() as u64;
                let turn = usize::try_from(turn).unwrap_or(0);
                *leaders.get(turn).unwrap_or_else(|| unreachable!("a turn is below the number of leaders"))
            }
        }
    }
}

fn draw(set: &ValidatorSet, seed: &B256, view: View) -> Place {
    let mut bytes = [0u8; 40];
    bytes[..32].copy_from_slice(seed.as_slice());
    bytes[32..].copy_from_slice(&view.0.to_be_bytes());
    let ticket = U256::from_be_bytes(keccak256(bytes).0) % U256::from(set.total_power());
    let mut sum = U256::ZERO;
    for (place, validator) in set.iter() {
        sum += U256::from(validator.power.0);
        if sum > ticket {
            return place;
        }
    }
    unreachable!("the ticket is below the total power")
}
