//! A host in memory: does what a replica asks for, with the real execution, and tells what it did.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use alloy_primitives::{B256, KECCAK256_EMPTY};
use rota_consensus::{Anchor, Durable, Rejected, Timer};
use rota_execution::{Account, Batch, Budget, Execution, ExecutionError, MemoryState, StateView as _};
use rota_mempool::{AccountCode, AccountState, CandidateForm, MempoolLimits};
use rota_proto::{
    BatchBody, Certificate, ConsensusKey, FinalBatch, Message, Place, Strict, Transaction, Verified, View, Vote,
};
use rota_staking::Evidence;

use super::text::{name, text};
use super::world::{Foreign, NOON_MS, domain, genesis, key, registry, signed};
use crate::{
    Arrival, BuildOrder, Checked, CommittedBatch, Effect, Event, ExecuteOrder, ReadyBatch, Replica, ReplicaConfig,
    Source, Started, Ticket, Times, Unverified, Verdict, check,
};

/// A message on its way, and whom it is for; nobody in particular means everyone.
pub(super) type Outgoing = (Option<ConsensusKey>, Message);

pub(super) struct Node {
    number: u8,
    pub(super) replica: Replica,
    execution: Execution,
    memory: MemoryState,
    pub(super) now_ms: u64,
    /// What is asked for and not done.
    todo: VecDeque<Effect>,
    /// Effects of these names are not done for the time being.
    held: BTreeSet<&'static str>,
    waiting: Vec<Effect>,
    pub(super) log: Vec<String>,
    pub(super) refusals: Vec<Rejected>,
    pub(super) out: Vec<Outgoing>,
    timers: BTreeMap<u8, (Timer, u64)>,
    /// Batches whose candidate was ordered to be durable.
    durable: BTreeSet<B256>,
    /// Votes that were asked for, and whether their batch was ordered to be durable before.
    pub(super) asked: Vec<(Vote, bool)>,
    /// Final batches from height 1 on.
    pub(super) finals: Vec<FinalBatch>,
    /// Evidence that was to be kept and told, and whether somebody else found it.
    pub(super) evidence: Vec<(Evidence, bool)>,
}

impl Node {
    /// A validator at genesis, at noon, that has started.
    pub(super) fn new(number: u8) -> Self {
        let mut node = Self::unstarted(number, Times::default());
        node.begin(Durable::default());
        node
    }

    pub(super) fn unstarted(number: u8, times: Times) -> Self {
        Self::led_by(number, times, None)
    }

    /// One that takes these for the leaders, in turn.
    pub(super) fn led_by(number: u8, times: Times, leaders: Option<Vec<Place>>) -> Self {
        let genesis = genesis();
        let header = genesis.header.clone();
        let anchor = Anchor { opening: header.clone(), head: header.clone(), view: View::ZERO };
        let config = ReplicaConfig {
            domain: domain(),
            consensus: rota_consensus::Config::default(),
            rules: genesis.rules,
            pool: MempoolLimits::default(),
            times,
            leaders,
        };
        Self {
            number,
            replica: Replica::new(config, Some(key(number)), registry(), anchor).expect("epoch 0 is known"),
            memory: MemoryState::genesis(&genesis),
            execution: Execution::new(genesis.rules, header),
            now_ms: NOON_MS,
            todo: VecDeque::new(),
            held: BTreeSet::new(),
            waiting: Vec::new(),
            log: Vec::new(),
            refusals: Vec::new(),
            out: Vec::new(),
            timers: BTreeMap::new(),
            durable: BTreeSet::new(),
            asked: Vec::new(),
            finals: Vec::new(),
            evidence: Vec::new(),
        }
    }

    pub(super) fn begin(&mut self, durable: Durable) {
        // Otherwise the first heartbeat is due at once: nothing was ever committed.
        self.replica.committed_at_ms = self.now_ms;
        self.take(Event::Clock(self.now_ms));
        self.take(Event::Started(Box::new(Started { durable, ..Started::default() })));
    }

    /// Something happens, and everything that it leads to is done. Says what was done.
    pub(super) fn take(&mut self, event: Event) -> Vec<String> {
        let before = self.log.len();
        self.step(event);
        while let Some(effect) = self.todo.pop_front() {
            if self.held.contains(name(&effect)) {
                self.waiting.push(effect);
            } else {
                self.act(effect);
            }
        }
        self.log[before..].to_vec()
    }

    fn step(&mut self, event: Event) {
        let (effects, refusals) = self.replica.step(event);
        self.log.extend(effects.iter().map(text));
        for effect in &effects {
            if let Effect::PersistCandidate { candidate, .. } = effect {
                self.durable.insert(candidate.header.hash());
            }
            if let Effect::Sign { vote, .. } = effect {
                self.asked.push((*vote, self.durable.contains(&vote.batch)));
            }
        }
        self.todo.extend(effects);
        self.refusals.extend(refusals);
    }

    /// Effects of this name are left undone until they are released.
    pub(super) fn hold(&mut self, name: &'static str) {
        self.held.insert(name);
    }

    /// What was held is done now. Says what follows.
    pub(super) fn release(&mut self) -> Vec<String> {
        self.held.clear();
        self.todo.extend(std::mem::take(&mut self.waiting));
        self.take(Event::Clock(self.now_ms))
    }

    pub(super) fn hear(&mut self, from: u8, message: Message) -> Vec<String> {
        self.take(Event::Message { from: Some(key(from)), message })
    }

    /// Time passes, and timers run out.
    pub(super) fn wait(&mut self, ms: u64) -> Vec<String> {
        self.now_ms += ms;
        let mut done = self.take(Event::Clock(self.now_ms));
        let due: Vec<u8> =
            self.timers.iter().filter(|(_, (_, at))| *at <= self.now_ms).map(|(kind, _)| *kind).collect();
        for kind in due {
            if let Some((timer, _)) = self.timers.remove(&kind) {
                done.extend(self.take(Event::Timer(timer)));
            }
        }
        done
    }

    /// A user sends transactions.
    pub(super) fn submit(&mut self, transactions: &[Arc<Transaction>]) -> Vec<String> {
        let mut done = Vec::new();
        for transaction in transactions {
            let arrival = self.arrival(Source::User, transaction);
            done.extend(self.take(Event::Transactions(vec![arrival])));
        }
        done
    }

    /// The replica without a host: its effects as they are.
    pub(super) fn replica_alone(&mut self) -> impl FnMut(Event) -> Vec<Effect> + '_ {
        |event| self.replica.step(event).0
    }

    /// A transaction on its way in, with its sender's account.
    pub(super) fn arrival(&self, from: Source, transaction: &Arc<Transaction>) -> Arrival {
        let rules = self.replica.pool().rules();
        let form = CandidateForm::check(Arc::clone(transaction), rules).expect("a good form");
        Arrival { id: transaction.nonce(), from, form, account: self.account(transaction) }
    }

    /// How much the replica holds of what it calls by this name.
    #[track_caller]
    pub(super) fn size(&self, name: &str) -> usize {
        self.replica.sizes().into_iter().find(|(known, _)| *known == name).expect("a name it knows").1
    }

    fn account(&self, transaction: &Transaction) -> AccountState {
        let account = self.memory.account(&transaction.sender()).expect("memory does not fail");
        state_of(account)
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Verify { what, set } => {
                let ticket = if matches!(what, Unverified::CatchUp(_)) { Ticket::CatchUp } else { Ticket::Other };
                let event = match check(what, &domain(), &set, &Strict) {
                    Ok(checked) => Event::Verified(Box::new(checked)),
                    Err(_) => Event::Unverified(ticket),
                };
                self.step(event);
            }
            Effect::Sign { vote, set, .. } => {
                let vote = signed(vote, self.number).verify(&domain(), &set, &Strict).expect("our own signature");
                self.step(Event::Signed(vote));
            }
            Effect::Broadcast(message) => self.out.push((None, message)),
            Effect::Send { to, message } => self.out.push((Some(to), message)),
            Effect::Fetch(fetch) => self.out.push((None, Message::Fetch(fetch))),
            Effect::Serve { to, fetch } => self.serve(to, fetch),
            Effect::SetTimer { timer, after_ms } => {
                self.timers.insert(kind(timer), (timer, self.now_ms + after_ms));
            }
            Effect::CancelViewTimer => {
                self.timers.remove(&0);
            }
            Effect::Build(order) => self.build(*order),
            Effect::Execute(order) => self.execute(*order),
            Effect::Commit { certificate, .. } => self.commit(&certificate),
            Effect::Forget(batch) => self.execution.forget(&batch),
            Effect::ShareTransactions(list) => {
                self.out.push((None, Message::Transactions(list.iter().map(|one| one.encode()).collect())));
            }
            Effect::Readmit(list) => {
                let list = list.iter().map(|one| self.arrival(Source::Validator, one)).collect();
                self.step(Event::Transactions(list));
            }
            Effect::Recover(arrival) => {
                let recovered = arrival.recover(self.replica.pool().rules());
                self.step(Event::Recovered(Box::new(recovered)));
            }
            Effect::Evidence { evidence, heard } => self.evidence.push((*evidence, heard)),
            Effect::PersistCandidate { .. }
            | Effect::PersistCertificate(_)
            | Effect::PersistRegistry(_)
            | Effect::RaiseFloor(_)
            | Effect::HoldBack { .. }
            | Effect::OldRecord(_)
            | Effect::CatchUp(_)
            | Effect::Journal(_)
            | Effect::Dropped(_)
            | Effect::Submitted { .. }
            | Effect::EvidenceRefused(_)
            | Effect::EpochBegan(_)
            | Effect::Halt(_) => {}
        }
    }

    fn build(&mut self, order: BuildOrder) {
        let BuildOrder { round, environment, chains } = order;
        let chains = chains.into_iter().map(Vec::into_iter);
        let built = self.execution.build(&self.memory, &environment, &Budget::default(), chains);
        let Ok(built) = built else { return self.step(Event::NotBuilt(round)) };
        let refused = built.refused.iter().map(|(transaction, _)| transaction.hash()).collect();
        let transactions = built.executed.batch().transactions().to_vec();
        let header = built.executed.header().clone();
        let batch = Box::new(ReadyBatch { header, body: built.body.encode(), transactions });
        self.step(Event::Built { round, batch, refused });
    }

    fn execute(&mut self, order: ExecuteOrder) {
        let ExecuteOrder { header, body, facts, known } = order;
        let hash = header.hash();
        let opened = Batch::open(self.execution.rules(), header, &body, |transaction| known.get(transaction).cloned());
        let checked = opened.map_err(ExecutionError::from);
        let checked = checked.and_then(|batch| self.execution.check(&self.memory, batch, &facts));
        let verdict = match checked {
            Ok(executed) => Verdict::Valid(executed.batch().transactions().to_vec()),
            Err(ExecutionError::Invalid(reason)) => Verdict::Invalid(reason.to_string()),
            Err(reason) => Verdict::NotNow(reason.to_string()),
        };
        self.step(Event::Executed { batch: hash, verdict });
    }

    fn commit(&mut self, certificate: &Verified<Certificate>) {
        let path = self.execution.finalize(&certificate.vote.batch).expect("B7: what is committed was executed");
        let mut committed = Vec::new();
        for executed in path {
            self.memory.apply(&executed);
            let (header, batch) = (executed.header().clone(), executed.batch());
            let hash = header.hash();
            let accounts = executed.changes().accounts.iter().map(|(address, account)| (*address, state_of(*account)));
            committed.push(CommittedBatch {
                hash,
                height: header.height(),
                transactions: batch.transactions().to_vec(),
                accounts: accounts.collect(),
            });
            let transactions = BatchBody::of(batch.transactions()).encode();
            let finalization = (hash == certificate.vote.batch).then(|| (**certificate).clone());
            self.finals.push(FinalBatch { header, transactions, finalization });
        }
        self.step(Event::Committed(committed));
    }

    fn serve(&mut self, to: ConsensusKey, fetch: rota_proto::Fetch) {
        use rota_proto::Fetch;
        let (Fetch::Body(wanted) | Fetch::Proposal { batch: wanted, .. }) = fetch else { return };
        let found = self.finals.iter().find(|batch| batch.header.hash() == wanted).cloned();
        self.out.extend(found.map(|batch| (Some(to), Message::FinalBatch(Box::new(batch)))));
    }
}

fn state_of(account: Option<Account>) -> AccountState {
    let account = account.unwrap_or_default();
    let code = if account.code_hash == KECCAK256_EMPTY { AccountCode::None } else { AccountCode::Contract };
    AccountState { nonce: account.nonce, balance: account.balance, code }
}

const fn kind(timer: Timer) -> u8 {
    match timer {
        Timer::View(_) => 0,
        Timer::Retry => 1,
        Timer::Pace => 2,
        Timer::Listen => 3,
    }
}

/// Where a line stands in a log.
#[track_caller]
pub(super) fn at(log: &[String], line: &str) -> usize {
    log.iter().position(|one| one == line).unwrap_or_else(|| panic!("no {line:?} in {log:?}"))
}

pub(super) fn has(log: &[String], line: &str) -> bool {
    log.iter().any(|one| one == line)
}

/// The batch that a log's proposal carries, as the node sent it.
pub(super) fn proposed(node: &Node) -> Option<Foreign> {
    let mut body = None;
    let mut header = None;
    for (_, message) in &node.out {
        if let Message::Body(sent) = message {
            body = BatchBody::decode(&sent.transactions).ok();
        }
        if let Message::Proposal(sent) = message {
            header = Some(sent.header.clone());
        }
    }
    Some(Foreign { header: header?, body: body? })
}

/// A checked value, to be fed as if the host had verified it.
pub(super) fn checked(what: Unverified, node: &Node) -> Checked {
    let epoch = node.replica.simplex().round().epoch;
    let set = node.replica.simplex().set(epoch).cloned().expect("the set of our epoch");
    check(what, &domain(), &set, &Strict).expect("good signatures")
}

/// The hash of the last final batch.
pub(super) fn head(node: &Node) -> B256 {
    node.replica.committed().hash()
}

/// A validator that does not lead view 1, and who does.
pub(super) fn follower() -> (Node, u8) {
    let leader = leading().number;
    (Node::new((leader + 1) % 4), leader)
}

/// The leader of view 1.
pub(super) fn leading() -> Node {
    Node::new(Node::new(0).replica.simplex().leader().into())
}
