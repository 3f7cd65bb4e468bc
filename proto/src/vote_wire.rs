//! Votes on the wire.

use crate::{
    Place, Signature, SignedVote, View, Vote, VoteKind, VotePair,
    message::{array, hash, round},
    wire::{WireError, v1},
};

impl From<&SignedVote> for v1::Vote {
    fn from(signed: &SignedVote) -> Self {
        Self {
            epoch: signed.vote.round.epoch.0,
            view: signed.vote.round.view.0,
            kind: signed.vote.kind.code().into(),
            batch: batch_field(&signed.vote),
            signer: signed.signer.number().into(),
            signature: signed.signature.0.to_vec(),
        }
    }
}

impl TryFrom<v1::Vote> for SignedVote {
    type Error = WireError;

    fn try_from(vote: v1::Vote) -> Result<Self, WireError> {
        Ok(Self {
            vote: vote_of(vote.epoch, vote.view, vote.kind, &vote.batch)?,
            signer: u8::try_from(vote.signer).ok().and_then(Place::new).ok_or(WireError::Field("signer"))?,
            signature: Signature(array("signature", &vote.signature)?),
        })
    }
}

impl From<&VotePair> for v1::Evidence {
    fn from(pair: &VotePair) -> Self {
        let [first, second] = pair.votes();
        Self { first: Some(first.into()), second: Some(second.into()) }
    }
}

impl TryFrom<v1::Evidence> for VotePair {
    type Error = WireError;

    /// W4: what is no pair, or stands in the other order, is refused.
    fn try_from(evidence: v1::Evidence) -> Result<Self, WireError> {
        let first: SignedVote = evidence.first.ok_or(WireError::Field("first"))?.try_into()?;
        let second: SignedVote = evidence.second.ok_or(WireError::Field("second"))?.try_into()?;
        let pair = Self::new(first, second).ok_or(WireError::Field("second"))?;
        if *pair.votes() == [first, second] { Ok(pair) } else { Err(WireError::Field("second")) }
    }
}

/// A nullify vote names no batch, so that it has one encoding.
pub(crate) fn batch_field(vote: &Vote) -> Vec<u8> {
    match vote.kind {
        VoteKind::Nullify => Vec::new(),
        VoteKind::Notarize | VoteKind::Finalize => vote.batch.to_vec(),
    }
}

/// W4: a vote as its fields say, which names a batch unless it nullifies: no header hashes to zero, and L1 takes no
/// evidence of votes for it.
pub(crate) fn vote_of(epoch: u64, view: u64, kind: u32, batch: &[u8]) -> Result<Vote, WireError> {
    let round = round(epoch, view)?;
    if round.view == View::ZERO {
        return Err(WireError::Field("view"));
    }
    let kind = u8::try_from(kind).ok().and_then(VoteKind::from_code).ok_or(WireError::Field("kind"))?;
    match kind {
        VoteKind::Nullify if batch.is_empty() => Ok(Vote::nullify(round)),
        VoteKind::Nullify => Err(WireError::Field("batch")),
        VoteKind::Notarize | VoteKind::Finalize => {
            let batch = hash("batch", batch)?;
            if batch.is_zero() { Err(WireError::Field("batch")) } else { Ok(Vote { round, kind, batch }) }
        }
    }
}
