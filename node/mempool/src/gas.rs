//! The least gas a transaction may bring: what starting it costs, and what its data costs.

use alloy_consensus::{Transaction as _, TxEnvelope};

/// Gas of any transaction.
const BASE: u64 = 21_000;
/// Gas of a contract creation on top (EIP-2).
const CREATE: u64 = 32_000;
/// Gas of a word of initcode (EIP-3860).
const INIT_CODE_WORD: u64 = 2;
/// Gas of a token of data; a zero byte is one token, another is four (EIP-2028).
const TOKEN: u64 = 4;
/// Gas of a token under the floor (EIP-7623).
const FLOOR_TOKEN: u64 = 10;
/// Gas of an address in the access list (EIP-2930).
const ACCESS_LIST_ADDRESS: u64 = 2_400;
/// Gas of a storage key in the access list (EIP-2930).
const ACCESS_LIST_KEY: u64 = 1_900;
/// Gas of an authorization (EIP-7702).
const AUTHORIZATION: u64 = 25_000;

/// The least gas a transaction may bring under Prague.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasNeeded {
    /// What is charged before its first instruction.
    pub intrinsic: u64,
    /// The floor of EIP-7623.
    pub floor: u64,
}

impl GasNeeded {
    /// Counts data, access list and authorizations. Transactions are at most 128 KiB, so that no sum overflows.
    #[must_use]
    pub fn of(transaction: &TxEnvelope) -> Self {
        let data = transaction.input();
        let zeros = count(data.iter().filter(|byte| **byte == 0).count());
        let tokens = zeros + 4 * (count(data.len()) - zeros);
        let mut intrinsic = BASE + TOKEN * tokens;
        if transaction.is_create() {
            intrinsic += CREATE + INIT_CODE_WORD * count(data.len()).div_ceil(32);
        }
        if let Some(list) = transaction.access_list() {
            let keys: usize = list.iter().map(|item| item.storage_keys.len()).sum();
            intrinsic += ACCESS_LIST_ADDRESS * count(list.len()) + ACCESS_LIST_KEY * count(keys);
        }
        intrinsic += AUTHORIZATION * transaction.authorization_count().unwrap_or(0);
        Self { intrinsic, floor: BASE + FLOOR_TOKEN * tokens }
    }
}

/// A length as a quantity of gas.
const fn count(length: usize) -> u64 {
    length as u64
}
