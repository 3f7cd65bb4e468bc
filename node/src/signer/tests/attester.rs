//! The record of attestations on a real disk (rules G15 and G17 of staking, Y13).

use alloy_primitives::{Address, B256};
use eyre::Result;
use rota_proto::Epoch;
use rota_staking::PARTICIPATION;
use tempfile::TempDir;

use super::*;

fn domain() -> SigningDomain {
    SigningDomain::new(31_337, Address::repeat_byte(1), 7_682)
}

fn secret() -> Result<AttestationSecret> {
    Ok(AttestationSecret::from_bytes(&[7; 32])?)
}

fn open(folder: &TempDir) -> Result<Attester> {
    Ok(Attester::open(folder.path(), secret()?, domain())?)
}

fn said(epoch: u64, content: u8) -> Attestation {
    let content = B256::repeat_byte(content);
    Attestation { attesting_epoch: Epoch(epoch), kind: PARTICIPATION, index: 4, content }
}

#[test]
fn y13_what_was_attested_is_remembered_and_not_contradicted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut attester = open(&folder)?;
    let signature = attester.attest(&said(9, 1))?;
    assert!(attester.key().attests(&domain().attestation(&said(9, 1)), &signature));
    drop(attester);
    let mut attester = open(&folder)?;
    for epoch in [9, 10] {
        assert!(matches!(attester.attest(&said(epoch, 2)), Err(AttestError::Refused(_))));
    }
    assert_eq!(attester.attest(&said(9, 1))?, signature);
    let later = attester.attest(&said(10, 1))?;
    assert!(attester.key().attests(&domain().attestation(&said(10, 1)), &later));
    Ok(())
}

#[test]
fn y13_record_serves_one_process_and_one_key() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut attester = open(&folder)?;
    attester.attest(&said(9, 1))?;
    let second = Attester::open(folder.path(), secret()?, domain());
    assert!(matches!(second, Err(AttestError::Locked { .. })));
    drop(attester);
    let other = Attester::open(folder.path(), AttestationSecret::from_bytes(&[8; 32])?, domain());
    assert!(matches!(other, Err(AttestError::Foreign { .. })));
    let elsewhere = SigningDomain::new(31_337, Address::repeat_byte(1), 7_683);
    assert!(matches!(Attester::open(folder.path(), secret()?, elsewhere), Err(AttestError::Foreign { .. })));
    fs::write(folder.path().join("attestations"), "{}\n")?;
    assert!(matches!(Attester::open(folder.path(), secret()?, domain()), Err(AttestError::Record { .. })));
    Ok(())
}
