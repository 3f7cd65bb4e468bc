//! Contracts for tests, in EVM assembly.

use alloy_primitives::{Address, B256, Bytes, U256, b256, hex};

/// The first topic of a token's transfers.
pub(super) const TRANSFER: B256 = b256!("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");

/// Init code that returns this code.
pub(super) fn deploying(runtime: &[u8]) -> Bytes {
    // codecopy(0, 10, length) return(0, length)
    let length = u16::try_from(runtime.len()).unwrap().to_be_bytes();
    let mut code = vec![0x61, length[0], length[1], 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3];
    code.extend_from_slice(runtime);
    code.into()
}

/// A token: `transfer(to, amount)` and `balanceOf(owner)`, told apart by the length of the input; the balance of an
/// owner lies in the slot of its address. Its creation gives a million to its creator.
pub(super) fn token() -> Bytes {
    let mut code = hex!("620f42403355").to_vec(); // sstore(caller, 1000000)
    let runtime = token_runtime();
    let length = u8::try_from(runtime.len()).unwrap();
    code.extend_from_slice(&[0x60, length, 0x80, 0x60, 0x0f, 0x5f, 0x39, 0x5f, 0xf3]);
    code.extend_from_slice(&runtime);
    code.into()
}

fn token_runtime() -> Vec<u8> {
    let mut code = Vec::new();
    code.extend(hex!("3660241460")); // if calldatasize == 36, jump to balanceOf
    let balance_of = code.len();
    code.extend(hex!("0057"));
    code.extend(hex!("602435 3354 818110 60")); // amount, balance; if balance < amount, jump to fail
    let fail = code.len();
    code.extend(hex!("0057"));
    code.extend(hex!("819003 3355")); // sstore(caller, balance - amount)
    code.extend(hex!("600435 8054 8201 8155")); // sstore(to, sload(to) + amount)
    code.extend(hex!("905f52 33 7f")); // mstore(0, amount)
    code.extend(TRANSFER);
    code.extend(hex!("60205fa3")); // log3(0, 32, TRANSFER, caller, to)
    code.extend(hex!("60015f5260205ff3")); // return true
    code[balance_of] = u8::try_from(code.len()).unwrap();
    code.extend(hex!("5b600435545f5260205ff3")); // return sload(owner)
    code[fail] = u8::try_from(code.len()).unwrap();
    code.extend(hex!("5b600e5f5260205ffd")); // revert with 14
    code
}

pub(super) fn transfer_input(to: Address, amount: u64) -> Vec<u8> {
    [hex!("a9059cbb").to_vec(), to.into_word().to_vec(), U256::from(amount).to_be_bytes_vec()].concat()
}

pub(super) fn balance_input(owner: Address) -> Vec<u8> {
    [hex!("70a08231").to_vec(), owner.into_word().to_vec()].concat()
}

/// Stores the second word of its input in the slot of the first.
pub(super) const STORE: [u8; 6] = hex!("602035 5f35 55");

pub(super) fn store_input(slot: u64, value: u64) -> Vec<u8> {
    [U256::from(slot).to_be_bytes_vec(), U256::from(value).to_be_bytes_vec()].concat()
}

/// Emits a log, then reverts with 32 bytes that end in 7.
pub(super) const REVERT: [u8; 11] = hex!("5f5fa0 60075f52 60205ffd");

/// Sends what it holds to the account in its input, and goes if it was created in the same transaction.
pub(super) const DESTROY: [u8; 3] = hex!("5f35ff");
