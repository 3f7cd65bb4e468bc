//! The change log: what final batches changed in the state, durable at once and until the tree has it.
//!
//! A segment is a file of records, one a commit:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | length of what follows the checksum, big-endian |
//! | 4 | 4 | CRC-32 of what follows |
//! | 8 | 8 | height of the commit before |
//! | 16 | 8 | height of this commit |
//! | 24 | | keys and values, each after its length in 4 bytes; a length of 2^32 - 1 and no bytes for what is removed |

use std::{
    fs::{self, File, OpenOptions},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use alloy_primitives::Bytes;

use super::{StoreError, codec::damaged};

/// Keys of the state tree with what they are now; none where one is removed.
pub(super) type StateRecords = Vec<(Vec<u8>, Option<Bytes>)>;

/// What the changes of one commit are, in the log.
pub(super) struct Commit {
    pub(super) after: u64,
    pub(super) height: u64,
    pub(super) records: StateRecords,
}

const HEAD_BYTES: usize = 8;
const REMOVED: u32 = u32::MAX;

/// The log of one store. Its last segment grows.
#[derive(Debug)]
pub(super) struct ChangeLog {
    segments: Segments,
    file: File,
    /// Durable bytes of the last segment.
    length: u64,
}

impl ChangeLog {
    /// Opens the log in a folder: with the commits above `settled` up to `head`, which it must have without a gap. A
    /// record above `head` is of a commit that did not happen, and goes.
    pub(super) fn open(folder: &Path, settled: u64, head: u64) -> Result<(Self, Vec<Commit>), StoreError> {
        fs::create_dir_all(folder).map_err(log_error)?;
        let segments = Segments(folder.into());
        let paths = segments.paths().map_err(log_error)?;
        let segment = paths.last().cloned().unwrap_or_else(|| segment_path(folder, settled));
        let mut commits = Vec::new();
        let mut at = settled;
        let mut length = 0;
        for path in &paths {
            let bytes = fs::read(path).map_err(log_error)?;
            length = 0;
            while let Some((commit, end)) = record_at(&bytes, length) {
                if commit.height > head {
                    break;
                }
                length = end;
                if commit.height > settled {
                    if commit.after != at {
                        return Err(damaged("the change log", format!("no record after height {at}")));
                    }
                    at = commit.height;
                    commits.push(commit);
                }
            }
        }
        if at < head {
            return Err(damaged("the change log", format!("no record after height {at}, the head is {head}")));
        }
        let length = u64::try_from(length).map_err(|error| damaged("the change log", error))?;
        let file = open_segment(folder, &segment, length).map_err(log_error)?;
        Ok((Self { segments, file, length }, commits))
    }

    /// Makes the changes of a commit durable. What failed is cut off, so that the next try begins at the same place.
    pub(super) fn append(&mut self, after: u64, height: u64, records: &StateRecords) -> Result<(), StoreError> {
        let record = encode(after, height, records)?;
        let written = self.file.write_all(&record).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            self.file.set_len(self.length).map_err(log_error)?;
            self.file.seek(SeekFrom::Start(self.length)).map_err(log_error)?;
            return Err(log_error(error));
        }
        self.length += record.len() as u64;
        Ok(())
    }

    /// Begins a new segment for what comes after `height`.
    pub(super) fn begin_segment(&mut self, height: u64) -> Result<(), StoreError> {
        let segment = segment_path(self.segments.folder(), height);
        self.file = open_segment(self.segments.folder(), &segment, 0).map_err(log_error)?;
        self.length = 0;
        Ok(())
    }

    /// Its files, for whoever settles what they hold.
    pub(super) fn segments(&self) -> Segments {
        self.segments.clone()
    }
}

/// The folder of a log's segments, each named by the height after which it begins.
#[derive(Clone, Debug)]
pub(super) struct Segments(PathBuf);

impl Segments {
    fn folder(&self) -> &Path {
        &self.0
    }

    /// The paths of all, rising.
    fn paths(&self) -> std::io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.0)?;
        let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
        paths.sort();
        Ok(paths)
    }

    /// Removes what is settled up to a height: every segment before the one that begins there, also those that an
    /// earlier settling left when it was killed.
    pub(super) fn remove_below(&self, height: u64) -> Result<(), StoreError> {
        let next = segment_path(&self.0, height);
        let mut settled = self.paths().map_err(log_error)?.into_iter().filter(|path| *path < next);
        settled.try_for_each(fs::remove_file).map_err(log_error)
    }
}

fn segment_path(folder: &Path, after: u64) -> PathBuf {
    folder.join(format!("after-{after:020}"))
}

fn open_segment(folder: &Path, path: &Path, length: u64) -> std::io::Result<File> {
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    file.set_len(length)?;
    file.seek(SeekFrom::Start(length))?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

pub(super) fn encode(after: u64, height: u64, records: &StateRecords) -> Result<Vec<u8>, StoreError> {
    let mut body = [after.to_be_bytes(), height.to_be_bytes()].concat();
    for (key, value) in records {
        body.extend_from_slice(&length_of(key)?);
        body.extend_from_slice(key);
        match value {
            None => body.extend_from_slice(&REMOVED.to_be_bytes()),
            Some(value) => {
                body.extend_from_slice(&length_of(value)?);
                body.extend_from_slice(value);
            }
        }
    }
    let mut record = Vec::with_capacity(HEAD_BYTES + body.len());
    record.extend_from_slice(&length_of(&body)?);
    record.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
    record.extend_from_slice(&body);
    Ok(record)
}

fn length_of(bytes: &[u8]) -> Result<[u8; 4], StoreError> {
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length < REMOVED);
    Ok(length.ok_or_else(|| damaged("the change log", "a record of 4 GiB"))?.to_be_bytes())
}

/// The record at an offset and where it ends; none if it is not whole, as after a crash while it was written.
pub(super) fn record_at(bytes: &[u8], offset: usize) -> Option<(Commit, usize)> {
    let mut input = bytes.get(offset..)?;
    let length = usize::try_from(number(&mut input)?).ok()?;
    let checksum = number(&mut input)?;
    let body = input.get(..length)?;
    if crc32fast::hash(body) != checksum {
        return None;
    }
    Some((decode(body)?, offset + HEAD_BYTES + length))
}

fn decode(mut body: &[u8]) -> Option<Commit> {
    let mut heights = [0; 16];
    body.read_exact(&mut heights).ok()?;
    let (after, height) = heights.split_first_chunk::<8>()?;
    let (after, height) = (u64::from_be_bytes(*after), u64::from_be_bytes(height.try_into().ok()?));
    let mut records = Vec::new();
    while !body.is_empty() {
        let length = number(&mut body)?;
        let key = take(&mut body, length)?.to_vec();
        let value = match number(&mut body)? {
            REMOVED => None,
            length => Some(Bytes::copy_from_slice(take(&mut body, length)?)),
        };
        records.push((key, value));
    }
    Some(Commit { after, height, records })
}

fn number(input: &mut &[u8]) -> Option<u32> {
    let (number, rest) = input.split_first_chunk::<4>()?;
    *input = rest;
    Some(u32::from_be_bytes(*number))
}

fn take<'a>(input: &mut &'a [u8], length: u32) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(usize::try_from(length).ok()?)?;
    *input = rest;
    Some(taken)
}

fn log_error(error: std::io::Error) -> StoreError {
    StoreError::ChangeLog(error)
}
