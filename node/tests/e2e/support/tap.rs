//! A tap on every signature a network sends.
//!
//! It is the last validator of the set, with so little stake that nobody misses it: validators send each vote,
//! certificate and proposal directly to every validator, so all of them come here too, and nothing in a node knows
//! that it is watched. It votes never.
//!
//! What a process signed in its last moment may have reached others and not the tap. It stands in that node's guard
//! record, which is durable before a signature exists; so the record is read whenever a process was killed. And what
//! others received of it stands in the certificates of their stores, which are read at the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use eyre::{ContextCompat as _, Result, ensure, eyre};
use rota_node::{
    network::{NetworkEvent, NetworkEvents, NetworkHandle, Verdict, Way},
    store::{SledStore, Store as _},
};
use rota_proto::{
    Certificate, ConsensusKey, Epoch, Message, Place, Round, SignedVote, SigningDomain, Strict, View, Vote, VoteKind,
};
use rota_staking::{GuardFile, Offence, Registry};
use tokio::task::JoinHandle;

use super::{member::Member, member::consensus_secret, member::public};

type Heard = Arc<Mutex<BTreeSet<SignedVote>>>;

/// The tap.
pub(crate) struct Tap {
    heard: Heard,
    member: Member,
    listening: JoinHandle<()>,
}

impl Tap {
    /// Takes the place of the validator in `folder`.
    pub(crate) fn join(folder: &Path, validators: &[ConsensusKey]) -> Result<Self> {
        let (member, events) = Member::join(folder, validators)?;
        let heard = Heard::default();
        let listening = tokio::spawn(listen(member.handle.clone(), events, heard.clone()));
        Ok(Self { heard, member, listening })
    }

    /// Everything it heard, to be judged.
    pub(crate) async fn leave(self) -> Result<Signatures> {
        let domain = self.member.domain.clone();
        self.member.leave().await?;
        self.listening.await?;
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(Signatures { domain, heard, found: BTreeSet::new() })
    }
}

async fn listen(network: NetworkHandle, mut events: NetworkEvents, heard: Heard) {
    while let Some(event) = events.recv().await {
        match event {
            NetworkEvent::Message { message, way, .. } => {
                if let Way::Gossip(id) = way {
                    // The network may be stopping.
                    let _ = network.judge(id, Verdict::Accept);
                }
                heard.lock().unwrap_or_else(PoisonError::into_inner).extend(signatures(&message));
            }
            NetworkEvent::Request { responder, .. } => {
                let _ = network.respond(responder, None);
            }
            NetworkEvent::Listening { .. }
            | NetworkEvent::PeerConnected { .. }
            | NetworkEvent::ValidatorChanged { .. }
            | NetworkEvent::PeerGone { .. }
            | NetworkEvent::PeerRefused { .. } => {}
        }
    }
}

/// Every signed vote in a message.
fn signatures(message: &Message) -> Vec<SignedVote> {
    let of = |certificates: Vec<&Certificate>| certificates.into_iter().flat_map(Certificate::votes).collect();
    match message {
        Message::Vote(signed) => vec![*signed],
        Message::Certificate(certificate) => of(vec![certificate]),
        Message::Proposal(proposal) => {
            let mut votes: Vec<SignedVote> = of(proposal.justification.certificates().collect());
            votes.push(proposal.vote);
            votes
        }
        Message::RoundAnswer(answer) => {
            let mut votes: Vec<SignedVote> = of(answer.entered_by.iter().collect());
            votes.extend(&answer.votes);
            votes
        }
        Message::Evidence(pair) => pair.votes().to_vec(),
        Message::FinalBatch(batch) => of(batch.finalization.iter().collect()),
        Message::CatchUpAnswer(answer) => {
            of(answer.batches.iter().filter_map(|batch| batch.finalization.as_ref()).collect())
        }
        Message::Body(_)
        | Message::Attestation(_)
        | Message::Fetch(_)
        | Message::RoundQuery(_)
        | Message::Transactions(_)
        | Message::CatchUpRequest(_)
        | Message::Status(_) => Vec::new(),
    }
}

/// What a node's guard says that it may have signed: votes with the key.
#[derive(Default)]
pub(crate) struct Records(BTreeSet<(ConsensusKey, Vote)>);

impl Records {
    /// Reads the record of the node in `folder`, which does not run.
    pub(crate) fn read(&mut self, folder: &Path) -> Result<()> {
        let (_, record) = GuardFile::open(&std::fs::read(folder.join("data/guard"))?)?;
        let key = public(&consensus_secret(folder)?)?;
        ensure!(*record.consensus_key() == key, "the record is of {}, not {key}", record.consensus_key());
        self.0.extend(record.votes().map(|(vote, _)| (key, vote)));
        Ok(())
    }
}

/// All signatures of a network.
pub(crate) struct Signatures {
    domain: SigningDomain,
    heard: BTreeSet<SignedVote>,
    found: BTreeSet<SignedVote>,
}

impl Signatures {
    /// Adds those in the certificates that the node in `folder` keeps. It does not run.
    pub(crate) fn read_store(&mut self, folder: &Path) -> Result<()> {
        let store = SledStore::open(&folder.join("data/store"))?;
        let certificates = store.certificates_from(Round::new(Epoch(0), View::ZERO))?;
        ensure!(!certificates.is_empty(), "{} has no certificates", folder.display());
        self.found.extend(certificates.iter().flat_map(Certificate::votes));
        Ok(())
    }

    /// Checks every signature, and that no two of one validator in one round are a slashable pair; also against what
    /// the guards recorded. Returns how many votes of each place the tap heard.
    pub(crate) fn judge(&self, registry: &Registry, records: &Records) -> Result<BTreeMap<Place, usize>> {
        let mut votes: BTreeMap<(ConsensusKey, Round), BTreeSet<Vote>> = BTreeMap::new();
        for signed in self.heard.union(&self.found) {
            let set = registry.set(signed.vote.round.epoch)?;
            let signer = set.get(signed.signer).wrap_err_with(|| format!("{signed:?} is by nobody"))?;
            signed.verify(&self.domain, &set, &Strict).map_err(|error| eyre!("{signed:?} was sent: {error}"))?;
            votes.entry((signer.consensus_key, signed.vote.round)).or_default().insert(signed.vote);
        }
        for (key, vote) in &records.0 {
            votes.entry((*key, vote.round)).or_default().insert(*vote);
        }
        ensure!(!votes.is_empty(), "no signature was heard");
        for ((key, round), votes) in &votes {
            check_pairs(votes).map_err(|error| eyre!("{key} in round {round}: {error}"))?;
        }
        let mut heard: BTreeMap<Place, usize> = BTreeMap::new();
        self.heard.iter().for_each(|signed| *heard.entry(signed.signer).or_default() += 1);
        Ok(heard)
    }
}

/// The rule of rota-staking, and the same counted by hand: at most one notarize and one finalize vote, and no
/// finalize vote beside a nullify vote.
fn check_pairs(votes: &BTreeSet<Vote>) -> Result<()> {
    for first in votes {
        for second in votes.range((std::ops::Bound::Excluded(first), std::ops::Bound::Unbounded)) {
            ensure!(Offence::of(first, second).is_none(), "{first} and {second} are a slashable pair");
        }
    }
    let count = |kind: VoteKind| votes.iter().filter(|vote| vote.kind == kind).count();
    let [notarize, nullify, finalize] = [VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize].map(count);
    let fine = notarize <= 1 && finalize <= 1 && (finalize == 0 || nullify == 0);
    ensure!(fine, "{notarize} notarize, {nullify} nullify and {finalize} finalize votes");
    Ok(())
}
