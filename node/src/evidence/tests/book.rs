//! E1, E2: evidence on the disk.

use super::{
    super::piece::tests::{EPOCH, piece, validator},
    *,
};

fn open(folder: &tempfile::TempDir) -> EvidenceBook {
    EvidenceBook::open(&folder.path().join("evidence.json")).unwrap()
}

/// E1.
#[test]
fn what_is_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(&folder);
    assert_eq!(book.list(), []);
    assert_eq!(book.keep(piece(3)).unwrap(), Kept::New);
    assert_eq!(book.keep(piece(1)).unwrap(), Kept::New);
    book.note(validator(3), Progress::Slashed { block: 7 }).unwrap();
    let slashed = Piece { progress: Progress::Slashed { block: 7 }, ..piece(3) };
    for book in [book, open(&folder)] {
        assert_eq!(book.list(), [piece(1), slashed.clone()]);
        assert_eq!(book.get(validator(3)), Some(slashed.clone()));
        assert_eq!(book.get(validator(2)), None);
        assert_eq!(book.accused(), [(validator(1), EPOCH), (validator(3), EPOCH)]);
        assert_eq!(book.totals(), Totals { open: 2, confirmed: 0, expired: 0 });
        assert_eq!(book.open_pieces(), [slashed.clone(), piece(1)], "the newest first");
    }
}

/// E1: what the disk does not take is not kept, so that nobody is told of it.
#[test]
fn a_disk_that_fails_is_an_error_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let book = EvidenceBook::open(&folder.path().join("gone/evidence.json")).unwrap();
    assert!(matches!(book.keep(piece(1)), Err(BookError::Io { .. })));
    assert_eq!(book.list(), []);
    assert_eq!(book.accused(), []);
}

/// E2.
#[test]
fn the_first_piece_against_a_validator_is_enough_until_it_is_too_late() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(&folder);
    let later = Piece { kept_at: 2_000_000_000, heard: false, ..piece(1) };
    assert_eq!(book.keep(piece(1)).unwrap(), Kept::New);
    let block = 7;
    for progress in [Progress::Open, Progress::Slashed { block }, Progress::Final { block }] {
        book.note(validator(1), progress).unwrap();
        assert_eq!(book.keep(later.clone()).unwrap(), Kept::Known, "{progress:?}");
    }
    book.note(validator(1), Progress::Expired { block }).unwrap();
    assert_eq!(book.accused(), []);
    assert_eq!(book.keep(later.clone()).unwrap(), Kept::New);
    assert_eq!(book.list(), [later]);
}

/// E2: at the limit and one past; the one that is over the longest goes.
#[test]
fn pieces_are_bounded_and_only_those_that_are_over_go() {
    let folder = tempfile::tempdir().unwrap();
    let book = open(&folder);
    let named = |number: usize| Address::left_padding_from(&number.to_be_bytes());
    let many: BTreeMap<Address, Piece> = (0..PIECES_MAX)
        .map(|number| (named(number), Piece { validator: named(number), kept_at: number as u64, ..piece(1) }))
        .collect();
    book.write(&many).unwrap();
    let book = open(&folder);
    assert_eq!(book.list().len(), PIECES_MAX);
    assert_eq!(book.keep(piece(2)).unwrap(), Kept::Full);
    assert_eq!(open(&folder).get(validator(2)), None);
    for number in [9, 4] {
        book.note(named(number), Progress::Final { block: 1 }).unwrap();
    }
    assert_eq!(book.keep(piece(2)).unwrap(), Kept::New);
    let book = open(&folder);
    assert_eq!((book.list().len(), book.get(named(4)), book.get(named(9)).is_some()), (PIECES_MAX, None, true));
}

#[test]
fn a_file_cut_off_beside_it_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).keep(piece(1)).unwrap();
    fs::write(folder.path().join("evidence.new"), b"[1,[").unwrap();
    assert_eq!(open(&folder).list(), [piece(1)]);
}

#[test]
fn a_newer_version_and_damage_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("evidence.json");
    fs::write(&path, b"[2,{\"other\":1}]").unwrap();
    assert!(matches!(EvidenceBook::open(&path), Err(BookError::Version { found: 2, .. })));
    let both = |one: u8, other: u8| serde_json::to_vec(&(1, [piece(one), piece(other)])).unwrap();
    let swapped = Piece { first: piece(1).second, second: piece(1).first, ..piece(1) };
    let swapped = serde_json::to_vec(&(1, [swapped])).unwrap();
    for damage in [b"".to_vec(), b"[1,".to_vec(), b"[1,{}]".to_vec(), b"null".to_vec(), both(1, 1), both(2, 1), swapped]
    {
        fs::write(&path, damage).unwrap();
        let refused = EvidenceBook::open(&path).unwrap_err();
        assert!(matches!(refused, BookError::Damaged { .. }), "{refused}");
    }
    fs::write(&path, both(1, 2)).unwrap();
    assert_eq!(open(&folder).list().len(), 2);
}
