//! The keys of a node: the one that peers know it by, and the hand that signs for the validator.

use std::path::Path;

use eyre::WrapErr as _;
use libp2p::identity::Keypair;

use super::{Folder, Prepared};
use crate::{
    cli::passphrase,
    config::{KeyPlace, ValidatorToml},
    driver::now_ms,
    network::PeerRecord,
    signer::{AttestationSecret, Attester, Hand, Keystore, Metrics, Remote, Signer},
};

/// What a node is known by.
pub(super) struct Keys {
    /// Who signs, if the node is to vote.
    pub(super) hand: Option<Hand>,
    /// Who attests, if the node is to.
    pub(super) attester: Option<Attester>,
    /// Its libp2p key.
    pub(super) node: Keypair,
    /// That the one speaks for the other.
    pub(super) record: Option<PeerRecord>,
}

impl Keys {
    /// Of a node that only follows the chain.
    const fn of_no_validator(node: Keypair) -> Self {
        Self { hand: None, attester: None, node, record: None }
    }
}

/// Opens the keystore, or waits for the signer that has it.
pub(super) async fn open(folder: &Folder, prepared: &Prepared, metrics: Metrics) -> eyre::Result<Keys> {
    let node = node_key(&folder.path("keys/node"))?;
    let Some(validator) = &prepared.node.validator else { return Ok(Keys::of_no_validator(node)) };
    let node_key = node.public().try_into_ed25519()?.to_bytes();
    let (hand, (sequence, signature)) = match validator.key().map_err(eyre::Report::msg)? {
        KeyPlace::Keystore { keystore, passphrase } => {
            let keystore = folder.path(keystore);
            let signer = signer(folder, &keystore, passphrase, prepared)?;
            let sequence = now_ms();
            let signature = signer.vouch(node_key, sequence);
            (Hand::local(signer), (sequence, signature))
        }
        KeyPlace::Signer(socket) => {
            let (network, socket) = (prepared.network.signing(), folder.path(socket));
            let (remote, vouched) = Remote::open(&socket, network, node_key, metrics).await?;
            (Hand::Remote(Box::new(remote)), vouched)
        }
    };
    let record = PeerRecord { consensus_key: hand.consensus_key(), sequence, signature };
    Ok(Keys { hand: Some(hand), attester: attester(folder, validator, prepared)?, node, record: Some(record) })
}

/// Opens the keystore of the attestation key, if the settings name one.
fn attester(folder: &Folder, validator: &ValidatorToml, prepared: &Prepared) -> eyre::Result<Option<Attester>> {
    let Some(keystore) = &validator.attestation else { return Ok(None) };
    let keystore = folder.path(keystore);
    let file = validator.passphrase.as_ref().map(|file| folder.path(file));
    let passphrase = passphrase::known(file.as_deref(), &keystore)?;
    let secret = AttestationSecret::decrypt(&Keystore::read(&keystore)?, &passphrase)?;
    Ok(Some(Attester::open(&folder.path("data"), secret, prepared.network.domain())?))
}

fn signer(folder: &Folder, keystore: &Path, passphrase: Option<&Path>, prepared: &Prepared) -> eyre::Result<Signer> {
    let file = passphrase.map(|file| folder.path(file));
    let locked = Keystore::read(keystore)?;
    let key = locked.decrypt(&passphrase::known(file.as_deref(), keystore)?)?;
    Ok(Signer::open(&folder.path("data"), key, prepared.network.domain())?)
}

/// The node key, made on the first start: it holds no stake.
fn node_key(path: &Path) -> eyre::Result<Keypair> {
    let named = || format!("node key {}", path.display());
    match std::fs::read(path) {
        Ok(bytes) => Keypair::from_protobuf_encoding(&bytes).wrap_err_with(named),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = Keypair::generate_ed25519();
            crate::cli::write_secret(path, &key.to_protobuf_encoding()?).wrap_err_with(named)?;
            Ok(key)
        }
        Err(error) => Err(error).wrap_err_with(named),
    }
}
