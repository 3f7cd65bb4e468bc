//! Everything before the first measured transaction: same chain everywhere, keys, money, tokens, nonces, signatures.

use core::time::Duration;
use std::time::Instant;

use alloy_primitives::utils::format_ether;
use alloy_primitives::{Address, B256, U64, U256};
use alloy_sol_types::SolCall;
use serde_json::json;
use thiserror::Error;
use tokio::time::sleep;

use super::accounts::{self, Account, AccountError};
use super::fleet::{Crew, Fleet};
use super::fund::Bank;
use super::http::Client;
use super::options::{Contradiction, Kind, Options, Rate};
use super::rpc::{self, Block, Call, RpcError};
use super::transaction::{Erc20, Fees, Template, sign_ahead};

/// Transactions signed ahead of a run: 250 bytes each. Later ones are signed when they are sent.
const SIGNED_AHEAD_MAX: u64 = 400_000;
/// How many transactions a second `--rate max` is prepared for; more are signed when they are sent.
const MAX_RATE_EXPECTED: u64 = 8_000;
/// How long a node may take to have the blocks that paid the senders.
const LEVEL_WITHIN: Duration = Duration::from_secs(30);

/// Why a run could not begin.
#[derive(Debug, Error)]
pub enum SetupError {
    /// Options that do not go together.
    #[error(transparent)]
    Options(#[from] Contradiction),
    /// A key or mnemonic that is none.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A node does not answer, or refuses.
    #[error("{node}: {error}. Is this the JSON-RPC address of a running node?")]
    Node {
        /// Its address.
        node: String,
        /// What happened.
        error: RpcError,
    },
    /// Nodes of two networks.
    #[error("{node} is on chain {chain}, {first} on chain {first_chain}: name nodes of one network only")]
    OtherChain {
        /// The first node.
        first: String,
        /// Its chain.
        first_chain: u64,
        /// The node that differs.
        node: String,
        /// Its chain.
        chain: u64,
    },
    /// Before London.
    #[error("{node}: its blocks have no base fee, and this tool sends EIP-1559 transactions only")]
    NoBaseFee {
        /// Its address.
        node: String,
    },
    /// A sender cannot pay.
    #[error(
        "sender {number} {address} holds {} ETH, the run may need {}: pay the senders with --funder KEY, \
         or lower --rate, --seconds or --window",
        format_ether(*balance), format_ether(*needed)
    )]
    SenderPoor {
        /// Its number.
        number: usize,
        /// Its address.
        address: Address,
        /// Wei it holds.
        balance: U256,
        /// Wei the run may take.
        needed: U256,
    },
    /// The funder cannot pay.
    #[error(
        "the funder {funder} holds {} ETH, the senders lack {}: lower --senders, --rate or --seconds",
        format_ether(*balance), format_ether(*needed)
    )]
    FunderPoor {
        /// Its address.
        funder: Address,
        /// Wei it holds.
        balance: U256,
        /// Wei to be paid.
        needed: U256,
    },
    /// A sender has too few of the tokens named.
    #[error("sender {number} {address} holds {balance} units of {token}, the run may need {needed}")]
    TokensLacking {
        /// Its number.
        number: usize,
        /// Its address.
        address: Address,
        /// The token.
        token: Address,
        /// Units it holds.
        balance: U256,
        /// Units the run may move.
        needed: u64,
    },
    /// A transaction of the setup failed.
    #[error("{what}: transaction {hash} reverted")]
    Reverted {
        /// What it was for.
        what: &'static str,
        /// Its hash.
        hash: B256,
    },
    /// A transaction of the setup is in no block.
    #[error("{what}: transaction {hash} is in no block after {seconds} s; does the network make blocks?")]
    NotIncluded {
        /// What it was for.
        what: &'static str,
        /// Its hash.
        hash: B256,
        /// How long was waited.
        seconds: u64,
    },
    /// A creation without an address.
    #[error("the receipt of the token's deployment names no contract")]
    NotCreated,
    /// A node far behind the others.
    #[error("{node} is at block {height} and does not reach block {wanted}: is it connected to the others?")]
    Behind {
        /// Its address.
        node: String,
        /// Its block.
        height: u64,
        /// The block that paid the senders.
        wanted: u64,
    },
}

impl SetupError {
    pub(super) fn node(client: &Client, error: RpcError) -> Self {
        Self::Node { node: client.endpoint().to_string(), error }
    }
}

/// Brings the network and the senders to where sending can begin. Returns the fleet and the first block that can
/// contain one of its transactions.
///
/// # Errors
/// [`SetupError`] says what is wrong and what to do.
pub async fn prepare(options: &Options) -> Result<(Fleet, u64), SetupError> {
    options.check()?;
    let note = |text: &str| {
        if !options.quiet {
            eprintln!("{text}");
        }
    };
    let mut clients: Vec<Client> = options.rpc.iter().cloned().map(Client::new).collect();
    let chain_id = same_chain(&mut clients).await?;
    let batch = largest_batch(&mut clients, options.batch as usize).await?;
    let (senders, recipients) = derive(options)?;
    let base_fee = head(&mut clients[0]).await?.1;
    let fees = Fees::above(base_fee, u128::from(options.tip) * 1_000_000_000);
    let plan = Plan::of(options, base_fee, fees);
    note(&format!("chain {chain_id}, {} nodes, {} senders, batches of {batch}", clients.len(), senders.len()));

    let height = fund(options, &mut clients[0], (&senders, chain_id), (&plan, batch)).await?;
    let (token, height) = match options.kind {
        Kind::Transfer => (None, height),
        Kind::Erc20 => {
            let (token, minted) = token(options, &mut clients[0], (&senders, chain_id), (&plan, batch)).await?;
            note(&format!("token {token}"));
            (Some(token), height.max(minted))
        }
    };
    for client in &mut clients {
        reach(client, height).await?;
    }
    let calls = per_sender(&senders, "eth_getTransactionCount", "pending");
    let nonces: Vec<U64> = all(&mut clients[0], &calls, batch).await?;
    let nonces: Vec<u64> = nonces.into_iter().map(|nonce| nonce.to()).collect();
    let template = Template { chain_id, fees, token, recipients };
    let since = Instant::now();
    let stocks = sign_ahead(&template, &senders, &nonces, plan.signed_ahead);
    let signed: usize = stocks.iter().map(std::collections::VecDeque::len).sum();
    note(&format!("signed {signed} transactions ahead in {:.1} s", since.elapsed().as_secs_f64()));
    let next = head(&mut clients[0]).await?.0 + 1;
    let crew = Crew { accounts: senders, nonces, stocks, window: options.window as usize };
    let shape = (clients.len(), options.connections as usize);
    Ok((Fleet::new(template, crew, shape, batch), next))
}

/// What one sender will do and need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// Fees at the start.
    pub(super) fees: Fees,
    /// Transactions of one sender.
    pub(super) transactions: u64,
    /// Of these, signed before the start.
    pub(super) signed_ahead: u64,
    /// Wei it may need: the window at the fee cap, which pools insist on, and all at twice today's price.
    pub(super) needed: U256,
}

impl Plan {
    pub(super) fn of(options: &Options, base_fee: u64, fees: Fees) -> Self {
        let senders = u64::from(options.senders);
        let per_second = match options.rate {
            Rate::Fixed(rate) => u64::from(rate),
            Rate::Max => MAX_RATE_EXPECTED,
        };
        let transactions = (per_second * options.seconds).div_ceil(senders);
        let gas = U256::from(Template::gas(options.kind));
        let price = U256::from(u128::from(base_fee) * 2 + fees.tip_wei);
        let pooled = U256::from(options.window) * (gas * U256::from(fees.cap_wei) + U256::ONE);
        let spent = U256::from(transactions) * (gas * price + U256::ONE);
        let signed_ahead = transactions.min(SIGNED_AHEAD_MAX / senders);
        Self { fees, transactions, signed_ahead, needed: pooled + spent }
    }
}

async fn same_chain(clients: &mut [Client]) -> Result<u64, SetupError> {
    let mut first: Option<(String, u64)> = None;
    for client in clients {
        let chain: U64 = one(client, "eth_chainId", json!([])).await?;
        let (chain, node) = (chain.to(), client.endpoint().to_string());
        match &first {
            None => first = Some((node, chain)),
            Some((_, first_chain)) if *first_chain == chain => {}
            Some((first, first_chain)) => {
                return Err(SetupError::OtherChain { first: first.clone(), first_chain: *first_chain, node, chain });
            }
        }
    }
    Ok(first.map_or(0, |(_, chain)| chain))
}

/// The largest batch, halving from `wanted`, that every node takes.
async fn largest_batch(clients: &mut [Client], wanted: usize) -> Result<usize, SetupError> {
    let mut batch = wanted;
    for client in clients {
        loop {
            let calls: Vec<Call> = vec![("eth_chainId", json!([])); batch];
            match rpc::call_all::<U64>(client, &calls, batch).await {
                Ok(_) => break,
                Err(error) if batch == 1 => return Err(SetupError::node(client, error)),
                Err(_) => batch /= 2,
            }
        }
    }
    Ok(batch)
}

/// Keys of the senders and addresses of the recipients, which follow them.
fn derive(options: &Options) -> Result<(Vec<Account>, Vec<Address>), SetupError> {
    let (first, last) = (options.first, options.first + options.senders);
    let seeded = |range: core::ops::Range<u32>| {
        range.map(|index| accounts::from_seed(&options.seed, u64::from(index))).collect::<Vec<_>>()
    };
    let senders = match &options.mnemonic {
        Some(phrase) => accounts::from_mnemonic(phrase, first..last)?,
        None => seeded(first..last),
    };
    let recipients = seeded(last..last + options.recipients).into_iter().map(|account| account.address).collect();
    Ok((senders, recipients))
}

/// Height and base fee of the latest block.
async fn head(client: &mut Client) -> Result<(u64, u64), SetupError> {
    let block: Block = one(client, "eth_getBlockByNumber", json!(["latest", false])).await?;
    let base_fee = block.base_fee_per_gas.ok_or(SetupError::NoBaseFee { node: client.endpoint().to_string() })?;
    Ok((block.number.to(), base_fee.to()))
}

/// Pays senders who hold too little. Returns the height by which they are paid.
async fn fund(
    options: &Options,
    client: &mut Client,
    (senders, chain_id): (&[Account], u64),
    (plan, batch): (&Plan, usize),
) -> Result<u64, SetupError> {
    let balances: Vec<U256> = all(client, &per_sender(senders, "eth_getBalance", "latest"), batch).await?;
    let poor = || senders.iter().zip(balances.iter().copied()).enumerate().filter(|(_, (_, held))| *held < plan.needed);
    let Some((number, (account, balance))) = poor().next() else { return Ok(0) };
    let Some(funder) = options.funder.clone() else {
        let (address, needed) = (account.address, plan.needed);
        return Err(SetupError::SenderPoor { number, address, balance, needed });
    };
    let receivers: Vec<Address> = poor().map(|(_, (account, _))| account.address).collect();
    let mut bank = Bank::open(client, funder, chain_id, plan.fees).await?;
    bank.pay(&receivers, plan.needed).await?;
    Ok(bank.height)
}

/// The token to transfer, of which every sender holds enough, and the height by which it does.
async fn token(
    options: &Options,
    client: &mut Client,
    (senders, chain_id): (&[Account], u64),
    (plan, batch): (&Plan, usize),
) -> Result<(Address, u64), SetupError> {
    let Some(token) = options.token else {
        let issuer = options.funder.clone().or_else(|| senders.first().cloned());
        let issuer = issuer.ok_or(SetupError::NotCreated)?;
        let mut bank = Bank::open(client, issuer, chain_id, plan.fees).await?;
        let holders: Vec<Address> = senders.iter().map(|sender| sender.address).collect();
        let token = bank.issue(&holders).await?;
        return Ok((token, bank.height));
    };
    let ask = |sender: &Account| {
        let data = alloy_primitives::Bytes::from(Erc20::balanceOfCall { holder: sender.address }.abi_encode());
        ("eth_call", json!([{"to": token, "data": data}, "latest"]))
    };
    let calls: Vec<Call> = senders.iter().map(ask).collect();
    let balances: Vec<U256> = all(client, &calls, batch).await?;
    for (number, (sender, balance)) in senders.iter().zip(balances).enumerate() {
        if balance < U256::from(plan.transactions) {
            let (address, needed) = (sender.address, plan.transactions);
            return Err(SetupError::TokensLacking { number, address, token, balance, needed });
        }
    }
    Ok((token, 0))
}

/// Waits until the node has the block.
async fn reach(client: &mut Client, wanted: u64) -> Result<(), SetupError> {
    let since = Instant::now();
    loop {
        let height: U64 = one(client, "eth_blockNumber", json!([])).await?;
        if height.to::<u64>() >= wanted {
            return Ok(());
        }
        if since.elapsed() > LEVEL_WITHIN {
            return Err(SetupError::Behind { node: client.endpoint().to_string(), height: height.to(), wanted });
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn per_sender(senders: &[Account], method: &'static str, tag: &str) -> Vec<Call> {
    senders.iter().map(|sender| (method, json!([sender.address, tag]))).collect()
}

async fn one<T>(client: &mut Client, method: &'static str, params: serde_json::Value) -> Result<T, SetupError>
where
    T: serde::de::DeserializeOwned,
{
    rpc::call(client, method, params).await.map_err(|error| SetupError::node(client, error))
}

async fn all<T: serde::de::DeserializeOwned>(
    client: &mut Client,
    calls: &[Call],
    batch: usize,
) -> Result<Vec<T>, SetupError> {
    rpc::call_all(client, calls, batch).await.map_err(|error| SetupError::node(client, error))
}
