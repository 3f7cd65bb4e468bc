//! Peer records: a consensus key vouches for the node key that speaks for it.

use alloy_primitives::B256;
use libp2p::{PeerId, identity};
use rota_proto::{ConsensusKey, Signature, SigningDomain, Strict, Verifier as _};

/// Says that a validator speaks through the node that shows it (rule N5). The node key is the one of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerRecord {
    /// The consensus key that vouches.
    pub consensus_key: ConsensusKey,
    /// Rises with each record of this key (milliseconds since 1970 when it was signed, say); the highest is believed.
    pub sequence: u64,
    /// The consensus key's signature over [`digest`](Self::digest).
    pub signature: Signature,
}

impl PeerRecord {
    /// Bytes of a record in a handshake: key 32, sequence 8 big-endian, signature 64.
    pub(crate) const BYTES: usize = 32 + 8 + 64;

    /// What the consensus key signs for the node of this identity.
    #[must_use]
    pub fn digest(
        domain: &SigningDomain,
        consensus_key: &ConsensusKey,
        node: &identity::ed25519::PublicKey,
        sequence: u64,
    ) -> B256 {
        domain.peer_record(consensus_key.to_bytes(), node.to_bytes(), sequence)
    }

    /// Whether the record was signed for the node key of `peer`.
    #[must_use]
    pub fn stands_for(&self, domain: &SigningDomain, peer: &PeerId) -> bool {
        node_key_of(peer).is_some_and(|node| {
            let digest = Self::digest(domain, &self.consensus_key, &node, self.sequence);
            Strict.verifies(&self.consensus_key, &digest, &self.signature)
        })
    }

    pub(crate) fn encode(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (key, rest) = bytes.split_at_mut(32);
        let (sequence, signature) = rest.split_at_mut(8);
        key.copy_from_slice(&self.consensus_key.to_bytes());
        sequence.copy_from_slice(&self.sequence.to_be_bytes());
        signature.copy_from_slice(&self.signature.0);
        bytes
    }

    /// `None` if the key is no consensus key.
    pub(crate) fn decode(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk::<32>()?;
        let (sequence, rest) = rest.split_first_chunk::<8>()?;
        let (signature, _) = rest.split_first_chunk::<64>()?;
        Some(Self {
            consensus_key: ConsensusKey::from_bytes(key).ok()?,
            sequence: u64::from_be_bytes(*sequence),
            signature: Signature(*signature),
        })
    }
}

/// The ed25519 key inside a peer id; other kinds of keys name no node of ours.
fn node_key_of(peer: &PeerId) -> Option<identity::ed25519::PublicKey> {
    identity::PublicKey::try_decode_protobuf(peer.as_ref().digest()).ok()?.try_into_ed25519().ok()
}
