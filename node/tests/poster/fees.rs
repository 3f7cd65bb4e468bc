//! P9, P10, P12: fees that rise, a cap, a transaction called back.

use alloy::{eips::BlockId, providers::Provider as _};
use alloy_consensus::Transaction as _;
use eyre::{ContextCompat as _, Result, ensure};
use rota_node::poster::{Journal, Purpose};
use serde_json::json;

use crate::{
    anvil::Anvil,
    world::{World, on_l1},
};

const GWEI: u64 = 1_000_000_000;

async fn base_fee(anvil: &Anvil, gwei: u64) -> Result<()> {
    anvil.call("anvil_setNextBlockBaseFeePerGas", json!([format!("{:#x}", gwei * GWEI)])).await.map(drop)
}

/// The fee that the only entry on L1 was posted with, in wei per gas.
async fn fee_paid(world: &World, anvil: &Anvil) -> Result<u128> {
    let l1 = world.l1(anvil)?;
    let events = l1.appended(0, l1.tip().await?.number).await?;
    ensure!(events.len() == 1, "{events:?}");
    let transaction = anvil.provider.get_transaction_by_hash(events[0].transaction).await?;
    Ok(transaction.wrap_err("no transaction")?.inner.max_fee_per_gas())
}

#[tokio::test]
async fn a_transaction_that_the_base_fee_outruns_is_replaced() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    world.grow(3, 1)?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    poster.tick().await?;
    let first = Journal::open(&world.journal(0))?.record().cloned().wrap_err("nothing was sent")?;
    base_fee(&anvil, 40).await?;
    anvil.mine(1).await?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    assert_eq!(world.check_posted(&anvil).await?, 1);
    let paid = fee_paid(&world, &anvil).await?;
    assert!(8 * paid >= 9 * first.sent.fees.max_fee, "{paid} after {:?}", first.sent.fees);
    world.check_replay(&anvil).await
}

#[tokio::test]
async fn at_the_cap_posting_waits_until_l1_asks_less() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    world.grow(3, 1)?;
    let (mut poster, _) = world.poster_with(&anvil, 0, |settings| settings.max_fee_gwei = 10)?;
    base_fee(&anvil, 40).await?;
    anvil.mine(1).await?;
    poster.tick().await?;
    assert_eq!(Journal::open(&world.journal(0))?.record(), None, "nothing is sent above the cap");
    // Empty blocks let the base fee fall by an eighth each.
    world.settle(&anvil, &mut [&mut poster]).await?;
    assert_eq!(world.check_posted(&anvil).await?, 1);
    assert!(fee_paid(&world, &anvil).await? <= u128::from(10 * GWEI));
    Ok(())
}

// P12: the loser of a race does not pay for an append that is refused.
#[tokio::test]
async fn an_append_that_came_too_late_is_called_back() -> Result<()> {
    let (mut world, anvil) = on_l1(2).await?;
    world.grow(3, 1)?;
    let race = |settings: &mut rota_node::config::PosterToml| settings.backup_after_s = 0;
    let (mut slow, _) = world.poster_with(&anvil, 0, race)?;
    let (mut quick, _) = world.poster_with(&anvil, 1, race)?;
    slow.tick().await?;
    // The fee rises: the append that was sent cannot be mined, one that is sent now can.
    base_fee(&anvil, 30).await?;
    anvil.mine(1).await?;
    quick.tick().await?;
    base_fee(&anvil, 30).await?;
    anvil.mine(1).await?;
    assert_eq!(world.check_posted(&anvil).await?, 1);
    slow.tick().await?;
    let record = Journal::open(&world.journal(0))?.record().cloned().wrap_err("nothing is called back")?;
    assert_eq!(record.sent.purpose, Purpose::Cancel);
    assert_eq!(record.hashes.len(), 2);
    anvil.mine(1).await?;
    slow.tick().await?;
    assert_eq!(Journal::open(&world.journal(0))?.record(), None);
    let account = world.l1(&anvil)?.account(world.operators[0].address(), BlockId::latest()).await?;
    assert_eq!(account.nonce, 1, "its nonce is used");
    // And its next entry goes its way.
    world.grow(2, 1)?;
    world.settle(&anvil, &mut [&mut slow]).await?;
    assert_eq!(world.check_posted(&anvil).await?, 2);
    Ok(())
}
