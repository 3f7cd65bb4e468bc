//! Keys, accounts and words of a validator.

use alloy::rpc::types::Filter;
use alloy_primitives::Address;
use alloy_sol_types::{SolCall as _, SolEvent as _};
use eyre::ensure;
use rota_staking::bindings::{ValidatorRegistry, ValidatorRegistry::MetadataChanged};
use serde_json::json;

use super::{KeyFiles, RotateKeyArguments, SetArguments};
use crate::{
    cli::{
        events::transactions,
        l1::{Connected, L1Arguments, Sender, Step},
    },
    secret,
    signer::{AttestationSecret, Keystore, ValidatorKeys},
};

/// Opens both keystores.
///
/// # Errors
/// Which file cannot be used, and why.
pub(super) fn read_keys(l1: &L1Arguments, files: &KeyFiles) -> eyre::Result<ValidatorKeys> {
    let passphrase = secret::read_line(&l1.path(&files.passphrase_file))?;
    let consensus = Keystore::read(&l1.path(&files.consensus))?.decrypt(&passphrase)?;
    let attestation = AttestationSecret::decrypt(&Keystore::read(&l1.path(&files.attestation))?, &passphrase)?;
    Ok(ValidatorKeys { consensus, attestation })
}

pub(super) async fn rotate(arguments: RotateKeyArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let validator = arguments.validator.unwrap_or(sender.address);
    let keys = read_keys(&arguments.sender.l1, &arguments.keys)?;
    let registry = sender.connected.contracts().registry;
    let operator = sender.address;
    let nonce = sender.connected.ask(registry, ValidatorRegistry::nonceOfCall { operator }).await?;
    let possession = keys.prove(&sender.connected.network.domain(), operator, nonce)?;
    let (consensus, attestation) = (keys.consensus.verifying_key().to_bytes(), keys.attestation.public());
    let call = format!(
        "rotateKeys(validator {validator}, consensus key 0x{}, attestation key {attestation})",
        hex::encode(consensus)
    );
    let input = ValidatorRegistry::rotateKeysCall {
        validator,
        consensusKey: consensus.into(),
        attestationKey: attestation.to_bytes().into(),
        possession: (&possession).into(),
    };
    finish(&sender, &[step(&sender, call, input.abi_encode())]).await?;
    if !sender.dry_run && !sender.json {
        println!("the keys serve from the epoch after next on: `rota epoch next` tells when that begins");
    }
    Ok(())
}

pub(super) async fn set(arguments: SetArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let validator = arguments.validator.unwrap_or(sender.address);
    let mut steps = Vec::new();
    if arguments.accept {
        let call = format!("acceptOperator(validator {validator})");
        steps.push(step(&sender, call, ValidatorRegistry::acceptOperatorCall { validator }.abi_encode()));
    }
    if let Some(account) = arguments.fee_recipient {
        let call = format!("setFeeRecipient(validator {validator}, {account})");
        let input = ValidatorRegistry::setFeeRecipientCall { validator, feeRecipient: account };
        steps.push(step(&sender, call, input.abi_encode()));
    }
    if let Some(submitter) = arguments.submitter {
        let call = format!("setSubmitter(validator {validator}, {submitter})");
        steps.push(step(&sender, call, ValidatorRegistry::setSubmitterCall { validator, submitter }.abi_encode()));
    }
    if arguments.node_address.is_some() || arguments.metadata.is_some() {
        let said = metadata(&sender.connected, validator).await?;
        let (address, words) = said.map_or_else(Default::default, |said| (said.nodeAddress, said.metadata));
        let address = arguments.node_address.unwrap_or(address);
        let words = arguments.metadata.unwrap_or(words);
        let call = format!("setMetadata(validator {validator}, {address:?}, {words:?})");
        let input = ValidatorRegistry::setMetadataCall { validator, nodeAddress: address, metadata: words };
        steps.push(step(&sender, call, input.abi_encode()));
    }
    if let Some(operator) = arguments.operator {
        let call = format!("proposeOperator(validator {validator}, {operator})");
        steps.push(step(&sender, call, ValidatorRegistry::proposeOperatorCall { validator, operator }.abi_encode()));
    }
    // Whoever is not the operator yet may do nothing else before that is mined.
    for step in steps.iter_mut().skip(1) {
        step.needs_the_one_before = arguments.accept;
    }
    finish(&sender, &steps).await
}

/// What a validator said last of itself: the text stands in events alone.
///
/// # Errors
/// What L1 says.
pub(super) async fn metadata(connected: &Connected, validator: Address) -> eyre::Result<Option<MetadataChanged>> {
    let registry = connected.contracts().registry;
    let filter = Filter::new().address(registry).event_signature(MetadataChanged::SIGNATURE_HASH);
    let logs = connected.logs(&filter.topic1(validator.into_word())).await?;
    logs.last().map(|log| Ok(MetadataChanged::decode_log(&log.inner)?.data)).transpose()
}

/// The account that owns a validator's own bond, which is how the stakes name that position.
///
/// # Errors
/// That nobody registered by this name, or what L1 says.
pub(super) async fn withdrawal_of(connected: &Connected, validator: Address) -> eyre::Result<Address> {
    let registry = connected.contracts().registry;
    let accounts = connected.ask(registry, ValidatorRegistry::accountsOfCall { validator }).await?;
    ensure!(accounts.operator != Address::ZERO, "nobody registered as {validator}");
    Ok(accounts.withdrawal)
}

fn step(sender: &Sender, call: String, input: Vec<u8>) -> Step {
    let to = sender.connected.contracts().registry;
    Step { contract: "ValidatorRegistry", to, call, input: input.into(), needs_the_one_before: false }
}

async fn finish(sender: &Sender, steps: &[Step]) -> eyre::Result<()> {
    let receipts = sender.run(steps).await?;
    if sender.json && !sender.dry_run {
        println!("{}", json!({ "transactions": transactions(&receipts) }));
    }
    Ok(())
}
