//! Real locks: Y6 and Y7 of the signer. With real processes they are proven in `tests/e2e/second_starts.rs`.

use ed25519_dalek::SigningKey;
use eyre::Result;

use super::*;

fn drawn_key() -> Result<ConsensusKey> {
    let secret = SigningKey::from_bytes(&rand::random::<[u8; 32]>());
    Ok(ConsensusKey::from_bytes(secret.verifying_key().as_bytes())?)
}

#[test]
fn y6_folder_is_one_processs_until_it_lets_go() -> Result<()> {
    let root = tempfile::tempdir()?;
    let folder = root.path().join("data");
    let held = hold_folder(&folder)?;
    let refused = hold_folder(&folder).unwrap_err();
    assert!(refused.to_string().starts_with(&format!("another node runs from {}", folder.display())), "{refused}");
    drop(held);
    hold_folder(&folder).map(drop)?;
    Ok(())
}

#[test]
fn y7_key_signs_once_on_a_host_for_each_rollup() -> Result<()> {
    let key = drawn_key()?;
    let held = hold_key(key, 7_682)?;
    let refused = hold_key(key, 7_682).unwrap_err();
    let InstanceError::Key { name, .. } = &refused else { panic!("{refused}") };
    assert!(refused.to_string().contains(&key.to_string()) && refused.to_string().ends_with(name), "{refused}");
    let (_other_rollup, _other_key) = (hold_key(key, 7_683)?, hold_key(drawn_key()?, 7_682)?);
    drop(held);
    hold_key(key, 7_682).map(drop)?;
    Ok(())
}
