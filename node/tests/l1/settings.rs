//! What `node.toml` says of L1's endpoints (rules Z1, Z4).

use std::num::NonZeroUsize;

use eyre::Result;
use rota_node::config::NodeToml;

/// The endpoints and the quorum of a file with these lines, read, written, and read again.
#[track_caller]
fn check(lines: &str, endpoints: &[&str], agree: Option<usize>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("node.toml");
    let rest = "rpc = \"127.0.0.1:8545\"\noperator = \"127.0.0.1:7300\"\nlisten = []\n";
    std::fs::write(&file, format!("{rest}{lines}\n"))?;
    let read = NodeToml::read(&file)?;
    assert_eq!(read.l1_rpc, endpoints);
    assert_eq!(read.l1_agree, agree.and_then(NonZeroUsize::new));
    let written = toml::to_string_pretty(&read)?;
    assert!(written.contains(lines.lines().next().unwrap_or_default()), "{written}");
    std::fs::write(&file, written)?;
    assert_eq!(NodeToml::read(&file)?.l1_rpc, read.l1_rpc);
    Ok(())
}

#[test]
fn z1_an_address_or_a_list_of_them() -> Result<()> {
    check("l1_rpc = \"http://a:1\"", &["http://a:1"], None)?;
    check(
        "l1_rpc = [\n    \"http://a:1\",\n    \"http://b:2\",\n]\nl1_agree = 1",
        &["http://a:1", "http://b:2"],
        Some(1),
    )
}
