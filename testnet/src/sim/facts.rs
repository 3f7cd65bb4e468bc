//! What checkers see, and what they say.

use std::fmt;

use alloy_primitives::B256;
use rota_proto::{Certificate, Round, Signers, Vote};

use super::{outcome::Stats, queue::Time, story::NodeId};

/// Something that happened at a node, in words that need no production type to be judged.
///
/// Whoever is named in a fact (a leader, the accused, a member, a signer by its place) is a *seat*: the number of the
/// node that the key was made for. An honest node's seat is its own number; twins share one.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "few are made, and each is moved once")]
pub enum Fact {
    /// The key of the node signed a vote, before or after any number of crashes.
    Signed(Vote),
    /// The node sent a message, to one or to many.
    Sent,
    /// The node proposed a batch, perhaps again.
    Proposed(B256),
    /// A client sent a transaction to the node, perhaps again.
    Submitted(B256),
    /// The guard refused what the core asked for, and not because it lies below the floor.
    Refused(Vote),
    /// The core says that its guard's record lacks a vote of its own that others know.
    OldRecord(Vote),
    /// The node tells its users that a batch is final.
    Final(FinalFact),
    /// A client sees its transaction final here, and asks no more.
    Receipt {
        /// The transaction.
        transaction: B256,
        /// The height that its receipt names.
        height: u64,
    },
    /// The node came back with this final batch: a new life begins.
    Restarted {
        /// Its height.
        height: u64,
        /// Its hash.
        batch: B256,
    },
    /// The node entered a round.
    Entered {
        /// The round.
        round: Round,
        /// Who leads it.
        leader: NodeId,
    },
    /// The node's replica has evidence against a seat, found by itself or heard of, that is to be kept and told.
    Accuses {
        /// Against whom.
        accused: NodeId,
        /// The epoch of both votes.
        epoch: u64,
        /// The view of both votes.
        view: u64,
        /// What they are: `two notarize`, `two finalize` or `nullify and finalize`.
        offence: &'static str,
    },
    /// Evidence against a seat is durable at the node: told when it is, and anew after each start.
    Kept {
        /// Against whom.
        accused: NodeId,
        /// The epoch of the offence.
        epoch: u64,
    },
    /// The core says that two finalizations conflict. Both were told as [`Certified`](Self::Certified) before.
    Conflict,
    /// The node keeps a certificate (`PersistCertificate`, `Commit`), or stops because of it (both certificates of
    /// `Halt::Conflict`): what accountability is judged by.
    Certified(Certificate),
    /// L1 told the node something else than L1 has.
    Deceived,
    /// The disk of the node refused to do something.
    DiskFailed,
    /// The node stopped itself, and stays so until it is started again: why, in the words of its error.
    Stopped {
        /// What kind of reason: `l1`, `conflict`, `final_invalid` or `disk`.
        kind: &'static str,
        /// The error.
        why: String,
    },
    /// The set that the node has for an epoch it begins: keys by node, with their powers.
    Set {
        /// The epoch.
        epoch: u64,
        /// Node and power of each validator, in order of place.
        members: Vec<(NodeId, u64)>,
        /// What L1 really says: the stakes of the epoch by node, 0 for who is no member.
        stakes: Vec<u64>,
    },
    /// What the node holds, each a name with a count, as `Replica::sizes` gives them: the checker of sizes knows a
    /// bound for every name.
    Sizes {
        /// Name and count of each queue and map.
        sizes: Vec<(&'static str, usize)>,
        /// Views between the current one and the last final one.
        unfinal_views: u64,
        /// The epoch of the newest L1 block that it has taken.
        l1_epoch: u64,
    },
    /// Time passes: told every second, with the number of clients' transactions that are not final everywhere.
    Tick {
        /// Transactions that clients sent and do not see final.
        waiting: usize,
    },
}

/// A final batch in plain words.
#[derive(Clone, Debug)]
pub struct FinalFact {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub batch: B256,
    /// Its parent's hash.
    pub parent: B256,
    /// Its epoch.
    pub epoch: u64,
    /// The root of the state after it, as this node's execution has it.
    pub state_root: B256,
    /// The root of the state after it, as its header says.
    pub header_state_root: B256,
    /// Hashes of its transactions, in order.
    pub transactions: Vec<B256>,
    /// Number and hash of its L1 origin.
    pub origin: (u64, B256),
    /// What L1 really has at that number: its hash and its Unix time; nothing if it has no such final block.
    pub l1: Option<(B256, u64)>,
    /// Its Unix time.
    pub timestamp: u64,
    /// Who signed the finalization it comes with, if it is the one named there.
    pub signers: Option<Signers>,
    /// The view of that finalization.
    pub view: u64,
    /// The stakes of its epoch by place.
    pub stakes: Vec<u64>,
}

/// Who and when.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// When.
    pub now: Time,
    /// The node it happened at.
    pub node: NodeId,
    /// Whether that node follows the rules, as far as its checkers know.
    pub honest: bool,
}

/// A rule that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The checker that saw it.
    pub checker: &'static str,
    /// When.
    pub at: Time,
    /// What it saw.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {}", self.checker, self.at.to_string().trim_start(), self.what)
    }
}

/// Restates one rule in plain numbers and watches it (rule D7).
pub trait Checker: fmt::Debug {
    /// Its name: that of its file.
    fn name(&self) -> &'static str;

    /// Takes note of a fact.
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String>;

    /// Adds to the figures of the run, at its end, what only this checker knows.
    fn sum_up(&self, _stats: &mut Stats) {}
}
