//! Any bytes in the place of a keystore: a key, or a refusal, without more memory or time than our own take.

use rota_fuzz::{Target, outcome};

use super::super::Keystore;

/// The key of 32 bytes of 1 under "right", at a cost for tests alone.
const KEYSTORE: &str = include_str!("keystore.json");

#[test]
fn fuzz_keystores_are_keys_or_refused() {
    let pretty = KEYSTORE.trim_end().as_bytes().to_vec();
    Target::new(env!("CARGO_MANIFEST_DIR"), "keystore").seeds([pretty]).longest(1_500).run(|bytes| {
        let keystore: Keystore = match serde_json::from_slice(bytes) {
            Ok(keystore) => keystore,
            Err(error) => return outcome(&error.classify()),
        };
        let written = serde_json::to_vec(&keystore).unwrap();
        let again: Keystore = serde_json::from_slice(&written).unwrap();
        assert_eq!(serde_json::to_vec(&again).unwrap(), written, "a keystore comes back as it went");
        match keystore.decrypt("right") {
            Ok(key) => {
                assert_eq!(hex::encode(key.verifying_key().to_bytes()), keystore.public_key());
                "a key".into()
            }
            Err(error) => outcome(&error),
        }
    });
}
