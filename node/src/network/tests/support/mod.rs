//! What the tests share: sample messages, nodes on 127.0.0.1, and a peer that says what it likes.

mod intruder;
mod node;
mod samples;

pub(super) use intruder::{Intruder, greet};
pub(super) use node::{Node, Setup};
pub(crate) use samples::{Validator, certificate, header, proposal, round};
pub(super) use samples::{body, catch_up_answer, domain, every_kind, final_batch, network, vote};
