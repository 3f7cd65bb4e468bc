//! What `rota evidence` reads and prints.

use std::fs;

use clap::Parser;

use super::*;
use crate::evidence::{
    Kept,
    samples::{piece, validator},
};

#[derive(Debug, clap::Parser)]
struct Line {
    #[command(subcommand)]
    command: EvidenceCommand,
}

fn parsed(words: &[&str]) -> EvidenceCommand {
    Line::parse_from([&["evidence"], words].concat()).command
}

/// The folder of a node that keeps two pieces.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    let book = EvidenceBook::open(&folder.path().join("data/evidence.json")).unwrap();
    assert_eq!([1, 3].map(|number| book.keep(piece(number)).unwrap()), [Kept::New; 2]);
    book.note(validator(3), Progress::Final { block: 7 }).unwrap();
    folder
}

#[tokio::test]
async fn what_a_node_keeps_is_read_from_its_folder_while_it_runs() {
    let folder = folder();
    let source = Source { data: folder.path().into(), rpc: None, json: false };
    let final_at = Piece { progress: Progress::Final { block: 7 }, ..piece(3) };
    assert_eq!(source.read(None).await.unwrap(), [piece(1), final_at.clone()]);
    assert_eq!(source.read(Some(validator(3))).await.unwrap(), [final_at]);
    assert_eq!(source.read(Some(validator(2))).await.unwrap(), []);
}

#[tokio::test]
async fn nothing_against_a_validator_is_an_error_by_name() {
    let folder = folder();
    let data = folder.path().to_str().unwrap();
    run(parsed(&["list", "--data", data])).await.unwrap();
    run(parsed(&["show", &validator(1).to_string(), "--data", data])).await.unwrap();
    let refused = run(parsed(&["show", &validator(2).to_string(), "--data", data])).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("nothing is kept against {}", validator(2)));
}

#[test]
fn a_line_says_who_did_what_and_what_became_of_it() {
    let text = line(&Piece { progress: Progress::Final { block: 7 }, heard: false, ..piece(3) });
    let expected = format!("{}  double-notarize   epoch 3 view 9 place 3  found  slashed as of block 7", validator(3));
    assert_eq!(text, expected);
    assert_eq!(progress(Progress::Slashed { block: 9 }), "slashed as of block 9, which is not final");
}

#[test]
fn a_file_that_is_no_evidence_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("piece.json");
    fs::write(&path, serde_json::to_string(&piece(1)).unwrap()).unwrap();
    assert_eq!(read_piece(&path).unwrap(), piece(1));
    fs::write(&path, "{}").unwrap();
    let refused = read_piece(&path).unwrap_err();
    assert_eq!(refused.to_string(), format!("{} is no evidence", path.display()));
}
