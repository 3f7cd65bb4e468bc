#![doc = include_str!("../README.md")]

mod mutation;
mod random;

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write as _},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub use arbitrary::{Result, Unstructured};

use random::Random;

/// How long a target runs unless [`SECONDS`] says otherwise: what every `cargo test` can bear.
const USUAL_SECONDS: f64 = 1.0;

/// The usual seed: every run without another one is the same run.
const USUAL_SEED: u64 = 1;

/// Inputs of which new ones are made; each has an outcome of its own. Far above the outcomes of any target.
const POOL_MAX: usize = 4_096;

/// Bytes of a corpus: all of them together are replayed by every test run, and read by people.
const CORPUS_BYTES_MAX: usize = 5 * 1024;
/// Files of a corpus.
const CORPUS_FILES_MAX: usize = 24;

/// Bytes of a failing input that are shown; all of them are in the file.
const SHOWN_BYTES_MAX: usize = 2_048;

/// Says for how many seconds each target runs; a fraction will do.
pub const SECONDS: &str = "ROTA_FUZZ_SECONDS";
/// Says from which seed inputs are made.
pub const SEED: &str = "ROTA_FUZZ_SEED";
/// If set, inputs of outcomes that the corpus lacks are written into it, up to 24 files and 5 KiB in all.
pub const KEEP: &str = "ROTA_FUZZ_KEEP";

/// How a run is made: the environment says.
#[derive(Clone, Copy, Debug)]
struct Conditions {
    time: Duration,
    /// Inputs that are made at most.
    most: u64,
    seed: u64,
    keep: bool,
}

impl Conditions {
    fn of_environment() -> Self {
        let seconds = env::var(SECONDS).map_or(USUAL_SECONDS, |text| text.parse().expect("a number of seconds"));
        Self {
            time: Duration::from_secs_f64(seconds),
            most: u64::MAX,
            seed: env::var(SEED).map_or(USUAL_SEED, |text| text.parse().expect("a number for a seed")),
            keep: env::var_os(KEEP).is_some(),
        }
    }
}

/// A piece of code that takes bytes from anywhere, run on many of them.
#[derive(Debug)]
pub struct Target {
    name: &'static str,
    corpus: PathBuf,
    seeds: Vec<Vec<u8>>,
    longest: usize,
}

/// What a run was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    replayed: usize,
    made: u64,
    outcomes: usize,
}

impl Target {
    /// The target of this name, of the crate with this manifest folder. Its corpus lies in `corpus/NAME` there.
    #[must_use]
    pub fn new(manifest_folder: &str, name: &'static str) -> Self {
        let corpus = Path::new(manifest_folder).join("corpus").join(name);
        Self { name, corpus, seeds: Vec::new(), longest: 4_096 }
    }

    /// Inputs to begin with, besides those of the corpus.
    #[must_use]
    pub fn seeds(mut self, seeds: impl IntoIterator<Item = Vec<u8>>) -> Self {
        self.seeds.extend(seeds);
        self
    }

    /// The most bytes of an input that is made; 4,096 unless said.
    #[must_use]
    pub const fn longest(mut self, bytes: usize) -> Self {
        self.longest = bytes;
        self
    }

    /// Runs `check` on every input of the corpus, on the seeds, and on inputs made of them until time is up. `check`
    /// panics where something is wrong; what it returns names the outcome (see [`outcome`]).
    ///
    /// # Panics
    /// If `check` does: the input is shown and saved before. If nothing was replayed, or nothing made.
    pub fn run(self, check: impl FnMut(&[u8]) -> String) {
        let conditions = Conditions::of_environment();
        let run = self.run_under(conditions, check);
        let Run { replayed, made, outcomes } = run;
        // Past libtest's capture: how much was executed belongs into the log of every run.
        let text = format!(
            "fuzz {}: {made} executions from {replayed} inputs, {outcomes} outcomes (seed {})\n",
            self.name, conditions.seed
        );
        io::stderr().write_all(text.as_bytes()).expect("stderr takes a line");
    }

    fn run_under(&self, conditions: Conditions, mut check: impl FnMut(&[u8]) -> String) -> Run {
        let corpus = self.replayed();
        let (kept, replayed) = (corpus.len(), corpus.len() + self.seeds.len());
        let mut pool: Vec<Vec<u8>> = Vec::new();
        let mut shortest: BTreeMap<String, (usize, bool)> = BTreeMap::new();
        for (index, input) in corpus.into_iter().chain(self.seeds.iter().cloned()).enumerate() {
            let outcome = self.execute(&input, &mut check);
            let known = index < kept;
            shortest.entry(outcome).and_modify(|(_, in_corpus)| *in_corpus |= known).or_insert((pool.len(), known));
            pool.push(input);
        }
        let mut random = Random::new(conditions.seed);
        let (begin, mut made) = (Instant::now(), 0);
        while begin.elapsed() < conditions.time && made < conditions.most && !pool.is_empty() {
            let input = mutation::mutated(&pool, self.longest, &mut random);
            made += 1;
            let outcome = self.execute(&input, &mut check);
            let known = shortest.get(&outcome).copied();
            match known {
                None if pool.len() < POOL_MAX => {
                    shortest.insert(outcome, (pool.len(), false));
                    pool.push(input);
                }
                // A shorter way to the same place is the better one to go on from.
                Some((at, false)) if at >= replayed && input.len() < pool[at].len() => pool[at] = input,
                Some(_) | None => {}
            }
        }
        assert!(replayed > 0, "fuzz {}: no input to begin with, neither in the corpus nor a seed", self.name);
        assert!(made > 0, "fuzz {}: nothing was executed", self.name);
        if conditions.keep {
            self.keep(shortest.values().filter(|(_, in_corpus)| !in_corpus).map(|(at, _)| &pool[*at]));
        }
        Run { replayed, made, outcomes: shortest.len() }
    }

    /// The corpus, in order of the names of its files.
    fn replayed(&self) -> Vec<Vec<u8>> {
        let Ok(folder) = fs::read_dir(&self.corpus) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("a folder can be read").path()).collect();
        paths.sort();
        paths.iter().map(|path| fs::read(path).expect("a file of the corpus can be read")).collect()
    }

    /// Runs the check; if it panics, shows and saves the input on the way out.
    fn execute(&self, input: &[u8], check: &mut impl FnMut(&[u8]) -> String) -> String {
        match panic::catch_unwind(AssertUnwindSafe(|| check(input))) {
            Ok(outcome) => outcome,
            Err(reason) => {
                let path = env::temp_dir().join(format!("rota-fuzz-{}-{}", self.name, name_of(input)));
                let saved = fs::write(&path, input).map_or_else(|error| error.to_string(), |()| "saved".to_owned());
                let shown = &input[..input.len().min(SHOWN_BYTES_MAX)];
                println!("fuzz {} fails on {} bytes ({} {saved}):", self.name, input.len(), path.display());
                println!("{}", shown.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
                println!("fix it, and keep the bytes as a file in {}", self.corpus.display());
                panic::resume_unwind(reason)
            }
        }
    }

    /// Writes inputs into the corpus as long as there is room: some of every length, the shortest first.
    fn keep<'a>(&self, inputs: impl Iterator<Item = &'a Vec<u8>>) {
        fs::create_dir_all(&self.corpus).expect("the folder of the corpus can be made");
        let known = self.replayed();
        let mut bytes: usize = known.iter().map(Vec::len).sum();
        let mut inputs: Vec<&Vec<u8>> = inputs.collect();
        inputs.sort_by_key(|input| input.len());
        let room = CORPUS_FILES_MAX.saturating_sub(known.len());
        let step = inputs.len().div_ceil(room.max(1)).max(1);
        for input in inputs.into_iter().step_by(step).take(room) {
            if bytes + input.len() <= CORPUS_BYTES_MAX {
                bytes += input.len();
                fs::write(self.corpus.join(name_of(input)), input).expect("a file of the corpus can be written");
            }
        }
    }
}

/// The name of an outcome: the value, without what varies from input to input. An input with an outcome that was not
/// there yet reaches code that was not reached, and is mutated in its turn.
///
/// A word that begins with a digit stands for any number; what an error quotes of its input is left out.
#[must_use]
pub fn outcome(value: &impl std::fmt::Debug) -> String {
    let text = format!("{value:?}").replace("\\\"", "`");
    let mut name = String::new();
    // Every other piece stood in quotation marks of an error's text.
    for said in text.split('`').step_by(2) {
        for word in said.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric()) {
            let end = word.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric());
            let is_number = word.starts_with(|letter: char| letter.is_ascii_digit());
            name.push_str(if is_number { "0" } else { &word[..word.len() - end.len()] });
            name.push_str(end);
        }
    }
    name.truncate(name.floor_char_boundary(200));
    name
}

/// The size of a count, so that a thousand executions with 1,000 to 1,023 of something have one outcome: its bits.
#[must_use]
pub const fn magnitude(count: usize) -> u32 {
    usize::BITS - count.leading_zeros()
}

/// The name of the file with this input: FNV-1a of its bytes.
fn name_of(input: &[u8]) -> String {
    let hash = input
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests;
