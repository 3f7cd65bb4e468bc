//! What the set tells L1 of a period of epochs: points for each member, under one Merkle root (rules P4 to P6).

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U128, U256, keccak256};
use alloy_sol_types::SolValue as _;
use rota_proto::{Epoch, ValidatorSet};
use serde::{Deserialize, Serialize};

use crate::{Duties, EpochTally};

/// The kind of attestations that tell L1 the roots of periods (rule P6).
pub const PARTICIPATION: u8 = 1;

/// What a period says of one validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "LeafText", into = "LeafText")]
pub struct Leaf {
    /// The period: epochs from `period` times its length on.
    pub period: u64,
    /// The validator, by its name on L1.
    pub validator: Address,
    /// The last period before in which it has a leaf, plus one; 0 if there is none.
    pub previous_plus_one: u64,
    /// Its points (rule P2).
    pub points: u128,
    /// Its duties, of all epochs of the period together.
    pub duties: Duties,
}

/// A leaf as it is stored and told, for programs whose numbers end at 2^53.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LeafText {
    period: u64,
    validator: Address,
    previous_plus_one: u64,
    points: U128,
    done: u64,
    due: u64,
}

impl From<Leaf> for LeafText {
    fn from(leaf: Leaf) -> Self {
        let Leaf { period, validator, previous_plus_one, points, duties: Duties { done, due } } = leaf;
        Self { period, validator, previous_plus_one, points: U128::from(points), done, due }
    }
}

impl From<LeafText> for Leaf {
    fn from(text: LeafText) -> Self {
        let LeafText { period, validator, previous_plus_one, points, done, due } = text;
        Self { period, validator, previous_plus_one, points: points.to(), duties: Duties { done, due } }
    }
}

impl Leaf {
    /// Hashed twice, so that no inner node is a leaf: keccak256(keccak256(abi.encode(period, validator, previous plus
    /// one, points, done, due))).
    #[must_use]
    pub fn hash(&self) -> B256 {
        let Self { period, validator, previous_plus_one, points, duties } = *self;
        let words = (period, validator, previous_plus_one, points, duties.done, duties.due);
        keccak256(keccak256(words.abi_encode()))
    }
}

/// A period as the set attests it: its leaves in rising order of the validators' names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// Which one.
    pub number: u64,
    leaves: Vec<Leaf>,
}

/// The periods up to now: what the leaves of the next one link to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periods {
    /// The last period in which each validator has a leaf, plus one.
    last_plus_one: BTreeMap<Address, u64>,
}

impl Periods {
    /// Rule P4: the period of these epochs' tallies, with a leaf for everyone who was a member of an epoch that said
    /// anything. Periods come in order.
    pub fn close(&mut self, number: u64, epochs: &[(EpochTally, ValidatorSet)]) -> Period {
        let mut earned: BTreeMap<Address, (u128, Duties)> = BTreeMap::new();
        for (tally, set) in epochs.iter().filter(|(tally, _)| !tally.is_empty()) {
            for (place, validator) in set.iter() {
                let (points, sum) = earned.entry(validator.operator).or_default();
                let Duties { done, due } = tally.of(place);
                *points += tally.points(set, place);
                *sum = Duties { done: sum.done + done, due: sum.due + due };
            }
        }
        let leaf = |(validator, (points, duties))| {
            let previous_plus_one = self.last_plus_one.insert(validator, number + 1).unwrap_or(0);
            Leaf { period: number, validator, previous_plus_one, points, duties }
        };
        Period { number, leaves: earned.into_iter().map(leaf).collect() }
    }
}

impl Period {
    /// The period that an epoch belongs to, of so many epochs each.
    ///
    /// # Panics
    /// If a period has no epochs.
    #[must_use]
    pub const fn of(epoch: Epoch, epochs: u64) -> u64 {
        epoch.0 / epochs
    }

    /// A period again whose leaves were kept.
    #[must_use]
    pub fn from_leaves(number: u64, mut leaves: Vec<Leaf>) -> Self {
        leaves.sort_by_key(|leaf| leaf.validator);
        Self { number, leaves }
    }

    /// Its leaves.
    #[must_use]
    pub fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// The points of all together.
    #[must_use]
    pub fn total_points(&self) -> u128 {
        self.leaves.iter().map(|leaf| leaf.points).sum()
    }

    /// Rule P5: the root of its leaves; zero of none.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.levels().pop().and_then(|level| level.first().copied()).unwrap_or_default()
    }

    /// What proves that a validator's leaf stands under the root: the hashes beside its way up, from below.
    #[must_use]
    pub fn prove(&self, validator: Address) -> Option<(Leaf, Vec<B256>)> {
        let mut at = self.leaves.binary_search_by_key(&validator, |leaf| leaf.validator).ok()?;
        let leaf = *self.leaves.get(at)?;
        let mut proof = Vec::new();
        for level in self.levels() {
            proof.extend(level.get(at ^ 1).copied());
            at /= 2;
        }
        Some((leaf, proof))
    }

    /// Rule P6: what is attested of the period: keccak256(abi.encode(root, total points)).
    #[must_use]
    pub fn content(&self) -> B256 {
        keccak256((self.root(), U256::from(self.total_points())).abi_encode())
    }

    /// The tree from the leaves up to the root. A node without a sibling goes up as it is.
    fn levels(&self) -> Vec<Vec<B256>> {
        let mut levels = vec![self.leaves.iter().map(Leaf::hash).collect::<Vec<_>>()];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            levels.push(below.chunks(2).map(parent).collect());
        }
        levels
    }
}

/// keccak256 of two nodes, the lower first: a proof need not say on which side each stands.
fn parent(nodes: &[B256]) -> B256 {
    match nodes {
        [left, right] => keccak256([*left.min(right), *left.max(right)].concat()),
        [only] => *only,
        _ => unreachable!("chunks of two"),
    }
}
