//! JSON-RPC and plain GET over HTTP.

use std::time::Duration;

use alloy::transports::http::reqwest::Client;
use eyre::{Result, WrapErr as _, ensure, eyre};
use serde_json::{Value, json};

/// A node on this machine that takes longer is as good as gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client; clones share its connections.
#[derive(Clone)]
pub(crate) struct Http(Client);

impl Http {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Client::builder().timeout(PATIENCE).no_proxy().build()?))
    }

    /// The status code and body of a page.
    pub(crate) async fn get(&self, url: &str) -> Result<(u16, String)> {
        let answer = self.0.get(url).send().await.wrap_err_with(|| url.to_owned())?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// The status code and body that some bytes are answered with.
    pub(crate) async fn post(&self, url: &str, body: impl Into<Vec<u8>>) -> Result<(u16, String)> {
        let request = self.0.post(url).header("content-type", "application/json").body(body.into());
        let answer = request.send().await.wrap_err_with(|| url.to_owned())?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// The result of a call; an error answer is an error.
    pub(crate) async fn call(&self, url: &str, method: &str, params: Value) -> Result<Value> {
        let mut answers = self.calls(url, &[(method, params)]).await?;
        answers.pop().unwrap_or_else(|| Err(eyre!("no answer")))
    }

    /// The results of many calls in one request, in their order.
    pub(crate) async fn calls(&self, url: &str, calls: &[(&str, Value)]) -> Result<Vec<Result<Value>>> {
        let request = |(id, call): (usize, &(&str, Value))| {
            let (method, params) = call;
            json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
        };
        let body: Vec<Value> = calls.iter().enumerate().map(request).collect();
        let (code, text) = self.post(url, serde_json::to_vec(&body)?).await?;
        ensure!(code == 200, "{url} answers {code}: {text}");
        let mut answers: Vec<Value> = serde_json::from_str(&text).wrap_err_with(|| text.clone())?;
        ensure!(answers.len() == calls.len(), "{} answers to {} calls", answers.len(), calls.len());
        answers.sort_by_key(|answer| answer["id"].as_u64());
        Ok(answers.into_iter().zip(calls).map(|(answer, (method, _))| result(url, method, answer)).collect())
    }
}

fn result(url: &str, method: &str, mut answer: Value) -> Result<Value> {
    match answer.get_mut("result") {
        Some(result) => Ok(result.take()),
        None => Err(eyre!("{method} at {url}: {}", answer["error"])),
    }
}
