//! L1 as the node sees it: its final blocks, in order, with what the contracts announced in them.

mod inbox;
mod sets;
mod slasher;

use std::time::Duration;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    providers::{DynProvider, Provider as _, ProviderBuilder},
    rpc::types::{Block, Log},
    transports::http::reqwest,
};
use alloy_primitives::{Address, B256};
use rota_replica::Event;
use rota_staking::L1Block;
use tokio::sync::{mpsc, watch};

use crate::config::L1Toml;

pub use inbox::{Account, Appended, CallError, EntryError, InboxError, L1Tip, PostedEntry, SendError};
pub use sets::advance;
pub use slasher::{ReportError, report};

/// Blocks whose logs are asked for at once.
pub const BLOCKS_PER_QUERY: u64 = 500;

/// The longest wait between two tries while L1 does not answer.
const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// The longest wait for one answer: a proxy that accepts and says nothing is as good as away.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Why L1 gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum L1Error {
    /// The address is none.
    #[error("the L1 address {address} cannot be used: {reason}")]
    Address {
        /// The address.
        address: String,
        /// Why.
        reason: String,
    },
    /// It did not answer, or with an error.
    #[error("L1 does not answer: {0}")]
    Transport(String),
    /// It is another chain.
    #[error("L1 has chain id {found}, the network is on {expected}")]
    OtherChain {
        /// Its chain id.
        found: u64,
        /// The network's.
        expected: u64,
    },
    /// There is another contract than the inbox at its address, or the endpoint does not tell the truth.
    #[error("the inbox at {address} says that height {next_height} comes next: is that address the inbox?")]
    NoInbox {
        /// The address of `network.toml`.
        address: Address,
        /// What it says.
        next_height: u64,
    },
    /// There is another contract than the slasher at its address.
    #[error("nothing at {0} says whom it has slashed: is that address the slasher?")]
    NoSlasher(Address),
    /// It has no block where it must have one.
    #[error("L1 has no block {0}")]
    Missing(u64),
    /// The contract of the sets does not answer as it does.
    #[error("{address} does not answer as the contract of the validator sets: {reason}")]
    NoSets {
        /// The address of `network.toml`.
        address: Address,
        /// What is wrong.
        reason: String,
    },
    /// A log of a contract cannot be read.
    #[error("a log of a contract in block {block} cannot be read: {reason}")]
    Log {
        /// The block.
        block: u64,
        /// Why.
        reason: String,
    },
}

/// A client of one L1 endpoint.
#[derive(Clone, Debug)]
pub struct L1Client {
    provider: DynProvider,
    settings: L1Toml,
}

impl L1Client {
    /// A client of the endpoint at `url`.
    ///
    /// # Errors
    /// [`L1Error::Address`].
    pub fn new(url: &str, settings: L1Toml) -> Result<Self, L1Error> {
        let unusable = |reason: String| L1Error::Address { address: url.into(), reason };
        let parsed = url.parse().map_err(|error| unusable(format!("{error}")))?;
        let client = reqwest::Client::builder().timeout(ANSWER_MAX).build();
        let client = client.map_err(|error| unusable(error.to_string()))?;
        Ok(Self { provider: ProviderBuilder::new().connect_reqwest(client, parsed).erased(), settings })
    }

    /// Checks that it is the network's L1.
    ///
    /// # Errors
    /// [`L1Error::OtherChain`] or [`L1Error::Transport`].
    pub async fn check_chain(&self) -> Result<(), L1Error> {
        let found = self.provider.get_chain_id().await.map_err(transport)?;
        let expected = self.settings.chain_id;
        if found == expected { Ok(()) } else { Err(L1Error::OtherChain { found, expected }) }
    }

    /// The number of the newest final block.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn final_number(&self) -> Result<u64, L1Error> {
        match self.settings.confirmations {
            Some(depth) => {
                let newest = self.provider.get_block_number().await.map_err(transport)?;
                Ok(newest.saturating_sub(depth.get()))
            }
            None => {
                let block = self.provider.get_block(BlockId::Number(BlockNumberOrTag::Finalized)).await;
                Ok(block.map_err(transport)?.map_or(0, |block| block.header.number))
            }
        }
    }

    /// Final blocks from one number to another, both included, with the changes announced in them. If a later one
    /// cannot be had, those before it are the answer.
    ///
    /// # Errors
    /// [`L1Error`] of the first.
    pub async fn blocks(&self, from: u64, to: u64) -> Result<Vec<L1Block>, L1Error> {
        let filter = self.changes().from_block(from).to_block(to);
        let logs = self.provider.get_logs(&filter).await.map_err(transport)?;
        let mut blocks = Vec::new();
        for number in from..=to {
            let own: Vec<&Log> = logs.iter().filter(|log| log.block_number == Some(number)).collect();
            match self.block(number, &own).await {
                Ok(block) => blocks.push(block),
                Err(error) if blocks.is_empty() => return Err(error),
                Err(error) => {
                    tracing::warn!(%error, "L1 gave a part of its blocks");
                    break;
                }
            }
        }
        Ok(blocks)
    }

    /// A block with the logs that are known of it.
    async fn block(&self, number: u64, logs: &[&Log]) -> Result<L1Block, L1Error> {
        let block = self.provider.get_block_by_number(BlockNumberOrTag::Number(number)).await.map_err(transport)?;
        let block = block.ok_or(L1Error::Missing(number))?;
        if logs.iter().any(|log| log.block_hash != Some(block.header.hash)) {
            return Err(L1Error::Log { block: number, reason: format!("it is not of block {}", block.header.hash) });
        }
        let change_hash = self.change_hash(number).await?;
        // An endpoint whose logs lag behind its blocks answers with none.
        if logs.is_empty() && self.may_announce(&block) {
            let logs = self.provider.get_logs(&self.changes().at_block_hash(block.header.hash)).await;
            return assemble(&block, logs.map_err(transport)?.iter(), change_hash);
        }
        assemble(&block, logs.iter().copied(), change_hash)
    }

    /// Follows L1 from a block on, each final block once and in order, until the node stops. What fails is tried
    /// again, ever more slowly, for ever: without L1 the chain goes on for `origin_age_max_s`.
    pub async fn follow(
        self,
        mut next: u64,
        poll: Duration,
        events: mpsc::Sender<Event>,
        mut shutdown: watch::Receiver<bool>,
    ) {
        let mut wait = poll;
        loop {
            tokio::select! {
                _ = shutdown.changed() => return,
                () = tokio::time::sleep(wait) => {}
            }
            match self.news(next, BLOCKS_PER_QUERY).await {
                Ok(blocks) => {
                    wait = poll;
                    for block in blocks {
                        next = block.number + 1;
                        if events.send(Event::L1(Box::new(block))).await.is_err() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    wait = (wait * 2).min(BACKOFF_MAX);
                    tracing::warn!(%error, retry_in = ?wait, "L1 cannot be followed");
                }
            }
        }
    }

    /// What is final from a block on, at most so many blocks.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn news(&self, next: u64, most: u64) -> Result<Vec<L1Block>, L1Error> {
        let newest = self.final_number().await?.min(next.saturating_add(most).saturating_sub(1));
        if newest < next { Ok(Vec::new()) } else { self.blocks(next, newest).await }
    }
}

fn assemble<'a>(
    block: &Block,
    logs: impl Iterator<Item = &'a Log>,
    change_hash: Option<B256>,
) -> Result<L1Block, L1Error> {
    let header = &block.header;
    Ok(L1Block {
        number: header.number,
        hash: header.hash,
        parent_hash: header.parent_hash,
        timestamp: header.timestamp,
        prevrandao: header.mix_hash,
        changes: logs.map(|log| sets::change(header.number, log)).collect::<Result<_, _>>()?,
        change_hash,
    })
}

fn transport(error: impl std::fmt::Display) -> L1Error {
    L1Error::Transport(error.to_string())
}

#[cfg(test)]
#[path = "tests/fuzz.rs"]
mod tests;
