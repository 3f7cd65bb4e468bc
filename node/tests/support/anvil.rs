//! A real anvil. Every test of the workspace that needs one starts it here.

use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use eyre::{Result, WrapErr as _, ensure};

/// It listens within a second, also where the machine is busy; whatever takes this long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where a tool of Foundry stands: what `ROTA_ANVIL` or `ROTA_CAST` names, else the pinned one, installed if need be.
pub(crate) fn tool(name: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(format!("ROTA_{}", name.to_uppercase())) {
        return Ok(path.into());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/contracts");
    let found = Command::new(script).args(["path", name]).output()?;
    ensure!(found.status.success(), "no {name}: {}", String::from_utf8_lossy(&found.stderr));
    Ok(String::from_utf8(found.stdout)?.trim().into())
}

/// A running anvil. When dropped it is asked to stop, so that it keeps its state, and gone when that returns.
pub(crate) struct Anvil {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Anvil {
    /// Starts one, and waits until it listens. What it says goes to `log`.
    pub(crate) fn start<A: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = A>,
        mut log: impl Write + Send + 'static,
    ) -> Result<Self> {
        let mut child = Command::new(tool("anvil")?).args(arguments).stdout(Stdio::piped()).spawn()?;
        let said = child.stdout.take();
        let mut anvil = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)) };
        let (found, address) = mpsc::channel();
        // It stops when its output is full and nobody reads.
        thread::spawn(move || {
            for line in said.into_iter().flat_map(|said| BufReader::new(said).lines()).map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("Listening on ") {
                    // Whoever waited may have lost patience.
                    let _ = found.send(address.to_owned());
                }
                // A log that is lost fails no test.
                let _ = writeln!(log, "{line}");
            }
        });
        anvil.address = address.recv_timeout(PATIENCE).wrap_err("anvil does not listen")?.parse()?;
        Ok(anvil)
    }

    fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _asked = Command::new("kill").arg(self.child.id().to_string()).status();
        let begin = Instant::now();
        while !self.has_ended() && begin.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(5));
        }
        let _already_gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
