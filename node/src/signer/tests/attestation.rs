//! Attestation keys: what they sign is what the contracts' vectors say (rules K4, D3 of proto), byte for byte.

use alloy_primitives::{Bytes, U256};
use rota_proto::AttestationSignature;
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vectors {
    domains: Vec<Domain>,
    key_registrations: Vec<Registration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Domain {
    chain_id: String,
    verifying_contract: Address,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    rollup_chain_id: String,
    operator: Address,
    nonce: String,
    consensus_seed: B256,
    consensus_signature: Bytes,
    attestation_secret: B256,
    compressed_attestation_key: String,
    attestation_signature: Bytes,
}

#[test]
fn possession_is_proven_as_in_the_vectors_of_the_contracts() -> Result<()> {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../../staking/contracts/vectors/digests.json"))?;
    let domain = vectors.domains.first().wrap_err("no domain")?;
    eyre::ensure!(!vectors.key_registrations.is_empty(), "no vectors");
    for vector in vectors.key_registrations {
        let keys = ValidatorKeys {
            consensus: SigningKey::from_bytes(&vector.consensus_seed.0),
            attestation: AttestationSecret::from_bytes(&vector.attestation_secret.0)?,
        };
        assert_eq!(keys.attestation.public().to_string(), vector.compressed_attestation_key);
        let (chain_id, rollup) = (domain.chain_id.parse()?, vector.rollup_chain_id.parse()?);
        let domain = SigningDomain::new(chain_id, domain.verifying_contract, rollup);
        let possession = keys.prove(&domain, vector.operator, vector.nonce.parse::<U256>()?)?;
        let expected = Possession {
            consensus: Signature(vector.consensus_signature.as_ref().try_into()?),
            attestation: AttestationSignature(vector.attestation_signature.as_ref().try_into()?),
        };
        assert_eq!(possession, expected, "operator {}, nonce {}", vector.operator, vector.nonce);
    }
    Ok(())
}

#[test]
fn zero_and_numbers_above_the_order_are_no_secrets() {
    for bytes in [[0; 32], [0xff; 32]] {
        assert_eq!(AttestationSecret::from_bytes(&bytes).err(), Some(NoAttestationSecret));
    }
}

#[test]
fn secret_is_not_told_by_its_debug_form() {
    let secret = AttestationSecret::generate();
    let text = format!("{secret:?}");
    assert!(text.contains(&secret.public().to_string()), "{text}");
    assert!(!text.contains(&hex::encode(secret.to_bytes().as_slice())), "{text}");
    assert_ne!(secret.to_bytes(), AttestationSecret::generate().to_bytes(), "secrets are random");
}

#[test]
fn keystore_gives_back_the_key_of_its_own_kind_alone() -> Result<()> {
    let secret = AttestationSecret::generate();
    let keystore = secret.encrypt("right", Strength::Devnet)?;
    assert_eq!(keystore.public_key(), hex::encode(secret.public().to_compressed()));
    assert_eq!(AttestationSecret::decrypt(&keystore, "right")?.to_bytes(), secret.to_bytes());
    assert!(matches!(AttestationSecret::decrypt(&keystore, "wrong"), Err(KeystoreError::Passphrase)));
    assert!(matches!(keystore.decrypt("right"), Err(KeystoreError::OtherKind { .. })), "no consensus key");
    let consensus = Keystore::encrypt(&key(1), "right", Strength::Devnet)?;
    let other = AttestationSecret::decrypt(&consensus, "right");
    assert!(matches!(other, Err(KeystoreError::OtherKind { .. })), "no attestation key");
    Ok(())
}
