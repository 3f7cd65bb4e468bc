//! The header of a batch: a standard Prague header whose `extraData` carries Rota's own facts.

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{B256, Bytes, keccak256};
use alloy_rlp::{Decodable, Encodable};

use crate::{BatchBody, Epoch, Height, Round, Signers, View, limits::HEADER_BYTES_MAX};

/// Rota's facts in the `extraData` of a header (rule H2), 30 bytes, big-endian:
///
/// | offset | bytes | fact |
/// |---|---|---|
/// | 0 | 1 | version of the batch format, 1 |
/// | 1 | 4 | epoch |
/// | 5 | 5 | L1 origin: block number |
/// | 10 | 4 | view of the parent's notarization; 0 where the parent opens the epoch |
/// | 14 | 16 | signers of that notarization; 0 where the parent opens the epoch |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtraData {
    /// The epoch whose set votes on the batch.
    pub epoch: Epoch,
    /// The number of the L1 block the batch builds on.
    pub origin_number: u64,
    /// The view in which the parent was notarized.
    pub parent_view: View,
    /// Who notarized the parent there.
    pub parent_signers: Signers,
}

/// The version of the batch format that [`ExtraData`] starts with.
pub const BATCH_VERSION: u8 = 1;

/// The largest L1 block number that 5 bytes hold.
pub const ORIGIN_NUMBER_MAX: u64 = (1 << 40) - 1;

impl ExtraData {
    /// Its length in bytes.
    pub const LEN: usize = 30;

    /// The 30 bytes.
    ///
    /// # Panics
    /// If a number exceeds its field, which checked decoding and the limits of the counters exclude.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        assert!(self.epoch <= Epoch::MAX && self.parent_view <= View::MAX, "counters keep their limits");
        assert!(self.origin_number <= ORIGIN_NUMBER_MAX, "L1 block numbers fit 5 bytes");
        let mut bytes = Vec::with_capacity(Self::LEN);
        bytes.push(BATCH_VERSION);
        bytes.extend_from_slice(&self.epoch.0.to_be_bytes()[4..]);
        bytes.extend_from_slice(&self.origin_number.to_be_bytes()[3..]);
        bytes.extend_from_slice(&self.parent_view.0.to_be_bytes()[4..]);
        bytes.extend_from_slice(&self.parent_signers.0.to_be_bytes());
        bytes.into()
    }

    /// Reads the 30 bytes.
    ///
    /// # Errors
    /// [`HeaderError::ExtraDataLength`] or [`HeaderError::Version`].
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let bytes: &[u8; Self::LEN] = bytes.try_into().map_err(|_| HeaderError::ExtraDataLength(bytes.len()))?;
        let [version, rest @ ..] = bytes;
        if *version != BATCH_VERSION {
            return Err(HeaderError::Version(*version));
        }
        let number = |range: std::ops::Range<usize>| {
            rest.iter().take(range.end).skip(range.start).fold(0u128, |number, byte| number << 8 | u128::from(*byte))
        };
        let short = |range| u64::try_from(number(range)).unwrap_or(u64::MAX);
        Ok(Self {
            epoch: Epoch(short(0..4)),
            origin_number: short(4..9),
            parent_view: View(short(9..13)),
            parent_signers: Signers(number(13..29)),
        })
    }
}

/// Why bytes are no batch header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Longer than any header.
    #[error("a header of {0} bytes is above the limit of {HEADER_BYTES_MAX}")]
    TooLong(usize),
    /// Not the RLP of a header, or not its only encoding.
    #[error("a header is not canonical RLP: {0}")]
    Rlp(String),
    /// A field that Prague or Rota fixes holds something else, or is absent.
    #[error("header field {0} is not what a batch must have")]
    Fixed(&'static str),
    /// `extraData` has another length.
    #[error("extraData has {0} bytes instead of 30")]
    ExtraDataLength(usize),
    /// A batch format this program does not know.
    #[error("batch version {0} is not known here; version 1 is")]
    Version(u8),
    /// A height that no chain reaches.
    #[error("height {0} is above the limit")]
    Height(u64),
}

/// A batch header with its hash and its facts: well formed by itself, which says nothing about its truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchHeader {
    header: Header,
    extra: ExtraData,
    hash: B256,
}

impl BatchHeader {
    /// Checks the fields that do not depend on any state (rule H1) and hashes the header.
    ///
    /// # Errors
    /// [`HeaderError`] names the field.
    pub fn new(header: Header) -> Result<Self, HeaderError> {
        check_fixed_fields(&header)?;
        let extra = ExtraData::decode(&header.extra_data)?;
        let hash = header.hash_slow();
        Ok(Self { header, extra, hash })
    }

    /// Reads the RLP of a header and checks it as [`BatchHeader::new`] does.
    ///
    /// # Errors
    /// [`HeaderError`]; other bytes that decode to the same header are refused too.
    pub fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        if bytes.len() > HEADER_BYTES_MAX {
            return Err(HeaderError::TooLong(bytes.len()));
        }
        let mut rest = bytes;
        let header = Header::decode(&mut rest).map_err(|error| HeaderError::Rlp(error.to_string()))?;
        if !rest.is_empty() {
            return Err(HeaderError::Rlp(format!("{} bytes follow", rest.len())));
        }
        let this = Self::new(header)?;
        if keccak256(bytes) != this.hash {
            return Err(HeaderError::Rlp("another encoding of the same header".into()));
        }
        Ok(this)
    }

    /// The RLP whose keccak256 is [`hash`](Self::hash).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.header.length());
        self.header.encode(&mut bytes);
        bytes
    }

    /// What validators vote on: keccak256 of the header's RLP.
    #[must_use]
    pub const fn hash(&self) -> B256 {
        self.hash
    }

    /// The hash of the parent.
    #[must_use]
    pub const fn parent(&self) -> B256 {
        self.header.parent_hash
    }

    /// The height: the block number.
    #[must_use]
    pub const fn height(&self) -> Height {
        Height(self.header.number)
    }

    /// The epoch whose set votes on the batch.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.extra.epoch
    }

    /// The round in which the parent was notarized; view 0 where the parent opens the epoch.
    #[must_use]
    pub const fn parent_round(&self) -> Round {
        Round::new(self.extra.epoch, self.extra.parent_view)
    }

    /// Rota's own facts.
    #[must_use]
    pub const fn extra(&self) -> &ExtraData {
        &self.extra
    }

    /// The L1 block the batch builds on.
    #[must_use]
    pub fn origin(&self) -> L1Origin {
        let hash = self.header.parent_beacon_block_root.unwrap_or_default();
        L1Origin { number: self.extra.origin_number, hash }
    }

    /// Whether these are the RLP bytes of the body that it commits to by its transactions root.
    #[must_use]
    pub fn commits_to(&self, body: &[u8]) -> bool {
        BatchBody::decode(body).is_ok_and(|body| body.root() == self.header().transactions_root)
    }

    /// The whole header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }
}

/// An L1 block by number and hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct L1Origin {
    /// Its number.
    pub number: u64,
    /// Its hash; in a header, `parentBeaconBlockRoot`.
    pub hash: B256,
}

/// Rule H1: what every batch header has, whatever the state.
fn check_fixed_fields(header: &Header) -> Result<(), HeaderError> {
    let fixed = [
        ("ommersHash", header.ommers_hash == EMPTY_OMMER_ROOT_HASH),
        ("difficulty", header.difficulty.is_zero()),
        ("nonce", header.nonce.is_zero()),
        ("baseFeePerGas", header.base_fee_per_gas.is_some()),
        ("withdrawalsRoot", header.withdrawals_root == Some(EMPTY_WITHDRAWALS)),
        ("blobGasUsed", header.blob_gas_used == Some(0)),
        ("excessBlobGas", header.excess_blob_gas == Some(0)),
        ("parentBeaconBlockRoot", header.parent_beacon_block_root.is_some()),
        ("requestsHash", header.requests_hash == Some(EMPTY_REQUESTS_HASH)),
        ("blockAccessListHash", header.block_access_list_hash.is_none()),
        ("slotNumber", header.slot_number.is_none()),
        ("gasUsed", header.gas_used <= header.gas_limit),
    ];
    if let Some((name, _)) = fixed.iter().find(|(_, holds)| !holds) {
        return Err(HeaderError::Fixed(name));
    }
    if header.number > Height::MAX.0 {
        return Err(HeaderError::Height(header.number));
    }
    Ok(())
}
