//! `rota-simulate`: runs the deterministic simulator for people.

use std::{process::ExitCode, time::Instant};

use clap::{Parser, Subcommand};
use rota_testnet::sim::{Named, Scenario, continents, shrink, sweep};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Runs networks of production state machines on virtual time, each decided by one seed, and checks that they stay
/// safe and live.
#[derive(Debug, Parser)]
#[command(name = "rota-simulate", version)]
struct Options {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seeds, from the first on.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// What to run.
    #[arg(long, value_enum, default_value_t = Named::Chaos)]
    scenario: Named,
    /// How many nodes, instead of what the seed draws.
    #[arg(long, value_parser = nodes)]
    nodes: Option<usize>,
    /// Tell everything that happens, one line an event (one seed only).
    #[arg(long, conflicts_with = "seeds")]
    story: bool,
    /// If the seed fails, find a smaller scenario that fails alike, and print it as a test (one seed only).
    #[arg(long, conflicts_with_all = ["seeds", "story"])]
    shrink: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What else there is to run.
#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// A hundred validators over five continents: finality, messages and bytes as a table in Markdown.
    Scale {
        /// How many validators.
        #[arg(long, default_value_t = 100, value_parser = nodes)]
        validators: usize,
        /// How many batches in each row.
        #[arg(long, default_value_t = 400)]
        batches: u64,
    },
}

/// Runs that the shrinker may take.
const SHRINK_RUNS_MAX: usize = 1_000;

impl Options {
    fn scenario(&self, seed: u64) -> Scenario {
        Scenario::named(self.scenario, seed, self.nodes)
    }
}

fn nodes(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=128).contains(number));
    number.ok_or_else(|| "a number from 1 to 128 is wanted".to_owned())
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(Command::Scale { validators, batches }) = options.command {
        return scale(validators, options.seed, batches);
    }
    if options.story {
        return tell(&options);
    }
    if options.shrink {
        return make_small(&options);
    }
    let begun = Instant::now();
    let all = sweep(options.seed..options.seed.saturating_add(options.seeds), |seed| options.scenario(seed).run());
    for (seed, outcome) in &all.failed {
        if let Some(violation) = &outcome.violation {
            println!("seed {seed}: {violation}\n  again: {}", outcome.scenario.again());
        }
    }
    println!("{} runs in {:.1} s: {}", all.runs, begun.elapsed().as_secs_f64(), all.stats);
    if all.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(options: &Options) -> ExitCode {
    let scenario = options.scenario(options.seed);
    println!("{:#?}", scenario.plan());
    let (story, outcome) = scenario.run_told();
    for line in story {
        println!("{line}");
    }
    println!("seed {}, trace {:016x}: {}", options.seed, outcome.trace_hash, outcome.stats);
    match outcome.violation {
        None => {
            println!("every rule held");
            ExitCode::SUCCESS
        }
        Some(violation) => {
            println!("VIOLATION of {violation}");
            ExitCode::FAILURE
        }
    }
}

fn scale(validators: usize, seed: u64, batches: u64) -> ExitCode {
    match continents::table(validators, seed, batches) {
        Ok(table) => {
            print!("{table}");
            ExitCode::SUCCESS
        }
        Err(outcome) => {
            println!("{outcome}");
            ExitCode::FAILURE
        }
    }
}

fn make_small(options: &Options) -> ExitCode {
    match shrink(&options.scenario(options.seed), SHRINK_RUNS_MAX) {
        None => {
            println!("every rule held");
            ExitCode::SUCCESS
        }
        Some(small) => {
            println!("{small}");
            ExitCode::FAILURE
        }
    }
}
