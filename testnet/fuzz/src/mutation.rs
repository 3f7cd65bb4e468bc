//! New inputs of known ones.

use crate::random::Random;

/// Changes made to one input at most: fewer keep it near to what is known, more leave it for good.
const CHANGES_MAX: usize = 6;

/// Numbers at which code tends to change its mind.
const EDGES: [u64; 10] = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, u32::MAX as u64, i64::MAX as u64, u64::MAX];

/// The newest inputs are changed as often as all together, and the last one half of that: they lead where nobody was.
const NEWEST: usize = 8;

/// An input of the pool with a few changes, at most `longest` bytes.
pub(crate) fn mutated(pool: &[Vec<u8>], longest: usize, random: &mut Random) -> Vec<u8> {
    let count = match random.below(4) {
        0 | 1 => pool.len(),
        2 => NEWEST,
        _ => 1,
    };
    let among = &pool[pool.len().saturating_sub(count)..];
    let mut input = among[random.below(among.len())].clone();
    for _ in 0..random.length(CHANGES_MAX) {
        change(&mut input, pool, random);
    }
    input.truncate(longest);
    input
}

fn change(input: &mut Vec<u8>, pool: &[Vec<u8>], random: &mut Random) {
    let kind = random.below(12);
    if input.is_empty() {
        let length = random.length(64);
        input.extend((0..length).map(|_| random.byte()));
        return;
    }
    let at = random.below(input.len());
    let end = at + random.length(input.len() - at);
    match kind {
        0 | 1 => input[at] ^= 1 << random.below(8),
        2 => input[at] = random.byte(),
        3 => input[at] = input[at].wrapping_add(1 + random.byte() % 16),
        4 => input[at] = input[at].wrapping_sub(1 + random.byte() % 16),
        5 => put_edge(&mut input[at..], random),
        6 => drop(input.drain(at..end)),
        7 => {
            let length = random.length(32);
            let bytes: Vec<u8> = (0..length).map(|_| random.byte()).collect();
            let to = random.below(input.len() + 1);
            input.splice(to..to, bytes);
        }
        8 => {
            let copy = input[at..end].to_vec();
            let to = random.below(input.len() + 1);
            input.splice(to..to, copy);
        }
        9 => {
            let to = random.below(input.len() - (end - at) + 1);
            input.copy_within(at..end, to);
        }
        10 => {
            let other = &pool[random.below(pool.len())];
            if !other.is_empty() {
                let from = random.below(other.len());
                let until = from + random.length(other.len() - from);
                input.splice(at..end, other[from..until].iter().copied());
            }
        }
        _ => input.truncate(at),
    }
}

/// Writes an edge over the first bytes, as a number of 1, 2, 4 or 8 bytes, in either order.
fn put_edge(bytes: &mut [u8], random: &mut Random) {
    let edge = EDGES[random.below(EDGES.len())];
    let width = (1 << random.below(4)).min(bytes.len());
    let is_big = random.below(2) == 0;
    let number = if is_big { edge.to_be_bytes() } else { edge.to_le_bytes() };
    let digits = if is_big { &number[8 - width..] } else { &number[..width] };
    bytes[..width].copy_from_slice(digits);
}
