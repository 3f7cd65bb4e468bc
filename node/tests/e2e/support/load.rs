//! Users who send transfers and wait for their receipts, whatever happens to nodes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use alloy_consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U64, U256, keccak256};
use eyre::{Result, WrapErr as _, ensure, eyre};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::http::Http;

/// Chain id of the rollup.
const CHAIN_ID: u64 = 7_682;

/// Transactions that a user sends at once.
const BURST: u64 = 8;

/// After this long a user takes an unanswered transaction for lost and sends it again through another node.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// A transaction that is not final after this long, whatever was done to the network, is a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// What was reported final: where, by whom, when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub(crate) transaction: B256,
    pub(crate) block: B256,
    pub(crate) height: u64,
    pub(crate) sent: Instant,
    pub(crate) told: Instant,
}

type Book = Arc<Mutex<Vec<Told>>>;

/// A running load.
pub(crate) struct Load {
    book: Book,
    stop: watch::Sender<bool>,
    users: JoinSet<Result<()>>,
}

impl Load {
    /// `users` accounts of genesis begin to send to these nodes.
    pub(crate) fn start(http: &Http, rpcs: &[String], users: u64) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let book = Book::default();
        let mut tasks = JoinSet::new();
        for index in 0..users {
            let user = User {
                signer: devnet_signer(index)?,
                turn: usize::try_from(index)?,
                http: http.clone(),
                rpcs: rpcs.to_vec(),
                book: book.clone(),
                stopped: stopped.clone(),
            };
            tasks.spawn(user.run());
        }
        Ok(Self { book, stop, users: tasks })
    }

    /// Everything reported final so far.
    pub(crate) fn told(&self) -> Vec<Told> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a transaction sent after `since` was reported final, and tells how long that took from `since`.
    pub(crate) async fn final_after(&self, since: Instant, within: Duration) -> Result<Duration> {
        super::until("a transaction sent since is final", within, async || {
            let found = self.told().into_iter().filter(|told| told.sent > since).map(|told| told.told).min();
            Ok(found.map(|told| told - since))
        })
        .await
    }

    /// Lets every user wait for the last receipts, and returns all.
    pub(crate) async fn finish(mut self) -> Result<Vec<Told>> {
        self.stop.send_replace(true);
        while let Some(user) = self.users.join_next().await {
            user.wrap_err("a user panicked")??;
        }
        ensure!(!self.told().is_empty(), "nobody got a receipt");
        Ok(self.told())
    }
}

/// The funded account `index` of a devnet.
pub(crate) fn devnet_signer(index: u64) -> Result<PrivateKeySigner> {
    let secret = keccak256([b"rota/devnet/account".as_slice(), &index.to_be_bytes()].concat());
    Ok(PrivateKeySigner::from_bytes(&secret)?)
}

/// A signed transfer of 1 wei: its hash and its bytes.
pub(crate) fn transfer(signer: &PrivateKeySigner, nonce: u64) -> Result<(B256, Bytes)> {
    transfer_on(CHAIN_ID, signer, nonce)
}

/// The same for any chain.
pub(crate) fn transfer_on(chain_id: u64, signer: &PrivateKeySigner, nonce: u64) -> Result<(B256, Bytes)> {
    let transaction = TxEip1559 {
        chain_id,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 100_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::with_last_byte(0xAA)),
        value: U256::ONE,
        ..TxEip1559::default()
    };
    let signature = signer.sign_hash_sync(&transaction.signature_hash())?;
    let envelope = TxEnvelope::from(transaction.into_signed(signature));
    Ok((*envelope.tx_hash(), envelope.encoded_2718().into()))
}

struct User {
    signer: PrivateKeySigner,
    turn: usize,
    http: Http,
    rpcs: Vec<String>,
    book: Book,
    stopped: watch::Receiver<bool>,
}

impl User {
    async fn run(mut self) -> Result<()> {
        let mut nonce = self.nonce().await?;
        while !*self.stopped.borrow() {
            self.burst(nonce).await?;
            nonce += BURST;
        }
        Ok(())
    }

    async fn nonce(&mut self) -> Result<u64> {
        let answer = self.ask(&[("eth_getTransactionCount", json!([self.signer.address(), "latest"]))]).await?;
        let answer = answer.into_iter().next().unwrap_or_else(|| Err(eyre!("no answer")))?;
        Ok(serde_json::from_value::<U64>(answer)?.to())
    }

    /// Sends some transactions and waits until each is final.
    async fn burst(&mut self, nonce: u64) -> Result<()> {
        let transfers = (nonce..nonce + BURST).map(|nonce| transfer(&self.signer, nonce));
        let mut open: BTreeMap<B256, Bytes> = transfers.collect::<Result<_>>()?;
        let ordered: Vec<B256> =
            (nonce..nonce + BURST).map(|nonce| Ok(transfer(&self.signer, nonce)?.0)).collect::<Result<_>>()?;
        let sent = Instant::now();
        while !open.is_empty() {
            ensure!(sent.elapsed() < PATIENCE, "{} transactions are not final after {PATIENCE:?}", open.len());
            let calls: Vec<_> =
                ordered.iter().filter_map(|hash| Some(("eth_sendRawTransaction", json!([open.get(hash)?])))).collect();
            // Refused ones are known or final already; the receipts say which.
            let taken = self.ask(&calls).await.is_ok();
            let patience = if taken { LOST_AFTER } else { Duration::ZERO };
            self.wait(&mut open, sent, patience).await;
            self.turn += 1;
        }
        Ok(())
    }

    /// Takes the receipts that come in time.
    async fn wait(&mut self, open: &mut BTreeMap<B256, Bytes>, sent: Instant, patience: Duration) {
        let since = Instant::now();
        loop {
            let hashes: Vec<B256> = open.keys().copied().collect();
            let calls: Vec<_> = hashes.iter().map(|hash| ("eth_getTransactionReceipt", json!([hash]))).collect();
            for answer in self.ask(&calls).await.into_iter().flatten().flatten() {
                if let Some(told) = told(&answer, sent) {
                    open.remove(&told.transaction);
                    self.book.lock().unwrap_or_else(PoisonError::into_inner).push(told);
                }
            }
            if open.is_empty() || since.elapsed() > patience {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks the node whose turn it is; after a failure it is the next one's.
    async fn ask(&mut self, calls: &[(&str, Value)]) -> Result<Vec<Result<Value>>> {
        let rpc = self.rpcs.get(self.turn % self.rpcs.len()).cloned().unwrap_or_default();
        let answer = self.http.calls(&rpc, calls).await;
        if answer.is_err() {
            self.turn += 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        answer
    }
}

fn told(receipt: &Value, sent: Instant) -> Option<Told> {
    let field = |name: &str| receipt.get(name).cloned();
    Some(Told {
        transaction: serde_json::from_value(field("transactionHash")?).ok()?,
        block: serde_json::from_value(field("blockHash")?).ok()?,
        height: serde_json::from_value::<U64>(field("blockNumber")?).ok()?.to(),
        sent,
        told: Instant::now(),
    })
}
