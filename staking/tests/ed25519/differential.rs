//! Random and mutated signatures and keys, judged by both.

use std::collections::BTreeMap;

use curve25519_dalek::{Scalar, constants::EIGHT_TORSION};
use eyre::{Result, ensure};
use revm::primitives::hardfork::SpecId;

use super::{
    Case,
    contract::Verifier,
    dice::Dice,
    forge::{ORDER, Signer, above_p, of_small_order, plus_order, scalar, sign_for_small_order, with_sign_flipped},
    judge_key,
};

/// How a case is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Honest,
    KeyBit,
    DigestBit,
    RBit,
    SBit,
    OtherKey,
    OtherDigest,
    OtherR,
    OtherS,
    KeySign,
    RSign,
    SNegated,
    SPlusOrder,
    SAtAnEdge,
    TorsionAtRandom,
    TorsionThatCancels,
    KeyOfSmallOrder,
    ROfSmallOrder,
    KeyAboveP,
    RAboveP,
    Noise,
}

impl Kind {
    const ALL: [Self; 21] = [
        Self::Honest,
        Self::KeyBit,
        Self::DigestBit,
        Self::RBit,
        Self::SBit,
        Self::OtherKey,
        Self::OtherDigest,
        Self::OtherR,
        Self::OtherS,
        Self::KeySign,
        Self::RSign,
        Self::SNegated,
        Self::SPlusOrder,
        Self::SAtAnEdge,
        Self::TorsionAtRandom,
        Self::TorsionThatCancels,
        Self::KeyOfSmallOrder,
        Self::ROfSmallOrder,
        Self::KeyAboveP,
        Self::RAboveP,
        Self::Noise,
    ];

    fn case(self, dice: &mut Dice) -> Case {
        let signer = Signer::honest(dice);
        let digest = dice.bytes();
        let nonce = scalar(dice);
        let honest = signer.sign(&nonce, &EIGHT_TORSION[0], digest);
        match self {
            Self::Honest => honest,
            Self::KeyBit => Case { key: dice.flip(honest.key), ..honest },
            Self::DigestBit => Case { message: dice.flip(digest).to_vec(), ..honest },
            Self::RBit => Case { r: dice.flip(honest.r), ..honest },
            Self::SBit => Case { s: dice.flip(honest.s), ..honest },
            Self::OtherKey => Case { key: Signer::honest(dice).key(), ..honest },
            Self::OtherDigest => Case { message: dice.bytes().to_vec(), ..honest },
            Self::OtherR => Case { r: dice.bytes(), ..honest },
            Self::OtherS => Case { s: scalar(dice).to_bytes(), ..honest },
            Self::KeySign => Case { key: with_sign_flipped(honest.key), ..honest },
            Self::RSign => Case { r: with_sign_flipped(honest.r), ..honest },
            Self::SNegated => {
                let negated = -Scalar::from_bytes_mod_order(honest.s);
                Case { s: negated.to_bytes(), ..honest }
            }
            Self::SPlusOrder => {
                let times = u8::try_from(dice.below(15) + 1).expect("below 16");
                Case { s: plus_order(honest.s, times).unwrap_or([0xff; 32]), ..honest }
            }
            Self::SAtAnEdge => Case { s: edge_of_s(dice), ..honest },
            Self::TorsionAtRandom => {
                signer.with(*dice.pick(&EIGHT_TORSION)).sign(&nonce, dice.pick(&EIGHT_TORSION), digest)
            }
            Self::TorsionThatCancels => signer.with(*dice.pick(&EIGHT_TORSION)).sign_until(true, dice, digest),
            Self::KeyOfSmallOrder => sign_for_small_order(*dice.pick(&of_small_order()), dice, digest),
            Self::ROfSmallOrder => {
                let signer = signer.with(*dice.pick(&EIGHT_TORSION));
                signer.answer(signer.key(), &Scalar::ZERO, *dice.pick(&of_small_order()), digest)
            }
            Self::KeyAboveP => signer.answer(*dice.pick(&above_p()), &nonce, honest.r, digest),
            Self::RAboveP => signer.answer(honest.key, &nonce, *dice.pick(&above_p()), digest),
            Self::Noise => Case { key: dice.bytes(), message: digest.to_vec(), r: dice.bytes(), s: dice.bytes() },
        }
    }
}

/// 0, 1, around the order, and what does not fit 255 or 256 bits with one more.
fn edge_of_s(dice: &mut Dice) -> [u8; 32] {
    let (mut below, mut above, mut one, mut half) = (ORDER, ORDER, [0; 32], [0xff; 32]);
    below[0] -= 1;
    above[0] += 1;
    one[0] = 1;
    half[31] = 0x7f;
    *dice.pick(&[[0; 32], one, below, ORDER, above, half, [0xff; 32]])
}

/// Judges `count` cases of a seed, of each kind as many; how many of each kind stood.
fn compare(seed: u64, count: usize) -> Result<BTreeMap<Kind, usize>> {
    let mut verifier = Verifier::deploy(SpecId::PRAGUE)?;
    let mut dice = Dice(seed);
    let mut stood: BTreeMap<Kind, usize> = Kind::ALL.map(|kind| (kind, 0)).into();
    let (mut most_gas, mut judged) = (0, 0);
    for kind in Kind::ALL.into_iter().cycle().take(count) {
        let case = kind.case(&mut dice);
        let stands = case.judge(&mut verifier).map_err(|error| error.wrap_err(format!("seed {seed}, {kind:?}")))?;
        *stood.entry(kind).or_default() += usize::from(stands);
        most_gas = most_gas.max(verifier.gas);
        judged += 1;
    }
    println!("seed {seed}: {judged} signatures, at most {most_gas} gas, of each kind stood {stood:?}");
    ensure!(judged == count, "{judged} of {count} were judged");
    Ok(stood)
}

#[test]
fn twenty_one_thousand_signatures_get_the_same_verdict_from_both() -> Result<()> {
    let each = 1_000;
    let stood = compare(0x0ed2_5519, each * Kind::ALL.len())?;
    // Torsion in a key is no matter for this verdict; that such a key is never registered is another.
    for kind in [Kind::Honest, Kind::TorsionThatCancels] {
        ensure!(stood[&kind] == each, "{kind:?}: {} of {each}", stood[&kind]);
    }
    ensure!((1..each).contains(&stood[&Kind::TorsionAtRandom]), "some torsion cancels out by chance");
    let may_stand = [Kind::Honest, Kind::TorsionThatCancels, Kind::TorsionAtRandom];
    for (kind, stood) in stood.iter().filter(|(kind, _)| !may_stand.contains(kind)) {
        ensure!(*stood == 0, "{kind:?}: {stood} stood");
    }
    Ok(())
}

#[test]
fn three_thousand_keys_get_the_same_verdict_from_both() -> Result<()> {
    let seed = 0x0ed2_551a;
    let mut verifier = Verifier::deploy(SpecId::PRAGUE)?;
    let mut dice = Dice(seed);
    let (mut good, mut judged) = (0, 0);
    for _ in 0..500 {
        let signer = Signer::honest(&mut dice);
        let torsion = signer.with(*dice.pick(&EIGHT_TORSION)).key();
        let odd = *dice.pick(&[of_small_order(), above_p()].concat());
        for key in [signer.key(), torsion, dice.flip(signer.key()), with_sign_flipped(signer.key()), dice.bytes(), odd]
        {
            good += u32::from(judge_key(&key, &mut verifier)?);
            judged += 1;
        }
    }
    println!("seed {seed}: {judged} keys, of which {good} are registrable");
    ensure!(judged == 3_000 && (1_000..2_500).contains(&good), "{good} of {judged}");
    Ok(())
}
