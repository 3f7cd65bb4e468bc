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
        "withdraw 3 --account 0x00000000000000000000000000000000000000aa",
        "delegate 3",
        "delegate --to 0x00000000000000000000000000000000000000aa",
        "undelegate 3",
        "undelegate --validator 0x00000000000000000000000000000000000000aa",
        "undelegate 3 --all --validator 0x00000000000000000000000000000000000000aa",
        "claim",
        "claim --validator 0x00000000000000000000000000000000000000aa --commission \
         --account 0x00000000000000000000000000000000000000aa",
        "restake",
        "set-commission",
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
        &format!("withdraw --rest-of {SOMEBODY} --account {SOMEBODY}"),
        &format!("delegate 3 --to {SOMEBODY}"),
        &format!("undelegate 0.5 --validator {SOMEBODY} --dry-run --from {SOMEBODY}"),
        &format!("undelegate --all --validator {SOMEBODY} --towards {SOMEBODY}"),
        &format!("claim --validator {SOMEBODY} --account {SOMEBODY}"),
        &format!("claim --validator {SOMEBODY} --commission --json"),
        &format!("restake --validator {SOMEBODY}"),
        "set-commission 12.5%",
        &format!("set-commission 5 --validator {SOMEBODY}"),
        &format!("resume --validator {SOMEBODY}"),
        &format!("status {SOMEBODY} --account {SOMEBODY}"),
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
