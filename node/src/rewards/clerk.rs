//! The task that counts, attests, collects what others attest, and makes ready what L1 is to be told (rules W).

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::eips::BlockId;
use alloy_primitives::Address;
use libp2p::PeerId;
use rota_proto::{
    Attestation, AttestationKey, ConsensusKey, Epoch, EpochSchedule, Message, Place, SignedAttestation, SigningDomain,
    ValidatorSet,
};
use rota_staking::{PARTICIPATION, Period};
use tokio::sync::{mpsc, watch};

use super::{
    Metrics,
    ledger::{Ledger, LedgerError},
    quorum::{Heard, Quorum, QuorumWord},
};
use crate::{
    config::NetworkToml,
    l1::{self, L1Client, L1Error, L1Tip},
    network::{Bucket, Misbehaviour, NetworkHandle, Rate, Verdict, Way},
    poster::{Chore, ChoreName},
    signer::{AttestError, Attester},
    store::Store,
    trouble::Trouble,
};

/// Attestations that wait for the task: two sets' worth.
pub const TOLD_MAX: usize = 256;

/// How often we say again what L1 does not have yet: others may have come since, or be in another epoch.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// What all strangers together may have us verify: a thirtieth of a core.
const STRANGERS_RATE: Rate = Rate { burst: 256.0, per_second: 32.0 };

/// Validators that are accused at a time: two sets of 128.
const ACCUSED_MAX: usize = 256;

/// Periods that are looked through at a time for the next leaf of a validator.
const PERIODS_AT_ONCE: u64 = 256;

/// An attestation that a peer brought.
#[derive(Debug)]
pub struct Told {
    /// The peer.
    pub from: PeerId,
    /// The validator that it speaks for.
    pub validator: Option<ConsensusKey>,
    /// How it came.
    pub way: Way,
    /// What it says.
    pub signed: SignedAttestation,
}

/// What the clerk is made of.
pub struct Parts {
    /// Our chain.
    pub store: Arc<dyn Store>,
    /// L1.
    pub l1: L1Client,
    /// The network's settings.
    pub network: NetworkToml,
    /// Other nodes.
    pub peers: NetworkHandle,
    /// Our key for attestations, if we are to attest, and the consensus key by which the sets know us.
    pub attester: Option<(Attester, ConsensusKey)>,
    /// What peers bring.
    pub told: mpsc::Receiver<Told>,
    /// What L1 is to be told.
    pub chores: watch::Sender<Vec<Chore>>,
    /// What is counted.
    pub metrics: Metrics,
}

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum ClerkError {
    /// Batches could not be counted.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// L1 could not be asked.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// Our key attests nothing.
    #[error(transparent)]
    Attest(#[from] AttestError),
}

/// The task.
pub struct Clerk {
    parts: Parts,
    domain: SigningDomain,
    ledger: Ledger,
    quorum: Option<Quorum>,
    /// What we have said of it, and when last.
    said: Option<(SignedAttestation, Instant)>,
    strangers: Bucket,
    /// Who attested two things of one period, with both, as long as L1 has not slashed it finally (rule W7).
    accused: BTreeMap<Address, [SignedAttestation; 2]>,
    schedule: EpochSchedule,
    /// Our validator's name, and the first period that may hold its next leaf.
    own: Option<(Address, u64)>,
    /// The period that was the current one when L1 lacked nothing.
    settled: Option<u64>,
    trouble: Trouble,
}

impl Clerk {
    /// A clerk that has looked at nothing yet.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn new(parts: Parts) -> Result<Self, LedgerError> {
        let ledger = Ledger::open(parts.store.clone(), &parts.network)?;
        let domain = parts.network.domain();
        let schedule = parts.network.registry()?.schedule;
        Ok(Self {
            parts,
            domain,
            ledger,
            quorum: None,
            said: None,
            strangers: Bucket::new(STRANGERS_RATE, Instant::now()),
            accused: BTreeMap::new(),
            schedule,
            own: None,
            settled: None,
            trouble: Trouble::default(),
        })
    }

    /// Runs until the node stops. It may stop at any point: what it said is in the record, all else is counted anew.
    pub async fn run(mut self, poll: Duration, mut shutdown: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(poll);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = shutdown.changed() => return,
                Some(told) = self.parts.told.recv() => self.hear(&told),
                _ = ticks.tick() => {
                    if let Err(error) = self.look().await {
                        self.parts.metrics.failure();
                        if self.trouble.is_news(&error) {
                            tracing::warn!(%error, "rewards cannot be seen to: trying again");
                        }
                    }
                }
            }
        }
    }

    /// Counts what is final, and sees to the first period that L1 lacks.
    ///
    /// # Errors
    /// [`ClerkError`]; the next look tries again.
    pub async fn look(&mut self) -> Result<(), ClerkError> {
        while self.ledger.count()? {
            tokio::task::yield_now().await;
        }
        // L1 has all that it can be told before the next period is over.
        let current = self.ledger.current();
        if self.settled == Some(current) {
            return Ok(());
        }
        let tip = self.parts.l1.tip().await?;
        let next = self.parts.l1.next_period(BlockId::hash(tip.hash)).await?;
        self.parts.metrics.periods(current, next);
        self.collect(next, &tip).await?;
        // What one of them lacks keeps no other from being told.
        let mut failed = self.attest().err();
        let mut chores = Vec::from_iter(self.word().map(|(word, period)| attest(&word, &period)));
        match self.own_leaf(next, &tip).await {
            Ok(leaf) => chores.extend(leaf),
            Err(error) => failed = Some(error),
        }
        match self.accusations(&tip).await {
            Ok(accusations) => chores.extend(accusations),
            Err(error) => failed = Some(error.into()),
        }
        let is_idle = failed.is_none() && chores.is_empty() && self.accused.is_empty();
        self.settled = Some(current).filter(|_| next >= current && is_idle);
        self.parts.chores.send_if_modified(|known| {
            let changed = *known != chores;
            *known = chores;
            changed
        });
        failed.map_or(Ok(()), Err)
    }

    /// W4: collects attestations of the first period that L1 lacks, as members of the set of now or, later than
    /// [`attestation_epochs`](crate::config::RewardsToml::attestation_epochs) after the period, of the last that may.
    async fn collect(&mut self, next: u64, tip: &L1Tip) -> Result<(), ClerkError> {
        let Some(period) = self.ledger.period(next)? else {
            self.quorum = None;
            return Ok(());
        };
        let epoch = self.attesting_epoch(next);
        let attestation =
            Attestation { attesting_epoch: epoch, kind: PARTICIPATION, index: next, content: period.content() };
        if self.quorum.as_ref().is_some_and(|quorum| *quorum.attestation() == attestation) {
            return Ok(());
        }
        let Some(set) = self.ledger.set(epoch)? else { return Ok(()) };
        let keys = self.keys(&set, tip).await?;
        self.quorum = Some(Quorum::new(self.domain.clone(), attestation, set, keys));
        self.said = None;
        Ok(())
    }

    /// The epoch as whose members a period is attested: that of our chain, as far as L1 lets it be.
    fn attesting_epoch(&self, period: u64) -> Epoch {
        let rewards = &self.parts.network.rewards;
        let last = (period + 1).saturating_mul(rewards.period_epochs).saturating_sub(1);
        self.ledger.epoch().min(Epoch(last.saturating_add(rewards.attestation_epochs)))
    }

    /// The attestation keys of a set, as L1 has them. One that is none attests nothing.
    async fn keys(&self, set: &ValidatorSet, tip: &L1Tip) -> Result<BTreeMap<Place, AttestationKey>, L1Error> {
        let mut keys = BTreeMap::new();
        for (place, _) in set.iter() {
            let key = self.parts.l1.attestation_key(set.epoch(), place, BlockId::hash(tip.hash)).await?;
            keys.extend(key.map(|key| (place, key)));
        }
        Ok(keys)
    }

    /// W3: says what we found, and again now and then until L1 has it.
    fn attest(&mut self) -> Result<(), ClerkError> {
        let (Some(quorum), Some((attester, consensus_key))) = (&mut self.quorum, &mut self.parts.attester) else {
            return Ok(());
        };
        let Some(place) = quorum.set().place_of(consensus_key) else { return Ok(()) };
        let signed = match self.said {
            Some((_, at)) if at.elapsed() < TELL_EVERY => return Ok(()),
            Some((signed, _)) => signed,
            None => {
                let attestation = *quorum.attestation();
                let signature = attester.attest(&attestation)?;
                tracing::info!(period = attestation.index, epoch = %attestation.attesting_epoch, "attesting");
                SignedAttestation { attestation, signer: place, signature }
            }
        };
        match quorum.hear(&signed) {
            Heard::Fault => {
                tracing::error!(key = %attester.key(), "L1 has another attestation key for us: register this one");
            }
            Heard::Guilty => {
                tracing::error!(key = %attester.key(), "our attestation key signs something else elsewhere");
            }
            Heard::New | Heard::Known | Heard::Elsewhere | Heard::Contradicts(_) => {}
        }
        let others = quorum.set().iter().map(|(_, validator)| validator.consensus_key);
        let others = others.filter(|key| key != consensus_key).collect();
        let message = Message::Attestation(Box::new(signed));
        for sent in [self.parts.peers.publish(&message), self.parts.peers.broadcast(&message, others)] {
            if let Err(error) = sent {
                tracing::debug!(%error, "an attestation was not sent");
            }
        }
        self.said = Some((signed, Instant::now()));
        Ok(())
    }

    /// W4: what a peer brought.
    fn hear(&mut self, told: &Told) {
        let may = told.validator.is_some() || self.strangers.try_take(1.0, Instant::now());
        let heard = self.quorum.as_mut().filter(|_| may).map(|quorum| quorum.hear(&told.signed));
        let verdict = match heard {
            Some(Heard::New | Heard::Known) => Verdict::Accept,
            Some(Heard::Fault) => {
                self.complain(self.parts.peers.punish(told.from, Misbehaviour::BadSignature));
                Verdict::Reject
            }
            Some(Heard::Contradicts(content)) => {
                let SignedAttestation { attestation, signer, .. } = told.signed;
                tracing::warn!(%signer, period = attestation.index, %content, "a validator attests something else");
                self.parts.metrics.contradiction();
                // Everybody is to have both, should there be another one.
                Verdict::Accept
            }
            Some(Heard::Guilty) => {
                self.accuse(told.signed.signer);
                Verdict::Accept
            }
            Some(Heard::Elsewhere) | None => Verdict::Ignore,
        };
        if let Way::Gossip(id) = &told.way {
            self.complain(self.parts.peers.judge(id.clone(), verdict));
        }
    }

    /// W7: keeps both attestations of a member that contradicts itself.
    fn accuse(&mut self, place: Place) {
        let Some(quorum) = &self.quorum else { return };
        let (Some(pair), Some(member)) = (quorum.contradiction_of(place), quorum.set().get(place)) else { return };
        let validator = member.operator;
        tracing::error!(%validator, period = pair[0].attestation.index, "a validator attests two things of one period");
        self.parts.metrics.accusation();
        if self.accused.len() < ACCUSED_MAX {
            self.accused.entry(validator).or_insert(pair);
        }
    }

    /// W7: what L1 has not slashed for yet. Over only as of a final block.
    async fn accusations(&mut self, tip: &L1Tip) -> Result<Vec<Chore>, L1Error> {
        if self.accused.is_empty() {
            return Ok(Vec::new());
        }
        let final_number = self.parts.l1.final_number().await?;
        let newest = self.schedule.epoch_of(final_number).unwrap_or_default();
        let mut chores = Vec::new();
        for (validator, pair) in self.accused.clone() {
            let epoch = pair[0].attestation.attesting_epoch.0;
            let is_late = epoch.saturating_add(self.parts.network.times.evidence_epochs) < newest.0;
            if !is_late && !self.parts.l1.is_slashed(validator, BlockId::hash(tip.hash)).await? {
                let name = ChoreName::Accuse { validator };
                chores.push(Chore { name, call: l1::report_attestations(&pair) });
            } else if is_late || self.parts.l1.is_slashed(validator, BlockId::Number(final_number.into())).await? {
                tracing::info!(%validator, epoch, is_late, "L1 has judged who attested twice, or does so no more");
                self.accused.remove(&validator);
            }
        }
        Ok(chores)
    }

    fn complain(&self, result: Result<(), crate::network::CommandError>) {
        if let Err(error) = result {
            tracing::debug!(%error, "not sent");
        }
    }

    /// W5: what more than two thirds of the power attest.
    fn word(&self) -> Option<(QuorumWord, Period)> {
        let word = self.quorum.as_ref()?.word()?;
        let period = self.ledger.period(word.attestation.index).ok()??;
        Some((word, period))
    }

    /// W6: the next leaf of our own validator that L1 lacks, of a period that it has.
    async fn own_leaf(&mut self, next: u64, tip: &L1Tip) -> Result<Option<Chore>, ClerkError> {
        let Some(validator) = self.own_name()? else { return Ok(None) };
        let on_l1 = self.parts.l1.next_leaf(validator, BlockId::hash(tip.hash)).await?;
        let searched = self.own.map_or(0, |(_, from)| from);
        let from = on_l1.max(searched);
        for number in from..next.min(from.saturating_add(PERIODS_AT_ONCE)) {
            if let Some((leaf, proof)) = self.ledger.period(number)?.and_then(|period| period.prove(validator)) {
                let name = ChoreName::Bring { period: number, validator };
                return Ok(Some(Chore { name, call: l1::bring(&leaf, &proof) }));
            }
            self.own = Some((validator, number + 1));
        }
        Ok(None)
    }

    /// Our validator's name on L1, once we were a member of a set that we know.
    fn own_name(&mut self) -> Result<Option<Address>, ClerkError> {
        if let Some((name, _)) = self.own {
            return Ok(Some(name));
        }
        let Some((_, key)) = &self.parts.attester else { return Ok(None) };
        let (key, epoch) = (*key, self.ledger.epoch());
        let Some(set) = self.ledger.set(epoch)? else { return Ok(None) };
        let name = set.place_of(&key).and_then(|place| set.get(place)).map(|validator| validator.operator);
        self.own = name.map(|name| (name, 0));
        Ok(name)
    }
}

fn attest(word: &QuorumWord, period: &Period) -> Chore {
    let name = ChoreName::Attest { period: period.number };
    Chore { name, call: l1::attest(word, period) }
}
