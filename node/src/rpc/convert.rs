//! From Rota's values to the shapes of Ethereum's JSON, which alloy's types have.

use alloy::rpc::types as eth;
use alloy_consensus::{TxEnvelope, transaction::TransactionInfo};
use alloy_eips::eip4895::Withdrawals;
use alloy_primitives::U256;
use rota_proto::{BatchHeader, Transaction};

use super::backend::Block;

/// The header of a batch, without the size of the batch, which it does not tell.
pub(crate) fn header(header: &BatchHeader) -> eth::Header {
    eth::Header { hash: header.hash(), inner: header.header().clone(), total_difficulty: None, size: None }
}

/// A batch, with whole transactions or with their hashes.
pub(crate) fn block(source: &Block, full: bool) -> eth::Block {
    let transactions = if full {
        let all = (0..source.transactions.len()).filter_map(|index| transaction(source, index));
        eth::BlockTransactions::Full(all.collect())
    } else {
        eth::BlockTransactions::Hashes(source.receipts.iter().map(|receipt| receipt.transaction).collect())
    };
    let header = eth::Header { size: Some(U256::from(source.size())), ..header(&source.header) };
    eth::Block { header, uncles: Vec::new(), transactions, withdrawals: Some(Withdrawals::default()) }
}

/// A transaction in a batch.
pub(crate) fn transaction(block: &Block, index: usize) -> Option<eth::Transaction> {
    let transaction = block.transactions.get(index)?;
    let header = block.header.header();
    let info = TransactionInfo {
        hash: Some(*transaction.inner().tx_hash()),
        index: Some(index as u64),
        block_hash: Some(block.header.hash()),
        block_number: Some(header.number),
        base_fee: header.base_fee_per_gas,
        block_timestamp: Some(header.timestamp),
    };
    Some(eth::Transaction::from_transaction(transaction.clone(), info))
}

/// A transaction that waits.
pub(crate) fn waiting(transaction: &Transaction) -> eth::Transaction<TxEnvelope> {
    eth::Transaction::from_transaction(transaction.recovered().clone(), TransactionInfo::default())
}

/// The receipt of a transaction in a batch.
pub(crate) fn receipt(block: &Block, index: usize) -> Option<eth::TransactionReceipt> {
    let receipt = block.receipts.get(index)?;
    let mut position = receipt.first_log;
    let inner = receipt.envelope.clone().map_logs(|inner| {
        let log = log(block, index, (position, inner));
        position += 1;
        log
    });
    Some(eth::TransactionReceipt {
        inner,
        transaction_hash: receipt.transaction,
        transaction_index: Some(index as u64),
        block_hash: Some(block.header.hash()),
        block_number: Some(block.header.height().0),
        gas_used: receipt.gas_used,
        effective_gas_price: receipt.effective_gas_price_wei,
        blob_gas_used: None,
        blob_gas_price: None,
        from: receipt.from,
        to: receipt.to,
        contract_address: receipt.contract,
    })
}

/// The logs of a batch that a filter takes.
pub(crate) fn logs<'a>(block: &'a Block, filter: &'a eth::Filter) -> impl Iterator<Item = eth::Log> + 'a {
    let receipts = block.receipts.iter().enumerate();
    receipts.flat_map(move |(index, receipt)| {
        let logs = (receipt.first_log..).zip(receipt.logs());
        let taken = logs.filter(|(_, inner)| filter.matches(inner));
        taken.map(move |(position, inner)| log(block, index, (position, inner.clone())))
    })
}

/// A log with its place in a batch.
fn log(block: &Block, index: usize, (position, inner): (u64, alloy_primitives::Log)) -> eth::Log {
    eth::Log {
        inner,
        block_hash: Some(block.header.hash()),
        block_number: Some(block.header.height().0),
        block_timestamp: Some(block.header.header().timestamp),
        transaction_hash: block.receipts.get(index).map(|receipt| receipt.transaction),
        transaction_index: Some(index as u64),
        log_index: Some(position),
        removed: false,
    }
}
