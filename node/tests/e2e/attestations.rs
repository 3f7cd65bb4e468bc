//! Whoever attests two things of one period is slashed on L1, and nobody has to do anything for it.

use std::{fs, path::Path, time::Duration};

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall as _;
use blst::min_pk::SecretKey;
use eyre::{ContextCompat as _, Result, ensure, eyre};
use futures::AsyncWriteExt as _;
use rota_node::{
    config::NodeToml,
    signer::{AttestationSecret, Keystore},
};
use rota_proto::{ATTESTATION_TAG, Attestation, AttestationSignature, Epoch, Message, SignedAttestation};
use rota_staking::{PARTICIPATION, bindings::Slasher::offenceOfCall};
use serde_json::{Value, json};

use crate::{
    epochs::{EPOCH_LENGTH, L1_BLOCK_MS},
    evidence::{operator, place},
    support::{Devnet, Intruder, Load, Settings, framed, until, with},
};

/// The validator whose key is also in other hands.
const TRAITOR: usize = 3;

/// A period has eight seconds, and a few turns may pass.
const SLASHED: Duration = Duration::from_secs(120);

/// Rule W7 of rewards: the node of the traitor attests as it should, and somebody else with its key something else.
#[tokio::test(flavor = "multi_thread")]
async fn validator_that_attests_two_things_of_one_period_is_slashed_without_a_human() -> Result<()> {
    let settings = Settings {
        hostile: true,
        epoch_length: EPOCH_LENGTH,
        l1_block_ms: L1_BLOCK_MS,
        more: &["--period-epochs", "1"],
        ..Settings::default()
    };
    with(settings, async |net: &mut Devnet| {
        let _load = Load::start(&net.http, &net.rpcs()[..3], 2)?;
        let first = net.node(0)?;
        first.reaches(3, Duration::from_secs(60)).await?;
        let secret = attestation_secret(&net.node(TRAITOR)?.folder)?;
        let (domain, signer, validator) = (net.network()?.domain(), place(TRAITOR)?, operator(net, TRAITOR)?);
        let settings = NodeToml::read(&first.folder.join("config/node.toml"))?;
        let address = settings.listen.first().wrap_err("the node listens nowhere")?;
        let intruder = Intruder::connect(address, net.network()?.id()).await?;
        let mut stream = intruder.stream("votes").await?;
        until("L1 slashes who attests twice", SLASHED, async || {
            let told: Value = first.call("rota_rewards", json!([])).await?;
            let (next, epoch) = (told["nextPeriod"].as_u64().wrap_err("a period")?, first.status().await?.epoch);
            // What the node collects is this or the next, by the time it hears of it.
            for index in [next, next + 1] {
                let attesting_epoch = Epoch(epoch);
                let content = B256::repeat_byte(7);
                let attestation = Attestation { attesting_epoch, kind: PARTICIPATION, index, content };
                let signature = secret.sign(domain.attestation(&attestation).as_slice(), ATTESTATION_TAG, &[]);
                let signature = AttestationSignature::from_uncompressed(&signature.serialize());
                let said = Message::Attestation(Box::new(SignedAttestation { attestation, signer, signature }));
                stream.write_all(&framed(&said.encode())?).await?;
            }
            stream.flush().await?;
            let slasher = net.network()?.l1.contracts.slasher;
            let call =
                json!([{ "to": slasher, "data": Bytes::from(offenceOfCall { validator }.abi_encode()) }, "latest"]);
            let answer: Bytes = serde_json::from_value(net.anvil.call("eth_call", call).await?)?;
            ensure!(offenceOfCall::abi_decode_returns(&answer)?.power > 0, "not in period {next}, epoch {epoch}");
            Ok(Some(()))
        })
        .await
    })
    .await
}

/// The attestation key in the folder of a validator, which no record protects here.
fn attestation_secret(folder: &Path) -> Result<SecretKey> {
    let passphrase = fs::read_to_string(folder.join("keys/passphrase"))?;
    let keystore = Keystore::read(&folder.join("keys/attestation.json"))?;
    let secret = AttestationSecret::decrypt(&keystore, passphrase.trim_end())?;
    SecretKey::from_bytes(secret.to_bytes().as_slice()).map_err(|error| eyre!("{error:?}"))
}
