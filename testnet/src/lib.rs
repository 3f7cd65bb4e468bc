//! rota-testnet

pub mod load;
