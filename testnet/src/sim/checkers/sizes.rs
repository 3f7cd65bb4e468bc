//! Sizes: every queue and map of a replica is bounded, most of them by the views that are not final.

use crate::sim::facts::{Checker, Fact, Scene};

/// Votes and proposals are taken so many views ahead.
const VIEWS_AHEAD: u64 = 32;
/// Proposals of so many views are kept though nobody certified them.
const STRAY_VIEWS: u64 = 64;
/// Batches known of one view: two by its leader, and one that a certificate names.
const BATCHES_PER_VIEW: u64 = 3;
/// Kinds of votes, of each of which the first counts; certificates of a view, with less than a third faulty; offences.
const KINDS: u64 = 3;
/// Pieces that consensus asks for at a time.
const WANTED: u64 = 256;
/// Views of the final chain that conflicting finalizations are recognised in.
const FINAL_CHAIN: u64 = 8_192;
/// Epochs that ended whose late votes are answered.
const PAST_EPOCHS: u64 = 4;
/// Votes that a start reads from the guard's record: of 64 rounds, in each notarize and one of the two that exclude
/// each other. Nothing is added to them later.
const RECORD: u64 = 64 * 2;

/// Rounds below the last final one of which the slasher knows the votes.
const RETENTION: u64 = 256;
/// Epochs that have views ahead of their last final one in the slasher: the one before, the current and the next.
const SLASHER_EPOCHS: u64 = 3;
/// Epochs whose last final view the slasher knows: the one before and the current.
const FINAL_VIEWS: u64 = 2;
/// Epochs of which it remembers what is proven: these two, and what was the next one in each of them.
const PROVEN_EPOCHS: u64 = 4;
/// L1 blocks that can be looked up as origins.
const L1_BLOCKS: u64 = 4_096;
/// Epochs whose seeds are kept.
const SEEDS: u64 = 1_024;
/// Sets that are ready.
const SETS: u64 = 4;
/// Epochs from a change to its effect. A place has one holder more for each epoch for which it was changed: the first,
/// and those after the second up to so many after the newest. Nobody but the contract brings them, for gas, and they
/// are kept (rule R3 of staking).
const LAG_EPOCHS: u64 = 2;

/// What an authorization counts for in the pool's bytes besides its own.
const AUTHORIZATION_BYTES: u64 = 190;
/// Places of a chain of transactions in indices: its tail, its head, its expiry.
const INDEXED: u64 = 3;
/// Accounts whose last change by a final batch is remembered.
const RECENT: u64 = 64 * 1_024;
/// Notarized batches that the pool hides: several times what may be unfinal.
const HIDDEN: u64 = 256;
/// Transactions of a batch: 4 MiB of the smallest, 64 bytes each.
const TRANSACTIONS: u64 = 4 * 1_024 * 1_024 / 64;

/// Batches that become final at once; while they are being committed, as many again may follow.
const FINAL_AT_ONCE: u64 = 128;
/// Bodies of one validator that wait for their header: the current view's, and the next one's.
const EARLY_BODIES: u64 = 2;
/// Bytes of all bodies that wait for their header: eight of the largest.
const EARLY_BYTES: u64 = 8 * 4 * 1_024 * 1_024;
/// Batches in one answer to a node that catches up, each of which may be a piece; nothing is asked for before all of
/// them are taken.
const PIECES: u64 = 64;
/// Gossiped final batches that wait for the verification of their certificate.
const OFFERED: u64 = 16;
/// L1 blocks that may still be adopted and whose arrival is remembered.
const ORIGINS: u64 = 4_096;
/// Authorizations that a host lets wait for their recovery; each line begins with a transaction that has one.
const LINES: u64 = 4_096;

/// Compares with the bounds.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    validators: u64,
    pool: [u64; 2],
}

/// How far a node is.
#[derive(Clone, Copy, Debug)]
struct Reach {
    unfinal_views: u64,
    l1_epoch: u64,
}

impl Reach {
    /// Batches above the final one: of leaders of all views that strays are kept of, and what a certificate names in
    /// any view.
    const fn batches(self) -> u64 {
        let views = if self.unfinal_views < STRAY_VIEWS { self.unfinal_views } else { STRAY_VIEWS };
        BATCHES_PER_VIEW * (views + VIEWS_AHEAD + 1) + self.unfinal_views
    }

    /// The last final view, those since, and those ahead.
    const fn views(self) -> u64 {
        self.unfinal_views + VIEWS_AHEAD + 1
    }
}

impl Sizes {
    /// In a network of so many validators whose pools hold at most so many transactions and bytes.
    #[must_use]
    pub fn new(validators: usize, pool: [usize; 2]) -> Self {
        Self { validators: validators as u64, pool: pool.map(|most| most as u64) }
    }

    /// The most there may be of a thing; nothing for what has no bound here.
    fn bound(self, name: &str, reach: Reach) -> Option<u64> {
        let of_consensus = self.of_consensus(name, reach);
        let of_staking = || self.of_staking(name, reach);
        let of_pool = || self.of_pool(name);
        of_consensus.or_else(of_staking).or_else(of_pool).or_else(|| self.of_replica(name, reach))
    }

    fn of_consensus(self, name: &str, reach: Reach) -> Option<u64> {
        Some(match name {
            "views" => reach.views() + 1,
            "view votes" => KINDS * self.validators * reach.views(),
            // Whoever has one is in a later view.
            "certificates" => KINDS * (reach.unfinal_views + 1),
            "batches" => reach.batches(),
            // Of a batch that was asked for, one more in the view of whoever puts it forward instead of the answer.
            "proposals" => reach.batches() + reach.unfinal_views,
            "wanted" => WANTED,
            // Notarized views, the last final one among them where nobody votes.
            "to finalize" => reach.unfinal_views,
            "final chain" => FINAL_CHAIN,
            "past epochs" => PAST_EPOCHS,
            // By place.
            "silence" | "answers" => self.validators,
            "record" => RECORD,
            _ => return None,
        })
    }

    fn of_staking(self, name: &str, reach: Reach) -> Option<u64> {
        Some(match name {
            "votes" => KINDS * self.validators * (RETENTION + 1 + SLASHER_EPOCHS * VIEWS_AHEAD),
            "proven" => KINDS * self.validators * PROVEN_EPOCHS,
            "final views" => FINAL_VIEWS,
            "l1 blocks" => L1_BLOCKS,
            "holders" => self.validators * (reach.l1_epoch + LAG_EPOCHS),
            "seeds" => SEEDS,
            "sets" => SETS,
            _ => return None,
        })
    }

    fn of_pool(self, name: &str) -> Option<u64> {
        let [transactions, bytes] = self.pool;
        Some(match name {
            // A sender has a transaction at the least.
            "pool" | "senders" | "places" | "locals" => transactions,
            "pool bytes" => bytes,
            "indexed" => INDEXED * transactions,
            "authorizations" => bytes / AUTHORIZATION_BYTES,
            "recent" => RECENT,
            "hidden" => HIDDEN,
            "hidden senders" => HIDDEN * TRANSACTIONS,
            _ => return None,
        })
    }

    fn of_replica(self, name: &str, reach: Reach) -> Option<u64> {
        Some(match name {
            // Beside those of consensus: final ones until they are committed, and until then those that lost to them.
            "live" => reach.batches() + 2 * FINAL_AT_ONCE + BATCHES_PER_VIEW * (STRAY_VIEWS + VIEWS_AHEAD + 1),
            // One for each view that we lead above the last final one.
            "builds" => reach.unfinal_views,
            // A check waits for a batch whose body is here.
            "checks" => reach.batches(),
            "early" => EARLY_BODIES * self.validators,
            "early bytes" => EARLY_BYTES,
            "pieces" | "piece batches" => PIECES,
            "offered" => OFFERED,
            "origins" => ORIGINS,
            "lines" => LINES,
            // Each once, by its name on L1, which does not change with its keys.
            "accused" => self.validators,
            // Behind them as much as a host lets wait: as many bytes as a batch has.
            "lined up" => TRANSACTIONS,
            _ => return None,
        })
    }
}

impl Checker for Sizes {
    fn name(&self) -> &'static str {
        "sizes"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let Fact::Sizes { sizes, unfinal_views, l1_epoch } = fact else { return Ok(()) };
        let (node, reach) = (scene.node, Reach { unfinal_views: *unfinal_views, l1_epoch: *l1_epoch });
        for (name, count) in sizes {
            let Some(most) = self.bound(name, reach) else {
                return Err(format!("n{node} tells of {name}, for which no bound stands here"));
            };
            if *count as u64 > most {
                return Err(format!("n{node} holds {count} {name}, at most {most} with {unfinal_views} unfinal views"));
            }
        }
        Ok(())
    }
}
