use alloy_primitives::{address, b256};

use crate::load::accounts::{Account, AccountError, account, from_mnemonic, from_seed};

/// The words of anvil and Hardhat.
const WORDS: &str = "test test test test test test test test test test test junk";

#[test]
fn text_that_is_no_key_is_refused_with_its_length() {
    let refused = |text: &str| text.parse::<Account>();
    assert!(matches!(refused("0x1234"), Err(AccountError::NotHex { digits: 4 })));
    assert!(matches!(refused(&"g".repeat(64)), Err(AccountError::NotHex { digits: 64 })));
    assert!(matches!(refused(&"ab".repeat(33)), Err(AccountError::NotHex { digits: 66 })));
}

#[test]
fn key_out_of_range_is_refused() {
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    assert!(matches!(order.parse::<Account>(), Err(AccountError::OutOfRange)));
    assert!(matches!("0".repeat(64).parse::<Account>(), Err(AccountError::OutOfRange)));
}

#[test]
fn mnemonic_with_a_wrong_word_count_or_checksum_is_refused() {
    for phrase in ["", "test junk", &WORDS.replace("junk", "test"), &WORDS.replace("junk", "rota")] {
        assert!(matches!(from_mnemonic(phrase, 0..1), Err(AccountError::Mnemonic { .. })), "{phrase}");
    }
}

/// L1. The same figures come from `cast keccak` and `cast wallet address`.
#[test]
fn devnet_accounts_are_the_hashes_of_their_numbers() {
    let golden = [
        (
            0,
            b256!("d1c95f3966a668f989425eb50cc7baa80367f458e1b29ce1dc0441d2a58212c5"),
            address!("99c494709243C06c7b7E01544804B09Bb35bf31c"),
        ),
        (
            1,
            b256!("63fe59f13048188e5f5600e5722d0a4345fe182a1375f0b8bd4ecc78ead328d7"),
            address!("8E7F4E81eA5D5A16F6E59706739C976F86B49337"),
        ),
        (
            99_999,
            b256!("f7798468d638477a8b5b1f36029d09ebf72b4d847f2d3d42adc12a53f31028c1"),
            address!("c799d0A9175C2B1A2Fe0d79D75D700278A8405a3"),
        ),
    ];
    for (index, secret, address) in golden {
        assert_eq!(account(index), Account { secret, address }, "account {index}");
    }
    assert_ne!(from_seed("another seed", 0), account(0));
}

#[test]
fn mnemonic_gives_the_accounts_that_wallets_show() {
    let accounts = from_mnemonic(WORDS, 0..4).unwrap();
    assert_eq!(accounts[0].address, address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"));
    assert_eq!(accounts[3].address, address!("90F79bf6EB2c4f870365E785982E1f101E93b906"));
    let parsed: Account = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80".parse().unwrap();
    assert_eq!(accounts[0], parsed);
}

#[test]
fn debug_output_keeps_the_key_secret() {
    let text = format!("{:?}", account(7));
    assert!(!text.contains(&hex::encode(account(7).secret)), "{text}");
}
