//! The endpoints of L1 together: which of them is asked, and what is thought of each (rules Z1, Z6, Z9).

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::Serialize;

use super::{
    agree::Quorum,
    endpoint::{Endpoint, Standing},
    error::L1Error,
    metrics::Metrics,
};
use crate::config::L1Toml;

/// Rule Z1: the most endpoints. Each is asked for each block, and more than these say no more.
pub const ENDPOINTS_MAX: usize = 16;

/// How an endpoint is, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointStatus {
    /// Its place in `l1_rpc`.
    pub endpoint: usize,
    /// Its host.
    pub host: String,
    /// What is thought of it.
    pub state: &'static str,
    /// The newest block that it has named.
    pub newest: u64,
    /// Questions go to it first.
    pub preferred: bool,
}

/// All endpoints.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) endpoints: Vec<Arc<Endpoint>>,
    pub(super) quorum: Quorum,
    pub(super) metrics: Metrics,
    /// The one that answered last (rule Z9).
    preferred: AtomicUsize,
    /// What they disagree about (rule Z8).
    disagreement: Mutex<Option<String>>,
}

impl Pool {
    /// The endpoints at these addresses.
    ///
    /// # Errors
    /// [`L1Error::Address`] or [`L1Error::Endpoints`].
    pub(super) fn new(urls: &[String], agree: Option<NonZeroUsize>, settings: &Arc<L1Toml>) -> Result<Self, L1Error> {
        let count = urls.len();
        if count == 0 || count > ENDPOINTS_MAX {
            return Err(L1Error::Endpoints(format!("{count} endpoints; there have to be 1 to {ENDPOINTS_MAX}")));
        }
        // Z4: a majority, unless the settings say otherwise.
        let agree = agree.map_or(count / 2 + 1, NonZeroUsize::get);
        if agree > count {
            return Err(L1Error::Endpoints(format!("{agree} of {count} endpoints can never say the same")));
        }
        let endpoints = urls.iter().enumerate().map(|(number, url)| Endpoint::new(number, url, settings.clone()));
        let endpoints = endpoints.map(|endpoint| endpoint.map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        let metrics = Metrics::default();
        endpoints.iter().for_each(|endpoint| metrics.stands(endpoint.number, Standing::Unknown));
        let quorum = Quorum { endpoints: count, agree };
        Ok(Self { endpoints, quorum, metrics, preferred: AtomicUsize::new(0), disagreement: Mutex::default() })
    }

    /// The endpoint, if it is the only one (rule Z11).
    pub(super) fn only(&self) -> Option<&Endpoint> {
        match self.endpoints.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Z9: those that may be asked, the one that answered last first, those that are silent last.
    pub(super) fn order(&self) -> Vec<Arc<Endpoint>> {
        let preferred = self.preferred.load(Ordering::Relaxed);
        let mut order: Vec<(Standing, &Arc<Endpoint>)> =
            self.endpoints.iter().map(|one| (one.standing(), one)).collect();
        order.retain(|(standing, _)| standing.is_asked());
        order.sort_by_key(|(standing, one)| (*standing == Standing::Silent, one.number != preferred, one.number));
        order.into_iter().map(|(_, endpoint)| endpoint.clone()).collect()
    }

    /// Z9: an endpoint answered, and is asked first from now on.
    pub(super) fn prefer(&self, endpoint: &Endpoint) {
        self.metrics.answered(endpoint.number);
        let before = self.preferred.swap(endpoint.number, Ordering::Relaxed);
        if before != endpoint.number {
            tracing::info!(endpoint = endpoint.number, host = endpoint.host, before, "another endpoint of L1 answers");
        }
    }

    /// What an endpoint is found to be, and why (rule Z6).
    pub(super) fn stand(&self, endpoint: &Endpoint, found: (Standing, bool), reason: &'static str, words: &str) {
        let (standing, is_proven) = found;
        let (before, after) = endpoint.stand(standing, is_proven);
        let number = endpoint.number;
        if !matches!(standing, Standing::Well | Standing::Unknown) {
            self.metrics.fault(number, reason);
        }
        if before == after {
            return;
        }
        self.metrics.stands(number, after);
        let (host, state) = (&endpoint.host, after.name());
        match after {
            Standing::Unknown | Standing::Well => tracing::info!(endpoint = number, host, state, "endpoint of L1"),
            Standing::Silent | Standing::Lagging => {
                tracing::warn!(endpoint = number, host, state, reason, words, "endpoint of L1");
            }
            Standing::OtherChain | Standing::Forked | Standing::Lying => {
                tracing::error!(endpoint = number, host, state, reason, words, "endpoint of L1 is not to be trusted");
            }
        }
    }

    /// An endpoint failed to answer, or lied (rule Z6).
    pub(super) fn failed(&self, endpoint: &Endpoint, error: &L1Error) {
        let (standing, reason) = match error {
            L1Error::OtherChain { .. } => (Standing::OtherChain, "other-chain"),
            L1Error::Lie { lie, .. } => (Standing::Lying, lie.name()),
            L1Error::Log { .. } => (Standing::Lying, "unreadable-log"),
            L1Error::Missing(_) => (Standing::Silent, "missing-block"),
            L1Error::NoSets { .. }
            | L1Error::NoInbox { .. }
            | L1Error::NoSlasher(_)
            | L1Error::NoRewards { .. }
            | L1Error::NoRegistry { .. }
            | L1Error::NoGovernor { .. } => (Standing::Silent, "no-contract"),
            L1Error::Transport(_)
            | L1Error::Address { .. }
            | L1Error::Endpoints(_)
            | L1Error::Disagreement { .. }
            | L1Error::TooFew { .. } => (Standing::Silent, "no-answer"),
        };
        self.stand(endpoint, (standing, false), reason, &error.to_string());
    }

    /// Z8: what endpoints disagree about, or nothing.
    pub(super) fn disagree(&self, about: Option<String>) {
        self.metrics.disagree(about.is_some());
        let mut known = self.disagreement.lock().unwrap_or_else(PoisonError::into_inner);
        match (known.as_ref(), &about) {
            (None, Some(about)) => tracing::error!(about, "L1'S ENDPOINTS DISAGREE: no new block of L1 is taken"),
            (Some(_), None) => tracing::info!("L1's endpoints agree again"),
            (None, None) | (Some(_), Some(_)) => {}
        }
        *known = about;
    }

    /// What endpoints disagree about.
    pub(super) fn disagreement(&self) -> Option<String> {
        self.disagreement.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How each endpoint is.
    pub(super) fn status(&self) -> Vec<EndpointStatus> {
        let preferred = self.preferred.load(Ordering::Relaxed);
        let status = |endpoint: &Arc<Endpoint>| EndpointStatus {
            endpoint: endpoint.number,
            host: endpoint.host.clone(),
            state: endpoint.standing().name(),
            newest: endpoint.newest(),
            preferred: endpoint.number == preferred,
        };
        self.endpoints.iter().map(status).collect()
    }
}
