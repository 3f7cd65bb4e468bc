//! What the command line may say, checked before anything is sent.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use alloy_primitives::Address;
use clap::{Parser, ValueEnum};
use thiserror::Error;

use super::accounts::{Account, DEVNET_SEED};
use super::http::Endpoint;

/// Transactions a second that can be asked for: more than libsecp256k1 signs on ten cores.
pub const RATE_MAX: u32 = 100_000;
/// An hour: latencies are kept one by one in memory.
pub const SECONDS_MAX: u64 = 3_600;
/// Each sender costs two requests and a payment before the start.
pub const SENDERS_MAX: u32 = 10_000;
/// As many as a genesis of the speed tests holds; each costs a key derivation of 20 us.
pub const RECIPIENTS_MAX: u32 = 100_000;
/// Far below BIP-32's limit of 2^31 unhardened children, with room for the recipients after the senders.
pub const FIRST_MAX: u32 = 1_000_000_000;
/// Transactions in one run: 4 bytes of latency each.
pub const TRANSACTIONS_MAX: u64 = 10_000_000;
/// Nodes to spread over.
pub const ENDPOINTS_MAX: usize = 64;

const EXAMPLES: &str = "\
Examples:
  300 transfers a second for a minute, spread over four nodes of a local network
    rota-load --rpc http://127.0.0.1:8545,http://127.0.0.1:8555,http://127.0.0.1:8565,http://127.0.0.1:8575 \\
              --rate 300 --seconds 60 --senders 1000 --kind transfer

  as fast as the node takes them, as JSON
    rota-load --rpc http://127.0.0.1:8545 --rate max --seconds 30 --senders 1000 --kind transfer --json

  any other Ethereum node, here anvil: a funded key pays the senders first
    rota-load --rpc http://127.0.0.1:8545 --rate 100 --senders 100 --kind erc20 \\
              --funder 0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80

Progress goes to stderr, the result to stdout. Exit code 0: at least one transaction became final;
1: none did, or the run could not begin (the reason is printed); 2: a wrong argument.";

/// Signs real transactions from many accounts, sends them to Ethereum nodes, and measures until they are final.
#[derive(Debug, Clone, Parser)]
#[command(name = "rota-load", version, after_help = EXAMPLES, max_term_width = 110)]
pub struct Options {
    /// JSON-RPC addresses of the nodes, http://host:port[/path], separated by commas
    #[arg(long, value_delimiter = ',', required = true, value_name = "URL[,URL..]", env = "ROTA_RPC")]
    pub rpc: Vec<Endpoint>,

    /// Transactions a second, kept up whatever the nodes do; or `max`: as fast as the senders' windows allow
    #[arg(long, default_value = "100", value_name = "N|max")]
    pub rate: Rate,

    /// How long to send
    #[arg(long, default_value_t = 10, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=SECONDS_MAX))]
    pub seconds: u64,

    /// Accounts that send
    #[arg(long, default_value_t = 100, value_name = "K",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(SENDERS_MAX)))]
    pub senders: u32,

    /// What each transaction does
    #[arg(long, value_enum, default_value_t = Kind::Transfer)]
    pub kind: Kind,

    /// Print the result as one line of JSON instead of a table
    #[arg(long)]
    pub json: bool,

    /// No progress lines on stderr
    #[arg(long)]
    pub quiet: bool,

    /// Accounts that receive; they come after the senders in the same derivation
    #[arg(long, default_value_t = 10_000, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=i64::from(RECIPIENTS_MAX)))]
    pub recipients: u32,

    /// Senders and recipients have the keys keccak256(SEED || number as 8 bytes)
    #[arg(long, default_value = DEVNET_SEED, value_name = "TEXT")]
    pub seed: String,

    /// Senders are the accounts m/44'/60'/0'/0/i of this BIP-39 mnemonic instead
    #[arg(long, value_name = "WORDS", env = "ROTA_MNEMONIC", hide_env_values = true)]
    pub mnemonic: Option<String>,

    /// Number of the first sender, so that two runs at the same time use different accounts
    #[arg(long, default_value_t = 0, value_name = "I",
          value_parser = clap::value_parser!(u32).range(0..=i64::from(FIRST_MAX)))]
    pub first: u32,

    /// Private key of an account that pays senders who hold too little, and deploys the token
    /// (default: nobody pays, the first sender deploys)
    #[arg(long, value_name = "KEY", env = "ROTA_FUNDER", hide_env_values = true)]
    pub funder: Option<Account>,

    /// ERC-20 to transfer, of which the senders hold enough (default: a new one is deployed and minted)
    #[arg(long, value_name = "ADDRESS")]
    pub token: Option<Address>,

    /// Tip per gas in gwei
    #[arg(long, default_value_t = 1, value_name = "GWEI", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub tip: u32,

    /// Transactions a sender may have on their way; geth guarantees an account 16 places in its pool
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub window: u32,

    /// Requests in one JSON-RPC batch at most; halved at the start until every node takes it
    #[arg(long, default_value_t = 64, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub batch: u32,

    /// Connections to each node, with one request on its way on each
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub connections: u32,

    /// How often the next block is asked for, in milliseconds; latencies are at most this much too long
    #[arg(long, default_value_t = 20, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub poll: u64,

    /// Not final after this long, a transaction makes its sender ask for its nonce and send again what is lost, in
    /// milliseconds
    #[arg(long, default_value_t = 10_000, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(100..=600_000))]
    pub stuck: u64,

    /// How long to wait after the last submission for what is not final yet, in seconds
    #[arg(long, default_value_t = 30, value_name = "S", value_parser = clap::value_parser!(u64).range(0..=600))]
    pub drain: u64,
}

/// Options that are each right but not together.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Contradiction {
    /// More nodes than [`ENDPOINTS_MAX`].
    #[error("--rpc names {given} nodes, at most {ENDPOINTS_MAX} are taken")]
    TooManyNodes {
        /// Nodes named.
        given: usize,
    },
    /// One node named twice would get twice the share.
    #[error("--rpc names {node} twice")]
    NodeTwice {
        /// Its address.
        node: String,
    },
    /// More than [`TRANSACTIONS_MAX`].
    #[error("--rate {rate} for --seconds {seconds} is {total} transactions, at most {TRANSACTIONS_MAX} are kept")]
    TooMany {
        /// Transactions a second.
        rate: u32,
        /// Seconds.
        seconds: u64,
        /// Their product.
        total: u64,
    },
    /// `--token` says nothing about transfers of ether.
    #[error("--token goes with --kind erc20 only")]
    TokenUnused,
}

impl Options {
    /// Checks what single arguments cannot show.
    ///
    /// # Errors
    /// [`Contradiction`] names the arguments and their numbers.
    pub fn check(&self) -> Result<(), Contradiction> {
        if self.rpc.len() > ENDPOINTS_MAX {
            return Err(Contradiction::TooManyNodes { given: self.rpc.len() });
        }
        for (place, node) in self.rpc.iter().enumerate() {
            if self.rpc.iter().take(place).any(|earlier| earlier == node) {
                return Err(Contradiction::NodeTwice { node: node.to_string() });
            }
        }
        if let Rate::Fixed(rate) = self.rate {
            let total = u64::from(rate) * self.seconds;
            if total > TRANSACTIONS_MAX {
                return Err(Contradiction::TooMany { rate, seconds: self.seconds, total });
            }
        }
        if self.token.is_some() && self.kind != Kind::Erc20 {
            return Err(Contradiction::TokenUnused);
        }
        Ok(())
    }

    /// How long to send.
    #[must_use]
    pub const fn sending(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// How many transactions a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// Open loop: this many a second fall due, whatever becomes of them.
    Fixed(u32),
    /// Closed loop: as many as the senders' windows allow.
    Max,
}

/// Why a text is no rate.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a rate is `max` or a whole number from 1 to {RATE_MAX}")]
pub struct BadRate;

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse() {
            Ok(rate) if (1..=RATE_MAX).contains(&rate) => Ok(Self::Fixed(rate)),
            Ok(_) | Err(_) => Err(BadRate),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(rate) => write!(out, "{rate}/s"),
            Self::Max => out.write_str("max"),
        }
    }
}

/// What a transaction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Moves 1 wei
    Transfer,
    /// Calls `transfer(recipient, 1)` of an ERC-20
    Erc20,
}
