//! One endpoint of L1: how it is asked, and what is thought of it (rules Z6, Z7).

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use alloy::{
    providers::{Provider as _, ProviderBuilder},
    rpc::{
        client::RpcClient,
        json_rpc::{RequestPacket, ResponsePacket, RpcError},
    },
    transports::{
        TransportError, TransportErrorKind, TransportFut,
        http::{Http, reqwest},
        utils::guess_local_url,
    },
};
use rota_staking::L1Block;
use tokio::sync::Mutex as AsyncMutex;
use tower::Service;

use super::{
    chain::{Chain, Reach},
    error::{L1Error, transport},
};
use crate::config::L1Toml;

/// The longest wait for one answer: a proxy that accepts and says nothing is as good as away.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// The longest wait for an answer that any endpoint has at hand: a number.
pub(super) const NUMBER_MAX: Duration = Duration::from_secs(3);

/// Rule Z7: so often in a row a liar has to tell the truth before it is believed: a few minutes of L1's blocks, and
/// more than an endpoint whose replicas differ does by chance.
pub(super) const PENANCE: u32 = 16;

/// What is thought of an endpoint (rule Z6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was heard of it.
    #[default]
    Unknown,
    /// It agrees with the others.
    Well,
    /// It does not answer, or with errors.
    Silent,
    /// It is of another chain.
    OtherChain,
    /// It is further behind the others than endpoints of one chain are.
    Lagging,
    /// It has another block where enough others agree.
    Forked,
    /// It contradicts itself, or tells other logs than the others of a block that it has as they have it.
    Lying,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Well, Self::Silent, Self::OtherChain, Self::Lagging, Self::Forked, Self::Lying];

    /// Its name in logs, metrics and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Well => "well",
            Self::Silent => "silent",
            Self::OtherChain => "other-chain",
            Self::Lagging => "lagging",
            Self::Forked => "forked",
            Self::Lying => "lying",
        }
    }

    /// Whether questions go to it at all. One that is silent is asked when nobody else answers.
    pub(super) const fn is_asked(self) -> bool {
        matches!(self, Self::Unknown | Self::Well | Self::Silent)
    }
}

/// What all endpoints are asked together (rules Z3, Z4).
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    /// Which is the newest final block?
    FinalNumber,
    /// What is final from a block on, at most so many blocks?
    News { next: u64, most: u64 },
    /// What are these blocks, of which it is known that they are final?
    Blocks { from: u64, to: u64 },
}

/// Kinds of questions. The poster asks the one, the follower the other, and neither waits for the other's.
const KINDS: usize = 2;

/// Rule Z5: one question is answered, and one waits for that, so that a survey does not miss an endpoint that is just
/// about to answer the one before.
const OPEN_MAX: u8 = 2;

impl Question {
    const fn kind(self) -> usize {
        match self {
            Self::FinalNumber => 0,
            Self::News { .. } | Self::Blocks { .. } => 1,
        }
    }
}

/// What an endpoint answers.
#[derive(Clone, Debug)]
pub(super) struct Testimony {
    /// How far its chain has come.
    pub(super) reach: Reach,
    /// The blocks, each standing on the one before it.
    pub(super) blocks: Vec<L1Block>,
}

/// What is remembered of an endpoint.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    standing: Standing,
    /// It said that it is of our chain, and has not been away since.
    has_named_chain: bool,
    newest: u64,
    /// How often it has to tell the truth before it is believed again.
    penance: u32,
    /// Questions for all that it was given and has not answered, by kind (rule Z5).
    open: [u8; KINDS],
}

/// One endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    /// Its place in the list.
    pub(super) number: usize,
    /// Its host, without user, password, path and query (rule Z12).
    pub(super) host: String,
    is_local: bool,
    link: Link,
    chain: Chain,
    memory: Mutex<Memory>,
    /// It answers one question of a kind after the other.
    turns: [AsyncMutex<()>; KINDS],
}

impl Endpoint {
    /// The endpoint at an address.
    ///
    /// # Errors
    /// [`L1Error::Address`].
    pub(super) fn new(number: usize, url: &str, settings: Arc<L1Toml>) -> Result<Self, L1Error> {
        let unusable = |reason: String| L1Error::Address { endpoint: number, reason };
        let parsed: reqwest::Url = url.parse().map_err(|error| unusable(format!("{error}")))?;
        let host = parsed.host_str().ok_or_else(|| unusable("it names no host".into()))?.to_owned();
        let host = parsed.port().map_or(host.clone(), |port| format!("{host}:{port}"));
        let client = reqwest::Client::builder().timeout(ANSWER_MAX).build();
        let client = client.map_err(|error| unusable(error.to_string()))?;
        let is_local = guess_local_url(url);
        let link = Link(Http::with_client(client, parsed));
        let provider = ProviderBuilder::new().connect_client(RpcClient::new(link.clone(), is_local)).erased();
        let chain = Chain { provider, settings };
        let (memory, turns) = (Mutex::default(), Default::default());
        Ok(Self { number, host, is_local, link, chain, memory, turns })
    }

    /// Whether it stands on this machine.
    pub(super) const fn is_local(&self) -> bool {
        self.is_local
    }

    /// The chain as it tells it.
    pub(super) const fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Passes a question on, and its answer back.
    pub(super) async fn ask(&self, packet: RequestPacket) -> Result<ResponsePacket, TransportError> {
        self.link.clone().call(packet).await
    }

    /// Asks it, unless it said so before and was not away since, whether it is of our chain (rule Z6).
    pub(super) async fn name_chain(&self) -> Result<(), L1Error> {
        if self.memory().has_named_chain {
            return Ok(());
        }
        in_time(self.chain.check_id()).await?;
        self.memory().has_named_chain = true;
        Ok(())
    }

    /// What it answers to a question for all (rules Z2, Z3). It names its chain with whatever it says of blocks.
    async fn testify(&self, question: Question) -> Result<Testimony, L1Error> {
        if self.standing() == Standing::OtherChain {
            in_time(self.chain.check_id()).await?;
        }
        let reach = in_time(self.chain.reach()).await?;
        let span = match question {
            Question::FinalNumber => None,
            Question::News { next, most } => {
                let last = reach.last_final.min(next.saturating_add(most).saturating_sub(1));
                (next <= last).then_some((next, last))
            }
            Question::Blocks { from, to } => Some((from, to)),
        };
        let went_back = reach.newest < self.memory().newest;
        let Some((from, to)) = span else {
            if went_back {
                self.memory().has_named_chain = false;
            }
            self.name_chain().await?;
            return Ok(Testimony { reach, blocks: Vec::new() });
        };
        let (named, blocks) = tokio::join!(in_time(self.chain.check_id()), self.chain.blocks(from, to));
        named?;
        self.memory().has_named_chain = true;
        Ok(Testimony { reach, blocks: blocks? })
    }

    /// Begins to ask it a question for all. False while it has not answered two of this kind (rule Z5).
    pub(super) fn begin(&self, question: Question) -> bool {
        let mut memory = self.memory();
        let open = &mut memory.open[question.kind()];
        let begins = *open < OPEN_MAX;
        *open += u8::from(begins);
        begins
    }

    /// Its answer to a question that was begun, after those to the ones before it.
    pub(super) async fn answer(&self, question: Question) -> Result<Testimony, L1Error> {
        let kind = question.kind();
        let turn = self.turns[kind].lock().await;
        let testimony = self.testify(question).await;
        drop(turn);
        self.memory().open[kind] -= 1;
        testimony
    }

    pub(super) fn standing(&self) -> Standing {
        self.memory().standing
    }

    /// The newest block that it has named.
    pub(super) fn newest(&self) -> u64 {
        self.memory().newest
    }

    /// Remembers how far it has come.
    pub(super) fn note_newest(&self, newest: u64) {
        self.memory().newest = newest;
    }

    /// What it stands as from now on, and before. `is_proven` says that blocks of it were compared with those that were
    /// agreed on: without that, a liar and one of another fork stay what they are.
    pub(super) fn stand(&self, standing: Standing, is_proven: bool) -> (Standing, Standing) {
        let mut memory = self.memory();
        let before = memory.standing;
        let is_good = matches!(standing, Standing::Well | Standing::Lagging);
        memory.standing = match before {
            // Z7: a liar has to tell the truth for long.
            Standing::Lying if is_good && is_proven && memory.penance > 1 => {
                memory.penance -= 1;
                before
            }
            Standing::Lying | Standing::Forked if !is_proven && (is_good || standing == Standing::Silent) => before,
            Standing::Unknown
            | Standing::Well
            | Standing::Silent
            | Standing::OtherChain
            | Standing::Lagging
            | Standing::Forked
            | Standing::Lying => standing,
        };
        if standing == Standing::Lying {
            memory.penance = PENANCE;
        }
        if matches!(standing, Standing::Silent | Standing::OtherChain) {
            memory.has_named_chain = false;
        }
        (before, memory.standing)
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an endpoint has at hand, or an error.
async fn in_time<T>(answer: impl Future<Output = Result<T, L1Error>>) -> Result<T, L1Error> {
    let silence = |_| transport(format!("nothing was said for {} s", NUMBER_MAX.as_secs()));
    tokio::time::timeout(NUMBER_MAX, answer).await.map_err(silence)?
}

/// HTTP to an endpoint. What it says of errors does not name the address, which may hold a password (rule Z12).
#[derive(Clone)]
struct Link(Http<reqwest::Client>);

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Link")
    }
}

impl Service<RequestPacket> for Link {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let asked = self.0.call(packet);
        Box::pin(async move { asked.await.map_err(without_url) })
    }
}

fn without_url(error: TransportError) -> TransportError {
    let RpcError::Transport(TransportErrorKind::Custom(inner)) = error else { return error };
    match inner.downcast::<reqwest::Error>() {
        Ok(error) => {
            let error = error.without_url();
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(next) = cause {
                text = format!("{text}: {next}");
                cause = next.source();
            }
            TransportErrorKind::custom_str(&text)
        }
        Err(inner) => RpcError::Transport(TransportErrorKind::Custom(inner)),
    }
}

#[cfg(test)]
#[path = "tests/endpoint.rs"]
mod tests;
