//! The pool's sums and indices, counted again from its chains.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::U256;

use crate::{Mempool, Origin, chain::Standing, index::Indices};

/// Counts everything in the pool again and compares it with sums and indices.
#[track_caller]
pub(super) fn check_books(pool: &Mempool) {
    let mut indices = Indices::default();
    let (mut places, mut locals, mut local_slots) = (BTreeMap::new(), BTreeMap::new(), 0);
    let mut authorizations = BTreeSet::new();
    for (sender, chain) in &pool.chains {
        assert!(!chain.entries().is_empty(), "an empty chain goes");
        indices.update(*sender, &Standing::default(), &chain.standing());
        let start = pool.hidden.until(sender).max(chain.account().nonce);
        let next = (start..).find(|nonce| !chain.entries().contains_key(nonce)).unwrap();
        assert_eq!((chain.start(), chain.next()), (start, next), "chains follow their nonces");
        let entries = || chain.entries().values();
        assert_eq!(chain.pending(), entries().filter(|entry| entry.nonce() < next).count());
        assert_eq!(chain.slots(), entries().map(|entry| entry.candidate.slots).sum::<usize>());
        assert_eq!(chain.bytes(), entries().map(|entry| entry.candidate.bytes).sum::<usize>());
        assert_eq!(chain.cost(), entries().fold(U256::ZERO, |sum, entry| sum + entry.candidate.cost));
        assert!(chain.cost() <= chain.account().balance, "M4: the balance covers the chain");
        assert!(chain.slots() <= pool.limits.sender_slots, "M8: a sender keeps its share of slots");
        assert!(chain.bytes() <= pool.limits.sender_bytes, "M8: a sender keeps its share of bytes");
        for (nonce, entry) in chain.entries() {
            let hash = entry.candidate.transaction.hash();
            assert_eq!(entry.candidate.transaction.sender(), *sender);
            assert!(*nonce >= chain.account().nonce, "used nonces go");
            assert!(places.insert(hash, (*sender, *nonce)).is_none(), "a transaction stands in one place");
            authorizations.extend(entry.candidate.authorizations.iter().map(|authorization| (*authorization, hash)));
            if entry.origin == Origin::Local {
                locals.insert(entry.sequence, hash);
                local_slots += entry.candidate.slots;
            }
        }
    }
    assert_eq!(pool.indices, indices);
    assert_eq!(pool.places, places);
    assert_eq!(pool.locals, locals);
    assert_eq!(pool.local_slots, local_slots);
    assert_eq!(pool.authorizations, authorizations);
    assert!(pool.totals().slots <= pool.limits.slots, "M9: the pool keeps its slots");
    assert!(pool.totals().bytes <= pool.limits.bytes, "M9: the pool keeps its bytes");
    assert!(local_slots <= pool.limits.local_slots, "M10: local ones keep their share");
}
