//! The node itself.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes, U64, keccak256};
use serde_json::{Value, json};

use crate::{
    evidence::Piece,
    rpc::{arguments::Arguments, context::Context, error::RpcError},
};

pub(super) async fn client_version(context: Arc<Context>, _: Arguments) -> Result<String, RpcError> {
    Ok(context.version.clone())
}

pub(super) async fn sha3(_: Arc<Context>, arguments: Arguments) -> Result<B256, RpcError> {
    Ok(keccak256(arguments.required::<Bytes>(0)?))
}

pub(super) async fn network_version(context: Arc<Context>, _: Arguments) -> Result<String, RpcError> {
    Ok(context.backend.rules().chain_id.to_string())
}

pub(super) async fn listening(_: Arc<Context>, _: Arguments) -> Result<bool, RpcError> {
    Ok(true)
}

pub(super) async fn peer_count(context: Arc<Context>, _: Arguments) -> Result<U64, RpcError> {
    Ok(U64::from(context.backend.peers()))
}

pub(super) async fn chain_id(context: Arc<Context>, _: Arguments) -> Result<U64, RpcError> {
    Ok(U64::from(context.backend.rules().chain_id))
}

/// False when the node is not behind.
pub(super) async fn syncing(context: Arc<Context>, _: Arguments) -> Result<Value, RpcError> {
    Ok(context.backend.syncing().map_or(Value::Bool(false), |syncing| {
        json!({
            "startingBlock": U64::from(syncing.start),
            "currentBlock": U64::from(syncing.current),
            "highestBlock": U64::from(syncing.highest),
        })
    }))
}

/// R25: what validators are accused with, or one of them.
pub(super) async fn evidence(context: Arc<Context>, arguments: Arguments) -> Result<Vec<Piece>, RpcError> {
    let of: Option<Address> = arguments.optional(0)?;
    let pieces = context.backend.evidence().into_iter();
    Ok(pieces.filter(|piece| of.is_none_or(|validator| piece.validator == validator)).collect())
}

/// A node holds no keys of users.
pub(super) async fn accounts(_: Arc<Context>, _: Arguments) -> Result<Vec<Address>, RpcError> {
    Ok(Vec::new())
}
