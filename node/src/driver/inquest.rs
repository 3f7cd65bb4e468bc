//! After two finalizations that conflict: the node has stopped, and finds out who is to blame (rules E10, E11 of
//! evidence).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    time::Duration,
};

use libp2p::PeerId;
use rota_proto::{Certificate, Epoch, Message, Place, Round, Strict, ValidatorSet, View, VotePair};
use rota_replica::Halt;
use rota_staking::{Evidence, Inquest};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{Driver, DriverError};
use crate::{
    network::{Misbehaviour, NetworkEvent},
    status::Health,
    store::StoreError,
};

/// How long a node that has stopped goes on telling, hearing and reporting: some hundred L1 blocks, in which reports of
/// a third of 128 validators are mined. Whoever starts it again lets it go on reporting.
const INQUEST_MAX: Duration = Duration::from_secs(1_800);

/// How long at least: others may be about to tell what they have.
const INQUEST_MIN: Duration = Duration::from_secs(20);

/// Views that are searched: those in which conflicting finalizations are recognised.
const VIEWS_MAX: u64 = 8_192;

/// Certificates that are told a second, 9 kB each at the very most, so that no queue to a peer overflows.
const TOLD_AT_ONCE: usize = 128;

/// What a node that has stopped searches.
struct Search {
    /// From the earlier finalization to the later one.
    rounds: Vec<Round>,
    /// The sets of their epochs.
    sets: BTreeMap<Epoch, ValidatorSet>,
    /// Who is convicted, by epoch and place.
    convicted: BTreeMap<(Epoch, Place), Evidence>,
    /// The next of the rounds whose certificates are told.
    next_told: usize,
}

impl Search {
    fn contains(&self, round: Round) -> bool {
        self.rounds.binary_search(&round).is_ok()
    }

    /// Whether those convicted in some epoch hold more than a third of its power.
    fn is_complete(&self) -> bool {
        self.sets.iter().any(|(epoch, set)| {
            let places = self.convicted.keys().filter(|(of, _)| of == epoch).map(|(_, place)| *place);
            3 * set.power_of(places.collect()) > set.total_power()
        })
    }
}

/// The rounds from one to another, as far back as conflicts are recognised. Of an epoch that ended between only the
/// last rounds count, which cannot be told from here: its certificate alone.
fn rounds_between(one: Round, other: Round) -> Vec<Round> {
    let (first, last) = if one <= other { (one, other) } else { (other, one) };
    let from = if first.epoch == last.epoch { first.view.0 } else { 1 };
    let from = from.max(last.view.0.saturating_sub(VIEWS_MAX)).max(1);
    let mut rounds: Vec<Round> = (from..=last.view.0).map(|view| Round::new(last.epoch, View(view))).collect();
    if rounds.first() != Some(&first) {
        rounds.insert(0, first);
    }
    rounds
}

impl Driver {
    /// Rules E10, E11 of evidence: keeps both finalizations, tells all certificates between, hears those of others, and
    /// keeps and tells what convicts. Ends when the guilty are found and L1 has judged them, or after a while.
    pub(super) async fn inquire(
        &mut self,
        why: &Halt,
        shutdown: &mut watch::Receiver<bool>,
    ) -> Result<(), DriverError> {
        let Halt::Conflict { ours, theirs } = why else { return Ok(()) };
        for certificate in [ours, theirs] {
            self.parts.store.put_certificate(certificate)?;
        }
        self.parts.store.flush()?;
        self.tell_health(Health::Conflict);
        let mut search = self.search(ours.vote.round, theirs.vote.round);
        for round in search.rounds.clone() {
            self.hear_round(round, &mut search)?;
        }
        self.report_search(&search);
        let begun = Instant::now();
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = shutdown.changed() => return Ok(()),
                _ = second.tick() => {
                    self.tell_certificates(&mut search)?;
                    let passed = begun.elapsed();
                    let judged = search.is_complete() && self.parts.docket.book.totals().open == 0;
                    if passed > INQUEST_MAX || judged && passed > INQUEST_MIN {
                        self.report_search(&search);
                        return Ok(());
                    }
                }
                // Users are told that the node is stopping.
                Some(_) = self.parts.submissions.recv() => {}
                Some(event) = self.parts.network_events.recv() => self.hear_in_inquest(event, &mut search)?,
            }
        }
    }

    fn search(&self, one: Round, other: Round) -> Search {
        let rounds = rounds_between(one, other);
        let mut sets = BTreeMap::new();
        for epoch in [one.epoch, other.epoch] {
            if let Ok(set) = self.parts.replica.registry().set(epoch) {
                sets.insert(epoch, (*set).clone());
            }
        }
        Search { rounds, sets, convicted: BTreeMap::new(), next_told: 0 }
    }

    /// Holds all certificates of a round against each other.
    fn hear_round(&mut self, round: Round, search: &mut Search) -> Result<(), DriverError> {
        let certificates = self.parts.store.certificates(round)?;
        let Some(set) = search.sets.get(&round.epoch) else { return Ok(()) };
        let mut inquest = Inquest::new(&self.parts.domain, set, &Strict);
        inquest.hear(&certificates);
        for evidence in inquest.found() {
            self.convict(evidence, false, search)?;
        }
        Ok(())
    }

    fn convict(&mut self, evidence: Evidence, heard: bool, search: &mut Search) -> Result<(), DriverError> {
        if let Entry::Vacant(new) = search.convicted.entry((evidence.round().epoch, evidence.place())) {
            self.keep_evidence(&evidence, heard)?;
            new.insert(evidence);
        }
        Ok(())
    }

    fn hear_in_inquest(&mut self, event: NetworkEvent, search: &mut Search) -> Result<(), DriverError> {
        match event {
            NetworkEvent::Message { from, validator, message, .. } => match message {
                Message::Certificate(certificate) => self.hear_certificate(from, certificate, search),
                Message::Evidence(pair) if self.accusations.may_bring(validator, std::time::Instant::now()) => {
                    self.hear_accusation(from, &pair, search)
                }
                Message::Evidence(_)
                | Message::Attestation(_)
                | Message::Vote(_)
                | Message::Proposal(_)
                | Message::Body(_)
                | Message::Fetch(_)
                | Message::RoundQuery(_)
                | Message::RoundAnswer(_)
                | Message::Transactions(_)
                | Message::FinalBatch(_)
                | Message::CatchUpRequest(_)
                | Message::CatchUpAnswer(_)
                | Message::Status(_) => Ok(()),
            },
            NetworkEvent::Request { request, responder, .. } => {
                self.answer(request, responder);
                Ok(())
            }
            NetworkEvent::PeerConnected { .. } => {
                // Whoever comes hears everything from the beginning.
                search.next_told = 0;
                Ok(())
            }
            NetworkEvent::PeerGone { .. }
            | NetworkEvent::Listening { .. }
            | NetworkEvent::ValidatorChanged { .. }
            | NetworkEvent::PeerRefused { .. } => Ok(()),
        }
    }

    /// A certificate of the views between that is not here yet, and stands.
    fn hear_certificate(
        &mut self,
        from: PeerId,
        certificate: Certificate,
        search: &mut Search,
    ) -> Result<(), DriverError> {
        let round = certificate.vote.round;
        let Some(set) = search.sets.get(&round.epoch).filter(|_| search.contains(round)) else { return Ok(()) };
        if self.parts.store.certificates(round)?.iter().any(|known| known.vote == certificate.vote) {
            return Ok(());
        }
        let Ok(certificate) = certificate.verify(&self.parts.domain, set, &Strict) else {
            self.complain(self.parts.network.punish(from, Misbehaviour::BadSignature));
            return Ok(());
        };
        self.parts.store.put_certificate(&certificate)?;
        self.parts.store.flush()?;
        self.hear_round(round, search)
    }

    fn hear_accusation(&mut self, from: PeerId, pair: &VotePair, search: &mut Search) -> Result<(), DriverError> {
        let Ok(set) = self.parts.replica.registry().set(pair.round().epoch) else { return Ok(()) };
        match Evidence::of_pair(pair, &self.parts.domain, &set, &Strict) {
            Ok(evidence) => self.convict(evidence, true, search),
            Err(_) => {
                self.complain(self.parts.network.punish(from, Misbehaviour::BadSignature));
                Ok(())
            }
        }
    }

    /// Rule E10 of evidence: what we have of the views between goes to everyone, some each second.
    fn tell_certificates(&self, search: &mut Search) -> Result<(), StoreError> {
        let mut told = 0;
        while told < TOLD_AT_ONCE {
            let Some(round) = search.rounds.get(search.next_told) else { break };
            for certificate in self.parts.store.certificates(*round)? {
                self.broadcast(&Message::Certificate(certificate));
                told += 1;
            }
            search.next_told += 1;
        }
        Ok(())
    }

    fn report_search(&self, search: &Search) {
        for (epoch, set) in &search.sets {
            let places = search.convicted.keys().filter(|(of, _)| of == epoch).map(|(_, place)| *place);
            let (convicted, total) = (set.power_of(places.collect()), set.total_power());
            tracing::error!(%epoch, convicted, total, complete = search.is_complete(),
                "two finalizations conflict: power of those who are convicted");
        }
    }
}

#[cfg(test)]
#[path = "tests/inquest.rs"]
mod tests;
