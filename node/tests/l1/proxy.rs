//! An endpoint of L1 that misbehaves on demand: HTTP in front of a real anvil.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use alloy::transports::http::reqwest;
use alloy_primitives::B256;
use axum::{Router, extract::State, http::StatusCode, routing::post};
use eyre::Result;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// How a proxy behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// It passes everything on.
    Honest,
    /// It answers with errors of HTTP.
    Away,
    /// It takes questions and answers none.
    Hangs,
    /// It says that it has no time.
    Busy,
    /// It is of another chain.
    ChainId(u64),
    /// It is so many blocks late.
    Behind(u64),
    /// It says that blocks are final that are not, so many.
    Ahead(u64),
    /// It has no logs.
    DropsLogs,
    /// It has a log of the sets' contract that nobody wrote, in each block.
    InventsLogs,
    /// It says that logs are of another contract.
    ForeignLogs,
    /// Its logs are of another block.
    OtherLogs,
    /// The logs of a block are those of another one, of which they name the hash.
    MovesLogs { from: u64, to: u64, hash: B256 },
    /// It changes the time in headers, and not their hashes.
    AltersHeaders,
    /// It answers with the block before the one asked for.
    OtherNumber,
    /// What the contract of the sets answers is something else.
    OtherCalls,
    /// It passes questions on to another L1.
    Elsewhere(String),
}

/// What a proxy was asked, and what it has answered.
#[derive(Debug, Default)]
struct Book {
    conduct: Option<Conduct>,
    asked: BTreeMap<String, usize>,
    sent: Vec<Value>,
}

/// A running proxy.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    behind: String,
    client: reqwest::Client,
    book: Arc<Mutex<Book>>,
}

impl Proxy {
    /// Starts one in front of an L1.
    pub(crate) async fn start(behind: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let proxy = Self { url, behind: behind.into(), client: reqwest::Client::new(), book: Arc::default() };
        let router = Router::new().route("/", post(answer)).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(proxy)
    }

    /// From now on it behaves so.
    pub(crate) fn behave(&self, conduct: Conduct) {
        self.book().conduct = Some(conduct);
    }

    /// How often it was asked this; all that it was asked, without a method.
    pub(crate) fn asked(&self, method: Option<&str>) -> usize {
        let book = self.book();
        book.asked
            .iter()
            .filter(|(asked, _)| method.is_none_or(|method| method == *asked))
            .map(|(_, times)| times)
            .sum()
    }

    /// The transactions that were given to it.
    pub(crate) fn sent(&self) -> Vec<Value> {
        self.book().sent.clone()
    }

    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what is asked, and says how to behave.
    fn note(&self, request: &Value) -> Conduct {
        let mut book = self.book();
        let method = request["method"].as_str().unwrap_or_default().to_owned();
        if method == "eth_sendRawTransaction" {
            book.sent.push(request["params"][0].clone());
        }
        *book.asked.entry(method).or_default() += 1;
        book.conduct.clone().unwrap_or(Conduct::Honest)
    }

    async fn pass(&self, behind: &str, request: &Value) -> Result<Value, StatusCode> {
        let sent = self.client.post(behind).json(request).send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
        sent.json().await.map_err(|_| StatusCode::BAD_GATEWAY)
    }
}

async fn answer(State(proxy): State<Proxy>, body: String) -> Result<String, StatusCode> {
    let request: Value = serde_json::from_str(&body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let conduct = proxy.note(&request);
    let answer = |result: Value| Ok(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }).to_string());
    match &conduct {
        Conduct::Away => return Err(StatusCode::SERVICE_UNAVAILABLE),
        Conduct::Hangs => std::future::pending().await,
        Conduct::Busy => {
            let error = json!({ "code": -32005, "message": "limit exceeded" });
            return Ok(json!({ "jsonrpc": "2.0", "id": request["id"], "error": error }).to_string());
        }
        Conduct::ChainId(id) if request["method"] == "eth_chainId" => return answer(hex(*id)),
        Conduct::Elsewhere(other) => return Ok(proxy.pass(other, &request).await?.to_string()),
        Conduct::MovesLogs { from, .. } if request["method"] == "eth_getLogs" => {
            let mut request = request.clone();
            (request["params"][0]["fromBlock"], request["params"][0]["toBlock"]) = (hex(*from), hex(*from));
            let mut passed = proxy.pass(&proxy.behind, &request).await?;
            bend(&conduct, &request, &mut passed["result"]);
            return Ok(passed.to_string());
        }
        Conduct::OtherNumber => {
            let mut request = request;
            if let Some(number) =
                quantity(&request["params"][0]).filter(|_| request["method"] == "eth_getBlockByNumber")
            {
                request["params"][0] = hex(number - 1);
            }
            return Ok(proxy.pass(&proxy.behind, &request).await?.to_string());
        }
        Conduct::Honest
        | Conduct::ChainId(_)
        | Conduct::Behind(_)
        | Conduct::Ahead(_)
        | Conduct::DropsLogs
        | Conduct::InventsLogs
        | Conduct::ForeignLogs
        | Conduct::OtherLogs
        | Conduct::MovesLogs { .. }
        | Conduct::AltersHeaders
        | Conduct::OtherCalls => {}
    }
    let mut passed = proxy.pass(&proxy.behind, &request).await?;
    if passed["error"].is_null() {
        bend(&conduct, &request, &mut passed["result"]);
    }
    Ok(passed.to_string())
}

/// Makes of an answer what the conduct wants.
fn bend(conduct: &Conduct, request: &Value, result: &mut Value) {
    let method = request["method"].as_str().unwrap_or_default();
    let is_tag = request["params"][0].as_str().is_some_and(|tag| ["finalized", "latest"].contains(&tag));
    let shift = |value: &mut Value, by: i64| {
        let number = quantity(value).unwrap_or_default().saturating_add_signed(by);
        *value = hex(number);
    };
    match (conduct, method) {
        (Conduct::Behind(blocks), "eth_blockNumber") => shift(result, -blocks.cast_signed()),
        (Conduct::Behind(blocks), "eth_getBlockByNumber") if is_tag => {
            shift(&mut result["number"], -blocks.cast_signed());
        }
        (Conduct::Ahead(blocks), "eth_getBlockByNumber") if request["params"][0] == "finalized" => {
            shift(&mut result["number"], blocks.cast_signed());
        }
        (Conduct::DropsLogs, "eth_getLogs") => *result = json!([]),
        (Conduct::ForeignLogs, "eth_getLogs") => {
            for log in result.as_array_mut().into_iter().flatten() {
                log["address"] = json!("0x00000000000000000000000000000000000000ff");
            }
        }
        (Conduct::OtherLogs, "eth_getLogs") => {
            for log in result.as_array_mut().into_iter().flatten() {
                log["blockHash"] = json!(B256::repeat_byte(7));
            }
        }
        (Conduct::MovesLogs { to, hash, .. }, "eth_getLogs") => {
            for log in result.as_array_mut().into_iter().flatten() {
                (log["blockNumber"], log["blockHash"]) = (hex(*to), json!(hash));
            }
        }
        (Conduct::InventsLogs, "eth_getLogs") => {
            let Some(log) = result.as_array().and_then(|logs| logs.first()).cloned() else { return };
            let mut invented = log;
            shift(&mut invented["logIndex"], 1_000);
            if let Some(logs) = result.as_array_mut() {
                logs.push(invented);
            }
        }
        (Conduct::AltersHeaders, "eth_getBlockByNumber") if !is_tag => shift(&mut result["timestamp"], 1),
        (Conduct::OtherCalls, "eth_call") => *result = json!(B256::repeat_byte(9)),
        _ => {}
    }
}

fn hex(number: u64) -> Value {
    json!(format!("{number:#x}"))
}

fn quantity(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}
