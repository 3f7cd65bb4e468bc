//! What an entry of the inbox holds: final batches, and what proves that they are final (rules P1 to P4).
//!
//! | part | what |
//! |---|---|
//! | 1 byte | version of the format, 1 |
//! | 1 byte | 0: the stream follows; 1: the hashes of the L1 transactions that carry it follow, 32 bytes each |
//! | the rest | the stream, or the hashes |
//!
//! The stream is the content, compressed with brotli. One that is longer than a payload stands in the calldata of other
//! L1 transactions, in parts, whose sender and recipient mean nothing; only a batch that alone is too long needs them.
//!
//! The content is one RLP list of four:
//!
//! | item | what |
//! |---|---|
//! | list | headers; zero is what is known (parent hash, number), computed (transactions root) or next (state root) |
//! | bytes | the state roots, 32 bytes each: apart, because they alone do not compress |
//! | list | the bodies, each a string: an RLP list of EIP-2718 transactions |
//! | bytes | the finalization of the last batch as a wire message, or nothing where a later entry's proves it |

use std::io::{Read as _, Write as _};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use alloy_rlp::{Decodable as _, Encodable as _};
use rota_proto::{BatchBody, BatchHeader, BodyError, Certificate, HeaderError, Message, VoteKind};
use rota_staking::bindings::{IRotaInbox::Entry, MAX_ENTRY_BATCHES, MAX_PAYLOAD_BYTES};

/// The version that a payload begins with.
pub const VERSION: u8 = 1;

/// The second byte of a payload that holds its stream.
const WHOLE: u8 = 0;

/// The second byte of a payload that names the transactions that carry its stream.
const IN_PARTS: u8 = 1;

/// Bytes of a stream that one payload holds, after version and kind.
pub const STREAM_BYTES_MAX: usize = MAX_PAYLOAD_BYTES - 2;

/// Bytes of a part of a longer stream: as much as nodes relay, with a margin for the transaction around it.
pub const PART_BYTES: usize = MAX_PAYLOAD_BYTES;

/// Most parts of a stream: the longest content, if nothing in it compresses.
pub const PARTS_MAX: usize = CONTENT_BYTES_MAX / PART_BYTES + 2;

/// Bytes of a content: 4,096 headers of at most 730 bytes and their roots are 3.2 MB, and leave as much for bodies. It
/// bounds what a reader's memory meets, whoever posted (rule P2).
pub const CONTENT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Brotli's quality. 1,200 transfers come to 102,837 bytes with 5 in 10 ms, with 9 to 25 bytes less in 47 ms.
const QUALITY: u32 = 5;

/// Brotli's window as a power of two: 4 MiB, so that the first header helps the last.
const WINDOW: u32 = 22;

/// The low seven bits that a stream with a large window begins with, an extension that nobody here writes: its reader
/// allocates up to a GiB before the first byte comes out. Without it a window has at most 16 MiB.
const LARGE_WINDOW: u8 = 0x11;

/// Why a payload is not what its entry says. Whoever posted it is at fault, or the reader too old.
#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    /// There is nothing.
    #[error("the payload is empty")]
    Empty,
    /// A format this program does not know.
    #[error("the payload has version {0}; this program knows version {VERSION}: use a newer one")]
    Version(u8),
    /// Neither a stream nor a list of parts.
    #[error("the payload has kind {0}, and is neither a stream (0) nor 1 to {PARTS_MAX} hashes of parts (1)")]
    Kind(u8),
    /// It does not decompress, or to too much.
    #[error("the stream does not decompress to at most {CONTENT_BYTES_MAX} bytes: {0}")]
    Compression(String),
    /// The content is no RLP of the form above.
    #[error("the content is malformed: {0}")]
    Content(String),
    /// Other heights than the entry names.
    #[error("the payload has {batches} batches, the entry heights {first} to {last}")]
    Count {
        /// Batches in the payload.
        batches: usize,
        /// The entry's first height.
        first: u64,
        /// The entry's last height.
        last: u64,
    },
    /// A header cannot be restored.
    #[error("batch {height}: {error}")]
    Header {
        /// The height.
        height: u64,
        /// Why.
        error: HeaderError,
    },
    /// A body is none.
    #[error("batch {height}: {error}")]
    Body {
        /// The height.
        height: u64,
        /// Why.
        error: BodyError,
    },
    /// The batches do not lead from the parent to the hash that the entry names.
    #[error("the batches lead to {found}, the entry names {named}")]
    LastBatch {
        /// The hash they lead to.
        found: B256,
        /// The entry's.
        named: B256,
    },
    /// The finalization is none, or of another batch.
    #[error("the finalization is not one of batch {0}")]
    Finalization(B256),
}

/// A payload, read as far as version and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// It holds its stream.
    Whole(Bytes),
    /// These L1 transactions carry its stream, in this order.
    InParts(Vec<B256>),
}

impl Payload {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`PayloadError::Empty`], [`PayloadError::Version`] or [`PayloadError::Kind`].
    pub fn read(payload: &Bytes) -> Result<Self, PayloadError> {
        match payload.as_ref() {
            [] => Err(PayloadError::Empty),
            [VERSION, WHOLE, ..] => Ok(Self::Whole(payload.slice(2..))),
            [VERSION, IN_PARTS, hashes @ ..] => match hashes.as_chunks::<32>() {
                (parts, []) if (1..=PARTS_MAX).contains(&parts.len()) => {
                    Ok(Self::InParts(parts.iter().map(B256::from).collect()))
                }
                _ => Err(PayloadError::Kind(IN_PARTS)),
            },
            [VERSION, rest @ ..] => Err(PayloadError::Kind(rest.first().copied().unwrap_or(u8::MAX))),
            [version, ..] => Err(PayloadError::Version(*version)),
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        match self {
            Self::Whole(stream) => [&[VERSION, WHOLE], stream.as_ref()].concat().into(),
            Self::InParts(hashes) => {
                let mut bytes = vec![VERSION, IN_PARTS];
                hashes.iter().for_each(|hash| bytes.extend_from_slice(hash.as_slice()));
                bytes.into()
            }
        }
    }
}

/// The batches of an entry, linked from the parent to the hash that the entry names; their finalization is not
/// verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Headers and bodies (RLP), in rising order.
    pub batches: Vec<(BatchHeader, Bytes)>,
    /// The finalization of the last.
    pub finalization: Option<Certificate>,
}

/// A content under construction. It can be cut to its first batches, so that a poster can try how many fit.
#[derive(Debug, Default)]
pub struct Content {
    headers: Vec<u8>,
    roots: Vec<u8>,
    bodies: Vec<u8>,
    /// Where each batch ends in `headers` and `bodies`.
    ends: Vec<(usize, usize)>,
}

impl Content {
    /// Adds the next batch.
    pub fn push(&mut self, header: &BatchHeader, body: &Bytes) {
        let stripped = Header {
            parent_hash: B256::ZERO,
            number: 0,
            transactions_root: B256::ZERO,
            state_root: B256::ZERO,
            ..header.header().clone()
        };
        stripped.encode(&mut self.headers);
        self.roots.extend_from_slice(header.header().state_root.as_slice());
        body.encode(&mut self.bodies);
        self.ends.push((self.headers.len(), self.bodies.len()));
    }

    /// How many batches it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Its bytes before compression, but for a finalization.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.headers.len() + self.roots.len() + self.bodies.len()
    }

    /// The stream of the first `count` batches.
    ///
    /// # Panics
    /// If it holds fewer than `count`, or none are asked for.
    #[must_use]
    pub fn stream(&self, count: usize, finalization: Option<&Certificate>) -> Bytes {
        let end = count.checked_sub(1).and_then(|last| self.ends.get(last));
        let (headers, bodies) = end.copied().unwrap_or_else(|| unreachable!("{count} of {} batches", self.len()));
        let finalization = finalization.map(|certificate| Message::Certificate(certificate.clone()).encode());
        let mut items = Vec::with_capacity(headers + bodies + 32 * count + 64);
        list(self.headers.get(..headers).unwrap_or_default(), &mut items);
        self.roots.get(..32 * count).unwrap_or_default().encode(&mut items);
        list(self.bodies.get(..bodies).unwrap_or_default(), &mut items);
        finalization.unwrap_or_default().as_slice().encode(&mut items);
        let mut content = Vec::with_capacity(items.len() + 8);
        list(&items, &mut content);
        compress(&content)
    }
}

impl Posting {
    /// Opens the stream of an entry whose first batch stands on `parent`.
    ///
    /// # Errors
    /// [`PayloadError`] names the first thing that is wrong.
    pub fn open(entry: &Entry, stream: &[u8], parent: B256) -> Result<Self, PayloadError> {
        let content = decompress(stream)?;
        let (first, last) = (entry.firstHeight, entry.lastHeight);
        let count = last.checked_sub(first).map_or(0, |more| more.saturating_add(1));
        let parts = Parts::read(&content).map_err(|error| PayloadError::Content(error.to_string()))?;
        let batches = parts.roots.len() / 32;
        let fits = u64::try_from(batches).ok() == Some(count) && count <= MAX_ENTRY_BATCHES;
        if !parts.roots.len().is_multiple_of(32) || !fits {
            return Err(PayloadError::Count { batches, first, last });
        }
        let batches = parts.batches(first, parent)?;
        let found = batches.last().map_or(parent, |(header, _)| header.hash());
        if found != entry.lastBatchHash {
            return Err(PayloadError::LastBatch { found, named: entry.lastBatchHash });
        }
        Ok(Self { batches, finalization: finalization(parts.finalization, found)? })
    }
}

/// The items of a content.
struct Parts<'a> {
    headers: &'a [u8],
    roots: &'a [u8],
    bodies: &'a [u8],
    finalization: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(mut content: &'a [u8]) -> Result<Self, alloy_rlp::Error> {
        let mut items = alloy_rlp::Header::decode_bytes(&mut content, true)?;
        let parts = Self {
            headers: alloy_rlp::Header::decode_bytes(&mut items, true)?,
            roots: alloy_rlp::Header::decode_bytes(&mut items, false)?,
            bodies: alloy_rlp::Header::decode_bytes(&mut items, true)?,
            finalization: alloy_rlp::Header::decode_bytes(&mut items, false)?,
        };
        if content.is_empty() && items.is_empty() { Ok(parts) } else { Err(alloy_rlp::Error::Custom("bytes follow")) }
    }

    /// One batch for each state root, each on the one before it.
    fn batches(&self, first: u64, parent: B256) -> Result<Vec<(BatchHeader, Bytes)>, PayloadError> {
        let (mut headers, mut bodies, mut parent) = (self.headers, self.bodies, parent);
        let (roots, _) = self.roots.as_chunks::<32>();
        let mut batches = Vec::with_capacity(roots.len());
        for (height, root) in (first..=u64::MAX).zip(roots) {
            let malformed = |error: alloy_rlp::Error| PayloadError::Content(format!("batch {height}: {error}"));
            let stripped = Header::decode(&mut headers).map_err(malformed)?;
            let body: Bytes = Bytes::decode(&mut bodies).map_err(malformed)?;
            let header = restore(stripped, height, parent, root, &body)?;
            parent = header.hash();
            batches.push((header, body));
        }
        match headers.len() + bodies.len() {
            0 => Ok(batches),
            more => Err(PayloadError::Content(format!("{more} bytes of headers and bodies have no state root"))),
        }
    }
}

/// The header as it was; the fields that were left out must be zero, so that there is one way to write it.
fn restore(
    stripped: Header,
    height: u64,
    parent: B256,
    state_root: &[u8; 32],
    body: &Bytes,
) -> Result<BatchHeader, PayloadError> {
    let left_out = [stripped.parent_hash, stripped.transactions_root, stripped.state_root];
    if stripped.number != 0 || left_out.iter().any(|hash| !hash.is_zero()) {
        return Err(PayloadError::Content(format!("batch {height}: a field that is left out is not zero")));
    }
    let transactions_root = BatchBody::decode(body).map_err(|error| PayloadError::Body { height, error })?.root();
    let header =
        Header { parent_hash: parent, number: height, transactions_root, state_root: state_root.into(), ..stripped };
    BatchHeader::new(header).map_err(|error| PayloadError::Header { height, error })
}

fn finalization(bytes: &[u8], batch: B256) -> Result<Option<Certificate>, PayloadError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    match Message::decode(bytes) {
        Ok(Message::Certificate(certificate))
            if certificate.vote.kind == VoteKind::Finalize && certificate.vote.batch == batch =>
        {
            Ok(Some(certificate))
        }
        Ok(_) | Err(_) => Err(PayloadError::Finalization(batch)),
    }
}

fn list(items: &[u8], out: &mut Vec<u8>) {
    alloy_rlp::Header { list: true, payload_length: items.len() }.encode(out);
    out.extend_from_slice(items);
}

fn compress(content: &[u8]) -> Bytes {
    let stream = Vec::with_capacity(content.len() / 2 + 64);
    let mut writer = brotli::CompressorWriter::new(stream, 4_096, QUALITY, WINDOW);
    // Memory takes what it is given.
    let written = writer.write_all(content);
    assert!(written.is_ok(), "writing to memory does not fail");
    writer.into_inner().into()
}

/// Rule P2: what comes out is bounded before it is stored, whatever goes in.
fn decompress(stream: &[u8]) -> Result<Vec<u8>, PayloadError> {
    if stream.first().is_some_and(|first| first & 0x7f == LARGE_WINDOW) {
        return Err(PayloadError::Compression("its window is too large".into()));
    }
    let mut content = Vec::new();
    let limit = u64::try_from(CONTENT_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let read = brotli::Decompressor::new(stream, 4_096).take(limit).read_to_end(&mut content);
    match read {
        Ok(_) if content.len() <= CONTENT_BYTES_MAX => Ok(content),
        Ok(_) => Err(PayloadError::Compression("there is more".into())),
        Err(error) => Err(PayloadError::Compression(error.to_string())),
    }
}
