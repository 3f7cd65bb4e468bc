use clap::{CommandFactory, Parser};

use crate::load::options::{Contradiction, Kind, Options, Rate};

fn parse(arguments: &str) -> Result<Options, String> {
    let words = core::iter::once("rota-load").chain(arguments.split_whitespace());
    Options::try_parse_from(words).map_err(|error| error.to_string())
}

#[test]
fn definition_of_the_command_line_holds_together() {
    Options::command().debug_assert();
}

#[test]
fn argument_beyond_its_limit_is_refused_by_name() {
    let rpc = "--rpc http://localhost:8545";
    for (argument, named) in [
        ("--rate 0", "--rate"),
        ("--rate 100001", "1 to 100000"),
        ("--rate fast", "`max` or a whole number"),
        ("--seconds 0", "1..=3600"),
        ("--seconds 3601", "1..=3600"),
        ("--senders 0", "1..=10000"),
        ("--senders 10001", "1..=10000"),
        ("--recipients 0", "1..=100000"),
        ("--recipients 100001", "1..=100000"),
        ("--kind nft", "transfer, erc20"),
        ("--window 0", "1..=1024"),
        ("--window 1025", "1..=1024"),
        ("--batch 0", "1..=1000"),
        ("--batch 1001", "1..=1000"),
        ("--connections 0", "1..=64"),
        ("--connections 65", "1..=64"),
        ("--poll 0", "1..=10000"),
        ("--stuck 99", "100..=600000"),
        ("--drain 601", "0..=600"),
        ("--tip 1000001", "0..=1000000"),
        ("--first 1000000001", "0..=1000000000"),
        ("--funder 0x12", "64 hex digits"),
        ("--token 0x12", "--token"),
    ] {
        let error = parse(&format!("{rpc} {argument}")).unwrap_err();
        assert!(error.contains(named), "{argument}: {error}");
    }
    assert!(parse("").unwrap_err().contains("--rpc"), "no node named");
    assert!(parse("--rpc ws://localhost:8545").unwrap_err().contains("ws://"), "a WebSocket address");
}

#[test]
fn limits_themselves_are_taken() {
    let most =
        "--rate 100000 --seconds 100 --senders 10000 --recipients 100000 --window 1024 --batch 1000 --connections 64";
    assert_eq!(parse(&format!("--rpc http://a:1 {most}")).unwrap().check(), Ok(()));
}

#[test]
fn arguments_that_contradict_each_other_are_refused() {
    let check = |arguments: &str| parse(arguments).unwrap().check().unwrap_err();
    let total = Contradiction::TooMany { rate: 100_000, seconds: 101, total: 10_100_000 };
    assert_eq!(check("--rpc http://a:1 --rate 100000 --seconds 101"), total);
    assert_eq!(check("--rpc http://a:1,http://a:1/"), Contradiction::NodeTwice { node: "http://a:1".to_owned() });
    let token = "0x00000000000000000000000000000000000000aa";
    assert_eq!(check(&format!("--rpc http://a:1 --token {token}")), Contradiction::TokenUnused);
    let nodes = (1..=65).map(|port| format!("http://a:{port}")).collect::<Vec<_>>().join(",");
    assert_eq!(check(&format!("--rpc {nodes}")), Contradiction::TooManyNodes { given: 65 });
}

#[test]
fn usual_command_is_read() {
    let options =
        parse("--rpc http://a:1,http://b:2 --rate max --seconds 60 --senders 1000 --kind erc20 --json").unwrap();
    assert_eq!((options.rate, options.kind, options.rpc.len()), (Rate::Max, Kind::Erc20, 2));
    assert!(options.json);
}
