#![doc = include_str!("../README.md")]

mod attestation;
mod attestation_wire;
mod certificate;
mod domain;
mod epoch_schedule;
mod header;
mod key;
mod leader;
pub mod limits;
mod message;
mod numbers;
mod order;
mod proposal;
mod transaction;
mod validator_set;
mod vote;
mod vote_pair;
mod vote_wire;
mod wire;

pub use attestation::{
    ATTESTATION_TAG, Attestation, AttestationKey, AttestationKeyError, AttestationSignature, POSSESSION_TAG,
    SignedAttestation,
};
pub use certificate::Certificate;
pub use domain::SigningDomain;
pub use epoch_schedule::{EpochSchedule, ScheduleError};
pub use header::{BATCH_VERSION, BatchHeader, ExtraData, HeaderError, L1Origin, ORIGIN_NUMBER_MAX};
pub use key::{ConsensusKey, KeyError, Signature, Strict, Verifier};
pub use leader::leader_seed;
pub use message::{
    BodyMessage, CatchUpAnswer, CatchUpRequest, Fetch, FinalBatch, Message, NetworkId, RoundAnswer, Status,
};
pub use numbers::{Epoch, Height, Place, Round, Signers, View, VotingPower};
pub use order::{InOrder, OrderKey};
pub use proposal::{Justification, JustificationError, Proposal};
pub use transaction::{BatchBody, BodyError, Transaction, TransactionError, UnrecoveredTransaction};
pub use validator_set::{Validator, ValidatorSet, ValidatorSetError};
pub use vote::{SignedVote, Verified, VerifyError, Vote, VoteKind};
pub use vote_pair::VotePair;
pub use wire::WireError;

#[cfg(test)]
mod tests;
