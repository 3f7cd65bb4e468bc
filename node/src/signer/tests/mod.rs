//! The signer on a real folder: what it signs, refuses, and does not open (G1, G4, G5, G7, G9 of staking).

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _};

use alloy_primitives::{Address, B256};
use eyre::{ContextCompat as _, Result};
use rota_proto::{Epoch, Validator, View, VotingPower};
use tempfile::TempDir;

use super::*;
use crate::secret::SecretError;

mod attestation;
mod fuzz;

const ROUND: Round = Round::new(Epoch(3), View(5));
const A: B256 = B256::repeat_byte(1);
const B: B256 = B256::repeat_byte(2);

/// Keys of this test alone: a key signs once on a host, whoever runs the tests beside.
fn key(byte: u8) -> SigningKey {
    thread_local!(static SEED: [u8; 31] = rand::random());
    let mut seed = [byte; 32];
    SEED.with(|drawn| seed[1..].copy_from_slice(drawn));
    SigningKey::from_bytes(&seed)
}

fn domain(rollup: u64) -> SigningDomain {
    SigningDomain::new(31_337, Address::repeat_byte(1), rollup)
}

fn place() -> Result<Place> {
    Place::new(0).wrap_err("a place")
}

fn set() -> Result<ValidatorSet> {
    let validator = Validator {
        operator: Address::repeat_byte(7),
        consensus_key: ConsensusKey::from_bytes(key(1).verifying_key().as_bytes())?,
        power: VotingPower(10),
        fee_recipient: Address::repeat_byte(8),
    };
    Ok(ValidatorSet::new(ROUND.epoch, BTreeMap::from([(place()?, validator)]))?)
}

fn open(folder: &TempDir) -> Result<Signer, SignError> {
    Signer::open(folder.path(), key(1), domain(7_682))
}

#[test]
fn what_conflicts_is_refused_also_after_a_restart_and_the_same_is_signed_alike() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let first = open(&folder)?.sign(Vote::notarize(ROUND, A), place()?, &set()?)?;
    for _ in 0..2 {
        let mut signer = open(&folder)?;
        let other = signer.sign(Vote::notarize(ROUND, B), place()?, &set()?);
        assert!(matches!(other, Err(SignError::Refused(Refusal::ConflictingNotarize { .. }))), "{other:?}");
        assert_eq!(signer.sign(Vote::notarize(ROUND, A), place()?, &set()?)?, first);
    }
    Ok(())
}

#[test]
fn vote_is_in_the_file_before_there_is_a_signature() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut signer = open(&folder)?;
    // A key without a place signs nothing that stands, and what was asked for is on record all the same.
    let stranger = ValidatorSet::new(ROUND.epoch, BTreeMap::from([(place()?, other()?)]))?;
    let unsigned = signer.sign(Vote::nullify(ROUND), place()?, &stranger);
    assert!(matches!(unsigned, Err(SignError::NotOurs(_))), "{unsigned:?}");
    drop(signer);
    let refused = open(&folder)?.sign(Vote::finalize(ROUND, A), place()?, &set()?);
    assert!(matches!(refused, Err(SignError::Refused(_))), "{refused:?}");
    Ok(())
}

fn other() -> Result<Validator> {
    let consensus_key = ConsensusKey::from_bytes(key(2).verifying_key().as_bytes())?;
    let fee_recipient = Address::repeat_byte(8);
    Ok(Validator { operator: Address::repeat_byte(9), consensus_key, power: VotingPower(10), fee_recipient })
}

/// G9 of staking: one place, one record.
#[test]
fn record_that_is_held_foreign_or_damaged_is_not_opened() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let signer = open(&folder)?;
    let held = open(&folder).err();
    assert!(matches!(held, Some(SignError::Storage(GuardStorageError::Locked { .. }))), "{held:?}");
    drop(signer);
    let of_another_key = Signer::open(folder.path(), key(2), domain(7_682)).err();
    let of_another_rollup = Signer::open(folder.path(), key(1), domain(1)).err();
    for foreign in [of_another_key, of_another_rollup] {
        assert!(matches!(foreign, Some(SignError::Storage(GuardStorageError::Foreign { .. }))), "{foreign:?}");
    }
    fs::write(folder.path().join("guard"), [7; 4_096])?;
    let damaged = open(&folder).err();
    assert!(matches!(damaged, Some(SignError::Storage(GuardStorageError::Record { .. }))), "{damaged:?}");
    Ok(())
}

/// Y7: another folder makes it no other place.
#[test]
fn key_that_signs_from_one_folder_signs_from_no_other() -> Result<()> {
    let (folder, other) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let signer = open(&folder)?;
    let held = open(&other).err();
    assert!(matches!(held, Some(SignError::Instance(InstanceError::Key { .. }))), "{held:?}");
    let _another_key = Signer::open(other.path().join("another").as_path(), key(2), domain(7_682))?;
    drop(signer);
    open(&other).map(drop)?;
    Ok(())
}

/// A gigabyte for scrypt is the most; its block size and its repetitions would multiply that without end.
#[test]
fn keystore_that_asks_for_more_memory_or_time_than_ours_is_refused() -> Result<()> {
    let whole: serde_json::Value = serde_json::to_value(Keystore::encrypt(&key(1), "right", Strength::Devnet)?)?;
    for (name, value) in [("r", 1 << 20), ("r", 1), ("p", 1 << 20), ("p", 2), ("n", 1 << 21), ("n", 3), ("dklen", 16)] {
        let mut changed = whole.clone();
        *changed.pointer_mut(&format!("/crypto/kdf/params/{name}")).wrap_err("a parameter")? = value.into();
        let refused = serde_json::from_value::<Keystore>(changed)?.decrypt("right").err();
        let text = refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.ends_with("scrypt parameters out of bounds"), "{name} {value}: {text:?}");
    }
    Ok(())
}

#[test]
fn keystore_gives_its_key_to_its_owner_with_the_passphrase_alone() -> Result<()> {
    let folder = crate::secret::tests::folder()?;
    let path = folder.path().join("consensus.json");
    Keystore::encrypt(&key(1), "right", Strength::Devnet)?.write(&path)?;
    assert_eq!(Keystore::read(&path)?.decrypt("right")?.to_bytes(), key(1).to_bytes());
    assert!(matches!(Keystore::read(&path)?.decrypt("wrong"), Err(KeystoreError::Passphrase)));
    let again = Keystore::encrypt(&key(2), "right", Strength::Devnet)?.write(&path);
    let exists = matches!(again, Err(KeystoreError::Secret(SecretError::Exists { .. })));
    assert!(exists, "a key that stands there stays: {again:?}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640))?;
    let read = Keystore::read(&path);
    assert!(matches!(read, Err(KeystoreError::Secret(SecretError::FileMode { mode: 0o640, .. }))));
    Ok(())
}

/// Y3: the same 32 bytes mean another key in another scheme.
#[test]
fn keystore_of_another_kind_is_not_taken_for_one_of_a_consensus_key() -> Result<()> {
    let sealed = Keystore::seal("a key to a cellar", "00".into(), [1; 32].into(), "right", Strength::Devnet)?;
    assert_eq!(*sealed.open("a key to a cellar", "right")?, [1; 32]);
    let refused = sealed.decrypt("right").unwrap_err();
    assert!(matches!(&refused, KeystoreError::OtherKind { found, .. } if found == "a key to a cellar"), "{refused}");
    let empty = Keystore::encrypt(&key(1), "", Strength::Devnet).err();
    assert!(matches!(empty, Some(KeystoreError::EmptyPassphrase)), "Y4: {empty:?}");
    Ok(())
}
