//! Attestations of one period, as they come, until they are a quorum's (rules W4, W5).

use std::{
    collections::{BTreeMap, btree_map::Entry},
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
    /// It is of another period or epoch than what is collected, so that nobody can tell yet; or of a member that is
    /// guilty already.
    Elsewhere,
    /// A member signed something else of the same: one of us is wrong.
    Contradicts(B256),
    /// A member signed two things of the same, which [`Quorum::contradiction_of`] tells; nothing more of it is heard.
    Guilty,
    /// The signature does not stand, or nobody has that place.
    Fault,
}

/// What a member signed, and a second thing if it contradicts itself.
#[derive(Clone, Copy, Debug)]
struct Words {
    first: (B256, AttestationSignature),
    second: Option<(B256, AttestationSignature)>,
}

impl Words {
    /// Its signature of this content.
    fn of(&self, content: B256) -> Option<AttestationSignature> {
        let all = std::iter::once(self.first).chain(self.second);
        all.filter(|(said, _)| *said == content).map(|(_, signature)| signature).next()
    }
}

/// Collects.
#[derive(Clone, Debug)]
pub struct Quorum {
    attestation: Attestation,
    domain: SigningDomain,
    set: Arc<ValidatorSet>,
    keys: BTreeMap<Place, AttestationKey>,
    words: BTreeMap<Place, Words>,
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
        Self { attestation, domain, set, keys, words: BTreeMap::new() }
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
        let content = attestation.content;
        if let Some(words) = self.words.get(signer) {
            // Of one key there is one signature of one thing: another one stands no more than any other.
            if let Some(known) = words.of(content) {
                return if known == *signature { Heard::Known } else { Heard::Fault };
            }
            if words.second.is_some() {
                return Heard::Elsewhere;
            }
        }
        let key = self.keys.get(signer).filter(|_| self.set.get(*signer).is_some());
        if !key.is_some_and(|key| key.attests(&self.domain.attestation(attestation), signature)) {
            return Heard::Fault;
        }
        match self.words.entry(*signer) {
            Entry::Vacant(nothing) => {
                nothing.insert(Words { first: (content, *signature), second: None });
                if content == self.attestation.content { Heard::New } else { Heard::Contradicts(content) }
            }
            Entry::Occupied(mut words) => {
                words.get_mut().second = Some((content, *signature));
                Heard::Guilty
            }
        }
    }

    /// The two things that a member signed, as evidence has them: the lower content first.
    #[must_use]
    pub fn contradiction_of(&self, signer: Place) -> Option<[SignedAttestation; 2]> {
        let Words { first, second } = self.words.get(&signer)?;
        let mut pair = [*first, (*second)?];
        pair.sort_by_key(|(content, _)| *content);
        Some(pair.map(|(content, signature)| {
            let attestation = Attestation { content, ..self.attestation };
            SignedAttestation { attestation, signer, signature }
        }))
    }

    /// The signatures of what is collected.
    fn signatures(&self) -> impl Iterator<Item = (Place, AttestationSignature)> {
        self.words.iter().filter_map(|(place, words)| Some((*place, words.of(self.attestation.content)?)))
    }

    /// Who said what is collected.
    #[must_use]
    pub fn signers(&self) -> Signers {
        self.signatures().map(|(place, _)| place).collect()
    }

    /// The word, once more than two thirds of the power say it.
    #[must_use]
    pub fn word(&self) -> Option<QuorumWord> {
        let signers = self.signers();
        if !self.set.is_quorum(self.set.power_of(signers)) {
            return None;
        }
        let signatures: Vec<_> = self.signatures().map(|(_, signature)| signature).collect();
        let signature = AttestationSignature::sum(&signatures)?;
        Some(QuorumWord { attestation: self.attestation, signers, signature })
    }
}

#[cfg(test)]
#[path = "tests/quorum.rs"]
mod tests;
