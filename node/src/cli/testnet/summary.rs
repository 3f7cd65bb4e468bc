//! `testnet.json`: where everything of a network is, for programs. It is written last, at once: where it is, the
//! network is completely made.

use std::fs;

use rota_proto::ConsensusKey;
use serde_json::{Value, json};

use super::{POWER_PER_TOKEN, Plan, devnet_key, write};
use crate::config::NetworkToml;

/// How many of the funded accounts are named.
const NAMED_ACCOUNTS: u64 = 10;

/// Writes the file.
///
/// # Errors
/// What the system says.
pub(super) fn write_last(plan: &Plan<'_>, stakes: &[u64], network: &NetworkToml) -> eyre::Result<()> {
    let out = &plan.arguments.out;
    let part = out.join("testnet.json.part");
    write(&part, serde_json::to_string_pretty(&summary(plan, stakes, network)?)?)?;
    fs::rename(part, out.join("testnet.json"))?;
    Ok(())
}

/// What the file says.
pub(super) fn summary(plan: &Plan<'_>, stakes: &[u64], network: &NetworkToml) -> eyre::Result<Value> {
    let nodes = (0u8..).zip(plan.keys).map(|(index, _)| node(plan, index, stakes)).collect::<eyre::Result<Vec<_>>>()?;
    let accounts = (0..plan.arguments.accounts.min(NAMED_ACCOUNTS)).map(|index| {
        let key = devnet_key(index)?;
        Ok(json!({ "address": key.address(), "key": key.to_bytes() }))
    });
    Ok(json!({
        "chainId": network.rollup_chain_id,
        "genesisHash": network.genesis_hash,
        "l1": plan.arguments.l1,
        "l1ChainId": network.l1.chain_id,
        "l1Origin": network.l1.origin_hash,
        "contracts": network.l1.contracts,
        "nodes": nodes,
        "accounts": accounts.collect::<eyre::Result<Vec<_>>>()?,
    }))
}

fn node(plan: &Plan<'_>, index: u8, stakes: &[u64]) -> eyre::Result<Value> {
    let settings = plan.node(index)?;
    let stake = stakes.get(usize::from(index));
    let keys = plan.keys.get(usize::from(index)).filter(|_| stake.is_some());
    let validator =
        keys.map(|keys| ConsensusKey::from_bytes(&keys.validator.consensus.verifying_key().to_bytes())).transpose()?;
    Ok(json!({
        "node": index,
        "rpc": format!("http://{}", settings.rpc),
        "operator": format!("http://{}", settings.operator),
        "p2p": plan.reached(index)?,
        "validator": validator.map(|key| key.to_string()),
        "operatorAccount": keys.map(|keys| keys.operator.address()),
        "stakeGwei": stake.map(|tokens| tokens * POWER_PER_TOKEN),
    }))
}
