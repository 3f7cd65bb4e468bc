//! What the tests share: processes, a local network, a load, questions to nodes.

mod anvil;
mod chain;
mod command;
mod devnet;
mod http;
mod intruder;
mod l1;
mod load;
mod member;
mod node;
mod process;
mod tap;
mod wait;

pub(crate) use chain::agree;
pub(crate) use command::rota;
pub(crate) use devnet::{Devnet, Settings, with};
pub(crate) use intruder::{Intruder, framed, greet, hello};
pub(crate) use l1::{genesis_keys, registry, schedule};
pub(crate) use load::{Load, Told, devnet_signer, transfer, transfer_on};
pub(crate) use member::{Member, consensus_secret, public, sign};
pub(crate) use node::Node;
pub(crate) use process::Process;
pub(crate) use tap::{Records, Tap};
pub(crate) use wait::until;
