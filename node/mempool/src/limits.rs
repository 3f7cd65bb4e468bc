//! Every limit of the pool, with where its number comes from, and the chain's rules that it checks against.

/// Bytes of a slot, the unit in which the pool counts size (geth's): a transaction takes one slot for each begun
/// 32 KiB, so that a thousand small ones and a few large ones weigh what they cost.
pub const SLOT_BYTES: usize = 32 * 1024;

/// How far above the next nonce of its sender a transaction may lie: geth's queue holds 64 for an account.
pub const NONCE_GAP_MAX: u64 = 64;

/// By how many percent a replacement must raise both its fee cap and its tip (geth's default).
pub const REPLACEMENT_BUMP_PERCENT: u128 = 10;

/// Bytes of initcode (EIP-3860).
pub const INIT_CODE_BYTES_MAX: usize = 49_152;

/// Authorizations of one transaction (EIP-7702): each costs us a recovery, 40 us, before anyone has paid.
pub const AUTHORIZATIONS_MAX: usize = 64;

/// What an authorization takes in memory beyond its bytes: 160 decoded, and its entry in the index of those that bind
/// someone, 100, for some 70 encoded.
pub const AUTHORIZATION_OVERHEAD_BYTES: usize = 190;

/// What an item of an access list takes in memory beyond its bytes: 48 decoded, for 23 encoded. Keys take what they
/// have.
pub const ACCESS_LIST_ITEM_OVERHEAD_BYTES: usize = 25;

/// The part of a batch's gas above which a transaction is wide, and the part of the senders of an offer that may begin
/// with a wide one: an eighth each. Wide ones fit only as long as a batch is empty, and need not use their gas.
pub const WIDE_SHARE: u8 = 8;

/// For how many final batches a sender's queued transactions wait for the missing one without a sign of life of the
/// sender: an hour at ten batches a second. An idle network makes no batches, and then nothing presses them out.
pub const QUEUED_HEIGHTS_MAX: u64 = 36_000;

/// Accounts whose last change by a final batch is remembered: what was read from the state and handed to the pool may
/// be that old. At a few thousand a batch and ten batches a second it is some seconds, in about 8 MiB.
pub const RECENT_ACCOUNTS_MAX: usize = 64 * 1024;

/// What the chain's genesis fixes and every transaction must meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainRules {
    /// The chain id of the rollup (EIP-155).
    pub chain_id: u64,
    /// The gas limit of a batch.
    pub gas_limit: u64,
    /// The base fee never falls below this, in wei: who offers less can never be placed.
    pub base_fee_min: u64,
}

/// How much the pool holds. Local settings: two nodes may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MempoolLimits {
    /// Slots in all: at about 1 KiB of memory for a small transaction, 128 MiB.
    pub slots: usize,
    /// Bytes of transactions in all, as rule M8 counts them: with the slots, at most 256 MiB of memory.
    pub bytes: usize,
    /// Slots of one sender: a bot that sends 100 a second waits 2.5 s before it is refused, and to fill the pool
    /// takes 500 funded accounts.
    pub sender_slots: usize,
    /// Bytes of one sender: 8 transactions of the largest size.
    pub sender_bytes: usize,
    /// Slots that protect local transactions from remote ones. Half of the pool: a node whose RPC is open to all
    /// must not be closed to its peers by its own users.
    pub local_slots: usize,
    /// Notarized batches hidden at a time: several times what may be unfinal.
    pub hidden_batches: usize,
    /// Senders looked at for one batch, those with the highest tips: three times what a batch of 30 M gas holds, since
    /// the builder may pass many over; each costs 2 us, most of it the hash that breaks ties.
    pub offered_senders: usize,
}

impl Default for MempoolLimits {
    fn default() -> Self {
        Self {
            slots: 128 * 1024,
            bytes: 128 * 1024 * 1024,
            sender_slots: 256,
            sender_bytes: 1024 * 1024,
            local_slots: 64 * 1024,
            hidden_batches: 256,
            offered_senders: 4 * 1024,
        }
    }
}
