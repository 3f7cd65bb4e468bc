//! M15 on a real file: what a restart finds in the journal of local transactions.

use eyre::Result;
use rota_mempool::{ChainRules, JOURNAL_DEAD_RECORDS_MAX, MempoolLimits};

use super::*;

fn pool() -> Mempool {
    Mempool::new(MempoolLimits::default(), ChainRules { chain_id: 7682, gas_limit: 30_000_000, base_fee_min: 1 })
}

fn added(byte: u8) -> JournalRecord {
    JournalRecord::Added(Bytes::from(vec![byte; 100]))
}

fn reopened(path: &Path) -> Result<Vec<Bytes>> {
    Ok(JournalFile::open(path)?.1)
}

#[test]
fn what_was_added_and_not_dropped_is_there_after_a_restart() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("journal");
    let (mut journal, none) = JournalFile::open(&path)?;
    assert!(none.is_empty());
    journal.append(&[added(1), added(2)], &pool());
    journal.append(&[JournalRecord::Dropped(alloy_primitives::keccak256([1; 100]))], &pool());
    assert_eq!(reopened(&path)?, [Bytes::from(vec![2; 100])]);
    Ok(())
}

#[test]
fn torn_tail_of_any_length_is_cut_and_what_follows_is_read() -> Result<()> {
    let whole = [added(1).encode(), added(2).encode()].concat();
    let first = added(1).encode().len();
    for cut in 0..whole.len() {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("journal");
        fs::write(&path, &whole[..cut])?;
        let (mut journal, found) = JournalFile::open(&path)?;
        assert_eq!(found.len(), cut / first, "cut at {cut}");
        journal.append(&[added(3)], &pool());
        assert_eq!(reopened(&path)?.last(), Some(&Bytes::from(vec![3; 100])), "cut at {cut}");
    }
    Ok(())
}

#[test]
fn journal_of_the_past_is_written_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("journal");
    let (mut journal, _) = JournalFile::open(&path)?;
    let gone = vec![JournalRecord::Dropped(Default::default()); JOURNAL_DEAD_RECORDS_MAX];
    journal.append(&gone, &pool());
    assert!(fs::metadata(&path)?.len() > 0, "at the limit it stays");
    journal.append(&gone[..1], &pool());
    assert_eq!(fs::metadata(&path)?.len(), 0, "one past it, the pool's local transactions are all of it");
    journal.append(&[added(3)], &pool());
    assert_eq!(reopened(&path)?, [Bytes::from(vec![3; 100])]);
    Ok(())
}
