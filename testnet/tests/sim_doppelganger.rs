//! S4 and S5 of consensus in whole networks: who listens first finds the other process that holds its key, and nobody
//! else is taken for one.

use rota_testnet::sim::{
    Goal, LinkPlan, Plan, Scenario, Time, bugs::OldCopy, checkers::SAFETY, finalized, seconds, sweep,
};

/// How long nodes listen: longer than the heartbeat of the scenario and two view timeouts at the cap.
const LISTEN_MS: u64 = 20_000;

/// Five seconds in, a second process with the key of node 3 starts, which listens; the first runs since the beginning.
fn second_start(seed: u64, listen_ms: u64) -> Scenario {
    Scenario::seed(seed).twin(3).crash(0, 4, 0, 5_000).with(|plan| {
        plan.listens_ms = vec![0, 0, 0, 0, listen_ms];
        plan.goal = Goal::After(Time::from_ms(90_000));
    })
}

fn rough(plan: &mut Plan) {
    plan.links = LinkPlan { loss_permille: 100, rest_loss_permille: 30, ..LinkPlan::CALM };
    plan.lossy_until = Time::from_ms(30_000);
}

/// S4: with work and without any, on good links and on bad ones, it stops before it signs.
#[test]
fn second_process_with_a_key_stops_before_it_signs_and_nobody_is_accused() {
    let run = |seed: u64| {
        let scenario = second_start(seed, LISTEN_MS);
        let scenario = if seed.is_multiple_of(2) { scenario.pause(0..90) } else { scenario };
        if seed.is_multiple_of(3) { scenario.with(rough).run() } else { scenario.run() }
    };
    let stats = sweep(0..30, run).all_hold("second starts");
    assert_eq!(stats.stops, 30, "each second process stops itself");
    assert!(stats.accused.is_empty(), "{:?}", stats.accused);
}

/// The control: without listening the two contradict each other.
#[test]
fn without_listening_the_two_processes_contradict_each_other() {
    let stats = sweep(0..20, |seed| second_start(seed, 0).run()).all_hold("second starts that do not listen");
    assert!(stats.accused.contains(&3) && stats.stops == 0, "{:?}", stats.accused);
}

/// S4: everybody listens on every start, in a network that starts as a whole and loses nodes, and nobody is taken for
/// another process.
#[test]
fn whole_network_that_listens_begins_and_goes_on() {
    let run = |seed: u64| {
        let scenario = Scenario::seed(seed).crash(25_000, 1, seed % 7, 1_000).crash(60_000, 2, seed % 5, 3_000);
        scenario.with(|plan| plan.listens_ms = vec![LISTEN_MS; 4]).run_until(finalized(200))
    };
    let stats = sweep(0..20, run).all_hold("networks that listen");
    assert_eq!(stats.stops, 0);
    assert!(stats.crashes > 0);
}

/// S4, S3: the owner of a record that has lost votes listens longer; its own past is not another process.
#[test]
fn owner_of_an_old_record_is_not_taken_for_another_process() {
    let run = |seed: u64| {
        let crashes = (0..4).fold(Scenario::seed(seed).plant(OldCopy), |scenario, number| {
            scenario.crash(25_000 + 40_000 * number, 3, seed % 9, 500)
        });
        let watched = crashes.watched_by(SAFETY.into_iter().chain(["liveness"]));
        watched.with(|plan| plan.listens_ms = vec![LISTEN_MS; 4]).run_until(seconds(180))
    };
    let stats = sweep(0..8, run).all_hold("old records that listen");
    assert!(stats.old_records > 0, "records had lost votes");
    assert_eq!(stats.stops, 0);
}
