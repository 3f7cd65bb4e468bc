//! The submitter's key on the disk.

use std::os::unix::fs::OpenOptionsExt as _;

use alloy_primitives::{TxKind, address};

use super::*;

const SECRET: &str = "63fe59f13048188e5f5600e5722d0a4345fe182a1375f0b8bd4ecc78ead328d7";
const ACCOUNT: Address = address!("8E7F4E81eA5D5A16F6E59706739C976F86B49337");

/// As `cast wallet import` wrote it, with the passphrase "devnet".
const KEYSTORE: &str = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"c147c031b9ba3edf53aced64680c1daf"},
"ciphertext":"03919acb70a3e9432a0e02628314c8b3917cb0c63bbc1a744786c5d13a23b894","kdf":"scrypt","kdfparams":{"dklen":32,
"n":8192,"p":1,"r":8,"salt":"cbc308e125dd174ba3fc9d16c6f3fb51d8fa60ad4685c4c448a9c0c7e7471b67"},
"mac":"67931328975dde0202bb48ff6fb997002c8ccec2f707e7194179c198393e34c6"},"id":"c95415f7-4cb0-475e-8b8b-392e9d96fdf6",
"version":3}"#;

fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let mut options = fs::OpenOptions::new();
    let mut file = options.create_new(true).write(true).mode(mode).open(&path).unwrap();
    io::Write::write_all(&mut file, text.as_bytes()).unwrap();
    (folder, path)
}

#[test]
fn a_key_in_hex_and_a_keystore_of_cast_give_their_account() {
    for (text, passphrase) in
        [(SECRET.to_owned(), None), (format!("0x{SECRET}\n"), None), (KEYSTORE.to_owned(), Some("devnet"))]
    {
        let (_folder, path) = file(&text, 0o600);
        assert_eq!(Submitter::read(&path, passphrase).unwrap().address(), ACCOUNT);
    }
}

#[test]
fn a_key_that_others_may_read_is_refused() {
    for mode in [0o640, 0o604, 0o620] {
        let (_folder, path) = file(SECRET, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let refused = Submitter::read(&path, None).unwrap_err();
        assert!(matches!(refused, SubmitterError::Mode { mode: found, .. } if found == mode), "{refused}");
    }
}

#[test]
fn what_is_no_key_or_not_opened_is_refused_without_showing_it() {
    for (text, passphrase) in [("", None), (&SECRET[2..], None), (KEYSTORE, Some("other")), (SECRET, Some("devnet"))] {
        let (_folder, path) = file(text, 0o600);
        let refused = Submitter::read(&path, passphrase).unwrap_err();
        assert!(matches!(refused, SubmitterError::Key { .. }), "{refused}");
        assert!(text.is_empty() || !refused.to_string().contains(text));
    }
    let absent = Submitter::read(Path::new("/nowhere/key"), None).unwrap_err();
    assert!(matches!(absent, SubmitterError::Io { .. }));
}

#[test]
fn what_was_signed_is_read_back_to_be_signed_again() {
    let (_folder, path) = file(SECRET, 0o600);
    let transaction =
        TxEip1559 { nonce: 3, to: TxKind::Call(ACCOUNT), input: vec![1; 9].into(), ..TxEip1559::default() };
    let (_, raw) = Submitter::read(&path, None).unwrap().sign(transaction.clone()).unwrap();
    assert_eq!(unsigned(&raw), Some(transaction));
    assert_eq!(unsigned(&raw[1..]), None);
}
