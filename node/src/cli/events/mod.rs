//! What came of transactions, as the contracts tell it by events: for people in a sentence each, for programs as JSON.

mod governance;
mod rewards;
mod stakes;

use alloy::rpc::types::{Log, TransactionReceipt};
use rota_staking::Contracts;
use serde_json::{Value, json};

use super::{
    amount::Token,
    l1::{Sender, Step},
};

/// An event in a sentence, and as JSON.
type Told = (String, Value);

/// Runs the steps and tells what the contracts say came of them. A dry run has told already what there is to tell.
///
/// # Errors
/// What a contract refuses, by name; or what L1 says.
pub(super) async fn finish(sender: &Sender, token: &Token, steps: &[Step]) -> eyre::Result<()> {
    let receipts = sender.run(steps).await?;
    if sender.dry_run {
        return Ok(());
    }
    let contracts = sender.connected.contracts();
    let logs = receipts.iter().flat_map(TransactionReceipt::logs);
    let (texts, values): (Vec<String>, Vec<Value>) = logs.filter_map(|log| tell(contracts, token, log)).unzip();
    if sender.json {
        println!("{}", json!({ "transactions": transactions(&receipts), "events": values }));
    } else {
        texts.iter().for_each(|text| println!("{text}"));
    }
    Ok(())
}

/// Transactions that were mined, for programs.
pub(super) fn transactions(receipts: &[TransactionReceipt]) -> Vec<Value> {
    let told = |receipt: &TransactionReceipt| {
        let (hash, block, gas) = (receipt.transaction_hash, receipt.block_number, receipt.gas_used);
        json!({ "hash": hash, "block": block, "gasUsed": gas })
    };
    receipts.iter().map(told).collect()
}

/// What is told of an event, if a contract of ours says it and it is for whoever sent the transaction.
fn tell(contracts: &Contracts, token: &Token, log: &Log) -> Option<Told> {
    let from = log.address();
    if from == contracts.stakes {
        stakes::tell(token, log)
    } else if from == contracts.rewards {
        rewards::tell(token, log)
    } else if from == contracts.governor {
        governance::proposals(token, log)
    } else if from == contracts.votes {
        governance::votes(token, log)
    } else {
        None
    }
}
