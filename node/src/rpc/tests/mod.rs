//! Over real sockets, against a chain in memory that really executes.

mod batches;
mod blocks;
mod chain;
mod client;
mod filters;
mod limits;
mod methods;
mod recent;
mod refusals;
mod shapes;
mod subscriptions;
mod tools;
mod unwritten;
mod wallets;
