//! Processes die under load: one after the other, and all at once.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use eyre::{ContextCompat as _, Result, ensure};
use rota_proto::{BatchHeader, Epoch, Place};

use crate::support::{Devnet, Load, Records, Settings, Tap, Told, agree, genesis_keys, registry, until, with};

/// A dead leader is replaced within two seconds on a machine that is not busy; this one runs four nodes and a load.
const FINALITY_GOES_ON: Duration = Duration::from_secs(10);

/// From the start of the last of four killed processes to the first new receipt.
const RESUMES: Duration = Duration::from_secs(60);

/// Users, each with 8 transactions at a time.
const USERS: u64 = 12;

/// Batches between one death and the next.
const BETWEEN: u64 = 20;

/// The tap's node.
const TAP: usize = 4;

/// Any one of four validators may be killed under load, also the one that leads: finality goes on, and the node comes
/// back to the same chain. All four may be killed: they resume by themselves, and what was reported final stays where
/// it was. And no validator signs a slashable pair: every signature sent is checked.
#[tokio::test(flavor = "multi_thread")]
async fn killed_validators_lose_nothing_final_and_sign_no_slashable_pair() -> Result<()> {
    let settings = Settings { stakes: vec![30, 27, 23, 20, 1], absent: vec![TAP], ..Settings::default() };
    with(settings, async |net: &mut Devnet| {
        let keys = genesis_keys(net).await?;
        let tap = Tap::join(&net.node(TAP)?.folder, &keys)?;
        let load = Load::start(&net.http, &net.rpcs()[..TAP], USERS)?;
        load.final_after(Instant::now(), Duration::from_secs(30)).await?;
        let mut records = Records::default();
        let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
        let leader = until("a validator with a node leads", Duration::from_secs(10), async || {
            let leader = net.leader(&names).await?;
            Ok((leader != TAP).then_some(leader))
        });
        let leader = leader.await?;
        let others = (0..TAP).filter(|index| *index != leader);
        for index in std::iter::once(leader).chain(others) {
            kill_one(net, &load, index, &mut records).await?;
            is_one_of_four_again(net, index).await?;
        }
        // The second dies while the first has caught up and may not have voted yet (rule S3).
        for index in [3, 0] {
            kill_one(net, &load, index, &mut records).await?;
        }
        gaps_are_told(net).await?;
        kill_all(net, &load, &mut records).await?;
        let told = load.finish().await?;
        let height = net.height().await?;
        let headers = agree(&net.running(), height).await?;
        check_final(&told, &headers)?;
        check_signatures(net, tap, records, headers.len()).await
    })
    .await
}

async fn kill_one(net: &mut Devnet, load: &Load, index: usize, records: &mut Records) -> Result<()> {
    net.node_mut(index)?.kill().await?;
    let since = Instant::now();
    records.read(&net.node(index)?.folder)?;
    let gap = load.final_after(since, FINALITY_GOES_ON).await?;
    println!("node {index} killed: the next transaction was final after {gap:?}");
    net.node_mut(index)?.start().await?;
    let height = net.height().await?;
    let since = Instant::now();
    net.node(index)?.reaches(height, Duration::from_secs(30)).await?;
    println!("node {index} is at height {height} again after {:?}", since.elapsed());
    net.connected().await
}

/// Views that a dead leader cost are counted by those who saw them.
async fn gaps_are_told(net: &Devnet) -> Result<()> {
    let mut skipped = 0.0;
    for node in net.running() {
        skipped += node.metrics().await?.sum("rota_views_skipped_total", &[]);
    }
    println!("views skipped, by all nodes: {skipped}");
    ensure!(skipped > 0.0, "a leader died and no view was skipped");
    Ok(())
}

/// It votes, and the network goes on for some batches.
async fn is_one_of_four_again(net: &Devnet, index: usize) -> Result<()> {
    let other = net.node(usize::from(index == 0))?;
    let place = Place::new(u8::try_from(index)?).wrap_err("a place")?;
    let height = net.height().await?;
    other.sees_vote_of(place, height, Duration::from_secs(30)).await?;
    other.reaches(height + BETWEEN, Duration::from_secs(30)).await?;
    Ok(())
}

async fn kill_all(net: &mut Devnet, load: &Load, records: &mut Records) -> Result<()> {
    for index in 0..TAP {
        net.node_mut(index)?.kill().await?;
    }
    for index in 0..TAP {
        records.read(&net.node(index)?.folder)?;
        net.node_mut(index)?.launch()?;
    }
    let since = Instant::now();
    for index in 0..TAP {
        net.node_mut(index)?.answers().await?;
    }
    let gap = load.final_after(since, RESUMES).await?;
    println!("all killed: the next transaction was final after {gap:?}");
    Ok(())
}

/// Every transaction stands in the batch that its user was told.
fn check_final(told: &[Told], headers: &[BatchHeader]) -> Result<()> {
    let by_height: BTreeMap<u64, &BatchHeader> = headers.iter().map(|header| (header.height().0, header)).collect();
    for told in told {
        let header = by_height.get(&told.height).wrap_err_with(|| format!("no batch {}", told.height))?;
        ensure!(header.hash() == told.block, "{}: told {}, now {}", told.height, told.block, header.hash());
    }
    println!("{} transactions are where they were told to be, in {} batches", told.len(), headers.len());
    Ok(())
}

async fn check_signatures(net: &mut Devnet, tap: Tap, mut records: Records, batches: usize) -> Result<()> {
    let newest = Epoch(net.node(0)?.status().await?.epoch);
    let registry = registry(net, newest).await?;
    for index in 0..TAP {
        let ended = net.node_mut(index)?.stop().await?;
        ensure!(ended.code() == Some(0), "node {index}: {ended}");
    }
    let mut signatures = tap.leave().await?;
    for index in 0..TAP {
        records.read(&net.node(index)?.folder)?;
        signatures.read_store(&net.node(index)?.folder)?;
    }
    let heard = signatures.judge(&registry, &records)?;
    println!("votes heard by place: {heard:?}");
    // Each validator missed some batches while it was down, and casts two votes for each of the others.
    let enough = heard.values().filter(|votes| **votes > batches).count();
    ensure!(enough == TAP, "too few votes were heard for {batches} batches: {heard:?}");
    Ok(())
}
