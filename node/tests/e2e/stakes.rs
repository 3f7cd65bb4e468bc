//! Stake counts, heads do not: who leads, and what finality takes.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use eyre::{ContextCompat as _, Result, ensure};
use rota_proto::{Epoch, Place};

use crate::support::{Devnet, Load, Node, Settings, agree, registry, schedule, until, with};

/// Stakes of the four validators; of 100, so that they are shares too.
const STAKES: [u64; 4] = [40, 30, 20, 10];

/// Views that are counted.
const VIEWS: usize = 1_000;

/// The chi-square statistic with 3 degrees of freedom that chance exceeds once in a million runs. Leaders drawn by
/// heads instead of stakes would give about 300.
const CHI_SQUARE_MAX: f64 = 30.66;

const FINALITY_GOES_ON: Duration = Duration::from_secs(15);

/// Work without finality becomes a health state after 10 s.
const STATE_SHOWS: Duration = Duration::from_secs(30);

const USERS: u64 = 6;

/// With stakes 40/30/20/10 each validator leads in proportion over 1,000 views, and in exactly the views that the
/// schedule of rule L1 gives it. Two of four heads may be gone if they hold 30 of 100; one that holds 40 may not.
/// Without a quorum the nodes say so, and go on when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn stake_decides_who_leads_and_what_is_final() -> Result<()> {
    let settings =
        Settings { stakes: STAKES.to_vec(), epoch_length: 3_000, batch_interval_ms: 10, ..Settings::default() };
    with(settings, async |net: &mut Devnet| {
        let load = Load::start(&net.http, &net.rpcs(), USERS)?;
        leaders(net).await?;
        without_two_heads_of_little_stake(net, &load).await?;
        no_finality_without(net, &load, &[0], Stop::Kill).await?;
        no_finality_without(net, &load, &[1, 2], Stop::Kindly).await?;
        load.finish().await?;
        let height = net.height().await?;
        agree(&net.running(), height).await?;
        Ok(())
    })
    .await
}

async fn leaders(net: &Devnet) -> Result<()> {
    let first = net.node(0)?;
    let wanted = u64::try_from(VIEWS)? + 2;
    first.reaches(wanted, Duration::from_secs(180)).await?;
    let headers = first.headers(1, wanted).await?;
    let registry = registry(net, Epoch(0)).await?;
    let (set, schedule) = (registry.set(Epoch(0))?, schedule(&registry, Epoch(0))?);
    let mut led: BTreeMap<Place, u64> = BTreeMap::new();
    for (header, child) in headers.iter().zip(headers.iter().skip(1)).take(VIEWS) {
        // A header does not know its view; its child names it.
        let view = child.extra().parent_view;
        let leader = schedule.leader(&set, view);
        let recipient = set.get(leader).wrap_err("the leader is no member")?.fee_recipient;
        let (height, paid) = (header.height(), header.header().beneficiary);
        ensure!(paid == recipient, "batch {height} of view {view} pays {paid}, not its leader {recipient}");
        *led.entry(leader).or_default() += 1;
    }
    let statistic = chi_square(&led)?;
    println!("of {VIEWS} views each led {:?}; chi-square {statistic:.2}", led.values().collect::<Vec<_>>());
    ensure!(statistic < CHI_SQUARE_MAX, "chi-square is {statistic}: {led:?}");
    Ok(())
}

fn chi_square(led: &BTreeMap<Place, u64>) -> Result<f64> {
    ensure!(led.len() == STAKES.len() && led.values().sum::<u64>() == u64::try_from(VIEWS)?, "{led:?}");
    let terms = led.values().zip(STAKES).map(|(observed, share)| {
        let expected = f64::from(u32::try_from(share * u64::try_from(VIEWS)? / 100)?);
        Ok((f64::from(u32::try_from(*observed)?) - expected).powi(2) / expected)
    });
    terms.sum()
}

/// 70 of 100 are more than two thirds, though only two heads of four.
async fn without_two_heads_of_little_stake(net: &mut Devnet, load: &Load) -> Result<()> {
    for index in [2, 3] {
        net.node_mut(index)?.kill().await?;
    }
    let gap = load.final_after(Instant::now(), FINALITY_GOES_ON).await?;
    println!("without 20 and 10: the next transaction was final after {gap:?}");
    for index in [2, 3] {
        net.node_mut(index)?.start().await?;
    }
    net.connected().await
}

enum Stop {
    Kill,
    Kindly,
}

/// Nothing is final while these are gone, the others say so, and go on when they are back.
async fn no_finality_without(net: &mut Devnet, load: &Load, gone: &[usize], how: Stop) -> Result<()> {
    for index in gone {
        match how {
            Stop::Kill => net.node_mut(*index)?.kill().await?,
            Stop::Kindly => {
                let ended = net.node_mut(*index)?.stop().await?;
                ensure!(ended.code() == Some(0), "node {index} ended with {ended}");
            }
        }
    }
    // What was under way may still become final; the state shows after seconds without.
    let left = net.running();
    let mut heights = BTreeMap::new();
    for node in &left {
        says(node, 503, "no-finality").await?;
        heights.insert(node.index, node.height().await?);
    }
    let pending = Instant::now();
    for node in &left {
        let (height, before) = (node.height().await?, heights.get(&node.index));
        ensure!(Some(&height) == before, "node {} went from {before:?} to {height}", node.index);
    }
    for index in gone {
        net.node_mut(*index)?.start().await?;
    }
    let gap = load.final_after(pending, FINALITY_GOES_ON).await?;
    println!("without {gone:?}: no finality; back again, a transaction was final after {gap:?}");
    for node in net.running() {
        says(node, 200, "well").await?;
    }
    net.connected().await
}

async fn says(node: &Node, code: u16, state: &str) -> Result<()> {
    until(&format!("node {} says {state}", node.index), STATE_SHOWS, async || {
        let (ready, word) = node.ready().await?;
        ensure!(ready == code && word == state, "it says {ready} {word}");
        ensure!(node.healthz().await? == state, "/healthz differs");
        Ok(Some(()))
    })
    .await
}
