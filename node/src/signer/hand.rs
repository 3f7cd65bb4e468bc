//! The hand that signs for a node: its own, or that of a signer in another process. The driver knows one interface.

use std::sync::Arc;

use rota_proto::{
    ConsensusKey, Place, Round, SignedVote, SigningDomain, Strict, ValidatorSet, Verified, VerifyError, Vote,
};
use rota_staking::{Refusal, SafetyRecord};

use super::{GuardStorageError, Remote, SignError, Signer};

/// What became of a vote that was to be signed.
#[derive(Debug)]
pub enum Answered {
    /// It is signed, and the signature stands.
    Signed(Verified<SignedVote>),
    /// The guard refuses it.
    Refused(Vote, Refusal),
    /// The node must stop.
    Failed(Box<SignError>),
}

/// Who signs.
pub enum Hand {
    /// The node itself.
    Local(Box<Signer>),
    /// Another process.
    Remote(Box<Remote>),
}

impl Hand {
    /// A hand of the node's own. Its record tells each vote with its signature.
    #[must_use]
    pub fn local(mut signer: Signer) -> Self {
        signer.recall();
        Self::Local(Box::new(signer))
    }

    /// The public key.
    #[must_use]
    pub const fn consensus_key(&self) -> ConsensusKey {
        match self {
            Self::Local(signer) => signer.consensus_key(),
            Self::Remote(remote) => remote.consensus_key(),
        }
    }

    /// The guard's record; of a remote signer that with which it began to serve us.
    #[must_use]
    pub const fn record(&self) -> &SafetyRecord {
        match self {
            Self::Local(signer) => signer.record(),
            Self::Remote(remote) => remote.record(),
        }
    }

    /// Our votes in the epoch of `set`, as the record has them, for a restart.
    ///
    /// # Errors
    /// [`VerifyError`] if the record holds a vote that does not verify: it was tampered with.
    pub fn votes(&self, place: Place, set: &ValidatorSet) -> Result<Vec<Verified<SignedVote>>, VerifyError> {
        let ours = self.record().votes().filter(|(vote, _)| vote.round.epoch == set.epoch());
        let signed =
            ours.filter_map(|(vote, signature)| Some(SignedVote { vote, signer: place, signature: signature? }));
        signed.map(|signed| signed.verify(self.domain(), set, &Strict)).collect()
    }

    /// Has a vote signed. What does not come at once comes from [`answered`](Self::answered), or never.
    pub fn sign(&mut self, vote: Vote, place: Place, set: &Arc<ValidatorSet>) -> Option<Answered> {
        match self {
            Self::Local(signer) => Some(match signer.sign(vote, place, set) {
                Ok(signed) => Answered::Signed(signed),
                Err(SignError::Refused(refusal)) => Answered::Refused(vote, refusal),
                Err(error) => Answered::Failed(Box::new(error)),
            }),
            Self::Remote(remote) => {
                remote.sign(vote, place, set.clone());
                None
            }
        }
    }

    /// Refuses everything below a round from now on.
    pub fn raise_floor(&mut self, floor: Round) {
        match self {
            Self::Local(signer) => signer.raise_floor(floor),
            Self::Remote(remote) => remote.raise_floor(floor),
        }
    }

    /// Refuses everything below `floor`, and all but nullify votes below `resume`; durable before another vote is
    /// signed.
    ///
    /// # Errors
    /// [`GuardStorageError`]: the node must stop.
    pub fn hold_back(&mut self, floor: Round, resume: Round) -> Result<(), GuardStorageError> {
        match self {
            Self::Local(signer) => signer.hold_back(floor, resume),
            Self::Remote(remote) => {
                remote.hold_back(floor, resume);
                Ok(())
            }
        }
    }

    /// What became of a vote that was not answered at once. It may be dropped before it is ready without any loss.
    pub async fn answered(&mut self) -> Answered {
        match self {
            Self::Local(_) => std::future::pending().await,
            Self::Remote(remote) => remote.answered().await,
        }
    }

    /// Whether nothing can be signed for the time being.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            Self::Local(_) => false,
            Self::Remote(remote) => remote.is_away(),
        }
    }

    const fn domain(&self) -> &SigningDomain {
        match self {
            Self::Local(signer) => signer.domain(),
            Self::Remote(remote) => remote.domain(),
        }
    }
}
