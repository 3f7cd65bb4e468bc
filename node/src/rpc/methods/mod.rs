//! The methods, by subject. The table says which there are.

mod call;
mod chain;
mod fees;
mod logs;
mod node;
mod pool;
mod stakers;
mod state;
mod submit;

use std::{future::Future, sync::Arc};

use jsonrpsee::{Extensions, RpcModule, server::RegisterMethodError, types::Params};
use serde::Serialize;

use super::{
    arguments::{Arguments, Caller},
    context::Context,
    error::RpcError,
    subscriptions,
};

pub(crate) use submit::{raw, submit};

/// The method that batches bring by the thousand.
pub(crate) const SEND_RAW_TRANSACTION: &str = "eth_sendRawTransaction";
/// The same, waited for.
pub(crate) const SEND_RAW_TRANSACTION_SYNC: &str = "eth_sendRawTransactionSync";
/// The method that begins a subscription.
pub(crate) const SUBSCRIBE: &str = "eth_subscribe";
/// The method that ends one.
pub(crate) const UNSUBSCRIBE: &str = "eth_unsubscribe";

/// The methods under construction.
struct Table(RpcModule<Context>);

impl Table {
    /// Adds a method that takes at most so many parameters.
    fn add<R, F, Fut>(&mut self, name: &'static str, most: usize, method: F) -> Result<(), RegisterMethodError>
    where
        R: Serialize + Clone + Send + 'static,
        F: Fn(Arc<Context>, Arguments) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<R, RpcError>> + Send + 'static,
    {
        self.0.register_async_method(name, move |params: Params<'static>, context, extensions| {
            let method = method.clone();
            async move {
                let answer = match arguments(&params, &extensions, most) {
                    Ok(arguments) => method(Arc::clone(&context), arguments).await,
                    Err(error) => Err(error),
                };
                answer.inspect_err(|error| context.metrics.refused(error.name()))
            }
        })?;
        Ok(())
    }
}

/// The parameters of a request.
pub(crate) fn arguments(params: &Params<'_>, extensions: &Extensions, most: usize) -> Result<Arguments, RpcError> {
    let caller = extensions.get::<Caller>().copied();
    let caller = caller.ok_or_else(|| RpcError::Internal("a request without a caller".into()))?;
    Arguments::parse(params.as_str(), caller, most)
}

/// All methods.
///
/// # Errors
/// If a name stands here twice.
pub(crate) fn all(context: Arc<Context>) -> Result<RpcModule<Context>, RegisterMethodError> {
    let mut table = Table(RpcModule::from_arc(context));
    table.add("web3_clientVersion", 0, node::client_version)?;
    table.add("web3_sha3", 1, node::sha3)?;
    table.add("net_version", 0, node::network_version)?;
    table.add("net_listening", 0, node::listening)?;
    table.add("net_peerCount", 0, node::peer_count)?;
    table.add("eth_chainId", 0, node::chain_id)?;
    table.add("eth_syncing", 0, node::syncing)?;
    table.add("eth_accounts", 0, node::accounts)?;

    table.add("eth_blockNumber", 0, chain::block_number)?;
    table.add("eth_getBlockByNumber", 2, chain::block)?;
    table.add("eth_getBlockByHash", 2, chain::block_by_hash)?;
    table.add("eth_getHeaderByNumber", 1, chain::header)?;
    table.add("eth_getHeaderByHash", 1, chain::header)?;
    table.add("eth_getBlockTransactionCountByNumber", 1, chain::transaction_count)?;
    table.add("eth_getBlockTransactionCountByHash", 1, chain::transaction_count)?;
    table.add("eth_getUncleCountByBlockNumber", 1, chain::uncle_count)?;
    table.add("eth_getUncleCountByBlockHash", 1, chain::uncle_count)?;
    table.add("eth_getTransactionByHash", 1, chain::transaction)?;
    table.add("eth_getRawTransactionByHash", 1, chain::raw_transaction)?;
    table.add("eth_getTransactionByBlockNumberAndIndex", 2, chain::transaction_at)?;
    table.add("eth_getTransactionByBlockHashAndIndex", 2, chain::transaction_at)?;
    table.add("eth_getTransactionReceipt", 1, chain::receipt)?;
    table.add("eth_getBlockReceipts", 1, chain::receipts)?;

    table.add("eth_getBalance", 2, state::balance)?;
    table.add("eth_getCode", 2, state::code)?;
    table.add("eth_getStorageAt", 3, state::storage)?;
    table.add("eth_getTransactionCount", 2, state::nonce)?;
    table.add("eth_call", 4, call::call)?;
    table.add("eth_estimateGas", 4, call::estimate)?;

    table.add("eth_gasPrice", 0, fees::gas_price)?;
    table.add("eth_maxPriorityFeePerGas", 0, fees::tip)?;
    table.add("eth_feeHistory", 3, fees::history)?;
    table.add("eth_blobBaseFee", 0, fees::blob_base_fee)?;

    table.add(SEND_RAW_TRANSACTION, 1, submit::send)?;
    table.add(SEND_RAW_TRANSACTION_SYNC, 2, submit::send_sync)?;

    table.add("eth_getLogs", 1, logs::logs)?;
    table.add("eth_newFilter", 1, logs::new_filter)?;
    table.add("eth_newBlockFilter", 0, logs::new_block_filter)?;
    table.add("eth_newPendingTransactionFilter", 1, logs::new_pending_filter)?;
    table.add("eth_getFilterChanges", 1, logs::filter_changes)?;
    table.add("eth_getFilterLogs", 1, logs::filter_logs)?;
    table.add("eth_uninstallFilter", 1, logs::uninstall_filter)?;

    table.add("rota_evidence", 1, node::evidence)?;
    table.add("rota_period", 1, stakers::period)?;
    table.add("rota_rewards", 1, stakers::rewards)?;
    table.add("rota_proposals", 1, stakers::proposals)?;

    table.add("txpool_status", 0, pool::status)?;
    table.add("txpool_content", 0, pool::content)?;
    table.add("txpool_contentFrom", 1, pool::content_from)?;
    table.add("txpool_inspect", 0, pool::inspect)?;

    table.0.register_subscription_raw(SUBSCRIBE, "eth_subscription", UNSUBSCRIBE, subscriptions::subscribe)?;
    Ok(table.0)
}
