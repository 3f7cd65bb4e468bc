//! The journal of local transactions on the disk: a restart keeps what users of this node sent.

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
        Ok((Self { path: path.to_path_buf(), file, records: journal.records }, journal.transactions))
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

    fn rotate(&mut self, pool: &Mempool) -> io::Result<()> {
        let records: Vec<JournalRecord> = pool.journal().collect();
        let beside = self.path.with_extension("new");
        self.file = OpenOptions::new().create(true).write(true).truncate(true).open(&beside)?;
        self.records = 0;
        self.write(&records)?;
        fs::rename(&beside, &self.path)
    }

    fn write(&mut self, records: &[JournalRecord]) -> io::Result<()> {
        let bytes: Vec<u8> = records.iter().flat_map(JournalRecord::encode).collect();
        self.records += records.len();
        self.file.write_all(&bytes)
    }
}
