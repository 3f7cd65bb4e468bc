//! The shrinker: of a plan that breaks a rule it finds a smaller one that breaks the same rule (rule D17).
//!
//! Delta debugging by complements, as in Zeller and Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*
//! (IEEE Transactions on Software Engineering 28, 2002): halves of what a plan has beyond the usual are left out, then
//! quarters, down to single parts, as long as the same checker fires. What comes after the failure goes first, nodes in
//! between, until nothing can go or the runs are used up. Runs decide alone, so that it always finds the same.

use std::fmt;

use super::{
    clocks::Clock,
    executor::ExecutionKind,
    facts::Violation,
    keys::Crypto,
    plan::{Plan, seconds},
    scenario::Scenario,
    sets::Changes,
    story::NodeId,
    words::FIELDS,
};

/// What is left of a scenario.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest that was found.
    pub scenario: Scenario,
    /// What it breaks.
    pub violation: Violation,
    /// What was left out, in order.
    pub removed: Vec<String>,
    /// Runs that it took.
    pub runs: usize,
}

impl fmt::Display for Shrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} runs; left out: {}", self.runs, self.removed.join(", "))?;
        writeln!(f, "{}", self.violation)?;
        writeln!(f, "{}", self.scenario.plan().words())?;
        write!(f, "    .expect(caught({:?}));", self.violation.checker)
    }
}

/// Makes a scenario smaller that breaks a rule, in no more runs than this; nothing if it breaks none.
#[must_use]
pub fn shrink(scenario: &Scenario, runs_max: usize) -> Option<Shrunk> {
    let violation = scenario.clone().run().violation?;
    let mut search = Search { plan: scenario.plan().clone(), violation, removed: Vec::new(), runs: 1, runs_max };
    loop {
        let before = search.removed.len();
        search.end_soon();
        search.leave_out_parts();
        search.leave_out_nodes();
        if search.removed.len() == before || search.runs >= runs_max {
            break;
        }
    }
    let Search { plan, violation, removed, runs, .. } = search;
    Some(Shrunk { scenario: Scenario::of(plan), violation, removed, runs })
}

/// The stake of everybody who has one, where stakes do not matter.
const EQUAL_STAKE: u64 = 25;

/// Something that a plan can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Adversary(NodeId),
    Twin(usize),
    Crash(usize),
    OperationCrash,
    Cut(usize),
    DiskFault(usize),
    Outage(usize),
    Lie(usize),
    Clock(NodeId),
    Pause(usize),
    Stakes,
    Leaders,
    Wire,
    Ed25519,
    Evm,
    /// A field by its number among [`FIELDS`].
    Field(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adversary(node) => write!(f, "adversary n{node}"),
            Self::Twin(number) => write!(f, "twin {number}"),
            Self::Crash(number) => write!(f, "crash {number}"),
            Self::OperationCrash => write!(f, "crash at an operation"),
            Self::Cut(number) => write!(f, "cut {number}"),
            Self::DiskFault(number) => write!(f, "disk fault {number}"),
            Self::Outage(number) => write!(f, "outage {number} of L1"),
            Self::Lie(number) => write!(f, "lie {number} of L1"),
            Self::Clock(node) => write!(f, "clock of n{node}"),
            Self::Pause(number) => write!(f, "pause {number}"),
            Self::Stakes => write!(f, "unequal stakes"),
            Self::Leaders => write!(f, "chosen leaders"),
            Self::Wire => write!(f, "wire"),
            Self::Ed25519 => write!(f, "ed25519"),
            Self::Evm => write!(f, "EVM"),
            Self::Field(number) => write!(f, "{}", FIELDS.get(*number).map_or("", |field| field.name)),
        }
    }
}

/// Everything that a plan could do without.
fn parts_of(plan: &Plan) -> Vec<Part> {
    let mut parts: Vec<Part> = plan.adversaries.keys().copied().map(Part::Adversary).collect();
    parts.extend((0..plan.twins.len()).map(Part::Twin));
    parts.extend((0..plan.crashes.len()).map(Part::Crash));
    parts.extend(plan.crash_at_operation.map(|_| Part::OperationCrash));
    parts.extend((0..plan.cuts.len()).map(Part::Cut));
    parts.extend((0..plan.disk_faults.len()).map(Part::DiskFault));
    parts.extend((0..plan.l1_outages.len()).map(Part::Outage));
    parts.extend((0..plan.l1_lies.len()).map(Part::Lie));
    let clocks = plan.clocks.iter().enumerate().filter(|(_, clock)| **clock != Clock::default());
    parts.extend(clocks.map(|(node, _)| Part::Clock(node)));
    parts.extend((0..plan.work.pauses.len()).map(Part::Pause));
    let flags = [
        (Part::Stakes, plan.stakes.iter().any(|stake| ![0, EQUAL_STAKE].contains(stake))),
        (Part::Leaders, plan.leaders.is_some()),
        (Part::Wire, plan.settings.wire),
        (Part::Ed25519, plan.crypto == Crypto::Ed25519),
        (Part::Evm, plan.settings.execution == ExecutionKind::Evm),
    ];
    parts.extend(flags.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part));
    let fields = FIELDS.iter().enumerate().filter(|(_, field)| field.is_unusual(plan));
    parts.extend(fields.map(|(number, _)| Part::Field(number)));
    parts
}

/// A plan without these parts.
fn without(plan: &Plan, parts: &[Part]) -> Plan {
    let mut left = plan.clone();
    let stays = |part: Part| !parts.contains(&part);
    left.adversaries.retain(|node, _| stays(Part::Adversary(*node)));
    keep(&mut left.twins, |number| stays(Part::Twin(number)));
    keep(&mut left.crashes, |number| stays(Part::Crash(number)));
    keep(&mut left.cuts, |number| stays(Part::Cut(number)));
    keep(&mut left.disk_faults, |number| stays(Part::DiskFault(number)));
    keep(&mut left.l1_outages, |number| stays(Part::Outage(number)));
    keep(&mut left.l1_lies, |number| stays(Part::Lie(number)));
    keep(&mut left.work.pauses, |number| stays(Part::Pause(number)));
    for part in parts {
        match part {
            Part::OperationCrash => left.crash_at_operation = None,
            Part::Clock(node) => *left.clock_mut(*node) = Clock::default(),
            Part::Stakes => left.stakes.iter_mut().filter(|stake| **stake > 0).for_each(|stake| *stake = EQUAL_STAKE),
            Part::Leaders => left.leaders = None,
            Part::Wire => left.settings.wire = false,
            Part::Ed25519 => left.crypto = Crypto::Table,
            Part::Evm => left.settings.execution = ExecutionKind::Ledger,
            Part::Field(number) => FIELDS.iter().skip(*number).take(1).for_each(|field| field.reset(&mut left)),
            Part::Adversary(_)
            | Part::Twin(_)
            | Part::Crash(_)
            | Part::Cut(_)
            | Part::DiskFault(_)
            | Part::Outage(_)
            | Part::Lie(_)
            | Part::Pause(_) => {}
        }
    }
    left
}

fn keep<T>(list: &mut Vec<T>, stays: impl Fn(usize) -> bool) {
    let mut number = 0..;
    list.retain(|_| number.next().is_none_or(&stays));
}

/// A plan without its last node; nothing if it cannot be without it.
fn without_last_node(plan: &Plan) -> Option<Plan> {
    // Twins, and second keys, are numbered after the others.
    let is_plain = plan.twins.is_empty() && plan.changing != Changes::StakesAndKeys;
    let last = plan.stakes.len().checked_sub(1).filter(|last| *last > 0 && is_plain)?;
    let mut left = plan.clone();
    left.stakes.truncate(last);
    left.clocks.truncate(last);
    left.l1_lags_ms.truncate(last);
    left.adversaries.remove(&last);
    left.crashes.retain(|crash| crash.node < last);
    left.disk_faults.retain(|fault| fault.node < last);
    left.l1_lies.retain(|lie| lie.node < last);
    for side in left.cuts.iter_mut().map(|cut| &mut cut.side) {
        side.retain(|node| *node < last);
    }
    left.cuts.retain(|cut| !cut.side.is_empty());
    // Nobody named would mean everybody.
    left.l1_outages.retain(|outage| outage.nodes.is_empty() || outage.nodes.iter().any(|node| *node < last));
    for nodes in left.l1_outages.iter_mut().map(|outage| &mut outage.nodes) {
        nodes.retain(|node| *node < last);
    }
    let leads = left.leaders.iter().flatten().any(|place| usize::from(place.number()) >= last);
    let crashes = left.crash_at_operation.is_some_and(|crash| crash.node >= last);
    (!leads && !crashes).then_some(left)
}

/// The smallest plan so far.
struct Search {
    plan: Plan,
    violation: Violation,
    removed: Vec<String>,
    runs: usize,
    runs_max: usize,
}

impl Search {
    /// Takes a plan if it breaks the same rule.
    fn takes(&mut self, plan: Plan, without: impl fmt::Display) -> bool {
        if self.runs >= self.runs_max {
            return false;
        }
        self.runs += 1;
        let Some(violation) = Scenario::of(plan.clone()).run().violation else { return false };
        let same = violation.checker == self.violation.checker;
        if same {
            (self.plan, self.violation) = (plan, violation);
            self.removed.push(without.to_string());
        }
        same
    }

    /// Complements of ever smaller pieces.
    fn leave_out_parts(&mut self) {
        let mut pieces = 1;
        loop {
            let parts = parts_of(&self.plan);
            if parts.is_empty() || self.runs >= self.runs_max {
                return;
            }
            let piece = parts.len().div_ceil(pieces).max(1);
            let names = |parts: &[Part]| parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let gone = parts.chunks(piece).any(|some| self.takes(without(&self.plan, some), names(some)));
            match (gone, piece) {
                (true, _) => pieces = pieces.saturating_sub(1).max(1),
                (false, 1) => return,
                (false, _) => pieces *= 2,
            }
        }
    }

    fn leave_out_nodes(&mut self) {
        while let Some(plan) = without_last_node(&self.plan) {
            let name = format!("n{}", plan.stakes.len());
            if !self.takes(plan, name) {
                return;
            }
        }
    }

    /// The end of the second in which the rule broke is the end of the run, so that no other run takes longer.
    fn end_soon(&mut self) {
        let goal = seconds(self.violation.at.0 / 1_000_000 + 1);
        if self.plan.goal != goal {
            self.takes(Plan { goal, ..self.plan.clone() }, "what comes after");
        }
    }
}
