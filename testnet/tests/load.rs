//! `rota-load` against a real anvil: both kinds, both loops, a lost pool, a foreign transaction, wrong arguments.

#[path = "../../node/tests/support/anvil.rs"]
mod process;

use std::io;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use eyre::{Result, WrapErr, ensure, eyre};
use rota_testnet::load::accounts::account;
use rota_testnet::load::http::Client;
use rota_testnet::load::rpc;
use serde_json::{Value, json};

/// Anvil's first account, which it funds with 10,000 ETH.
const FUNDER: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

/// A running anvil.
struct Anvil {
    url: String,
    _process: process::Anvil,
}

impl Anvil {
    /// Starts one on a free port, with the arguments given.
    fn start(arguments: &[&str]) -> Result<Self> {
        let process = process::Anvil::start(["--port", "0"].iter().chain(arguments), io::sink())?;
        Ok(Self { url: format!("http://{}", process.address), _process: process })
    }

    /// Makes one call.
    fn call(&self, method: &'static str, params: Value) -> Result<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut client = Client::new(self.url.parse()?);
        Ok(runtime.block_on(rpc::call(&mut client, method, params))?)
    }

    /// Starts the tool against it, quiet and with JSON as its result.
    fn load(&self, arguments: &str) -> Result<Child> {
        let mut command = tool();
        command.args(["--rpc", &self.url, "--funder", FUNDER, "--quiet", "--json", "--recipients", "500"]);
        Ok(command.args(arguments.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    fn report(&self, arguments: &str) -> Result<Value> {
        report(&self.load(arguments)?.wait_with_output()?)
    }
}

fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rota-load"));
    command.env_remove("ROTA_RPC").env_remove("ROTA_FUNDER").env_remove("ROTA_MNEMONIC");
    command
}

fn report(output: &Output) -> Result<Value> {
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {complaint}", output.status);
    serde_json::from_slice(&output.stdout).wrap_err_with(|| format!("no JSON; stderr: {complaint}"))
}

fn count(report: &Value, name: &str) -> Result<u64> {
    report[name].as_u64().ok_or_else(|| eyre!("{name} is no count in {report}"))
}

fn errors(report: &Value, kind: &str) -> u64 {
    report["errors"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.contains(kind))
        .filter_map(|(_, n)| n.as_u64())
        .sum()
}

/// Everything sent was accepted and final without an error, and the fields are the promised ones.
#[track_caller]
fn check_flawless(report: &Value, sent: Option<u64>) -> Result<()> {
    let names = |value: &Value| value.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>());
    let fields = ["accepted", "errors", "final", "final_per_second", "latency_ms", "sent"].map(str::to_owned);
    assert_eq!(names(report), Some(fields.to_vec()), "{report}");
    let fields = ["max", "p50", "p90", "p99"].map(str::to_owned);
    assert_eq!(names(&report["latency_ms"]), Some(fields.to_vec()), "{report}");
    let latency =
        |name: &str| report["latency_ms"][name].as_f64().ok_or_else(|| eyre!("{name} is no number in {report}"));
    assert!(latency("p50")? <= latency("p90")? && latency("p90")? <= latency("p99")?, "{report}");
    assert!(latency("p99")? <= latency("max")? && latency("p50")? > 0.0, "{report}");
    assert_eq!(report["errors"], json!({}), "{report}");
    assert!(count(report, "sent")? > 0, "{report}");
    assert_eq!(sent.unwrap_or(count(report, "sent")?), count(report, "sent")?, "{report}");
    assert_eq!(count(report, "sent")?, count(report, "accepted")?, "{report}");
    assert_eq!(count(report, "sent")?, count(report, "final")?, "{report}");
    assert!(report["final_per_second"].as_f64().is_some_and(|rate| rate > 0.0), "{report}");
    Ok(())
}

#[test]
fn wrong_arguments_are_refused_with_exit_code_2() -> Result<()> {
    for (arguments, named) in [
        ("", "--rpc"),
        ("--rpc https://localhost:1", "https://"),
        ("--rpc http://localhost:1 --rate 0", "--rate"),
        ("--rpc http://localhost:1 --seconds 0", "--seconds"),
        ("--rpc http://localhost:1 --senders 10001", "--senders"),
        ("--rpc http://localhost:1 --kind nft", "--kind"),
        ("--rpc http://localhost:1 --funder 12", "--funder"),
        ("--rpc http://localhost:1,http://localhost:1", "twice"),
        ("--rpc http://localhost:1 --rate 100000 --seconds 3600", "at most 10000000"),
        ("--rpc http://localhost:1 --faster", "--faster"),
    ] {
        let output = tool().args(arguments.split_whitespace()).output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {complaint}");
        assert!(complaint.contains(named), "{arguments}: {complaint}");
        assert!(output.stdout.is_empty(), "{arguments}");
    }
    Ok(())
}

#[test]
fn run_that_cannot_begin_says_why_and_exits_with_1() -> Result<()> {
    let (anvil, other) = (Anvil::start(&[])?, Anvil::start(&["--chain-id", "7"])?);
    let both = format!("--rpc {},{}", anvil.url, other.url);
    for (arguments, reason) in [
        ("--rpc http://127.0.0.1:1".to_owned(), "connection refused"),
        (format!("--rpc {}", anvil.url), "--funder"),
        (format!("--rpc {} --funder {}", anvil.url, account(1).secret), "the funder"),
        (format!("--rpc {} --mnemonic test", anvil.url), "mnemonic"),
        (both, "is on chain 7"),
    ] {
        let output = tool().args(arguments.split_whitespace()).arg("--quiet").output()?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments}: {complaint}");
        assert!(complaint.contains(reason), "{arguments}: {complaint}");
    }
    Ok(())
}

/// L1, L2, L9.
#[test]
fn fixed_rate_sends_exactly_rate_times_seconds_transfers_and_all_become_final() -> Result<()> {
    let anvil = Anvil::start(&["--block-time", "1"])?;
    let report = anvil.report("--rate 100 --seconds 3 --senders 250 --kind transfer")?;
    check_flawless(&report, Some(300))?;
    // They really moved: 300 nonces were used, over senders in turn.
    let used = (0..250).try_fold(0, |sum, index| {
        let nonce = anvil.call("eth_getTransactionCount", json!([account(index).address, "latest"]))?;
        let nonce: u64 = u64::from_str_radix(nonce.as_str().unwrap_or_default().trim_start_matches("0x"), 16)?;
        Ok::<u64, eyre::Report>(sum + nonce)
    })?;
    assert_eq!(used, 300);
    Ok(())
}

/// L3, L9.
#[test]
fn closed_loop_of_token_transfers_loses_none() -> Result<()> {
    let anvil = Anvil::start(&["--block-time", "1", "--gas-limit", "300000000"])?;
    let report = anvil.report("--rate max --seconds 2 --senders 20 --kind erc20")?;
    check_flawless(&report, None)?;
    assert!(count(&report, "final")? >= 20 * 16, "less than one window: {report}");
    Ok(())
}

/// A mnemonic's accounts need no funder; a chain that makes a block for each transaction will do.
#[test]
fn accounts_of_a_mnemonic_send() -> Result<()> {
    let anvil = Anvil::start(&[])?;
    let words = "test test test test test test test test test test test junk";
    let output = tool()
        .args(["--rpc", &anvil.url, "--rate", "50", "--seconds", "1", "--senders", "10", "--json", "--quiet"])
        .args(["--mnemonic", words])
        .output()?;
    check_flawless(&report(&output)?, Some(50))
}

/// Waits until the chain has a block with transactions of the run.
fn wait_for_load(anvil: &Anvil) -> Result<()> {
    let since = Instant::now();
    while anvil.call("eth_getTransactionCount", json!([account(0).address, "latest"]))? == json!("0x0") {
        ensure!(since.elapsed() < Duration::from_secs(20), "no transaction of the run within 20 s");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// L7, L8: what the node forgot leaves gaps before later nonces.
#[test]
fn nonce_gap_is_repaired_after_the_node_lost_its_pool() -> Result<()> {
    let anvil = Anvil::start(&["--block-time", "1"])?;
    let load = anvil.load("--rate 60 --seconds 5 --senders 6 --stuck 1500 --kind transfer --window 64")?;
    wait_for_load(&anvil)?;
    // In the middle between two blocks, so that the pool holds half a second of transactions.
    thread::sleep(Duration::from_millis(500));
    anvil.call("anvil_dropAllTransactions", json!([]))?;
    let report = report(&load.wait_with_output()?)?;
    assert!(errors(&report, "lost by the node, sent again") > 0, "nothing was lost: {report}");
    let sent = count(&report, "sent")?;
    assert_eq!((count(&report, "accepted")?, count(&report, "final")?), (sent, sent), "{report}");
    assert_eq!(sent + errors(&report, "slot missed"), 300, "{report}");
    assert_eq!(errors(&report, "not final"), 0, "{report}");
    Ok(())
}

/// L8: a nonce used elsewhere costs a transaction, no more.
#[test]
fn sender_goes_on_after_its_account_was_used_elsewhere() -> Result<()> {
    let anvil = Anvil::start(&["--block-time", "1"])?;
    let load = anvil.load("--rate 30 --seconds 4 --senders 3 --stuck 1500 --kind transfer")?;
    wait_for_load(&anvil)?;
    let count_of = |tag: &str| anvil.call("eth_getTransactionCount", json!([account(0).address, tag]));
    let pending = count_of("pending")?;
    let pending = u64::from_str_radix(pending.as_str().unwrap_or_default().trim_start_matches("0x"), 16)?;
    anvil.call("anvil_setNonce", json!([account(0).address, format!("{:#x}", pending + 20)]))?;
    let report = report(&load.wait_with_output()?)?;
    assert!(errors(&report, "nonce") > 0, "nobody noticed: {report}");
    assert_eq!(errors(&report, "not final"), 0, "{report}");
    let (sent, finalized) = (count(&report, "sent")?, count(&report, "final")?);
    assert!(finalized + 40 > sent && finalized < sent, "{report}");
    Ok(())
}
