#![doc = include_str!("../README.md")]

mod batch;
mod build;
mod call;
mod check;
mod estimate;
mod evm;
mod execution;
mod gas;
mod genesis;
mod layers;
pub mod limits;
mod memory;
mod receipt;
mod rules;
mod state;
mod trie;
mod working;

#[cfg(test)]
mod tests;

pub use batch::{Batch, Facts, Invalid, L1Block};
pub use build::{BatchEnvironment, Budget, Built};
pub use call::{AccountOverride, CallEnd, CallError, CallOutcome, CallRequest, CallTerms, Wanted, call};
pub use estimate::{EstimateError, estimate_gas};
pub use evm::NotExecutable;
pub use execution::{ExecutedBatch, Execution, ExecutionError, Unready};
pub use genesis::{Genesis, GenesisError, RotaConfig, system_contracts};
pub use layers::State;
pub use memory::MemoryState;
pub use receipt::{ReceiptsDamaged, TransactionReceipt};
pub use rules::ChainRules;
pub use state::{Account, Changes, NodeKey, StateError, StateView};
