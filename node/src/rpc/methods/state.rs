//! Accounts, code, storage.

use std::sync::Arc;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U64, U256};
use rota_execution::Account;

use crate::rpc::{arguments::Arguments, backend::Snapshot, context::Context, error::RpcError};

pub(super) async fn balance(context: Arc<Context>, arguments: Arguments) -> Result<U256, RpcError> {
    let address = arguments.required(0)?;
    context.read(arguments.block(1)?, |snapshot| Ok(account(snapshot, address)?.balance))
}

pub(super) async fn code(context: Arc<Context>, arguments: Arguments) -> Result<Bytes, RpcError> {
    let address = arguments.required(0)?;
    context.read(arguments.block(1)?, |snapshot| match account(snapshot, address)?.code_hash {
        KECCAK256_EMPTY => Ok(Bytes::new()),
        hash => Ok(snapshot.state().code(&hash)?),
    })
}

pub(super) async fn storage(context: Arc<Context>, arguments: Arguments) -> Result<B256, RpcError> {
    let (address, slot): (Address, U256) = (arguments.required(0)?, arguments.required(1)?);
    context.read(arguments.block(2)?, |snapshot| Ok(snapshot.state().slot(&address, &slot)?.into()))
}

/// Rule R5: of `pending` it counts what is notarized and what waits in the pool.
pub(super) async fn nonce(context: Arc<Context>, arguments: Arguments) -> Result<U64, RpcError> {
    let (address, id) = (arguments.required(0)?, arguments.block(1)?);
    if id == BlockId::Number(BlockNumberOrTag::Pending) {
        return Ok(U64::from(context.backend.pending_nonce(address).await?));
    }
    context.read(id, |snapshot| Ok(U64::from(account(snapshot, address)?.nonce)))
}

fn account(snapshot: &Snapshot, address: Address) -> Result<Account, RpcError> {
    Ok(snapshot.state().account(&address)?.unwrap_or_default())
}
