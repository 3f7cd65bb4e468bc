//! The L1 contracts as Rust types, made from the checked-in `abi/*.json`: calls, events, errors, creation code.
//!
//! `scripts/contracts abi` writes the JSON and CI proves it current, so building Rust needs no Node. What each call,
//! event and error means stands in `contracts/README.md`, whose rules (those with a C) are cited here. Nothing here
//! does IO: a caller encodes with these types, sends as it likes, and decodes with them.

use alloy_primitives::{B256, Bytes, keccak256};
use alloy_sol_types::SolValue;
use rota_proto::{Attestation, SignedAttestation, SignedVote, VotePair};

mod refusal;

pub use self::admission::{Admission, IAdmission};
pub use self::attestations::{AttestationVerifier, IAttestationVerifier};
pub use self::bls::BlsVerifier;
pub use self::ed25519::Ed25519Verifier;
pub use self::expulsions::Expulsions;
pub use self::governor::{IStakeGovernor, StakeGovernor};
pub use self::inbox::{IRotaInbox, RotaInbox};
pub use self::parameters::{IStakingParameters, StakingParameters};
pub use self::refusal::refusal;
pub use self::registry::{IValidatorRegistry, ValidatorRegistry};
/// A quorum's signature, as [`Rewards`] takes it.
pub use self::rewards::IAttestationVerifier::QuorumSignature;
pub use self::rewards::{IRewards, Rewards};
pub use self::sets::{IValidatorSets, ValidatorSets};
pub use self::slasher::{ISlasher, Slasher};
/// What a validator begins with, in the words of [`StakeManager`]. The registry has the same of its own.
pub use self::stakes::IValidatorRegistry as Enrolment;
pub use self::stakes::{IStakeManager, StakeManager};
pub use self::timelock::TimelockController;
pub use self::token::TestToken;
pub use self::votes::StakeVotes;

/// Most bytes of one payload of the inbox (C16).
pub const MAX_PAYLOAD_BYTES: usize = 120_000;
/// Most batches of one entry of the inbox (C16).
pub const MAX_ENTRY_BATCHES: u64 = 4_096;
/// The first height that is posted (C12); height 0 is the genesis.
pub const FIRST_POSTED_HEIGHT: u64 = 1;
/// The shortest epoch that the contracts take, in L1 blocks (C30).
pub const EPOCH_LENGTH_MIN: u64 = 32;
/// The longest epoch that the contracts take, in L1 blocks (C30).
pub const EPOCH_LENGTH_MAX: u64 = 7_200;

/// A module with what `sol!` generates from the ABI of a contract.
macro_rules! generated {
    ($module:ident, $contract:ident, $abi:tt) => {
        #[doc = concat!("Generated from `", $abi, "`.")]
        #[allow(
            missing_docs,
            clippy::all,
            clippy::pedantic,
            clippy::too_many_lines,
            clippy::unwrap_used,
            clippy::panic
        )]
        mod $module {
            alloy_sol_types::sol! {
                #[sol(all_derives)]
                $contract,
                $abi
            }
        }
    };
}

generated!(admission, Admission, "abi/Admission.json");
generated!(attestations, AttestationVerifier, "abi/AttestationVerifier.json");
generated!(bls, BlsVerifier, "abi/BlsVerifier.json");
generated!(ed25519, Ed25519Verifier, "abi/Ed25519Verifier.json");
generated!(expulsions, Expulsions, "abi/Expulsions.json");
generated!(governor, StakeGovernor, "abi/StakeGovernor.json");
generated!(inbox, RotaInbox, "abi/RotaInbox.json");
generated!(parameters, StakingParameters, "abi/StakingParameters.json");
generated!(registry, ValidatorRegistry, "abi/ValidatorRegistry.json");
generated!(rewards, Rewards, "abi/Rewards.json");
generated!(sets, ValidatorSets, "abi/ValidatorSets.json");
generated!(slasher, Slasher, "abi/Slasher.json");
generated!(stakes, StakeManager, "abi/StakeManager.json");
generated!(timelock, TimelockController, "abi/TimelockController.json");
generated!(token, TestToken, "abi/TestToken.json");
generated!(votes, StakeVotes, "abi/StakeVotes.json");

/// The report of a pair of conflicting votes, as the slasher takes it.
#[must_use]
pub fn vote_evidence(pair: &VotePair) -> ISlasher::VoteEvidence {
    let [first, second] = pair.votes().map(|SignedVote { vote, signature, .. }| {
        let (r, s) = signature.0.split_at(32);
        let (r, s) = (B256::from_slice(r), B256::from_slice(s));
        ISlasher::SignedVote { kind: vote.kind.code(), batch: vote.batch, r, s }
    });
    let round = pair.round();
    let place = pair.signer().number();
    ISlasher::VoteEvidence { epoch: round.epoch.0, view_: round.view.0, place, first, second }
}

/// The report of two attestations that contradict each other, as the slasher takes it: the lower content first (C95).
#[must_use]
pub fn attestation_evidence(pair: &[SignedAttestation; 2]) -> ISlasher::AttestationEvidence {
    let [first, second] =
        pair.map(|SignedAttestation { attestation, signer, signature }| ISlasher::SignedAttestation {
            attestingEpoch: attestation.attesting_epoch.0,
            place: signer.number(),
            content: attestation.content,
            signature: Bytes::copy_from_slice(&signature.0),
        });
    let Attestation { kind, index, .. } = pair[0].attestation;
    ISlasher::AttestationEvidence { kind, index, first, second }
}

/// The link that the inbox gives to an entry with this payload (C13).
#[must_use]
pub fn entry_link(entry: &IRotaInbox::Entry, payload: &[u8]) -> B256 {
    let fields = (entry.parentLink, entry.firstHeight, entry.lastHeight, entry.lastBatchHash, keccak256(payload));
    keccak256(fields.abi_encode_params())
}

#[cfg(test)]
#[path = "tests/bindings.rs"]
mod tests;
