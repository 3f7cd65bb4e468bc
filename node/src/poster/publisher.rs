//! The side of the poster that sends: it carries out what the plan says (rules P8 to P13). All that the submitter sends
//! goes by one stream of nonces, evidence first.

use std::{path::Path, sync::Arc};

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::SolCall as _;
use rota_proto::EpochSchedule;
use rota_staking::bindings::{RotaInbox, RotaInbox::RotaInboxErrors};
use tokio::sync::watch;

use super::{
    Backlog, Charge, Chore, ChoreName, Errand, Fate, Fees, InboxHead, Journal, L1View, Metrics, Planner, PostError,
    PosterError, Purpose, Record, Rest, Sent, Sources, Step, Submitter,
    backlog::BacklogMeter,
    pack::{Packed, pack},
    parts::Next,
    plan::PlanRules,
    slash::Deferred,
    submitter::unsigned,
};
use crate::{
    config::{NetworkToml, PosterToml},
    evidence::Docket,
    l1::{InboxError, L1Client, L1Error, L1Tip, SendError},
    store::Store,
};

/// Wei in a gwei.
const GWEI: u128 = 1_000_000_000;

/// Gas of a transfer of nothing to oneself.
const CANCEL_GAS: u64 = 21_000;

/// L1 blocks after which the sets are looked at again in an epoch in which they had nothing left to do: whoever changes
/// its stake does most of the work that follows.
const FORMED_FOR: u64 = 8;

/// Steps without a pause: settle, then post, and one to spare.
const STEPS_AT_ONCE: usize = 3;

/// Whoever has a submitter's key.
#[derive(Debug)]
pub struct Publisher {
    pub(super) l1: L1Client,
    l1_chain_id: u64,
    inbox: Address,
    pub(super) slasher: Address,
    pub(super) sets: Address,
    pub(super) rewards: Address,
    schedule: EpochSchedule,
    store: Arc<dyn Store>,
    pub(super) docket: Docket,
    pub(super) submitter: Submitter,
    pub(super) journal: Journal,
    settings: PosterToml,
    validator: Address,
    planner: Planner,
    meter: BacklogMeter,
    pub(super) metrics: Metrics,
    pub(super) view: Option<L1View>,
    /// Evidence that L1 would not take, for a while.
    pub(super) deferred: Deferred<Address>,
    /// What L1 is to be told besides, as the clerk has it.
    pub(super) chores: watch::Receiver<Vec<Chore>>,
    /// What of it L1 would not take, for a while.
    pub(super) deferred_chores: Deferred<ChoreName>,
    balance: U256,
    rested: Option<Rest>,
    /// The newest final block.
    pub(super) final_number: u64,
    /// Which transaction of the journal is mined.
    pub(super) mined: Option<B256>,
    /// The block after which the last part waits for L1 to make it final.
    awaits_final_after: Option<u64>,
}

impl Publisher {
    /// A publisher with its key and its journal.
    ///
    /// # Errors
    /// [`PosterError`].
    pub fn new(
        Sources { l1, store, docket, chores }: Sources,
        network: &NetworkToml,
        (settings, submitter, journal): (PosterToml, Submitter, &Path),
        metrics: Metrics,
    ) -> Result<Self, PosterError> {
        let validator = settings.validator.unwrap_or(submitter.address());
        let planner = Planner::new(PlanRules {
            rollup_chain_id: network.rollup_chain_id,
            validator,
            backup_after_ms: settings.backup_after_s.saturating_mul(1_000),
            max_wait_s: settings.max_wait_s,
            min_bytes: settings.min_bytes,
            replace_after_blocks: settings.replace_after_blocks,
            max_fee: u128::from(settings.max_fee_gwei) * GWEI,
        });
        Ok(Self {
            l1,
            l1_chain_id: network.l1.chain_id,
            inbox: network.l1.contracts.inbox,
            slasher: network.l1.contracts.slasher,
            sets: network.l1.contracts.sets,
            rewards: network.l1.contracts.rewards,
            schedule: network.registry()?.schedule,
            store,
            docket,
            submitter,
            journal: Journal::open(journal)?,
            settings,
            validator,
            planner,
            meter: BacklogMeter::default(),
            metrics,
            view: None,
            deferred: Deferred::default(),
            chores,
            deferred_chores: Deferred::default(),
            balance: U256::ZERO,
            rested: None,
            final_number: 0,
            mined: None,
            awaits_final_after: None,
        })
    }

    /// Looks at L1 as of its newest block. Without a head nothing is known of the inbox that could be built on.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn look(
        &mut self,
        tip: &L1Tip,
        head: Option<InboxHead>,
        final_number: u64,
        charges: &[Charge],
    ) -> Result<(), L1Error> {
        let at = BlockId::hash(tip.hash);
        let account = self.l1.account(self.submitter.address(), at).await?;
        // A transaction of now is mined in the next block.
        let epoch = self.schedule.epoch_of(tip.number.saturating_add(1)).map_or(0, |epoch| epoch.0);
        let before = self.view.take().filter(|view| view.epoch == epoch);
        let was_formed = before.as_ref().is_some_and(|view| !view.unformed);
        let unformed = (!was_formed || tip.number.is_multiple_of(FORMED_FOR)) && self.l1.may_advance(at).await?;
        let members = match before {
            Some(view) => view.members,
            None => self.l1.members(at, epoch).await?,
        };
        let hashes = self.journal.record().map_or(&[][..], |record| &record.hashes);
        let (fate, mined) = self.l1.fate(hashes).await?;
        let pending = self.l1.inbox_head(BlockId::Number(BlockNumberOrTag::Pending)).await;
        let chores: Vec<_> = self.chores.borrow_and_update().iter().map(|chore| chore.name).collect();
        let chores = self.deferred_chores.without(chores, |chore| *chore, tip.number);
        let least_tip = u128::from(self.settings.tip_milligwei) * GWEI / 1_000;
        (self.balance, self.final_number, self.mined) = (account.balance, final_number, mined);
        self.metrics.balance(account.balance);
        self.view = Some(L1View {
            block: tip.number,
            base_fee: tip.base_fee,
            tip: self.l1.suggested_tip().await.unwrap_or_default().max(least_tip),
            head,
            // Not every endpoint tells; then only what is mined counts.
            pending_next: pending.map_or(0, |pending| pending.next_height),
            charges: self.deferred.without(charges.iter().copied(), |charge| charge.validator, tip.number),
            unformed,
            chores,
            nonce: account.nonce,
            epoch,
            members,
            fate,
        });
        Ok(())
    }

    /// Does what is to be done now. True if L1 has to be looked at again, although it has no new block.
    ///
    /// # Errors
    /// [`PostError`]; the caller tries again after a while.
    pub async fn work(&mut self, now_ms: u64) -> Result<bool, PostError> {
        for _ in 0..STEPS_AT_ONCE {
            let Some(view) = &self.view else { return Ok(true) };
            let backlog = match view.head {
                None => Backlog::default(),
                Some(head) => self.meter.measure(self.store.as_ref(), head.next_height, self.settings.min_bytes)?,
            };
            let sent = self.journal.record().map(|record| &record.sent);
            let step = self.planner.next(view, &backlog, sent, now_ms);
            match step {
                Step::Rest(rest) => {
                    self.tell_rest(rest, &backlog);
                    return Ok(false);
                }
                Step::Settle(end) => self.settle(end)?,
                Step::Post { errand: Errand::Slash(accused), nonce, fees } => {
                    return self.report(accused, nonce, fees).await;
                }
                Step::Post { errand: Errand::Append, .. } if self.awaits_final_after == Some(view.block) => {
                    return Ok(false);
                }
                Step::Post { errand: Errand::Append, nonce, fees } => return self.post(nonce, fees).await,
                Step::Post { errand: Errand::Advance, nonce, fees } => return self.advance(nonce, fees).await,
                Step::Post { errand: Errand::Chore(chore), nonce, fees } => return self.tell(chore, nonce, fees).await,
                Step::Resend => return self.send("resent").await,
                Step::Raise(fees) => return self.raise(fees).await,
                Step::Cancel(fees) => return self.cancel(fees).await,
            }
        }
        Ok(false)
    }

    /// Rule P8: packed, tried, signed, kept, sent, in this order.
    async fn post(&mut self, nonce: u64, fees: Fees) -> Result<bool, PostError> {
        let Some(head) = self.view.as_ref().and_then(|view| view.head) else { return Ok(true) };
        let store = self.store.clone();
        let last = store.head()?.map_or(0, |head| head.header.height().0);
        let packing = tokio::task::spawn_blocking(move || pack(store.as_ref(), &head, last));
        let Packed { entry, stream } = packing.await.map_err(|error| L1Error::Transport(error.to_string()))??;
        let (validator, account) = (self.validator, self.submitter.address());
        let (bytes, first, last, planned) = (stream.len(), entry.firstHeight, entry.lastHeight, (&entry).into());
        let (purpose, to, input) = match self.next_of(&stream).await? {
            Next::Append(payload) => {
                let call = RotaInbox::appendCall { validator, entry, payload: payload.encode() };
                (Purpose::Append(planned), self.inbox, call.abi_encode().into())
            }
            Next::Part { stream, bytes } => (Purpose::Part { entry: planned, stream }, account, bytes),
            Next::AwaitFinal => {
                self.awaits_final_after = Some(self.block());
                return Ok(false);
            }
        };
        let sent = Sent { nonce, purpose, fees, block: self.block() };
        let gas = match self.l1.try_call(account, to, input.clone()).await.map_err(InboxError::from) {
            Ok(gas) => gas,
            Err(InboxError::L1(error)) => return Err(error.into()),
            Err(InboxError::Refused(refusal)) if is_late(&refusal) => {
                tracing::debug!(?refusal, "somebody else was first");
                self.metrics.failure("somebody-else-was-first");
                return Ok(true);
            }
            Err(error) => return Err(PostError::Refused { validator, account, reason: error.to_string() }),
        };
        tracing::info!(first, last, bytes, nonce, max_fee_wei = fees.max_fee, "posting");
        self.dispatch(sent, to, gas, input).await
    }

    /// Rule P8: what was tried, and takes so much gas, is signed, kept, sent, in this order.
    pub(super) async fn dispatch(
        &mut self,
        sent: Sent,
        to: Address,
        gas: u64,
        input: Bytes,
    ) -> Result<bool, PostError> {
        let gas_limit = gas.saturating_add(gas / 8);
        let needed = U256::from(gas_limit) * U256::from(sent.fees.max_fee);
        if needed > self.balance {
            return Err(PostError::Funds { account: self.submitter.address(), balance: self.balance, needed });
        }
        let kind = if self.journal.record().is_some() { "replaced" } else { "sent" };
        let transaction = self.transaction(&sent, to, gas_limit, input);
        self.keep(sent, transaction)?;
        self.send(kind).await
    }

    /// Rule P10: the same again, better paid.
    async fn raise(&mut self, fees: Fees) -> Result<bool, PostError> {
        let Some(record) = self.journal.record() else { return Ok(false) };
        let sent = Sent { fees, block: self.block(), ..record.sent.clone() };
        let Some(old) = unsigned(&record.raw) else {
            self.journal.put(None)?;
            return Ok(true);
        };
        tracing::info!(nonce = sent.nonce, max_fee_wei = fees.max_fee, "not mined in time: offering more");
        let transaction = TxEip1559 { max_fee_per_gas: fees.max_fee, max_priority_fee_per_gas: fees.tip, ..old };
        self.keep(sent, transaction)?;
        self.send("replaced").await
    }

    /// Rule P12: an append that would be reverted costs as much as one that is not; a transfer of nothing does not.
    async fn cancel(&mut self, fees: Fees) -> Result<bool, PostError> {
        let Some(record) = self.journal.record() else { return Ok(false) };
        let nonce = record.sent.nonce;
        tracing::info!(nonce, "somebody else was first: calling our transaction back");
        let sent = Sent { nonce, purpose: Purpose::Cancel, fees, block: self.block() };
        let transaction = self.transaction(&sent, self.submitter.address(), CANCEL_GAS, Bytes::new());
        self.keep(sent, transaction)?;
        self.send("cancelled").await
    }

    /// Signs a transaction and makes it durable (rule P8); those it replaces stay known.
    fn keep(&mut self, sent: Sent, transaction: TxEip1559) -> Result<(), PostError> {
        let (hash, raw) = self.submitter.sign(transaction)?;
        let replaced = self.journal.record().filter(|record| record.sent.nonce == sent.nonce);
        let mut hashes = replaced.map_or_else(Vec::new, |record| record.hashes.clone());
        hashes.push(hash);
        self.journal.put(Some(Record { sent, hashes, raw }))?;
        self.fate(Fate::Unknown);
        Ok(())
    }

    /// Sends the transaction of the journal. True if L1 has to be looked at again.
    async fn send(&mut self, kind: &'static str) -> Result<bool, PostError> {
        let Some(record) = self.journal.record() else { return Ok(false) };
        match self.l1.send(&record.raw).await {
            Ok(()) => {
                self.metrics.transaction(kind);
                self.fate(Fate::Waiting);
                Ok(false)
            }
            Err(SendError::Underpriced(reason)) => {
                tracing::debug!(reason, "underpriced");
                self.metrics.failure("underpriced");
                self.fate(Fate::Underpriced);
                Ok(false)
            }
            Err(SendError::NonceTooLow(reason)) => {
                tracing::debug!(reason, "the nonce is used");
                self.metrics.failure("nonce-used");
                Ok(true)
            }
            Err(SendError::L1(error)) => Err(error.into()),
            Err(SendError::Funds(_)) => {
                let record = self.journal.record();
                let needed = record.and_then(|record| unsigned(&record.raw)).map_or(U256::ZERO, |transaction| {
                    U256::from(transaction.gas_limit) * U256::from(transaction.max_fee_per_gas)
                });
                Err(PostError::Funds { account: self.submitter.address(), balance: self.balance, needed })
            }
            Err(error @ SendError::Refused(_)) => Err(PostError::Send(error)),
        }
    }

    /// Rule P10: the cap is said once, clearly, and not at every look.
    fn tell_rest(&mut self, rest: Rest, backlog: &Backlog) {
        let same = self.rested.is_some_and(|known| std::mem::discriminant(&known) == std::mem::discriminant(&rest));
        if same {
            return;
        }
        self.rested = Some(rest);
        match rest {
            Rest::Capped(capped) => {
                tracing::warn!(batches = backlog.batches, %capped, "the fee cap is reached");
                self.metrics.failure("fee-cap");
            }
            Rest::NotMember => tracing::info!(validator = %self.validator, "not in the set of L1's epoch: not posting"),
            Rest::NothingToPost
            | Rest::TooLittle
            | Rest::Unknown
            | Rest::OthersTurn { .. }
            | Rest::SomebodyPends
            | Rest::AwaitsMining => tracing::debug!(?rest, batches = backlog.batches, "not posting now"),
        }
    }

    fn transaction(&self, sent: &Sent, to: Address, gas_limit: u64, input: Bytes) -> TxEip1559 {
        TxEip1559 {
            chain_id: self.l1_chain_id,
            nonce: sent.nonce,
            gas_limit,
            max_fee_per_gas: sent.fees.max_fee,
            max_priority_fee_per_gas: sent.fees.tip,
            to: TxKind::Call(to),
            input,
            ..TxEip1559::default()
        }
    }

    pub(super) fn block(&self) -> u64 {
        self.view.as_ref().map_or(0, |view| view.block)
    }

    fn fate(&mut self, fate: Fate) {
        if let Some(view) = &mut self.view {
            view.fate = fate;
        }
    }
}

/// Whether the inbox refuses because somebody else was first, or L1 was reorganized: its head tells what is next.
const fn is_late(refusal: &RotaInboxErrors) -> bool {
    matches!(
        refusal,
        RotaInboxErrors::AlreadyPosted(_) | RotaInboxErrors::HeightGap(_) | RotaInboxErrors::WrongParent(_)
    )
}
