//! The signer: holds the consensus key and asks the guard before every signature.

mod attestation;
mod attester;
mod guard_file;
mod guard_folder;
mod hand;
mod keystore;
mod link;
mod metrics;
mod remote;
mod serve;
mod wire;

use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey};
use rota_proto::{
    ConsensusKey, KeyError, Place, Round, Signature, SignedVote, SigningDomain, Strict, ValidatorSet, Verified,
    VerifyError, Vote,
};
use rota_staking::{Refusal, SafetyRecord, Verdict};

pub use attestation::{AttestationSecret, NoAttestationSecret, Possession, ValidatorKeys};
pub use attester::{AttestError, Attester};
pub use guard_file::GuardStorageError;
pub use guard_folder::{GuardFolder, GuardImportError, Imported};
pub use hand::{Answered, Hand};
pub use keystore::{Keystore, KeystoreError, Strength};
pub use link::LinkError;
pub use metrics::Metrics;
pub use remote::Remote;
pub use serve::{ServeError, SignerServer};
pub use wire::{FrameError, PROTOCOL, SigningNetwork, WITHIN};

use guard_file::GuardStorage;

use crate::instance::{InstanceError, KeyLock, hold_key};

/// Signs votes that the guard allows. The record is durable before a signature exists.
pub struct Signer {
    key: SigningKey,
    domain: SigningDomain,
    record: SafetyRecord,
    storage: GuardStorage,
    /// Held as long as we live.
    _lock: KeyLock,
}

/// Why a vote was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The guard refuses: the vote would conflict with one that may have been signed, or lies below the floor.
    #[error("the guard refuses to sign: {0}")]
    Refused(#[from] Refusal),
    /// The record could not be made durable. The node must stop: nothing may be signed on a disk that fails.
    #[error(transparent)]
    Storage(#[from] GuardStorageError),
    /// Another process of this host signs with the key.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The key is not a consensus key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key does not hold the place it is to sign for.
    #[error("the signature would not stand: {0}")]
    NotOurs(#[from] VerifyError),
    /// The signer in another process does not answer as one should.
    #[error("the signer: {0}")]
    Remote(#[from] LinkError),
    /// The signer came back without what it had signed for us (rule Y12).
    #[error(
        "the signer's record lacks {0}, which it signed for this node: it is an old copy. Put the newest copy of the \
         signer's data/guard in its place, or start the node as it is: it then asks its peers for its own votes"
    )]
    OldRecord(Box<Vote>),
}

impl Signer {
    /// Opens the guard's record in `folder`, or begins one, and locks both it and the key against a second process on
    /// this host (rule Y7).
    ///
    /// # Errors
    /// [`SignError::Storage`] if the record is damaged, of another key or rollup, or locked; [`SignError::Instance`] if
    /// another process signs with the key, from whatever folder; [`SignError::Key`].
    pub fn open(folder: &Path, key: SigningKey, domain: SigningDomain) -> Result<Self, SignError> {
        let consensus_key = ConsensusKey::from_bytes(&key.verifying_key().to_bytes())?;
        let fresh = SafetyRecord::new(domain.rollup_chain_id(), consensus_key);
        let (storage, record) = GuardStorage::open(folder, &fresh)?;
        let lock = hold_key(consensus_key, domain.rollup_chain_id())?;
        Ok(Self { key, domain, record, storage, _lock: lock })
    }

    /// The public key.
    #[must_use]
    pub const fn consensus_key(&self) -> ConsensusKey {
        *self.record.consensus_key()
    }

    /// The guard's record.
    #[must_use]
    pub const fn record(&self) -> &SafetyRecord {
        &self.record
    }

    /// Asks the guard, makes its record durable, signs; and sees that the signature stands for whoever is at `place`.
    ///
    /// # Errors
    /// [`SignError`]; on [`SignError::Storage`] the node must stop.
    pub fn sign(&mut self, vote: Vote, place: Place, set: &ValidatorSet) -> Result<Verified<SignedVote>, SignError> {
        let signature = self.sign_vote(vote)?;
        let signed = SignedVote { vote, signer: place, signature };
        Ok(signed.verify(&self.domain, set, &Strict)?)
    }

    /// Asks the guard, makes its record durable, signs. Whose the place in the set is, is not looked at.
    ///
    /// # Errors
    /// [`SignError::Refused`], [`SignError::Storage`]; on the latter nothing may be signed any more.
    pub fn sign_vote(&mut self, vote: Vote) -> Result<Signature, SignError> {
        let signature = match self.record.check(&self.domain, &vote) {
            Verdict::Refuse(refusal) => return Err(refusal.into()),
            Verdict::Repeat(Some(signature)) => signature,
            Verdict::Repeat(None) => self.signature(&vote),
            Verdict::Sign => {
                let admitted = self.record.admit(&self.domain, &vote)?;
                self.storage.write(&admitted)?;
                self.record = admitted;
                self.signature(&vote)
            }
        };
        self.record.signed(&vote, signature);
        Ok(signature)
    }

    /// Signs that the node of a libp2p key, ed25519, speaks for the validator. It is no vote and can conflict with
    /// none.
    #[must_use]
    pub fn vouch(&self, node_key: [u8; 32], sequence: u64) -> Signature {
        let digest = self.domain.peer_record(self.consensus_key().to_bytes(), node_key, sequence);
        Signature(self.key.sign(digest.as_slice()).to_bytes())
    }

    /// Signs again what the record holds without its signature: the process may have ended between the two. Each was
    /// admitted, and gets the signature that it had or would have had (G5 of staking).
    pub fn recall(&mut self) {
        let unsigned: Vec<Vote> =
            self.record.votes().filter(|(_, signature)| signature.is_none()).map(|(vote, _)| vote).collect();
        for vote in unsigned {
            self.record.signed(&vote, self.signature(&vote));
        }
    }

    /// Refuses everything below `floor`, and all but nullify votes below `resume`; durable when it returns.
    ///
    /// # Errors
    /// [`GuardStorageError`]: the node must stop.
    pub fn hold_back(&mut self, floor: Round, resume: Round) -> Result<(), GuardStorageError> {
        self.record.hold_back(floor, resume);
        self.storage.write(&self.record)
    }

    /// Refuses everything below a round from now on.
    pub fn raise_floor(&mut self, floor: Round) {
        self.record.raise_floor(floor);
    }

    /// What signatures are bound to.
    #[must_use]
    pub const fn domain(&self) -> &SigningDomain {
        &self.domain
    }

    fn signature(&self, vote: &Vote) -> Signature {
        Signature(self.key.sign(self.domain.vote(vote).as_slice()).to_bytes())
    }
}

#[cfg(test)]
mod tests;
