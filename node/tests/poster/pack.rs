//! P3, P4: what goes into an entry.

use eyre::{Result, ensure};
use rota_node::poster::{InboxHead, PackError, Packed, Posting, pack};
use rota_staking::bindings::MAX_PAYLOAD_BYTES;

use crate::world::on_l1;

/// Packs everything, and checks each entry against the chain.
fn entries(world: &crate::world::World) -> Result<Vec<(Packed, Posting)>> {
    let mut head = InboxHead { next_height: 1, ..InboxHead::default() };
    let mut entries = Vec::new();
    while head.next_height <= world.height() {
        let packed = pack(&world.store, &head, world.height())?;
        let entry = &packed.entry;
        ensure!(entry.firstHeight == head.next_height && entry.parentLink == head.link, "{entry:?}");
        ensure!(packed.payload.len() <= MAX_PAYLOAD_BYTES, "{} bytes", packed.payload.len());
        let posting = Posting::open(entry, &packed.payload, world.hash(entry.firstHeight - 1)?)?;
        for (header, body) in &posting.batches {
            let stored = world.store.batch_by_hash(header.hash())?;
            ensure!(stored.is_some_and(|stored| stored.body == *body), "batch {} is another", header.height());
        }
        head = InboxHead {
            next_height: entry.lastHeight + 1,
            link: rota_staking::bindings::entry_link(entry, &packed.payload),
        };
        entries.push((packed, posting));
    }
    Ok(entries)
}

#[tokio::test]
async fn entries_are_full_and_end_with_a_finalization() -> Result<()> {
    let (mut world, _anvil) = on_l1(1).await?;
    world.proven_every = 2;
    world.grow(100, 100)?;
    let entries = entries(&world)?;
    ensure!(entries.len() > 3, "{} entries", entries.len());
    for (index, (packed, posting)) in entries.iter().enumerate() {
        let last = index + 1 == entries.len();
        ensure!(last || packed.payload.len() > MAX_PAYLOAD_BYTES * 80 / 100, "{} bytes", packed.payload.len());
        ensure!(posting.finalization.is_some(), "P4: an entry ends at a finalization");
        ensure!(last || packed.entry.lastHeight.is_multiple_of(2), "{:?}", packed.entry);
    }
    Ok(())
}

#[tokio::test]
async fn many_batches_under_one_finalization_are_split_and_proven_by_the_last() -> Result<()> {
    let (mut world, _anvil) = on_l1(1).await?;
    world.proven_every = 1_000;
    world.grow(40, 100)?;
    let entries = entries(&world)?;
    ensure!(entries.len() > 1, "one entry holds it all");
    let proven: Vec<bool> = entries.iter().map(|(_, posting)| posting.finalization.is_some()).collect();
    assert_eq!(proven.iter().filter(|proven| **proven).count(), 1);
    assert_eq!(proven.last(), Some(&true));
    Ok(())
}

#[tokio::test]
async fn a_batch_that_alone_is_too_long_is_named() -> Result<()> {
    let (mut world, _anvil) = on_l1(1).await?;
    world.grow(1, 1)?;
    world.grow_with_input(119_900)?;
    let head = InboxHead { next_height: 1, ..InboxHead::default() };
    assert_eq!(pack(&world.store, &head, 2)?.entry.lastHeight, 1, "what is before it goes alone");
    let head = InboxHead { next_height: 2, ..InboxHead::default() };
    match pack(&world.store, &head, 2) {
        Err(PackError::TooLarge { height: 2, bytes }) => assert!(bytes > MAX_PAYLOAD_BYTES),
        other => eyre::bail!("{other:?}"),
    }
    Ok(())
}
