//! Batches on their way: built, checked, executed, committed (rules B).

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{Address, B256, keccak256};
use rota_consensus::{BuildRequest, Input, Record, Rejected};
use rota_execution::{
    BatchEnvironment, Facts,
    limits::{TRANSACTION_GAS_MIN, UNFINAL_DEPTH_MAX},
};
use rota_proto::{
    BatchBody, BatchHeader, BodyMessage, Certificate, ExtraData, Message, Place, Round, Transaction, Verified, Vote,
    limits::{BODY_BYTES_MAX, TRANSACTIONS_PER_BODY_MAX},
};

use crate::{
    BuildOrder, CommittedBatch, Effect, ExecuteOrder, Halt, ReadyBatch, Replica, Verdict, live::Execution,
    origins::OriginVerdict,
};

/// Rule B10: what a builder is handed, as a multiple of what fits into a batch by count and by bytes: some of it will
/// not fit or run. Gas limits bound nothing here: a transaction may name the whole batch's and use little.
const OFFERED_BATCHES: usize = 3;

impl Replica {
    pub(crate) fn persist(&mut self, record: Record) {
        match record {
            Record::Certificate(certificate) => self.effects.push(Effect::PersistCertificate(certificate)),
            Record::Candidate(candidate) => {
                let body = self.live.get(candidate.header.hash()).map(|live| live.body.clone());
                assert!(body.is_some(), "a batch that is voted for has its body here");
                let body = body.unwrap_or_default();
                self.effects.push(Effect::PersistCandidate { candidate: Box::new(candidate), body });
            }
        }
    }

    /// Rule B6: a validator does not vote while L1 is too many epochs ahead of it.
    pub(crate) fn sign(&mut self, vote: Vote) {
        let place = self.consensus.place();
        let set = self.consensus.set(vote.round.epoch).cloned();
        if let (Some(signer), Some(set), false) = (place, set, self.is_lagging()) {
            self.effects.push(Effect::Sign { vote, signer, set });
        }
    }

    pub(crate) fn broadcast_body(&mut self, batch: B256) {
        if let Some(live) = self.live.get(batch) {
            let body = BodyMessage { batch, transactions: live.body.clone() };
            self.effects.push(Effect::Broadcast(Message::Body(body)));
        }
    }

    /// Rules B1 to B4: the leader's order. Nothing is ordered while no origin allows a valid batch.
    pub(crate) fn order_build(&mut self, request: &BuildRequest) {
        let Some(parent) = self.consensus.header(request.parent).cloned() else { return };
        let Some(origin) = self.origin_to_build_on(&parent) else { return };
        let timestamp = parent.header().timestamp.max(origin.timestamp).max(self.now_ms / 1_000);
        let set = self.consensus.set(request.round.epoch).cloned();
        let validator = set.as_ref().and_then(|set| set.get(self.consensus.place()?));
        let Some(beneficiary) = validator.map(|validator| validator.fee_recipient) else { return };
        let extra = ExtraData {
            epoch: request.round.epoch,
            origin_number: origin.origin.number,
            parent_view: request.parent_view,
            parent_signers: request.parent_signers,
        };
        self.order_execution(request.parent);
        self.builds.insert(request.round, request.parent);
        let environment = BatchEnvironment { parent: request.parent, timestamp, origin, beneficiary, extra };
        let chains = self.chains_for(&parent);
        self.effects.push(Effect::Build(Box::new(BuildOrder { round: request.round, environment, chains })));
    }

    /// The transactions that go into a batch on `parent` if they can, one chain a sender.
    fn chains_for(&self, parent: &BatchHeader) -> Vec<Vec<Arc<Transaction>>> {
        let base_fee = self.config.rules.next_base_fee(parent.header());
        let branch = self.live.branch(parent.hash());
        let mut order = self.pool.in_order(base_fee, parent.hash(), &branch);
        let (mut left, mut bytes_left) = (self.offered_max(), OFFERED_BATCHES * BODY_BYTES_MAX);
        let mut chains: BTreeMap<Address, Vec<Arc<Transaction>>> = BTreeMap::new();
        while let Some(transaction) = order.place().filter(|next| left > 0 && next.length() <= bytes_left) {
            (left, bytes_left) = (left - 1, bytes_left - transaction.length());
            chains.entry(transaction.sender()).or_default().push(transaction);
        }
        chains.into_values().collect()
    }

    /// Transactions offered to a builder at most.
    pub(crate) fn offered_max(&self) -> usize {
        let fit = usize::try_from(self.config.rules.gas_limit / TRANSACTION_GAS_MIN).unwrap_or(usize::MAX);
        OFFERED_BATCHES.saturating_mul(fit.clamp(1, TRANSACTIONS_PER_BODY_MAX))
    }

    pub(crate) fn take_built(
        &mut self,
        round: Round,
        batch: ReadyBatch,
        refused: &[B256],
        refusals: &mut Vec<Rejected>,
    ) {
        self.builds.remove(&round);
        let ReadyBatch { header, body, transactions } = batch;
        let hash = header.hash();
        let fits = self.live.join(&header, body);
        assert!(fits, "a batch built here has the body its header commits to");
        if let Some(live) = self.live.get_mut(hash) {
            live.execution = Execution::Valid;
            live.transactions = transactions;
        }
        self.pool_drop(refused);
        self.consensus(Input::Built { round, header: Box::new(header) }, refusals);
    }

    /// Rules B1 to B3, for each check that consensus waits for: what only lacks time or L1 stays in line, what
    /// contradicts L1 is invalid, everything else goes to execution.
    pub(crate) fn order_checks(&mut self, refusals: &mut Vec<Rejected>) {
        for (batch, proposer) in self.checks.clone() {
            let Some(live) = self.live.get(batch) else {
                self.checks.remove(&batch);
                continue;
            };
            let header = live.header.clone();
            match live.execution.clone() {
                // B11: what stands on an invalid batch is invalid.
                Execution::No | Execution::Later if self.live.stands_on_invalid(batch) => {
                    self.answer_check(batch, false, refusals);
                }
                Execution::Ordered | Execution::Later => {}
                Execution::Valid => self.answer_check(batch, true, refusals),
                Execution::Invalid(_) => self.answer_check(batch, false, refusals),
                Execution::No => match self.judge_origin(&header) {
                    OriginVerdict::Wait => {}
                    OriginVerdict::Contradicts => self.answer_check(batch, false, refusals),
                    OriginVerdict::Stands(origin) => {
                        let facts = Facts { origin, beneficiary: self.fee_recipient(proposer) };
                        self.order_execution(header.parent());
                        self.execute(batch, facts);
                    }
                },
            }
        }
    }

    fn fee_recipient(&self, proposer: Option<Place>) -> Option<Address> {
        let set = self.consensus.set(self.consensus.round().epoch)?;
        Some(set.get(proposer?)?.fee_recipient)
    }

    fn answer_check(&mut self, batch: B256, valid: bool, refusals: &mut Vec<Rejected>) {
        self.checks.remove(&batch);
        self.consensus(Input::Checked { batch, valid }, refusals);
    }

    /// Orders the execution of a batch and all its ancestors above the committed one, oldest first.
    pub(crate) fn order_execution(&mut self, batch: B256) {
        for ancestor in self.live.branch(batch) {
            let execution = self.live.get(ancestor).map(|live| live.execution.clone());
            if matches!(execution, Some(Execution::No | Execution::Later)) {
                self.execute(ancestor, Facts::default());
            }
        }
    }

    fn execute(&mut self, batch: B256, facts: Facts) {
        let deepest = self.last_ordered.plus(UNFINAL_DEPTH_MAX);
        let Some(live) = self.live.get_mut(batch) else { return };
        // B11: it would come back unexecuted, perhaps after its own commit was ordered.
        if live.header.height() > deepest {
            live.execution = Execution::Later;
            return;
        }
        live.execution = Execution::Ordered;
        let header = live.header.clone();
        let body = BatchBody::decode(&live.body).unwrap_or_default();
        let held = body.0.iter().filter_map(|bytes| self.pool.get(&keccak256(bytes)));
        let known = held.map(|pooled| (pooled.transaction.hash(), Arc::clone(pooled.transaction))).collect();
        self.effects.push(Effect::Execute(Box::new(ExecuteOrder { header, body, facts, known })));
    }

    pub(crate) fn take_verdict(&mut self, batch: B256, verdict: Verdict, refusals: &mut Vec<Rejected>) {
        // One that was forgotten meanwhile, and came back, is ordered anew before its verdict counts.
        let ordered = self.live.get_mut(batch).filter(|live| live.execution == Execution::Ordered);
        let Some(live) = ordered else { return };
        match verdict {
            Verdict::Valid(transactions) => {
                live.execution = Execution::Valid;
                live.transactions = transactions;
                if live.notarized {
                    self.hide(batch);
                }
            }
            // A verdict that depends on who proposed it holds for that proposer alone: a faulty leader that proposes
            // another's batch must not make it invalid for good.
            Verdict::Invalid(_) if matches!(self.checks.get(&batch), Some(Some(_))) => {
                live.execution = Execution::No;
                self.answer_check(batch, false, refusals);
            }
            Verdict::Invalid(reason) => live.execution = Execution::Invalid(reason),
            // Ordered again at once it would come back at once, for ever.
            Verdict::NotNow(_) => live.execution = Execution::Later,
        }
    }

    /// Rule B9: a notarized batch hides its transactions in the pool, as soon as both are known.
    pub(crate) fn hide(&mut self, batch: B256) {
        let Some(live) = self.live.get_mut(batch) else { return };
        live.notarized = true;
        if live.execution == Execution::Valid && !live.hidden {
            live.hidden = self.pool.hide(batch, &live.transactions).is_ok();
        }
    }

    /// Rule B7: final batches are executed, then committed; only then are they told to anyone.
    pub(crate) fn order_commit(&mut self, certificate: Verified<Certificate>, batches: Vec<B256>) {
        for batch in &batches {
            if let Some(Execution::Invalid(reason)) = self.live.get(*batch).map(|live| live.execution.clone()) {
                return self.halt(Halt::FinalInvalid { batch: *batch, reason });
            }
        }
        self.order_execution(certificate.vote.batch);
        if let Some(last) = self.live.get(certificate.vote.batch) {
            self.last_ordered = last.header.height();
        }
        self.slasher.finalized(certificate.vote.round);
        self.effects.push(Effect::RaiseFloor(certificate.vote.round));
        self.effects.push(Effect::Commit { certificate, batches });
    }

    /// Rule B7: what is durable leaves the pool and moves the head.
    pub(crate) fn take_committed(&mut self, batches: Vec<CommittedBatch>) {
        for batch in batches {
            if let Some(live) = self.live.remove(batch.hash) {
                self.committed = live.header;
            }
            self.committed_empty = batch.transactions.is_empty();
            let changes = self.pool.finalized(batch.hash, batch.height, &batch.transactions, batch.accounts);
            self.note_pool_changes(changes);
        }
        self.live.try_again();
        self.committed_at_ms = self.now_ms;
        self.waits_since_ms = self.now_ms;
        self.live.losers(&self.committed).into_iter().for_each(|lost| self.forget(lost));
        self.pool.set_base_fee(self.config.rules.next_base_fee(self.committed.header()));
        self.go_on_catching_up();
    }

    /// Rule B12: a batch that consensus has forgotten, as proposals that nobody certified, is not kept here either, nor
    /// by execution: a faulty leader would fill the memory with one batch a view. Final batches that wait for their
    /// commit are kept.
    pub(crate) fn forget_strays(&mut self) {
        // A build for a round that is not above the last final one comes too late.
        let last_final = Round::new(self.consensus.round().epoch, self.consensus.finalized_view());
        self.builds.retain(|round, _| *round > last_final);
        // A build that is under way may give the same batch once more, and execution would forget it after that.
        let may_come_again = |batch: &B256| {
            let parent = self.live.get(*batch).map(|live| live.header.parent());
            self.builds.values().any(|built_on| Some(*built_on) == parent)
        };
        let forgotten = |batch: &B256| self.consensus.header(*batch).is_none() && !may_come_again(batch);
        let mut strays: Vec<B256> = self.live.above(self.consensus.head().height()).filter(forgotten).collect();
        strays.sort_by_key(|stray| std::cmp::Reverse(self.live.get(*stray).map(|live| live.header.height())));
        strays.into_iter().for_each(|stray| self.forget(stray));
    }

    fn forget(&mut self, batch: B256) {
        self.checks.remove(&batch);
        let Some(live) = self.live.remove(batch) else { return };
        if live.execution != Execution::No {
            self.effects.push(Effect::Forget(batch));
        }
        if live.hidden {
            self.give_back(batch);
        }
    }

    /// Rule S1: bodies first, so that what consensus takes up is complete.
    pub(crate) fn start(&mut self, started: crate::Started, refusals: &mut Vec<Rejected>) {
        self.pool.set_base_fee(self.config.rules.next_base_fee(self.committed.header()));
        for candidate in &started.durable.proposals {
            if let Some(body) = started.bodies.get(&candidate.header.hash()) {
                self.live.join(&candidate.header, body.clone());
            }
        }
        self.recall_accused(&started.accused);
        // Rule I2: the second of two conflicting votes may come after a restart.
        started.witnessed.iter().flat_map(|seen| seen.verified_votes()).for_each(|vote| self.watch(vote));
        self.consensus(Input::Started(Box::new(started.durable)), refusals);
    }
}
