//! Evidence on its way through a node: kept before anything else is done with it, then told to all (rules E1, E3, E4 of
//! evidence).

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use libp2p::PeerId;
use rota_proto::{ConsensusKey, Message};
use rota_replica::EvidenceRefusal;
use rota_staking::Evidence;

use super::{Driver, DriverError, heard::Finding, now_ms};
use crate::{
    evidence::{Kept, Piece},
    network::{Bucket, Misbehaviour, Rate, Recipient},
};

/// Evidence that a validator may bring: what it tells us when it comes, twice, then a few pieces a second. Each costs
/// two verifications and perhaps an old set, a quarter of a millisecond.
const VALIDATOR_RATE: Rate = Rate { burst: 512.0, per_second: 8.0 };

/// Evidence that all strangers together may bring: names cost them nothing, so that none has a share of its own. A
/// hundredth of a core.
const STRANGERS_RATE: Rate = Rate { burst: 512.0, per_second: 32.0 };

/// Validators whose rates are remembered: the sets of two epochs, and as many again that went.
const VALIDATORS_MAX: usize = 512;

/// Pieces that are told again at a time, 300 bytes each: more than two thirds of a set can be guilty of.
pub(super) const TOLD_MAX: usize = 256;

/// Between a peer's coming and what it is told: its direct streams are open by then.
const PAUSE: Duration = Duration::from_secs(1);

/// What peers bring, and who is to be told what is kept.
#[derive(Debug)]
pub(super) struct Accusations {
    validators: BTreeMap<ConsensusKey, Bucket>,
    strangers: Bucket,
    /// Peers that came lately, and when they are told.
    newcomers: BTreeMap<PeerId, Instant>,
}

impl Accusations {
    pub(super) fn new(now: Instant) -> Self {
        let strangers = Bucket::new(STRANGERS_RATE, now);
        Self { validators: BTreeMap::new(), strangers, newcomers: BTreeMap::new() }
    }

    /// A peer came.
    pub(super) fn came(&mut self, peer: PeerId, now: Instant) {
        self.newcomers.insert(peer, now + PAUSE);
    }

    /// A peer is gone.
    pub(super) fn gone(&mut self, peer: &PeerId) {
        self.newcomers.remove(peer);
    }

    /// Rule E4 of evidence: whether a validator, or a stranger, may bring one more piece.
    pub(super) fn may_bring(&mut self, validator: Option<ConsensusKey>, now: Instant) -> bool {
        let Some(validator) = validator else { return self.strangers.try_take(1.0, now) };
        if self.validators.len() >= VALIDATORS_MAX && !self.validators.contains_key(&validator) {
            self.validators.retain(|_, bucket| !bucket.is_full(now));
            if self.validators.len() >= VALIDATORS_MAX {
                self.validators.pop_first();
            }
        }
        self.validators.entry(validator).or_insert_with(|| Bucket::new(VALIDATOR_RATE, now)).try_take(1.0, now)
    }

    /// Who is to be told now.
    pub(super) fn due(&mut self, now: Instant) -> Vec<PeerId> {
        self.newcomers.extract_if(.., |_, due| *due <= now).map(|(peer, _)| peer).collect()
    }
}

impl Driver {
    /// Rules E1, E3 of evidence: durable, then told to everyone, by gossip and directly.
    pub(super) fn keep_evidence(&mut self, evidence: &Evidence, heard: bool) -> Result<(), DriverError> {
        let (validator, round, offence) = (evidence.validator(), evidence.round(), evidence.offence());
        match self.parts.docket.book.keep(Piece::new(evidence, heard, now_ms() / 1_000))? {
            Kept::New => {
                tracing::error!(%validator, place = %evidence.place(), %round, %offence, heard,
                    "a validator contradicted itself");
                self.parts.docket.metrics.step(if heard { "heard" } else { "found" });
                let message = Message::Evidence(Box::new(evidence.pair()));
                self.complain(self.parts.network.publish(&message));
                self.broadcast(&message);
            }
            Kept::Known => self.parts.docket.metrics.refused("kept"),
            Kept::Full => {
                tracing::error!(%validator, %round, %offence, "there is no room for evidence against a validator");
                self.parts.docket.metrics.refused("no-room");
            }
        }
        self.parts.docket.metrics.show(self.parts.docket.book.totals());
        Ok(())
    }

    /// Evidence came to nothing; perhaps its sender made it up.
    pub(super) fn refuse_evidence(&mut self, refusal: &EvidenceRefusal) {
        tracing::debug!(%refusal, "evidence refused");
        self.parts.docket.metrics.refused(refusal.name());
        if refusal.is_fault() {
            self.finding = Some(Finding::Fault(Misbehaviour::InvalidContent));
        }
    }

    /// Rule E3 of evidence: peers that came lately hear what L1 has not judged.
    pub(super) fn tell_evidence_to_newcomers(&mut self) {
        for peer in self.accusations.due(Instant::now()) {
            for message in self.standing_evidence() {
                self.complain(self.parts.network.send_to(Recipient::Peer(peer), &message));
            }
        }
    }

    /// Rule E3 of evidence: all validators hear it again; some may not have known the set of its epoch before.
    pub(super) fn repeat_evidence(&self) {
        self.standing_evidence().iter().for_each(|message| self.broadcast(message));
    }

    /// The newest pieces that L1 has not judged, as they travel.
    fn standing_evidence(&self) -> Vec<Message> {
        let pieces = self.parts.docket.book.open_pieces().into_iter().take(TOLD_MAX);
        pieces.filter_map(|piece| piece.pair().ok()).map(|pair| Message::Evidence(Box::new(pair))).collect()
    }
}
