//! What was voted, for which batches: all that a state of the model holds.

use std::fmt;

/// Validators of the model.
pub const VALIDATORS: usize = 4;

/// Views that a model may have.
pub const VIEWS_MAX: u8 = 3;

/// Batches that a model may have in one view.
pub const BATCHES_MAX: u8 = 3;

/// [`VIEWS_MAX`], as a length.
const VIEWS: usize = VIEWS_MAX as usize;

/// [`BATCHES_MAX`], as a length.
const BATCHES: usize = BATCHES_MAX as usize;

/// A view, from 1 on; 0 is where the opening batch stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View(pub u8);

impl View {
    /// The view before; of view 0 itself.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The views that lie between this one and a later one.
    pub fn until(self, later: Self) -> impl Iterator<Item = Self> {
        (self.0 + 1..later.0).map(Self)
    }

    /// Its place in a list that begins with view 1.
    fn index(self) -> usize {
        usize::from(self.0) - 1
    }
}

/// A batch: of one view, and its number there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Batch {
    /// The view in which it was proposed.
    pub view: View,
    /// Its number among the batches of that view, from 0 on.
    pub number: u8,
}

impl Batch {
    /// What opened the epoch: final at view 0.
    pub const OPENING: Self = Self { view: View(0), number: 0 };
}

/// A vote.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vote {
    /// For a batch, in its view.
    Notarize(Batch),
    /// To leave a view without a batch.
    Nullify(View),
    /// For a notarized batch.
    Finalize(Batch),
}

impl Vote {
    /// The view that it speaks of.
    #[must_use]
    pub const fn view(self) -> View {
        match self {
            Self::Notarize(batch) | Self::Finalize(batch) => batch.view,
            Self::Nullify(view) => view,
        }
    }

    /// Its bit among the votes of its view.
    const fn bit(self) -> u8 {
        match self {
            Self::Notarize(batch) => 1 << batch.number,
            Self::Nullify(_) => 1 << BATCHES_MAX,
            Self::Finalize(batch) => 1 << (BATCHES_MAX + 1 + batch.number),
        }
    }
}

/// The votes of one validator: for each view a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Record([u8; VIEWS]);

/// The bits of all notarize votes of a view.
const NOTARIZE: u8 = (1 << BATCHES_MAX) - 1;

/// The bit of the nullify vote of a view.
const NULLIFY: u8 = 1 << BATCHES_MAX;

impl Record {
    /// Whether this vote is among them.
    #[must_use]
    pub fn holds(&self, vote: Vote) -> bool {
        self.0[vote.view().index()] & vote.bit() != 0
    }

    /// How many batches of a view it notarized.
    #[must_use]
    pub fn notarized(&self, view: View) -> u32 {
        (self.0[view.index()] & NOTARIZE).count_ones()
    }

    /// Whether it nullified a view.
    #[must_use]
    pub fn nullified(&self, view: View) -> bool {
        self.holds(Vote::Nullify(view))
    }

    /// How many batches of a view it voted to make final.
    #[must_use]
    pub fn finalized(&self, view: View) -> u32 {
        (self.0[view.index()] & !(NOTARIZE | NULLIFY)).count_ones()
    }

    /// The highest view in which it notarized or nullified; 0 if it never did.
    #[must_use]
    pub fn view(&self) -> View {
        let voted_in = |view: &View| self.0[view.index()] & (NOTARIZE | NULLIFY) != 0;
        (1..=VIEWS_MAX).rev().map(View).find(voted_in).unwrap_or(View(0))
    }

    fn add(&mut self, vote: Vote) {
        self.0[vote.view().index()] |= vote.bit();
    }

    fn forget(&mut self, view: View) {
        self.0[view.index()] = 0;
    }
}

/// A validator that is held to the rules. Of the faulty nothing is kept: they have cast everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Voter {
    /// What it cast, which anybody may hold for ever.
    pub cast: Record,
    /// What it knows that it cast: the same, unless its record was lost.
    pub kept: Record,
}

/// A state of the model.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    /// By place.
    pub voters: [Voter; VALIDATORS],
    /// The parent of each batch that somebody notarized, by view and number.
    parents: [[Option<Batch>; BATCHES]; VIEWS],
    /// Whether a record was lost.
    pub crashed: bool,
}

impl State {
    /// The parent of a batch; none if nobody honest has notarized it yet.
    #[must_use]
    pub fn parent(&self, batch: Batch) -> Option<Batch> {
        self.parents[batch.view.index()][usize::from(batch.number)]
    }

    /// The batches of a view.
    pub fn batches(&self, view: View) -> impl Iterator<Item = Batch> {
        let parents = self.parents[view.index()].iter();
        (0..).zip(parents).filter(|(_, parent)| parent.is_some()).map(move |(number, _)| Batch { view, number })
    }

    /// The honest validators that cast this vote, a bit for each.
    #[must_use]
    pub fn signers(&self, vote: Vote) -> u8 {
        let bit = |(place, voter): (usize, &Voter)| u8::from(voter.cast.holds(vote)) << place;
        self.voters.iter().enumerate().map(bit).sum()
    }

    /// Whether a batch is another one or descends from it.
    #[must_use]
    pub fn descends(&self, batch: Batch, from: Batch) -> bool {
        let mut ancestor = batch;
        while ancestor.view > from.view {
            let Some(parent) = self.parent(ancestor) else { return false };
            ancestor = parent;
        }
        ancestor == from
    }

    pub(super) fn cast(&mut self, place: usize, vote: Vote) {
        self.voters[place].cast.add(vote);
        self.voters[place].kept.add(vote);
    }

    pub(super) fn bring(&mut self, batch: Batch, parent: Batch) {
        self.parents[batch.view.index()][usize::from(batch.number)] = Some(parent);
    }

    pub(super) fn crash(&mut self, place: usize) {
        let view = self.voters[place].kept.view();
        self.voters[place].kept.forget(view);
        self.crashed = true;
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "view {}", self.0)
    }
}

/// `2a` is the first batch of view 2; `0` the opening batch.
impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.view {
            View(0) => write!(f, "0"),
            View(view) => write!(f, "{view}{}", char::from(b'a' + self.number)),
        }
    }
}

impl fmt::Debug for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Notarize(batch) => write!(f, "notarizes {batch:?}"),
            Self::Nullify(view) => write!(f, "nullifies {view:?}"),
            Self::Finalize(batch) => write!(f, "finalizes {batch:?}"),
        }
    }
}
