//! Keys of the simulated validators, and the verdict on their signatures.

use std::{collections::BTreeMap, sync::OnceLock};

use alloy_primitives::{Address, B256};
use ed25519_dalek::{Signer, SigningKey};
use rota_proto::{ConsensusKey, Place, Signature, SigningDomain, Strict, ValidatorSet, Verifier, Vote};

use super::{genesis::ROLLUP_CHAIN_ID, story::NodeId};

/// Keys there are: more validators no scenario has.
pub const KEYS_MAX: usize = 128;

/// Chain id and contract of the simulated L1.
const L1_CHAIN_ID: u64 = 31_337;
const STAKING_CONTRACT: Address = Address::repeat_byte(0x52);

/// Digests that are remembered; those of the oldest rounds are forgotten first.
const DIGESTS_MAX: usize = 64;

/// What a signature of the table begins with after its number; anything else was never signed.
const TABLE_SIGNATURE_FILL: u8 = 0x5a;

/// How signatures are made and judged (rule D4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crypto {
    /// By a table of what was really signed: a signature is its number in the table.
    Table,
    /// By ed25519, strictly.
    Ed25519,
}

/// The keys of all nodes. A node has the key of its seat; twins are nodes of one seat.
#[derive(Debug)]
pub struct Keys {
    domain: SigningDomain,
    crypto: Crypto,
    /// The seat of each node.
    seats: Vec<usize>,
    nodes: BTreeMap<ConsensusKey, Vec<NodeId>>,
    /// Signer and digest of signature `i`.
    signed: Vec<(ConsensusKey, B256)>,
    numbers: BTreeMap<(ConsensusKey, B256), usize>,
    /// Digests of the last votes: all sign the same.
    digests: BTreeMap<Vote, B256>,
}

impl Keys {
    /// The keys of nodes with these seats.
    #[must_use]
    pub fn new(seats: Vec<usize>, crypto: Crypto) -> Self {
        let domain = SigningDomain::new(L1_CHAIN_ID, STAKING_CONTRACT, ROLLUP_CHAIN_ID);
        let mut nodes = BTreeMap::<ConsensusKey, Vec<NodeId>>::new();
        for (node, seat) in seats.iter().enumerate() {
            nodes.entry(public_key(*seat)).or_default().push(node);
        }
        Self { domain, crypto, seats, nodes, signed: Vec::new(), numbers: BTreeMap::new(), digests: BTreeMap::new() }
    }

    /// What signatures are bound to.
    #[must_use]
    pub const fn domain(&self) -> &SigningDomain {
        &self.domain
    }

    /// The seat of a node.
    #[must_use]
    pub fn seat(&self, node: NodeId) -> usize {
        self.seats.get(node).copied().unwrap_or_else(|| unreachable!("every node has a seat"))
    }

    /// The key of a node.
    #[must_use]
    pub fn public(&self, node: NodeId) -> ConsensusKey {
        public_key(self.seat(node))
    }

    /// The nodes with this key: one, unless it has a twin; none if it is nobody's.
    #[must_use]
    pub fn nodes_of(&self, key: &ConsensusKey) -> Vec<NodeId> {
        self.nodes.get(key).cloned().unwrap_or_default()
    }

    /// The seat whose key has this place in a set.
    #[must_use]
    pub fn seat_at(&self, set: &ValidatorSet, place: Place) -> Option<usize> {
        self.nodes_of(&set.get(place)?.consensus_key).first().copied()
    }

    /// Signs as the node; the same vote gets the same signature.
    pub fn sign(&mut self, node: NodeId, vote: &Vote) -> Signature {
        let digest = *self.digests.entry(*vote).or_insert_with(|| self.domain.vote(vote));
        if self.digests.len() > DIGESTS_MAX {
            self.digests.pop_first();
        }
        let (secret, public) = pair(self.seat(node));
        match self.crypto {
            Crypto::Ed25519 => Signature(secret.sign(digest.as_slice()).to_bytes()),
            Crypto::Table => {
                let next = self.signed.len();
                let number = *self.numbers.entry((*public, digest)).or_insert(next);
                if number == next {
                    self.signed.push((*public, digest));
                }
                table_signature(number)
            }
        }
    }
}

impl Verifier for Keys {
    fn verifies(&self, key: &ConsensusKey, digest: &B256, signature: &Signature) -> bool {
        match self.crypto {
            Crypto::Ed25519 => Strict.verifies(key, digest, signature),
            Crypto::Table => {
                let number = signature.0.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
                let number = usize::try_from(number).unwrap_or(usize::MAX);
                let known = self.signed.get(number);
                *signature == table_signature(number) && known.is_some_and(|(signer, of)| signer == key && of == digest)
            }
        }
    }
}

/// Says yes to every signature: what a planted bug believes.
#[derive(Clone, Copy, Debug)]
pub struct Gullible;

impl Verifier for Gullible {
    fn verifies(&self, _: &ConsensusKey, _: &B256, _: &Signature) -> bool {
        true
    }
}

/// The public key of a seat.
#[must_use]
pub fn public_key(seat: usize) -> ConsensusKey {
    pair(seat).1
}

/// The secret key of a seat, for those who sign as no rule does.
#[must_use]
pub fn secret_key(seat: usize) -> &'static SigningKey {
    &pair(seat).0
}

fn table_signature(number: usize) -> Signature {
    let mut bytes = [TABLE_SIGNATURE_FILL; 64];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Signature(bytes)
}

fn pair(seat: usize) -> &'static (SigningKey, ConsensusKey) {
    pairs().get(seat).unwrap_or_else(|| unreachable!("no scenario has more than {KEYS_MAX} validators"))
}

/// Made once a process: checking a key is dear.
fn pairs() -> &'static [(SigningKey, ConsensusKey)] {
    static PAIRS: OnceLock<Vec<(SigningKey, ConsensusKey)>> = OnceLock::new();
    PAIRS.get_or_init(|| {
        let secret = |number: u8| SigningKey::from_bytes(&[number; 32]);
        let public = |key: &SigningKey| {
            ConsensusKey::from_bytes(&key.verifying_key().to_bytes()).expect("every secret key has a sound public key")
        };
        (1..=128u8).map(secret).map(|secret| (secret.clone(), public(&secret))).collect()
    })
}
