#![doc = include_str!("README.md")]

pub mod adversaries;
pub mod bugs;
pub mod chaos;
pub mod checkers;
pub mod clocks;
pub mod conduct;
pub mod continents;
pub mod disk;
pub mod executor;
pub mod facts;
pub mod genesis;
pub mod host;
pub mod keys;
pub mod l1;
pub mod links;
pub mod meter;
pub mod outcome;
pub mod outside;
pub mod plan;
pub mod queue;
pub mod random;
pub mod scenario;
pub mod sets;
pub mod shrink;
pub mod story;
pub mod sweep;
pub mod verdicts;
pub mod wallets;
pub mod words;
pub mod world;

pub use clocks::Clock;
pub use conduct::{Conduct, Deed, Hands};
pub use disk::Defects;
pub use executor::ExecutionKind;
pub use facts::{Checker, Fact, FinalFact, Scene, Violation};
pub use keys::Crypto;
pub use l1::{Falsehood, L1Lie, L1Outage, L1Plan};
pub use links::{Bandwidth, Cut, Distances, LinkPlan, Way};
pub use outcome::{Expectation, Outcome, Stats, caught, slashed, sound};
pub use plan::{Crash, DiskFault, FaultKind, Goal, OperationCrash, Plan, Work, finalized, seconds};
pub use queue::Time;
pub use scenario::{Named, Scenario};
pub use shrink::{Shrunk, shrink};
pub use story::NodeId;
pub use sweep::{Sweep, sweep};

#[cfg(test)]
mod tests;
