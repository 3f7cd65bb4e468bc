//! E5 to E9: what is kept is brought before L1, once, by one of many, whatever happens to L1 and to the node.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use eyre::{ContextCompat as _, Result, ensure};
use rota_node::{
    evidence::Progress,
    l1::report,
    poster::{Journal, Poster, Purpose},
};
use rota_proto::Epoch;
use serde_json::json;

use crate::{
    anvil::Anvil,
    world::{World, on_l1},
};

/// Ticks posters and mines, a block a time, until each keeps the evidence against a validator as final on L1.
async fn judged(world: &World, anvil: &Anvil, posters: &mut [(usize, &mut Poster)], accused: usize) -> Result<()> {
    for _ in 0..60 {
        let mut open = false;
        for (node, poster) in &mut *posters {
            poster.tick().await?;
            open |= !matches!(world.progress(*node, accused)?, Progress::Final { .. });
        }
        if !open {
            return Ok(());
        }
        anvil.mine(1).await?;
    }
    eyre::bail!("no slashing is final after 60 blocks")
}

// E5, E8.
#[tokio::test]
async fn what_is_kept_is_reported_once_and_is_over_when_l1_says_so_finally() -> Result<()> {
    let (world, anvil) = on_l1(2).await?;
    world.accuse(0, 1)?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    poster.tick().await?;
    assert_eq!(
        Journal::open(&world.journal(0))?.record().map(|record| record.sent.purpose.clone()),
        Some(Purpose::Slash(world.validator(1)))
    );
    anvil.mine(1).await?;
    poster.tick().await?;
    let Progress::Slashed { block } = world.progress(0, 1)? else { eyre::bail!("{:?}", world.progress(0, 1)) };
    judged(&world, &anvil, &mut [(0, &mut poster)], 1).await?;
    assert_eq!(world.progress(0, 1)?, Progress::Final { block });
    for _ in 0..3 {
        anvil.mine(1).await?;
        poster.tick().await?;
    }
    assert_eq!(world.slashed(&anvil).await?, [1]);
    assert_eq!(world.sent_by(&anvil, 0).await?, 1);
    assert_eq!(Journal::open(&world.journal(0))?.record(), None);
    Ok(())
}

// E6: one sends, the others wait; all know the end, a node without a key among them.
#[tokio::test]
async fn judges_leave_the_first_its_turn() -> Result<()> {
    let (world, anvil) = on_l1(4).await?;
    let mut posters = Vec::new();
    for node in 0..3 {
        // Two of them found another pair.
        world.book(node)?.keep(world.piece(3, 9 + u64::try_from(node % 2)?)?)?;
        posters.push(world.poster(&anvil, node)?.0);
    }
    world.accuse(usize::MAX, 3)?;
    let (mut watcher, _) = world.tracker(&anvil)?;
    let mut all: Vec<(usize, &mut Poster)> = posters.iter_mut().enumerate().collect();
    all.push((usize::MAX, &mut watcher));
    judged(&world, &anvil, &mut all, 3).await?;
    assert_eq!(world.slashed(&anvil).await?, [3]);
    let mut sent = 0;
    for index in 0..4 {
        sent += world.sent_by(&anvil, index).await?;
    }
    assert_eq!(sent, 1, "nobody sent what somebody else had sent");
    Ok(())
}

// E6: posters that do not wait report at once, and nobody fails for it.
#[tokio::test]
async fn judges_that_race_slash_once() -> Result<()> {
    let (world, anvil) = on_l1(4).await?;
    let mut posters = Vec::new();
    for node in 0..3 {
        world.accuse(node, 3)?;
        posters.push(world.poster_with(&anvil, node, |settings| settings.backup_after_s = 0)?.0);
    }
    let mut all: Vec<(usize, &mut Poster)> = posters.iter_mut().enumerate().collect();
    judged(&world, &anvil, &mut all, 3).await?;
    assert_eq!(world.slashed(&anvil).await?, [3]);
    for _ in 0..6 {
        anvil.mine(1).await?;
        for poster in &mut posters {
            poster.tick().await?;
        }
    }
    for node in 0..3 {
        assert_eq!(Journal::open(&world.journal(node))?.record(), None, "poster {node}");
    }
    Ok(())
}

#[tokio::test]
async fn a_backup_reports_if_those_before_it_are_away() -> Result<()> {
    let (world, anvil) = on_l1(4).await?;
    world.accuse(1, 3)?;
    let (mut poster, _) = world.poster_with(&anvil, 1, |settings| settings.backup_after_s = 1)?;
    let begin = std::time::Instant::now();
    while world.slashed(&anvil).await?.is_empty() {
        poster.tick().await?;
        anvil.mine(1).await?;
        ensure!(begin.elapsed().as_secs() < 30, "no backup reports");
    }
    Ok(())
}

// E7: one stream of nonces, evidence first; batches follow.
#[tokio::test]
async fn evidence_goes_before_batches() -> Result<()> {
    let (mut world, anvil) = on_l1(2).await?;
    world.grow(3, 1)?;
    world.accuse(0, 1)?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    poster.tick().await?;
    anvil.mine(1).await?;
    assert_eq!(world.slashed(&anvil).await?, [1]);
    assert_eq!(world.l1(&anvil)?.inbox_head(alloy::eips::BlockId::latest()).await?.next_height, 1);
    world.settle(&anvil, &mut [&mut poster]).await?;
    world.check_posted(&anvil).await?;
    assert_eq!(world.sent_by(&anvil, 0).await?, 2);
    world.check_replay(&anvil).await
}

// E7: an entry that L1 does not take gives its nonce to evidence.
#[tokio::test]
async fn evidence_takes_the_place_of_an_entry_that_the_base_fee_outran() -> Result<()> {
    let (mut world, anvil) = on_l1(2).await?;
    world.grow(3, 1)?;
    let (mut poster, _) = world.poster_with(&anvil, 0, |settings| settings.max_fee_gwei = 400)?;
    poster.tick().await?;
    ensure!(matches!(
        Journal::open(&world.journal(0))?.record().map(|record| &record.sent.purpose),
        Some(Purpose::Append(_))
    ));
    drop(poster);
    world.accuse(0, 1)?;
    let (mut poster, _) = world.poster_with(&anvil, 0, |settings| settings.max_fee_gwei = 400)?;
    for _ in 0..3 {
        anvil.call("anvil_setNextBlockBaseFeePerGas", json!(["0x174876e800"])).await?;
        anvil.mine(1).await?;
        poster.tick().await?;
    }
    let record = Journal::open(&world.journal(0))?.record().cloned();
    let purposes = record.map(|record| (record.sent.nonce, record.sent.purpose));
    assert_eq!(purposes, Some((0, Purpose::Slash(world.validator(1)))));
    judged(&world, &anvil, &mut [(0, &mut poster)], 1).await?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    world.check_posted(&anvil).await?;
    world.check_replay(&anvil).await
}

// E7: the inbox holds another chain, so that no batch is posted; evidence is.
#[tokio::test]
async fn evidence_is_reported_though_l1_contradicts_our_chain() -> Result<()> {
    let (mut world, anvil) = on_l1(2).await?;
    let mut other = world.another(1)?;
    other.grow(3, 1)?;
    let (mut theirs, _) = other.poster(&anvil, 0)?;
    other.settle(&anvil, &mut [&mut theirs]).await?;
    world.grow(6, 1)?;
    world.accuse(0, 1)?;
    let (mut ours, _) = world.poster(&anvil, 0)?;
    for _ in 0..6 {
        ensure!(ours.tick().await.is_err(), "the conflict is told still");
        anvil.mine(1).await?;
    }
    assert_eq!(world.slashed(&anvil).await?, [1]);
    assert!(matches!(world.progress(0, 1)?, Progress::Final { .. }));
    other.check_posted(&anvil).await?;
    Ok(())
}

// E5: L1 takes the slashing back, before or after it was seen; it is posted again.
#[tokio::test]
async fn a_slashing_that_l1_takes_back_is_posted_again() -> Result<()> {
    for blocks in [1, 2] {
        let (world, anvil) = on_l1(2).await?;
        world.accuse(0, 1)?;
        let (mut poster, _) = world.poster(&anvil, 0)?;
        anvil.mine(1).await?;
        let before = anvil.call("evm_snapshot", json!([])).await?;
        for _ in 0..blocks {
            poster.tick().await?;
            anvil.mine(1).await?;
        }
        ensure!(world.slashed(&anvil).await? == [1], "it is on L1");
        ensure!(anvil.call("evm_revert", json!([before])).await? == json!(true), "anvil does not go back");
        anvil.mine(1).await?;
        ensure!(world.slashed(&anvil).await?.is_empty(), "it is gone");
        judged(&world, &anvil, &mut [(0, &mut poster)], 1).await?;
        assert_eq!(world.slashed(&anvil).await?, [1], "after {blocks} blocks");
    }
    Ok(())
}

// E8, P8: a crash at any point neither doubles nor forgets.
#[tokio::test]
async fn a_crash_at_any_await_neither_doubles_nor_forgets() -> Result<()> {
    let most = 60;
    let (world, anvil) = on_l1(2).await?;
    for waits in 0..most {
        let before = anvil.call("evm_snapshot", json!([])).await?;
        world.forget(0)?;
        world.accuse(0, 1)?;
        let (mut first, _) = world.poster(&anvil, 0)?;
        let run = async {
            first.tick().await?;
            anvil.mine(1).await?;
            first.tick().await?;
            eyre::Ok(())
        };
        let finished = cut_after(waits, run).await;
        drop(first);
        let (mut second, _) = world.poster(&anvil, 0)?;
        for _ in 0..6 {
            second.tick().await?;
            anvil.mine(1).await?;
        }
        let progress = world.progress(0, 1)?;
        ensure!(matches!(progress, Progress::Final { .. }), "after {waits} waits: {progress:?}");
        assert_eq!(
            (world.slashed(&anvil).await?, world.sent_by(&anvil, 0).await?),
            (vec![1], 1),
            "after {waits} waits"
        );
        if let Some(result) = finished {
            ensure!(waits > 10, "only {waits} points to crash at");
            return result;
        }
        ensure!(anvil.call("evm_revert", json!([before])).await? == json!(true), "anvil does not go back");
    }
    eyre::bail!("one report waits more than {most} times")
}

/// Runs a future until it has waited so often, then drops it.
async fn cut_after<F: Future>(waits: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = waits;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

// E9: what the slasher refuses holds up nothing, and is tried again: here an epoch that L1 has not begun.
#[tokio::test]
async fn evidence_that_l1_refuses_waits_for_its_time_and_batches_go_on() -> Result<()> {
    let (mut world, anvil) = on_l1(2).await?;
    world.book(0)?.keep(world.piece_of(Epoch(1), 1, 9)?)?;
    world.grow(2, 1)?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    world.check_posted(&anvil).await?;
    assert_eq!(world.sent_by(&anvil, 0).await?, 1, "what would be refused is not sent");
    anvil.mine(world.network.l1.epoch_length).await?;
    judged(&world, &anvil, &mut [(0, &mut poster)], 1).await?;
    assert_eq!(world.slashed(&anvil).await?, [1]);
    Ok(())
}

// E5, E8: L1 is away for a while, and the node starts again meanwhile.
#[tokio::test]
async fn evidence_outlives_an_absence_of_l1_and_of_the_node() -> Result<()> {
    let (world, mut anvil) = on_l1(2).await?;
    world.accuse(0, 1)?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    anvil.stop();
    for _ in 0..3 {
        ensure!(poster.tick().await.is_err(), "L1 is away");
    }
    drop(poster);
    anvil.start_again().await?;
    // It knows no state of blocks before that.
    anvil.mine(3).await?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    judged(&world, &anvil, &mut [(0, &mut poster)], 1).await?;
    assert_eq!(world.slashed(&anvil).await?, [1]);
    Ok(())
}

// E5: at the limit and one past.
#[tokio::test]
async fn evidence_that_is_too_old_for_l1_is_over() -> Result<()> {
    let (world, anvil) = on_l1(2).await?;
    world.accuse(usize::MAX, 1)?;
    let (mut watcher, _) = world.tracker(&anvil)?;
    let (window, schedule) = (world.network.times.evidence_epochs, world.network.registry()?.schedule);
    let last = schedule.first_block(Epoch(window + 1)) - 1;
    let l1 = world.l1(&anvil)?;
    anvil.mine(last - l1.final_number().await?).await?;
    assert_eq!(l1.final_number().await?, last);
    watcher.tick().await?;
    assert_eq!(world.progress(usize::MAX, 1)?, Progress::Open);
    anvil.mine(1).await?;
    watcher.tick().await?;
    assert_eq!(world.progress(usize::MAX, 1)?, Progress::Expired { block: last + 1 });
    // The contract says the same.
    let (pair, operator) = (world.piece(1, 9)?.pair()?, world.operators[0].address());
    let refused = l1.try_report(operator, report(&pair)).await.err().wrap_err("the slasher takes it")?;
    ensure!(refused.to_string().contains("EvidenceExpired"), "{refused}");
    Ok(())
}
