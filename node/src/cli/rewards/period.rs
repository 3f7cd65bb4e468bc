//! A period as a node tells it, held against what the set attested on L1.

use alloy::{
    providers::{Provider as _, ProviderBuilder},
    transports::http::reqwest::Url,
};
use alloy_primitives::{B256, U256};
use eyre::{ContextCompat as _, WrapErr as _, ensure};
use rota_staking::{Leaf, Period, bindings::Rewards};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BringArguments, LeafArguments, ProveArguments};
use crate::{
    cli::{events::finish, l1::Connected},
    l1::bring as brought,
};

/// Most leaves of a period: 128 places, in each of 32 epochs others.
const LEAVES_MAX: usize = 128 * 32;

/// Bits of a number of points on L1.
const POINTS_BITS: usize = 96;

/// What `rota_period` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeriodAnswer {
    period: u64,
    root: B256,
    total_points: U256,
    leaves: Vec<Leaf>,
}

/// A leaf that stands under a root of L1.
#[derive(Debug)]
struct Proven {
    root: B256,
    total_points: u128,
    leaf: Leaf,
    proof: Vec<B256>,
}

pub(super) async fn prove(arguments: &ProveArguments) -> eyre::Result<()> {
    let connected = arguments.l1.connect().await?;
    let proven = find(&connected, &arguments.leaf).await?;
    if arguments.l1.json {
        println!("{}", proven.json());
    } else {
        proven.print();
    }
    Ok(())
}

pub(super) async fn bring(arguments: &BringArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let proven = find(&sender.connected, &arguments.leaf).await?;
    let LeafArguments { period, validator, .. } = &arguments.leaf;
    let call = format!("bring(period {period}, validator {validator}, {} points)", proven.leaf.points);
    let step = sender.rewards(call, brought(&proven.leaf, &proven.proof));
    finish(&sender, &token, &[step]).await
}

/// Asks the node, and sees that L1 has the root of what it says.
async fn find(connected: &Connected, wanted: &LeafArguments) -> eyre::Result<Proven> {
    let number = wanted.period;
    let rewards = connected.contracts().rewards;
    let next = connected.ask(rewards, Rewards::nextPeriodCall {}).await?;
    ensure!(number < next, "period {number} is not attested on L1 yet: the next one that will be is {next}");
    let attested = connected.ask(rewards, Rewards::periodOfCall { period: number }).await?.root;
    let period = ask(&wanted.rpc, number).await?.period(number)?;
    let root = period.root();
    ensure!(root == attested, "the node's period {number} has the root {root}, L1 has {attested}");
    let validator = wanted.validator;
    let (leaf, proof) = period.prove(validator).wrap_err_with(|| format!("{validator} was in no set of the period"))?;
    Ok(Proven { root, total_points: period.total_points(), leaf, proof })
}

/// Asks a node for a period.
async fn ask(node: &Url, number: u64) -> eyre::Result<PeriodAnswer> {
    let provider = ProviderBuilder::new().connect_http(node.clone());
    let answer: Result<Option<PeriodAnswer>, _> = provider.raw_request("rota_period".into(), (number,)).await;
    let answer = answer.wrap_err_with(|| format!("the node at {node}"))?;
    answer.wrap_err_with(|| format!("the node at {node} does not know period {number}"))
}

impl PeriodAnswer {
    /// The period whose leaves these are; what else the answer says fits them.
    ///
    /// # Errors
    /// What does not fit.
    pub(super) fn period(self, number: u64) -> eyre::Result<Period> {
        let Self { period, root, total_points, leaves } = self;
        ensure!(period == number, "the node answers with period {period}, asked for {number}");
        let count = leaves.len();
        ensure!(count <= LEAVES_MAX, "the node's period has {count} leaves, there can be {LEAVES_MAX}");
        for Leaf { period, validator, points, .. } in &leaves {
            ensure!(*period == number, "the node has a leaf of period {period} in period {number}");
            ensure!(points >> POINTS_BITS == 0, "{validator} cannot have {points} points");
        }
        let sum: U256 = leaves.iter().map(|leaf| U256::from(leaf.points)).sum();
        ensure!(sum == total_points, "the node says {total_points} points, its leaves have {sum}");
        let period = Period::from_leaves(number, leaves);
        ensure!(period.root() == root, "the node says root {root}, its leaves have {}", period.root());
        Ok(period)
    }
}

impl Proven {
    fn json(&self) -> Value {
        let Leaf { period, validator, previous_plus_one, points, duties } = &self.leaf;
        json!({
            "period": period, "root": self.root, "totalPoints": self.total_points.to_string(),
            "leaf": {
                "period": period, "validator": validator, "previousPeriodPlusOne": previous_plus_one,
                "points": points.to_string(), "done": duties.done, "duties": duties.due,
            },
            "leafHash": self.leaf.hash(), "proof": self.proof,
        })
    }

    fn print(&self) {
        let Leaf { period, validator, previous_plus_one, points, duties } = &self.leaf;
        println!("period          {period}, as the set attested it on L1");
        println!("root            {}", self.root);
        println!("total points    {}", self.total_points);
        println!("validator       {validator}");
        println!("points          {points}");
        println!("duties          {} done of {}", duties.done, duties.due);
        match previous_plus_one.checked_sub(1) {
            Some(previous) => println!("previous        period {previous}, whose leaf comes before this one"),
            None => println!("previous        none: it is the validator's first leaf"),
        }
        println!("leaf            {}", self.leaf.hash());
        println!("proof           {} hashes, from below", self.proof.len());
        for hash in &self.proof {
            println!("  {hash}");
        }
    }
}
