//! What every method has at hand, and how it finds the batch or the state that is asked for (rules R1 to R4).

use std::sync::Arc;

use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::B256;
use rota_proto::BatchHeader;
use tokio::sync::Semaphore;

use super::{
    backend::{Backend, BackendError, Block, Heads, Snapshot, StateAt},
    blocks::Blocks,
    error::RpcError,
    filters::Filters,
    gate::Gate,
    limits::RpcLimits,
    metrics::Metrics,
};

/// How often a read of the last final state is begun anew because a batch became final meanwhile.
const READS_MAX: usize = 3;

/// The node, the limits, and what requests share.
pub(crate) struct Context {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) limits: RpcLimits,
    pub(crate) version: String,
    pub(crate) metrics: Metrics,
    pub(crate) filters: Filters,
    /// For calls, estimates and searches.
    pub(crate) calls: Gate,
    /// For the senders of transactions.
    pub(crate) recovery: Gate,
    /// For batches that are read and decoded.
    pub(crate) reads: Gate,
    /// For those who wait until a transaction is final.
    pub(crate) sync_waiting: Semaphore,
    /// Bytes of bodies and responses that may still be held.
    pub(crate) buffered: Arc<Semaphore>,
    blocks: Blocks,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Final(u64),
    Pending,
}

impl Context {
    pub(crate) fn new(backend: Arc<dyn Backend>, limits: RpcLimits, version: String, metrics: Metrics) -> Self {
        Self {
            filters: Filters::new(&limits, metrics.clone()),
            calls: Gate::new(limits.calls_running, limits.calls_waiting, limits.call_time),
            recovery: Gate::new(limits.calls_running, limits.calls_waiting, limits.call_time),
            reads: Gate::new(limits.calls_running, limits.reads_waiting, limits.call_time),
            sync_waiting: Semaphore::new(limits.sync_waiting),
            buffered: Arc::new(Semaphore::new(limits.buffered_bytes)),
            blocks: Blocks::new(limits.cached_blocks, limits.cached_bytes),
            backend,
            limits,
            version,
            metrics,
        }
    }

    /// Where the chain stands now.
    pub(crate) fn heads(&self) -> Heads {
        self.backend.heads().borrow().clone()
    }

    /// The last final height.
    pub(crate) fn latest(&self) -> u64 {
        self.backend.heads().borrow().latest.height().0
    }

    /// Rule R1: which batch an id means; none if there is no such batch.
    pub(crate) fn place(&self, id: BlockId) -> Result<Option<Place>, RpcError> {
        let heads = self.heads();
        let latest = heads.latest.height().0;
        let pending = heads.pending.as_ref().map(|batch| batch.header());
        let place = match id {
            BlockId::Hash(id) => match self.backend.height_of(id.block_hash)?.filter(|height| *height <= latest) {
                Some(height) => Some(Place::Final(height)),
                None => pending.filter(|header| header.hash() == id.block_hash).map(|_| Place::Pending),
            },
            BlockId::Number(BlockNumberOrTag::Latest) => Some(Place::Final(latest)),
            BlockId::Number(BlockNumberOrTag::Pending) if pending.is_some() => Some(Place::Pending),
            BlockId::Number(BlockNumberOrTag::Pending) => Some(Place::Final(latest)),
            BlockId::Number(BlockNumberOrTag::Safe) => Some(Place::Final(heads.safe.min(latest))),
            BlockId::Number(BlockNumberOrTag::Finalized) => Some(Place::Final(heads.finalized.min(latest))),
            BlockId::Number(BlockNumberOrTag::Earliest) => Some(Place::Final(0)),
            BlockId::Number(BlockNumberOrTag::Number(height)) => {
                Some(Place::Final(height)).filter(|_| height <= latest)
            }
        };
        Ok(place)
    }

    /// A batch by its id.
    pub(crate) async fn block(self: &Arc<Self>, id: BlockId) -> Result<Option<Arc<Block>>, RpcError> {
        match self.place(id)? {
            None => Ok(None),
            Some(Place::Final(height)) => self.final_block(height).await,
            Some(Place::Pending) => match self.heads().pending {
                Some(batch) => Ok(Some(Arc::new(Block::executed(&batch)))),
                None => self.final_block(self.latest()).await,
            },
        }
    }

    /// A final batch. Decoding it takes up to some milliseconds, on a thread where that hurts nobody, so many at a time
    /// (rule R12); who waited while others decoded the same finds it here.
    pub(crate) async fn final_block(self: &Arc<Self>, height: u64) -> Result<Option<Arc<Block>>, RpcError> {
        if let Some(block) = self.blocks.get(height) {
            return Ok(Some(block));
        }
        let this = Arc::clone(self);
        self.reads.run(move || this.read_block(height)).await
    }

    /// The header of a batch, for which nothing is decoded but itself.
    pub(crate) fn header(&self, id: BlockId) -> Result<Option<BatchHeader>, RpcError> {
        match self.place(id)? {
            None => Ok(None),
            Some(Place::Final(height)) => Ok(self.backend.header(height)?),
            Some(Place::Pending) => {
                let heads = self.heads();
                Ok(Some(heads.pending.map_or(heads.latest, |batch| batch.header().clone())))
            }
        }
    }

    /// How many transactions a batch has.
    pub(crate) fn transaction_count(&self, id: BlockId) -> Result<Option<usize>, RpcError> {
        match (self.place(id)?, self.heads().pending) {
            (None, _) => Ok(None),
            (Some(Place::Final(height)), _) => Ok(self.backend.transaction_count(height)?),
            (Some(Place::Pending), Some(batch)) => Ok(Some(batch.receipts().len())),
            (Some(Place::Pending), None) => Ok(self.backend.transaction_count(self.latest())?),
        }
    }

    /// The same where blocking is allowed.
    pub(crate) fn read_block(&self, height: u64) -> Result<Option<Arc<Block>>, RpcError> {
        if let Some(block) = self.blocks.get(height) {
            return Ok(Some(block));
        }
        let Some(block) = self.backend.block(height)?.map(Arc::new) else { return Ok(None) };
        self.blocks.put(&block);
        Ok(Some(block))
    }

    /// The final batch that holds a transaction, and its index there. What the store has before the heads have moved is
    /// not there yet (rule R1).
    pub(crate) async fn holding(self: &Arc<Self>, hash: B256) -> Result<Option<(Arc<Block>, usize)>, RpcError> {
        let found = self.backend.transaction(hash)?.filter(|(height, _)| *height <= self.latest());
        let Some((height, index)) = found else { return Ok(None) };
        Ok(self.final_block(height).await?.map(|block| (block, index)))
    }

    /// The state after a batch.
    pub(crate) fn snapshot(&self, id: BlockId) -> Result<Snapshot, RpcError> {
        let at = match self.place(id)?.ok_or(RpcError::UnknownBlock)? {
            Place::Final(height) => StateAt::Final(height),
            Place::Pending => StateAt::Pending,
        };
        Ok(self.backend.snapshot(at)?)
    }

    /// Rule R4: reads a state, anew if it moved on meanwhile.
    pub(crate) fn read<T>(&self, id: BlockId, read: impl Fn(&Snapshot) -> Result<T, RpcError>) -> Result<T, RpcError> {
        for _ in 1..READS_MAX {
            match self.snapshot(id) {
                Ok(snapshot) => {
                    let result = read(&snapshot);
                    if !snapshot.has_moved()? {
                        return result;
                    }
                }
                // The batch that a tag meant may have been overtaken before its state was taken.
                Err(RpcError::Backend(BackendError::HistoricalState { .. })) => {}
                Err(error) => return Err(error),
            }
        }
        read(&self.snapshot(id)?)
    }
}
