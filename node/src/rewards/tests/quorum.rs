//! W4, W5: what is collected, what is refused, and when it is a quorum's.

use alloy_primitives::Address;
use rota_proto::{ConsensusKey, Validator, VotingPower};

use super::*;
use crate::signer::AttestationSecret;

const PERIOD: Attestation = Attestation { attesting_epoch: Epoch(9), kind: 1, index: 4, content: B256::repeat_byte(1) };

fn domain() -> SigningDomain {
    SigningDomain::new(31_337, Address::repeat_byte(1), 7_682)
}

fn secret(number: u8) -> AttestationSecret {
    AttestationSecret::from_bytes(&[number + 1; 32]).expect("a secret")
}

fn place(number: u8) -> Place {
    Place::new(number).expect("below 128")
}

fn signed(number: u8, attestation: Attestation) -> SignedAttestation {
    let signature = secret(number).attest(&domain().attestation(&attestation));
    SignedAttestation { attestation, signer: place(number), signature }
}

/// Four members with these powers; place 4 is free.
fn quorum(powers: [u64; 4]) -> Quorum {
    let member = |(number, power): (u8, u64)| {
        let key = ed25519_dalek::SigningKey::from_bytes(&[number + 1; 32]).verifying_key();
        let consensus_key = ConsensusKey::from_bytes(key.as_bytes()).expect("a key");
        let (operator, power) = (Address::repeat_byte(number), VotingPower(power));
        (place(number), Validator { operator, consensus_key, power, fee_recipient: Address::ZERO })
    };
    let set = ValidatorSet::new(Epoch(9), (0..4).zip(powers).map(member).collect()).expect("a set");
    let keys = (0..5).map(|number| (place(number), secret(number).public())).collect();
    Quorum::new(domain(), PERIOD, Arc::new(set), keys)
}

#[test]
fn w4_what_is_not_collected_or_does_not_stand_is_told_apart() {
    let mut quorum = quorum([10; 4]);
    let good = signed(0, PERIOD);
    let elsewhere = [
        Attestation { attesting_epoch: Epoch(8), ..PERIOD },
        Attestation { kind: 2, ..PERIOD },
        Attestation { index: 5, ..PERIOD },
    ];
    for other in elsewhere {
        assert_eq!(quorum.hear(&signed(0, other)), Heard::Elsewhere);
    }
    let other = Attestation { content: B256::repeat_byte(2), ..PERIOD };
    assert_eq!(quorum.hear(&signed(0, other)), Heard::Contradicts(other.content));
    assert_eq!(quorum.hear(&signed(0, other)), Heard::Known, "once is enough");
    let forged = SignedAttestation { signer: place(1), ..signed(0, other) };
    assert_eq!(quorum.hear(&forged), Heard::Fault, "nobody is blamed for another's words");
    assert_eq!(quorum.hear(&signed(4, PERIOD)), Heard::Fault, "nobody has that place");
    assert_eq!(quorum.hear(&SignedAttestation { signer: place(1), ..good }), Heard::Fault, "another's signature");
    assert_eq!(quorum.signers(), Signers::NONE);
    let good = signed(2, PERIOD);
    assert_eq!((quorum.hear(&good), quorum.hear(&good)), (Heard::New, Heard::Known));
    let mut bent = good;
    bent.signature.0[255] ^= 1;
    assert_eq!(quorum.hear(&bent), Heard::Fault, "nobody passes on what was bent");
}

/// W7: whichever came first; its right word counts nevertheless, and nobody else's is touched.
#[test]
fn w7_two_contents_of_one_member_are_evidence_in_one_order() {
    let [low, high] = [0, 2].map(|byte| Attestation { content: B256::repeat_byte(byte), ..PERIOD });
    for pair in [[PERIOD, low], [low, PERIOD], [PERIOD, high], [high, PERIOD], [low, high], [high, low]] {
        let mut quorum = quorum([10; 4]);
        quorum.hear(&signed(1, PERIOD));
        assert_ne!(quorum.hear(&signed(0, pair[0])), Heard::Guilty);
        assert_eq!(quorum.contradiction_of(place(0)), None, "one content is none");
        assert_eq!(quorum.hear(&signed(0, pair[1])), Heard::Guilty);
        let mut expected = pair.map(|attestation| signed(0, attestation));
        expected.sort_by_key(|signed| signed.attestation.content);
        assert_eq!(quorum.contradiction_of(place(0)), Some(expected));
        let third = Attestation { content: B256::repeat_byte(3), ..PERIOD };
        assert_eq!(quorum.hear(&signed(0, third)), Heard::Elsewhere, "two are enough");
        for attestation in pair {
            assert_eq!(quorum.hear(&signed(0, attestation)), Heard::Known);
        }
        assert_eq!(quorum.signers(), if pair.contains(&PERIOD) { Signers(0b11) } else { Signers(0b10) });
        assert_eq!(quorum.contradiction_of(place(1)), None);
    }
}

#[test]
fn w5_more_than_two_thirds_of_the_power_are_a_word_that_stands_for_all_of_them() {
    let mut quorum = quorum([20, 20, 10, 10]);
    for number in [0, 1] {
        assert_eq!(quorum.hear(&signed(number, PERIOD)), Heard::New);
        assert_eq!(quorum.word(), None, "two thirds are no quorum");
    }
    quorum.hear(&signed(3, PERIOD));
    let word = quorum.word().expect("50 of 60");
    assert_eq!((word.attestation, word.signers), (PERIOD, Signers(0b1011)));
    let single = [0, 1, 3].map(|number| signed(number, PERIOD).signature);
    assert_eq!(AttestationSignature::sum(&single), Some(word.signature));
}
