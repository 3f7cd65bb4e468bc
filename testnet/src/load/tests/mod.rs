//! Unit tests, one file for each file of the tool.

mod accounts;
mod blocks;
mod fleet;
mod http;
mod options;
mod pace;
mod rpc;
mod sender;
mod setup;
mod tally;
mod transaction;
