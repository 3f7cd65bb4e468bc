//! Keys of the simulated validators, and the verdict on their signatures.

use std::{collections::BTreeMap, sync::OnceLock};

use alloy_primitives::{Address, B256};
use ed25519_dalek::{Signer, SigningKey};
use rota_proto::{ConsensusKey, Signature, SigningDomain, Strict, Verifier, Vote};

use super::story::NodeId;

/// Keys there are: more nodes no scenario has.
pub const KEYS_MAX: usize = 128;

/// Chain ids and contract of the simulated network.
const L1_CHAIN_ID: u64 = 31_337;
const ROLLUP_CHAIN_ID: u64 = 7_682;
const STAKING_CONTRACT: Address = Address::repeat_byte(0x52);

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

/// The keys of all nodes.
#[derive(Debug)]
pub struct Keys {
    domain: SigningDomain,
    crypto: Crypto,
    pairs: &'static [(SigningKey, ConsensusKey)],
    /// Signer and digest of signature `i`.
    signed: Vec<(ConsensusKey, B256)>,
    numbers: BTreeMap<(NodeId, B256), usize>,
}

impl Keys {
    /// The keys of `nodes` nodes.
    #[must_use]
    pub fn new(nodes: usize, crypto: Crypto) -> Self {
        let pairs = pairs().get(..nodes).unwrap_or_else(|| unreachable!("no scenario has more than {KEYS_MAX} nodes"));
        let domain = SigningDomain::new(L1_CHAIN_ID, STAKING_CONTRACT, ROLLUP_CHAIN_ID);
        Self { domain, crypto, pairs, signed: Vec::new(), numbers: BTreeMap::new() }
    }

    /// What signatures are bound to.
    #[must_use]
    pub const fn domain(&self) -> &SigningDomain {
        &self.domain
    }

    /// The key of a node.
    #[must_use]
    pub fn public(&self, node: NodeId) -> ConsensusKey {
        public_key(node)
    }

    /// The node with this key.
    #[must_use]
    pub fn node_of(&self, key: &[u8; 32]) -> Option<NodeId> {
        self.pairs.iter().position(|(_, public)| public.to_bytes() == *key)
    }

    /// Signs as the node; the same vote gets the same signature.
    pub fn sign(&mut self, node: NodeId, vote: &Vote) -> Signature {
        let digest = self.domain.vote(vote);
        match self.crypto {
            Crypto::Ed25519 => Signature(pair(node).0.sign(digest.as_slice()).to_bytes()),
            Crypto::Table => {
                let next = self.signed.len();
                let number = *self.numbers.entry((node, digest)).or_insert(next);
                if number == next {
                    self.signed.push((public_key(node), digest));
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

/// The public key of a node.
#[must_use]
pub fn public_key(node: NodeId) -> ConsensusKey {
    pair(node).1
}

fn table_signature(number: usize) -> Signature {
    let mut bytes = [TABLE_SIGNATURE_FILL; 64];
    bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Signature(bytes)
}

fn pair(node: NodeId) -> &'static (SigningKey, ConsensusKey) {
    pairs().get(node).unwrap_or_else(|| unreachable!("no scenario has more than {KEYS_MAX} nodes"))
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
