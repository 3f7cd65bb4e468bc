//! The journal of local transactions on the disk: a restart keeps what users of this node sent. It is not synced, for a
//! sync for each of thousands of transactions a second costs more than they do: a crash of the process loses nothing,
//! a loss of power the last seconds.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
};

use alloy_primitives::Bytes;
use rota_mempool::{Journal, JournalRecord, Mempool, journal_is_worth_rotating};

/// The open journal. Failing to write it costs a restart its local transactions, nothing more: it is logged.
#[derive(Debug)]
pub struct JournalFile {
    path: PathBuf,
    file: File,
    records: usize,
    /// Bytes of whole records.
    length: u64,
}

impl JournalFile {
    /// Opens a journal, or begins one, and gives the transactions in it; a torn tail is cut.
    ///
    /// # Errors
    /// What the disk says, or that the file is no journal.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<Bytes>)> {
        let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let journal = Journal::read(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if journal.torn_bytes > 0 {
            tracing::warn!(path = %path.display(), bytes = journal.torn_bytes, "the journal's torn tail is cut");
        }
        let intact = u64::try_from(journal.intact_bytes).unwrap_or(u64::MAX);
        file.set_len(intact)?;
        file.seek(SeekFrom::Start(intact))?;
        let path = path.to_path_buf();
        Ok((Self { path, file, records: journal.records, length: intact }, journal.transactions))
    }

    /// Appends records, and writes the journal anew once most of it is of the past.
    pub fn append(&mut self, records: &[JournalRecord], pool: &Mempool) {
        let result = if journal_is_worth_rotating(self.records + records.len(), pool.locals()) {
            self.rotate(pool)
        } else {
            self.write(records)
        };
        if let Err(error) = result {
            tracing::warn!(path = %self.path.display(), %error, "the journal of local transactions failed");
        }
    }

    /// The new file takes the old one's place once it is whole.
    fn rotate(&mut self, pool: &Mempool) -> io::Result<()> {
        let records: Vec<JournalRecord> = pool.journal().collect();
        let path = self.path.with_extension("new");
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(&path)?;
        let mut rotated = Self { path, file, records: 0, length: 0 };
        rotated.write(&records)?;
        rotated.file.sync_data()?;
        fs::rename(&rotated.path, &self.path)?;
        *self = Self { path: std::mem::take(&mut self.path), ..rotated };
        Ok(())
    }

    /// What a failed write left is cut off: nothing that follows it could be read.
    fn write(&mut self, records: &[JournalRecord]) -> io::Result<()> {
        let bytes: Vec<u8> = records.iter().flat_map(JournalRecord::encode).collect();
        if let Err(error) = self.file.write_all(&bytes) {
            self.file.set_len(self.length)?;
            self.file.seek(SeekFrom::Start(self.length))?;
            return Err(error);
        }
        self.records += records.len();
        self.length += bytes.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
#[path = "tests/journal.rs"]
mod tests;
