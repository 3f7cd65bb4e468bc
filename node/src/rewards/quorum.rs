//! Attestations of one period, as they come, until they are a quorum's (rules W4, W5).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use alloy_primitives::B256;
use rota_proto::{
    Attestation, AttestationKey, AttestationSignature, Epoch, Place, SignedAttestation, Signers, SigningDomain,
    ValidatorSet,
};

/// A quorum's word on a period, as L1 takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuorumWord {
    /// What is said.
    pub attestation: Attestation,
    /// Who says so, by their places in the set of the attesting epoch.
    pub signers: Signers,
    /// The sum of their signatures.
    pub signature: AttestationSignature,
}

/// What an attestation was good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is new, and stands.
    New,
    /// It was known.
    Known,
    /// It is of another period or epoch than what is collected: nobody can tell yet.
    Elsewhere,
    /// A member signed something else of the same: one of us is wrong. Each member is heard to do so once.
    Contradicts(B256),
    /// The signature does not stand, or nobody has that place.
    Fault,
}

/// Collects.
#[derive(Clone, Debug)]
pub struct Quorum {
    attestation: Attestation,
    domain: SigningDomain,
    set: Arc<ValidatorSet>,
    keys: BTreeMap<Place, AttestationKey>,
    signatures: BTreeMap<Place, AttestationSignature>,
    contradictors: BTreeSet<Place>,
}

impl Quorum {
    /// Of this attestation, by members of this set, the set of its epoch, with these keys as L1 has them.
    #[must_use]
    pub fn new(
        domain: SigningDomain,
        attestation: Attestation,
        set: Arc<ValidatorSet>,
        keys: BTreeMap<Place, AttestationKey>,
    ) -> Self {
        let (signatures, contradictors) = (BTreeMap::new(), BTreeSet::new());
        Self { attestation, domain, set, keys, signatures, contradictors }
    }

    /// What is collected.
    #[must_use]
    pub const fn attestation(&self) -> &Attestation {
        &self.attestation
    }

    /// The epoch whose members are heard.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.attestation.attesting_epoch
    }

    /// The members.
    #[must_use]
    pub const fn set(&self) -> &Arc<ValidatorSet> {
        &self.set
    }

    /// Takes one in. Only what is new, and of what is collected, is verified: a millisecond.
    pub fn hear(&mut self, signed: &SignedAttestation) -> Heard {
        let SignedAttestation { attestation, signer, signature } = signed;
        let same_thing = attestation.kind == self.attestation.kind && attestation.index == self.attestation.index;
        if !same_thing || attestation.attesting_epoch != self.epoch() {
            return Heard::Elsewhere;
        }
        let agrees = attestation.content == self.attestation.content;
        let known = if agrees { self.signatures.contains_key(signer) } else { self.contradictors.contains(signer) };
        if known {
            return Heard::Known;
        }
        let key = self.keys.get(signer).filter(|_| self.set.get(*signer).is_some());
        if !key.is_some_and(|key| key.attests(&self.domain.attestation(attestation), signature)) {
            return Heard::Fault;
        }
        if agrees {
            self.signatures.insert(*signer, *signature);
            Heard::New
        } else {
            self.contradictors.insert(*signer);
            Heard::Contradicts(attestation.content)
        }
    }

    /// Who was heard.
    #[must_use]
    pub fn signers(&self) -> Signers {
        self.signatures.keys().copied().collect()
    }

    /// The word, once more than two thirds of the power say it.
    #[must_use]
    pub fn word(&self) -> Option<QuorumWord> {
        let signers = self.signers();
        if !self.set.is_quorum(self.set.power_of(signers)) {
            return None;
        }
        let signatures: Vec<_> = self.signatures.values().copied().collect();
        let signature = AttestationSignature::sum(&signatures)?;
        Some(QuorumWord { attestation: self.attestation, signers, signature })
    }
}

#[cfg(test)]
#[path = "tests/quorum.rs"]
mod tests;
