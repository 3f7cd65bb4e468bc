//! Every limit of this crate, with where its number comes from.

use rota_proto::limits::VOTES_PER_ANSWER_MAX;

/// Rounds in a safety record (rule G8): the views for which a starting validator can be told its own votes, at most
/// three a view. Above the last final round there are two or three while the network runs.
pub const ROUNDS_MAX: usize = VOTES_PER_ANSWER_MAX / 3;

/// Bytes of an encoded safety record: a frame of 115 bytes and, for each round, 17 bytes, two votes with a batch and
/// a signature (nullify and finalize exclude each other).
pub const RECORD_BYTES_MAX: usize = 115 + ROUNDS_MAX * (17 + 2 * 96);

/// Attestations of one kind that a record keeps (rule G16): periods are attested one after the other, and more than a
/// few are never open at a time.
pub const ATTESTATIONS_KEPT: usize = 64;

/// Bytes of a safety record as text: its fields, and 64 rounds with two batches, each a line by itself; twice over, for
/// whoever spaces it in another way.
pub const RECORD_TEXT_BYTES_MAX: usize = 2 * (1024 + ROUNDS_MAX * 320);

/// Bytes of each of the two slots of a guard file: the largest record and its frame in whole pages of 4 KiB.
pub const SLOT_BYTES: usize = 16 * 1024;

/// Epochs whose votes the slasher holds, the current one included (rule S5): one before it, because a vote may be
/// late over the change of an epoch, and an epoch lasts for minutes or hours.
pub const SLASHER_EPOCHS: usize = 2;

/// Rounds below the last final one for which the slasher keeps votes, unless `network.toml` says otherwise: at ten
/// views a second, 25 s for a late vote to arrive; with 128 validators and 64 views ahead, 22 MB of votes.
pub const RETENTION: u64 = 256;

/// L1 blocks that a leader's or a voter's look at an origin can reach back to (rule R6): 13.6 hours of 12-second
/// blocks, above the oldest origin that a batch may name (`max_origin_age`, 12 h).
pub const ORIGINS_KEPT: u64 = 4096;

/// Sets kept ready to use; older ones are put together again when asked for. The current epoch, the one before
/// it, whose late votes still count, the next, and one to spare.
pub const SETS_READY: u64 = 4;

/// Epochs of which the block that seeds the leader draw is remembered (rule R5): an epoch is left open no longer
/// than `max_epoch_lag`, which is far below.
pub const SEEDS_KEPT: usize = 1024;

/// Epochs from a change on L1 to its effect, as in the contract (rule R3).
pub const LAG_EPOCHS: u64 = 2;

/// Skipped views whose leaders are counted between two batches (rule P1): with timers of a second an outage of more
/// than a quarter of an hour, in which who led what tells little.
pub const SKIPPED_VIEWS_COUNTED: u64 = 1024;

const _: () = assert!(RECORD_BYTES_MAX + 52 <= SLOT_BYTES, "a slot holds the largest record and its frame");
