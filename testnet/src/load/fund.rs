//! Before the start: pays senders who hold too little, deploys the token and gives it to them.

use core::time::Duration;
use std::time::Instant;

use alloy_primitives::{Address, B256, Bytes, TxKind, U64, U256};
use alloy_sol_types::{SolCall, SolValue, sol};
use serde::Deserialize;
use serde_json::json;
use tokio::time::sleep;

use super::accounts::Account;
use super::http::Client;
use super::rpc::{self, RpcError};
use super::setup::SetupError;
use super::transaction::{Draft, Fees, Template};

/// Receivers of one payment or mint: 200 new accounts cost 7 million gas, which every chain's block and
/// EIP-7825's limit of 16.7 million for one transaction have room for.
const RECEIVERS_PER_TRANSACTION: usize = 200;
/// Payments on their way: what geth guarantees an account in its pool.
const PAYMENTS_IN_FLIGHT: usize = 16;
/// How long a payment may take to get into a block; Ethereum's take 12 s.
const RECEIPT_WITHIN: Duration = Duration::from_secs(60);
/// How often a receipt is asked for.
const RECEIPT_POLL: Duration = Duration::from_millis(50);
/// Tokens minted to each sender: more than any run can move one by one.
const TOKENS_EACH: u128 = 1_000_000_000_000_000_000;

/// Creation code of `testnet/clients/contracts/Disperse.sol`.
const DISPERSE: &str = include_str!("../../clients/contracts/Disperse.hex");
/// Creation code of `testnet/clients/contracts/LoadToken.sol`.
const LOAD_TOKEN: &str = include_str!("../../clients/contracts/LoadToken.hex");

sol! {
    interface LoadToken {
        function mint(address[] calldata holders, uint256 each) external;
    }
}

/// The parts of a receipt that matter here.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    status: U64,
    block_number: U64,
    contract_address: Option<Address>,
}

/// The account that pays, over one connection.
#[derive(Debug)]
pub struct Bank<'a> {
    client: &'a mut Client,
    account: Account,
    template: Template,
    next: u64,
    /// Height of the last block that holds one of its transactions.
    pub height: u64,
}

impl<'a> Bank<'a> {
    /// Asks for the account's nonce.
    ///
    /// # Errors
    /// [`SetupError::Node`].
    pub async fn open(client: &'a mut Client, account: Account, chain_id: u64, fees: Fees) -> Result<Self, SetupError> {
        let template = Template { chain_id, fees, token: None, recipients: Vec::new() };
        let mut bank = Self { client, account, template, next: 0, height: 0 };
        let params = json!([bank.account.address, "pending"]);
        let next: U64 = bank.call("eth_getTransactionCount", params).await?;
        bank.next = next.to();
        Ok(bank)
    }

    /// Pays `each` wei to every receiver.
    ///
    /// # Errors
    /// [`SetupError::FunderPoor`] before anything is paid; otherwise what the node says.
    pub async fn pay(&mut self, receivers: &[Address], each: U256) -> Result<(), SetupError> {
        let needed = each.saturating_mul(U256::from(receivers.len()));
        let balance: U256 = self.call("eth_getBalance", json!([self.account.address, "latest"])).await?;
        if balance <= needed {
            return Err(SetupError::FunderPoor { funder: self.account.address, balance, needed });
        }
        let code = code(DISPERSE);
        let orders = receivers.chunks(RECEIVERS_PER_TRANSACTION).map(|some| {
            let value = each.saturating_mul(U256::from(some.len()));
            let arguments = (some.to_vec(), each).abi_encode_params();
            (TxKind::Create, value, [code.as_slice(), &arguments].concat().into())
        });
        self.settle("paying the senders", orders.collect()).await.map(|_| ())
    }

    /// Deploys the load tool's own token and mints to every holder.
    ///
    /// # Errors
    /// [`SetupError`] as the node says.
    pub async fn issue(&mut self, holders: &[Address]) -> Result<Address, SetupError> {
        let create = vec![(TxKind::Create, U256::ZERO, Bytes::from(code(LOAD_TOKEN)))];
        let receipts = self.settle("deploying the token", create).await?;
        let token = receipts.first().and_then(|receipt| receipt.contract_address);
        let token = token.ok_or(SetupError::NotCreated)?;
        let mints = holders.chunks(RECEIVERS_PER_TRANSACTION).map(|some| {
            let call = LoadToken::mintCall { holders: some.to_vec(), each: U256::from(TOKENS_EACH) };
            (TxKind::Call(token), U256::ZERO, Bytes::from(call.abi_encode()))
        });
        self.settle("minting tokens", mints.collect()).await?;
        Ok(token)
    }

    /// Sends transactions, some at a time, and waits for the receipts of all.
    async fn settle(
        &mut self,
        what: &'static str,
        orders: Vec<(TxKind, U256, Bytes)>,
    ) -> Result<Vec<Receipt>, SetupError> {
        let mut receipts = Vec::with_capacity(orders.len());
        for some in orders.chunks(PAYMENTS_IN_FLIGHT) {
            let mut hashes = Vec::with_capacity(some.len());
            for (to, value, input) in some {
                hashes.push(self.send(*to, *value, input.clone()).await?);
            }
            for hash in hashes {
                receipts.push(self.receipt(what, hash).await?);
            }
        }
        Ok(receipts)
    }

    async fn send(&mut self, to: TxKind, value: U256, input: Bytes) -> Result<B256, SetupError> {
        let mut estimate = json!({"from": self.account.address, "value": value, "data": input});
        if let (TxKind::Call(callee), Some(fields)) = (to, estimate.as_object_mut()) {
            fields.insert("to".to_owned(), json!(callee));
        }
        let gas: U64 = self.call("eth_estimateGas", json!([estimate])).await?;
        // A quarter more: estimates are made on a state that the transactions before this one change.
        let gas = gas.to::<u64>() / 4 * 5;
        let signed = self.template.seal(&self.account, Draft { nonce: self.next, gas, to, value, input });
        let raw = alloy_primitives::hex::encode_prefixed(&signed.raw);
        let hash: B256 = self.call("eth_sendRawTransaction", json!([raw])).await?;
        self.next += 1;
        Ok(hash)
    }

    async fn receipt(&mut self, what: &'static str, hash: B256) -> Result<Receipt, SetupError> {
        let since = Instant::now();
        loop {
            let receipt: Option<Receipt> = self.call("eth_getTransactionReceipt", json!([hash])).await?;
            if let Some(receipt) = receipt {
                if receipt.status != U64::from(1) {
                    return Err(SetupError::Reverted { what, hash });
                }
                self.height = self.height.max(receipt.block_number.to());
                return Ok(receipt);
            }
            if since.elapsed() > RECEIPT_WITHIN {
                return Err(SetupError::NotIncluded { what, hash, seconds: RECEIPT_WITHIN.as_secs() });
            }
            sleep(RECEIPT_POLL).await;
        }
    }

    async fn call<T: serde::de::DeserializeOwned>(
        &mut self,
        method: &'static str,
        params: serde_json::Value,
    ) -> Result<T, SetupError> {
        let result = rpc::call(self.client, method, params).await;
        result.map_err(|error: RpcError| SetupError::node(self.client, error))
    }
}

fn code(text: &str) -> Vec<u8> {
    alloy_primitives::hex::decode(text.trim()).expect("the embedded creation code is hex, as a test shows")
}
