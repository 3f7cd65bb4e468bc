//! The hands of a Rota sequencer: network, store, signer, RPC and L1 client.

pub mod network;
pub mod executor;
pub mod signer;
pub mod status;
pub mod store;
pub mod driver;
pub mod journal;
