//! What came of a run, and what a test expects of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::AddAssign,
};

use super::{facts::Violation, meter::Histogram, scenario::Scenario, story::NodeId};

/// What is counted in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events taken from the queue.
    pub events: u64,
    /// Virtual time of the run.
    pub virtual_ms: u64,
    /// The highest final height.
    pub heights: u64,
    /// Final batches told, all honest nodes together.
    pub finals: u64,
    /// Transactions in them, all honest nodes together.
    pub transactions: u64,
    /// Views entered, all honest nodes together.
    pub views: u64,
    /// Epochs that began after the first, skipped ones not counted, at the node that began most.
    pub epochs: u64,
    /// Epochs that nobody voted in, at the node that skipped most.
    pub skipped_epochs: u64,
    /// Closing batches that another node called final by the certificate of another view.
    pub closed_apart: u64,
    /// Messages sent, one for each receiver.
    pub messages: u64,
    /// Bytes sent in the production encoding.
    pub wire_bytes: u64,
    /// Messages dropped because too many bytes waited for a line.
    pub crowded_out: u64,
    /// From proposal to finality at each honest node, if it was measured.
    pub batch_ms: Histogram,
    /// From submission to finality at each honest node, if it was measured.
    pub transaction_ms: Histogram,
    /// Signatures made.
    pub signatures: u64,
    /// Crashes.
    pub crashes: u64,
    /// Nodes that stopped themselves.
    pub stops: u64,
    /// Writes and flushes of each node's disk.
    pub operations: BTreeMap<NodeId, u64>,
    /// Lengths of the writes to a guard's file that a crash cut short.
    pub torn: BTreeSet<u64>,
    /// Transactions that pools refused.
    pub unwanted: u64,
    /// Transactions of clients that were not final at the end.
    pub waiting: u64,
    /// Transactions that left pools without being final.
    pub dropped: u64,
    /// Votes that a guard refused.
    pub refused: u64,
    /// Starts after which a core held back votes (rule S3).
    pub held_back: u64,
    /// Starts in which a core learnt that its guard's record is an old copy (rule S3).
    pub old_records: u64,
    /// Inputs that a core refused.
    pub rejected: u64,
    /// Messages that did not verify.
    pub forged: u64,
    /// Requests for final batches.
    pub catch_ups: u64,
    /// What adversaries did against the rules.
    pub deeds: u64,
    /// Against whom honest nodes hold evidence.
    pub accused: BTreeSet<NodeId>,
    /// Which honest nodes keep evidence against whom.
    pub kept: BTreeSet<(NodeId, NodeId)>,
    /// Evidence that replicas refused, verified or not.
    pub accusations_refused: u64,
    /// Whom the certificates of all nodes together name, if two finalizations conflict.
    pub accountable: BTreeSet<NodeId>,
}

impl AddAssign<&Self> for Stats {
    /// Counts add up; epochs and heights too, so that a sum tells how many there were in all runs.
    fn add_assign(&mut self, other: &Self) {
        self.events += other.events;
        self.virtual_ms += other.virtual_ms;
        self.heights += other.heights;
        self.finals += other.finals;
        self.transactions += other.transactions;
        self.views += other.views;
        self.epochs += other.epochs;
        self.skipped_epochs += other.skipped_epochs;
        self.closed_apart += other.closed_apart;
        self.messages += other.messages;
        self.wire_bytes += other.wire_bytes;
        self.crowded_out += other.crowded_out;
        self.batch_ms += &other.batch_ms;
        self.transaction_ms += &other.transaction_ms;
        self.signatures += other.signatures;
        self.crashes += other.crashes;
        self.stops += other.stops;
        for (node, operations) in &other.operations {
            *self.operations.entry(*node).or_default() += operations;
        }
        self.torn.extend(&other.torn);
        self.unwanted += other.unwanted;
        self.waiting += other.waiting;
        self.dropped += other.dropped;
        self.refused += other.refused;
        self.held_back += other.held_back;
        self.old_records += other.old_records;
        self.rejected += other.rejected;
        self.forged += other.forged;
        self.catch_ups += other.catch_ups;
        self.deeds += other.deeds;
        self.accused.extend(&other.accused);
        self.kept.extend(&other.kept);
        self.accusations_refused += other.accusations_refused;
        self.accountable.extend(&other.accountable);
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} heights, {} final transactions told, {} epochs begun, {} crashes, {} stops, {} messages",
            self.heights, self.transactions, self.epochs, self.crashes, self.stops, self.messages
        )?;
        write!(f, " ({} bytes in production encoding), {} signatures", self.wire_bytes, self.signatures)?;
        write!(f, ", {} views entered, {} inputs refused", self.views, self.rejected)?;
        let Self { skipped_epochs, closed_apart, catch_ups, held_back, old_records, .. } = self;
        write!(f, ", {skipped_epochs} epochs skipped, {closed_apart} closed in another view")?;
        write!(f, ", {catch_ups} catch-ups, {held_back} held back, {old_records} old records")?;
        write!(f, ", {} s of virtual time, {} events", self.virtual_ms / 1_000, self.events)
    }
}

/// The end of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What was run.
    pub scenario: Scenario,
    /// What was counted.
    pub stats: Stats,
    /// The hash of everything that happened.
    pub trace_hash: u64,
    /// The first rule that did not hold.
    pub violation: Option<Violation>,
}

/// What a test expects besides that every rule held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Every rule held.
    Sound,
    /// Every rule held, and honest nodes hold evidence against this node.
    Slashed(NodeId),
    /// This checker saw a violation.
    Caught(&'static str),
}

/// Every rule holds.
#[must_use]
pub const fn sound() -> Expectation {
    Expectation::Sound
}

/// Honest nodes hold evidence against this node.
#[must_use]
pub const fn slashed(node: NodeId) -> Expectation {
    Expectation::Slashed(node)
}

/// The checker of this name sees a violation.
#[must_use]
pub const fn caught(checker: &'static str) -> Expectation {
    Expectation::Caught(checker)
}

impl Outcome {
    /// Compares with what is expected.
    ///
    /// # Panics
    /// If it differs, with the story.
    #[track_caller]
    pub fn expect(self, expected: Expectation) -> Self {
        let met = match expected {
            Expectation::Sound => self.violation.is_none(),
            Expectation::Slashed(node) => self.violation.is_none() && self.stats.accused.contains(&node),
            Expectation::Caught(checker) => self.violation.as_ref().is_some_and(|seen| seen.checker == checker),
        };
        // Told before: the run happens again for it, and a panic in it must not fall into another.
        let story = if met { String::new() } else { self.to_string() };
        assert!(met, "{expected:?} was expected\n{story}");
        self
    }
}

/// Lines of a story that a failing test prints; the whole of it comes from the command.
const LINES_SHOWN: usize = 120;

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (story, _) = self.scenario.clone().run_told();
        let first = story.len().saturating_sub(LINES_SHOWN);
        for line in story.iter().skip(first) {
            writeln!(f, "{line}")?;
        }
        writeln!(f, "seed {}, trace {:016x}", self.scenario.plan().seed, self.trace_hash)?;
        writeln!(f, "{}", self.stats)?;
        match &self.violation {
            None => writeln!(f, "every rule held")?,
            Some(violation) => writeln!(f, "VIOLATION of {violation}")?,
        }
        write!(f, "again: {}", self.scenario.again())
    }
}
