//! Every kind of change to the set, one after the other, under load.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use alloy_primitives::{B256, U256};
use alloy_sol_types::SolCall as _;
use eyre::{ContextCompat as _, Result, ensure};
use rota_node::{
    config::NodeToml,
    signer::{Keystore, Strength, ValidatorKeys},
};
use rota_proto::{BatchHeader, ConsensusKey, Epoch, Message, Round, View, Vote};
use rota_staking::{Registry, bindings::TestToken};

use crate::{
    epochs::{COIN, EPOCH_LENGTH, L1_BLOCK_MS, check_epochs, on_l1},
    evidence::{operator, say},
    support::{
        Devnet, Load, Settings, agree, consensus_secret, genesis_keys, public, registry, rota, sign, until, with,
    },
};

/// Two epochs until a change counts, the one it is made in, and what L1 takes to be final.
const CHANGE_COUNTS: Duration = Duration::from_secs(60);

/// More than half of the power leaves: eight epochs it waits for others to come (C40), then an eighth of what is left
/// goes in each of seven, and the last counts two later: 17 epochs of 8 seconds, and what L1 takes to be final.
const EXIT_OF_MOST: Duration = Duration::from_secs(240);

/// Whose stake grows, who has other keys, whose stake falls.
const GROWS: usize = 0;
const ROTATES: usize = 1;
const SHRINKS: usize = 2;

/// One of these leaves while it leads; the others, with a third of the power that is left, are slashed in one epoch.
const OTHERS: std::ops::Range<usize> = 3..7;

/// A set of seven lives through a growing stake, other keys, a falling stake, the exit of who leads, and the slashing
/// of a third of its power in one epoch; then another is slashed, and the largest leaves, so that one is left.
/// Transactions become final all the while, every batch is led and signed by the set of its epoch, and that is the one
/// L1 tells.
#[tokio::test(flavor = "multi_thread")]
async fn the_set_lives_through_every_kind_of_change() -> Result<()> {
    let settings = Settings {
        stakes: vec![18, 17, 16, 14, 13, 12, 10],
        epoch_length: EPOCH_LENGTH,
        l1_block_ms: L1_BLOCK_MS,
        hostile: true,
        ..Settings::default()
    };
    with(settings, async |net: &mut Devnet| {
        let load = Load::start(&net.http, &net.rpcs()[..2], 4)?;
        let keys = genesis_keys(net).await?;
        grow(net).await?;
        next_epoch(net).await?;
        let rotated = rotate(net).await?;
        next_epoch(net).await?;
        rota(&net.node(SHRINKS)?.folder, &["stake", "unbond", "4"], None).await?;
        use_new_keys(net).await?;
        let left = exit_of_the_leader(net, &keys).await?;
        until("who left is out of the set", CHANGE_COUNTS, async || is_out(net, &[keys[left]]).await).await?;
        let guilty: Vec<usize> = OTHERS.filter(|index| *index != left).collect();
        let third = slash(net, &guilty, &keys).await?;
        ensure!(third >= 1.0 / 3.0, "{guilty:?} had {third} of the power");
        slash(net, &[SHRINKS], &keys).await?;
        rota(&net.node(GROWS)?.folder, &["stake", "unbond", "--all"], None).await?;
        until("one is left", EXIT_OF_MOST, async || is_out(net, &[keys[GROWS]]).await).await?;
        let alone = Instant::now();
        println!("alone, it makes a transaction final after {:?}", load.final_after(alone, CHANGE_COUNTS).await?);
        load.finish().await?;
        let headers = agree(&net.running(), net.height().await?).await?;
        let newest = headers.last().wrap_err("no batches")?.epoch();
        let registry = registry(net, newest).await?;
        check_epochs(&headers, &registry)?;
        check_sets(&headers, &registry, &keys, &rotated)
    })
    .await
}

/// Waits for the next epoch of the chain.
async fn next_epoch(net: &Devnet) -> Result<()> {
    let epoch = net.node(0)?.status().await?.epoch;
    until("an epoch begins", CHANGE_COUNTS, async || Ok((net.node(0)?.status().await?.epoch > epoch).then_some(())))
        .await
}

async fn grow(net: &Devnet) -> Result<()> {
    let mint = TestToken::mintCall { to: operator(net, GROWS)?, amount: U256::from(5) * U256::from(COIN) };
    on_l1(net, net.network()?.l1.contracts.token, mint.abi_encode()).await?;
    rota(&net.node(GROWS)?.folder, &["stake", "top-up", "5"], None).await.map(drop)
}

/// Registers other keys; the consensus key among them.
async fn rotate(net: &Devnet) -> Result<ConsensusKey> {
    let keys = ValidatorKeys::generate();
    let folder = &net.node(ROTATES)?.folder;
    Keystore::encrypt(&keys.consensus, "devnet", Strength::Devnet)?.write(&folder.join("keys/consensus2.json"))?;
    keys.attestation.encrypt("devnet", Strength::Devnet)?.write(&folder.join("keys/attestation2.json"))?;
    let files = ["--consensus", "keys/consensus2.json", "--attestation", "keys/attestation2.json"];
    rota(folder, &[["stake", "rotate-key"].as_slice(), &files].concat(), None).await?;
    public(&keys.consensus)
}

/// When its old key serves no more, the node is started with the new one, and votes.
async fn use_new_keys(net: &mut Devnet) -> Result<()> {
    let votes = async |net: &Devnet| Ok::<_, eyre::Report>(net.node(ROTATES)?.status().await?.votes);
    until("the old key serves no more", CHANGE_COUNTS, async || Ok((!votes(net).await?).then_some(()))).await?;
    let node = net.node_mut(ROTATES)?;
    node.stop().await?;
    let path = node.folder.join("config/node.toml");
    let mut settings = NodeToml::read(&path)?;
    settings.validator.as_mut().wrap_err("a validator")?.keystore = Some("keys/consensus2.json".into());
    std::fs::write(&path, toml::to_string_pretty(&settings)?)?;
    // The record of what the old key signed stays with the old key.
    std::fs::rename(node.folder.join("data/guard"), node.folder.join("data/guard-of-the-old-key"))?;
    node.start().await?;
    until("the new key votes", CHANGE_COUNTS, async || Ok(votes(net).await?.then_some(()))).await
}

/// One of the others leaves in the moment in which it leads; which.
async fn exit_of_the_leader(net: &Devnet, keys: &[ConsensusKey]) -> Result<usize> {
    let names: Vec<String> = keys.iter().map(|key| B256::from(key.to_bytes()).to_string()).collect();
    let leader = until("one of the others leads", CHANGE_COUNTS, async || {
        let leader = net.leader(&names).await?;
        Ok(OTHERS.contains(&leader).then_some(leader))
    })
    .await?;
    rota(&net.node(leader)?.folder, &["stake", "unbond", "--all"], None).await?;
    println!("node {leader} led, and leaves");
    Ok(leader)
}

/// Their keys each notarize two batches in one view of an epoch; they are gone from the set two epochs after L1 heard.
/// Which part of the power they had.
async fn slash(net: &Devnet, guilty: &[usize], keys: &[ConsensusKey]) -> Result<f64> {
    let status = net.node(0)?.status().await?;
    let (epoch, round) = (Epoch(status.epoch), Round::new(Epoch(status.epoch), View(status.view + 6)));
    let (set, domain) = (registry(net, epoch).await?.set(epoch)?, net.network()?.domain());
    let (mut said, mut power, mut gone) = (Vec::new(), 0, Vec::new());
    for index in guilty {
        let secret = consensus_secret(&net.node(*index)?.folder)?;
        let seat = set.place_of(&keys[*index]).wrap_err_with(|| format!("node {index} is no member"))?;
        power += set.get(seat).map_or(0, |validator| u128::from(validator.power.0));
        gone.push(keys[*index]);
        said.extend([1, 2].map(|batch| {
            let vote = Vote::notarize(round, B256::repeat_byte(batch));
            Message::Vote(sign(&secret, &domain, vote, seat))
        }));
    }
    let since = Instant::now();
    let accused: Vec<_> = guilty.iter().map(|index| operator(net, *index)).collect::<Result<_>>()?;
    say(net, &said, &accused).await?;
    until("the guilty are out of the set", CHANGE_COUNTS, async || is_out(net, &gone).await).await?;
    println!("{guilty:?} with {power} of {} are out of the set after {:?}", set.total_power(), since.elapsed());
    Ok(part(power)? / part(set.total_power())?)
}

/// Power in millions, as a number that can be divided.
fn part(power: u128) -> Result<f64> {
    Ok(f64::from(u32::try_from(power / 1_000_000)?))
}

/// Whether the chain is in an epoch in whose set none of these serves.
async fn is_out(net: &Devnet, keys: &[ConsensusKey]) -> Result<Option<()>> {
    let epoch = Epoch(net.node(0)?.status().await?.epoch);
    let set = registry(net, epoch).await?.set(epoch)?;
    Ok(keys.iter().all(|key| set.place_of(key).is_none()).then_some(()))
}

/// Each batch is proven by a quorum of the set of its epoch; the first set is of seven, the last of one, which has
/// other keys; and there were at least five sets.
fn check_sets(
    headers: &[BatchHeader],
    registry: &Registry,
    keys: &[ConsensusKey],
    rotated: &ConsensusKey,
) -> Result<()> {
    let mut sets = BTreeSet::new();
    for header in headers.iter().filter(|header| header.extra().parent_view.0 > 0) {
        let set = registry.set(header.epoch())?;
        let signers = header.extra().parent_signers;
        ensure!(set.is_quorum(set.power_of(signers)), "the parent of batch {} has no quorum", header.height());
        let members = set.iter().map(|(place, validator)| (place, validator.consensus_key, validator.power));
        sets.insert(members.map(|(place, key, power)| (place, key.to_bytes(), power)).collect::<Vec<_>>());
    }
    println!("{} batches, {} sets", headers.len(), sets.len());
    ensure!(sets.len() >= 6, "only {} sets", sets.len());
    let (first, last) = (registry.set(Epoch(0))?, registry.set(headers.last().wrap_err("no batches")?.epoch())?);
    ensure!(keys.iter().all(|key| first.place_of(key).is_some()), "the first set is {first:?}");
    ensure!(last.place_of(rotated).is_some() && last.iter().count() == 1, "the last set is {last:?}");
    Ok(())
}
