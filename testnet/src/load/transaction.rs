//! The transactions of a run: which one a sender's nonce stands for, and its signed bytes.

use std::collections::VecDeque;
use std::thread;

use alloy_consensus::crypto::secp256k1::sign_message;
use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2930::AccessList;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_sol_types::{SolCall, sol};

use super::accounts::Account;
use super::options::Kind;

/// Gas of a plain transfer.
const TRANSFER_GAS: u64 = 21_000;
/// Gas limit of a token transfer: the embedded token takes 51,600 for a new holder, OpenZeppelin's a little more;
/// room for tokens with a hook or two. What is not used comes back.
const TOKEN_GAS: u64 = 100_000;
/// The fee cap is this many times the base fee at the time of signing: with a denominator of 8 and full blocks the
/// base fee takes 25 blocks to get there, with 250 it takes 750.
const FEE_HEADROOM: u128 = 20;
/// Least fee cap, 1 gwei: chains without traffic have base fees of a few wei that grow fast at first.
const FEE_CAP_MIN_WEI: u128 = 1_000_000_000;

sol! {
    interface Erc20 {
        function transfer(address to, uint256 value) external returns (bool);
        function balanceOf(address holder) external view returns (uint256);
    }
}

/// What a transaction pays for gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// Tip per gas in wei.
    pub tip_wei: u128,
    /// Fee cap per gas in wei, tip included.
    pub cap_wei: u128,
}

impl Fees {
    /// Fees that last while the base fee grows to twenty times what it is.
    #[must_use]
    pub fn above(base_fee_wei: u64, tip_wei: u128) -> Self {
        let cap_wei = (u128::from(base_fee_wei) * FEE_HEADROOM).max(FEE_CAP_MIN_WEI) + tip_wei;
        Self { tip_wei, cap_wei }
    }

    /// Whether the base fee has come so near to the cap that new transactions should offer more.
    #[must_use]
    pub fn is_tight(&self, base_fee_wei: u64) -> bool {
        u128::from(base_fee_wei) * 2 + self.tip_wei > self.cap_wei
    }
}

/// A transaction ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedTransaction {
    /// Place among the sender's transactions.
    pub nonce: u64,
    /// Its hash, by which blocks name it.
    pub hash: B256,
    /// EIP-2718 bytes.
    pub raw: Box<[u8]>,
}

/// Everything that transactions have in common. A sender's nonce determines the rest, so that a lost transaction
/// can be made again, byte for byte (L8).
#[derive(Debug, Clone)]
pub struct Template {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// What is paid for gas.
    pub fees: Fees,
    /// The ERC-20 to transfer, or none: plain transfers.
    pub token: Option<Address>,
    /// Who receives.
    pub recipients: Vec<Address>,
}

impl Template {
    /// Gas limit of one transaction of this kind.
    #[must_use]
    pub const fn gas(kind: Kind) -> u64 {
        match kind {
            Kind::Transfer => TRANSFER_GAS,
            Kind::Erc20 => TOKEN_GAS,
        }
    }

    /// The transaction of sender number `sender` with this nonce, signed with the key of `account`.
    #[must_use]
    pub fn sign(&self, account: &Account, sender: u32, nonce: u64) -> SignedTransaction {
        let recipient = self.recipient(sender, nonce);
        let (kind, to, value, input) = match self.token {
            None => (Kind::Transfer, recipient, U256::ONE, Bytes::new()),
            Some(token) => {
                let call = Erc20::transferCall { to: recipient, value: U256::ONE };
                (Kind::Erc20, token, U256::ZERO, call.abi_encode().into())
            }
        };
        self.seal(account, Draft { nonce, gas: Self::gas(kind), to: TxKind::Call(to), value, input })
    }

    /// Signs any transaction at this template's fees.
    #[must_use]
    pub fn seal(&self, account: &Account, draft: Draft) -> SignedTransaction {
        let transaction = TxEip1559 {
            chain_id: self.chain_id,
            nonce: draft.nonce,
            gas_limit: draft.gas,
            max_fee_per_gas: self.fees.cap_wei,
            max_priority_fee_per_gas: self.fees.tip_wei,
            to: draft.to,
            value: draft.value,
            access_list: AccessList::default(),
            input: draft.input,
        };
        let signature = sign_message(account.secret, transaction.signature_hash())
            .expect("the account was made from this key, so it is in range");
        let signed = transaction.into_signed(signature);
        let mut raw = Vec::with_capacity(signed.eip2718_encoded_length());
        signed.eip2718_encode(&mut raw);
        SignedTransaction { nonce: draft.nonce, hash: *signed.hash(), raw: raw.into_boxed_slice() }
    }

    /// Recipients are spread evenly, and the same for the same sender and nonce.
    fn recipient(&self, sender: u32, nonce: u64) -> Address {
        let count = u64::try_from(self.recipients.len()).unwrap_or(u64::MAX);
        assert!(count > 0, "a template has at least one recipient");
        let place = mixed((u64::from(sender) << 40) ^ nonce) % count;
        usize::try_from(place).ok().and_then(|place| self.recipients.get(place)).copied().unwrap_or_default()
    }
}

/// The free fields of a transaction.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Place among the sender's transactions.
    pub nonce: u64,
    /// Gas limit.
    pub gas: u64,
    /// Callee, or creation.
    pub to: TxKind,
    /// Wei sent along.
    pub value: U256,
    /// Call data or creation code.
    pub input: Bytes,
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): every input bit moves every output bit.
const fn mixed(mut word: u64) -> u64 {
    word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Signs the next `each` transactions of every sender before the start, on all cores, so that signing takes no time
/// from the nodes while they are measured (L4). `next` holds the senders' first nonces.
#[must_use]
pub fn sign_ahead(
    template: &Template,
    accounts: &[Account],
    next: &[u64],
    each: u64,
) -> Vec<VecDeque<SignedTransaction>> {
    assert!(accounts.len() == next.len(), "one nonce a sender");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = accounts.len().div_ceil(threads).max(1);
    let sign_some = |first: usize| {
        let some = accounts.iter().zip(next).enumerate().skip(first).take(share);
        some.map(|(sender, (account, &nonce))| {
            let sender = u32::try_from(sender).unwrap_or(u32::MAX);
            (nonce..nonce.saturating_add(each)).map(|nonce| template.sign(account, sender, nonce)).collect()
        })
        .collect::<Vec<VecDeque<_>>>()
    };
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..accounts.len()).step_by(share).map(|first| scope.spawn(move || sign_some(first))).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("signing does not panic")).collect()
    })
}
