//! What the tests share: processes, a local network, a load, questions to nodes.

mod anvil;
mod chain;
mod devnet;
mod http;
mod l1;
mod load;
mod member;
mod node;
mod process;
mod tap;
mod wait;

pub(crate) use chain::agree;
pub(crate) use devnet::{Devnet, Settings, with};
pub(crate) use http::Http;
pub(crate) use l1::{genesis_keys, registry, schedule};
pub(crate) use load::{Load, Told, devnet_signer};
pub(crate) use member::{Member, public};
pub(crate) use node::{Metrics, Node, Status};
pub(crate) use process::Process;
pub(crate) use tap::{Records, Tap};
pub(crate) use wait::until;
