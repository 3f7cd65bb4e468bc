//! Records on a real disk that go from one folder to another: G13 and G14 of staking.

use std::fs;

use alloy_primitives::{Address, B256};
use ed25519_dalek::SigningKey;
use eyre::{ContextCompat as _, Result};
use rota_proto::{Epoch, Place, SigningDomain, Validator, ValidatorSet, View, Vote, VotingPower};
use tempfile::TempDir;

use super::*;
use crate::signer::{SignError, Signer};

const ROLLUP: u64 = 7_682;
const ROUND: Round = Round::new(Epoch(3), View(5));
const BATCH: B256 = B256::repeat_byte(1);

/// A key of this test alone: a key signs once on a host, whoever runs the tests beside.
fn key() -> SigningKey {
    thread_local!(static SEED: [u8; 32] = rand::random());
    SEED.with(SigningKey::from_bytes)
}

fn public() -> Result<ConsensusKey> {
    Ok(ConsensusKey::from_bytes(key().verifying_key().as_bytes())?)
}

fn open(folder: &TempDir) -> Result<Signer, SignError> {
    Signer::open(folder.path(), key(), SigningDomain::new(31_337, Address::repeat_byte(1), ROLLUP))
}

fn sign(signer: &mut Signer, vote: Vote) -> Result<bool> {
    let place = Place::new(0).wrap_err("a place")?;
    let validator = Validator {
        operator: Address::repeat_byte(7),
        consensus_key: public()?,
        power: VotingPower(10),
        fee_recipient: Address::repeat_byte(8),
    };
    let set = ValidatorSet::new(ROUND.epoch, [(place, validator)].into())?;
    match signer.sign(vote, place, &set) {
        Ok(_) => Ok(true),
        Err(SignError::Refused(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A folder whose key signed a notarize vote, and is not in use.
fn signed() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    assert!(sign(&mut open(&folder)?, Vote::notarize(ROUND, BATCH))?);
    Ok(folder)
}

#[test]
fn g13_what_was_signed_here_is_not_contradicted_there() -> Result<()> {
    let (from, to) = (signed()?, tempfile::tempdir()?);
    let text = GuardFolder(from.path()).export()?;
    let imported = GuardFolder(to.path()).import(public()?, ROLLUP, &text)?;
    assert_eq!((imported.before.votes().count(), imported.after.votes().count()), (0, 1));
    let mut signer = open(&to)?;
    assert!(!sign(&mut signer, Vote::notarize(ROUND, B256::repeat_byte(2)))?);
    assert!(sign(&mut signer, Vote::notarize(ROUND, BATCH))?, "the same again is no harm");
    Ok(())
}

#[test]
fn g13_old_export_takes_nothing_back() -> Result<()> {
    let folder = signed()?;
    let old = GuardFolder(folder.path()).export()?;
    assert!(sign(&mut open(&folder)?, Vote::nullify(ROUND))?);
    let imported = GuardFolder(folder.path()).import(public()?, ROLLUP, &old)?;
    assert_eq!(imported.before, imported.after);
    assert!(!sign(&mut open(&folder)?, Vote::finalize(ROUND, BATCH))?);
    Ok(())
}

#[test]
fn g13_foreign_record_is_refused_and_leaves_nothing_behind() -> Result<()> {
    let (from, to) = (signed()?, tempfile::tempdir()?);
    let text = GuardFolder(from.path()).export()?;
    let other = ConsensusKey::from_bytes(SigningKey::from_bytes(&rand::random()).verifying_key().as_bytes())?;
    for refused in [
        GuardFolder(to.path()).import(other, ROLLUP, &text),
        GuardFolder(to.path()).import(public()?, ROLLUP + 1, &text),
    ] {
        assert!(matches!(refused, Err(GuardImportError::Foreign(_))), "{refused:?}");
    }
    let damaged = GuardFolder(to.path()).import(public()?, ROLLUP, text.get(1..).wrap_err("text")?);
    assert!(matches!(damaged, Err(GuardImportError::Text(_))), "{damaged:?}");
    assert_eq!(fs::read_dir(to.path())?.count(), 0);
    Ok(())
}

#[test]
fn g14_record_in_use_is_shown_and_neither_given_out_nor_changed() -> Result<()> {
    let folder = signed()?;
    let text = GuardFolder(folder.path()).export()?;
    let mut signer = open(&folder)?;
    assert!(sign(&mut signer, Vote::nullify(ROUND))?);
    assert_eq!(GuardFolder(folder.path()).show()?.votes().count(), 2);
    let held = GuardFolder(folder.path()).export();
    assert!(matches!(held, Err(GuardStorageError::Locked { .. })), "{held:?}");
    let held = GuardFolder(folder.path()).import(public()?, ROLLUP, &text);
    assert!(matches!(held, Err(GuardImportError::Storage(GuardStorageError::Locked { .. }))), "{held:?}");
    Ok(())
}

#[test]
fn where_nothing_was_signed_there_is_nothing_to_show_or_give_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    assert!(matches!(GuardFolder(folder.path()).show(), Err(GuardStorageError::Absent { .. })));
    assert!(matches!(GuardFolder(folder.path()).export(), Err(GuardStorageError::Absent { .. })));
    assert_eq!(fs::read_dir(folder.path())?.count(), 0, "nothing was made");
    Ok(())
}
