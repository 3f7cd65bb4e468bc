//! An anvil that mines what is sent to it, with the contracts of a new network, and the commands of `rota` on it.

#[path = "../support/anvil.rs"]
mod process;

use std::{
    io,
    path::PathBuf,
    process::{Command, Output},
    time::Duration,
};

use alloy::{
    providers::{DynProvider, Provider as _, ProviderBuilder},
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
};
use alloy_primitives::{Address, U256, address, hex};
use alloy_sol_types::SolCall;
use eyre::{Result, WrapErr as _, ensure};
use rota_node::{
    config::NetworkToml,
    signer::{Keystore, Strength, ValidatorKeys},
};
use rota_staking::{
    Contracts,
    bindings::{TestToken, ValidatorSets},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The smallest units of a token, and wei of a coin.
pub(crate) const TOKEN: u128 = 1_000_000_000_000_000_000;

/// L1 blocks of an epoch, the fewest that the contracts take.
pub(crate) const EPOCH_LENGTH: u64 = 32;

/// Anvil's first account, whose key anvil holds.
const FIRST: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");

/// Its key, which everybody knows.
const FIRST_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) network: NetworkToml,
    /// L1's JSON-RPC.
    pub(crate) url: String,
    l1: DynProvider,
    _anvil: process::Anvil,
}

/// Somebody with an account on L1.
pub(crate) struct Somebody {
    pub(crate) key: PrivateKeySigner,
    /// A folder with a network's settings, and keys of a validator.
    pub(crate) folder: PathBuf,
}

impl Somebody {
    pub(crate) fn address(&self) -> Address {
        self.key.address()
    }
}

impl World {
    /// A network of two validators with 30 and 27 tokens, whose stake is out 13 epochs after it has ceased to serve.
    pub(crate) async fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let arguments = ["--port", "0", "--slots-in-an-epoch", "1", "--hardfork", "prague"];
        let anvil = process::Anvil::start(arguments, io::sink())?;
        let url = format!("http://{}", anvil.address);
        let out = folder.path().join("network");
        let line = "testnet --validators 2 --stakes 30,27 --accounts 2 --epoch-length 32 --epoch-lag-max 1 \
                    --origin-age-max-s 32 --l1";
        let made = Command::new(env!("CARGO_BIN_EXE_rota"))
            .args(line.split_whitespace())
            .args([&url, "--out"])
            .arg(&out)
            .output()?;
        ensure!(made.status.success(), "rota testnet: {}", String::from_utf8_lossy(&made.stderr));
        let network = NetworkToml::read(&out.join("node0/config/network.toml"))?;
        let l1 = ProviderBuilder::new().connect_http(url.parse()?).erased();
        Ok(Self { folder, network, url, l1, _anvil: anvil })
    }

    pub(crate) const fn contracts(&self) -> &Contracts {
        &self.network.l1.contracts
    }

    /// The validator whose keys `rota testnet` made.
    pub(crate) fn seed(&self, index: usize) -> Result<Somebody> {
        let folder = self.folder.path().join(format!("network/node{index}"));
        let key = std::fs::read_to_string(folder.join("keys/operator"))?.trim().parse()?;
        Ok(Somebody { key, folder })
    }

    /// Whoever deployed the contracts: the guardian, and the funder of rewards.
    pub(crate) fn deployer(&self) -> Result<Somebody> {
        let folder = self.folder.path().join("network/node0");
        Ok(Somebody { key: FIRST_KEY.parse()?, folder })
    }

    /// Somebody new, with coins for gas and so many tokens, and with keys of a validator.
    pub(crate) async fn newcomer(&self, name: &str, tokens: u128) -> Result<Somebody> {
        let key = PrivateKeySigner::random();
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(folder.join("config"))?;
        for file in ["config/network.toml", "config/node.toml"] {
            std::fs::copy(self.folder.path().join("network/node0").join(file), folder.join(file))?;
        }
        let somebody = Somebody { key, folder };
        self.new_keys(&somebody, "")?;
        self.rpc("anvil_setBalance", json!([somebody.address(), U256::from(TOKEN)])).await?;
        let mint = TestToken::mintCall { to: somebody.address(), amount: U256::from(tokens * TOKEN) };
        self.send(self.contracts().token, mint).await?;
        Ok(somebody)
    }

    /// Draws keys of a validator, into files whose names end in `suffix`.
    pub(crate) fn new_keys(&self, somebody: &Somebody, suffix: &str) -> Result<ValidatorKeys> {
        let keys = ValidatorKeys::generate();
        let file = |name: &str| somebody.folder.join(format!("keys/{name}{suffix}.json"));
        rota_node::cli::write_secret(&somebody.folder.join("keys/passphrase"), b"devnet")?;
        Keystore::encrypt(&keys.consensus, "devnet", Strength::Devnet)?.write(&file("consensus"))?;
        keys.attestation.encrypt("devnet", Strength::Devnet)?.write(&file("attestation"))?;
        Ok(keys)
    }

    /// Runs `rota` for somebody, in whose folder it stands.
    fn run(&self, somebody: &Somebody, line: &str) -> Result<Output> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rota"));
        command.args(line.split_whitespace()).arg("--data").arg(&somebody.folder);
        command.env("ROTA_L1_KEY", hex::encode(somebody.key.to_bytes()));
        Ok(command.output()?)
    }

    /// What a command says, as JSON.
    pub(crate) fn told(&self, somebody: &Somebody, line: &str) -> Result<Value> {
        let ended = self.run(somebody, &format!("{line} --json"))?;
        ensure!(ended.status.success(), "rota {line}: {}", String::from_utf8_lossy(&ended.stderr));
        serde_json::from_slice(&ended.stdout).wrap_err_with(|| String::from_utf8_lossy(&ended.stdout).into_owned())
    }

    /// What a command says to people.
    pub(crate) fn said(&self, somebody: &Somebody, line: &str) -> Result<String> {
        let ended = self.run(somebody, line)?;
        ensure!(ended.status.success(), "rota {line}: {}", String::from_utf8_lossy(&ended.stderr));
        Ok(String::from_utf8(ended.stdout)?)
    }

    /// A command is refused, and says so by these words.
    pub(crate) fn refused(&self, somebody: &Somebody, line: &str, words: &[&str]) -> Result<()> {
        let ended = self.run(somebody, line)?;
        let text = String::from_utf8_lossy(&ended.stderr);
        ensure!(!ended.status.success(), "rota {line} was done: {}", String::from_utf8_lossy(&ended.stdout));
        for word in words {
            ensure!(text.contains(word), "rota {line}: {word:?} was expected of: {text}");
        }
        println!("{}", text.trim_end());
        Ok(())
    }

    /// Mines until an epoch that lies so many further on begins.
    pub(crate) async fn epochs_pass(&self, epochs: u64) -> Result<()> {
        let since = self.number().await? - self.network.l1.start_block;
        let first = (since / EPOCH_LENGTH + epochs) * EPOCH_LENGTH;
        self.rpc("anvil_mine", json!([first - since])).await.map(drop)
    }

    /// Whether a block is made of each transaction at once, or only when it is asked for.
    pub(crate) async fn set_automine(&self, on: bool) -> Result<()> {
        self.rpc("evm_setAutomine", json!([on])).await.map(drop)
    }

    /// Mines so many blocks, a second each.
    pub(crate) async fn mine(&self, blocks: u64) -> Result<()> {
        self.rpc("anvil_mine", json!([blocks, 1])).await.map(drop)
    }

    /// What anybody may do in each of some epochs, so that what is bounded goes on.
    pub(crate) async fn advance(&self, epochs: u64) -> Result<()> {
        for _ in 0..epochs {
            self.epochs_pass(1).await?;
            self.send(self.contracts().sets, ValidatorSets::advanceCall { steps: U256::from(32) }).await?;
        }
        Ok(())
    }

    pub(crate) async fn number(&self) -> Result<u64> {
        Ok(self.l1.get_block_number().await?)
    }

    pub(crate) async fn epoch(&self) -> Result<u64> {
        self.ask(self.contracts().sets, ValidatorSets::currentEpochCall {}).await
    }

    pub(crate) async fn balance(&self, account: Address) -> Result<u128> {
        let balance = self.ask(self.contracts().token, TestToken::balanceOfCall { account }).await?;
        Ok(balance.saturating_to())
    }

    pub(crate) async fn nonce(&self, account: Address) -> Result<u64> {
        Ok(self.l1.get_transaction_count(account).await?)
    }

    pub(crate) async fn ask<C: SolCall>(&self, to: Address, call: C) -> Result<C::Return> {
        let request = TransactionRequest::default().to(to).input(call.abi_encode().into());
        Ok(C::abi_decode_returns(&self.l1.call(request).await?)?)
    }

    /// A call by anvil's first account.
    pub(crate) async fn send<C: SolCall>(&self, to: Address, call: C) -> Result<()> {
        let request = json!([{ "from": FIRST, "to": to, "input": alloy_primitives::Bytes::from(call.abi_encode()) }]);
        let hash = self.rpc("eth_sendTransaction", request).await?;
        let receipt = loop {
            let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await?;
            if !receipt.is_null() {
                break receipt;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        ensure!(receipt["status"] == "0x1", "{} came to {receipt}", C::SIGNATURE);
        Ok(())
    }

    async fn rpc(&self, method: &'static str, params: Value) -> Result<Value> {
        self.l1.raw_request::<Value, Value>(method.into(), params).await.wrap_err(method)
    }
}
