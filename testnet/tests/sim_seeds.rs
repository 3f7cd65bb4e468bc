//! A thousand seeds of chaos and some hundred of storm: whatever the seed draws, the rules hold.

use std::sync::atomic::{AtomicU64, Ordering};

use rota_testnet::sim::{Named, Outcome, Scenario, Stats};

/// Runs seeds on all cores; what they counted together, if every rule held.
#[track_caller]
fn all_hold(name: Named, seeds: std::ops::Range<u64>) -> (u64, Stats) {
    let next = AtomicU64::new(seeds.start);
    let (runs, sum) = (seeds.end - seeds.start, std::sync::Mutex::new(Stats::default()));
    let work = || -> Vec<Outcome> {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return failed;
            }
            let outcome = Scenario::named(name, seed, None).run();
            *sum.lock().expect("no thread panics with it") += &outcome.stats;
            if outcome.violation.is_some() {
                failed.push(outcome);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let failed: Vec<Outcome> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a run catches its panics")).collect()
    });
    let sum = sum.into_inner().expect("no thread panics with it");
    println!("{runs} runs of {name:?} from seed {}: {sum}", seeds.start);
    if let Some(first) = failed.iter().min_by_key(|outcome| outcome.scenario.plan().seed) {
        println!("{} of {runs} runs failed, the first of them:\n{first}", failed.len());
    }
    assert!(failed.is_empty(), "{} of {runs} runs broke a rule", failed.len());
    (runs, sum)
}

/// Rule D11.
#[test]
fn a_thousand_seeds_of_chaos_stay_safe_and_come_alive_again() {
    let (runs, sum) = all_hold(Named::Chaos, 1..1_001);
    for (what, count) in [
        ("runs", runs),
        ("heights", sum.heights),
        ("epochs", sum.epochs),
        ("crashes", sum.crashes),
        ("messages", sum.messages),
        ("bytes on the wire", sum.wire_bytes),
        ("signatures", sum.signatures),
        ("catch-ups", sum.catch_ups),
        ("transactions", sum.transactions),
        ("failed disks", sum.stops),
        ("torn writes to a guard's file", sum.torn.len() as u64),
        ("guilty", sum.accused.len() as u64),
    ] {
        assert!(count > 0, "no {what}: the runs prove nothing");
    }
}

/// Rule D11: a storm promises safety alone.
#[test]
fn three_hundred_seeds_of_storm_stay_safe() {
    let (runs, sum) = all_hold(Named::Storm, 1..301);
    assert!(runs > 0 && sum.heights > 0 && sum.crashes > 0, "the runs prove nothing");
}
