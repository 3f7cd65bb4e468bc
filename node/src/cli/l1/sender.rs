//! Whoever changes something on L1: an account and its key, and transactions that are tried before they are sent.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy::{
    network::{EthereumWallet, TransactionBuilder as _},
    providers::{Provider as _, ProviderBuilder},
    rpc::types::{TransactionReceipt, TransactionRequest},
    signers::local::PrivateKeySigner,
};
use alloy_primitives::{Address, B256, Bytes};
use eyre::{ContextCompat as _, WrapErr as _, ensure, eyre};
use serde_json::{Value, json};

use super::{Connected, L1Arguments, reason};
use crate::{config::read_text, poster::Submitter};

/// The environment's variable that holds a key in hex.
const KEY_VARIABLE: &str = "ROTA_L1_KEY";

/// The key that a node posts with, where no other is named.
const NODE_KEY: &str = "keys/operator";

/// Between two looks whether a transaction is mined.
const MINED_POLL: Duration = Duration::from_millis(500);

/// Looks in a row at which a transaction's nonce is used and it is not mined, after which it never will be: one of
/// several endpoints may lag.
const MISSED_MAX: u32 = 10;

/// Looks in a row that L1 did not answer, after which nobody waits for it.
const SILENT_MAX: u32 = 120;

/// After this, whoever waits is told what for.
const TOLD_AFTER: Duration = Duration::from_secs(30);

/// Whose transactions, and whether they are sent at all.
#[derive(Clone, Debug, clap::Args)]
pub(in crate::cli) struct SenderArguments {
    #[command(flatten)]
    pub(in crate::cli) l1: L1Arguments,
    /// The key that signs on L1: 32 bytes in hex or, with --l1-passphrase-file, a keystore as `cast wallet` writes it.
    /// Without it the environment's ROTA_L1_KEY holds the key in hex, or else the folder's keys/operator.
    #[arg(long, value_name = "FILE")]
    l1_key: Option<PathBuf>,
    /// The file with the keystore's passphrase.
    #[arg(long, value_name = "FILE", requires = "l1_key")]
    l1_passphrase_file: Option<PathBuf>,
    /// Prints what would be sent, what it would cost or why it would be refused, and sends nothing.
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run, whose transactions they would be: no key is needed.
    #[arg(long, value_name = "ADDRESS", requires = "dry_run", conflicts_with = "l1_key")]
    from: Option<Address>,
}

/// A transaction to be.
pub(in crate::cli) struct Step {
    /// The contract, by name.
    pub(in crate::cli) contract: &'static str,
    /// Where it stands.
    pub(in crate::cli) to: Address,
    /// What is called, with its arguments, for people.
    pub(in crate::cli) call: String,
    /// The calldata.
    pub(in crate::cli) input: Bytes,
    /// Whether it fails unless the one before it was mined.
    pub(in crate::cli) needs_the_one_before: bool,
}

/// An account on a network's L1.
pub(in crate::cli) struct Sender {
    pub(in crate::cli) connected: Connected,
    pub(in crate::cli) address: Address,
    key: Option<PrivateKeySigner>,
    pub(in crate::cli) dry_run: bool,
    pub(in crate::cli) json: bool,
}

impl SenderArguments {
    /// Reads the key, and which network it is.
    ///
    /// # Errors
    /// A report that names the file or the endpoint.
    pub(in crate::cli) async fn connect(&self) -> eyre::Result<Sender> {
        let connected = self.l1.connect().await?;
        let (dry_run, json) = (self.dry_run, self.l1.json);
        if let Some(address) = self.from {
            return Ok(Sender { connected, address, key: None, dry_run, json });
        }
        let key = self.key()?;
        Ok(Sender { connected, address: key.address(), key: Some(key), dry_run, json })
    }

    fn key(&self) -> eyre::Result<PrivateKeySigner> {
        if let Some(file) = &self.l1_key {
            let passphrase = self.l1_passphrase_file.as_ref().map(|file| read_text(&self.l1.path(file))).transpose()?;
            return Ok(Submitter::read(&self.l1.path(file), passphrase.as_deref().map(str::trim_end))?.into());
        }
        match std::env::var(KEY_VARIABLE) {
            Ok(text) => text.trim().parse().map_err(|_| eyre!("{KEY_VARIABLE} holds no key of 32 bytes in hex")),
            Err(_) => {
                let file = self.l1.path(Path::new(NODE_KEY));
                let read = Submitter::read(&file, None);
                Ok(read.wrap_err_with(|| format!("neither --l1-key nor {KEY_VARIABLE} names a key"))?.into())
            }
        }
    }
}

impl Sender {
    /// The key, to sign something else than a transaction with.
    pub(in crate::cli) const fn key(&self) -> Option<&PrivateKeySigner> {
        self.key.as_ref()
    }

    /// A call of the stakes.
    pub(in crate::cli) fn stakes(&self, call: String, input: impl Into<Bytes>) -> Step {
        step("StakeManager", self.connected.contracts().stakes, call, input)
    }

    /// A call of the rewards.
    pub(in crate::cli) fn rewards(&self, call: String, input: impl Into<Bytes>) -> Step {
        step("Rewards", self.connected.contracts().rewards, call, input)
    }

    /// A call of the governor.
    pub(in crate::cli) fn governor(&self, call: String, input: impl Into<Bytes>) -> Step {
        step("StakeGovernor", self.connected.contracts().governor, call, input)
    }

    /// A call of the votes.
    pub(in crate::cli) fn votes(&self, call: String, input: impl Into<Bytes>) -> Step {
        step("StakeVotes", self.connected.contracts().votes, call, input)
    }

    /// Tries each transaction and, unless this is a dry run, sends it and waits until it is mined. What a contract
    /// refuses is not sent. Tells of each; a dry run has no receipts.
    ///
    /// # Errors
    /// What a contract refuses, by name; or what L1 says.
    pub(in crate::cli) async fn run(&self, steps: &[Step]) -> eyre::Result<Vec<TransactionReceipt>> {
        let mut receipts = Vec::new();
        let mut told = Vec::new();
        for step in steps {
            let gas = self.gas(step).await?;
            if self.dry_run {
                told.push(self.planned(step, gas));
                continue;
            }
            let receipt = self.send(step, gas).await?;
            if !self.json {
                let (block, used) = (receipt.block_number.unwrap_or_default(), receipt.gas_used);
                println!("{}: in L1 block {block}, {used} gas, {}", step.call, receipt.transaction_hash);
            }
            receipts.push(receipt);
        }
        if self.dry_run && self.json {
            println!("{}", json!({ "dryRun": true, "from": self.address, "transactions": told }));
        }
        Ok(receipts)
    }

    /// What a transaction takes; none if that cannot be known before the one before it is mined.
    async fn gas(&self, step: &Step) -> eyre::Result<Option<u64>> {
        if self.dry_run && step.needs_the_one_before {
            return Ok(None);
        }
        let tried = self.connected.l1.estimate_gas(self.request(step)).await;
        tried.map(Some).map_err(|error| eyre!("{} is refused by {}: {}", step.call, step.contract, reason(&error)))
    }

    fn request(&self, step: &Step) -> TransactionRequest {
        TransactionRequest::default().with_from(self.address).with_to(step.to).with_input(step.input.clone())
    }

    fn planned(&self, step: &Step, gas: Option<u64>) -> Value {
        if !self.json {
            println!("would call {} at {}: {}", step.contract, step.to, step.call);
            println!("  from  {}", self.address);
            println!("  gas   {}", gas.map_or("known when the one before it is mined".into(), |gas| gas.to_string()));
            println!("  data  {}", step.input);
        }
        json!({
            "contract": step.contract, "to": step.to, "call": step.call, "data": step.input, "gas": gas, "value": "0",
        })
    }

    async fn send(&self, step: &Step, gas: Option<u64>) -> eyre::Result<TransactionReceipt> {
        let key = self.key.clone().wrap_err("nothing is sent without a key")?;
        let wallet = ProviderBuilder::new().wallet(EthereumWallet::from(key));
        let wallet = wallet.connect_provider(self.connected.l1.clone());
        let nonce = self.connected.l1.get_transaction_count(self.address).pending().await?;
        let mut request = self.request(step).with_nonce(nonce);
        if let Some(gas) = gas {
            // The state may be another when it is mined.
            request = request.with_gas_limit(gas.saturating_add(gas / 4));
        }
        let sent = wallet.send_transaction(request).await;
        let sent = sent.map_err(|error| eyre!("{} was not sent: {}", step.call, reason(&error)))?;
        let hash = *sent.tx_hash();
        let receipt = self.mined(hash, nonce).await.wrap_err_with(|| format!("{} in {hash}", step.call))?;
        ensure!(receipt.status(), "{} reverted in L1 transaction {hash}", step.call);
        Ok(receipt)
    }

    /// Waits until a transaction is mined, or can be no more. It is not sent again then: after a reorganization of L1
    /// both could be mined.
    async fn mined(&self, hash: B256, nonce: u64) -> eyre::Result<TransactionReceipt> {
        let l1 = &self.connected.l1;
        let (since, mut told, mut missed, mut silent) = (Instant::now(), false, 0, 0);
        loop {
            // The nonce first: a receipt that is there afterwards is the transaction's own.
            let next = l1.get_transaction_count(self.address).latest().await;
            match (next, l1.get_transaction_receipt(hash).await) {
                (_, Ok(Some(receipt))) => return Ok(receipt),
                (Ok(next), Ok(None)) => (missed, silent) = (if next > nonce { missed + 1 } else { 0 }, 0),
                (Err(error), _) | (_, Err(error)) => {
                    silent += 1;
                    ensure!(silent < SILENT_MAX, "it may be mined yet, but L1 does not answer: {}", reason(&error));
                }
            }
            ensure!(
                missed < MISSED_MAX,
                "it was not mined, and never will be: another transaction of {} took its nonce {nonce}. A node that \
                 posts with the same key may have sent that: run the command again",
                self.address
            );
            if !told && since.elapsed() > TOLD_AFTER {
                told = true;
                eprintln!("waiting until L1 transaction {hash} is mined; nothing is lost if you stop waiting");
            }
            tokio::time::sleep(MINED_POLL).await;
        }
    }
}

fn step(contract: &'static str, to: Address, call: String, input: impl Into<Bytes>) -> Step {
    Step { contract, to, call, input: input.into(), needs_the_one_before: false }
}
