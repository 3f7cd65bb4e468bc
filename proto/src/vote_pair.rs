//! Two votes of one place in one round, as they travel: what somebody may be accused with.

use crate::{Place, Round, SignedVote};

/// Two different votes by one place in one round, in order of kind, then batch, so that one pair has one encoding.
/// Nothing is known of their signatures, nor whether who follows the rules may cast both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VotePair([SignedVote; 2]);

impl VotePair {
    /// The pair of two votes, whichever came first; none if they are of two places or rounds, or say the same.
    #[must_use]
    pub fn new(one: SignedVote, other: SignedVote) -> Option<Self> {
        let alike = one.signer == other.signer && one.vote.round == other.vote.round && one.vote != other.vote;
        let votes = if one.vote < other.vote { [one, other] } else { [other, one] };
        alike.then_some(Self(votes))
    }

    /// The two votes, in order of kind, then batch.
    #[must_use]
    pub const fn votes(&self) -> &[SignedVote; 2] {
        &self.0
    }

    /// The round of both.
    #[must_use]
    pub const fn round(&self) -> Round {
        let [first, _] = &self.0;
        first.vote.round
    }

    /// The place that claims to have signed both.
    #[must_use]
    pub const fn signer(&self) -> Place {
        let [first, _] = &self.0;
        first.signer
    }
}
