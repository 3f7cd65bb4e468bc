//! The slasher: remembers what validators said and finds those who contradict themselves.

use std::collections::{BTreeMap, BTreeSet};

use rota_proto::{Certificate, Epoch, Place, Round, SignedVote, ValidatorSet, Verified, View, Vote, VoteKind};

use crate::{
    Evidence, Offence,
    evidence::is_vote,
    limits::{RETENTION, SLASHER_EPOCHS},
};

/// How far around the last final round votes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rounds below the last final one.
    pub retention: u64,
    /// Views above it; the same number as consensus allows.
    pub views_ahead: u64,
}

impl Window {
    /// The usual retention with this many views ahead.
    #[must_use]
    pub const fn with_views_ahead(views_ahead: u64) -> Self {
        Self { retention: RETENTION, views_ahead }
    }

    /// The most votes a slasher holds (rule S5), each of at most 128 bytes: three of every validator in every round.
    /// Above its last final view an older epoch and the next one have `views_ahead` views, too.
    #[must_use]
    pub const fn votes_max(&self, validators: usize) -> u128 {
        let rounds = self.retention as u128 + 1 + (SLASHER_EPOCHS as u128 + 1) * self.views_ahead as u128;
        3 * rounds * validators as u128
    }
}

/// Keeps the first vote of each validator, round and kind, and pairs it with what contradicts it (rules S1 to S7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slasher {
    rollup_chain_id: u64,
    window: Window,
    /// The last final view of the epochs kept; the highest is the current epoch.
    finals: BTreeMap<Epoch, View>,
    rounds: BTreeMap<Round, BTreeMap<Place, FirstVotes>>,
    /// What is proven already.
    proven: BTreeSet<(Epoch, Place, Offence)>,
}

/// The first vote of each kind that a validator cast in a round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct FirstVotes {
    notarize: Option<Verified<SignedVote>>,
    nullify: Option<Verified<SignedVote>>,
    finalize: Option<Verified<SignedVote>>,
}

impl Slasher {
    /// A slasher that has seen nothing; `last_final` is the round of the last final batch, (epoch, 0) where it opened
    /// the epoch.
    #[must_use]
    pub fn new(rollup_chain_id: u64, window: Window, last_final: Round) -> Self {
        let finals = BTreeMap::from([(last_final.epoch, last_final.view)]);
        Self { rollup_chain_id, window, finals, rounds: BTreeMap::new(), proven: BTreeSet::new() }
    }

    /// Whether verifying this vote can tell something new (rule S4): it is the first of its validator, round and
    /// kind, or it contradicts the first and nothing of that sort is proven yet.
    #[must_use]
    pub fn wants(&self, signed: &SignedVote) -> bool {
        if !is_vote(&signed.vote) || !self.in_window(signed.vote.round) {
            return false;
        }
        match self.first_votes(signed).get(signed.vote.kind) {
            None => true,
            Some(first) => self.news(signed, first).is_some(),
        }
    }

    /// Takes a vote that `set` verified; the evidence it completes, if any (rule S3).
    ///
    /// # Panics
    /// If `set` is not the one that verified the vote.
    pub fn observe(&mut self, signed: Verified<SignedVote>, set: &ValidatorSet) -> Option<Evidence> {
        if !is_vote(&signed.vote) || !self.in_window(signed.vote.round) {
            return None;
        }
        let earlier = self.first_votes(&signed);
        let partner = earlier.iter().find(|first| self.news(&signed, first).is_some());
        self.rounds.entry(signed.vote.round).or_default().entry(signed.signer).or_default().keep_first(signed);
        let evidence = Evidence::new(self.rollup_chain_id, partner?, signed, set);
        let evidence = evidence.expect("a pair that contradicts itself, by a member of the set that verified it");
        self.proven.insert((evidence.round().epoch, evidence.place(), evidence.offence()));
        Some(evidence)
    }

    /// Takes every vote of a certificate that `set` verified; the evidence they complete.
    ///
    /// # Panics
    /// If `set` is not the one that verified the certificate.
    pub fn observe_certificate(&mut self, certificate: &Verified<Certificate>, set: &ValidatorSet) -> Vec<Evidence> {
        certificate.verified_votes().filter_map(|signed| self.observe(signed, set)).collect()
    }

    /// Moves the window to the round of a newly final batch, or to view 0 of an epoch that begins (rule S5). An older
    /// round changes nothing.
    pub fn finalized(&mut self, round: Round) {
        if round <= self.last_final() {
            return;
        }
        self.finals.insert(round.epoch, round.view);
        while self.finals.len() > SLASHER_EPOCHS {
            self.finals.pop_first();
        }
        let kept: BTreeSet<Round> = self.rounds.keys().copied().filter(|round| self.in_window(*round)).collect();
        self.rounds.retain(|round, _| kept.contains(round));
        let oldest = self.finals.first_key_value().map_or(round.epoch, |(epoch, _)| *epoch);
        self.proven.retain(|(epoch, ..)| *epoch >= oldest);
    }

    /// How much each map holds, by name: each has a bound. Votes are counted one by one.
    #[must_use]
    pub fn sizes(&self) -> [(&'static str, usize); 3] {
        [("votes", self.votes_kept()), ("proven", self.proven.len()), ("final views", self.finals.len())]
    }

    /// How many votes it holds.
    #[must_use]
    pub fn votes_kept(&self) -> usize {
        self.rounds.values().flat_map(BTreeMap::values).map(|votes| votes.iter().count()).sum()
    }

    fn last_final(&self) -> Round {
        let (epoch, view) = self.finals.last_key_value().expect("the current epoch is always kept");
        Round::new(*epoch, *view)
    }

    /// What `signed` proves together with `first`, unless that is proven already (rules S1, S3).
    fn news(&self, signed: &SignedVote, first: &SignedVote) -> Option<Offence> {
        let offence = Offence::of(&first.vote, &signed.vote)?;
        let proven = self.proven.contains(&(signed.vote.round.epoch, signed.signer, offence));
        (!proven).then_some(offence)
    }

    fn first_votes(&self, signed: &SignedVote) -> FirstVotes {
        let places = self.rounds.get(&signed.vote.round);
        places.and_then(|places| places.get(&signed.signer)).copied().unwrap_or_default()
    }

    /// S5: from `retention` rounds below the last final one, counted over the epochs kept, to `views_ahead` above the
    /// last final view of each of them; of the epoch after the current one, the first `views_ahead` views.
    fn in_window(&self, round: Round) -> bool {
        let Window { retention, views_ahead } = self.window;
        let current = self.last_final().epoch;
        let Some(last_final) = self.finals.get(&round.epoch) else {
            return round.epoch == current.next() && round.view.0 <= views_ahead;
        };
        let after = self.finals.range(round.epoch.next()..).map(|(_, view)| view.0).sum::<u64>();
        let below = last_final.0.saturating_sub(round.view.0).saturating_add(after);
        let above = round.view.0.saturating_sub(last_final.0);
        below <= retention && above <= views_ahead
    }
}

impl FirstVotes {
    fn get(&self, kind: VoteKind) -> Option<&Verified<SignedVote>> {
        match kind {
            VoteKind::Notarize => self.notarize.as_ref(),
            VoteKind::Nullify => self.nullify.as_ref(),
            VoteKind::Finalize => self.finalize.as_ref(),
        }
    }

    fn keep_first(&mut self, signed: Verified<SignedVote>) {
        let Vote { kind, .. } = signed.vote;
        let first = match kind {
            VoteKind::Notarize => &mut self.notarize,
            VoteKind::Nullify => &mut self.nullify,
            VoteKind::Finalize => &mut self.finalize,
        };
        first.get_or_insert(signed);
    }

    fn iter(&self) -> impl Iterator<Item = Verified<SignedVote>> {
        [self.notarize, self.nullify, self.finalize].into_iter().flatten()
    }
}
