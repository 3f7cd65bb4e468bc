//! Numbers from a seed.

/// Splitmix64: any seed will do, and the same seed gives the same numbers everywhere.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let below = self.number() % u64::try_from(limit).expect("lengths fit 64 bits");
        usize::try_from(below).expect("below a length")
    }

    /// Any byte.
    pub(crate) const fn byte(&mut self) -> u8 {
        self.number().to_le_bytes()[0]
    }

    /// A length from 1 to `most`, short ones more often.
    pub(crate) fn length(&mut self, most: usize) -> usize {
        let within = 1 + self.below(most);
        1 + self.below(within)
    }
}
