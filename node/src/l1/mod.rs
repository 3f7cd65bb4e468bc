#![doc = include_str!("README.md")]

mod agree;
mod chain;
mod endpoint;
mod error;
mod failover;
mod governor;
mod inbox;
mod metrics;
mod pool;
mod rewards;
mod sets;
mod slasher;
mod survey;

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use alloy::{
    providers::{DynProvider, Provider as _, ProviderBuilder},
    rpc::client::RpcClient,
};
use prometheus_client::registry::Registry;
use rota_replica::Event;
use rota_staking::L1Block;
use tokio::sync::{mpsc, watch};

use self::{
    chain::Chain,
    endpoint::{Endpoint, Question},
    error::transport,
    failover::Failover,
    pool::Pool,
    survey::Answer,
};
use crate::config::L1Toml;

pub use agree::LAG_MAX;
pub use endpoint::Standing;
pub use error::{L1Error, Lie};
pub use failover::HEDGE;
pub use governor::{proposals_in, proposals_made};
pub use inbox::{Account, Appended, CallError, EntryError, InboxError, L1Tip, PostedEntry, SendError};
pub use pool::{ENDPOINTS_MAX, EndpointStatus};
pub use rewards::{attest, bring};
pub use sets::advance;
pub use slasher::{ReportError, report, report_attestations};

/// Blocks whose logs are asked for at once.
pub const BLOCKS_PER_QUERY: u64 = 500;

/// The longest wait between two tries while L1 does not answer.
const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// A client of L1's endpoints; clones share what is known of them.
#[derive(Clone, Debug)]
pub struct L1Client {
    pool: Arc<Pool>,
    /// The chain as whichever endpoint answers tells it (rule Z9).
    chain: Chain,
}

impl L1Client {
    /// A client of the one endpoint at `url`.
    ///
    /// # Errors
    /// [`L1Error::Address`].
    pub fn new(url: &str, settings: L1Toml) -> Result<Self, L1Error> {
        Self::of(&[url.into()], None, settings)
    }

    /// A client of the endpoints at these addresses, of which `agree` have to say the same of a block; a majority of
    /// them if that is not said (rules Z1, Z4).
    ///
    /// # Errors
    /// [`L1Error::Address`] or [`L1Error::Endpoints`].
    pub fn of(urls: &[String], agree: Option<NonZeroUsize>, settings: L1Toml) -> Result<Self, L1Error> {
        let settings = Arc::new(settings);
        let pool = Arc::new(Pool::new(urls, agree, &settings)?);
        let is_local = pool.endpoints.iter().all(|endpoint| endpoint.is_local());
        let client = RpcClient::new(Failover(pool.clone()), is_local);
        let provider = ProviderBuilder::new().connect_client(client).erased();
        Ok(Self { pool, chain: Chain { provider, settings } })
    }

    /// L1 as a provider, which asks whichever endpoint answers.
    #[must_use]
    pub fn provider(&self) -> DynProvider {
        self.chain.provider.clone()
    }

    /// Registers the metrics of the endpoints.
    pub fn register(&self, registry: &mut Registry) {
        self.pool.metrics.register(registry);
    }

    /// How each endpoint is.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointStatus> {
        self.pool.status()
    }

    /// What the endpoints disagree about, if that holds up new blocks (rule Z8).
    #[must_use]
    pub fn disagreement(&self) -> Option<String> {
        self.pool.disagreement()
    }

    /// Checks that it is the network's L1. Of several endpoints one has to be; each that is not is told, and not used.
    ///
    /// # Errors
    /// [`L1Error::OtherChain`] or [`L1Error::Transport`].
    pub async fn check_chain(&self) -> Result<(), L1Error> {
        if let Some(only) = self.pool.only() {
            return self.noted(only, only.chain().check_id().await);
        }
        let named = self.pool.endpoints.iter().map(|endpoint| async move { (endpoint, endpoint.name_chain().await) });
        let mut result = Err(transport("no endpoint says which chain it is of"));
        for (endpoint, named) in futures::future::join_all(named).await {
            match named {
                Ok(()) => result = Ok(()),
                Err(error) => {
                    self.pool.failed(endpoint, &error);
                    if matches!(result, Err(L1Error::Transport(_))) {
                        result = Err(error);
                    }
                }
            }
        }
        result
    }

    /// The number of the newest final block.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn final_number(&self) -> Result<u64, L1Error> {
        if let Some(only) = self.pool.only() {
            return only.chain().final_number().await;
        }
        match self.pool.survey(Question::FinalNumber).await? {
            Answer::FinalNumber(number) => Ok(number),
            Answer::Blocks(_) => Err(transport("blocks are no number")),
        }
    }

    /// Final blocks from one number to another, both included, with the changes announced in them. If a later one
    /// cannot be had, those before it are the answer.
    ///
    /// # Errors
    /// [`L1Error`] of the first.
    pub async fn blocks(&self, from: u64, to: u64) -> Result<Vec<L1Block>, L1Error> {
        match self.pool.only() {
            Some(only) => only.chain().blocks(from, to).await,
            None => self.agreed(Question::Blocks { from, to }).await,
        }
    }

    /// What is final from a block on, at most so many blocks (rule Z3).
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn news(&self, next: u64, most: u64) -> Result<Vec<L1Block>, L1Error> {
        let Some(only) = self.pool.only() else { return self.agreed(Question::News { next, most }).await };
        self.noted(only, only.chain().news(next, most).await)
    }

    /// What is thought of the only endpoint follows from its answers alone (rule Z11).
    fn noted<T>(&self, only: &Endpoint, answer: Result<T, L1Error>) -> Result<T, L1Error> {
        match &answer {
            Ok(_) => self.pool.stand(only, (Standing::Well, true), "", ""),
            Err(error) => self.pool.failed(only, error),
        }
        answer
    }

    async fn agreed(&self, question: Question) -> Result<Vec<L1Block>, L1Error> {
        match self.pool.survey(question).await? {
            Answer::Blocks(blocks) => Ok(blocks),
            Answer::FinalNumber(_) => Err(transport("a number is no block")),
        }
    }

    /// Follows L1 from a block on, each final block once and in order, until the node stops. What fails is tried
    /// again, ever more slowly, for ever: without L1 the chain goes on for `origin_age_max_s`.
    pub async fn follow(
        self,
        mut next: u64,
        poll: Duration,
        events: mpsc::Sender<Event>,
        mut shutdown: watch::Receiver<bool>,
    ) {
        let mut wait = poll;
        loop {
            tokio::select! {
                _ = shutdown.changed() => return,
                () = tokio::time::sleep(wait) => {}
            }
            match self.news(next, BLOCKS_PER_QUERY).await {
                Ok(blocks) => {
                    wait = poll;
                    for block in blocks {
                        next = block.number + 1;
                        if events.send(Event::L1(Box::new(block))).await.is_err() {
                            return;
                        }
                    }
                }
                Err(error) => {
                    wait = (wait * 2).min(BACKOFF_MAX);
                    tracing::warn!(%error, retry_in = ?wait, "L1 cannot be followed");
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "tests/fuzz.rs"]
mod tests;
