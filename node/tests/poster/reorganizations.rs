//! P11, P13, P16: L1 goes back, or is away.

use alloy::eips::BlockId;
use eyre::{Result, ensure};
use serde_json::json;

use crate::world::on_l1;

#[tokio::test]
async fn an_entry_that_l1_takes_back_is_posted_again() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    let (mut poster, posted) = world.poster(&anvil, 0)?;
    world.grow(3, 1)?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    anvil.mine(3).await?;
    poster.tick().await?;
    assert_eq!(posted.borrow().finalized, 3);
    for blocks in 0..3 {
        let before = anvil.call("evm_snapshot", json!([])).await?;
        let kept = *posted.borrow();
        world.grow(2, 1)?;
        world.settle(&anvil, &mut [&mut poster]).await?;
        // Deeper or not so deep, but never behind a final block.
        anvil.mine(blocks).await?;
        assert_eq!(posted.borrow().safe, world.height());
        ensure!(anvil.call("evm_revert", json!([before])).await? == json!(true), "anvil does not go back");
        anvil.mine(1).await?;
        // P16: safe goes back, finalized does not.
        poster.tick().await?;
        assert_eq!(posted.borrow().safe, kept.safe);
        assert!(posted.borrow().finalized >= kept.finalized && kept.finalized > 0);
        world.settle(&anvil, &mut [&mut poster]).await?;
        world.check_posted(&anvil).await?;
    }
    world.check_replay(&anvil).await
}

// P11: L1 goes back while ours is on its way, or just mined and not yet seen as such.
#[tokio::test]
async fn a_reorganization_under_a_transaction_in_flight_leaves_no_gap_and_no_double() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    for mined in [0, 1, 2] {
        let before = anvil.call("evm_snapshot", json!([])).await?;
        world.grow(2, 1)?;
        poster.tick().await?;
        anvil.mine(mined).await?;
        ensure!(anvil.call("evm_revert", json!([before])).await? == json!(true), "anvil does not go back");
        anvil.mine(1).await?;
        world.settle(&anvil, &mut [&mut poster]).await?;
        world.check_posted(&anvil).await?;
    }
    world.check_replay(&anvil).await
}

#[tokio::test]
async fn a_reorganization_by_anvil_leaves_no_gap_and_no_double() -> Result<()> {
    let (mut world, anvil) = on_l1(2).await?;
    let race = |settings: &mut rota_node::config::PosterToml| settings.backup_after_s = 0;
    let (mut first, _) = world.poster_with(&anvil, 0, race)?;
    let (mut second, _) = world.poster_with(&anvil, 1, race)?;
    for round in 0..5 {
        world.grow(2, 1)?;
        world.settle(&anvil, &mut [&mut first, &mut second]).await?;
        anvil.call("anvil_reorg", json!([1 + round % 2, []])).await?;
        world.settle(&anvil, &mut [&mut first, &mut second]).await?;
        world.check_posted(&anvil).await?;
    }
    world.check_replay(&anvil).await
}

#[tokio::test]
async fn a_backlog_of_5000_batches_goes_out_in_as_few_entries_as_fit() -> Result<()> {
    let (mut world, mut anvil) = on_l1(1).await?;
    let (mut poster, posted) = world.poster(&anvil, 0)?;
    world.grow(1, 1)?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    anvil.stop();
    world.grow(4_900, 0)?;
    world.grow(100, 1)?;
    for _ in 0..3 {
        ensure!(poster.tick().await.is_err(), "L1 is away");
    }
    assert_eq!(posted.borrow().safe, 1, "what is known stays known");
    anvil.start_again().await?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    let entries = world.check_posted(&anvil).await?;
    assert!(entries <= 4, "{entries} entries");
    let account = world.l1(&anvil)?.account(world.operators[0].address(), BlockId::latest()).await?;
    assert_eq!(account.nonce, u64::try_from(entries)?, "one transaction an entry");
    world.check_replay(&anvil).await
}
