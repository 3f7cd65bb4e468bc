//! `rota signer`: key and guard in a process of their own (rules Y8 to Y10 of the signer).

use std::path::PathBuf;

use tokio::sync::watch;

use super::passphrase;
use crate::{
    config::{NetworkToml, SignerToml},
    instance,
    node::Folder,
    signer::{Keystore, Signer, SignerServer},
};

/// What a signer is started with.
#[derive(Debug, clap::Args)]
pub(super) struct SignerArguments {
    /// The signer's data folder, with config/network.toml, config/signer.toml, the keystore that it names, and data/
    /// for the guard's record. No node runs from it.
    #[arg(long, env = "ROTA_SIGNER_DATA", value_name = "DIR")]
    data: PathBuf,
    /// The Unix socket for the node, whose node.toml names it as `signer` in `[validator]`. Its folder has mode 0700,
    /// or is made so.
    #[arg(long, env = "ROTA_SIGNER_SOCKET", value_name = "PATH")]
    socket: PathBuf,
    /// Logs as JSON, one object a line.
    #[arg(long, env = "ROTA_LOG_JSON")]
    pub(super) log_json: bool,
}

/// Serves until it is stopped.
///
/// # Errors
/// A report that says what is wrong and where.
pub(super) async fn run(arguments: SignerArguments, shutdown: watch::Receiver<bool>) -> eyre::Result<()> {
    let folder = Folder::new(arguments.data);
    let network = NetworkToml::read(&folder.path("config/network.toml"))?;
    let settings = SignerToml::read(&folder.path("config/signer.toml"))?;
    let _held = instance::hold_folder(&folder.path("data"))?;
    let keystore = folder.path(&settings.keystore);
    let file = settings.passphrase.as_ref().map(|file| folder.path(file));
    let locked = Keystore::read(&keystore)?;
    let key = locked.decrypt(&passphrase::known(file.as_deref(), &keystore)?)?;
    let signer = Signer::open(&folder.path("data"), key, network.domain())?;
    let (key, record) = (signer.consensus_key(), signer.record());
    let (floor, resume, votes) = (record.floor(), record.resume(), record.votes().count());
    tracing::info!(%key, %floor, %resume, votes, "the guard's record");
    let server = SignerServer::bind(&arguments.socket, signer, network.signing())?;
    tracing::info!(socket = %arguments.socket.display(), "signer is up");
    Ok(server.run(shutdown).await?)
}
