//! P3, P4: what goes into an entry.

use eyre::{Result, ensure};
use rota_node::poster::{InboxHead, Packed, Payload, Posting, STREAM_BYTES_MAX, pack};

use crate::world::on_l1;

/// Packs everything, and checks each entry against the chain.
fn entries(world: &crate::world::World) -> Result<Vec<(Packed, Posting)>> {
    let mut head = InboxHead { next_height: 1, ..InboxHead::default() };
    let mut entries = Vec::new();
    while head.next_height <= world.height() {
        let packed = pack(world.store.as_ref(), &head, world.height())?;
        let entry = &packed.entry;
        ensure!(entry.firstHeight == head.next_height && entry.parentLink == head.link, "{entry:?}");
        ensure!(packed.stream.len() <= STREAM_BYTES_MAX, "{} bytes", packed.stream.len());
        let posting = Posting::open(entry, &packed.stream, world.hash(entry.firstHeight - 1)?)?;
        for (header, body) in &posting.batches {
            let stored = world.store.batch_by_hash(header.hash())?;
            ensure!(stored.is_some_and(|stored| stored.body == *body), "batch {} is another", header.height());
        }
        head = InboxHead {
            next_height: entry.lastHeight + 1,
            link: rota_staking::bindings::entry_link(entry, &Payload::Whole(packed.stream.clone()).encode()),
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
        ensure!(last || packed.stream.len() > STREAM_BYTES_MAX * 80 / 100, "{} bytes", packed.stream.len());
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
async fn a_batch_that_alone_is_too_long_is_an_entry_of_its_own() -> Result<()> {
    let (mut world, _anvil) = on_l1(1).await?;
    world.grow(1, 1)?;
    world.grow_long(1, 120_000)?;
    world.grow(1, 1)?;
    let head = InboxHead { next_height: 1, ..InboxHead::default() };
    assert_eq!(pack(world.store.as_ref(), &head, 3)?.entry.lastHeight, 1, "what is before it goes alone");
    let head = InboxHead { next_height: 2, ..InboxHead::default() };
    let packed = pack(world.store.as_ref(), &head, 3)?;
    assert_eq!((packed.entry.firstHeight, packed.entry.lastHeight), (2, 2));
    assert!(packed.stream.len() > STREAM_BYTES_MAX);
    Posting::open(&packed.entry, &packed.stream, world.hash(1)?)?;
    Ok(())
}
