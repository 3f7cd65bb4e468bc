//! Sign bytes: the 32-byte EIP-712 digests that keys of Rota sign.

use std::sync::LazyLock;

use alloy_primitives::{Address, B256, U256, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct, sol};

use crate::{Attestation, AttestationKey, ConsensusKey, Vote, VoteKind};

mod typed {
    #![allow(missing_docs, reason = "generated from the structs below, whose fields EIP-712 names")]
    use super::sol;

    sol! {
        /// What a validator signs for consensus.
        struct Vote {
            uint64 rollupChainId;
            uint64 epoch;
            uint64 view;
            uint8 kind;
            bytes32 batch;
        }

        /// What a consensus key signs to vouch for the libp2p identity of its node.
        struct PeerRecord {
            uint64 rollupChainId;
            bytes32 consensusKey;
            bytes32 nodeKey;
            uint64 sequence;
        }

        /// What both keys of a validator sign to prove that its operator holds them.
        struct KeyRegistration {
            uint64 rollupChainId;
            address operator;
            bytes32 consensusKey;
            bytes attestationKey;
            uint256 nonce;
        }

        /// What an attestation key signs to tell L1 a fact.
        struct Attestation {
            uint64 rollupChainId;
            uint64 attestingEpoch;
            uint8 kind;
            uint64 index;
            bytes32 content;
        }
    }
}

/// The type hash of a vote: to spell its type costs more than all else of a digest, and every vote has one.
static VOTE_TYPE: LazyLock<B256> = LazyLock::new(|| keccak256(typed::Vote::eip712_encode_type().as_bytes()));
static PEER_RECORD_TYPE: LazyLock<B256> =
    LazyLock::new(|| keccak256(typed::PeerRecord::eip712_encode_type().as_bytes()));
static KEY_REGISTRATION_TYPE: LazyLock<B256> =
    LazyLock::new(|| keccak256(typed::KeyRegistration::eip712_encode_type().as_bytes()));
static ATTESTATION_TYPE: LazyLock<B256> =
    LazyLock::new(|| keccak256(typed::Attestation::eip712_encode_type().as_bytes()));

/// What every signature of a network is bound to: two networks that differ in any of these share no digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningDomain {
    rollup_chain_id: u64,
    separator: B256,
}

impl SigningDomain {
    /// The EIP-712 domain (name "Rota", version "1", chain id of L1, address of the contract that holds the
    /// stakes, `StakeManager`), together with the rollup's chain id, which every struct carries.
    #[must_use]
    pub fn new(l1_chain_id: u64, stake_manager: Address, rollup_chain_id: u64) -> Self {
        let domain = Eip712Domain::new(
            Some("Rota".into()),
            Some("1".into()),
            Some(U256::from(l1_chain_id)),
            Some(stake_manager),
            None,
        );
        Self { rollup_chain_id, separator: domain.separator() }
    }

    /// The chain id of the rollup.
    #[must_use]
    pub const fn rollup_chain_id(&self) -> u64 {
        self.rollup_chain_id
    }

    /// The digest of a vote (rule D1):
    /// `Vote(uint64 rollupChainId, uint64 epoch, uint64 view, uint8 kind, bytes32 batch)`.
    #[must_use]
    pub fn vote(&self, vote: &Vote) -> B256 {
        let message = typed::Vote {
            rollupChainId: self.rollup_chain_id,
            epoch: vote.round.epoch.0,
            view: vote.round.view.0,
            kind: vote.kind.code(),
            batch: vote.batch,
        };
        self.digest(*VOTE_TYPE, &message)
    }

    /// The digest by which a consensus key vouches for a node key (rule D2):
    /// `PeerRecord(uint64 rollupChainId, bytes32 consensusKey, bytes32 nodeKey, uint64 sequence)`.
    #[must_use]
    pub fn peer_record(&self, consensus_key: [u8; 32], node_key: [u8; 32], sequence: u64) -> B256 {
        let message = typed::PeerRecord {
            rollupChainId: self.rollup_chain_id,
            consensusKey: consensus_key.into(),
            nodeKey: node_key.into(),
            sequence,
        };
        self.digest(*PEER_RECORD_TYPE, &message)
    }

    /// The digest by which both keys of a validator prove that its operator holds them (rule D3):
    /// `KeyRegistration(uint64 rollupChainId, address operator, bytes32 consensusKey, bytes attestationKey,
    /// uint256 nonce)`. The nonce counts what the operator has registered and rotated before.
    #[must_use]
    pub fn key_registration(
        &self,
        operator: Address,
        consensus_key: &ConsensusKey,
        attestation_key: &AttestationKey,
        nonce: U256,
    ) -> B256 {
        let message = typed::KeyRegistration {
            rollupChainId: self.rollup_chain_id,
            operator,
            consensusKey: consensus_key.to_bytes().into(),
            attestationKey: attestation_key.to_bytes().into(),
            nonce,
        };
        self.digest(*KEY_REGISTRATION_TYPE, &message)
    }

    /// The digest of an attestation (rule D4):
    /// `Attestation(uint64 rollupChainId, uint64 attestingEpoch, uint8 kind, uint64 index, bytes32 content)`.
    #[must_use]
    pub fn attestation(&self, attestation: &Attestation) -> B256 {
        let message = typed::Attestation {
            rollupChainId: self.rollup_chain_id,
            attestingEpoch: attestation.attesting_epoch.0,
            kind: attestation.kind,
            index: attestation.index,
            content: attestation.content,
        };
        self.digest(*ATTESTATION_TYPE, &message)
    }

    /// EIP-712: `keccak256(0x1901 || domainSeparator || keccak256(typeHash || encodeData))`.
    fn digest<S: SolStruct>(&self, type_hash: B256, message: &S) -> B256 {
        let hash = keccak256([type_hash.as_slice(), &message.eip712_encode_data()].concat());
        let mut bytes = [0u8; 66];
        bytes[..2].copy_from_slice(&[0x19, 0x01]);
        bytes[2..34].copy_from_slice(self.separator.as_slice());
        bytes[34..].copy_from_slice(hash.as_slice());
        keccak256(bytes)
    }
}

impl VoteKind {
    /// The number of the kind in sign bytes and on the wire: 1 notarize, 2 nullify, 3 finalize.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Notarize => 1,
            Self::Nullify => 2,
            Self::Finalize => 3,
        }
    }

    /// The kind of a number, or `None` for any other.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Notarize),
            2 => Some(Self::Nullify),
            3 => Some(Self::Finalize),
            _ => None,
        }
    }
}
