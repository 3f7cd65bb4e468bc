//! The servers of a node: JSON-RPC for users; metrics and health for whoever runs it.

use std::{net::SocketAddr, sync::Arc};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use eyre::Context as _;
use prometheus_client::registry::Registry;
use serde_json::json;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

use crate::{
    config::{ConfigError, NodeToml},
    evidence::{EvidenceBook, Totals},
    l1::L1Client,
    rpc::{RpcConfig, RpcLimits, RpcServer, RpcStartError},
    rpc_backend::NodeBackend,
    status::{ChainStatus, Posted},
};

/// The running servers.
pub struct Servers {
    rpc: RpcServer,
    operator: JoinHandle<()>,
}

#[derive(Clone)]
struct Operator {
    status: watch::Receiver<ChainStatus>,
    posted: watch::Receiver<Posted>,
    evidence: Arc<EvidenceBook>,
    l1: L1Client,
    metrics: Arc<Registry>,
}

/// What the operator's server reads of the node.
pub struct Readers {
    /// The chain.
    pub status: watch::Receiver<ChainStatus>,
    /// What L1 has of it.
    pub posted: watch::Receiver<Posted>,
    /// What validators are accused with.
    pub evidence: Arc<EvidenceBook>,
    /// The endpoints of L1.
    pub l1: L1Client,
}

/// Starts both servers.
///
/// # Errors
/// If an address is taken or none of ours; the text says which.
pub async fn spawn(
    node: &NodeToml,
    backend: Arc<NodeBackend>,
    Readers { status, posted, evidence, l1 }: Readers,
    mut metrics: Registry,
    shutdown: watch::Receiver<bool>,
) -> eyre::Result<Servers> {
    let listener = TcpListener::bind(node.rpc).await.wrap_err_with(|| format!("JSON-RPC on {}", node.rpc))?;
    let config = RpcConfig {
        limits: RpcLimits::default(),
        version: concat!("rota/v", env!("CARGO_PKG_VERSION")).into(),
        origins: node.cors_origins.clone(),
    };
    let rpc = RpcServer::start(listener, backend, config, &mut metrics).map_err(setting)?;
    let operator = Operator { status, posted, evidence, l1, metrics: Arc::new(metrics) };
    let operator = serve_operator(node.operator, operator, shutdown)
        .await
        .wrap_err_with(|| format!("the operator's server on {}", node.operator))?;
    Ok(Servers { rpc, operator })
}

/// An origin that is none is a setting that cannot be used.
fn setting(error: RpcStartError) -> eyre::Report {
    match error {
        RpcStartError::Origin(_) => {
            let reason = format!("cors_origins: {error}");
            ConfigError::Parse { path: "config/node.toml".into(), reason }.into()
        }
        RpcStartError::Socket(_) | RpcStartError::Methods(_) => error.into(),
    }
}

impl Servers {
    /// Stops taking requests, lets those that run come to an end, and returns.
    pub async fn stop(self) {
        self.rpc.stop().await;
        self.operator.abort();
    }
}

async fn serve_operator(
    address: SocketAddr,
    operator: Operator,
    mut shutdown: watch::Receiver<bool>,
) -> eyre::Result<JoinHandle<()>> {
    let listener = TcpListener::bind(address).await?;
    let routes = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/status", get(status))
        .with_state(operator);
    Ok(tokio::spawn(async move {
        let stop = async move {
            // An error means that the node is gone.
            let _ = shutdown.changed().await;
        };
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(stop).await {
            tracing::error!(%error, "the operator's server stopped");
        }
    }))
}

async fn metrics(State(operator): State<Operator>) -> impl IntoResponse {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &operator.metrics) {
        Ok(()) => (StatusCode::OK, text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

/// The process lives; the body says how the node is.
async fn health(State(operator): State<Operator>) -> impl IntoResponse {
    operator.status.borrow().health.name()
}

/// Whether users should be sent here.
async fn ready(State(operator): State<Operator>) -> impl IntoResponse {
    let health = operator.status.borrow().health;
    let code = if health.serves() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, health.name())
}

async fn status(State(operator): State<Operator>) -> impl IntoResponse {
    let status = operator.status.borrow().clone();
    let Posted { safe, finalized } = *operator.posted.borrow();
    let Totals { open, confirmed, expired } = operator.evidence.totals();
    Json(json!({
        "height": status.head.height(),
        "hash": status.head.hash(),
        "safe": safe.min(status.head.height().0),
        "finalized": finalized.min(status.head.height().0),
        "stateRoot": status.head.header().state_root,
        "epoch": status.round.epoch,
        "view": status.round.view,
        "leader": status.leader.map(|key| key.to_string()),
        "votes": status.power.is_some(),
        "validator": status.validator.map(|key| key.to_string()),
        "stakeGwei": status.power.map(|power| power.0),
        "l1": {
            "number": status.l1.0,
            "hash": status.l1.1,
            "endpoints": operator.l1.endpoints(),
            "disagreement": operator.l1.disagreement(),
        },
        "pool": { "pending": status.pool.0, "queued": status.pool.1 },
        "peers": status.peers,
        "evidence": { "open": open, "confirmed": confirmed, "expired": expired },
        "health": status.health.name(),
    }))
}
