//! Each height once, by one of many.

use alloy::eips::BlockId;
use alloy_primitives::U256;
use eyre::Result;
use rota_node::{
    poster::{Conflict, PostError, Poster, TickError, TrackError},
    status::Posted,
};
use serde_json::json;

use crate::world::on_l1;

/// P17, P19: what a replay has is L1 alone, and it executes everything.
#[tokio::test]
async fn every_height_is_posted_once_and_a_replay_comes_to_the_same_state() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    let (mut poster, posted) = world.poster(&anvil, 0)?;
    for (batches, transfers) in [(1, 0), (30, 3), (2, 40)] {
        world.grow(batches, transfers)?;
        world.settle(&anvil, &mut [&mut poster]).await?;
        assert_eq!(posted.borrow().safe, world.height());
    }
    assert_eq!(world.check_posted(&anvil).await?, 3);
    // P16: final two blocks later, as anvil tells it.
    assert!(posted.borrow().finalized < world.height());
    anvil.mine(2).await?;
    poster.tick().await?;
    assert_eq!(*posted.borrow(), Posted { safe: 33, finalized: 33 });
    world.check_replay(&anvil).await
}

// P8, C12: whoever is second learns it from the head, or is refused.
#[tokio::test]
async fn posters_that_race_post_each_height_once() -> Result<()> {
    let (mut world, anvil) = on_l1(3).await?;
    let mut posters = Vec::new();
    for index in 0..3 {
        // With no wait between the backups everyone posts at once.
        posters.push(world.poster_with(&anvil, index, |settings| settings.backup_after_s = 0)?.0);
    }
    for _ in 0..6 {
        world.grow(3, 2)?;
        let mut all: Vec<&mut Poster> = posters.iter_mut().collect();
        world.settle(&anvil, &mut all).await?;
    }
    world.check_posted(&anvil).await?;
    // Whatever came too late is over, and nothing is left to be sent.
    for _ in 0..4 {
        anvil.mine(1).await?;
        for poster in &mut posters {
            poster.tick().await?;
        }
    }
    for index in 0..3 {
        let journal = rota_node::poster::Journal::open(&world.journal(index))?;
        assert_eq!(journal.record(), None, "poster {index}");
    }
    world.check_replay(&anvil).await
}

// P6: one sends, the others wait.
#[tokio::test]
async fn backups_leave_the_first_its_turn() -> Result<()> {
    let (mut world, anvil) = on_l1(3).await?;
    let mut posters = Vec::new();
    for index in 0..3 {
        posters.push(world.poster(&anvil, index)?.0);
    }
    for _ in 0..5 {
        world.grow(2, 1)?;
        let mut all: Vec<&mut Poster> = posters.iter_mut().collect();
        world.settle(&anvil, &mut all).await?;
    }
    assert_eq!(world.check_posted(&anvil).await?, 5);
    let l1 = world.l1(&anvil)?;
    let mut transactions = 0;
    for operator in &world.operators {
        transactions += l1.account(operator.address(), BlockId::latest()).await?.nonce;
    }
    assert_eq!(transactions, 5, "nobody sent what somebody else had sent");
    Ok(())
}

#[tokio::test]
async fn a_backup_takes_over_from_those_that_are_away() -> Result<()> {
    let (mut world, anvil) = on_l1(3).await?;
    world.grow(2, 1)?;
    // Only one of three runs, and waits at most twice.
    let (mut poster, _) = world.poster_with(&anvil, 1, |settings| settings.backup_after_s = 1)?;
    let l1 = world.l1(&anvil)?;
    let begin = std::time::Instant::now();
    while l1.inbox_head(BlockId::latest()).await?.next_height == 1 {
        poster.tick().await?;
        anvil.mine(1).await?;
        assert!(begin.elapsed().as_secs() < 30, "no backup posts");
    }
    world.check_posted(&anvil).await?;
    Ok(())
}

#[tokio::test]
async fn a_node_without_a_key_follows_what_others_post() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    let (mut follower, posted) = world.tracker(&anvil)?;
    world.grow(4, 1)?;
    world.settle(&anvil, &mut [&mut poster, &mut follower]).await?;
    assert_eq!(*posted.borrow(), Posted { safe: 4, finalized: 0 });
    anvil.mine(2).await?;
    follower.tick().await?;
    assert_eq!(*posted.borrow(), Posted { safe: 4, finalized: 4 });
    // It is known after a restart, before L1 answers.
    let (_, posted) = world.tracker(&anvil)?;
    assert_eq!(*posted.borrow(), Posted { safe: 4, finalized: 4 });
    Ok(())
}

#[tokio::test]
async fn a_submitter_without_funds_is_named_and_posts_once_funded() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    world.grow(2, 1)?;
    let operator = world.operators[0].address();
    let set_balance = async |wei: &str| anvil.call("anvil_setBalance", json!([operator, wei])).await;
    set_balance("0x3e8").await?;
    match poster.tick().await {
        Err(TickError::Post(PostError::Funds { account, balance, needed })) => {
            assert_eq!((account, balance), (operator, U256::from(1_000)));
            assert!(needed > balance);
        }
        other => eyre::bail!("{other:?}"),
    }
    set_balance("0xde0b6b3a7640000").await?;
    anvil.mine(1).await?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    world.check_posted(&anvil).await?;
    Ok(())
}

#[tokio::test]
async fn a_validator_that_names_another_submitter_is_told() -> Result<()> {
    let (mut world, anvil) = on_l1(2).await?;
    world.grow(1, 1)?;
    let foreign = world.operators[1].address();
    let change = |settings: &mut rota_node::config::PosterToml| {
        settings.validator = Some(foreign);
        settings.backup_after_s = 0;
    };
    let (mut poster, _) = world.poster_with(&anvil, 0, change)?;
    match poster.tick().await {
        Err(TickError::Post(PostError::Refused { validator, account, reason })) => {
            assert_eq!((validator, account), (foreign, world.operators[0].address()));
            assert!(reason.contains("NotSubmitter"), "{reason}");
        }
        other => eyre::bail!("{other:?}"),
    }
    assert_eq!(rota_node::poster::Journal::open(&world.journal(0))?.record(), None);
    Ok(())
}

// P14, P15.
#[tokio::test]
async fn posting_stops_when_l1_holds_another_chain() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    let mut other = world.another(1)?;
    other.grow(3, 1)?;
    let (mut theirs, _) = other.poster(&anvil, 0)?;
    other.settle(&anvil, &mut [&mut theirs]).await?;
    world.grow(6, 1)?;
    let (mut ours, _) = world.poster(&anvil, 0)?;
    for _ in 0..5 {
        match ours.tick().await {
            Err(TickError::Track(TrackError::Conflict(conflict))) => match *conflict {
                Conflict::OtherBatch { height, theirs, ours, .. } => {
                    assert_eq!((height, theirs, ours), (3, other.hash(3)?, world.hash(3)?));
                }
                Conflict::Unreadable { .. } => eyre::bail!("{conflict}"),
            },
            answer => eyre::bail!("{answer:?}"),
        }
        anvil.mine(1).await?;
    }
    other.check_posted(&anvil).await?;
    Ok(())
}

// P3: a batch longer than a transaction goes in parts, of which none may vanish, and comes back whole.
#[tokio::test]
async fn a_batch_longer_than_a_transaction_is_posted_in_parts() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    world.grow(2, 1)?;
    world.grow_long(3, 100_000)?;
    world.grow(2, 1)?;
    for _ in 0..3 {
        // A pool that is lost and a restart in between change nothing.
        let (mut poster, _) = world.poster(&anvil, 0)?;
        for _ in 0..2 {
            poster.tick().await?;
            anvil.mine(1).await?;
        }
        poster.tick().await?;
        anvil.call("anvil_dropAllTransactions", json!([])).await?;
    }
    assert_eq!(world.l1(&anvil)?.inbox_head(BlockId::latest()).await?.next_height, 3, "the parts go first");
    let (mut poster, _) = world.poster(&anvil, 0)?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    assert_eq!(world.check_posted(&anvil).await?, 3);
    let nonce = world.l1(&anvil)?.account(world.operators[0].address(), BlockId::latest()).await?.nonce;
    assert_eq!(nonce, 3 + 3, "three entries and three parts");
    world.check_replay(&anvil).await
}
