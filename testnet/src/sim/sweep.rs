//! Many runs, on all cores.

use std::{
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::outcome::{Outcome, Stats};

/// What came of many runs.
#[derive(Debug, Default)]
pub struct Sweep {
    /// How many there were.
    pub runs: u64,
    /// What they counted together.
    pub stats: Stats,
    /// Those in which a rule did not hold, with their numbers, the lowest first.
    pub failed: Vec<(u64, Outcome)>,
}

/// Runs once for each number.
pub fn sweep(numbers: Range<u64>, run: impl Fn(u64) -> Outcome + Sync) -> Sweep {
    let next = AtomicU64::new(numbers.start);
    let sum = Mutex::new(Sweep { runs: numbers.end.saturating_sub(numbers.start), ..Sweep::default() });
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= numbers.end {
                return;
            }
            let outcome = run(number);
            let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
            sum.stats += &outcome.stats;
            if outcome.violation.is_some() {
                sum.failed.push((number, outcome));
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let mut sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    sum.failed.sort_by_key(|(number, _)| *number);
    sum
}

impl Sweep {
    /// Prints what there was of `what`.
    ///
    /// # Panics
    /// If a rule did not hold, with the story of the first run in which it did not; or if nothing ran.
    #[track_caller]
    #[must_use]
    pub fn all_hold(self, what: &str) -> Stats {
        println!("{} runs of {what}: {}", self.runs, self.stats);
        assert!(self.runs > 0, "no run proves anything");
        if let Some((number, first)) = self.failed.first() {
            println!(
                "{} of {} runs broke a rule, the first is number {number}:\n{first}",
                self.failed.len(),
                self.runs
            );
        }
        assert!(self.failed.is_empty(), "{} of {} runs of {what} broke a rule", self.failed.len(), self.runs);
        self.stats
    }
}
