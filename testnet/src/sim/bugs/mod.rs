//! Planted bugs: what a checker must catch, one named file each. They sit around the production core, which has no
//! hooks for them.

mod candidate_not_durable;
mod finalize_after_nullify;
mod head_count;
mod nullifications_not_required;
mod old_copy;
mod quorum_off_by_one;
mod record_not_durable;
mod stale_set;
mod timer_not_rearmed;

pub use candidate_not_durable::CandidateNotDurable;
pub use finalize_after_nullify::FinalizeAfterNullify;
pub use head_count::HeadCount;
pub use nullifications_not_required::NullificationsNotRequired;
pub use old_copy::OldCopy;
pub use quorum_off_by_one::QuorumOffByOne;
pub use record_not_durable::RecordNotDurable;
pub use stale_set::StaleSet;
pub use timer_not_rearmed::TimerNotRearmed;

use std::{collections::BTreeMap, sync::Arc};

use rota_consensus::EpochContext;
use rota_proto::{Place, ValidatorSet, VotingPower};

/// The context with other powers.
fn with_powers(context: EpochContext, power: impl Fn(Place, u64) -> u64) -> EpochContext {
    let changed: BTreeMap<Place, _> = context
        .set
        .iter()
        .map(|(place, validator)| {
            let mut validator = validator.clone();
            validator.power = VotingPower(power(place, validator.power.0));
            (place, validator)
        })
        .collect();
    let set = ValidatorSet::new(context.set.epoch(), changed).expect("powers stay above zero");
    EpochContext { set: Arc::new(set), ..context }
}
