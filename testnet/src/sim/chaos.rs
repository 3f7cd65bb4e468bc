//! A scenario drawn from its seed.

use super::{
    adversaries,
    clocks::{Clock, DRIFT_PPM_MAX, Step},
    executor::ExecutionKind,
    l1::{L1Outage, L1Plan},
    links::{Bandwidth, Cut, LinkPlan, Way},
    plan::{Crash, DiskFault, FaultKind, Goal, Plan},
    queue::Time,
    random::Random,
    sets::Changes,
    story::NodeId,
};

/// Faults begin and end within this time.
const FAULTS_MS: u64 = 6_000;

/// A storm lasts so long.
const STORM_MS: u64 = 12_000;

/// Draws everything but the seed, and the number of nodes if it is not given.
pub fn draw(plan: &mut Plan, nodes: Option<usize>) {
    let random = &mut Random::of(plan.seed, 0);
    let drawn = *random.pick(&[1, 3, 4, 4, 4, 4, 4, 5, 6, 7]);
    draw_calm(plan, nodes.unwrap_or(drawn), random);
    cuts(plan, FAULTS_MS, random);
    crashes(plan, FAULTS_MS, random);
    disk_faults(plan, FAULTS_MS, random);
    surroundings(plan, FAULTS_MS);
    plan.goal = Goal::Finalized(random.within(20..=45));
}

/// The same with faults that never end.
pub fn draw_storm(plan: &mut Plan, nodes: Option<usize>) {
    let random = &mut Random::of(plan.seed, 100);
    let drawn = *random.pick(&[3, 4, 4, 4, 5, 7]);
    draw_calm(plan, nodes.unwrap_or(drawn), random);
    for _ in 0..4 {
        cuts(plan, STORM_MS, random);
        crashes(plan, STORM_MS, random);
        disk_faults(plan, STORM_MS, random);
    }
    surroundings(plan, STORM_MS);
    plan.links.rest_loss_permille = plan.links.loss_permille;
    plan.goal = Goal::After(Time::from_ms(STORM_MS));
}

/// Everything but partitions and crashes.
fn draw_calm(plan: &mut Plan, nodes: usize, random: &mut Random) {
    plan.stakes = stakes(nodes, random);
    plan.changing = if random.chance(700) { Changes::Stakes } else { Changes::None };
    plan.settings.wire = random.chance(250);
    plan.settings.flush_us = *random.pick(&[0, 0, 500, 5_000]);
    if random.chance(30) {
        plan.settings.execution = ExecutionKind::Evm;
    }
    plan.settings.execution_us = *random.pick(&[0, 1_000, 20_000]);
    plan.settings.times.origin_settle_ms = random.within(0..=600);
    plan.settings.times.heartbeat_ms = random.within(2_000..=10_000);
    plan.settings.config.timings.view_timeout_ms = random.within(400..=900);
    plan.settings.config.timings.view_timeout_cap_ms = random.within(2_000..=6_000);
    plan.settings.config.timings.retry_ms = random.within(200..=500);
    plan.settings.config.timings.batch_interval_ms = random.within(20..=150);
    faulty(plan, random);
    links(plan, random);
    plan.clocks = (0..nodes).map(|_| Clock::ahead(random.below(1_500).cast_signed())).collect();
    plan.l1 = L1Plan { interval_ms: random.within(250..=1_200), epoch_blocks: random.within(4..=8) };
    plan.l1_lags_ms = (0..nodes).map(|_| random.below(400)).collect();
    if let Some(lag) = plan.l1_lags_ms.first_mut().filter(|_| random.chance(200)) {
        *lag = 2_000;
    }
    work(plan, random);
}

/// Clocks, lines and L1. They have a stream of their own, so that the rest of a seed's plan does not depend on them.
fn surroundings(plan: &mut Plan, until_ms: u64) {
    let random = &mut Random::of(plan.seed, 200);
    for node in 0..plan.stakes.len() {
        let clock = plan.clock_mut(node);
        clock.ppm = random.below(2 * DRIFT_PPM_MAX.unsigned_abs() + 1).cast_signed() - DRIFT_PPM_MAX;
        if random.chance(100) {
            let by_ms = random.below(1_500).cast_signed() - clock.ahead_ms;
            clock.steps.push(Step { at: Time::from_ms(random.below(until_ms)), by_ms });
        }
    }
    if random.chance(100) {
        let bytes_s = random.within(1_000_000..=10_000_000);
        plan.links.bandwidth = Some(Bandwidth { up: bytes_s, down: bytes_s });
    }
    if random.chance(125) {
        let from = random.below(until_ms);
        let to = from + random.within(500..=8_000);
        let nodes = if random.chance(500) { Vec::new() } else { some(plan.stakes.len(), random) };
        plan.l1_outages.push(L1Outage { during: Time::from_ms(from)..Time::from_ms(to), nodes });
        if random.chance(500) {
            // More than the clock, the lag and the interval of anybody's L1 come to, and less than the longest outage.
            plan.settings.times.origin_age_max_s = 7;
        }
    }
}

/// Equal, unequal by chance, or one large.
fn stakes(nodes: usize, random: &mut Random) -> Vec<u64> {
    match random.below(3) {
        0 => vec![100; nodes],
        1 => (0..nodes).map(|_| random.within(20..=200)).collect(),
        _ => (0..nodes as u64).map(|node| 40 + 25 * node).collect(),
    }
}

/// Some break the rules, with less than a third of the stake together.
fn faulty(plan: &mut Plan, random: &mut Random) {
    let total: u64 = plan.stakes.iter().sum();
    let mut faulty = 0;
    for (node, stake) in plan.stakes.iter().enumerate() {
        if 3 * (faulty + stake) < total && random.chance(350) {
            plan.adversaries.insert(node, adversaries::drawn(random));
            faulty += stake;
        }
    }
}

/// In one seed of eight the disk of a node fails, and somebody mends it.
fn disk_faults(plan: &mut Plan, until_ms: u64, random: &mut Random) {
    if random.chance(125) {
        let node = random.index(plan.stakes.len());
        let at = Time::from_ms(random.below(until_ms));
        let kind = *random.pick(&[FaultKind::Full, FaultKind::Error]);
        plan.disk_faults.push(DiskFault { node, at, kind, mended_after_ms: Some(random.within(0..=2_500)) });
    }
}

fn links(plan: &mut Plan, random: &mut Random) {
    plan.links = LinkPlan {
        latency_us: random.within(200..=40_000),
        jitter_us: random.within(0..=60_000),
        loss_permille: *random.pick(&[0, 0, 20, 100, 250]),
        rest_loss_permille: *random.pick(&[0, 0, 10, 30]),
        duplicate_permille: *random.pick(&[0, 20, 100]),
        ordered: random.chance(500),
        bandwidth: None,
    };
    plan.lossy_until = Time::from_ms(FAULTS_MS);
}

fn cuts(plan: &mut Plan, until_ms: u64, random: &mut Random) {
    for _ in 0..random.below(4) {
        let from = random.below(until_ms);
        let to = (from + random.within(300..=3_000)).min(until_ms);
        let side = some(plan.stakes.len(), random);
        let way = *random.pick(&[Way::Both, Way::Both, Way::Out, Way::In]);
        plan.cuts.push(Cut { during: Time::from_ms(from)..Time::from_ms(to), side, way });
    }
}

/// Single crashes, and sometimes everybody at about the same time.
fn crashes(plan: &mut Plan, until_ms: u64, random: &mut Random) {
    for _ in 0..random.below(6) {
        let node = random.index(plan.stakes.len());
        let at = Time::from_ms(random.below(until_ms));
        plan.crashes.push(Crash { at, node, fuse: random.below(24), down_ms: random.within(0..=2_500) });
    }
    if random.chance(200) {
        let at = random.below(until_ms);
        for node in 0..plan.stakes.len() {
            let at = Time::from_ms(at + random.below(60));
            plan.crashes.push(Crash { at, node, fuse: random.below(12), down_ms: random.within(100..=1_500) });
        }
    }
}

fn work(plan: &mut Plan, random: &mut Random) {
    plan.work.interval_ms = random.within(20..=250);
    for _ in 0..random.below(3) {
        let from = random.below(FAULTS_MS);
        let to = from + random.within(500..=4_000);
        plan.work.pauses.push(Time::from_ms(from)..Time::from_ms(to));
    }
}

fn some(nodes: usize, random: &mut Random) -> Vec<NodeId> {
    let mut side: Vec<NodeId> = (0..nodes).filter(|_| random.chance(400)).collect();
    if side.is_empty() {
        side.push(random.index(nodes));
    }
    side
}
