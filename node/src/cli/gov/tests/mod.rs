//! What `rota gov` understands.

use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: GovCommand,
}

fn parse(line: &str) -> Result<GovCommand, clap::Error> {
    Line::try_parse_from(["gov"].into_iter().chain(line.split_whitespace())).map(|line| line.command)
}

const SOMEBODY: &str = "0x00000000000000000000000000000000000000aa";

#[test]
fn what_is_not_said_is_asked_for() {
    for line in [
        "propose",
        "propose parameters",
        "propose treasury",
        "propose expel",
        "propose allow-list",
        "propose allow-list until",
        "propose allow-list until soon",
        "propose allow",
        "propose guardian",
        "propose guardian 0x00000000000000000000000000000000000000aa",
        "propose guardian --until 9",
        "propose guardian --none --until 9",
        "propose funder",
        "propose funder 0x00000000000000000000000000000000000000aa --from 0x00000000000000000000000000000000000000aa",
        "vote 12",
        "vote 12 yes",
        "vote for",
        "queue",
        "execute",
        "cancel --as-guardian",
        "delegate",
        "sync --validator 0x00000000000000000000000000000000000000aa",
        "show",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn what_is_said_is_understood() -> eyre::Result<()> {
    for line in [
        "propose parameters --set minimumBond=2,unbondingDelay=20 --set exitBound=10% --description more --json",
        &format!("propose treasury {SOMEBODY} --dry-run --from {SOMEBODY}"),
        &format!("propose expel {SOMEBODY} --anyway"),
        "propose allow-list lift",
        "propose allow-list until 40",
        &format!("propose allow {SOMEBODY} {SOMEBODY}"),
        &format!("propose disallow {SOMEBODY}"),
        &format!("propose guardian {SOMEBODY} --until 90"),
        "propose guardian --none",
        &format!("propose funder {SOMEBODY}"),
        "vote 12 for",
        "vote 12 against --reason never",
        "vote 12 abstain --dry-run",
        "queue 12",
        "execute 12 --json",
        "cancel 12",
        "cancel 12 --as-guardian",
        &format!("delegate {SOMEBODY}"),
        &format!("sync --validator {SOMEBODY} --account {SOMEBODY}"),
        "list --open --json",
        "show 12",
    ] {
        parse(line)?;
    }
    Ok(())
}

#[test]
fn ballots_have_the_numbers_of_simple_counting() {
    let named = [0, 1, 2, 3].map(|number| Ballot::of(number).map(Ballot::name));
    assert_eq!(named, [Some("against"), Some("for"), Some("abstain"), None]);
    assert_eq!(Ballot::ALL.map(Ballot::number), [0, 1, 2]);
}
