//! The ed25519 verifier of L1 against the one that nodes use: the checked-in creation code runs in revm, and what it
//! says of keys and signatures is compared with `ed25519-dalek` and `rota-proto` (C18 and C19 of contracts).

mod contract;
mod dice;
mod differential;
mod forge;
mod vectors;

use alloy_primitives::{B256, hex};
use ed25519_dalek::VerifyingKey;
use eyre::{Result, ensure};
use rota_proto::ConsensusKey;

use self::contract::Verifier;

/// Gas that a verification may cost, with its transaction.
const TARGET_GAS: u64 = 600_000;

/// A signature to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Case {
    key: [u8; 32],
    message: Vec<u8>,
    r: [u8; 32],
    s: [u8; 32],
}

impl Case {
    /// The verdict of the nodes' library, for every key: what it cannot read has no signatures.
    fn strict(&self) -> bool {
        let signature = ed25519_dalek::Signature::from_components(self.r, self.s);
        VerifyingKey::from_bytes(&self.key).is_ok_and(|key| key.verify_strict(&self.message, &signature).is_ok())
    }

    /// Asks both; gives what they agree on.
    fn judge(&self, verifier: &mut Verifier) -> Result<bool> {
        let (strict, on_l1) = (self.strict(), verifier.verifies(self)?);
        ensure!(strict == on_l1, "dalek says {strict}, L1 says {on_l1}: {self}");
        ensure!(verifier.gas <= TARGET_GAS || self.message.len() > 32, "{} gas: {self}", verifier.gas);
        Ok(strict)
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [key, r, s] = [self.key, self.r, self.s].map(B256::from);
        write!(f, "key {key} message 0x{} r {r} s {s}", hex::encode(&self.message))
    }
}

/// Whether nodes take a key, and L1 registers it; both must say the same.
fn judge_key(key: &[u8; 32], verifier: &mut Verifier) -> Result<bool> {
    let (by_nodes, on_l1) = (ConsensusKey::from_bytes(key), verifier.registers(key)?);
    ensure!(by_nodes.is_ok() == on_l1, "nodes say {by_nodes:?}, L1 says {on_l1}: {}", B256::from(*key));
    ensure!(verifier.gas <= TARGET_GAS, "{} gas: {}", verifier.gas, B256::from(*key));
    Ok(on_l1)
}
