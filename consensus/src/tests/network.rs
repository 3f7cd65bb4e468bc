//! A network as one core sees it: validators with given stakes, what they sign, the batches they sign for.
//!
//! Signatures are hashes that [`Table`] recomputes, so that tests of rules need no elliptic curve; `Verified` values
//! still come out of `verify` alone.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B256, keccak256};
use ed25519_dalek::SigningKey;
use rota_proto::{
    BatchHeader, Certificate, ConsensusKey, Epoch, EpochSchedule, ExtraData, Justification, Place, Proposal, Round,
    Signature, SignedVote, Signers, SigningDomain, Validator, ValidatorSet, Verified, Verifier, View, Vote,
    VotingPower,
};

use crate::{EpochContext, Input, LeaderSchedule};

/// The epoch of most tests. Its L1 blocks are 700 to 799.
pub(super) const EPOCH: Epoch = Epoch(7);
/// The stakes of most tests: without place 0 there is no quorum, without place 1 there is.
pub(super) const STAKES: [u64; 4] = [40, 30, 20, 10];
/// Blocks in an epoch.
const EPOCH_LENGTH: u64 = 100;

/// Everything that nodes of one epoch have in common.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) domain: SigningDomain,
    pub(super) set: Arc<ValidatorSet>,
    pub(super) leaders: LeaderSchedule,
    /// The batch the epoch opens on.
    pub(super) opening: BatchHeader,
    /// What the batches are called in expected outputs.
    names: RefCell<BTreeMap<B256, String>>,
}

/// A signature stands if it is the hash that [`seal`] makes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table;

impl Verifier for Table {
    fn verifies(&self, key: &ConsensusKey, digest: &B256, signature: &Signature) -> bool {
        seal(key, digest) == *signature
    }
}

fn seal(key: &ConsensusKey, digest: &B256) -> Signature {
    let half = |salt: u8| keccak256([&key.to_bytes()[..], digest.as_slice(), &[salt]].concat());
    let mut bytes = [0; 64];
    bytes[..32].copy_from_slice(half(0).as_slice());
    bytes[32..].copy_from_slice(half(1).as_slice());
    Signature(bytes)
}

pub(super) fn place(number: u8) -> Place {
    Place::new(number).unwrap()
}

pub(super) fn places(numbers: &[u8]) -> Signers {
    numbers.iter().map(|number| place(*number)).collect()
}

pub(super) fn round(view: u64) -> Round {
    Round::new(EPOCH, View(view))
}

pub(super) fn schedule() -> EpochSchedule {
    EpochSchedule::new(0, EPOCH_LENGTH).unwrap()
}

/// The key of the validator in a place, the same in every epoch.
pub(super) fn key(place: u8) -> ConsensusKey {
    let secret = SigningKey::from_bytes(&[place + 1; 32]);
    ConsensusKey::from_bytes(secret.verifying_key().as_bytes()).unwrap()
}

/// The set of an epoch with these powers in the places from 0 on.
pub(super) fn set(epoch: Epoch, powers: &[u64]) -> Arc<ValidatorSet> {
    let validator = |(power, number): (&u64, u8)| {
        let operator = Address::repeat_byte(number);
        let power = VotingPower(*power);
        (place(number), Validator { operator, consensus_key: key(number), power, fee_recipient: operator })
    };
    Arc::new(ValidatorSet::new(epoch, powers.iter().zip(0u8..).map(validator).collect()).unwrap())
}

impl Network {
    /// Validators with these stakes lead in turn: view 1 the first, view 2 the second.
    pub(super) fn new(powers: &[u64]) -> Rc<Self> {
        let leaders = (0..).take(powers.len()).map(place).collect();
        Self::led_by(powers, LeaderSchedule::Chosen(leaders))
    }

    pub(super) fn led_by(powers: &[u64], leaders: LeaderSchedule) -> Rc<Self> {
        let extra = ExtraData { epoch: Epoch(6), origin_number: 700, parent_view: View(9), ..ExtraData::default() };
        let opening = header(B256::ZERO, 10, extra, "G");
        let names = RefCell::new([(opening.hash(), "G".to_owned())].into());
        let domain = SigningDomain::new(31_337, Address::repeat_byte(0x5a), 7_682);
        Rc::new(Self { domain, set: set(EPOCH, powers), leaders, opening, names })
    }

    /// The epoch that follows, opened by `opening`.
    pub(super) fn next(&self, epoch: Epoch, powers: &[u64], opening: &BatchHeader) -> Rc<Self> {
        let leaders = LeaderSchedule::Chosen((0..).take(powers.len()).map(place).collect());
        let (domain, names) = (self.domain.clone(), self.names.clone());
        Rc::new(Self { domain, set: set(epoch, powers), leaders, opening: opening.clone(), names })
    }

    pub(super) fn context(&self) -> EpochContext {
        EpochContext { set: Arc::clone(&self.set), leaders: self.leaders.clone() }
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.set.epoch()
    }

    pub(super) fn round(&self, view: u64) -> Round {
        Round::new(self.epoch(), View(view))
    }

    /// What the batch is called.
    pub(super) fn name(&self, batch: B256) -> String {
        self.names.borrow().get(&batch).cloned().unwrap_or_else(|| batch.to_string())
    }

    /// A batch on a parent, notarized in `view` (0: it opens the epoch) by `signers`.
    pub(super) fn batch(&self, name: &str, parent: &BatchHeader, view: u64, signers: &[u8]) -> BatchHeader {
        self.draft(name, parent, view, signers, |_, _| {})
    }

    /// A batch whose L1 origin lies in the epoch after.
    pub(super) fn closing(&self, name: &str, parent: &BatchHeader, view: u64, signers: &[u8]) -> BatchHeader {
        self.draft(name, parent, view, signers, |extra, _| extra.origin_number = self.epoch().next().0 * EPOCH_LENGTH)
    }

    /// A batch with something about it changed.
    #[expect(clippy::too_many_arguments, reason = "a builder of headers for tests")]
    pub(super) fn draft(
        &self,
        name: &str,
        parent: &BatchHeader,
        view: u64,
        signers: &[u8],
        change: impl FnOnce(&mut ExtraData, &mut u64),
    ) -> BatchHeader {
        let mut extra = ExtraData {
            epoch: self.epoch(),
            origin_number: self.epoch().0 * EPOCH_LENGTH + 10,
            parent_view: View(view),
            parent_signers: places(signers),
        };
        let mut height = parent.height().0 + 1;
        change(&mut extra, &mut height);
        let batch = header(parent.hash(), height, extra, name);
        self.names.borrow_mut().insert(batch.hash(), name.to_owned());
        batch
    }

    /// A vote as it comes over the wire.
    pub(super) fn signed(&self, vote: Vote, number: u8) -> SignedVote {
        let member = self.set.get(place(number)).map(|member| member.consensus_key);
        let key = member.unwrap_or_else(|| key(number));
        SignedVote { vote, signer: place(number), signature: seal(&key, &self.domain.vote(&vote)) }
    }

    pub(super) fn verified(&self, vote: Vote, number: u8) -> Verified<SignedVote> {
        self.signed(vote, number).verify(&self.domain, &self.set, &Table).unwrap()
    }

    pub(super) fn notarize(&self, view: u64, batch: &BatchHeader, number: u8) -> Input {
        Input::Vote(self.verified(Vote::notarize(self.round(view), batch.hash()), number))
    }

    pub(super) fn nullify(&self, view: u64, number: u8) -> Input {
        Input::Vote(self.verified(Vote::nullify(self.round(view)), number))
    }

    pub(super) fn finalize(&self, view: u64, batch: &BatchHeader, number: u8) -> Input {
        Input::Vote(self.verified(Vote::finalize(self.round(view), batch.hash()), number))
    }

    pub(super) fn certificate(&self, vote: Vote, numbers: &[u8]) -> Verified<Certificate> {
        let signers = places(numbers);
        let signatures = signers.iter().map(|place| self.signed(vote, place.number()).signature).collect();
        Certificate { vote, signers, signatures }.verify(&self.domain, &self.set, &Table).unwrap()
    }

    /// The notarization of a batch by these places.
    pub(super) fn notarization(&self, view: u64, batch: &BatchHeader, numbers: &[u8]) -> Verified<Certificate> {
        self.certificate(Vote::notarize(self.round(view), batch.hash()), numbers)
    }

    /// The nullification of a view by the first who are a quorum.
    pub(super) fn nullification(&self, view: u64) -> Verified<Certificate> {
        self.certificate(Vote::nullify(self.round(view)), &self.quorum())
    }

    /// The finalization of a batch by the first who are a quorum.
    pub(super) fn finalization(&self, view: u64, batch: &BatchHeader) -> Verified<Certificate> {
        self.certificate(Vote::finalize(self.round(view), batch.hash()), &self.quorum())
    }

    /// The first places that hold a quorum: of [`STAKES`] 0 and 1, of four equal ones 0 to 2.
    pub(super) fn quorum(&self) -> Vec<u8> {
        let first = |count: u8| (0..count).collect::<Vec<u8>>();
        let holds = |numbers: &Vec<u8>| self.set.is_quorum(self.set.power_of(places(numbers)));
        (1..=Place::COUNT).map(first).find(holds).unwrap()
    }

    /// A justification: the notarization of the parent, and nullifications of these views.
    pub(super) fn because(&self, parent: Option<&Verified<Certificate>>, nullified: &[u64]) -> Justification {
        Justification {
            parent: parent.map(|parent| (**parent).clone()),
            nullifications: nullified.iter().map(|view| self.nullification(*view).into_inner()).collect(),
        }
    }

    /// A proposal by the leader of its view.
    pub(super) fn propose(&self, view: u64, batch: &BatchHeader, why: Justification) -> Input {
        let leader = self.leaders.leader(&self.set, View(view));
        Input::Proposal(Box::new(self.proposal(view, batch, why, leader.number())))
    }

    pub(super) fn proposal(
        &self,
        view: u64,
        batch: &BatchHeader,
        why: Justification,
        number: u8,
    ) -> Verified<Proposal> {
        let vote = self.signed(Vote::notarize(self.round(view), batch.hash()), number);
        let proposal = Proposal { vote, header: batch.clone(), justification: why };
        proposal.verify(&self.domain, &self.set, &Table).unwrap()
    }
}

fn header(parent_hash: B256, number: u64, extra: ExtraData, name: &str) -> BatchHeader {
    let header = Header {
        parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        state_root: keccak256(name),
        number,
        gas_limit: 30_000_000,
        extra_data: extra.encode(),
        base_fee_per_gas: Some(7),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::ZERO),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    };
    BatchHeader::new(header).unwrap()
}
