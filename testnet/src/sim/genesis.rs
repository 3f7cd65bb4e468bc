//! The genesis of the simulated rollup: rich wallets and the contracts that every genesis holds.

use std::sync::OnceLock;

use alloy_primitives::Address;
use rota_execution::{Genesis, system_contracts};
use rota_staking::L1Block;
use serde_json::{Map, Value, json};

use super::wallets;

/// The chain id of the rollup.
pub const ROLLUP_CHAIN_ID: u64 = 7_682;

/// What each wallet begins with, in wei: more than any run spends.
const BALANCE_WEI: &str = "0xd3c21bcecceda1000000";

/// The genesis that builds on this L1 block.
#[must_use]
pub fn genesis(origin: &L1Block) -> Genesis {
    let rota = json!({
        "vault": Address::repeat_byte(0xee),
        "originNumber": origin.number,
        "originHash": origin.hash,
    });
    let json = json!({
        "config": { "chainId": ROLLUP_CHAIN_ID, "pragueTime": 0, "rota": rota },
        "nonce": "0x0",
        "timestamp": format!("{:#x}", origin.timestamp),
        "extraData": "0x",
        "gasLimit": "0x1c9c380",
        "difficulty": "0x0",
        "mixHash": origin.prevrandao,
        "coinbase": Address::ZERO,
        "alloc": alloc(),
    });
    Genesis::parse(&json.to_string()).expect("a genesis by the rules")
}

/// The accounts, the same in every run.
fn alloc() -> &'static Map<String, Value> {
    static ALLOC: OnceLock<Map<String, Value>> = OnceLock::new();
    ALLOC.get_or_init(|| {
        let rich = wallets::addresses().map(|address| (address.to_string(), json!({ "balance": BALANCE_WEI })));
        let contracts = system_contracts()
            .map(|(address, code)| (address.to_string(), json!({ "balance": "0x0", "nonce": "0x1", "code": code })));
        rich.chain(contracts).collect()
    })
}
