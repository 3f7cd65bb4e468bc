//! Sizes: every queue and map of a replica is bounded, most of them by the views that are not final.

use crate::sim::facts::{Checker, Fact, Scene};

/// Votes are taken so many views ahead.
const VIEWS_AHEAD: u64 = 32;
/// Proposals of so many views are kept though nobody certified them.
const STRAY_VIEWS: u64 = 64;
/// Batches known of one view: two by its leader, and one that a certificate names.
const BATCHES_PER_VIEW: u64 = 3;
/// Pieces that consensus asks for at a time.
const WANTED: u64 = 256;
/// Batches that become final at once; while they are being committed, as many again may follow.
const FINAL_AT_ONCE: u64 = 128;
/// Bodies of one validator that wait for their header: the current view's, and the next one's.
const EARLY_BODIES: u64 = 2;
/// Bytes of all bodies that wait for their header: eight of the largest.
const EARLY_BYTES: u64 = 8 * 4 * 1024 * 1024;
/// Batches in one answer to a node that catches up, each of which may be a piece; nothing is asked for before all of
/// them are taken.
const PIECES: u64 = 64;
/// Gossiped final batches that wait for the verification of their certificate.
const OFFERED: u64 = 16;
/// L1 blocks that may still be adopted and whose arrival is remembered.
const ORIGINS: u64 = 4_096;
/// Authorizations that a host lets wait for their recovery; each line begins with a transaction that has one.
const LINES: u64 = 4_096;
/// Transactions behind those: 4 MiB of the smallest, 64 bytes each.
const LINED_UP: u64 = 4 * 1024 * 1024 / 64;
/// Rounds below the last final one of which the slasher knows the votes.
const RETENTION: u64 = 256;
/// Epochs that have views ahead of their last final one in the slasher: the one before, the current and the next.
const SLASHER_EPOCHS: u64 = 3;
/// Kinds of votes, the first of each of which is kept.
const KINDS: u64 = 3;
/// Notarized batches that the pool hides: several times what may be unfinal.
const HIDDEN: u64 = 256;

/// Compares with the bounds.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    validators: u64,
    pool: [u64; 2],
}

impl Sizes {
    /// In a network of so many validators whose pools hold at most so many transactions and bytes.
    #[must_use]
    pub fn new(validators: usize, pool: [usize; 2]) -> Self {
        Self { validators: validators as u64, pool: pool.map(|most| most as u64) }
    }

    /// The most there may be of a thing; nothing for what has no bound here.
    fn bound(self, name: &str, unfinal_views: u64) -> Option<u64> {
        // Two by the leaders of all views that strays are kept of, and what a certificate names in any unfinal view.
        let batches = BATCHES_PER_VIEW * (unfinal_views.min(STRAY_VIEWS) + VIEWS_AHEAD + 1) + unfinal_views;
        Some(match name {
            // The last final view, those since, and those ahead.
            "views" => unfinal_views + VIEWS_AHEAD + 2,
            "batches" => batches,
            "wanted" => WANTED,
            // Beside those of consensus: final ones until they are committed, and until then those that lost to them.
            "live" => batches + 2 * FINAL_AT_ONCE + BATCHES_PER_VIEW * (STRAY_VIEWS + VIEWS_AHEAD + 1),
            // A check waits for a batch whose body is here.
            "checks" => batches,
            "early" => EARLY_BODIES * self.validators,
            "early bytes" => EARLY_BYTES,
            "pieces" => PIECES,
            "offered" => OFFERED,
            "origins" => ORIGINS,
            "lines" => LINES,
            "lined up" => LINED_UP,
            "votes" => KINDS * self.validators * (RETENTION + 1 + SLASHER_EPOCHS * VIEWS_AHEAD),
            "pool" => self.pool[0],
            "pool bytes" => self.pool[1],
            "hidden" => HIDDEN,
            _ => return None,
        })
    }
}

impl Checker for Sizes {
    fn name(&self) -> &'static str {
        "sizes"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let Fact::Sizes { sizes, unfinal_views } = fact else { return Ok(()) };
        let node = scene.node;
        for (name, count) in sizes {
            let Some(most) = self.bound(name, *unfinal_views) else {
                return Err(format!("n{node} tells of {name}, for which no bound stands here"));
            };
            if *count as u64 > most {
                return Err(format!("n{node} holds {count} {name}, at most {most} with {unfinal_views} unfinal views"));
            }
        }
        Ok(())
    }
}
