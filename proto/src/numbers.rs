//! The protocol's numbers, each a type of its own.
//!
//! Arithmetic policy: counters step by [`next`](Epoch::next) and panic at their limit, which decoding refuses to
//! accept, so that no peer can bring one there. Powers are added checked; products of powers are taken in `u128`.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident, max $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The largest value that decoding accepts.
            pub const MAX: Self = Self($max);

            /// The value after this one.
            ///
            /// # Panics
            /// At `u64::MAX`, which decoding never lets in.
            #[must_use]
            pub fn next(self) -> Self {
                self.plus(1)
            }

            /// This value moved on by `steps`.
            ///
            /// # Panics
            /// Above `u64::MAX`, which decoding never lets in.
            #[must_use]
            pub fn plus(self, steps: u64) -> Self {
                assert!(self.0.checked_add(steps).is_some(), "a counter never overflows");
                Self(self.0 + steps)
            }

            /// The value before this one; zero stays zero.
            #[must_use]
            pub fn previous(self) -> Self {
                Self(self.0.saturating_sub(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter! {
    /// The number of an epoch: a span of L1 blocks with one validator set. The header holds it in 4 bytes.
    Epoch, max u32::MAX as u64
}
counter! {
    /// The number of a view within its epoch. Views start at 1; view 0 stands for the batch the epoch begins on.
    /// The header holds it in 4 bytes: at one view a millisecond, 49 days, against a day for the longest epoch.
    View, max u32::MAX as u64
}
counter! {
    /// The number of a batch in the chain; genesis is 0.
    Height, max u64::MAX - (1 << 32)
}

impl View {
    /// The view under which the batch that an epoch begins on is final.
    pub const ZERO: Self = Self(0);
    /// The first view of every epoch.
    pub const FIRST: Self = Self(1);
}

/// A view of an epoch, ordered by epoch first. Guards, records, evidence, timers and logs speak of rounds, because
/// views start over in each epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Round {
    /// The epoch.
    pub epoch: Epoch,
    /// The view within the epoch.
    pub view: View,
}

impl Round {
    /// The round of `view` in `epoch`.
    #[must_use]
    pub const fn new(epoch: Epoch, view: View) -> Self {
        Self { epoch, view }
    }

    /// The round of the following view of the same epoch.
    #[must_use]
    pub fn next_view(self) -> Self {
        Self::new(self.epoch, self.view.next())
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.epoch, self.view)
    }
}

/// The weight of a validator's vote: its stake on L1 in gwei of the stake token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VotingPower(pub u64);

impl VotingPower {
    /// The sum, or `None` above `u64::MAX`.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

impl fmt::Display for VotingPower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One of the 128 numbered places of a validator set: a bit of every [`Signers`] bitmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Place(u8);

impl Place {
    /// How many places there are: the bits of the bitmap in a batch header.
    pub const COUNT: u8 = 128;

    /// The place of this number, or `None` from 128 on.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number < Self::COUNT { Some(Self(number)) } else { None }
    }

    /// Its number, below 128.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Place {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        Self::new(number).ok_or_else(|| format!("place {number} is not below {}", Self::COUNT))
    }
}

impl From<Place> for u8 {
    fn from(place: Place) -> Self {
        place.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of places as a bitmap: bit `i` (value `1 << i`) is place `i`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signers(pub u128);

impl Signers {
    /// Nobody.
    pub const NONE: Self = Self(0);

    /// Adds a place; false if it was there.
    pub fn insert(&mut self, place: Place) -> bool {
        let added = !self.contains(place);
        self.0 |= 1 << place.number();
        added
    }

    /// Whether the place is among them.
    #[must_use]
    pub const fn contains(self, place: Place) -> bool {
        self.0 >> place.0 & 1 == 1
    }

    /// How many they are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is nobody.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The places in rising order.
    pub fn iter(self) -> impl Iterator<Item = Place> {
        (0..Place::COUNT).filter_map(Place::new).filter(move |place| self.contains(*place))
    }
}

impl FromIterator<Place> for Signers {
    fn from_iter<I: IntoIterator<Item = Place>>(places: I) -> Self {
        let mut signers = Self::NONE;
        for place in places {
            signers.insert(place);
        }
        signers
    }
}
