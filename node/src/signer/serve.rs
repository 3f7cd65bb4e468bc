//! The signer as a process of its own: key and guard, for one node, over a Unix socket (rules Y8 to Y10).

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use rota_proto::Vote;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Mutex, watch},
    task::JoinSet,
    time::timeout,
};

use super::{
    SignError, Signer,
    link::own_user,
    wire::{
        self, Answer, FrameError, Hello, HelloVersion, PROTOCOL, REQUEST_BYTES_MAX, Request, SigningNetwork, WITHIN,
        Why, parse,
    },
};
use crate::{
    driver::now_ms,
    secret::{self, SecretError},
};

/// Connections at a time: the node's, and some that are being refused.
const CONNECTIONS_MAX: usize = 8;

/// Why a socket cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The folder of the socket is not ours alone.
    #[error("the folder of the socket: {0}")]
    Folder(#[from] SecretError),
    /// Another process serves it.
    #[error("another process serves {path}: stop it first, or name another socket")]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// Something else stands there.
    #[error("{path} is there and is no socket: it stays as it is. Name another socket")]
    NoSocket {
        /// The path.
        path: PathBuf,
    },
    /// The system says no.
    #[error("the socket {path}: {source}")]
    Io {
        /// The socket.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// A socket at which a signer is to be had.
pub struct SignerServer {
    listener: UnixListener,
    path: PathBuf,
    user: u32,
    parts: Arc<Parts>,
}

/// What each connection needs.
struct Parts {
    /// Whoever has it is the one node that is served.
    signer: Mutex<Signer>,
    network: SigningNetwork,
}

/// Why a conversation ended.
enum End {
    /// Its node is gone, or said what no node says.
    Frame(FrameError),
    /// The record failed: nothing may be signed any more.
    Sign(SignError),
}

impl From<FrameError> for End {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl SignerServer {
    /// Takes the socket: its folder is made for our user alone, or must be so; one that a process left is taken over.
    /// The signer must have been opened for `network`.
    ///
    /// # Errors
    /// [`ServeError`].
    pub fn bind(path: &Path, signer: Signer, network: SigningNetwork) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Io { path: path.into(), source };
        secret::own_folder_of(path)?;
        match fs::symlink_metadata(path) {
            Ok(found) if !found.file_type().is_socket() => return Err(ServeError::NoSocket { path: path.into() }),
            Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
                return Err(ServeError::Taken { path: path.into() });
            }
            Ok(_) => fs::remove_file(path).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        // Y10: until here the folder keeps others out.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let user = own_user().map_err(failed)?;
        let parts = Arc::new(Parts { signer: Mutex::new(signer), network });
        Ok(Self { listener, path: path.into(), user, parts })
    }

    /// Serves until `shutdown`, or until the record fails.
    ///
    /// # Errors
    /// [`SignError::Storage`].
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) -> Result<(), SignError> {
        let mut connections = JoinSet::new();
        let ended = self.accept(&mut shutdown, &mut connections).await;
        // Nobody signs with the record once this returns.
        connections.shutdown().await;
        ended
    }

    async fn accept(
        &self,
        shutdown: &mut watch::Receiver<bool>,
        connections: &mut JoinSet<Result<(), SignError>>,
    ) -> Result<(), SignError> {
        loop {
            tokio::select! {
                // An error means that whoever could ask for the end is gone.
                _ = shutdown.changed() => return Ok(()),
                Some(ended) = connections.join_next() => match ended {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return Err(error),
                    Err(error) => tracing::error!(%error, "a connection's task"),
                },
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                    Ok((stream, _)) if self.is_ours(&stream) => {
                        connections.spawn(serve(stream, self.parts.clone()));
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(%error, "no connection could be taken");
                        tokio::time::sleep(WITHIN / 20).await;
                    }
                },
            }
        }
    }

    /// Y10: whether the process at the other end is our user's.
    fn is_ours(&self, stream: &UnixStream) -> bool {
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == self.user => true,
            Ok(peer) => {
                tracing::warn!(user = peer.uid(), ours = self.user, "a process of another user is refused");
                false
            }
            Err(error) => {
                tracing::warn!(%error, "nobody knows whose process connected: it is refused");
                false
            }
        }
    }
}

impl Drop for SignerServer {
    fn drop(&mut self) {
        // One that stays is taken over by the next signer.
        let _ = fs::remove_file(&self.path);
    }
}

async fn serve(mut stream: UnixStream, parts: Arc<Parts>) -> Result<(), SignError> {
    match converse(&mut stream, &parts).await {
        Ok(()) => {}
        Err(End::Frame(FrameError::Closed)) => tracing::info!("a connection ended"),
        Err(End::Frame(error)) => tracing::warn!(%error, "a connection is closed"),
        Err(End::Sign(error)) => return Err(error),
    }
    Ok(())
}

async fn converse(stream: &mut UnixStream, parts: &Parts) -> Result<(), End> {
    let greeted =
        timeout(WITHIN, wire::read_bytes(stream, REQUEST_BYTES_MAX)).await.map_err(|_| FrameError::Late)??;
    let mut signer = match greet(&greeted, parts)? {
        Ok(signer) => signer,
        Err(why) => {
            tracing::warn!(?why, "a node is refused");
            return Ok(wire::write(stream, &Answer::Refused { why }).await?);
        }
    };
    signer.recall();
    let record = hex::encode(signer.record().encode());
    wire::write(stream, &Answer::Hello { consensus_key: signer.consensus_key(), record }).await?;
    tracing::info!("a node is served");
    loop {
        let request = parse(&wire::read_bytes(stream, REQUEST_BYTES_MAX).await?)?;
        match carry_out(request, &mut signer)? {
            Ok(answer) => wire::write(stream, &answer).await?,
            Err(error) => {
                let why = Why::Storage { text: error.to_string() };
                // The node may be gone; that the record failed is what counts.
                let _ = wire::write(stream, &Answer::Refused { why }).await;
                return Err(End::Sign(error));
            }
        }
    }
}

/// The signer, for a node that speaks our version and signs for our network, if no other node has it.
fn greet<'a>(bytes: &[u8], parts: &'a Parts) -> Result<Result<tokio::sync::MutexGuard<'a, Signer>, Why>, FrameError> {
    let HelloVersion { protocol } = parse(bytes)?;
    if protocol != PROTOCOL {
        return Ok(Err(Why::OtherProtocol { known: PROTOCOL }));
    }
    let Hello { network, .. } = parse(bytes)?;
    if network != parts.network {
        return Ok(Err(Why::OtherNetwork { expected: parts.network }));
    }
    Ok(parts.signer.try_lock().map_err(|_| Why::Busy))
}

/// Does what a request wants; the inner error is one after which nothing may be signed.
fn carry_out(request: Request, signer: &mut Signer) -> Result<Result<Answer, SignError>, FrameError> {
    Ok(match request {
        Request::Vote { kind, round, batch } => {
            let vote = Vote { round: round.round()?, kind: kind.into(), batch };
            match signer.sign_vote(vote) {
                Ok(signature) => Ok(Answer::Signed { signature: hex::encode(signature.0) }),
                Err(SignError::Refused(refusal)) => {
                    tracing::error!(%vote, %refusal, "the guard refuses");
                    Ok(Answer::Refused { why: refusal.into() })
                }
                Err(error) => Err(error),
            }
        }
        Request::Vouch { node_key } => {
            // Our own clock: the highest sequence is believed, so a node must not choose one for ever.
            let sequence = now_ms();
            let signature = hex::encode(signer.vouch(node_key.0, sequence).0);
            Ok(Answer::Vouched { sequence, signature })
        }
        Request::RaiseFloor { floor } => {
            signer.raise_floor(floor.round()?);
            Ok(Answer::Done)
        }
        Request::HoldBack { floor, resume } => {
            let held = signer.hold_back(floor.round()?, resume.round()?);
            held.map(|()| Answer::Done).map_err(SignError::from)
        }
    })
}

#[cfg(test)]
#[path = "tests/serve.rs"]
pub(super) mod tests;
