//! What is known of one view.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use rota_proto::{Certificate, Place, Proposal, SignedVote, Signers, ValidatorSet, Verified, Vote, VoteKind};

use crate::Candidate;

/// What we ourselves said in a view, from the moment we asked for the signature.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OwnVotes {
    pub(crate) notarize: Option<B256>,
    pub(crate) nullify: bool,
    pub(crate) finalize: Option<B256>,
}

impl OwnVotes {
    /// Whether we said this.
    pub(crate) fn has(&self, vote: &Vote) -> bool {
        match vote.kind {
            VoteKind::Notarize => self.notarize == Some(vote.batch),
            VoteKind::Nullify => self.nullify,
            VoteKind::Finalize => self.finalize == Some(vote.batch),
        }
    }
}

/// Votes, certificates and proposals of a view.
#[derive(Clone, Debug, Default)]
pub(crate) struct ViewState {
    votes: BTreeMap<VoteKind, BTreeMap<Place, Verified<SignedVote>>>,
    notarizations: BTreeMap<B256, Verified<Certificate>>,
    nullification: Option<Verified<Certificate>>,
    finalization: Option<Verified<Certificate>>,
    /// By hash of the header; at most two by the leader, and ours.
    pub(crate) offers: BTreeMap<B256, Offer>,
    pub(crate) own: OwnVotes,
}

/// A batch offered in the view, its justification verified or our own.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) candidate: Candidate,
    /// The leader's signature under it; unknown for what a restart brought back.
    pub(crate) vote: Option<SignedVote>,
}

impl Offer {
    /// The proposal as it goes over the wire.
    pub(crate) fn proposal(&self) -> Option<Proposal> {
        let Candidate { header, justification, .. } = self.candidate.clone();
        self.vote.map(|vote| Proposal { vote, header, justification })
    }
}

/// What became of a vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It is new and counts.
    New,
    /// It was counted before.
    Known,
    /// The signer said otherwise before.
    Conflicting,
}

impl ViewState {
    /// Rule Q3: counts a vote, the first of each validator and kind.
    pub(crate) fn count(&mut self, signed: Verified<SignedVote>) -> Counted {
        let votes = self.votes.entry(signed.vote.kind).or_default();
        match votes.get(&signed.signer) {
            None => {
                votes.insert(signed.signer, signed);
                Counted::New
            }
            Some(known) if known.vote == signed.vote => Counted::Known,
            Some(_) => Counted::Conflicting,
        }
    }

    /// What counting this vote would come to.
    pub(crate) fn would_count(&self, signed: &SignedVote) -> Counted {
        match self.vote_of(signed.signer, signed.vote.kind) {
            None => Counted::New,
            Some(known) if known.vote == signed.vote => Counted::Known,
            Some(_) => Counted::Conflicting,
        }
    }

    /// The vote of this kind by a validator.
    pub(crate) fn vote_of(&self, place: Place, kind: VoteKind) -> Option<&Verified<SignedVote>> {
        self.votes.get(&kind).and_then(|votes| votes.get(&place))
    }

    /// Everything that a validator is known to have voted, also in certificates: those outlive a restart.
    pub(crate) fn votes_by(&self, place: Place) -> impl Iterator<Item = SignedVote> {
        let kinds = [VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize];
        let certified = move |kind| self.certificates().filter(move |certificate| certificate.vote.kind == kind);
        kinds.into_iter().filter_map(move |kind| {
            let single = self.vote_of(place, kind).map(|signed| **signed);
            single.or_else(|| certified(kind).flat_map(|c| c.votes()).find(|vote| vote.signer == place))
        })
    }

    /// How many votes are kept, of all kinds.
    pub(crate) fn votes_kept(&self) -> usize {
        self.votes.values().map(BTreeMap::len).sum()
    }

    /// The votes of one kind.
    pub(crate) fn votes(&self, kind: VoteKind) -> &BTreeMap<Place, Verified<SignedVote>> {
        static NONE: BTreeMap<Place, Verified<SignedVote>> = BTreeMap::new();
        self.votes.get(&kind).unwrap_or(&NONE)
    }

    /// Everyone whose vote of any kind counted.
    pub(crate) fn heard(&self) -> Signers {
        self.votes.values().flat_map(BTreeMap::keys).copied().collect()
    }

    /// The certificate for exactly this vote.
    pub(crate) fn certificate(&self, vote: &Vote) -> Option<&Verified<Certificate>> {
        match vote.kind {
            VoteKind::Notarize => self.notarizations.get(&vote.batch),
            VoteKind::Nullify => self.nullification.as_ref(),
            VoteKind::Finalize => self.finalization.as_ref().filter(|known| known.vote.batch == vote.batch),
        }
    }

    /// Keeps a certificate; false if there is one for the same vote.
    pub(crate) fn keep(&mut self, certificate: Verified<Certificate>) -> bool {
        let vote = certificate.vote;
        if self.certificate(&vote).is_some() {
            return false;
        }
        match vote.kind {
            VoteKind::Notarize => {
                self.notarizations.insert(vote.batch, certificate);
            }
            VoteKind::Nullify => self.nullification = Some(certificate),
            VoteKind::Finalize => self.finalization = Some(certificate),
        }
        true
    }

    pub(crate) fn notarization(&self) -> Option<&Verified<Certificate>> {
        self.notarizations.values().next()
    }

    /// Rule P3: the notarization with every vote for it that has come, also after the quorum.
    pub(crate) fn widest_notarization(&mut self, set: &ValidatorSet) -> Option<&Verified<Certificate>> {
        let votes = self.votes.get(&VoteKind::Notarize);
        let notarization = self.notarizations.values_mut().next()?;
        if let Some(votes) = votes {
            *notarization = notarization.widened(votes, set);
        }
        Some(notarization)
    }

    pub(crate) const fn nullification(&self) -> Option<&Verified<Certificate>> {
        self.nullification.as_ref()
    }

    pub(crate) const fn finalization(&self) -> Option<&Verified<Certificate>> {
        self.finalization.as_ref()
    }

    /// All certificates, the most telling first.
    pub(crate) fn certificates(&self) -> impl Iterator<Item = &Verified<Certificate>> {
        self.finalization.iter().chain(self.notarizations.values()).chain(&self.nullification)
    }
}
