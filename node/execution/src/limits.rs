//! Every limit of execution, with where its number comes from.

/// How far unfinal batches may reach above the last final one. Finality trails by two or three batches; 128 rides
/// out 12 s of notarizations without a finalization at the fastest pace, and holds well under 100 MB of diffs of
/// ordinary batches.
pub const UNFINAL_DEPTH_MAX: u64 = 128;

/// Unfinal batches in all, branches included: twice the depth. A view leaves at most one batch behind, and what nobody
/// certified is forgotten after some views.
pub const UNFINAL_BATCHES_MAX: usize = 256;

/// Trie nodes kept decoded across batches: at about 400 bytes each (a branch takes 700, a leaf 200), 52 MB. The
/// paths to 10,000 busy accounts among 100,000 take 30,000.
pub const TRIE_NODES_MAX: usize = 1 << 17;

/// Heights that the window of decoded trie nodes looks back over; it only bounds the bookkeeping.
pub const TRIE_WINDOW_MAX: usize = 1_024;

/// Bytes of analysed contract code kept across batches: 340 contracts of the largest size that EIP-170 allows.
pub const CODE_CACHE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bytes that each code in the cache takes beside its own: the hash in the map and in the queue, the analysis, and the
/// heads of three allocations. Codes of three bytes are as many as someone makes.
pub const CODE_CACHE_ENTRY_BYTES: usize = 400;

/// The largest gas limit a genesis may name: a batch of it takes about two seconds of pure computation.
pub const GAS_LIMIT_MAX: u64 = 1_000_000_000;

/// The smallest gas limit a genesis may name, that of EIP-1559's predecessors (`MinGasLimit`).
pub const GAS_LIMIT_MIN: u64 = 5_000;

/// The largest base fee a genesis may name, 1 ether per gas: the product with any gas limit stays far inside u128.
pub const BASE_FEE_MAX: u64 = 1_000_000_000_000_000_000;

/// Bits of all balances of a genesis together: fees and values are multiplied in u128 by the EVM.
pub const SUPPLY_BITS_MAX: usize = 120;

/// Senders whose next transaction is passed over for room before a batch is closed, once room is scarce: what is left
/// then fits nobody. Before, a gas limit that is not used costs nothing, and 256 accounts that name the whole batch's
/// would keep all others out; each costs the builder a microsecond, and the pool offers a few thousand.
pub const MISFITS_MAX: usize = 256;

/// Room is scarce when less than one part of so many is left of a batch's gas or bytes.
pub const SCARCE_SHARE: u8 = 8;

/// The gas of the cheapest transaction; with less left, a batch is full.
pub const TRANSACTION_GAS_MIN: u64 = 21_000;
