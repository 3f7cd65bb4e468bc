//! A plan in the words of the scenario language, to be pasted into a test.

use std::ops::Range;

use super::{
    conduct::Conduct,
    executor::ExecutionKind,
    keys::Crypto,
    plan::{Goal, Plan},
    queue::Time,
    scenario::Scenario,
};

impl Plan {
    /// What it says besides what [`Scenario::seed`] says anyhow, one word a line.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = vec![format!("Scenario::seed({})", self.seed)];
        self.say_nodes(&mut words);
        self.say_faults(&mut words);
        self.say_l1(&mut words);
        words.extend(self.work.pauses.iter().filter_map(|pause| Some(format!(".pause({})", seconds(pause)?))));
        words.extend(Some(".on_the_wire()".to_owned()).filter(|_| self.settings.wire));
        words.extend(Some(".with_ed25519()".to_owned()).filter(|_| self.crypto == Crypto::Ed25519));
        words.extend(Some(".with_evm()".to_owned()).filter(|_| self.settings.execution == ExecutionKind::Evm));
        if !self.watched_by.is_empty() {
            words.push(format!(".watched_by({:?})", self.watched_by));
        }
        let changes = self.changes();
        if !changes.is_empty() {
            words.push(format!(".with(|plan| {{\n        {}\n    }})", changes.join("\n        ")));
        }
        words.push(match self.goal {
            Goal::Finalized(height) => format!(".run_until(finalized({height}))"),
            Goal::After(end) if end.0.is_multiple_of(1_000_000) => {
                format!(".run_until(seconds({}))", end.0 / 1_000_000)
            }
            Goal::After(end) => format!(".run_until(Goal::After({}))", time(end)),
        });
        words.join("\n    ")
    }

    fn say_nodes(&self, words: &mut Vec<String>) {
        if self.stakes != Scenario::seed(self.seed).plan().stakes {
            words.push(format!(".stake({:?})", self.stakes));
        }
        words.extend(self.twins.iter().map(|node| format!(".twin({node})")));
        let adversaries = self.adversaries.iter();
        words.extend(adversaries.map(|(node, conduct)| format!(".adversary({node}, {})", conduct.words())));
        words.extend(self.bug.iter().map(|bug| format!(".plant({})", bug.words())));
        if let Some(leaders) = &self.leaders {
            let leaders: Vec<u8> = leaders.iter().map(|place| place.number()).collect();
            words.push(format!(".leaders({leaders:?})"));
        }
    }

    fn say_faults(&self, words: &mut Vec<String>) {
        let cuts = self.cuts.iter().filter_map(|cut| Some((seconds(&cut.during)?, cut)));
        words.extend(cuts.map(|(during, cut)| format!(".cut({during}, {:?}, Way::{:?})", cut.side, cut.way)));
        for crash in &self.crashes {
            let (at_ms, node) = (crash.at.as_ms(), crash.node);
            words.push(format!(".crash({at_ms}, {node}, {}, {})", crash.fuse, crash.down_ms));
        }
        if let Some(crash) = self.crash_at_operation {
            words.push(format!(".crash_at_operation({}, {}, {})", crash.node, crash.operation, crash.down_ms));
        }
        for (node, clock) in self.clocks.iter().enumerate() {
            if (clock.ahead_ms, clock.ppm) != (0, 0) {
                words.push(format!(".clock({node}, {}, {})", clock.ahead_ms, clock.ppm));
            }
            let steps = clock.steps.iter();
            words.extend(steps.map(|step| format!(".clock_is_set({}, {node}, {})", step.at.as_ms(), step.by_ms)));
        }
    }

    fn say_l1(&self, words: &mut Vec<String>) {
        let outages = self.l1_outages.iter().filter_map(|outage| Some((seconds(&outage.during)?, &outage.nodes)));
        words.extend(outages.map(|(during, nodes)| format!(".l1_outage({during}, {nodes:?})")));
        let lies = self.l1_lies.iter();
        words.extend(lies.map(|lie| {
            format!(".l1_lies({}, {}, Falsehood::{:?})", lie.at.as_ms().div_ceil(1_000), lie.node, lie.what)
        }));
    }

    /// What has no word of its own, as statements.
    fn changes(&self) -> Vec<String> {
        let mut said: Vec<String> = FIELDS.iter().filter_map(|field| field.statement(self)).collect();
        let pauses = self.work.pauses.iter().filter(|pause| seconds(pause).is_none());
        said.extend(pauses.map(|pause| format!("plan.work.pauses.push({});", times(pause))));
        for cut in self.cuts.iter().filter(|cut| seconds(&cut.during).is_none()) {
            let (during, side, way) = (times(&cut.during), &cut.side, cut.way);
            said.push(format!("plan.cuts.push(Cut {{ during: {during}, side: vec!{side:?}, way: Way::{way:?} }});"));
        }
        for outage in self.l1_outages.iter().filter(|outage| seconds(&outage.during).is_none()) {
            let (during, nodes) = (times(&outage.during), &outage.nodes);
            said.push(format!("plan.l1_outages.push(L1Outage {{ during: {during}, nodes: vec!{nodes:?} }});"));
        }
        for fault in &self.disk_faults {
            let (node, at, kind, mended) = (fault.node, time(fault.at), fault.kind, fault.mended_after_ms);
            said.push(format!(
                "plan.disk_faults.push(DiskFault {{ node: {node}, at: {at}, kind: FaultKind::{kind:?}, \
                 mended_after_ms: {mended:?} }});"
            ));
        }
        said
    }
}

/// A field of a plan for which the language has no word.
#[derive(Debug)]
pub struct Field {
    /// Its path.
    pub name: &'static str,
    show: fn(&Plan) -> String,
    copy: fn(&mut Plan, &Plan),
}

impl Field {
    /// Whether a plan has something unusual there.
    #[must_use]
    pub fn is_unusual(&self, plan: &Plan) -> bool {
        (self.show)(plan) != (self.show)(Scenario::seed(plan.seed).plan())
    }

    /// What is usual there.
    pub fn reset(&self, plan: &mut Plan) {
        (self.copy)(plan, Scenario::seed(plan.seed).plan());
    }

    fn statement(&self, plan: &Plan) -> Option<String> {
        let value = || (self.show)(plan).replace('[', "vec![");
        self.is_unusual(plan).then(|| format!("plan.{} = {};", self.name, value()))
    }
}

macro_rules! fields {
    ($($first:ident $(.$next:ident)* $(as $kind:ident)?),+ $(,)?) => {
        [$(Field {
            name: concat!(stringify!($first) $(, ".", stringify!($next))*),
            show: |plan| format!(concat!($(stringify!($kind), "::",)? "{:?}"), plan.$first$(.$next)*),
            copy: |plan, from| plan.$first$(.$next)*.clone_from(&from.$first$(.$next)*),
        }),+]
    };
}

/// All of them.
pub static FIELDS: &[Field] = &fields![
    changing as Changes,
    l1.interval_ms,
    l1.epoch_blocks,
    l1_lags_ms,
    listens_ms,
    links.latency_us,
    links.jitter_us,
    links.loss_permille,
    links.rest_loss_permille,
    links.duplicate_permille,
    links.ordered,
    links.bandwidth,
    distances,
    lossy_until,
    tear,
    work.interval_ms,
    settings.flush_us,
    settings.execution_us,
    settings.times.origin_settle_ms,
    settings.times.heartbeat_ms,
    settings.times.trailer_ms,
    settings.times.cheap_interval_ms,
    settings.times.origin_age_max_s,
    settings.times.epoch_lag_max,
    settings.times.clock_ahead_ms,
    settings.config.timings.view_timeout_ms,
    settings.config.timings.view_timeout_cap_ms,
    settings.config.timings.retry_ms,
    settings.config.timings.batch_interval_ms,
    settings.config.limits,
];

/// How a conduct is made, if its file says nothing else: a unit, or the default.
#[must_use]
pub fn of_conduct(conduct: &dyn Conduct) -> String {
    let shown = format!("{conduct:?}");
    match shown.split_once([' ', '(']) {
        None => shown,
        Some((name, _)) => format!("{name}::default()"),
    }
}

/// A range of whole seconds.
fn seconds(during: &Range<Time>) -> Option<String> {
    let whole = |time: Time| time.0.is_multiple_of(1_000_000).then_some(time.0 / 1_000_000);
    Some(format!("{}..{}", whole(during.start)?, whole(during.end)?))
}

fn times(during: &Range<Time>) -> String {
    format!("{}..{}", time(during.start), time(during.end))
}

fn time(time: Time) -> String {
    if time.0.is_multiple_of(1_000) { format!("Time::from_ms({})", time.as_ms()) } else { format!("Time({})", time.0) }
}
