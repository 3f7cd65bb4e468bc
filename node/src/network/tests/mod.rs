//! Tests of the network: first its parts, then nodes on real sockets.

#![allow(clippy::wildcard_enum_match_arm, reason = "tests pick one kind of event and pass over the rest")]

pub(crate) mod support;

mod dialer;
mod events;
mod exchange;
mod frame;
mod fuzz;
mod hello;
mod misbehaviour;
mod muxer;
mod pending;
mod queue;
mod rate;
mod roster;
mod seen;
mod transactions;

mod node_connections;
mod node_exchange;
mod node_faults;
mod node_gossip;
mod node_messages;
mod node_queues;
