//! The guided tour: a staker's life and a set's, on a network of real processes, told as it happens. Every step is a
//! command that anybody could type; what it changed is read back from L1 and from the nodes.
//!
//! `scripts/testnet tour` runs it and shows what it says.

use std::time::{Duration, Instant};

use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::SolCall as _;
use eyre::{ContextCompat as _, Result, ensure};
use rota_proto::{Epoch, Message, Round, View, Vote};
use rota_staking::bindings::Rewards;
use serde_json::{Value, json};

use crate::{
    epochs::{COIN, EPOCH_LENGTH, L1_BLOCK_MS, endow, join},
    evidence::{operator, place, say},
    support::{Devnet, Load, Settings, consensus_secret, rota, sign, until, with},
};

/// An epoch has eight seconds: two until a change counts, and some in which not all of it fits.
const COUNTS: Duration = Duration::from_secs(120);

/// The delay of an unbonding: evidence of what the stake did may come for so long.
const MATURES: Duration = Duration::from_secs(300);

/// Batches whose leaders are counted: who has 41 % of the stake leads no more than 28 % of so many once in 500,000
/// times.
const BATCHES: u64 = 300;

/// The names of the validators, in the order of their nodes.
const NAMES: [&str; 5] = ["Ann", "Bob", "Cleo", "Dan", "Eve"];
const ANN: usize = 0;
const CLEO: usize = 2;
const DAN: usize = 3;
const EVE: usize = 4;

/// Whoever only delegates.
struct Delegator {
    name: &'static str,
    key: PrivateKeySigner,
}

#[tokio::test(flavor = "multi_thread")]
async fn guided_tour() -> Result<()> {
    let settings = Settings {
        followers: 1,
        epoch_length: EPOCH_LENGTH,
        l1_block_ms: L1_BLOCK_MS,
        more: &["--epoch-lag-max", "4", "--origin-age-max-s", "16", "--period-epochs", "1"],
        hostile: true,
        ..Settings::default()
    };
    with(settings, async |net: &mut Devnet| {
        let since = Instant::now();
        println!("Four validators stake 30, 27, 23 and 20 tokens. An epoch of L1 has eight seconds here.");
        let load = Load::start(&net.http, &net.rpcs()[..3], 4)?;
        net.node(0)?.reaches(5, Duration::from_secs(60)).await?;
        somebody_joins(net).await?;
        let delegators = delegators_join(net).await?;
        rewards_are_claimed(net, &delegators).await?;
        leaves_and_comes_back_as_tokens(net).await?;
        governance_decides(net, &delegators).await?;
        contradiction_costs_stake(net).await?;
        load.finish().await?;
        step("The end");
        println!("{} batches are final, after {} s.", net.height().await?, since.elapsed().as_secs());
        Ok(())
    })
    .await
}

fn step(title: &str) {
    println!("\n== {title}");
}

/// A command in the first node's folder, by the account of a key, or in the folder of a validator by its operator.
async fn by(net: &Devnet, key: &PrivateKeySigner, line: &str) -> Result<Value> {
    println!("$ rota {line}");
    rota(&net.node(ANN)?.folder, &words(line), Some(key)).await
}

async fn by_validator(net: &Devnet, index: usize, line: &str) -> Result<Value> {
    println!("$ rota {line}");
    rota(&net.node(index)?.folder, &words(line), None).await
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// Who serves in the epoch of now, each with its share of the power in hundredths.
async fn shares(net: &Devnet) -> Result<Vec<(usize, u64)>> {
    let told = rota(&net.node(ANN)?.folder, &["epoch", "show"], None).await?;
    let total = told["totalPower"].as_u64().wrap_err("a total")?;
    let mut shares = Vec::new();
    for index in 0..NAMES.len() {
        let name = operator(net, index)?;
        let members = told["members"].as_array().wrap_err("members")?;
        let member = members.iter().find(|member| member["validator"] == json!(name));
        let power = member.and_then(|member| member["power"].as_u64());
        shares.extend(power.map(|power| (index, power * 100 / total)));
    }
    Ok(shares)
}

fn tell(shares: &[(usize, u64)]) -> String {
    let told: Vec<_> = shares.iter().map(|(index, share)| format!("{} {share} %", NAMES[*index])).collect();
    told.join(", ")
}

/// Waits until the set of now is as it should be, and tells it.
async fn set_is(net: &Devnet, what: &str, holds: impl Fn(&[(usize, u64)]) -> bool) -> Result<()> {
    let shares = until(what, COUNTS, async || {
        let shares = shares(net).await?;
        ensure!(holds(&shares), "the set is {}", tell(&shares));
        Ok(Some(shares))
    })
    .await?;
    println!("The set is now: {}.", tell(&shares));
    Ok(())
}

fn has(shares: &[(usize, u64)], index: usize) -> bool {
    shares.iter().any(|(member, _)| *member == index)
}

async fn somebody_joins(net: &mut Devnet) -> Result<()> {
    step("Eve registers with 5 tokens, and joins");
    println!("$ rota stake register --amount 5 --withdrawal EVE");
    join(net, EVE, 5).await?;
    set_is(net, "Eve is a member", |shares| has(shares, EVE)).await?;
    until("Eve votes", COUNTS, async || Ok(net.node(EVE)?.status().await?.votes.then_some(()))).await?;
    println!("What is staked in one epoch counts two epochs later, and nobody had to agree.");
    Ok(())
}

async fn delegators_join(net: &Devnet) -> Result<[Delegator; 2]> {
    step("Fay and Gus delegate to Ann, and leads shift with the stake");
    let (_, before) = shares(net).await?[ANN];
    let delegators = ["Fay", "Gus"].map(|name| Delegator { name, key: PrivateKeySigner::random() });
    let ann = operator(net, ANN)?;
    for Delegator { key, .. } in &delegators {
        endow(net, key.address(), 20).await?;
        by(net, key, &format!("stake delegate 12 --to {ann}")).await?;
    }
    set_is(net, "Ann has more than a third", |shares| {
        shares.iter().any(|(member, share)| *member == ANN && *share > 40)
    })
    .await?;
    // The batches that are counted all follow the change. Each pays its leader.
    let first = net.height().await? + 100;
    net.node(ANN)?.reaches(first + BATCHES - 1, COUNTS).await?;
    let headers = net.node(ANN)?.headers(first, first + BATCHES - 1).await?;
    let led = headers.iter().filter(|header| header.header().beneficiary == ann).count();
    println!("Of the next {} batches Ann led {led}.", headers.len());
    ensure!(u64::try_from(led)? * 100 > before * BATCHES, "{led} is no more than her {before} % of before");
    Ok(delegators)
}

async fn rewards_are_claimed(net: &Devnet, [fay, _]: &[Delegator; 2]) -> Result<()> {
    step("A period of rewards is attested, and claimed");
    let (ann, account) = (operator(net, ANN)?, fay.key.address());
    let status = format!("stake status {ann} --account {account}");
    let told = until("Fay has earned something", COUNTS, async || {
        let told = rota(&net.node(ANN)?.folder, &words(&status), None).await?;
        let claimable = told["account"]["claimable"].as_str().unwrap_or("0");
        ensure!(claimable != "0", "nothing yet: {told}");
        Ok(Some(claimable.to_owned()))
    })
    .await?;
    let show = rota(&net.node(ANN)?.folder, &["rewards", "show"], None).await?;
    println!(
        "Every node counted who took part. More than two thirds of the power signed one Merkle root a period; L1 has \
         {} periods, and checked one aggregated signature for each.",
        show["nextPeriod"]
    );
    all_found_the_same(net, show["nextPeriod"].as_u64().wrap_err("a number")?).await?;
    let claimed = by(net, &fay.key, &format!("stake claim --validator {ann} --account {account}")).await?;
    println!("{} could claim {}, and did: {}.", fay.name, tokens(&told)?, amount(&claimed)?);
    ensure!(claimed["events"][0]["event"] == "Claimed", "{claimed}");
    nodes_tell(net, &ann).await
}

/// Rules O1, O4: a node tells what validators have earned, and of its own what it did.
async fn nodes_tell(net: &Devnet, ann: &Address) -> Result<()> {
    let node = net.node(ANN)?;
    until("Ann's node tells what Ann did and earned", COUNTS, async || {
        let told: Value = node.call("rota_rewards", json!([ann])).await?;
        let owed = told["validators"][0]["unpaidStake"].as_str().is_some_and(|owed| owed != "0x0");
        let metrics = node.metrics().await?;
        let did = ["rota_own_points", "rota_own_duties_done"].iter().all(|name| metrics.sum(name, &[]) > 0.0);
        Ok((owed && did).then_some(()))
    })
    .await
}

/// Rules W1 to W3, W6. W1, W2: every node found the same of each period, also Eve's, which was started anew meanwhile.
/// W3: it is what L1 was told. W6: each validator of the first day has brought its leaves in.
async fn all_found_the_same(net: &Devnet, periods: u64) -> Result<()> {
    let rewards = net.network()?.l1.contracts.rewards;
    ensure!(periods > 2, "{periods} periods are attested");
    for period in 0..periods {
        let on_l1 = Rewards::periodOfCall { period };
        let root = Rewards::periodOfCall::abi_decode_returns(&ask_l1(net, rewards, on_l1.abi_encode()).await?)?.root;
        for node in net.running() {
            let told: Value = node.call("rota_period", json!([period])).await?;
            ensure!(told["root"] == json!(root), "node {}: {told} is not {root}", node.index);
        }
    }
    for (index, name) in NAMES.iter().enumerate().take(4) {
        let call = Rewards::standingOfCall { validator: operator(net, index)? };
        let standing = Rewards::standingOfCall::abi_decode_returns(&ask_l1(net, rewards, call.abi_encode()).await?)?;
        ensure!(standing.nextPeriod > 0, "{name} has brought nothing in");
    }
    Ok(())
}

async fn ask_l1(net: &Devnet, to: Address, input: Vec<u8>) -> Result<Bytes> {
    let call = json!([{ "to": to, "data": Bytes::from(input) }, "latest"]);
    Ok(serde_json::from_value(net.anvil.call("eth_call", call).await?)?)
}

async fn leaves_and_comes_back_as_tokens(net: &Devnet) -> Result<()> {
    step("Cleo leaves");
    let told = by_validator(net, CLEO, "stake unbond --all").await?;
    let id = told["events"][0]["id"].as_u64().wrap_err_with(|| format!("no unbonding: {told}"))?;
    set_is(net, "Cleo is a member no more", |shares| !has(shares, CLEO)).await?;
    println!("An eighth of the power may leave in an epoch, so it took more than one.");
    let since = Instant::now();
    let line = format!("stake withdraw {id}");
    let paid = until("Cleo's stake is out", MATURES, async || {
        rota(&net.node(CLEO)?.folder, &words(&line), None).await.map(Some)
    })
    .await?;
    println!("$ rota {line}");
    println!(
        "For {} s more it stood for what she had signed. Then it was paid: {}.",
        since.elapsed().as_secs(),
        amount(&paid)?
    );
    Ok(())
}

async fn governance_decides(net: &Devnet, delegators: &[Delegator; 2]) -> Result<()> {
    step("Governance raises the minimum bond, and sends Eve out");
    let eve = operator(net, EVE)?;
    let [fay, _] = delegators;
    let raise = by(net, &fay.key, "gov propose parameters --set minimumBond=1.25").await?;
    let expel = by(net, &fay.key, &format!("gov propose expel {eve}")).await?;
    let proposals = [number(&raise)?, number(&expel)?];
    voted_for(net, delegators, proposals).await?;
    let parameters = rota(&net.node(ANN)?.folder, &["gov", "list"], None).await?;
    ensure!(parameters.to_string().matches("executed").count() >= 2, "both were executed: {parameters}");
    until("nodes tell of both", COUNTS, async || {
        let told: Value = net.node(ANN)?.call("rota_proposals", json!([])).await?;
        Ok((told.to_string().matches("executed").count() >= 2).then_some(()))
    })
    .await?;
    set_is(net, "Eve is a member no more", |shares| !has(shares, EVE)).await?;
    println!("Votes are bonded tokens, also delegated ones, and nobody voted against. Eve is paid like all who leave.");
    Ok(())
}

/// The number of the proposal that a command made.
fn number(told: &Value) -> Result<&str> {
    told["events"][0]["id"].as_str().wrap_err_with(|| format!("no proposal: {told}"))
}

/// Takes proposals from their vote to their execution, each step as soon as L1 lets it. They go side by side: their
/// votes are open at the same time.
async fn voted_for(net: &Devnet, delegators: &[Delegator; 2], proposals: [&str; 2]) -> Result<()> {
    for Delegator { key, .. } in delegators {
        for id in proposals {
            as_soon(net, key, &format!("gov vote {id} for")).await?;
        }
    }
    for verb in ["queue", "execute"] {
        for id in proposals {
            as_soon(net, &delegators[0].key, &format!("gov {verb} {id}")).await?;
        }
    }
    for id in proposals {
        let shown = rota(&net.node(ANN)?.folder, &words(&format!("gov show {id}")), None).await?;
        println!("Proposal {}… is {}.", &id[..8], shown["state"]);
    }
    Ok(())
}

/// What L1 refuses at first, since it is not time yet.
async fn as_soon(net: &Devnet, key: &PrivateKeySigner, line: &str) -> Result<()> {
    until(line, COUNTS, async || rota(&net.node(ANN)?.folder, &words(line), Some(key)).await.map(Some)).await?;
    println!("$ rota {line}");
    Ok(())
}

/// The amount of the first event that a command told of.
fn amount(told: &Value) -> Result<String> {
    tokens(told["events"][0]["amount"].as_str().wrap_err_with(|| format!("no amount: {told}"))?)
}

/// An amount in units, in whole tokens.
fn tokens(units: &str) -> Result<String> {
    let units: u128 = units.parse()?;
    let (whole, rest) = (units / u128::from(COIN), units % u128::from(COIN) / 1_000_000_000_000);
    Ok(format!("{whole}.{rest:06} tokens"))
}

async fn contradiction_costs_stake(net: &Devnet) -> Result<()> {
    step("Dan signs two batches in one view, and is slashed");
    let status = net.node(ANN)?.status().await?;
    let round = Round::new(Epoch(status.epoch), View(status.view + 4));
    let secret = consensus_secret(&net.node(DAN)?.folder)?;
    let (domain, seat) = (net.network()?.domain(), place(DAN)?);
    let votes = [1, 2].map(|byte| Vote::notarize(round, B256::repeat_byte(byte)));
    let said = votes.map(|vote| Message::Vote(sign(&secret, &domain, vote, seat)));
    let dan: Address = operator(net, DAN)?;
    say(net, &said, &[dan]).await?;
    println!("One node saw both votes, kept them, and told the others. Somebody whose turn it was reported them.");
    set_is(net, "Dan is a member no more", |shares| !has(shares, DAN)).await?;
    let told = rota(&net.node(ANN)?.folder, &words(&format!("stake status {dan}")), None).await?;
    println!("L1 checked both signatures, took a part at once, and locked the rest until it knows who else did that.");
    ensure!(told["stake"]["status"] == "slashed", "he is slashed: {told}");
    Ok(())
}
