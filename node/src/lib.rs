//! The hands of a Rota sequencer: network, store, signer, RPC and L1 client.

pub mod network;
pub mod executor;
pub mod signer;
pub mod status;
pub mod store;
pub mod driver;
pub mod journal;
pub mod rpc;
pub mod cli;
pub mod config;
pub mod l1;
pub mod node;
pub mod rpc_backend;
pub mod servers;
