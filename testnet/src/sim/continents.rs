//! A hundred validators with unequal stakes over five continents, and the least that physics lets finality take.

use std::fmt::Write;

use super::{
    adversaries::Silent,
    l1::L1Plan,
    links::{Bandwidth, Distances, LinkPlan},
    meter::Histogram,
    outcome::Outcome,
    plan::Goal,
    scenario::Scenario,
};

/// Where the validators are.
pub const REGIONS: [&str; 10] =
    ["Dallas", "Toronto", "Washington", "Frankfurt", "London", "Madrid", "Osaka", "Sydney", "Tokyo", "Sao Paulo"];

/// Milliseconds from region to region and back: the averages of 28 September to 27 October 2024 in *Network latency* of
/// the documentation of IBM Cloud VPC (repository `ibm-cloud-docs/vpc`, `_include-segments/network-latency.md`). The
/// page says latency and means round trips: Washington to London alone takes light in glass 30 ms one way. Within a
/// region 2 ms stand here, the page's figure between zones.
const ROUND_TRIPS_MS: [[u64; 10]; 10] = [
    [2, 34, 31, 123, 113, 119, 150, 185, 141, 144],
    [34, 2, 19, 93, 84, 108, 169, 214, 162, 131],
    [31, 19, 2, 90, 76, 89, 175, 213, 169, 119],
    [123, 92, 92, 2, 13, 29, 232, 250, 231, 197],
    [114, 84, 76, 13, 2, 27, 244, 261, 242, 188],
    [119, 107, 90, 29, 27, 2, 259, 275, 255, 207],
    [150, 171, 176, 234, 245, 259, 2, 122, 9, 292],
    [184, 214, 214, 250, 261, 275, 122, 2, 115, 328],
    [143, 164, 167, 231, 243, 257, 9, 115, 2, 283],
    [144, 131, 119, 198, 188, 206, 291, 327, 287, 2],
];

/// 100 Mbit/s, each way.
const LINE_BYTES_S: u64 = 12_500_000;

/// The stake of the first validator; the one of rank `k` has a `k`-th of it (Zipf's law). Of a hundred the first has
/// 19 %: less than a third, so that no validator alone can stop the others.
const FIRST_STAKE: u64 = 1_000_000;

/// A network of this kind.
#[derive(Clone, Debug)]
pub struct Globe {
    stakes: Vec<u64>,
    distances: Distances,
    silent: Vec<usize>,
}

impl Globe {
    /// So many validators, in turn over the regions, all at work.
    #[must_use]
    pub fn of(validators: usize) -> Self {
        let half_us = |row: &[u64; 10]| row.iter().map(|ms| ms * 500).collect();
        let distances = Distances {
            sites: (0..validators).map(|rank| rank % REGIONS.len()).collect(),
            one_way_us: ROUND_TRIPS_MS.iter().map(half_us).collect(),
        };
        Self { stakes: (1..=validators as u64).map(|rank| FIRST_STAKE / rank).collect(), distances, silent: Vec::new() }
    }

    /// The same with as much of the stake silent as may be: the largest validators that together have less than a
    /// third.
    #[must_use]
    pub fn with_a_third_silent(mut self) -> Self {
        let total: u64 = self.stakes.iter().sum();
        let mut silent = 0;
        for (rank, stake) in self.stakes.iter().enumerate() {
            if 3 * (silent + stake) < total {
                silent += stake;
                self.silent.push(rank);
            }
        }
        self
    }

    /// Hundredths of a percent of the stake that are silent.
    #[must_use]
    pub fn silent_bps(&self) -> u64 {
        let silent: u64 = self.silent.iter().filter_map(|rank| self.stakes.get(*rank)).sum();
        silent * 10_000 / self.stakes.iter().sum::<u64>()
    }

    /// A run up to a height: disks flush within 2 ms, batches are executed within 5 ms, L1 has a block every 12 s.
    #[must_use]
    pub fn scenario(&self, seed: u64, height: u64) -> Scenario {
        let silent = self.silent.iter().fold(Scenario::seed(seed), |all, rank| all.adversary(*rank, Silent::default()));
        silent.stake(self.stakes.clone()).with(|plan| {
            let bandwidth = Some(Bandwidth { up: LINE_BYTES_S, down: LINE_BYTES_S });
            plan.links = LinkPlan { jitter_us: 2_000, bandwidth, ..LinkPlan::CALM };
            plan.distances = Some(self.distances.clone());
            plan.l1 = L1Plan { interval_ms: 12_000, epoch_blocks: 300 };
            plan.work.interval_ms = 20;
            plan.measured = true;
            let settings = &mut plan.settings;
            (settings.flush_us, settings.execution_us) = (2_000, 5_000);
            let timings = &mut settings.config.timings;
            (timings.view_timeout_ms, timings.view_timeout_cap_ms) = (3_000, 15_000);
            (timings.retry_ms, timings.batch_interval_ms) = (1_000, 100);
            plan.goal = Goal::Finalized(height);
        })
    }

    /// What three hops take at the least, without any work: the proposal goes to everybody, everybody waits for
    /// notarize votes of a quorum, and then for finalize votes of a quorum. For each leader as often as it leads, and
    /// each node.
    #[must_use]
    pub fn three_hops_ms(&self) -> Histogram {
        let mut all = Histogram::default();
        let speakers: Vec<usize> = (0..self.stakes.len()).filter(|rank| !self.silent.contains(rank)).collect();
        for leader in &speakers {
            let heard: Vec<u64> = speakers.iter().map(|node| self.way_us(*leader, *node)).collect();
            let notarized = self.after_a_quorum(&speakers, &heard);
            for us in self.after_a_quorum(&speakers, &notarized) {
                all.add(us / 1_000, self.stakes.get(*leader).copied().unwrap_or(0));
            }
        }
        all
    }

    /// From a validator to another; to itself there is no way.
    fn way_us(&self, from: usize, to: usize) -> u64 {
        if from == to { 0 } else { self.distances.between(from, to) }
    }

    /// When each of the speakers has votes of more than two thirds of the stake, if they vote at these times.
    fn after_a_quorum(&self, speakers: &[usize], voted_us: &[u64]) -> Vec<u64> {
        let total: u64 = self.stakes.iter().sum();
        let arrivals = |node: &usize| {
            let votes = speakers.iter().zip(voted_us);
            let mut votes: Vec<(u64, u64)> = votes
                .map(|(from, us)| (us + self.way_us(*from, *node), self.stakes.get(*from).copied().unwrap_or(0)))
                .collect();
            votes.sort_unstable();
            let mut power = 0;
            let mut is_quorum = |stake: u64| {
                power += stake;
                3 * power > 2 * total
            };
            votes.into_iter().find(|(_, stake)| is_quorum(*stake)).map_or(u64::MAX, |(us, _)| us)
        };
        speakers.iter().map(arrivals).collect()
    }

    /// A row of the table, of a run of [`scenario`](Self::scenario).
    #[must_use]
    pub fn row(&self, outcome: &Outcome) -> String {
        let stats = &outcome.stats;
        let each = |count: u64| count / stats.heights.max(1) / (self.stakes.len() - self.silent.len()).max(1) as u64;
        let times = |of: &Histogram| format!("{} / {}", of.permille(500), of.permille(990));
        let silent = self.silent_bps();
        format!(
            "| {}.{:02} % | {} | {} | {} | {} | {} | {} |",
            silent / 100,
            silent % 100,
            stats.heights,
            times(&self.three_hops_ms()),
            times(&stats.batch_ms),
            times(&stats.transaction_ms),
            each(stats.messages),
            each(stats.wire_bytes),
        )
    }
}

/// The table of such runs, in Markdown.
///
/// # Errors
/// The outcome in which a rule did not hold.
pub fn table(validators: usize, seed: u64, height: u64) -> Result<String, Box<Outcome>> {
    let mut table = "| stake silent | batches | three hops, p50 / p99 ms | proposal to final, p50 / p99 ms \
                     | transaction to final, p50 / p99 ms | messages | bytes |\n|---|---|---|---|---|---|---|\n"
        .to_owned();
    for globe in [Globe::of(validators), Globe::of(validators).with_a_third_silent()] {
        let outcome = globe.scenario(seed, height).run();
        if outcome.violation.is_some() {
            return Err(Box::new(outcome));
        }
        let written = writeln!(table, "{}", globe.row(&outcome));
        written.expect("a text takes every line");
    }
    Ok(table)
}
