//! Each way to end has its exit code, as `node/README.md` says.

use std::{fs, path::Path, process::ExitStatus, time::Duration};

use eyre::{Result, ensure};
use tokio::process::Command;

use crate::support::{Devnet, Process, Settings, with};

const ENDS: Duration = Duration::from_secs(30);

/// 0 as asked, 1 with a reason, 2 for the command line, 74 for the store and the guard's record, 75 for another
/// process, 78 for settings. (70 stands in the test of epochs.)
#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_end_has_its_exit_code() -> Result<()> {
    with(Settings { stakes: vec![25], ..Settings::default() }, async |net: &mut Devnet| {
        let folder = net.node(0)?.folder.clone();
        let data = folder.display().to_string();
        // Y6 of the signer: the first holds the folder.
        check(&folder, &["node", "--data", &data], 75, "another node").await?;
        let ended = net.node_mut(0)?.stop().await?;
        ensure!(ended.code() == Some(0), "SIGTERM: {ended}");

        check(&folder, &["node"], 2, "--data").await?;
        check(&folder, &["nod"], 2, "nod").await?;
        check(&folder, &["node", "--data", "/nowhere"], 78, "/nowhere/config/network.toml").await?;
        spoiled(&folder, "config/node.toml", b"rpc = 5", 78, "node.toml").await?;
        spoiled(&folder, "config/network.toml", b"", 78, "network.toml").await?;
        spoiled(&folder, "data/guard", &[7; 4_096], 74, "guard").await?;
        let rpc = net.node(0)?.rpc.trim_start_matches("http://").to_owned();
        let _taken = std::net::TcpListener::bind(&rpc)?;
        check(&folder, &["node", "--data", &data], 1, &rpc).await
    })
    .await
}

/// Runs the node with other bytes in one of its files.
async fn spoiled(folder: &Path, name: &str, bytes: &[u8], code: i32, says: &str) -> Result<()> {
    let path = folder.join(name);
    let good = fs::read(&path)?;
    fs::write(&path, bytes)?;
    let checked = check(folder, &["node", "--data", &folder.display().to_string()], code, says).await;
    fs::write(&path, good)?;
    checked
}

/// Runs the program until it ends by itself.
async fn check(folder: &Path, arguments: &[&str], code: i32, says: &str) -> Result<()> {
    let log = folder.join(format!("exit-{code}-{}.log", says.replace('/', "-")));
    let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
    let ended: ExitStatus = Process::start(command.args(arguments), &log)?.end(ENDS).await?;
    let said = fs::read_to_string(&log)?;
    ensure!(ended.code() == Some(code), "{arguments:?} ended with {ended}, not {code}: {said}");
    ensure!(said.contains(says), "{arguments:?} does not name {says}: {said}");
    Ok(())
}
