//! Over real sockets, against a chain in memory that really executes.

mod batches;
mod blocks;
pub(crate) mod chain;
mod client;
mod filters;
mod fuzz;
mod limits;
mod methods;
mod recent;
mod refusals;
mod shapes;
mod subscriptions;
mod tools;
mod unwritten;
pub(crate) mod wallets;
