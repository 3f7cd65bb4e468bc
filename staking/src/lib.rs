#![doc = include_str!("../README.md")]

mod accountability;
pub mod bindings;
mod bytes;
mod deployment;
mod evidence;
mod guard;
mod l1;
pub mod limits;
mod participation;
mod registry;
mod rewards;
mod slasher;

pub use accountability::Inquest;
pub use deployment::{Contracts, Creation, Deployment};
pub use evidence::{Evidence, EvidenceError, NotEvidence, Offence, UnverifiedEvidence};
pub use guard::{
    AttestationRecord, AttestationRecordError, AttestationRefusal, ForeignRecord, GuardFile, GuardFileError, Joined,
    RecordError, RecordTextError, Refusal, SafetyRecord, SlotError, SlotWrite, Verdict,
};
pub use l1::{ChangeHash, L1Block, Origin, ValidatorChange};
pub use participation::{Duties, EpochTally, POINTS_SCALE};
pub use registry::{EpochError, Genesis, Registry, RegistryError, SnapshotError, Warning};
pub use rewards::{Leaf, PARTICIPATION, Period, Periods};
pub use slasher::{Slasher, Window};

#[cfg(test)]
mod tests;
