//! The IO of a Rota sequencer: network, store, signer, RPC and L1 client.

pub mod cli;
pub mod config;
pub mod driver;
mod durable;
pub mod evidence;
pub mod executor;
pub mod instance;
pub mod journal;
pub mod l1;
pub mod network;
pub mod node;
pub mod outlook;
pub mod poster;
pub mod replay;
pub mod rewards;
pub mod rpc;
pub mod rpc_backend;
pub mod secret;
pub mod servers;
pub mod signer;
pub mod status;
pub mod store;
mod trouble;
pub mod unfinal;
