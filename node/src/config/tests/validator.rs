//! `[validator]` of `node.toml`: one place for the key, and one only.

use eyre::Result;

use super::*;

#[test]
fn key_is_in_one_place() -> Result<()> {
    let of = |text: &str| toml::from_str::<ValidatorToml>(text);
    let own = of("keystore = 'a'\npassphrase = 'b'")?;
    let (keystore, passphrase) = (Path::new("a"), Path::new("b"));
    assert_eq!(own.key(), Ok(KeyPlace::Keystore { keystore, passphrase: Some(passphrase) }));
    assert_eq!(of("keystore = 'a'")?.key(), Ok(KeyPlace::Keystore { keystore, passphrase: None }));
    assert_eq!(of("signer = 'a'\ndoppelganger_wait_ms = 1")?.key(), Ok(KeyPlace::Signer(keystore)));
    let attests = "signer = 'a'\nattestation = 'c'\npassphrase = 'b'";
    assert_eq!(of(attests)?.key(), Ok(KeyPlace::Signer(keystore)), "the passphrase is that of the attestation key");
    for none in ["", "passphrase = 'b'", "signer = 'a'\nkeystore = 'a'", "signer = 'a'\npassphrase = 'b'"] {
        assert!(of(none)?.key().is_err(), "{none}");
    }
    Ok(())
}
