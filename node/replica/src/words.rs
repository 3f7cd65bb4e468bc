//! What happens to a replica, and what it wants done.

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::{Address, B256, Bytes};
use rota_consensus::{Durable, Timer};
use rota_execution::{BatchEnvironment, Facts};
use rota_mempool::{
    AccountState, Added, Candidate, CandidateForm, ChainRules, Dropped, JournalRecord, Origin, Refused,
};
use rota_proto::{
    BatchBody, BatchHeader, Certificate, ConsensusKey, Epoch, Fetch, FinalBatch, Height, Message, Place, Proposal,
    Round, SignedVote, Transaction, ValidatorSet, Verified, Vote, VotePair,
};
use rota_staking::{Evidence, L1Block, RegistryError};

use crate::EvidenceRefusal;

/// Something that happened outside.
#[derive(Debug)]
pub enum Event {
    /// The node starts; what was durable.
    Started(Box<Started>),
    /// The time, in milliseconds since 1970. It need not be exact, and may stand still or jump.
    Clock(u64),
    /// A peer sent something; its key if it is a validator.
    Message {
        /// The validator it came from.
        from: Option<ConsensusKey>,
        /// What it said, checked in form only.
        message: Message,
    },
    /// Signatures that we asked about stand.
    Verified(Box<Checked>),
    /// Signatures that we asked about do not stand.
    Unverified(Ticket),
    /// A timer of consensus ran out.
    Timer(Timer),
    /// Our vote is durable in the guard's record and signed.
    Signed(Verified<SignedVote>),
    /// The batch that we asked to be built.
    Built {
        /// The round it is for.
        round: Round,
        /// The batch.
        batch: Box<ReadyBatch>,
        /// Transactions that could not run on the parent, to be dropped.
        refused: Vec<B256>,
    },
    /// No batch could be built in this round.
    NotBuilt(Round),
    /// A batch that we asked to be executed.
    Executed {
        /// Its hash.
        batch: B256,
        /// What came of it.
        verdict: Verdict,
    },
    /// Batches are final, executed and durable, in rising order.
    Committed(Vec<CommittedBatch>),
    /// The next final block of L1.
    L1(Box<L1Block>),
    /// Transactions on their way into the pool, in the order they came. Each is answered by one [`Effect::Submitted`].
    Transactions(Vec<Arrival>),
    /// Whom the authorizations of a transaction bind, which we asked for.
    Recovered(Box<Recovered>),
    /// Final batches that a peer gave us, or none.
    CaughtUp(Vec<FinalBatch>),
    /// A peer's final height.
    PeerHeight(Height),
}

/// Who a transaction came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A user of this node.
    User,
    /// A validator, or a batch that lost.
    Validator,
    /// A peer that is no validator.
    Stranger,
}

impl Source {
    pub(crate) const fn origin(self) -> Origin {
        match self {
            Self::User => Origin::Local,
            Self::Validator | Self::Stranger => Origin::Remote,
        }
    }
}

/// A transaction on its way into the pool, its sender recovered, all checked that needs no state.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// To tell the answer by.
    pub id: u64,
    /// Who it came from.
    pub from: Source,
    /// The transaction.
    pub form: CandidateForm,
    /// Its sender's account after the last committed batch.
    pub account: AccountState,
}

impl Arrival {
    /// Finds out whom its authorizations bind, each 40 us of work; on any thread.
    #[must_use]
    pub fn recover(self, rules: &ChainRules) -> Recovered {
        let Self { id, from, form, account } = self;
        Recovered { id, from, candidate: form.recover(rules), account }
    }
}

/// An [`Arrival`] with those whom its authorizations bind.
#[derive(Clone, Debug)]
pub struct Recovered {
    pub(crate) id: u64,
    pub(crate) from: Source,
    pub(crate) candidate: Candidate,
    pub(crate) account: AccountState,
}

/// What a restart begins with, beside the chain's head.
#[derive(Debug, Default)]
pub struct Started {
    /// For consensus.
    pub durable: Durable,
    /// Bodies of the proposals among it, by the hash of their header.
    pub bodies: BTreeMap<B256, Bytes>,
    /// Certificates that the slasher knew, of as many rounds as it remembers.
    pub witnessed: Vec<Verified<Certificate>>,
    /// Against whom evidence is kept, and the epoch that it is of.
    pub accused: Vec<(Address, Epoch)>,
}

/// A batch with everything that is known after execution.
#[derive(Clone, Debug)]
pub struct ReadyBatch {
    /// The header.
    pub header: BatchHeader,
    /// RLP of the body.
    pub body: Bytes,
    /// The transactions, senders recovered.
    pub transactions: Vec<Arc<Transaction>>,
}

/// A committed batch as the pool needs it.
#[derive(Clone, Debug)]
pub struct CommittedBatch {
    /// Its hash.
    pub hash: B256,
    /// Its height.
    pub height: Height,
    /// Its transactions.
    pub transactions: Vec<Arc<Transaction>>,
    /// Every account it changed, as it is afterwards.
    pub accounts: Vec<(Address, AccountState)>,
}

/// What executing a batch said.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It follows the rules; its transactions with their senders.
    Valid(Vec<Arc<Transaction>>),
    /// It breaks a rule, named for people.
    Invalid(String),
    /// It cannot be executed now: too many batches wait for finality.
    NotNow(String),
}

/// Something signed that is to be verified.
#[derive(Clone, Debug)]
pub enum Unverified {
    /// A vote.
    Vote(SignedVote),
    /// A certificate.
    Certificate(Certificate),
    /// A proposal with its justification.
    Proposal(Box<Proposal>),
    /// Where a validator is, and what we voted as it saw it.
    RoundAnswer {
        /// Its place.
        from: Place,
        /// The certificate of entry.
        entered_by: Option<Certificate>,
        /// Our own votes.
        votes: Vec<SignedVote>,
    },
    /// The finalization of a piece of chain that we catch up by.
    CatchUp(Certificate),
    /// Two votes that somebody accuses their signer with.
    Evidence(Box<VotePair>),
}

/// The same, verified.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "few are made, and each is moved once")]
pub enum Checked {
    /// A vote.
    Vote(Verified<SignedVote>),
    /// A certificate.
    Certificate(Verified<Certificate>),
    /// A proposal with its justification.
    Proposal(Verified<Proposal>),
    /// Where a validator is.
    RoundAnswer {
        /// Its place.
        from: Place,
        /// The certificate of entry.
        entered_by: Option<Verified<Certificate>>,
        /// Our own votes.
        votes: Vec<Verified<SignedVote>>,
    },
    /// The finalization of a piece of chain that we catch up by.
    CatchUp(Verified<Certificate>),
    /// Somebody's evidence.
    Evidence(Box<Evidence>),
}

/// Which kind of question a verdict on signatures answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ticket {
    /// Nobody waits for it.
    Other,
    /// Catching up waits for it.
    CatchUp,
}

/// Something to be done, in the order given. A crash may fall between any two.
#[derive(Debug)]
pub enum Effect {
    /// Check these signatures against the set; the answer is [`Event::Verified`] or [`Event::Unverified`].
    Verify {
        /// What is signed.
        what: Unverified,
        /// The set of its epoch.
        set: Arc<ValidatorSet>,
    },
    /// Make header, body and justification durable before any later effect.
    PersistCandidate {
        /// Header and justification.
        candidate: Box<rota_consensus::Candidate>,
        /// The body.
        body: Bytes,
    },
    /// Keep this certificate for the evidence window.
    PersistCertificate(Verified<Certificate>),
    /// Keep this state of the registry, which answers for L1 up to here.
    PersistRegistry(Vec<u8>),
    /// Ask the guard, make its record durable, then sign; the answer is [`Event::Signed`], or none.
    Sign {
        /// The vote.
        vote: Vote,
        /// Our place.
        signer: Place,
        /// The set that verifies it.
        set: Arc<ValidatorSet>,
    },
    /// The round is final: the guard refuses everything below it from now on.
    RaiseFloor(Round),
    /// The guard's record may be an old copy: make durable that it refuses every vote below `floor`, and all but
    /// nullify votes below `resume` (rule S3 of consensus).
    HoldBack {
        /// Below it nothing is signed.
        floor: Round,
        /// Below it nothing but nullify votes is signed.
        resume: Round,
    },
    /// The guard's record is an old copy, or the key signs elsewhere: it lacks this vote of ours. Tell the operator.
    OldRecord(Vote),
    /// Send to every other validator of the epoch.
    Broadcast(Message),
    /// Send to one validator.
    Send {
        /// Whom.
        to: ConsensusKey,
        /// What.
        message: Message,
    },
    /// Ask peers for a missing piece.
    Fetch(Fetch),
    /// Answer a validator from the store, if it has what is asked for.
    Serve {
        /// Who asks.
        to: ConsensusKey,
        /// What.
        fetch: Fetch,
    },
    /// Ask a peer for final batches from this height on; the answer is [`Event::CaughtUp`].
    CatchUp(Height),
    /// Start a timer; an earlier one of the same kind is forgotten.
    SetTimer {
        /// Which.
        timer: Timer,
        /// When it runs out, from now.
        after_ms: u64,
    },
    /// Forget the timer of the view.
    CancelViewTimer,
    /// Build a batch; the answer is [`Event::Built`] or [`Event::NotBuilt`].
    Build(Box<BuildOrder>),
    /// Execute a batch on its parent, which was executed or ordered to be before; the answer is [`Event::Executed`].
    Execute(Box<ExecuteOrder>),
    /// Forget this batch, executed or ordered to be before, if no other stands on it. It may be ordered again.
    Forget(B256),
    /// Make these batches, executed or ordered to be before, final and durable; the answer is [`Event::Committed`].
    Commit {
        /// Their finalization.
        certificate: Verified<Certificate>,
        /// Their hashes, in rising order.
        batches: Vec<B256>,
    },
    /// Tell all validators and peers of these transactions.
    ShareTransactions(Vec<Arc<Transaction>>),
    /// Find out whom the authorizations of a transaction bind ([`Arrival::recover`]); the answer, which must come, is
    /// [`Event::Recovered`].
    Recover(Box<Arrival>),
    /// Look up the senders' accounts after the last committed batch; the answer is [`Event::Transactions`]. An
    /// abandoned batch held these, and the pool does not.
    Readmit(Vec<Arc<Transaction>>),
    /// Append to the journal of local transactions.
    Journal(Vec<JournalRecord>),
    /// Count these: they left the pool without being final (rule M16 of the mempool).
    Dropped(Vec<Dropped>),
    /// The answer to one of [`Event::Transactions`].
    Submitted {
        /// The number it came by.
        id: u64,
        /// What became of it.
        result: Result<Added, Refused>,
    },
    /// A validator contradicted itself: make it durable, then tell everyone (rule E1).
    Evidence {
        /// What it signed.
        evidence: Box<Evidence>,
        /// Whether somebody else found it.
        heard: bool,
    },
    /// Count this: evidence that came to nothing; where its sender is to blame, score it (rule E2).
    EvidenceRefused(EvidenceRefusal),
    /// The validators of the epoch that begins.
    EpochBegan(Arc<ValidatorSet>),
    /// Stop: going on would be unsafe or useless.
    Halt(Halt),
}

/// A batch to be built.
#[derive(Clone, Debug)]
pub struct BuildOrder {
    /// The round it is for.
    pub round: Round,
    /// Parent, time, origin, beneficiary.
    pub environment: BatchEnvironment,
    /// Transactions, one chain a sender in rising order of nonce.
    pub chains: Vec<Vec<Arc<Transaction>>>,
}

/// A batch to be executed.
#[derive(Clone, Debug)]
pub struct ExecuteOrder {
    /// The header.
    pub header: BatchHeader,
    /// The body, whose root the header has.
    pub body: BatchBody,
    /// What L1 and the set say of it.
    pub facts: Facts,
    /// Those of its transactions that the pool has, so that their senders need not be recovered again.
    pub known: BTreeMap<B256, Arc<Transaction>>,
}

/// Why a node must stop itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Halt {
    /// L1 contradicts what it called final.
    #[error("L1 contradicts itself: {0}")]
    L1(RegistryError),
    /// The key signs elsewhere (rules S4, S5 of consensus).
    #[error(
        "our key signs elsewhere: {0} stands under it, and this node did not sign it. Another process holds the key: \
         stop that one for good before this one starts again, or the validator is slashed"
    )]
    Doppelganger(Vote),
    /// Two finalizations conflict: more than a third of the stake is faulty.
    #[error("two finalizations conflict: {} here and {} elsewhere", ours.vote, theirs.vote)]
    Conflict {
        /// Ours.
        ours: Box<Certificate>,
        /// The other.
        theirs: Box<Certificate>,
    },
    /// A final batch does not execute to what its header says: this node's execution differs from the network's.
    #[error("final batch {batch} is invalid here: {reason}")]
    FinalInvalid {
        /// The batch.
        batch: B256,
        /// What is wrong with it.
        reason: String,
    },
}
