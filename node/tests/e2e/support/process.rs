//! A process of a test: its output goes to a file, and it ends with the test at the latest.

use std::{
    fs::{self, OpenOptions},
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use eyre::{ContextCompat as _, Result, WrapErr as _};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// Bytes of a page of memory, on every machine that Rota runs on.
const PAGE_BYTES: u64 = 4_096;

/// A running process, killed when dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a command; what it says is appended to `log`.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).kill_on_drop(true);
        let child = command.spawn().wrap_err_with(|| format!("{command:?}"))?;
        Ok(Self { child })
    }

    /// Kill -9, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.child.kill().await.wrap_err("kill")
    }

    /// SIGTERM, and how it ended.
    pub(crate) async fn terminate(self, within: Duration) -> Result<ExitStatus> {
        let pid = self.pid()?.to_string();
        let sent = Command::new("sh").args(["-c", "kill -TERM \"$1\"", "sh", &pid]).status().await?;
        eyre::ensure!(sent.success(), "SIGTERM to {pid}: {sent}");
        self.end(within).await
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self, within: Duration) -> Result<ExitStatus> {
        let ended = timeout(within, self.child.wait()).await;
        Ok(ended.wrap_err_with(|| format!("the process did not end within {within:?}"))??)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Bytes of memory that it holds.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.pid()?))?;
        let pages: u64 = statm.split(' ').nth(1).wrap_err("statm without a second field")?.parse()?;
        Ok(pages * PAGE_BYTES)
    }

    fn pid(&self) -> Result<u32> {
        self.child.id().wrap_err("the process has ended")
    }
}
