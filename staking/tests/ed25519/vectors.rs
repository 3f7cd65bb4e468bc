//! The vectors that forge reads too: the published ones, and the edges, which are made here.
//!
//! `ROTA_REGENERATE=1 cargo test -p rota-staking --test ed25519` writes the edges anew; otherwise they are compared.

use std::{fs, path::PathBuf};

use alloy_primitives::{B256, Bytes};
use curve25519_dalek::{Scalar, constants::EIGHT_TORSION};
use eyre::{Result, ensure};
use revm::primitives::hardfork::SpecId;
use serde::{Deserialize, Serialize};

use super::{
    Case,
    contract::Verifier,
    dice::Dice,
    forge::{
        ORDER, Signer, above_p, base_point, of_small_order, plus_order, point, scalar, sign_for_small_order,
        with_sign_flipped,
    },
    judge_key,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Published {
    sources: Vec<String>,
    signatures: Vec<SignatureVector>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edges {
    signatures: Vec<SignatureVector>,
    keys: Vec<KeyVector>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureVector {
    name: String,
    key: B256,
    message: Bytes,
    r: B256,
    s: B256,
    valid: bool,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyVector {
    name: String,
    key: B256,
    registrable: bool,
}

impl SignatureVector {
    fn new(name: String, case: Case, valid: bool) -> Self {
        let [key, r, s] = [case.key, case.r, case.s].map(B256::from);
        Self { name, key, message: case.message.into(), r, s, valid }
    }

    fn case(&self) -> Case {
        Case { key: self.key.0, message: self.message.to_vec(), r: self.r.0, s: self.s.0 }
    }
}

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "contracts", "vectors", name].iter().collect()
}

fn judge_all(signatures: &[SignatureVector], verifier: &mut Verifier) -> Result<()> {
    for vector in signatures {
        let stands = vector.case().judge(verifier)?;
        ensure!(stands == vector.valid, "{} says {}: {}", vector.name, vector.valid, vector.case());
    }
    Ok(())
}

/// Keys and signatures whose making is told by their names.
fn edges() -> Edges {
    let mut dice = Dice(25519);
    let (signer, nonce, digest) = (Signer::honest(&mut dice), scalar(&mut dice), dice.bytes());
    let honest = signer.sign(&nonce, &EIGHT_TORSION[0], digest);
    let mut signatures = vec![SignatureVector::new("honest".to_owned(), honest.clone(), true)];
    let mut add = |name: String, case: Case, valid: bool| signatures.push(SignatureVector::new(name, case, valid));

    for (index, torsion) in EIGHT_TORSION.iter().enumerate().skip(1) {
        let case = signer.sign(&nonce, torsion, digest);
        add(format!("R with torsion {index}, holds with the cofactor only"), case, false);
        let tainted = signer.with(*torsion);
        let case = tainted.sign_until(true, &mut dice, digest);
        add(format!("A with torsion {index}, that of R cancels it out"), case, true);
        let case = tainted.sign_until(false, &mut dice, digest);
        add(format!("A with torsion {index}, holds with the cofactor only"), case, false);
    }
    for key in of_small_order() {
        let case = sign_for_small_order(key, &mut dice, digest);
        add(format!("A of small order {}", B256::from(key)), case, false);
    }
    for r in of_small_order() {
        let case = signer.answer(honest.key, &Scalar::ZERO, r, digest);
        add(format!("R of small order {}", B256::from(r)), case, false);
    }
    for encoding in above_p() {
        let case = signer.answer(encoding, &nonce, honest.r, digest);
        add(format!("A with y above p {}", B256::from(encoding)), case, false);
        let case = signer.answer(honest.key, &nonce, encoding, digest);
        add(format!("R with y above p {}", B256::from(encoding)), case, false);
    }
    for (times, s) in (1..=15).filter_map(|times| Some((times, plus_order(honest.s, times)?))) {
        add(format!("s plus {times} times the order"), Case { s, ..honest.clone() }, false);
    }
    add("s = 0".to_owned(), Case { s: [0; 32], ..honest.clone() }, false);
    add("s is the order".to_owned(), Case { s: ORDER, ..honest.clone() }, false);
    add("the sign of A".to_owned(), Case { key: with_sign_flipped(honest.key), ..honest.clone() }, false);
    add("the sign of R".to_owned(), Case { r: with_sign_flipped(honest.r), ..honest.clone() }, false);
    Edges { signatures, keys: edge_keys(&signer) }
}

fn edge_keys(signer: &Signer) -> Vec<KeyVector> {
    let vector =
        |name: &str, key: [u8; 32], registrable| KeyVector { name: name.to_owned(), key: key.into(), registrable };
    let mut keys = vec![
        vector("honest", signer.key(), true),
        vector("its negative", with_sign_flipped(signer.key()), true),
        vector("the base point", base_point(), true),
    ];
    keys.extend(EIGHT_TORSION.iter().skip(1).map(|torsion| vector("torsion", signer.with(*torsion).key(), false)));
    keys.extend(of_small_order().into_iter().map(|key| vector("small order", key, false)));
    keys.extend(above_p().into_iter().map(|key| vector("y above p", key, false)));
    let low = (0..=0xff).map(|low| {
        let mut bytes = [0; 32];
        bytes[0] = low;
        bytes
    });
    keys.extend(low.filter(|bytes| point(bytes).is_none()).take(3).map(|key| vector("no point", key, false)));
    keys
}

/// One vector a line.
fn written(edges: &Edges) -> Result<String> {
    let lines = |vectors: Vec<serde_json::Result<String>>| -> Result<String> {
        let lines = vectors.into_iter().map(|line| Ok(format!("    {}", line?)));
        Ok(lines.collect::<Result<Vec<_>>>()?.join(",\n"))
    };
    let signatures = lines(edges.signatures.iter().map(serde_json::to_string).collect())?;
    let keys = lines(edges.keys.iter().map(serde_json::to_string).collect())?;
    Ok(format!("{{\n  \"signatures\": [\n{signatures}\n  ],\n  \"keys\": [\n{keys}\n  ]\n}}\n"))
}

#[test]
fn published_signatures_get_the_published_verdict_from_both() -> Result<()> {
    let published: Published = serde_json::from_str(&fs::read_to_string(path("ed25519.json"))?)?;
    let mut verifier = Verifier::deploy(SpecId::PRAGUE)?;
    judge_all(&published.signatures, &mut verifier)?;
    let of = |name: &str| published.signatures.iter().filter(|vector| vector.name.starts_with(name)).count();
    ensure!((of("RFC 8032"), of("Wycheproof"), of("Taming")) == (5, 139, 12), "some are missing");
    ensure!(published.sources.len() == 3, "each source is named");
    Ok(())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whether to write the file is for who runs the test to say")]
fn edges_get_the_verdict_of_their_making_from_both() -> Result<()> {
    let (edges, path) = (edges(), path("ed25519-edges.json"));
    if std::env::var("ROTA_REGENERATE").is_ok() {
        fs::write(&path, written(&edges)?)?;
    }
    let stand: Edges = serde_json::from_str(&fs::read_to_string(&path)?)?;
    ensure!(stand == edges, "run ROTA_REGENERATE=1 cargo test -p rota-staking --test ed25519");
    let mut verifier = Verifier::deploy(SpecId::PRAGUE)?;
    judge_all(&stand.signatures, &mut verifier)?;
    for vector in &stand.keys {
        let registrable = judge_key(&vector.key.0, &mut verifier)?;
        ensure!(registrable == vector.registrable, "{vector:?}");
    }
    println!("{} signatures and {} keys", stand.signatures.len(), stand.keys.len());
    Ok(())
}

/// EIP-7883 of the fork after Prague made the precompile dearer that the verifier takes its roots with.
#[test]
fn a_verification_and_a_registration_check_cost_less_than_the_target_under_later_rules_too() -> Result<()> {
    let signer = Signer::honest(&mut Dice(25519));
    let case = signer.sign(&Scalar::ONE, &EIGHT_TORSION[0], [7; 32]);
    for fork in [SpecId::PRAGUE, SpecId::OSAKA] {
        let mut verifier = Verifier::deploy(fork)?;
        ensure!(case.judge(&mut verifier)?, "an honest signature stands");
        let verification = verifier.gas;
        ensure!(judge_key(&case.key, &mut verifier)?, "an honest key may be registered");
        println!("{fork:?}: {verification} gas for a verification, {} for a check of a key", verifier.gas);
    }
    Ok(())
}
