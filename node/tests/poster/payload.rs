//! P1, P2: the payload's form, and every way in which one is refused.

use std::io::{Read as _, Write as _};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::Encodable as _;
use eyre::Result;
use rand::{Rng as _, SeedableRng as _};
use rota_node::poster::{CONTENT_BYTES_MAX, Content, PARTS_MAX, Payload, PayloadError, Posting};
use rota_proto::Message;
use rota_staking::bindings::IRotaInbox::Entry;

use crate::world::{World, on_l1};

fn entry(world: &World) -> Result<Entry> {
    let last = world.height();
    Ok(Entry { firstHeight: 1, lastHeight: last, parentLink: B256::ZERO, lastBatchHash: world.hash(last)? })
}

fn content(world: &World) -> Result<Content> {
    let mut content = Content::default();
    for height in 1..=world.height() {
        let stored = world.store.batch_by_height(height)?;
        stored.iter().for_each(|stored| content.push(&stored.header, &stored.body));
    }
    Ok(content)
}

/// Any content as a payload.
fn pack(content: &[u8]) -> Vec<u8> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 4_096, 5, 20);
    assert!(writer.write_all(content).is_ok(), "memory takes everything");
    writer.into_inner()
}

fn list(items: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    alloy_rlp::Header { list: true, payload_length: items.len() }.encode(&mut out);
    out.extend_from_slice(items);
    out
}

/// A content from its four items, the headers and bodies already as lists.
fn items(headers: &[u8], roots: &[u8], bodies: &[u8], finalization: &[u8]) -> Vec<u8> {
    let mut all = list(headers);
    roots.encode(&mut all);
    all.extend_from_slice(&list(bodies));
    finalization.encode(&mut all);
    list(&all)
}

#[tokio::test]
async fn batches_and_finalization_come_back_as_they_were() -> Result<()> {
    let (mut world, _anvil) = on_l1(2).await?;
    world.grow(3, 0)?;
    world.grow(4, 9)?;
    let finalization = world.finalization(&world.head());
    for certificate in [None, Some(&finalization)] {
        let payload = content(&world)?.stream(7, certificate);
        let posting = Posting::open(&entry(&world)?, &payload, world.hash(0)?)?;
        assert_eq!(posting.finalization.as_ref(), certificate);
        assert_eq!(posting.batches.len(), 7);
        for (height, (header, body)) in (1u64..).zip(&posting.batches) {
            let stored = world.store.batch_by_height(height)?.map(|stored| (stored.header, stored.body));
            assert_eq!(stored, Some((header.clone(), body.clone())));
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_idle_chain_costs_little_more_than_its_state_roots() -> Result<()> {
    let (mut world, _anvil) = on_l1(1).await?;
    world.grow(1_000, 0)?;
    let bytes = content(&world)?.stream(1_000, None).len();
    assert!((32_000..42_000).contains(&bytes), "{bytes} bytes for 1,000 batches without transactions");
    Ok(())
}

#[tokio::test]
async fn what_is_not_the_entry_is_refused_by_name() -> Result<()> {
    let (mut world, _anvil) = on_l1(2).await?;
    world.grow(3, 2)?;
    let finalization = world.finalization(&world.head());
    let good = content(&world)?.stream(3, Some(&finalization));
    let named = entry(&world)?;
    let parent = world.hash(0)?;
    let open = |entry: &Entry, payload: &[u8], parent: B256| Posting::open(entry, payload, parent).unwrap_err();

    assert!(matches!(open(&named, &[], parent), PayloadError::Compression(_)));
    assert!(matches!(open(&named, &good[..good.len() / 2], parent), PayloadError::Compression(_)));
    assert!(matches!(open(&named, &[9, 9, 9], parent), PayloadError::Compression(_)));
    for (first, last) in [(1, 2), (1, 4), (2, 3), (3, 1), (1, u64::MAX)] {
        let other = Entry { firstHeight: first, lastHeight: last, ..named.clone() };
        let refused = open(&other, &good, parent);
        assert!(matches!(refused, PayloadError::Count { batches: 3, .. }), "{first} to {last}: {refused}");
    }
    let elsewhere = Entry { firstHeight: 2, lastHeight: 4, ..named.clone() };
    assert!(matches!(open(&elsewhere, &good, parent), PayloadError::LastBatch { .. }), "the heights are covered");
    assert!(matches!(open(&named, &good, B256::ZERO), PayloadError::LastBatch { .. }), "so is the parent");
    let other = Entry { lastBatchHash: B256::ZERO, ..named.clone() };
    assert!(matches!(open(&other, &good, parent), PayloadError::LastBatch { .. }));

    let before = world.store.batch_by_height(2)?.map(|stored| world.finalization(&stored.header));
    let foreign = content(&world)?.stream(3, before.as_ref());
    assert!(matches!(open(&named, &foreign, parent), PayloadError::Finalization(_)), "another batch's");
    let mut notarization = finalization;
    notarization.vote.kind = rota_proto::VoteKind::Notarize;
    let weak = content(&world)?.stream(3, Some(&notarization));
    assert!(matches!(open(&named, &weak, parent), PayloadError::Finalization(_)), "not a finalization");
    Ok(())
}

#[tokio::test]
async fn a_content_of_another_form_is_refused() -> Result<()> {
    let (mut world, _anvil) = on_l1(1).await?;
    world.grow(1, 1)?;
    let (named, parent, head) = (entry(&world)?, world.hash(0)?, world.head());
    let root = head.header().state_root;
    let stripped = Header {
        parent_hash: B256::ZERO,
        number: 0,
        transactions_root: B256::ZERO,
        state_root: B256::ZERO,
        ..head.header().clone()
    };
    let stored = world.store.batch_by_height(1)?.map(|stored| stored.body).unwrap_or_default();
    let (header, body) = (alloy_rlp::encode(&stripped), alloy_rlp::encode(&stored));
    let good = items(&header, root.as_slice(), &body, &[]);
    assert!(Posting::open(&named, &pack(&good), parent).is_ok());

    let kept = |change: &dyn Fn(&mut Header)| {
        let mut header = stripped.clone();
        change(&mut header);
        items(&alloy_rlp::encode(&header), root.as_slice(), &body, &[])
    };
    let certificate = Message::RoundQuery([0; 32]).encode();
    let malformed = [
        ("nothing", Vec::new()),
        ("bytes after the content", [good.as_slice(), &[0x80]].concat()),
        ("a fifth item", list(&[&good[2..], &[0x80]].concat())),
        ("no body", items(&header, root.as_slice(), &[], &[])),
        ("two headers", items(&[header.as_slice(), &header].concat(), root.as_slice(), &body, &[])),
        ("two bodies", items(&header, root.as_slice(), &[body.as_slice(), &body].concat(), &[])),
        ("a parent", kept(&|header| header.parent_hash = B256::repeat_byte(1))),
        ("a number", kept(&|header| header.number = 1)),
        ("a transactions root", kept(&|header| header.transactions_root = B256::repeat_byte(1))),
        ("a state root", kept(&|header| header.state_root = B256::repeat_byte(1))),
    ];
    for (name, content) in malformed {
        let refused = Posting::open(&named, &pack(&content), parent).unwrap_err();
        assert!(matches!(refused, PayloadError::Content(_)), "{name}: {refused}");
    }
    let cut = items(&header, &root.as_slice()[..31], &body, &[]);
    assert!(matches!(Posting::open(&named, &pack(&cut), parent), Err(PayloadError::Count { .. })));
    let false_field = kept(&|header| header.difficulty = alloy_primitives::U256::from(1));
    assert!(matches!(Posting::open(&named, &pack(&false_field), parent), Err(PayloadError::Header { height: 1, .. })));
    let no_body = items(&header, root.as_slice(), &alloy_rlp::encode(Bytes::from_static(&[1])), &[]);
    assert!(matches!(Posting::open(&named, &pack(&no_body), parent), Err(PayloadError::Body { height: 1, .. })));
    let no_certificate = items(&header, root.as_slice(), &body, &certificate);
    assert!(matches!(Posting::open(&named, &pack(&no_certificate), parent), Err(PayloadError::Finalization(_))));
    Ok(())
}

// P2: whatever a member posts, a reader refuses it or reads what its entry names.
#[tokio::test]
async fn changed_contents_are_read_as_they_were_or_refused() -> Result<()> {
    const CHANGES: usize = 3_000;
    let (mut world, _anvil) = on_l1(1).await?;
    world.grow(3, 2)?;
    let (named, parent) = (entry(&world)?, world.hash(0)?);
    let stream = content(&world)?.stream(3, Some(&world.finalization(&world.head())));
    let mut good = Vec::new();
    brotli::Decompressor::new(stream.as_ref(), 4_096).read_to_end(&mut good)?;
    let expected = Posting::open(&named, &stream, parent)?;
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let mut random = rand::rngs::StdRng::seed_from_u64(seed);
    let mut refused = 0;
    for _ in 0..CHANGES {
        let mut changed = good.clone();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..changed.len());
            match random.random_range(0..3) {
                0 => changed[at] = random.random(),
                1 => changed.truncate(at + 1),
                _ => changed.insert(at, random.random()),
            }
        }
        match Posting::open(&named, &pack(&changed), parent) {
            // The finalization is verified by its signatures, not here.
            Ok(posting) => assert_eq!(posting.batches, expected.batches),
            Err(_) => refused += 1,
        }
    }
    println!("{refused} of {CHANGES} refused");
    assert!(refused > CHANGES / 2, "{refused} of {CHANGES} refused");
    Ok(())
}

// P2: at the limit and one past it.
#[tokio::test]
async fn what_grows_beyond_the_limit_is_refused_before_it_is_kept() -> Result<()> {
    let (mut world, _anvil) = on_l1(1).await?;
    world.grow(1, 0)?;
    let (named, parent) = (entry(&world)?, world.hash(0)?);
    let bomb = |bytes: usize| Posting::open(&named, &pack(&vec![0; bytes]), parent).unwrap_err();
    assert!(pack(&vec![0; CONTENT_BYTES_MAX + 1]).len() < 1_000, "a small payload");
    assert!(matches!(bomb(CONTENT_BYTES_MAX), PayloadError::Content(_)));
    assert!(matches!(bomb(CONTENT_BYTES_MAX + 1), PayloadError::Compression(_)));
    Ok(())
}

#[test]
fn a_payload_holds_its_stream_or_names_the_transactions_that_carry_it() {
    let hashes = |count: usize| Payload::InParts((0u8..=255).cycle().take(count).map(B256::repeat_byte).collect());
    let whole = Payload::Whole(Bytes::from_static(b"stream"));
    for payload in [whole, Payload::Whole(Bytes::new()), hashes(1), hashes(PARTS_MAX)] {
        assert_eq!(Payload::read(&payload.encode()).unwrap(), payload);
    }
    let read = |bytes: Vec<u8>| Payload::read(&bytes.into()).unwrap_err();
    assert!(matches!(read(vec![]), PayloadError::Empty));
    assert!(matches!(read(vec![2, 0, 1]), PayloadError::Version(2)));
    assert!(matches!(read(vec![1]), PayloadError::Kind(255)));
    assert!(matches!(read(vec![1, 2, 3]), PayloadError::Kind(2)));
    assert!(matches!(read(vec![1, 1]), PayloadError::Kind(1)), "no part");
    assert!(matches!(read(vec![1; 2 + 33]), PayloadError::Kind(1)), "a part and a byte");
    assert!(matches!(read(hashes(PARTS_MAX + 1).encode().to_vec()), PayloadError::Kind(1)));
}
