//! P8: a poster that ends at any point, and one that starts from what the disk has.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use eyre::{Result, ensure};

use crate::world::on_l1;

/// Runs a future until it has waited so often, then drops it: what it sent is sent, what it would have done is not
/// done.
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

#[tokio::test]
async fn a_crash_at_any_await_neither_doubles_nor_forgets() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    for waits in 0..400 {
        world.grow(2, 1)?;
        let (mut first, _) = world.poster(&anvil, 0)?;
        let finished = cut_after(waits, world.settle(&anvil, &mut [&mut first])).await;
        drop(first);
        if let Some(result) = finished {
            result?;
            ensure!(waits > 20, "only {waits} points to crash at");
            world.check_posted(&anvil).await?;
            return world.check_replay(&anvil).await;
        }
        let (mut second, _) = world.poster(&anvil, 0)?;
        world.settle(&anvil, &mut [&mut second]).await?;
        world.check_posted(&anvil).await?;
    }
    eyre::bail!("one posting waits more than 400 times")
}

#[tokio::test]
async fn what_was_kept_but_not_sent_is_sent_after_a_restart() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    world.grow(3, 1)?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    poster.tick().await?;
    let kept = rota_node::poster::Journal::open(&world.journal(0))?.record().cloned();
    ensure!(kept.is_some(), "the journal has it");
    // L1 loses its pool: to it, the transaction was never sent.
    anvil.call("anvil_dropAllTransactions", serde_json::json!([])).await?;
    drop(poster);
    anvil.mine(1).await?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    assert_eq!(world.check_posted(&anvil).await?, 1);
    let l1 = world.l1(&anvil)?;
    let event = l1.appended(0, l1.tip().await?.number).await?.remove(0);
    assert_eq!(Some(&event.transaction), kept.iter().flat_map(|record| record.hashes.last()).next(), "the very same");
    Ok(())
}
