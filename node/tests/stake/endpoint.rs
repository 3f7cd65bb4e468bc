//! An endpoint of L1 that keeps logs back (rule R10 of staking).

use std::sync::Arc;

use alloy::transports::http::reqwest;
use axum::{Router, extract::State, http::StatusCode, routing::post};
use eyre::{ContextCompat as _, Result, ensure};
use rota_node::l1::L1Client;
use rota_proto::Epoch;
use rota_staking::{Registry, RegistryError};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    register,
    world::{EPOCH_LENGTH, World},
};

/// Passes on what it is asked, but knows no logs after a block.
struct Proxy {
    url: String,
    client: reqwest::Client,
    knows_until: u64,
}

impl Proxy {
    /// Where it listens.
    async fn serve(url: &str, knows_until: u64) -> Result<String> {
        let proxy = Self { url: url.into(), client: reqwest::Client::new(), knows_until };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new().route("/", post(answer)).with_state(Arc::new(proxy));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(format!("http://{address}"))
    }

    fn withholds(&self, request: &Value) -> bool {
        let from = request["params"][0]["fromBlock"].as_str().unwrap_or("0xffffffff");
        let from = u64::from_str_radix(from.trim_start_matches("0x"), 16).unwrap_or(u64::MAX);
        request["method"] == "eth_getLogs" && from > self.knows_until
    }
}

async fn answer(State(proxy): State<Arc<Proxy>>, body: String) -> Result<String, StatusCode> {
    let request: Value = serde_json::from_str(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    if proxy.withholds(&request) {
        return Ok(json!({ "jsonrpc": "2.0", "id": request["id"], "result": [] }).to_string());
    }
    let sent = proxy.client.post(&proxy.url).header("content-type", "application/json").body(body).send().await;
    let sent = sent.map_err(|_| StatusCode::BAD_GATEWAY)?;
    sent.text().await.map_err(|_| StatusCode::BAD_GATEWAY)
}

/// Follows L1 from the opening of the contracts up to a block.
async fn follow(world: &World, url: &str, last: u64) -> Result<Result<Registry, RegistryError>> {
    let client = L1Client::new(url, world.network.l1.clone())?;
    let opening = world.network.l1.opening_block;
    let first = client.blocks(opening, opening).await?;
    let first = first.first().wrap_err("the block of the opening")?;
    ensure!(first.change_hash.is_some(), "the contract was not asked of the seeds");
    let mut registry = Registry::begin(world.network.registry()?, first)?.0;
    for number in opening + 1..=last {
        for block in client.blocks(number, number).await? {
            let begins = (number - world.network.l1.start_block).is_multiple_of(EPOCH_LENGTH);
            ensure!(block.change_hash.is_some() == begins, "block {number} has {:?}", block.change_hash);
            if let Err(error) = registry.apply(&block) {
                return Ok(Err(error));
            }
        }
    }
    Ok(Ok(registry))
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_that_keeps_logs_back_is_found_out_before_their_epoch() -> Result<()> {
    let world = World::new().await?;
    let somebody = world.newcomer("somebody", 100).await?;
    register(&world, &somebody)?;
    world.epochs_pass(2).await?;
    let last = world.number().await?;
    let honest = follow(&world, &world.url, last).await??;
    assert_eq!(honest.set(Epoch(2))?.len(), 3);

    let url = Proxy::serve(&world.url, world.network.l1.opening_block).await?;
    let found = follow(&world, &url, last).await?.err().wrap_err("nobody noticed")?;
    println!("{found}");
    let first = world.network.l1.start_block + EPOCH_LENGTH;
    let is_named = matches!(found, RegistryError::OtherChanges { number, epoch: Epoch(2), .. } if number == first);
    ensure!(is_named, "{found}");
    Ok(())
}
