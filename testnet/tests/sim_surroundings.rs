//! What surrounds the nodes: narrow lines, clocks that drift and are set, an L1 that is away or lies; and the shrinker,
//! which leaves out of a failing plan what the failure does not need.

use rota_testnet::sim::{
    Falsehood, L1Plan, Scenario, adversaries::Silent, bugs::FinalizeAfterNullify, checkers::SAFETY, conduct::Conduct,
    continents, finalized, seconds, shrink, sound,
};

/// Rule D15.
#[test]
fn narrow_lines_hold_up_bodies_and_not_votes() {
    let wide = Scenario::seed(1).run_until(finalized(50)).expect(sound());
    let narrow = Scenario::seed(1).bandwidth(250_000).run_until(finalized(50)).expect(sound());
    assert!(narrow.stats.wire_bytes > 0 && wide.stats.wire_bytes == 0, "lengths matter on narrow lines only");
    assert_eq!(narrow.stats.crowded_out, 0);
    let (slow, fast) = (narrow.stats.virtual_ms, wide.stats.virtual_ms);
    assert!(slow > fast, "{slow} ms on narrow lines, {fast} ms on wide ones");
}

/// Rule D16: drift beyond that of any quartz, for ten minutes.
#[test]
fn clocks_that_drift_apart_hold_nobody_up() {
    let scenario = Scenario::seed(2).clock(0, 400, 500).clock(1, -300, -500).clock(2, 0, 500);
    let scenario = scenario.with(|plan| plan.work.interval_ms = 1_000);
    let outcome = scenario.run_until(seconds(600)).expect(sound());
    assert!(outcome.stats.heights > 500, "{}", outcome.stats);
}

/// Rule D16: NTP sets one clock back by a minute, and another forward by an hour.
#[test]
fn clocks_that_are_set_stop_nobody() {
    let scenario = Scenario::seed(3).clock_is_set(3_000, 1, -60_000).clock_is_set(4_000, 2, 3_600_000);
    // Who is an hour ahead builds what nobody else takes; a minute behind, it builds on and takes nothing new.
    let outcome = scenario.clock_is_set(9_000, 1, 60_000).clock_is_set(9_000, 2, -3_600_000);
    outcome.run_until(finalized(100)).expect(sound());
}

/// Rule D18: one node hears nothing of L1 for long.
#[test]
fn node_without_l1_follows_again() {
    for seed in 1..6 {
        Scenario::seed(seed).changing_sets(400).l1_outage(2..12, [1]).run_until(finalized(100)).expect(sound());
    }
}

/// Rule D18: past the age that an origin may have nothing more is built, until L1 is back.
#[test]
fn network_without_l1_stops_at_the_age_of_its_origin_and_goes_on_after() {
    let aged = |seed| Scenario::seed(seed).with(|plan| plan.settings.times.origin_age_max_s = 5).l1_outage(3..20, []);
    let before = aged(4).watched_by(SAFETY);
    let stopped = before.clone().run_until(seconds(12)).expect(sound()).stats.heights;
    let still = before.run_until(seconds(19)).expect(sound()).stats.heights;
    assert_eq!(stopped, still, "an origin of three seconds lasts until the eighth");
    assert!(stopped > 50, "{stopped} heights before");
    aged(4).run_until(finalized(stopped + 50)).expect(sound());
}

/// Rule D18: blocks below finality are replaced, which nodes see as a delay.
#[test]
fn reorg_of_the_tip_of_l1_is_a_delay() {
    let scenario = Scenario::seed(5).changing_sets(500).l1_reorg(2, 7).l1_reorg(8, 3);
    scenario.run_until(finalized(100)).expect(sound());
}

/// Rule D18: whose endpoint takes finality back stops by itself, and the others go on.
#[test]
fn node_whose_l1_contradicts_itself_stops() {
    let outcome = Scenario::seed(6).l1_lies(3, 2, Falsehood::Parent).run_until(finalized(100)).expect(sound());
    assert_eq!(outcome.stats.stops, 1);
}

/// Rule D18: it hears nothing of L1 while the others close an epoch, whose end it takes from their certificates, and
/// crashes. As it starts, the block without which it does not know the next epoch is the false one.
#[test]
fn node_whose_l1_contradicts_itself_as_it_starts_stops() {
    let away = Scenario::seed(7).l1_outage(3..7, [2]).l1_lies(3, 2, Falsehood::Parent).crash(5_000, 2, 0, 3_000);
    let scenario = away.with(|plan| {
        plan.l1 = L1Plan { interval_ms: 500, epoch_blocks: 4 };
        plan.goal = finalized(100);
    });
    let (story, outcome) = scenario.run_told();
    let outcome = outcome.expect(sound());
    assert_eq!((outcome.stats.crashes, outcome.stats.stops), (1, 1));
    let starts = story.iter().filter(|line| line.contains("  n2  starts in epoch")).count();
    assert_eq!(starts, 1, "it does not come up again");
}

/// Rule D18: whose endpoint invents a change counts by a set of its own. It is wrong alone, and signs nothing that
/// could be held against it.
#[test]
fn node_whose_l1_invents_a_change_is_wrong_alone() {
    for seed in 1..6 {
        let scenario = Scenario::seed(seed).stake([30, 30, 30, 20]).changing_sets(500);
        let outcome = scenario.l1_lies(2, 3, Falsehood::Change).run_until(finalized(150)).expect(sound());
        assert!(outcome.stats.accused.is_empty(), "seed {seed}: {:?}", outcome.stats.accused);
    }
}

/// The first seeds of chaos in which a bug breaks a rule, shrunk.
#[track_caller]
fn shrinks(bug: impl Conduct + Clone + 'static, checker: &'static str) {
    let planted = |seed| Scenario::chaos(seed).plant(bug.clone()).watched_by([checker]);
    let failing = (1..200).map(planted).find(|scenario| scenario.clone().run().violation.is_some());
    let failing = failing.expect("the bug breaks its rule in one of 200 seeds");
    let shrunk = shrink(&failing, 300).expect("it breaks a rule");
    println!("{shrunk}");
    let plan = shrunk.scenario.plan();
    let faults = plan.adversaries.len() + plan.crashes.len() + plan.cuts.len() + plan.disk_faults.len();
    assert!(faults <= 3 && plan.stakes.len() <= 4, "{shrunk}");
    assert_eq!(shrunk.violation.checker, checker);
    let again = shrunk.scenario.clone().run();
    assert_eq!(again.violation, Some(shrunk.violation.clone()), "what is left breaks the rule by itself");
    let twice = shrink(&failing, 300).expect("it breaks a rule");
    assert_eq!((twice.to_string(), twice.runs), (shrunk.to_string(), shrunk.runs), "it finds the same");
}

/// Rule D17.
#[test]
fn failing_seed_is_shrunk_to_what_the_failure_needs() {
    shrinks(FinalizeAfterNullify::default(), "signatures");
}

/// Rule D17.
#[test]
fn what_breaks_no_rule_is_not_shrunk() {
    assert!(shrink(&Scenario::seed(1).adversary(1, Silent::default()), 10).is_none());
}

/// A text with a mark for each number.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for letter in text.trim().chars().map(|letter| if letter.is_ascii_digit() { '#' } else { letter }) {
        if letter != '#' || !shape.ends_with('#') {
            shape.push(letter);
        }
    }
    shape
}

/// The numbers come from a run of minutes; what they stand for is compared here.
#[test]
fn table_of_the_readme_is_that_of_the_command() {
    let readme = include_str!("../README.md");
    let (_, after) = readme.split_once("<!-- scale -->").expect("the table begins");
    let (table, _) = after.split_once("<!-- /scale -->").expect("the table ends");
    let made = continents::table(10, 1, 5).expect("every rule holds");
    assert_eq!(shape(table), shape(&made));
    assert!(made.lines().skip(2).all(|row| !row.contains(" 0 / ")), "everything was measured: {made}");
}
