//! A chain without a network: batches built by the production execution, finalized by test keys, kept in a real store.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use alloy_consensus::{SignableTransaction as _, TxEip1559};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use ed25519_dalek::{Signer as _, SigningKey};
use eyre::{ContextCompat as _, Result, ensure};
use prometheus_client::registry::Registry;
use rota_execution::{BatchEnvironment, Budget, Execution, Genesis, L1Block, StateView as _};
use rota_node::{
    config::{NetworkToml, PosterToml},
    evidence::{self, Docket, EvidenceBook},
    l1::L1Client,
    poster::{Metrics, Poster, Sources, Submitter},
    replay::{Replayed, replay},
    signer::Keystore,
    status::Posted,
    store::{FinalRecord, SledStore, Store},
};
use rota_proto::{
    BatchHeader, Certificate, Epoch, ExtraData, Place, Round, Signature, Signers, Transaction, View, Vote,
};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::anvil::Anvil;

/// Batches built on each other before they are committed together.
const GROUP: u64 = 64;

/// A chain and its network.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) network: NetworkToml,
    pub(crate) genesis: Genesis,
    pub(crate) store: Arc<dyn Store>,
    execution: Execution,
    pub(crate) keys: Vec<SigningKey>,
    pub(crate) operators: Vec<PrivateKeySigner>,
    nonce: u64,
    /// Batches that are built and not committed yet, with their bodies.
    live: Vec<(BatchHeader, Bytes)>,
    /// Only heights that this divides get a finalization of their own, and the last of a growth.
    pub(crate) proven_every: u64,
    /// Makes the transfers of two worlds differ.
    pub(crate) salt: u64,
}

/// A world on an L1, with the contracts deployed by `rota testnet`; from then on the test mines.
pub(crate) async fn on_l1(validators: usize) -> Result<(World, Anvil)> {
    let folder = tempfile::tempdir()?;
    let anvil = Anvil::start(folder.path())?;
    let out = folder.path().join("network");
    let made = Command::new(env!("CARGO_BIN_EXE_rota"))
        .args("testnet --accounts 8 --epoch-lag-max 1 --origin-age-max-s 60 --validators".split(' '))
        .args([&validators.to_string(), "--l1", &anvil.url, "--out"])
        .arg(&out)
        .output()?;
    ensure!(made.status.success(), "rota testnet: {}", String::from_utf8_lossy(&made.stderr));
    anvil.by_hand().await?;
    // The deployment becomes final.
    anvil.mine(4).await?;
    let world = World::read(folder, &out, validators)?;
    Ok((world, anvil))
}

/// The secret key of a funded account.
fn account(index: u64) -> Result<PrivateKeySigner> {
    let bytes = [b"rota/devnet/account".as_slice(), &index.to_be_bytes()].concat();
    Ok(PrivateKeySigner::from_bytes(&keccak256(bytes))?)
}

impl World {
    fn read(folder: TempDir, network: &Path, validators: usize) -> Result<Self> {
        let (mut keys, mut operators) = (Vec::new(), Vec::new());
        for index in 0..validators {
            let node = network.join(format!("node{index}"));
            keys.push(Keystore::read(&node.join("keys/consensus.json"))?.decrypt("devnet")?);
            operators.push(std::fs::read_to_string(node.join("keys/operator"))?.parse()?);
        }
        let config = network.join("node0/config");
        let genesis = Genesis::parse(&std::fs::read_to_string(config.join("genesis.json"))?)?;
        let network = NetworkToml::read(&config.join("network.toml"))?;
        Self::begin(folder, network, genesis, keys, operators)
    }

    fn begin(
        folder: TempDir,
        network: NetworkToml,
        genesis: Genesis,
        keys: Vec<SigningKey>,
        operators: Vec<PrivateKeySigner>,
    ) -> Result<Self> {
        let store: Arc<dyn Store> = Arc::new(SledStore::open(&folder.path().join("store"))?);
        store.begin(&genesis)?;
        let execution = Execution::new(genesis.rules, genesis.header.clone());
        let (nonce, live, proven_every, salt) = (0, Vec::new(), 1, 0);
        Ok(Self { folder, network, genesis, store, execution, keys, operators, nonce, live, proven_every, salt })
    }

    /// Another chain of the same network, in a store of its own.
    pub(crate) fn another(&self, salt: u64) -> Result<Self> {
        let (keys, operators) = (self.keys.clone(), self.operators.clone());
        let world = Self::begin(tempfile::tempdir()?, self.network.clone(), self.genesis.clone(), keys, operators)?;
        Ok(Self { salt, ..world })
    }

    /// The height of the head.
    pub(crate) fn height(&self) -> u64 {
        self.execution.head().height().0
    }

    /// The header of the head.
    pub(crate) fn head(&self) -> BatchHeader {
        self.execution.head().clone()
    }

    pub(crate) fn hash(&self, height: u64) -> Result<B256> {
        self.store.block_hash(height)?.wrap_err_with(|| format!("no batch {height}"))
    }

    /// Adds final batches with so many transfers each.
    pub(crate) fn grow(&mut self, batches: u64, transfers: u64) -> Result<()> {
        let mut left = batches;
        while left > 0 {
            let group = left.min(GROUP);
            left -= group;
            for _ in 0..group {
                let chain = (0..transfers).map(|_| self.transfer(0)).collect::<Result<Vec<_>>>()?;
                self.build(chain)?;
            }
            self.commit()?;
        }
        Ok(())
    }

    /// Adds a final batch with so many transactions that each carry so many random bytes.
    pub(crate) fn grow_long(&mut self, transactions: usize, bytes: usize) -> Result<()> {
        let chain = (0..transactions).map(|_| self.transfer(bytes)).collect::<Result<Vec<_>>>()?;
        self.build(chain)?;
        self.commit()
    }

    /// A transfer from a funded account to an address that nobody has seen.
    fn transfer(&mut self, input: usize) -> Result<Arc<Transaction>> {
        let nonce = self.nonce;
        self.nonce += 1;
        let seed = keccak256([self.salt.to_be_bytes(), nonce.to_be_bytes()].concat());
        let mut random = Vec::with_capacity(input);
        for index in 0u64.. {
            if random.len() >= input {
                break;
            }
            random.extend_from_slice(keccak256([seed.as_slice(), &index.to_be_bytes()].concat()).as_slice());
        }
        random.truncate(input);
        let transaction = TxEip1559 {
            chain_id: self.network.rollup_chain_id,
            nonce,
            gas_limit: 21_000 + 50 * u64::try_from(input)?,
            max_fee_per_gas: 10_000_000_000,
            max_priority_fee_per_gas: 1_000_000,
            to: TxKind::Call(Address::from_slice(&seed[..20])),
            value: U256::from(1),
            input: random.into(),
            ..TxEip1559::default()
        };
        let signature = account(0)?.sign_hash_sync(&transaction.signature_hash())?;
        let bytes: Bytes = transaction.into_signed(signature).encoded_2718().into();
        Ok(Arc::new(Transaction::decode(&bytes)?))
    }

    /// Builds a batch on the newest one, whose origin it keeps.
    fn build(&mut self, chain: Vec<Arc<Transaction>>) -> Result<()> {
        let parent = self.live.last().map_or_else(|| self.execution.head().clone(), |(header, _)| header.clone());
        let count = chain.len();
        let extra = ExtraData {
            epoch: Epoch(0),
            origin_number: parent.origin().number,
            parent_view: View(parent.height().0),
            parent_signers: self.signers(),
        };
        let environment = BatchEnvironment {
            parent: parent.hash(),
            timestamp: parent.header().timestamp.max(rota_node::driver::now_ms() / 1_000),
            origin: L1Block {
                origin: parent.origin(),
                timestamp: self.genesis.header.header().timestamp,
                prevrandao: parent.header().mix_hash,
            },
            beneficiary: Address::repeat_byte(0xfe),
            extra,
        };
        let built = self.execution.build(&self.store, &environment, &Budget::default(), [chain.into_iter()])?;
        ensure!(built.executed.batch().transactions().len() == count, "every transfer fits: {:?}", built.refused);
        self.live.push((built.executed.header().clone(), built.body.encode()));
        Ok(())
    }

    /// Makes everything built final.
    fn commit(&mut self) -> Result<()> {
        let Some((last, _)) = self.live.last() else { return Ok(()) };
        let path = self.execution.finalize(&last.hash())?;
        let (last, live) = (last.height().0, std::mem::take(&mut self.live));
        let records = path.into_iter().zip(live).map(|(executed, (header, body))| {
            let height = header.height().0;
            let proven = height.is_multiple_of(self.proven_every) || height == last;
            FinalRecord { executed, body, finalization: proven.then(|| self.finalization(&header)) }
        });
        let records: Vec<FinalRecord> = records.collect();
        self.store.commit(&records, Round::new(Epoch(0), View(last)), None)?;
        Ok(())
    }

    fn signers(&self) -> Signers {
        (0..).map_while(Place::new).take(self.keys.len()).collect()
    }

    /// The finalization of a batch by all validators.
    pub(crate) fn finalization(&self, header: &BatchHeader) -> Certificate {
        let vote = Vote::finalize(Round::new(header.epoch(), View(header.height().0)), header.hash());
        let digest = self.network.domain().vote(&vote);
        let signatures = self.keys.iter().map(|key| Signature(key.sign(digest.as_slice()).to_bytes())).collect();
        Certificate { vote, signers: self.signers(), signatures }
    }

    pub(crate) fn l1(&self, anvil: &Anvil) -> Result<L1Client> {
        Ok(L1Client::new(&anvil.url, self.network.l1.clone())?)
    }

    /// The poster of a validator: everything is due at once, backups wait for an hour.
    pub(crate) fn poster(&self, anvil: &Anvil, index: usize) -> Result<(Poster, watch::Receiver<Posted>)> {
        self.poster_with(anvil, index, |_| {})
    }

    pub(crate) fn poster_with(
        &self,
        anvil: &Anvil,
        index: usize,
        change: impl FnOnce(&mut PosterToml),
    ) -> Result<(Poster, watch::Receiver<Posted>)> {
        let mut settings = PosterToml { max_wait_s: 0, backup_after_s: 3_600, ..PosterToml::with_key(PathBuf::new()) };
        change(&mut settings);
        let operator = self.operators.get(index).wrap_err("no such operator")?.clone();
        let journal = self.journal(index);
        let publisher = (settings, Submitter::from(operator), journal.as_path());
        let metrics = Metrics::new(&mut Registry::default());
        Ok(Poster::new(self.sources(anvil, index)?, &self.network, Some(publisher), metrics)?)
    }

    /// A node without a key.
    pub(crate) fn tracker(&self, anvil: &Anvil) -> Result<(Poster, watch::Receiver<Posted>)> {
        let metrics = Metrics::new(&mut Registry::default());
        Ok(Poster::new(self.sources(anvil, usize::MAX)?, &self.network, None, metrics)?)
    }

    /// Where a node looks, with a book of evidence of its own.
    fn sources(&self, anvil: &Anvil, index: usize) -> Result<Sources> {
        let metrics = evidence::Metrics::new(&mut Registry::default());
        let docket = Docket { book: Arc::new(self.book(index)?), metrics };
        let (_, chores) = watch::channel(Vec::new());
        Ok(Sources { l1: self.l1(anvil)?, store: self.store.clone(), docket, chores })
    }

    /// The evidence that a node keeps, as its disk has it.
    pub(crate) fn book(&self, index: usize) -> Result<EvidenceBook> {
        Ok(EvidenceBook::open(&self.folder.path().join(format!("evidence{index}.json")))?)
    }

    /// A node forgets what evidence it keeps, and what it was about to send.
    pub(crate) fn forget(&self, index: usize) -> Result<()> {
        for path in [self.folder.path().join(format!("evidence{index}.json")), self.journal(index)] {
            if path.exists() {
                std::fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    pub(crate) fn journal(&self, index: usize) -> PathBuf {
        self.folder.path().join(format!("poster{index}.json"))
    }

    /// Ticks posters and mines, a block a time, until L1 has everything.
    pub(crate) async fn settle(&self, anvil: &Anvil, posters: &mut [&mut Poster]) -> Result<()> {
        let l1 = self.l1(anvil)?;
        for _ in 0..120 {
            for poster in &mut *posters {
                poster.tick().await?;
            }
            anvil.mine(1).await?;
            if l1.inbox_head(alloy::eips::BlockId::latest()).await?.next_height == self.height() + 1 {
                for poster in &mut *posters {
                    poster.tick().await?;
                }
                return Ok(());
            }
        }
        eyre::bail!("L1 does not have height {} after 120 blocks", self.height())
    }

    /// Every height stands on L1 exactly once, in order, as our chain has it; gives the number of entries.
    pub(crate) async fn check_posted(&self, anvil: &Anvil) -> Result<usize> {
        let l1 = self.l1(anvil)?;
        let events = l1.appended(0, l1.tip().await?.number).await?;
        let mut next = 1;
        for event in &events {
            ensure!(event.first_height == next, "an entry begins with {}, {next} is next", event.first_height);
            ensure!(event.last_batch == self.hash(event.last_height)?, "{} is another batch", event.last_height);
            next = event.last_height + 1;
        }
        ensure!(next == self.height() + 1, "L1 has heights up to {}, we {}", next - 1, self.height());
        Ok(events.len())
    }

    /// Replays what L1 has; everything posted has to be final there.
    pub(crate) async fn replay(&self, anvil: &Anvil) -> Result<Replayed> {
        Ok(replay(&self.l1(anvil)?, &self.network, &self.genesis, None, |_| {}).await?)
    }

    /// What L1 has comes to the same state as our chain.
    pub(crate) async fn check_replay(&self, anvil: &Anvil) -> Result<()> {
        anvil.mine(3).await?;
        let (replayed, head) = (self.replay(anvil).await?, self.head());
        assert_eq!((replayed.height, replayed.hash), (head.height().0, head.hash()));
        assert_eq!(replayed.state_root, head.header().state_root);
        assert_eq!(replayed.unproven, 0);
        Ok(())
    }
}
