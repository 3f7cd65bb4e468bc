//! What goes into the state machine and what comes out.

use std::{collections::BTreeSet, sync::Arc};

use alloy_primitives::B256;
use rota_proto::{
    BatchHeader, Certificate, ConsensusKey, Epoch, Fetch, Height, Justification, Message, Place, Proposal, Round,
    SignedVote, Signers, ValidatorSet, Verified, View, Vote,
};

use crate::LeaderSchedule;

/// An epoch as the rules need it.
#[derive(Clone, Debug)]
pub struct EpochContext {
    /// Who may vote.
    pub set: Arc<ValidatorSet>,
    /// Who leads when.
    pub leaders: LeaderSchedule,
}

impl EpochContext {
    /// Who leads a view of the epoch (rule L1).
    #[must_use]
    pub fn leader(&self, view: View) -> Place {
        self.leaders.leader(&self.set, view)
    }
}

/// Something that happened. All signatures in it were verified; the clock, the disk, the network, the keys and the
/// EVM are behind it.
#[derive(Clone, Debug)]
pub enum Input {
    /// The node starts, or starts again: what was durable (rule S1).
    Started(Box<Durable>),
    /// A vote.
    Vote(Verified<SignedVote>),
    /// A certificate.
    Certificate(Verified<Certificate>),
    /// A proposal with its justification.
    Proposal(Box<Verified<Proposal>>),
    /// The header of a batch we asked for; its hash is all the proof it needs.
    Header(Box<BatchHeader>),
    /// The body of this batch is here, and hashes to what its header says.
    Body(B256),
    /// The batch we asked to be built. It is valid and its body is here.
    Built {
        /// The round it was built for.
        round: Round,
        /// Its header.
        header: Box<BatchHeader>,
    },
    /// Whether a batch that we asked to be checked is valid. Waiting (for a clock, an L1 block) is no answer.
    Checked {
        /// The batch.
        batch: B256,
        /// Whether it is.
        valid: bool,
    },
    /// Our own vote, durable in the guard's record and signed.
    Signed(Verified<SignedVote>),
    /// A timer ran out.
    Timer(Timer),
    /// Whether the host has work: a waiting transaction, an L1 origin to bring in, a heartbeat (rule I1).
    Work(bool),
    /// A peer asks for a certificate or proposal.
    Fetch {
        /// Who asks.
        from: ConsensusKey,
        /// What.
        fetch: Fetch,
    },
    /// A starting validator asks where we are.
    RoundQuery(ConsensusKey),
    /// A validator tells us where it is and what we voted (rule S2).
    RoundAnswer {
        /// Its place in the set of our epoch.
        from: Place,
        /// The certificate by which it entered its view, the only proof of where it is; none in view 1.
        entered_by: Option<Verified<Certificate>>,
        /// Our own votes as it saw them.
        votes: Vec<Verified<SignedVote>>,
    },
    /// The set and the leaders of the epoch that the closing batch opens (rule E3).
    Epoch(EpochContext),
}

/// What a restart begins with.
#[derive(Clone, Debug, Default)]
pub struct Durable {
    /// Certificates of this epoch, in any order.
    pub certificates: Vec<Verified<Certificate>>,
    /// Proposals that we voted for, or headers we keep, of batches that are not final, parents first.
    pub proposals: Vec<Candidate>,
    /// Our own votes in this epoch, from the guard's record.
    pub votes: Vec<Verified<SignedVote>>,
    /// What else the guard's record says.
    pub record: GuardRecord,
    /// Whether to ask the others before voting (rule S2). Only a network that begins does not.
    pub ask: bool,
    /// For how long, in milliseconds, to listen whether our key signs elsewhere before voting (rule S4); 0 for not at
    /// all. A node that listens stops also later if its key does (rule S5).
    pub listen_ms: u64,
}

/// The guard's record as a start finds it, of all epochs (rules S2, S3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardRecord {
    /// Below it nothing is signed.
    pub floor: Round,
    /// Below it nothing but nullify votes is signed.
    pub resume: Round,
    /// Every vote that it holds.
    pub votes: BTreeSet<Vote>,
}

impl GuardRecord {
    /// The highest round that it knows of.
    #[must_use]
    pub fn highest(&self) -> Round {
        self.votes.last().map_or(self.floor, |vote| vote.round.max(self.floor))
    }
}

/// A batch proposed in a round, as far as it must be durable before we vote for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The round it is proposed in.
    pub round: Round,
    /// Its header.
    pub header: BatchHeader,
    /// Why it may stand there.
    pub justification: Justification,
}

/// Something the host must do, in the order given. A crash may fall between any two.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "few are made, and each is moved once")]
pub enum Output {
    /// Make this durable before any later effect.
    Persist(Record),
    /// Ask the guard, then sign; the answer is [`Input::Signed`], or none.
    Sign(Vote),
    /// Send to every other validator of the epoch, and gossip.
    Broadcast(Message),
    /// Send the body of this batch to every other validator of the epoch.
    BroadcastBody(B256),
    /// Send to one validator.
    Send {
        /// Whom.
        to: ConsensusKey,
        /// What.
        message: Message,
    },
    /// Start a timer; an earlier one of the same kind is forgotten.
    SetTimer {
        /// Which.
        timer: Timer,
        /// When it runs out, from now.
        after_ms: u64,
    },
    /// Forget the timer of the view.
    CancelViewTimer,
    /// Build a batch; the answer is [`Input::Built`], or none.
    Build(BuildRequest),
    /// Execute a batch and compare; the answer is [`Input::Checked`]. Its body and its ancestors' are here.
    Check {
        /// The batch.
        batch: B256,
        /// Who proposes it for the first time: its fee recipient must be the beneficiary. None if it was notarized.
        proposer: Option<Place>,
    },
    /// Ask peers for a missing piece.
    Fetch(Fetch),
    /// Send the transactions that wait to every validator: we are about to nullify for their sake (rule I4).
    ShareWork,
    /// A batch is notarized and its header known: its transactions may be hidden.
    Notarized(B256),
    /// These batches are final, in rising order; the certificate is of the last. It was persisted before.
    Finalized {
        /// The finalization.
        certificate: Verified<Certificate>,
        /// Hashes, in rising order of height.
        batches: Vec<B256>,
    },
    /// The final batch closes the epoch (rule E2); the answer is [`Input::Epoch`].
    EpochClosed {
        /// The epoch that ends.
        epoch: Epoch,
        /// The epoch of the closing batch's origin.
        next: Epoch,
    },
    /// The guard's record may be an old copy (rule S3): make durable that it refuses every vote below `floor`, and
    /// all but nullify votes below `resume`.
    HoldBack {
        /// Below it nothing is signed.
        floor: Round,
        /// Below it nothing but nullify votes is signed.
        resume: Round,
    },
    /// The guard's record is an old copy, or the key signs elsewhere too: this vote of ours is known to others and
    /// not to the record (rule S3). Nothing is signed until others with a quorum of the power have answered; tell the
    /// operator.
    OldRecord(Vote),
    /// The key signs elsewhere: this vote of ours is no lost one, and we did not sign it (rules S4, S5). Stop.
    Doppelganger(Vote),
    /// Two finalizations conflict: more than a third of the stake is faulty. Stop and bring the guilty to court.
    Conflict {
        /// What is final here.
        ours: Verified<Certificate>,
        /// What was shown to us.
        theirs: Verified<Certificate>,
    },
}

/// What must be durable.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "few are made, and each is moved once")]
pub enum Record {
    /// Header, body and justification of a batch, before our vote for it.
    Candidate(Candidate),
    /// A certificate; every one is kept for the evidence window.
    Certificate(Verified<Certificate>),
}

/// What a batch is to be built on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildRequest {
    /// The round we lead.
    pub round: Round,
    /// The parent.
    pub parent: B256,
    /// The view of the parent's notarization; 0 where it opens the epoch.
    pub parent_view: View,
    /// Who notarized it there.
    pub parent_signers: Signers,
}

/// The timers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// The view has lasted too long (rule T1).
    View(Round),
    /// Say it again (rule R1).
    Retry,
    /// The next batch may be proposed (rule P5).
    Pace,
    /// We have listened long enough (rule S4).
    Listen,
}

/// Why an input changes nothing. None of these is a fault of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// It belongs to an epoch that is over.
    #[error("a message of epoch {message} came in epoch {ours}")]
    PastEpoch {
        /// Its epoch.
        message: Epoch,
        /// Ours.
        ours: Epoch,
    },
    /// It belongs to an epoch we have not reached: catch up.
    #[error("a message of epoch {message} came while we are in epoch {ours}")]
    FutureEpoch {
        /// Its epoch.
        message: Epoch,
        /// Ours.
        ours: Epoch,
    },
    /// Its view lies at or below the last final one.
    #[error("view {view} is not above the final view {finalized}")]
    Stale {
        /// Its view.
        view: View,
        /// The last final view.
        finalized: View,
    },
    /// A vote too far ahead of our view.
    #[error("view {view} is more than {limit} views ahead of view {ours}")]
    FarFuture {
        /// Its view.
        view: View,
        /// Ours.
        ours: View,
        /// `views_ahead`.
        limit: u64,
    },
    /// We have it.
    #[error("already known")]
    Known,
    /// The signer said something else of this kind in this round; the slasher has seen both.
    #[error("place {place} already voted otherwise in round {round}")]
    Conflicting {
        /// The signer.
        place: Place,
        /// The round.
        round: Round,
    },
    /// A proposal by somebody who does not lead its view.
    #[error("place {place} proposes in round {round}, which place {leader} leads")]
    NotLeader {
        /// The signer.
        place: Place,
        /// The round.
        round: Round,
        /// The leader.
        leader: Place,
    },
    /// A leader's third proposal in one view; two are evidence enough.
    #[error("two proposals of round {0} are known already")]
    TooManyProposals(Round),
    /// A batch justified by its own notarization that does not close the epoch (rule E4): the justification is
    /// false, which is no fault of the leader.
    #[error("batch {0} does not close its epoch and cannot be its own parent")]
    NotClosing(B256),
    /// Nobody asked for it.
    #[error("batch {0} is not wanted")]
    NotWanted(B256),
    /// A body that is not the one its header commits to: whoever sent it made it up.
    #[error("the body does not belong to batch {0}")]
    WrongBody(B256),
    /// An answer to a question that is no longer open.
    #[error("an answer about round {answer} came too late in round {ours}")]
    LateAnswer {
        /// What it is about.
        answer: Round,
        /// Where we are.
        ours: Round,
    },
    /// A timer of a view that was left.
    #[error("an old timer")]
    OldTimer,
    /// The piece that a peer asks for is not here.
    #[error("not here")]
    NotHere,
    /// The epoch is closed; the next one's set is awaited.
    #[error("epoch {0} is closed")]
    EpochClosed(Epoch),
    /// The program begins an epoch that does not follow.
    #[error("epoch {offered} was offered where {} is awaited", or_none(.expected.as_ref()))]
    WrongEpoch {
        /// What was offered.
        offered: Epoch,
        /// What the closing batch opens, if one is final.
        expected: Option<Epoch>,
    },
}

impl Rejected {
    /// Its name, for metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::PastEpoch { .. } => "past-epoch",
            Self::FutureEpoch { .. } => "future-epoch",
            Self::Stale { .. } => "stale",
            Self::FarFuture { .. } => "far-future",
            Self::Known => "known",
            Self::Conflicting { .. } => "conflicting",
            Self::NotLeader { .. } => "not-leader",
            Self::TooManyProposals(_) => "too-many-proposals",
            Self::NotClosing(_) => "not-closing",
            Self::NotWanted(_) => "not-wanted",
            Self::WrongBody(_) => "wrong-body",
            Self::LateAnswer { .. } => "late-answer",
            Self::OldTimer => "old-timer",
            Self::NotHere => "not-here",
            Self::EpochClosed(_) => "epoch-closed",
            Self::WrongEpoch { .. } => "wrong-epoch",
        }
    }
}

/// Where the state machine begins: the batch that opens the epoch, final by definition.
#[derive(Clone, Debug)]
pub struct Anchor {
    /// The batch the epoch opens on: genesis or the closing batch of an earlier epoch.
    pub opening: BatchHeader,
    /// The last final batch of the epoch, or the opening batch again.
    pub head: BatchHeader,
    /// The view in which `head` is final; 0 for the opening batch.
    pub view: View,
}

impl Anchor {
    /// The height of the head.
    #[must_use]
    pub const fn height(&self) -> Height {
        self.head.height()
    }
}

fn or_none(epoch: Option<&Epoch>) -> String {
    epoch.map_or_else(|| "none".to_owned(), ToString::to_string)
}
