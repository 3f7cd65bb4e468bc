//! The seed of an epoch's leader draw: every party computes the same from L1.

use alloy_primitives::{B256, keccak256};

use crate::Epoch;

/// Rule L1 of consensus: the seed of an epoch's leaders is keccak256("rota/leader" || rollup chain id || epoch ||
/// prevrandao of the middle block of L1's epoch before), numbers as 8 bytes big-endian.
#[must_use]
pub fn leader_seed(rollup_chain_id: u64, epoch: Epoch, prevrandao: B256) -> B256 {
    let mut bytes = Vec::with_capacity(11 + 8 + 8 + 32);
    bytes.extend_from_slice(b"rota/leader");
    bytes.extend_from_slice(&rollup_chain_id.to_be_bytes());
    bytes.extend_from_slice(&epoch.0.to_be_bytes());
    bytes.extend_from_slice(prevrandao.as_slice());
    keccak256(bytes)
}
