//! What commands about L1 share: which network and endpoint, whose key, how a call is tried, sent and told.

mod payment;
mod sender;

use std::path::{Path, PathBuf};

use alloy::{
    providers::{DynProvider, Provider as _},
    rpc::types::{Filter, Log, TransactionRequest},
    transports::{RpcError, TransportErrorKind},
};
use alloy_primitives::Address;
use alloy_sol_types::SolCall;
use eyre::{WrapErr as _, eyre};
use rota_staking::{
    Contracts,
    bindings::{TestToken, refusal},
};

use super::amount::Token;
use crate::{
    config::{NetworkToml, NodeToml},
    l1::L1Client,
};

pub(super) use self::{
    payment::{Permit, allow, choose, paid},
    sender::{Sender, SenderArguments, Step},
};

/// Which network, and where its L1 answers.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct L1Arguments {
    /// The node's folder: relative paths begin there.
    #[arg(long, env = "ROTA_DATA", value_name = "DIR", default_value = ".")]
    data: PathBuf,
    /// The network's file.
    #[arg(long, value_name = "FILE", default_value = "config/network.toml")]
    network: PathBuf,
    /// L1's JSON-RPC; without it, the one of the folder's config/node.toml.
    #[arg(long, env = "ROTA_L1", value_name = "URL")]
    l1: Option<String>,
    /// The result as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// A network's L1.
pub(super) struct Connected {
    pub(super) network: NetworkToml,
    pub(super) client: L1Client,
    pub(super) l1: DynProvider,
}

impl L1Arguments {
    /// A file, by its path from the folder.
    pub(super) fn path(&self, file: &Path) -> PathBuf {
        self.data.join(file)
    }

    /// Reads which network it is, and sees that L1 is its own.
    ///
    /// # Errors
    /// A report that names the file or the endpoint.
    pub(super) async fn connect(&self) -> eyre::Result<Connected> {
        let network = NetworkToml::read(&self.path(&self.network))?;
        let urls = match &self.l1 {
            Some(url) => vec![url.clone()],
            None => NodeToml::read(&self.path(Path::new("config/node.toml"))).wrap_err("without --l1")?.l1_rpc,
        };
        let client = L1Client::of(&urls, None, network.l1.clone())?;
        client.check_chain().await?;
        let l1 = client.provider();
        Ok(Connected { network, client, l1 })
    }
}

impl Connected {
    /// Where the contracts stand.
    pub(super) const fn contracts(&self) -> &Contracts {
        &self.network.l1.contracts
    }

    /// Asks a contract as L1 stands now.
    ///
    /// # Errors
    /// What it refuses, by name, or what L1 says.
    pub(super) async fn ask<C: SolCall>(&self, to: Address, call: C) -> eyre::Result<C::Return> {
        let request = TransactionRequest::default().to(to).input(call.abi_encode().into());
        let answer = self.l1.call(request).await.map_err(|error| eyre!("{}: {}", C::SIGNATURE, reason(&error)))?;
        C::abi_decode_returns(&answer).wrap_err_with(|| format!("what stands at {to} has no {}", C::SIGNATURE))
    }

    /// The token that is staked, as it says of itself.
    ///
    /// # Errors
    /// What L1 says.
    pub(super) async fn token(&self) -> eyre::Result<Token> {
        let address = self.contracts().token;
        let decimals = self.ask(address, TestToken::decimalsCall {}).await?;
        let symbol = self.ask(address, TestToken::symbolCall {}).await?;
        Ok(Token { decimals, symbol })
    }

    /// The logs of a filter since the contracts were opened. Endpoints bound how many blocks they look through at once:
    /// what one does not answer is asked for in halves.
    ///
    /// # Errors
    /// What L1 says of a single block.
    pub(super) async fn logs(&self, filter: &Filter) -> eyre::Result<Vec<Log>> {
        let newest = self.l1.get_block_number().await?;
        let mut spans = vec![(self.network.l1.opening_block, newest)];
        let mut found = Vec::new();
        while let Some((from, to)) = spans.pop() {
            match self.l1.get_logs(&filter.clone().from_block(from).to_block(to)).await {
                Ok(logs) => found.extend(logs),
                Err(error) if from >= to => return Err(eyre!("L1's logs of block {from}: {error}")),
                Err(_) => {
                    let middle = from.midpoint(to);
                    spans.extend([(middle + 1, to), (from, middle)]);
                }
            }
        }
        Ok(found)
    }
}

/// Why L1 does not do a call: what a contract refuses, by name and with its values, or the endpoint's words.
pub(super) fn reason(error: &RpcError<TransportErrorKind>) -> String {
    let Some(payload) = error.as_error_resp() else { return format!("L1 does not answer: {error}") };
    let data = payload.as_revert_data();
    data.and_then(|data| refusal(&data)).unwrap_or_else(|| payload.message.to_string())
}
