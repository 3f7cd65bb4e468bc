#![doc = include_str!("README.md")]

use std::fmt;

use stateright::{Model, Property};

pub use self::{
    properties::{AGREEMENT, CHAIN, INNOCENCE},
    state::{BATCHES_MAX, Batch, Record, State, VALIDATORS, VIEWS_MAX, View, Vote, Voter},
};

mod properties;
mod rules;
mod state;

/// A rule that every honest validator breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Two thirds, rounded down, are a quorum (rule Q1 of consensus).
    QuorumOffByOne,
    /// Validators are counted, not their power (rule Q1 of consensus).
    HeadsForStake,
    /// Nullify votes of all views are counted together (rule Q3 of consensus).
    ViewsAddedUp,
    /// The parent of a batch need not be notarized (rule P2 of consensus).
    ParentNotChecked,
    /// The views after the parent's need not be nullified (rule J2 of consensus).
    NullificationsNotRequired,
    /// A second batch of a view is notarized (rule N1 of consensus).
    NotarizeTwice,
    /// The record is not durable: one validator forgets once what it voted in its view (rule N2 of consensus).
    RecordNotDurable,
    /// A view is nullified after finalize was cast for it (rule N3 of consensus).
    NullifyAfterFinalize,
    /// Finalize is cast for a view that was nullified (rule F1 of consensus).
    FinalizeAfterNullify,
}

/// Four validators that vote by the rules of consensus, and an adversary that decides everything else.
#[derive(Clone, Debug)]
pub struct Simplex {
    powers: [u32; VALIDATORS],
    /// A bit for each faulty validator.
    faulty: u8,
    views: u8,
    batches: u8,
    bug: Option<Bug>,
    /// Whether states that differ by names alone are told apart.
    named: bool,
}

/// One step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A validator casts a vote.
    Cast {
        /// Whose.
        place: usize,
        /// Which.
        vote: Vote,
    },
    /// A validator notarizes a batch that nobody honest has notarized before.
    CastFirst {
        /// Whose vote.
        place: usize,
        /// For which batch.
        batch: Batch,
        /// What the adversary built it on.
        parent: Batch,
    },
    /// A validator forgets what it voted in its view.
    Crash {
        /// Who.
        place: usize,
    },
}

impl Simplex {
    /// Views 1 to `views` with up to `batches` batches in each, for validators of these powers, the faulty ones by
    /// their places.
    ///
    /// # Panics
    /// If there are more views or batches than a state can hold, or none.
    #[must_use]
    pub fn new(powers: [u32; VALIDATORS], faulty: &[usize], views: u8, batches: u8) -> Self {
        assert!((1..=VIEWS_MAX).contains(&views), "{views} views, of at most {VIEWS_MAX}");
        assert!((1..=BATCHES_MAX).contains(&batches), "{batches} batches, of at most {BATCHES_MAX}");
        let faulty = faulty.iter().map(|place| 1 << place).sum();
        Self { powers, faulty, views, batches, bug: None, named: false }
    }

    /// The same with a planted bug.
    #[must_use]
    pub fn plant(self, bug: Bug) -> Self {
        Self { bug: Some(bug), ..self }
    }

    /// The same with every validator called by its name: more states, and stories that can be read.
    #[must_use]
    pub fn named(self) -> Self {
        Self { named: true, ..self }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    fn views(&self) -> impl Iterator<Item = View> {
        (1..=self.views).map(View)
    }

    fn is_faulty(&self, place: usize) -> bool {
        self.faulty >> place & 1 == 1
    }

    fn honest(&self) -> impl Iterator<Item = usize> {
        (0..VALIDATORS).filter(|place| !self.is_faulty(*place))
    }

    /// Rule U9: of all states that differ by the names of honest validators with equal powers, one.
    fn representative(&self, mut state: State) -> State {
        if self.named {
            return state;
        }
        for place in self.honest() {
            for other in self.honest().filter(|other| *other > place && self.powers[*other] == self.powers[place]) {
                if state.voters[other] < state.voters[place] {
                    state.voters.swap(place, other);
                }
            }
        }
        state
    }
}

impl Model for Simplex {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for view in self.views().filter(|view| self.is_over(state, view.previous())) {
            let proposals = self.proposals(state, view);
            for place in self.honest().filter(|place| state.voters[*place].kept.view() <= view) {
                self.notarize(state, place, &proposals, actions);
                self.nullify(state, place, view, actions);
            }
        }
        for batch in self.views().flat_map(|view| state.batches(view)) {
            self.finalize(state, batch, actions);
        }
        if self.has(Bug::RecordNotDurable) && !state.crashed {
            let voted = self.honest().filter(|place| state.voters[*place].kept.view() > View(0));
            actions.extend(voted.map(|place| Action::Crash { place }));
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        let mut state = state.clone();
        match action {
            Action::Cast { place, vote } => state.cast(place, vote),
            Action::CastFirst { place, batch, parent } => {
                state.bring(batch, parent);
                state.cast(place, Vote::Notarize(batch));
            }
            Action::Crash { place } => state.crash(place),
        }
        Some(self.representative(state))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

/// Votes are told as a story has them: `n2 notarizes 1a, on 0`.
impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cast { place, vote } => write!(f, "n{place} {vote:?}"),
            Self::CastFirst { place, batch, parent } => write!(f, "n{place} notarizes {batch:?}, on {parent:?}"),
            Self::Crash { place } => write!(f, "n{place} crashes and forgets its view"),
        }
    }
}
