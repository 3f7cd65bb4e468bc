#![doc = include_str!("../README.md")]

mod certificates;
mod config;
mod epoch;
mod finalize;
mod leader;
mod notarize;
mod propose;
mod repair;
mod simplex;
mod startup;
mod timers;
mod tree;
mod view;
mod votes;
mod words;

pub use config::{Config, Limits, Timings};
pub use leader::LeaderSchedule;
pub use simplex::Simplex;
pub use words::{
    Anchor, BuildRequest, Candidate, Durable, EpochContext, GuardRecord, Input, Output, Record, Rejected, Timer,
};

#[cfg(test)]
mod tests;
