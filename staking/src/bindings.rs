//! The L1 contracts as Rust types, made from the checked-in `abi/*.json`: calls, events, errors, creation code.
//!
//! `scripts/contracts abi` writes the JSON and CI proves it current, so building Rust needs no Node. What each call,
//! event and error means stands in `contracts/README.md`, whose rules (C1 to C19) are cited here. Nothing here does
//! IO: a caller encodes with these types, sends as it likes, and decodes with them.

use alloy_primitives::{Address, B256, Bytes, keccak256};
use alloy_sol_types::{SolConstructor, SolValue};
use rota_proto::{SignedVote, VotePair};

pub use self::inbox::{IRotaInbox, RotaInbox};
pub use self::slasher::{ISlasher, Slasher};
pub use self::staking::{IRotaStaking, RotaStaking};
pub use self::verifier::Ed25519Verifier;

/// Most bytes of one payload of the inbox (C16).
pub const MAX_PAYLOAD_BYTES: usize = 120_000;
/// Most batches of one entry of the inbox (C16).
pub const MAX_ENTRY_BATCHES: u64 = 4_096;
/// The first height that is posted (C12); height 0 is the genesis.
pub const FIRST_POSTED_HEIGHT: u64 = 1;
/// Wei in one unit of voting power (C5): power is stake in gwei.
pub const WEI_PER_POWER: u64 = 1_000_000_000;

/// Generated from `abi/RotaStaking.json`.
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::too_many_lines, clippy::unwrap_used, clippy::panic)]
mod staking {
    alloy_sol_types::sol! {
        #[sol(all_derives)]
        RotaStaking,
        "abi/RotaStaking.json"
    }
}

/// Generated from `abi/RotaInbox.json`.
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::too_many_lines, clippy::unwrap_used, clippy::panic)]
mod inbox {
    alloy_sol_types::sol! {
        #[sol(all_derives)]
        RotaInbox,
        "abi/RotaInbox.json"
    }
}

/// Generated from `abi/Slasher.json`.
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::too_many_lines, clippy::unwrap_used, clippy::panic)]
mod slasher {
    alloy_sol_types::sol! {
        #[sol(all_derives)]
        Slasher,
        "abi/Slasher.json"
    }
}

/// Generated from `abi/Ed25519Verifier.json`.
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::too_many_lines, clippy::unwrap_used, clippy::panic)]
mod verifier {
    alloy_sol_types::sol! {
        #[sol(all_derives)]
        Ed25519Verifier,
        "abi/Ed25519Verifier.json"
    }
}

/// What a transaction without recipient carries to deploy the staking contract.
///
/// Its value must be the sum of the seeds' stakes, and its block must lie in epoch 0.
#[must_use]
pub fn staking_creation_code(parameters: IRotaStaking::Parameters, seeds: Vec<IRotaStaking::Seed>) -> Bytes {
    let arguments = RotaStaking::constructorCall { parameters, seeds }.abi_encode();
    [RotaStaking::BYTECODE.as_ref(), &arguments].concat().into()
}

/// What a transaction without recipient carries to deploy the inbox of a staking contract.
#[must_use]
pub fn inbox_creation_code(staking: Address) -> Bytes {
    let arguments = RotaInbox::constructorCall { staking_: staking }.abi_encode();
    [RotaInbox::BYTECODE.as_ref(), &arguments].concat().into()
}

/// What a transaction without recipient carries to deploy the ed25519 verifier, which knows no other contract.
#[must_use]
pub fn verifier_creation_code() -> Bytes {
    Ed25519Verifier::BYTECODE.clone()
}

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

/// The link that the inbox gives to an entry with this payload (C13).
#[must_use]
pub fn entry_link(entry: &IRotaInbox::Entry, payload: &[u8]) -> B256 {
    let fields = (entry.parentLink, entry.firstHeight, entry.lastHeight, entry.lastBatchHash, keccak256(payload));
    keccak256(fields.abi_encode_params())
}

#[cfg(test)]
#[path = "tests/bindings.rs"]
mod tests;
