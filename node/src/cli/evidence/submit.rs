//! `rota evidence submit`: a file of evidence is tried, sent to the slasher, and waited for until it is mined.

use std::{path::PathBuf, time::Duration};

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, TxKind, U256};
use eyre::{ContextCompat as _, WrapErr as _, ensure, eyre};
use serde_json::json;

use super::read_piece;
use crate::{
    config::{NetworkToml, read_text},
    evidence::Piece,
    l1::{L1Client, report},
    poster::{Fate, Fees, Market, Submitter},
};

/// The environment's variable that holds a key in hex.
const KEY_VARIABLE: &str = "ROTA_L1_KEY";

/// Wei in a gwei.
const GWEI: u128 = 1_000_000_000;

/// How often L1 is asked whether the transaction is mined, and for how long.
const POLL: Duration = Duration::from_millis(500);
const POLLS_MAX: u32 = 1_200;

/// What is brought before L1, by whom.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct SubmitArguments {
    /// The evidence as `rota evidence show --json` writes it; `-` reads it from the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The network's file.
    #[arg(long, value_name = "FILE", default_value = "config/network.toml")]
    network: PathBuf,
    /// L1's JSON-RPC.
    #[arg(long, env = "ROTA_L1", value_name = "URL")]
    l1: String,
    /// The key that signs on L1: 32 bytes in hex or, with --l1-passphrase-file, a keystore as `cast wallet` writes it.
    /// Without it the environment's ROTA_L1_KEY holds the key in hex.
    #[arg(long, value_name = "FILE")]
    l1_key: Option<PathBuf>,
    /// The file with the keystore's passphrase.
    #[arg(long, value_name = "FILE", requires = "l1_key")]
    l1_passphrase_file: Option<PathBuf>,
    /// The most to be paid, in gwei per gas.
    #[arg(long, value_name = "GWEI", default_value_t = 100)]
    max_fee_gwei: u64,
    /// Prints what would be sent, what it would take or why it would be refused, and sends nothing.
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run, who would send it: no key is needed.
    #[arg(long, value_name = "ADDRESS", requires = "dry_run", conflicts_with = "l1_key")]
    from: Option<Address>,
    /// The result as JSON.
    #[arg(long)]
    json: bool,
}

/// Sends it.
///
/// # Errors
/// What does not stand, what the contract refuses by name, or what L1 says.
pub(super) async fn run(arguments: SubmitArguments) -> eyre::Result<()> {
    let piece = read_piece(&arguments.file)?;
    let network = NetworkToml::read(&arguments.network)?;
    piece.verify(&network.domain()).wrap_err("the evidence does not stand")?;
    let slasher = network.l1.slasher.wrap_err("the network has no slasher: [l1] slasher in network.toml")?;
    let l1 = L1Client::new(&arguments.l1, network.l1.clone())?;
    l1.check_chain().await?;
    let key = if arguments.from.is_some() { None } else { Some(arguments.key()?) };
    let from = arguments.from.or(key.as_ref().map(Submitter::address)).wrap_err("nobody to send it")?;
    let input = report(&piece.pair()?);
    let gas = l1.try_report(from, slasher, input.clone()).await?;
    if arguments.dry_run {
        let call =
            json!({ "dryRun": true, "contract": "Slasher", "to": slasher, "from": from, "gas": gas, "data": input });
        if arguments.json {
            println!("{call}");
        } else {
            println!("would call Slasher at {slasher}: slashVotes against {}", piece.validator);
            println!("  from  {from}\n  gas   {gas}\n  data  {input}");
        }
        return Ok(());
    }
    let key = key.wrap_err("nothing is sent without a key")?;
    let transaction = TxEip1559 {
        chain_id: network.l1.chain_id,
        gas_limit: gas.saturating_add(gas / 4),
        to: TxKind::Call(slasher),
        input,
        ..TxEip1559::default()
    };
    let (hash, block) = send(&l1, &key, transaction, u128::from(arguments.max_fee_gwei) * GWEI).await?;
    tell(&piece, hash, block, arguments.json);
    Ok(())
}

impl SubmitArguments {
    fn key(&self) -> eyre::Result<Submitter> {
        if let Some(file) = &self.l1_key {
            let passphrase = self.l1_passphrase_file.as_ref().map(|file| read_text(file)).transpose()?;
            return Ok(Submitter::read(file, passphrase.as_deref().map(str::trim_end))?);
        }
        let text = std::env::var(KEY_VARIABLE).wrap_err(format!("neither --l1-key nor {KEY_VARIABLE} names a key"))?;
        Submitter::of_hex(&text).wrap_err_with(|| format!("{KEY_VARIABLE} holds no key of 32 bytes in hex"))
    }
}

/// Signs with the account's next nonce and the fees of now, sends, and waits until it is mined. Its hash and block.
async fn send(l1: &L1Client, key: &Submitter, mut transaction: TxEip1559, cap: u128) -> eyre::Result<(B256, u64)> {
    let tip = l1.tip().await?;
    let account = l1.account(key.address(), alloy::eips::BlockId::pending()).await?;
    let market = Market { base_fee: tip.base_fee, tip: l1.suggested_tip().await.unwrap_or_default(), cap };
    let fees = Fees::first(&market)
        .map_err(|capped| eyre!("{} wei per gas are needed: raise --max-fee-gwei", capped.needed))?;
    transaction.nonce = account.nonce;
    (transaction.max_fee_per_gas, transaction.max_priority_fee_per_gas) = (fees.max_fee, fees.tip);
    let needed = U256::from(transaction.gas_limit) * U256::from(fees.max_fee);
    ensure!(needed <= account.balance, "{} has {} wei, {needed} may be needed", key.address(), account.balance);
    let (hash, raw) = key.sign(transaction)?;
    l1.send(&raw).await?;
    for _ in 0..POLLS_MAX {
        match l1.fate(&[hash]).await?.0 {
            Fate::Done => return Ok((hash, l1.mined_in(hash).await?.unwrap_or_default())),
            Fate::Reverted => return Err(eyre!("L1 transaction {hash} was reverted: somebody else was first")),
            Fate::Unknown | Fate::Underpriced | Fate::Waiting => tokio::time::sleep(POLL).await,
        }
    }
    Err(eyre!("L1 transaction {hash} is not mined yet; it may be still"))
}

fn tell(piece: &Piece, hash: B256, block: u64, json: bool) {
    if json {
        println!("{}", json!({ "validator": piece.validator, "transaction": hash, "block": block }));
    } else {
        println!("validator {} is slashed in L1 block {block}, transaction {hash}", piece.validator);
    }
}
