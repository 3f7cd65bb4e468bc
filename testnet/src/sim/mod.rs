#![doc = include_str!("README.md")]

pub mod adversaries;
pub mod bugs;
pub mod chaos;
pub mod checkers;
pub mod conduct;
pub mod disk;
pub mod executor;
pub mod facts;
pub mod genesis;
pub mod host;
pub mod keys;
pub mod l1;
pub mod links;
pub mod outcome;
pub mod outside;
pub mod plan;
pub mod queue;
pub mod random;
pub mod scenario;
pub mod sets;
pub mod story;
pub mod verdicts;
pub mod wallets;
pub mod world;

pub use conduct::{Conduct, Deed, Hands};
pub use disk::Defects;
pub use executor::ExecutionKind;
pub use facts::{Checker, Fact, FinalFact, Scene, Violation};
pub use keys::Crypto;
pub use l1::L1Plan;
pub use links::{Cut, LinkPlan, Way};
pub use outcome::{Expectation, Outcome, Stats, caught, slashed, sound};
pub use plan::{Crash, DiskFault, FaultKind, Goal, OperationCrash, Plan, Work, finalized, seconds};
pub use queue::Time;
pub use scenario::{Named, Scenario};
pub use story::NodeId;
