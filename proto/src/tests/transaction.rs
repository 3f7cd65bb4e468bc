//! Which transactions and bodies are taken (rules T1, T2).

use std::sync::Arc;

use alloy_consensus::{EMPTY_ROOT_HASH, TxEip1559, proofs::calculate_transaction_root};
use alloy_primitives::{B256, Bytes, Signature, U256, keccak256};
use alloy_rlp::{Header, PayloadView};

use super::{
    samples::ROLLUP_CHAIN_ID,
    wallet::{Draft, Wallet},
};
use crate::{
    BatchBody, BodyError, Transaction, TransactionError, UnrecoveredTransaction,
    limits::{BODY_BYTES_MAX, TRANSACTION_BYTES_MAX, TRANSACTIONS_PER_BODY_MAX},
};

/// The order of the group of secp256k1.
const ORDER: U256 = U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, u64::MAX]);

pub(super) fn all_types() -> [(u8, Vec<u8>); 4] {
    let (wallet, draft) = (Wallet::new(1), Draft { nonce: 1, ..Draft::default() });
    let legacy = wallet.legacy(&draft, Some(ROLLUP_CHAIN_ID));
    [(0, legacy), (1, wallet.eip2930(&draft)), (2, wallet.eip1559(&draft)), (4, wallet.eip7702(&draft))]
}

#[track_caller]
fn check_refused(bytes: &[u8], error: TransactionError, text: &str) {
    assert_eq!(Transaction::decode(bytes).unwrap_err(), error);
    assert_eq!(error.to_string(), text);
}

#[track_caller]
fn check_malformed(bytes: &[u8]) {
    let refused = Transaction::decode(bytes).unwrap_err();
    assert!(matches!(refused, TransactionError::Malformed(_)), "{refused}");
}

/// Rule T1: blobs, deposits, frames of wallets to come, and whatever else is not 0, 1, 2 or 4.
#[test]
fn other_types_are_refused_by_number() {
    for kind in (0..0xc0).filter(|kind| ![1, 2, 4].contains(kind)) {
        check_refused(&[kind, 0xc0], TransactionError::Type(kind), &format!("transaction type not supported: {kind}"));
    }
}

/// Rule T1: an RLP string around the bytes is how bodies and old devp2p carry them.
#[test]
fn transaction_wrapped_in_a_string_is_refused() {
    for (kind, bytes) in all_types().into_iter().skip(1) {
        let wrapped = alloy_rlp::encode(Bytes::from(bytes));
        assert_eq!(Transaction::decode(&wrapped).unwrap_err(), TransactionError::Type(wrapped[0]), "type {kind}");
    }
}

/// Rule T1, with geth's words.
#[test]
fn legacy_transaction_that_names_no_chain_is_refused() {
    check_refused(
        &Wallet::new(1).legacy(&Draft::default(), None),
        TransactionError::Unprotected,
        "only replay-protected (EIP-155) transactions allowed over RPC",
    );
}

/// Rule T1, at the limit and one past.
#[test]
fn transaction_above_the_limit_is_refused_unread() {
    let of_input = |length| Wallet::new(1).eip1559(&Draft { input: vec![1; length].into(), ..Draft::default() });
    let overhead = of_input(100_000).len() - 100_000;
    let longest = of_input(TRANSACTION_BYTES_MAX - overhead);
    assert_eq!(longest.len(), TRANSACTION_BYTES_MAX);
    assert_eq!(Transaction::decode(&longest).unwrap().length(), TRANSACTION_BYTES_MAX);
    check_refused(
        &of_input(TRANSACTION_BYTES_MAX - overhead + 1),
        TransactionError::TooLong(TRANSACTION_BYTES_MAX + 1),
        "oversized data: transaction size 131073, limit 131072",
    );
    let junk = vec![0xff; TRANSACTION_BYTES_MAX + 1];
    assert_eq!(Transaction::decode(&junk).unwrap_err(), TransactionError::TooLong(TRANSACTION_BYTES_MAX + 1));
}

/// Rule T1, EIP-2: the same signature with the other s would make the same transfer under another hash.
#[test]
fn signature_with_s_in_the_upper_half_has_no_sender() {
    let transaction = TxEip1559 { chain_id: ROLLUP_CHAIN_ID, ..TxEip1559::default() };
    let hash = alloy_consensus::SignableTransaction::signature_hash(&transaction);
    let low = Wallet::new(1).seal(hash);
    let high = Signature::new(low.r(), ORDER - low.s(), !low.v());
    let zero = Signature::new(low.r(), U256::ZERO, low.v());
    let above = Signature::new(ORDER, low.s(), low.v());
    for signature in [high, zero, above] {
        let signed = alloy_consensus::SignableTransaction::into_signed(transaction.clone(), signature);
        let bytes = alloy_eips::Encodable2718::encoded_2718(&alloy_consensus::TxEnvelope::from(signed));
        check_refused(&bytes, TransactionError::Sender, "invalid sender");
        assert!(UnrecoveredTransaction::decode(&bytes).is_ok(), "only recovering tells");
    }
}

/// Rule T1.
#[test]
fn truncated_or_longer_bytes_are_refused() {
    check_refused(
        &[],
        TransactionError::Malformed("empty typed transaction bytes".into()),
        "rlp: empty typed transaction bytes",
    );
    for (_, bytes) in all_types() {
        for length in 1..bytes.len() {
            check_malformed(&bytes[..length]);
        }
        check_malformed(&[bytes.as_slice(), &[0x80]].concat());
    }
}

/// The bytes with one item of the list replaced, and the list's header made anew.
fn with_item(bytes: &[u8], index: usize, raw: &[u8]) -> Vec<u8> {
    let prefix = usize::from(bytes[0] < 0xc0);
    let PayloadView::List(items) = Header::decode_raw(&mut &bytes[prefix..]).unwrap() else { unreachable!("a list") };
    let mut items: Vec<&[u8]> = items;
    items[index] = raw;
    let payload = items.concat();
    let mut out = bytes[..prefix].to_vec();
    Header { list: true, payload_length: payload.len() }.encode(&mut out);
    [out, payload].concat()
}

/// Rule T1: one transaction, one encoding. The nonce of all these is 1.
#[test]
fn other_encodings_of_the_same_numbers_are_refused() {
    for (kind, bytes) in all_types() {
        let nonce = if kind == 0 { 0 } else { 1 };
        assert_eq!(with_item(&bytes, nonce, &[1]), bytes, "the nonce is the item replaced");
        for raw in [&[0x81, 1][..], &[0x82, 0, 1], &[0xb8, 1, 1], &[0xb9, 0, 1, 1]] {
            check_malformed(&with_item(&bytes, nonce, raw));
        }
        check_malformed(&with_item(&bytes, nonce, &[0]));
        let prefix = usize::from(kind > 0);
        assert_eq!(bytes[prefix], 0xf8, "the list is longer than 55 bytes");
        check_malformed(&[&bytes[..prefix], &[0xf9, 0], &bytes[prefix + 1..]].concat());
    }
}

/// Rule T1: whatever bit changes, other bytes are another transaction or none.
#[test]
fn transaction_has_one_encoding() {
    for (kind, bytes) in all_types() {
        let original = keccak256(&bytes);
        let mut decoded = 0;
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(transaction) = UnrecoveredTransaction::decode(&flipped) {
                assert_eq!(transaction.hash(), keccak256(&flipped), "type {kind}, bit {bit}");
                assert_ne!(transaction.hash(), original);
                decoded += 1;
            }
        }
        assert!(decoded > 300, "type {kind}: most bits are addresses and signatures, not {decoded}");
    }
}

/// Rule T1.
#[test]
fn types_0_1_2_and_4_are_taken_as_they_are() {
    for (kind, bytes) in all_types() {
        let transaction = Transaction::decode(&bytes).unwrap();
        assert_eq!(transaction.hash(), keccak256(&bytes));
        assert_eq!(transaction.sender(), Wallet::new(1).address());
        assert_eq!((transaction.nonce(), transaction.length()), (1, bytes.len()));
        assert_eq!(transaction.encode(), bytes);
        assert_eq!(transaction.envelope().tx_type() as u8, kind);
        assert_eq!(transaction.recovered().signer(), transaction.sender());
    }
}

/// Rule T2.
#[test]
fn bytes_that_are_no_list_of_strings_are_no_body() {
    let transactions: Vec<Bytes> = all_types().map(|(_, bytes)| bytes.into()).to_vec();
    let bytes = BatchBody(transactions).encode();
    for length in 0..bytes.len() {
        assert!(matches!(BatchBody::decode(&bytes[..length]), Err(BodyError::Rlp(_))), "{length} bytes");
    }
    let longer = [&bytes, &[0x80][..]].concat();
    assert_eq!(BatchBody::decode(&longer), Err(BodyError::Rlp("1 bytes follow".into())));
    for bytes in [&[0x80][..], &[0x82, 0x80, 0x80], &[0xc1, 0xc0], &[0xc2, 0x81, 0x05], &[0xf8, 0x01, 0x80]] {
        assert!(matches!(BatchBody::decode(bytes), Err(BodyError::Rlp(_))), "{bytes:?}");
    }
}

/// Rule T2, at the limits and one past.
#[test]
fn body_above_a_limit_is_refused() {
    let longest = BatchBody(vec![vec![1; BODY_BYTES_MAX - 8].into()]).encode();
    assert_eq!(longest.len(), BODY_BYTES_MAX);
    assert!(BatchBody::decode(&longest).is_ok());
    let long = BatchBody(vec![vec![1; BODY_BYTES_MAX - 7].into()]).encode();
    assert_eq!(BatchBody::decode(&long), Err(BodyError::TooLong(BODY_BYTES_MAX + 1)));
    let many = BatchBody(vec![Bytes::new(); TRANSACTIONS_PER_BODY_MAX]).encode();
    assert_eq!(BatchBody::decode(&many).unwrap().0.len(), TRANSACTIONS_PER_BODY_MAX);
    let more = BatchBody(vec![Bytes::new(); TRANSACTIONS_PER_BODY_MAX + 1]).encode();
    assert_eq!(BatchBody::decode(&more), Err(BodyError::TooMany));
}

/// Rule T2: the root is that of Ethereum.
#[test]
fn body_commits_to_its_transactions_as_ethereum_does() {
    let transactions: Vec<Arc<Transaction>> =
        all_types().iter().map(|(_, bytes)| Arc::new(Transaction::decode(bytes).unwrap())).collect();
    let body = BatchBody::of(&transactions);
    let envelopes: Vec<_> = transactions.iter().map(|transaction| transaction.envelope().clone()).collect();
    assert_eq!(body.root(), calculate_transaction_root(&envelopes));
    assert_eq!(BatchBody::decode(&body.encode()), Ok(body.clone()));
    let mut swapped = body.clone();
    swapped.0.swap(0, 1);
    assert_ne!(swapped.root(), body.root());
    assert_eq!(BatchBody::default().root(), EMPTY_ROOT_HASH);
    assert_eq!(BatchBody::decode(&[0xc0]), Ok(BatchBody::default()));
    assert_ne!(body.root(), B256::ZERO);
}
