#![doc = include_str!("README.md")]

mod arguments;
mod backend;
mod blocks;
mod body;
mod context;
mod convert;
mod error;
mod filters;
mod gate;
mod limits;
mod methods;
mod metrics;
mod middleware;
mod patience;
mod recent;
mod seats;
mod server;
mod subscriptions;
mod unwritten;

pub use backend::{Backend, BackendError, Block, Heads, PoolTotals, Snapshot, StateAt, SubmitError, Syncing, Waiting};
pub use error::RpcError;
pub use limits::RpcLimits;
pub use recent::RecentStates;
pub use server::{RpcConfig, RpcServer, RpcStartError};

#[cfg(test)]
pub(crate) mod tests;
