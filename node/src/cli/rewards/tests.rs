//! What `rota rewards` understands, and what it refuses of a node's answer.

use clap::Parser;
use serde_json::{Value, json};

use super::{period::PeriodAnswer, *};

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: RewardsCommand,
}

fn parse(line: &str) -> Result<RewardsCommand, clap::Error> {
    Line::try_parse_from(["rewards"].into_iter().chain(line.split_whitespace())).map(|line| line.command)
}

const SOMEBODY: &str = "0x00000000000000000000000000000000000000aa";
const ANOTHER: &str = "0x00000000000000000000000000000000000000bb";

#[test]
fn what_is_not_said_is_asked_for() {
    for line in [
        "prove 3",
        "prove 3 0x00000000000000000000000000000000000000aa",
        "prove 3 0x00000000000000000000000000000000000000aa --rpc node",
        "bring --rpc http://127.0.0.1:8545",
        "fund",
        "set-rate",
        "show --from 0x00000000000000000000000000000000000000aa",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn what_is_said_is_understood() -> eyre::Result<()> {
    for line in [
        "show --json",
        &format!("show --validator {SOMEBODY}"),
        &format!("prove 3 {SOMEBODY} --rpc http://127.0.0.1:8545 --l1 http://127.0.0.1:18545"),
        &format!("bring 3 {SOMEBODY} --rpc http://127.0.0.1:8545 --dry-run"),
        "fund 100.5",
        "set-rate 0 --json",
    ] {
        parse(line)?;
    }
    Ok(())
}

/// What a node says of period 3.
fn answer() -> Value {
    let leaf = |validator, points, previous: u64| {
        json!({ "period": 3, "validator": validator, "previousPlusOne": previous, "points": points, "done": 5,
            "due": 6 })
    };
    let leaves = [leaf(ANOTHER, "0x2", 0), leaf(SOMEBODY, "0x1f", 3)];
    json!({ "period": 3, "root": "0x2f31d4cb2e79d7a6bb6c3d4b3d43b30ad4adcdbd3fd9ce12fa6c0fa7f9f27a4b",
        "totalPoints": "0x21", "leaves": leaves })
}

fn read(answer: Value) -> eyre::Result<rota_staking::Period> {
    serde_json::from_value::<PeriodAnswer>(answer)?.period(3)
}

/// The root that the leaves of [`answer`] have, as a refusal tells it.
fn right_root() -> eyre::Result<String> {
    let refusal = read(answer()).expect_err("another root").to_string();
    Ok(refusal.rsplit(' ').next().unwrap_or_default().to_owned())
}

#[test]
fn an_answer_that_contradicts_itself_is_refused() -> eyre::Result<()> {
    let root = right_root()?;
    let changes: [(&str, Value, &str); 6] = [
        ("/period", json!(4), "answers with period 4, asked for 3"),
        ("/leaves/0/period", json!(2), "a leaf of period 2 in period 3"),
        ("/totalPoints", json!("0x22"), "says 34 points, its leaves have 33"),
        ("/leaves/0/points", json!(format!("0x1{}", "0".repeat(24))), "cannot have 79228162514264337593543950336"),
        ("/leaves/0/done", json!(4), "says root"),
        ("/leaves/0/more", json!(1), "unknown field"),
    ];
    for (path, value, words) in changes {
        let mut changed = answer();
        changed["root"] = json!(root);
        let (object, field) = path.rsplit_once('/').expect("a path");
        changed.pointer_mut(object).expect(path)[field] = value;
        let refusal = read(changed).expect_err(path).to_string();
        assert!(refusal.contains(words), "{path}: {refusal}");
    }
    let mut long = answer();
    long["leaves"] = json!(vec![answer()["leaves"][0].clone(); 4_097]);
    assert!(read(long).expect_err("too long").to_string().contains("4097 leaves, there can be 4096"));
    Ok(())
}

#[test]
fn a_period_is_made_of_an_answer() -> eyre::Result<()> {
    let mut told = answer();
    told["root"] = json!(right_root()?);
    let period = read(told)?;
    assert_eq!((period.number, period.total_points(), period.leaves().len()), (3, 33, 2));
    let (leaf, proof) = period.prove(SOMEBODY.parse()?).expect("a leaf");
    assert_eq!((leaf.points, leaf.previous_plus_one, proof.len()), (31, 3, 1));
    Ok(())
}
