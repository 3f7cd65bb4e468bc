use std::{
    cell::RefCell,
    fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
    time::Duration,
};

use tempfile::TempDir;

use crate::{Conditions, Run, Target, magnitude, outcome};

/// So many executions, however slow the machine: the same every time.
fn conditions(seed: u64) -> Conditions {
    Conditions { time: Duration::from_secs(600), most: 100_000, seed, keep: false }
}

fn target(folder: &Path) -> Target {
    Target::new(folder.to_str().expect("a path"), "sample")
}

/// A decoder of four magic bytes, one after the other, then a length.
fn decode(bytes: &[u8]) -> Result<usize, &'static str> {
    let [b'r', rest @ ..] = bytes else { return Err("r") };
    let [b'o', rest @ ..] = rest else { return Err("o") };
    let [b't', rest @ ..] = rest else { return Err("t") };
    let [b'a', length, rest @ ..] = rest else { return Err("a") };
    if usize::from(*length) == rest.len() { Ok(rest.len()) } else { Err("length") }
}

#[test]
fn outcomes_lead_the_run_through_a_decoder_that_random_bytes_never_pass() {
    let folder = TempDir::new().expect("a folder");
    let run = target(folder.path()).seeds([vec![0]]).run_under(conditions(1), |bytes| outcome(&decode(bytes)));
    assert_eq!((run.replayed, run.outcomes), (1, 6), "every refusal, and what decodes: {run:?}");
}

#[test]
fn one_seed_gives_one_sequence_of_inputs_and_another_seed_another() {
    let folder = TempDir::new().expect("a folder");
    let inputs = |seed| {
        let inputs = RefCell::new(Vec::new());
        let few = Conditions { most: 1_000, ..conditions(seed) };
        target(folder.path()).seeds([b"ro".to_vec()]).run_under(few, |bytes| {
            inputs.borrow_mut().push(bytes.to_vec());
            outcome(&decode(bytes))
        });
        inputs.into_inner()
    };
    assert_eq!(inputs(5), inputs(5));
    assert_ne!(inputs(5), inputs(6));
}

#[test]
#[should_panic(expected = "nothing was executed")]
fn run_without_executions_fails() {
    let folder = TempDir::new().expect("a folder");
    let none = Conditions { time: Duration::ZERO, ..conditions(1) };
    target(folder.path()).seeds([vec![0]]).run_under(none, |_| String::new());
}

#[test]
#[should_panic(expected = "no input to begin with")]
fn run_without_corpus_and_seeds_fails() {
    let folder = TempDir::new().expect("a folder");
    target(folder.path()).run_under(conditions(1), |_| String::new());
}

#[test]
fn shortest_input_of_each_outcome_is_kept_and_replayed() {
    let folder = TempDir::new().expect("a folder");
    let keep = Conditions { keep: true, ..conditions(1) };
    target(folder.path()).seeds([vec![0]]).run_under(keep, |bytes| outcome(&decode(bytes)));
    let files = fs::read_dir(folder.path().join("corpus/sample")).expect("a corpus").count();
    assert_eq!(files, 6, "one of each outcome");
    let replayed = RefCell::new(Vec::new());
    let Run { replayed: count, outcomes, .. } = target(folder.path()).run_under(keep, |bytes| {
        replayed.borrow_mut().push(bytes.to_vec());
        outcome(&decode(bytes))
    });
    assert_eq!((count, outcomes), (6, 6), "what was kept is all one needs");
    assert!(replayed.borrow().iter().take(6).any(|bytes| decode(bytes).is_ok()));
    let again = fs::read_dir(folder.path().join("corpus/sample")).expect("a corpus").count();
    assert_eq!(again, 6, "nothing new, nothing written");
}

#[test]
fn input_that_fails_is_saved_and_the_run_fails() {
    let folder = TempDir::new().expect("a folder");
    let failing = RefCell::new(Vec::new());
    let run = AssertUnwindSafe(|| {
        target(folder.path()).seeds([vec![0]]).run_under(conditions(1), |bytes| {
            *failing.borrow_mut() = bytes.to_vec();
            let decoded = decode(bytes);
            assert!(decoded.is_err(), "it decodes");
            outcome(&decoded)
        })
    });
    assert!(panic::catch_unwind(run).is_err(), "the panic comes through");
    let failing = failing.into_inner();
    let saved = std::env::temp_dir().join(format!("rota-fuzz-sample-{}", crate::name_of(&failing)));
    assert_eq!(fs::read(&saved).expect("saved"), failing);
    fs::remove_file(saved).expect("ours");
}

#[test]
fn inputs_keep_to_the_longest_length() {
    let folder = TempDir::new().expect("a folder");
    let seeds = [vec![0; 8]];
    target(folder.path()).seeds(seeds).longest(9).run_under(conditions(1), |bytes| {
        assert!(bytes.len() <= 9, "{} bytes", bytes.len());
        format!("{}", magnitude(bytes.len()))
    });
}

#[test]
fn names_of_outcomes_leave_numbers_out() {
    let cases = [
        (outcome(&Err::<(), _>(("TooLong", 17, 0xffu8))), "Err((\"TooLong\", 0, 0))"),
        (outcome(&Some("a1 22 0xab")), "Some(\"a1 0 0\")"),
        (outcome(&"no field `x`, not \"y\", at column 7"), "\"no field , not , at column 0\""),
    ];
    for (name, expected) in cases {
        assert_eq!(name, expected);
    }
    assert!(outcome(&"é".repeat(1_000)).len() <= 200);
    assert_eq!([0, 1, 2, 3, 4, 1_000, 1_023, 1_024].map(magnitude), [0, 1, 2, 2, 3, 10, 10, 11]);
}
