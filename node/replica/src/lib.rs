#![doc = include_str!("../README.md")]

mod catch_up;
mod chain;
mod config;
mod evidence;
mod inbox;
mod live;
mod origins;
mod replica;
mod words;
mod work;

pub use config::{ReplicaConfig, Times};
pub use evidence::EvidenceRefusal;
pub use inbox::{CheckError, check};
pub use replica::Replica;
pub use words::{
    Arrival, BuildOrder, Checked, CommittedBatch, Effect, Event, ExecuteOrder, Halt, ReadyBatch, Recovered, Source,
    Started, Ticket, Unverified, Verdict,
};

#[cfg(test)]
mod tests;
