//! The final chain as one provider tells it: read block by block, and held against itself (rule Z2).

use std::sync::Arc;

use alloy::{
    eips::{BlockId, BlockNumberOrTag},
    providers::{DynProvider, Provider as _},
    rpc::types::{Block, Header, Log},
};
use rota_staking::{ChangeHash, L1Block, bindings::ValidatorSets::ValidatorChanged};

use alloy_sol_types::SolEvent as _;

use super::{
    error::{L1Error, Lie, transport},
    sets,
};
use crate::config::L1Toml;

/// Reads the chain through one provider.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    pub(super) provider: DynProvider,
    pub(super) settings: Arc<L1Toml>,
}

/// How far the chain has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// The newest block.
    pub(super) newest: u64,
    /// The newest final block.
    pub(super) last_final: u64,
}

impl Chain {
    /// Checks that it is the network's L1.
    pub(super) async fn check_id(&self) -> Result<(), L1Error> {
        let found = self.provider.get_chain_id().await.map_err(transport)?;
        let expected = self.settings.chain_id;
        if found == expected { Ok(()) } else { Err(L1Error::OtherChain { found, expected }) }
    }

    /// The number of the newest final block.
    pub(super) async fn final_number(&self) -> Result<u64, L1Error> {
        match self.settings.confirmations {
            Some(depth) => Ok(self.newest().await?.saturating_sub(depth.get())),
            None => {
                let block = self.provider.get_block(BlockId::Number(BlockNumberOrTag::Finalized)).await;
                Ok(block.map_err(transport)?.map_or(0, |block| block.header.number))
            }
        }
    }

    async fn newest(&self) -> Result<u64, L1Error> {
        self.provider.get_block_number().await.map_err(transport)
    }

    /// The newest block and the newest final one.
    pub(super) async fn reach(&self) -> Result<Reach, L1Error> {
        match self.settings.confirmations {
            Some(depth) => {
                let newest = self.newest().await?;
                Ok(Reach { newest, last_final: newest.saturating_sub(depth.get()) })
            }
            None => {
                let (newest, last_final) = tokio::try_join!(self.newest(), self.final_number())?;
                Ok(Reach { newest, last_final })
            }
        }
    }

    /// What is final from a block on, at most so many blocks.
    pub(super) async fn news(&self, next: u64, most: u64) -> Result<Vec<L1Block>, L1Error> {
        let newest = self.final_number().await?.min(next.saturating_add(most).saturating_sub(1));
        if newest < next { Ok(Vec::new()) } else { self.blocks(next, newest).await }
    }

    /// Blocks from one number to another, both included, with the changes announced in them. If a later one cannot be
    /// had, those before it are the answer.
    pub(super) async fn blocks(&self, from: u64, to: u64) -> Result<Vec<L1Block>, L1Error> {
        let filter = self.changes().from_block(from).to_block(to);
        let logs = self.provider.get_logs(&filter).await.map_err(transport)?;
        if let Some(log) = logs.iter().find(|log| !log.block_number.is_some_and(|own| (from..=to).contains(&own))) {
            return Err(L1Error::Lie { block: from, lie: Lie::ForeignLog(log.address()) });
        }
        let mut blocks: Vec<L1Block> = Vec::new();
        for number in from..=to {
            let own: Vec<&Log> = logs.iter().filter(|log| log.block_number == Some(number)).collect();
            let block = self.block(number, &own).await.and_then(|block| follows(blocks.last(), block));
            match block {
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
        check_header(number, &block.header)?;
        self.check_logs(&block, logs)?;
        let change_hash = self.change_hash(number).await?;
        // An endpoint whose logs lag behind its blocks answers with none.
        if logs.is_empty() && self.may_announce(&block) {
            let logs = self.provider.get_logs(&self.changes().at_block_hash(block.header.hash)).await;
            let logs = logs.map_err(transport)?;
            let logs: Vec<&Log> = logs.iter().collect();
            self.check_logs(&block, &logs)?;
            return assemble(&block, &logs, change_hash);
        }
        assemble(&block, logs, change_hash)
    }

    /// Z2: each log is what was asked for, of the block whose header it came with, which does not exclude it.
    fn check_logs(&self, block: &Block, logs: &[&Log]) -> Result<(), L1Error> {
        let (number, hash) = (block.header.number, block.header.hash);
        let lie = |lie| Err(L1Error::Lie { block: number, lie });
        for log in logs {
            let asked = log.address() == self.settings.contracts.sets
                && log.topic0() == Some(&ValidatorChanged::SIGNATURE_HASH)
                && !log.removed;
            if !asked {
                return lie(Lie::ForeignLog(log.address()));
            }
            if log.block_hash != Some(hash) {
                return lie(Lie::LogBlock(log.block_hash));
            }
        }
        if !logs.is_empty() && !self.may_announce(block) {
            return lie(Lie::Bloom);
        }
        if !logs.is_sorted_by(|one, next| one.log_index < next.log_index) {
            return lie(Lie::LogOrder);
        }
        Ok(())
    }
}

/// Z2: a header has the number that was asked for, and the hash that the endpoint says.
fn check_header(number: u64, header: &Header) -> Result<(), L1Error> {
    if header.number != number {
        return Err(L1Error::Lie { block: number, lie: Lie::Number(header.number) });
    }
    let (said, found) = (header.hash, header.inner.hash_slow());
    if said == found { Ok(()) } else { Err(L1Error::Lie { block: number, lie: Lie::Header { said, found } }) }
}

/// Z2: each block stands on the one before it.
fn follows(previous: Option<&L1Block>, block: L1Block) -> Result<L1Block, L1Error> {
    match previous {
        Some(previous) if previous.hash != block.parent_hash => {
            let lie = Lie::Parent { parent: block.parent_hash, previous: previous.hash };
            Err(L1Error::Lie { block: block.number, lie })
        }
        Some(_) | None => Ok(block),
    }
}

fn assemble(block: &Block, logs: &[&Log], change_hash: Option<ChangeHash>) -> Result<L1Block, L1Error> {
    let header = &block.header;
    Ok(L1Block {
        number: header.number,
        hash: header.hash,
        parent_hash: header.parent_hash,
        timestamp: header.timestamp,
        prevrandao: header.mix_hash,
        changes: logs.iter().map(|log| sets::change(header.number, log)).collect::<Result<_, _>>()?,
        change_hash,
    })
}
