use clap::Parser;

use super::*;

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: StakeCommand,
}

fn parse(line: &str) -> Result<StakeCommand, clap::Error> {
    Line::try_parse_from(["stake"].into_iter().chain(line.split_whitespace())).map(|line| line.command)
}

const SOMEBODY: &str = "0x00000000000000000000000000000000000000aa";

#[test]
fn what_is_not_said_is_asked_for() {
    for line in [
        "register --amount 30",
        "register --withdrawal 0x00000000000000000000000000000000000000aa",
        "top-up",
        "unbond",
        "unbond 3 --all",
        "cancel",
        "withdraw",
        "withdraw 3 --credit-of 0x00000000000000000000000000000000000000aa",
        "set",
        "set --operator 0x00000000000000000000000000000000000000aa --accept",
        "status",
        "top-up 3 --from 0x00000000000000000000000000000000000000aa",
        "top-up 3 --dry-run --from 0x00000000000000000000000000000000000000aa --l1-key key",
        "top-up 3 --l1-passphrase-file passphrase",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn what_is_said_is_understood() -> eyre::Result<()> {
    for line in [
        &format!("register --amount 30 --withdrawal {SOMEBODY}"),
        "top-up 0.5",
        "unbond 3 --json",
        "unbond --all",
        "cancel 7 --dry-run",
        "withdraw 7",
        &format!("withdraw --rest-of {SOMEBODY}"),
        &format!("set --submitter {SOMEBODY} --metadata words --dry-run --from {SOMEBODY}"),
        &format!("set --accept --validator {SOMEBODY}"),
        &format!("rotate-key --validator {SOMEBODY} --consensus new.json"),
        &format!("status {SOMEBODY} --l1 http://127.0.0.1:8545"),
        "list --json",
        "advance --steps 4",
    ] {
        parse(line)?;
    }
    let StakeCommand::Register(register) = parse(&format!("register --amount 30 --withdrawal {SOMEBODY}"))? else {
        eyre::bail!("another command")
    };
    assert_eq!(register.keys.consensus, PathBuf::from("keys/consensus.json"));
    assert_eq!((register.fee_recipient, register.submitter), (None, None));
    Ok(())
}
