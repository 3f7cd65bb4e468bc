//! Accountability: whom the certificates between two conflicting finalizations convict (rule S9).

use std::collections::BTreeMap;

use rota_proto::{Certificate, Place, SignedVote, Signers, SigningDomain, ValidatorSet, Verifier, VotePair};

use crate::{Evidence, Offence};

/// What the certificates of an epoch prove against its validators, collected round by round: certificates of other
/// rounds prove nothing together, so that an epoch of any length needs the memory of one round.
#[derive(Debug)]
pub struct Inquest<'a, V> {
    domain: &'a SigningDomain,
    set: &'a ValidatorSet,
    verifier: &'a V,
    found: BTreeMap<Place, Evidence>,
}

impl<'a, V: Verifier> Inquest<'a, V> {
    /// One that has heard nothing; `set` is that of the epoch whose certificates it hears.
    #[must_use]
    pub const fn new(domain: &'a SigningDomain, set: &'a ValidatorSet, verifier: &'a V) -> Self {
        Self { domain, set, verifier, found: BTreeMap::new() }
    }

    /// Hears all certificates of one round, from anywhere. Only signatures under votes that conflict are looked at, and
    /// each counts by itself: a certificate that would not stand as a whole convicts by those that do.
    pub fn hear(&mut self, certificates: &[Certificate]) {
        for (index, one) in certificates.iter().enumerate() {
            for other in certificates.iter().skip(index + 1) {
                if Offence::of(&one.vote, &other.vote).is_some() {
                    self.compare(one, other);
                }
            }
        }
    }

    /// The evidence, one against each validator that is convicted, in order of place.
    #[must_use]
    pub fn found(&self) -> Vec<Evidence> {
        self.found.values().cloned().collect()
    }

    /// The power of those who are convicted, and that of the set: more than a third once enough was heard of two
    /// conflicting finalizations, while at most two thirds of the stake are faulty.
    #[must_use]
    pub fn power(&self) -> (u128, u128) {
        let convicted: Signers = self.found.keys().copied().collect();
        (self.set.power_of(convicted), self.set.total_power())
    }

    /// Whether those who are convicted hold more than a third of the power.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let (convicted, total) = self.power();
        3 * convicted > total
    }

    fn compare(&mut self, one: &Certificate, other: &Certificate) {
        let others: BTreeMap<Place, SignedVote> = other.votes().map(|signed| (signed.signer, signed)).collect();
        for signed in one.votes().filter(|signed| !self.found.contains_key(&signed.signer)).collect::<Vec<_>>() {
            let pair = others.get(&signed.signer).and_then(|second| VotePair::new(signed, *second));
            let evidence = pair.and_then(|pair| Evidence::of_pair(&pair, self.domain, self.set, self.verifier).ok());
            if let Some(evidence) = evidence {
                self.found.insert(signed.signer, evidence);
            }
        }
    }
}
