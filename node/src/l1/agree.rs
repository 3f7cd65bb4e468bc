//! What follows from what endpoints say (rules Z3, Z4, Z6): which blocks are taken, and who is wrong. No IO.

use std::collections::BTreeMap;

use rota_staking::L1Block;

use super::endpoint::{Standing, Testimony};

/// Rule Z6: an endpoint that is so many blocks further behind is lagging. Endpoints of one chain hear of a block within
/// seconds; this is a minute and a half of Ethereum's blocks.
pub const LAG_MAX: u64 = 8;

/// Who counts, and how many have to say the same (rule Z4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quorum {
    /// How many endpoints there are.
    pub(super) endpoints: usize,
    /// How many have to say the same.
    pub(super) agree: usize,
}

/// What one endpoint said, and whether it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Voice<'a> {
    pub(super) number: usize,
    pub(super) testimony: &'a Testimony,
    /// It is not known to lag.
    pub(super) is_current: bool,
}

/// What was found of blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// These blocks are agreed on, in their order; none if nothing is new.
    Blocks(Vec<L1Block>),
    /// What is said of this block differs. Which endpoints say what.
    Differ { block: u64, needed: usize, sides: String },
    /// Too few said anything.
    TooFew { heard: usize, needed: usize },
}

impl Quorum {
    /// Whether so many are more than half of all: then no others can outvote them.
    pub(super) const fn is_majority(self) -> bool {
        self.agree > self.endpoints / 2
    }

    /// Z4: as many as the settings say, and more than half of those that speak of it.
    const fn needed(self, speak: usize) -> usize {
        let half = speak / 2 + 1;
        if half > self.agree { half } else { self.agree }
    }

    /// The newest block that is final for enough of them; none if too few speak.
    pub(super) fn final_number(self, voices: &[Voice<'_>]) -> Option<u64> {
        let mut numbers: Vec<u64> = voices.iter().map(|voice| voice.testimony.reach.last_final).collect();
        numbers.sort_unstable_by(|one, other| other.cmp(one));
        numbers.get(self.needed(numbers.len()) - 1).copied()
    }

    /// Whether what is heard already says that nothing is new: those that may still speak cannot be enough.
    pub(super) fn has_no_news(self, voices: &[Voice<'_>]) -> bool {
        let without = voices.iter().filter(|voice| voice.is_current && voice.testimony.blocks.is_empty()).count();
        self.endpoints - without.min(self.endpoints) < self.agree
    }

    /// Z3: the blocks that enough of them have alike, as far as they do.
    pub(super) fn find(self, voices: &[Voice<'_>]) -> Finding {
        let mut taken = Vec::new();
        let mut trusted = voices.to_vec();
        loop {
            let place = taken.len();
            let sides = sides(&trusted, place);
            let behind =
                trusted.iter().filter(|voice| voice.is_current && voice.testimony.blocks.len() <= place).count();
            let speak = sides.iter().map(|(_, side)| side.len()).sum::<usize>() + behind;
            let needed = self.needed(speak);
            if let Some((block, side)) = sides.iter().find(|(_, side)| side.len() >= needed) {
                taken.push((*block).clone());
                trusted.retain(|voice| voice.testimony.blocks.len() <= place || side.contains(&voice.number));
                continue;
            }
            if !taken.is_empty() {
                return Finding::Blocks(taken);
            }
            return match sides.as_slice() {
                [(block, _), _, ..] => Finding::Differ { block: block.number, needed, sides: told(&sides) },
                _ if voices.len() < self.agree => Finding::TooFew { heard: voices.len(), needed: self.agree },
                _ => Finding::Blocks(Vec::new()),
            };
        }
    }
}

/// Which endpoints say what of the block at a place of their answers.
fn sides<'a>(voices: &[Voice<'a>], place: usize) -> Vec<(&'a L1Block, Vec<usize>)> {
    let mut sides: Vec<(&L1Block, Vec<usize>)> = Vec::new();
    for voice in voices {
        let Some(block) = voice.testimony.blocks.get(place) else { continue };
        match sides.iter_mut().find(|(known, _)| *known == block) {
            Some((_, side)) => side.push(voice.number),
            None => sides.push((block, vec![voice.number])),
        }
    }
    sides
}

/// Sides in words: by the block's hash, and by the logs where those differ.
fn told(sides: &[(&L1Block, Vec<usize>)]) -> String {
    let mut hashes: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (block, side) in sides {
        let L1Block { changes, change_hash, .. } = block;
        let digest = change_hash.map_or(String::new(), |hash| format!(" and change hash {hash}"));
        let side = format!("{side:?} with {} changes of the set{digest}", changes.len());
        hashes.entry(block.hash).or_default().push(side);
    }
    let told: Vec<String> = hashes.iter().map(|(hash, sides)| format!("{hash} by {}", sides.join(", by "))).collect();
    told.join("; ")
}

/// Z6: the newest block that is held against each: what the second says where there are three or more, so that one
/// alone cannot make the others look late.
pub(super) fn newest(endpoints: usize, voices: &[Voice<'_>]) -> u64 {
    let mut newest: Vec<u64> = voices.iter().map(|voice| voice.testimony.reach.newest).collect();
    newest.sort_unstable_by(|one, other| other.cmp(one));
    newest.get(usize::from(endpoints > 2)).copied().unwrap_or_default()
}

/// What an endpoint stands as (rule Z6), and whether blocks of it were compared with those that were agreed on.
pub(super) fn judge(testimony: &Testimony, agreed: &[L1Block], newest: u64) -> (Standing, bool) {
    let mut is_proven = false;
    for (own, block) in testimony.blocks.iter().zip(agreed) {
        if own.hash != block.hash {
            return (Standing::Forked, true);
        }
        if own != block {
            return (Standing::Lying, true);
        }
        is_proven = true;
    }
    let lag = newest.saturating_sub(testimony.reach.newest);
    (if lag > LAG_MAX { Standing::Lagging } else { Standing::Well }, is_proven)
}

#[cfg(test)]
#[path = "tests/agree.rs"]
mod tests;
