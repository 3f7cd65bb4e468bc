//! Planted bugs: what a checker must catch, one named file each. They sit around the production replica, which has no
//! hooks for them.

mod candidate_not_durable;
mod certificate_not_durable;
mod disk_fault_ignored;
mod evidence_ignored;
mod evidence_repeated;
mod final_not_durable;
mod finalize_after_nullify;
mod head_count;
mod never_forgets;
mod nonce_not_checked;
mod nullifications_not_required;
mod old_copy;
mod origin_not_checked;
mod parent_not_checked;
mod quorum_off_by_one;
mod record_not_durable;
mod root_not_compared;
mod signatures_not_checked;
mod stale_set;
mod timer_not_rearmed;
mod votes_added_up;

use std::collections::BTreeMap;

use rota_proto::{Certificate, Place, Signature, Signers, ValidatorSet, Verified, Vote, VotingPower};
use rota_staking::L1Block;

pub use candidate_not_durable::CandidateNotDurable;
pub use certificate_not_durable::CertificateNotDurable;
pub use disk_fault_ignored::DiskFaultIgnored;
pub use evidence_ignored::EvidenceIgnored;
pub use evidence_repeated::EvidenceRepeated;
pub use final_not_durable::FinalNotDurable;
pub use finalize_after_nullify::FinalizeAfterNullify;
pub use head_count::HeadCount;
pub use never_forgets::NeverForgets;
pub use nonce_not_checked::NonceNotChecked;
pub use nullifications_not_required::NullificationsNotRequired;
pub use old_copy::OldCopy;
pub use origin_not_checked::OriginNotChecked;
pub use parent_not_checked::ParentNotChecked;
pub use quorum_off_by_one::QuorumOffByOne;
pub use record_not_durable::RecordNotDurable;
pub use root_not_compared::RootNotCompared;
pub use signatures_not_checked::SignaturesNotChecked;
pub use stale_set::StaleSet;
pub use timer_not_rearmed::TimerNotRearmed;
pub use votes_added_up::VotesAddedUp;

use super::{conduct::Hands, keys::Gullible};

/// The block with other powers in its changes.
fn with_powers(mut block: L1Block, power: impl Fn(Place, u64) -> u64) -> L1Block {
    for change in &mut block.changes {
        change.power = VotingPower(power(change.place, change.power.0));
    }
    block
}

/// A certificate that counts as verified though nobody looked: what a bug believes, not what a peer would.
fn pretend(vote: Vote, signers: Signers, hands: &Hands<'_>) -> Option<Verified<Certificate>> {
    let set = hands.set()?;
    let among = |place: &Place| signers.contains(*place);
    let only: BTreeMap<Place, _> = set.iter().filter(|(place, _)| among(place)).map(|(p, v)| (p, v.clone())).collect();
    let set = ValidatorSet::new(vote.round.epoch, only).ok()?;
    let certificate = Certificate { vote, signers, signatures: vec![Signature([0; 64]); signers.len()] };
    certificate.verify(hands.outside.keys.domain(), &set, &Gullible).ok()
}
