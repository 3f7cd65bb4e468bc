//! The assembly of a batch by its leader.

use std::sync::Arc;

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, Transaction as _, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B64, B256, Bloom, U256};
use rota_proto::{BatchBody, BatchHeader, ExtraData, InOrder, Transaction, limits::BODY_BYTES_MAX};

use crate::{
    Batch, ExecutedBatch, Execution, ExecutionError, Facts, L1Block, NotExecutable, StateError, StateView,
    check::check_header,
    evm::{Machine, Outcome},
    limits::{MISFITS_MAX, SCARCE_SHARE, TRANSACTION_GAS_MIN},
};

/// What a batch is built from beside its transactions.
#[derive(Clone, Copy, Debug)]
pub struct BatchEnvironment {
    /// The batch to build on.
    pub parent: B256,
    /// The timestamp: the largest of the parent's, the origin's and now.
    pub timestamp: u64,
    /// The L1 origin.
    pub origin: L1Block,
    /// Who receives the tips.
    pub beneficiary: Address,
    /// Rota's facts, of the same origin.
    pub extra: ExtraData,
}

/// How much a batch may hold, beside the chain's gas limit.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Gas that may be spoken for.
    pub gas: u64,
    /// Bytes of the body.
    pub bytes: usize,
    /// Transactions.
    pub transactions: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { gas: u64::MAX, bytes: BODY_BYTES_MAX, transactions: usize::MAX }
    }
}

/// A batch fresh from its leader, live from now on.
#[derive(Debug)]
pub struct Built {
    /// The batch and what it did.
    pub executed: Arc<ExecutedBatch>,
    /// Its body.
    pub body: BatchBody,
    /// Transactions that could not run, for the pool to drop or to keep; what followed them of their senders was passed
    /// over.
    pub refused: Vec<(Arc<Transaction>, NotExecutable)>,
}

/// What went into a batch.
#[derive(Default)]
struct Taken {
    placed: Vec<Arc<Transaction>>,
    refused: Vec<(Arc<Transaction>, NotExecutable)>,
}

/// Bytes of the header of an RLP list of up to 16 MiB.
const LIST_HEADER_BYTES: usize = 4;

impl Execution {
    /// Builds a batch from chains of transactions, one a sender in rising order of nonce, each beginning with the next
    /// nonce in the parent's state (rules X6 to X13).
    ///
    /// # Errors
    /// [`ExecutionError::Invalid`] if the environment allows no valid batch.
    pub fn build<V: StateView + ?Sized, C: Iterator<Item = Arc<Transaction>>>(
        &mut self,
        view: &V,
        environment: &BatchEnvironment,
        budget: &Budget,
        chains: impl IntoIterator<Item = C>,
    ) -> Result<Built, ExecutionError> {
        let mut header = self.draft(environment)?;
        let order = InOrder::new(chains, header.base_fee_per_gas.unwrap_or_default(), environment.parent);
        let mut machine = self.begin(view, &header)?;
        let Taken { placed, refused } = fill(&mut machine, budget, order)?;
        let executed = self.end(view, &header, machine)?;
        executed.complete(&mut header);
        let body = BatchBody::of(&placed);
        header.transactions_root = body.root();
        let header = BatchHeader::new(header).map_err(|error| StateError::Evm(error.to_string()))?;
        let executed = self.keep(Batch::built(header, placed), executed);
        Ok(Built { executed, body, refused })
    }

    /// The header as far as it stands before execution, checked as others will check it.
    fn draft(&self, environment: &BatchEnvironment) -> Result<Header, ExecutionError> {
        let parent = self.header(&environment.parent)?;
        let BatchEnvironment { timestamp, origin, beneficiary, extra, .. } = *environment;
        let header = Header {
            parent_hash: parent.hash(),
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary,
            state_root: B256::ZERO,
            transactions_root: B256::ZERO,
            receipts_root: B256::ZERO,
            logs_bloom: Bloom::ZERO,
            difficulty: U256::ZERO,
            number: parent.height().0 + 1,
            gas_limit: self.rules().gas_limit,
            gas_used: 0,
            timestamp,
            extra_data: extra.encode(),
            mix_hash: origin.prevrandao,
            nonce: B64::ZERO,
            base_fee_per_gas: Some(self.rules().next_base_fee(parent.header())),
            withdrawals_root: Some(EMPTY_WITHDRAWALS),
            blob_gas_used: Some(0),
            excess_blob_gas: Some(0),
            parent_beacon_block_root: Some(origin.origin.hash),
            // X10: nothing is requested of L1.
            requests_hash: Some(EMPTY_REQUESTS_HASH),
            block_access_list_hash: None,
            slot_number: None,
        };
        let facts = Facts { origin: Some(origin), beneficiary: Some(beneficiary) };
        let draft = BatchHeader::new(header).map_err(|error| StateError::Evm(error.to_string()))?;
        check_header(self.rules(), parent, &draft, &facts)?;
        Ok(draft.header().clone())
    }
}

/// What a batch under way has left.
struct Room {
    gas: u64,
    bytes: usize,
    scarce_gas: u64,
    scarce_bytes: usize,
}

impl Room {
    fn of(budget: &Budget, gas: u64) -> Self {
        let gas = budget.gas.min(gas);
        let bytes = budget.bytes.min(BODY_BYTES_MAX).saturating_sub(LIST_HEADER_BYTES);
        Self { gas, bytes, scarce_gas: gas / u64::from(SCARCE_SHARE), scarce_bytes: bytes / usize::from(SCARCE_SHARE) }
    }

    /// Whether the batch is as good as full. Before that, who is passed over says nothing of who follows.
    const fn is_scarce(&self) -> bool {
        self.gas < self.scarce_gas || self.bytes < self.scarce_bytes
    }
}

/// Takes transactions in order until the batch is full. What cannot run or does not fit is passed over, with all later
/// ones of its sender: the rest still stands in the order of rule O1.
fn fill<V: StateView + ?Sized, C: Iterator<Item = Arc<Transaction>>>(
    machine: &mut Machine<'_, V>,
    budget: &Budget,
    mut order: InOrder<C>,
) -> Result<Taken, StateError> {
    let mut taken = Taken::default();
    let mut misfits = 0;
    let mut room = Room::of(budget, machine.gas_left());
    while let Some(next) = order.peek() {
        room.gas = room.gas.min(machine.gas_left());
        let full = taken.placed.len() >= budget.transactions || room.gas < TRANSACTION_GAS_MIN;
        if full || misfits >= MISFITS_MAX {
            break;
        }
        let bytes = next.length() + alloy_rlp::length_of_length(next.length());
        if bytes > room.bytes || next.envelope().gas_limit() > room.gas {
            misfits += usize::from(room.is_scarce());
            order.pass();
            continue;
        }
        let before = machine.gas_left();
        match machine.run(next)? {
            Outcome::Placed => {
                room.bytes -= bytes;
                room.gas -= before - machine.gas_left();
                taken.placed.extend(order.place());
            }
            Outcome::NoRoom { .. } => {
                misfits += usize::from(room.is_scarce());
                order.pass();
            }
            Outcome::Refused(reason) => {
                taken.refused.extend(order.pass().map(|transaction| (transaction, reason)));
            }
        }
    }
    Ok(taken)
}
