//! Every limit of the wire, with where its number comes from.

/// Bytes of a batch body: at 250-byte transactions, a 30 M gas batch of transfers (1,428) is 0.4 MB; calldata at
/// 10 gas a byte fills the gas limit at 3 MB.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Transactions in a body: no signed one has fewer than 64 bytes. Without it, 4 MiB of empty strings would take
/// 128 MiB.
pub const TRANSACTIONS_PER_BODY_MAX: usize = BODY_BYTES_MAX / 64;

/// Bytes of one transaction, as geth's pool takes them (four slots of 32 KiB).
pub const TRANSACTION_BYTES_MAX: usize = 128 * 1024;

/// Transactions in one gossip message: one message a few milliseconds carries a node's whole intake.
pub const TRANSACTIONS_PER_MESSAGE_MAX: usize = 1_024;

/// Bytes of one gossip message of transactions.
pub const TRANSACTIONS_BYTES_MAX: usize = 1024 * 1024;

/// Bytes of an RLP batch header: a Prague header has at most 730.
pub const HEADER_BYTES_MAX: usize = 1_024;

/// Nullifications that a proposal carries; a voter fetches older ones that it lacks. Leaders that fail this often
/// in a row are rare, and 16 certificates of 128 signatures are 132 KB.
pub const NULLIFICATIONS_PER_PROPOSAL_MAX: usize = 16;

/// Bytes of a vote: 3 numbers, a kind, a hash, a place and a signature come to at most 140.
pub const VOTE_BYTES_MAX: usize = 192;

/// Bytes of evidence: two votes, each with its key and length.
pub const EVIDENCE_BYTES_MAX: usize = 2 * VOTE_BYTES_MAX;

/// Bytes of an attestation: a signature of 256, a hash of 32, numbers.
pub const ATTESTATION_BYTES_MAX: usize = 384;

/// Bytes of a certificate: 128 signatures of 66 bytes, a bitmap, a vote.
pub const CERTIFICATE_BYTES_MAX: usize = 9 * 1024;

/// Bytes of a proposal: header, vote and [`NULLIFICATIONS_PER_PROPOSAL_MAX`] + 1 certificates.
pub const PROPOSAL_BYTES_MAX: usize = HEADER_BYTES_MAX + (NULLIFICATIONS_PER_PROPOSAL_MAX + 2) * CERTIFICATE_BYTES_MAX;

/// Bytes of a request: hashes and numbers only.
pub const REQUEST_BYTES_MAX: usize = 256;

/// Votes in an answer to a starting validator: its votes (at most 3 a view) in the live views.
pub const VOTES_PER_ANSWER_MAX: usize = 192;

/// Batches in one catch-up answer: half of what execution keeps unfinal.
pub const BATCHES_PER_ANSWER_MAX: usize = 64;

/// Bytes of one catch-up answer: at least one batch of the largest size fits, with its certificate.
pub const ANSWER_BYTES_MAX: usize = BODY_BYTES_MAX + PROPOSAL_BYTES_MAX + 1024 * 1024;

/// The shortest epoch in L1 blocks, as in the contract: the middle block is neither the first nor the last.
pub const EPOCH_LENGTH_MIN: u64 = 4;

/// The longest epoch in L1 blocks, as in the contract: a day of 12-second blocks.
pub const EPOCH_LENGTH_MAX: u64 = 7200;
