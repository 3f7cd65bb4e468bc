//! Quorum: whatever an honest node calls final is signed by more than two thirds of its epoch's stake on L1.

use rota_proto::Signers;

use super::stake_of;
use crate::sim::facts::{Checker, Fact, Scene};

/// Adds stakes up.
#[derive(Debug, Default)]
pub struct Quorum;

impl Checker for Quorum {
    fn name(&self) -> &'static str {
        "quorum"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let Fact::Final(told) = fact else { return Ok(()) };
        let Some(Signers(bits)) = told.signers.filter(|_| scene.honest) else { return Ok(()) };
        let (behind, total) = (stake_of(&told.stakes, bits), told.stakes.iter().sum::<u64>());
        if 3 * behind > 2 * total {
            return Ok(());
        }
        Err(format!("height {} is final at n{} by {behind} of {total}", told.height, scene.node))
    }
}
