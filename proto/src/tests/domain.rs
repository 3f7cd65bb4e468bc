//! Sign bytes against EIP-712 done by hand.

use alloy_primitives::{Address, B256, U256, keccak256};

use super::samples::{L1_CHAIN_ID, ROLLUP_CHAIN_ID, STAKING, domain, round};
use crate::{Epoch, Round, SigningDomain, View, Vote, VoteKind};

/// One 32-byte word of the ABI encoding.
fn word(number: u64) -> [u8; 32] {
    U256::from(number).to_be_bytes()
}

pub(super) const VOTE_TYPE: &str = "Vote(uint64 rollupChainId,uint64 epoch,uint64 view,uint8 kind,bytes32 batch)";
pub(super) const PEER_RECORD_TYPE: &str =
    "PeerRecord(uint64 rollupChainId,bytes32 consensusKey,bytes32 nodeKey,uint64 sequence)";

pub(super) fn separator(l1_chain_id: u64, staking: Address) -> B256 {
    let kind = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
    let words = [keccak256(kind).0, keccak256("Rota").0, keccak256("1").0, word(l1_chain_id), staking.into_word().0];
    keccak256(words.concat())
}

fn digest(separator: B256, struct_words: &[[u8; 32]]) -> B256 {
    let hash = keccak256(struct_words.concat());
    keccak256([&[0x19, 0x01], separator.as_slice(), hash.as_slice()].concat())
}

/// The digest of a vote, by hand.
pub(super) fn vote(vote: &Vote) -> B256 {
    let kind = keccak256(VOTE_TYPE);
    let Round { epoch, view } = vote.round;
    let words =
        [kind.0, word(ROLLUP_CHAIN_ID), word(epoch.0), word(view.0), word(vote.kind.code().into()), vote.batch.0];
    digest(separator(L1_CHAIN_ID, STAKING), &words)
}

/// The digest of a peer record, by hand.
pub(super) fn peer_record(consensus_key: [u8; 32], node_key: [u8; 32], sequence: u64) -> B256 {
    let words = [keccak256(PEER_RECORD_TYPE).0, word(ROLLUP_CHAIN_ID), consensus_key, node_key, word(sequence)];
    digest(separator(L1_CHAIN_ID, STAKING), &words)
}

/// Rule D1.
#[test]
fn votes_are_signed_by_eip_712() {
    let batch = B256::repeat_byte(0xba);
    let last = Round::new(Epoch::MAX, View::MAX);
    for signed in [
        Vote::notarize(round(3), batch),
        Vote::nullify(round(3)),
        Vote::finalize(round(3), batch),
        Vote::finalize(last, B256::repeat_byte(0xff)),
        Vote::nullify(Round::default()),
    ] {
        assert_eq!(domain().vote(&signed), vote(&signed), "{signed}");
    }
}

/// Rule D2.
#[test]
fn peer_records_are_signed_by_eip_712() {
    for sequence in [0, 1, u64::MAX] {
        assert_eq!(domain().peer_record([1; 32], [2; 32], sequence), peer_record([1; 32], [2; 32], sequence));
    }
}

/// Rule D1: whatever differs, the digest differs.
#[test]
fn no_two_votes_or_networks_share_a_digest() {
    let batch = B256::repeat_byte(0xba);
    let vote = Vote::notarize(round(3), batch);
    let others = [
        Vote::finalize(round(3), batch),
        Vote::nullify(round(3)),
        Vote::notarize(round(4), batch),
        Vote::notarize(Round::new(Epoch(8), View(3)), batch),
        Vote::notarize(round(3), B256::repeat_byte(0xbb)),
    ];
    let mut digests: Vec<B256> = others.iter().map(|other| domain().vote(other)).collect();
    for network in [
        domain(),
        SigningDomain::new(L1_CHAIN_ID + 1, STAKING, ROLLUP_CHAIN_ID),
        SigningDomain::new(L1_CHAIN_ID, Address::repeat_byte(0x5b), ROLLUP_CHAIN_ID),
        SigningDomain::new(L1_CHAIN_ID, STAKING, ROLLUP_CHAIN_ID + 1),
    ] {
        digests.push(network.vote(&vote));
        digests.push(network.peer_record([1; 32], [2; 32], 3));
    }
    let count = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), count);
    assert_eq!(domain().rollup_chain_id(), ROLLUP_CHAIN_ID);
}

/// Rule D1: the numbers of the kinds, and no others.
#[test]
fn kinds_have_the_numbers_1_to_3() {
    let kinds: Vec<(u8, VoteKind)> = (0..=u8::MAX).filter_map(|c| VoteKind::from_code(c).map(|k| (c, k))).collect();
    assert_eq!(kinds, [(1, VoteKind::Notarize), (2, VoteKind::Nullify), (3, VoteKind::Finalize)]);
    assert!(kinds.iter().all(|(code, kind)| kind.code() == *code));
}
