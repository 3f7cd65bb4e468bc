//! What a node begins with: the replica, and what was durable of views that were live.

use eyre::ContextCompat as _;
use rota_consensus::{Anchor, Durable, GuardRecord};
use rota_proto::{Round, Strict, ValidatorSet, View};
use rota_replica::{Event, Replica, ReplicaConfig, Started};

use super::{Prepared, Voting};
use crate::{
    signer::Hand,
    status::{ChainStatus, Health},
    store::Head,
};

pub(super) fn replica(prepared: &Prepared, signer: Option<&Hand>) -> eyre::Result<Replica> {
    let config = ReplicaConfig {
        domain: prepared.network.domain(),
        consensus: prepared.network.times.consensus(),
        rules: prepared.rules,
        pool: rota_mempool::MempoolLimits::default(),
        times: prepared.network.times.replica(),
        leaders: None,
    };
    let Head { header, round, opening } = prepared.head.clone();
    let anchor = Anchor { opening, head: header, view: round.view };
    let key = signer.map(Hand::consensus_key);
    Ok(Replica::new(config, key, prepared.registry.clone(), anchor)?)
}

/// What was durable of live views: everything of the epoch from the last final view on (rule S1 of consensus), and the
/// certificates that the slasher knew.
pub(super) fn started(
    prepared: &Prepared,
    replica: &Replica,
    (signer, voting): (Option<&Hand>, Voting),
) -> eyre::Result<Event> {
    let Head { round, .. } = &prepared.head;
    let set = replica.simplex().set(round.epoch).cloned().wrap_err("the set of our epoch is not known")?;
    let domain = prepared.network.domain();
    let verified = |certificate: rota_proto::Certificate| certificate.verify(&domain, &set, &Strict).ok();
    let below = View(round.view.0.saturating_sub(rota_staking::limits::RETENTION));
    let kept = prepared.store.certificates_from(Round::new(round.epoch, below))?;
    let witnessed: Vec<_> = kept
        .into_iter()
        .filter(|certificate| certificate.vote.round.epoch == round.epoch)
        .filter_map(verified)
        .collect();
    let certificates = witnessed.iter().filter(|certificate| certificate.vote.round >= *round).cloned().collect();
    let (proposals, bodies) = prepared.store.candidates_from(*round)?;
    let votes = own_votes(signer, replica, &set)?;
    let record = signer.map(|signer| guard_record(signer.record())).unwrap_or_default();
    // Also a node that begins asks: an empty folder may be all that is left of one that has voted.
    let listen_ms = listen_ms(prepared, voting);
    let durable = Durable { certificates, proposals, votes, record, ask: true, listen_ms };
    let accused = prepared.evidence.accused();
    Ok(Event::Started(Box::new(Started { durable, bodies, witnessed, accused })))
}

/// How long to listen on this start, with a part by lot: of two hosts that start at one moment with one key, one is
/// done before the other, which then hears it.
fn listen_ms(prepared: &Prepared, voting: Voting) -> u64 {
    let Some(validator) = prepared.node.validator.as_ref().filter(|_| voting == Voting::Listened) else { return 0 };
    let wait = validator.doppelganger_wait_ms.unwrap_or_else(|| prepared.network.times.doppelganger_wait_ms());
    wait.saturating_add(rand::random_range(0..=wait / 2))
}

fn guard_record(record: &rota_staking::SafetyRecord) -> GuardRecord {
    let votes = record.votes().map(|(vote, _)| vote).collect();
    GuardRecord { floor: record.floor(), resume: record.resume(), votes }
}

fn own_votes(
    signer: Option<&Hand>,
    replica: &Replica,
    set: &ValidatorSet,
) -> eyre::Result<Vec<rota_proto::Verified<rota_proto::SignedVote>>> {
    match (signer, replica.simplex().place()) {
        (Some(signer), Some(place)) => Ok(signer.votes(place, set)?),
        _ => Ok(Vec::new()),
    }
}

pub(super) fn first_status(replica: &Replica) -> ChainStatus {
    let newest = replica.registry().newest();
    ChainStatus {
        head: replica.committed().clone(),
        pending: None,
        round: Round::default(),
        leader: None,
        validator: None,
        power: None,
        l1: (newest.number, newest.hash),
        pool: (0, 0),
        peers: 0,
        highest: 0,
        health: Health::default(),
    }
}
