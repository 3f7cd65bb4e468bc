//! Tests of the rules in the README, on a host in memory with the real execution and real signatures.

mod arrivals;
mod batches;
mod catching_up;
mod cluster;
mod evidence;
mod finality;
mod fuzz;
mod l1;
mod messages;
mod node;
mod offers;
mod text;
mod world;
