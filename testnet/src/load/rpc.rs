//! JSON-RPC 2.0: bodies written by hand, answers read in place, errors put into few kinds.

use core::fmt::Write as _;

use alloy_primitives::{B256, U64};
use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use thiserror::Error;

use super::http::{Client, TransportError};

/// Characters of an error text that make its kind; what follows is detail.
const KIND_CHARS_MAX: usize = 100;

/// A method and its parameters.
pub type Call = (&'static str, Value);

/// Why a call failed: the node refused it, or no answer came.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum RpcError {
    /// The node answered with an error.
    #[error("{message} (code {code})")]
    Refused {
        /// JSON-RPC error code.
        code: i64,
        /// The node's words.
        message: String,
    },
    /// No answer came.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An answer came that is no answer to the question.
    #[error("the node's answer is not understood: {0}")]
    Malformed(String),
}

impl RpcError {
    /// The class it is counted under (L9): no numbers, addresses or hashes, which would make every error its own kind.
    #[must_use]
    pub fn kind(&self) -> String {
        match self {
            Self::Refused { code, message } => format!("{code} {}", normalised(message)),
            Self::Transport(error) => error.to_string(),
            Self::Malformed(_) => "answer not understood".to_owned(),
        }
    }

    /// Whether the node says that it has this very transaction already, which is as good as accepting it (L8).
    #[must_use]
    pub fn is_known_already(&self) -> bool {
        let Self::Refused { message, .. } = self else { return false };
        let message = message.to_ascii_lowercase();
        // geth, reth and Rota; anvil; nethermind.
        ["already known", "already imported", "alreadyknown"].iter().any(|words| message.contains(words))
    }

    /// Whether the node said no. Otherwise the answer is missing, and the request may have been carried out or not.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

/// Lower case, one `#` for each number or hex string, cut at [`KIND_CHARS_MAX`].
fn normalised(message: &str) -> String {
    let mut kind = String::new();
    let mut in_number = false;
    for letter in message.trim().chars().take(KIND_CHARS_MAX) {
        let letter = letter.to_ascii_lowercase();
        // A hex string goes on through a..f and x once it began with a digit.
        let continues = letter.is_ascii_hexdigit() || letter == 'x' || letter == '.';
        if letter.is_ascii_digit() || (in_number && continues) {
            if !in_number {
                kind.push('#');
            }
            in_number = true;
        } else {
            in_number = false;
            kind.push(if letter.is_control() { ' ' } else { letter });
        }
    }
    kind
}

/// The body that hands over signed transactions: one call, or a batch with their places as ids.
#[must_use]
pub fn submission<'a>(transactions: impl ExactSizeIterator<Item = &'a [u8]>) -> Bytes {
    let batch = transactions.len() != 1;
    let mut body = String::with_capacity(transactions.len() * 400);
    if batch {
        body.push('[');
    }
    for (id, raw) in transactions.enumerate() {
        if id > 0 {
            body.push(',');
        }
        let written = write!(body, r#"{{"jsonrpc":"2.0","id":{id},"method":"eth_sendRawTransaction","params":["0x"#);
        assert!(written.is_ok(), "writing to a String cannot fail");
        body.push_str(&alloy_primitives::hex::encode(raw));
        body.push_str(r#""]}"#);
    }
    if batch {
        body.push(']');
    }
    Bytes::from(body)
}

/// The body of some calls: one call, or a batch with their places as ids.
#[must_use]
pub fn calls(calls: &[Call]) -> Bytes {
    let mut bodies: Vec<Value> = calls.iter().enumerate().map(|(id, call)| numbered(id, call)).collect();
    let body = if bodies.len() == 1 { bodies.swap_remove(0) } else { Value::Array(bodies) };
    Bytes::from(body.to_string())
}

fn numbered(id: usize, (method, params): &Call) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    id: Option<usize>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    message: String,
}

impl<'a> Answer<'a> {
    fn verdict(self) -> Result<&'a RawValue, RpcError> {
        match self {
            Self { error: Some(Refusal { code, message }), .. } => Err(RpcError::Refused { code, message }),
            Self { result: Some(result), .. } => Ok(result),
            // `"result": null` reads as None.
            Self { .. } => Ok(RawValue::NULL),
        }
    }
}

/// What a node answered to `count` calls, in their order whatever the order of the answers.
///
/// A single error in place of a batch answers every call; a call without an answer is [`RpcError::Malformed`].
#[must_use]
pub fn answers(body: &[u8], count: usize) -> Vec<Result<&RawValue, RpcError>> {
    let malformed = |why: &str| RpcError::Malformed(why.to_owned());
    let is_batch = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let read: Result<Vec<Answer<'_>>, _> =
        if is_batch { serde_json::from_slice(body) } else { serde_json::from_slice(body).map(|one| vec![one]) };
    let read = match read {
        Ok(read) => read,
        Err(error) => return vec![Err(RpcError::Malformed(error.to_string())); count],
    };
    if !is_batch && count != 1 {
        let refusal = read.into_iter().next().and_then(|one| one.verdict().err());
        return vec![Err(refusal.unwrap_or_else(|| malformed("one result for a batch"))); count];
    }
    let mut verdicts: Vec<_> = vec![Err(malformed("no answer for this call")); count];
    for answer in read {
        // A lone answer may carry the id null when the node could not read the request.
        let place = if count == 1 { 0 } else { answer.id.unwrap_or(count) };
        if let Some(verdict) = verdicts.get_mut(place) {
            *verdict = answer.verdict();
        }
    }
    verdicts
}

/// One call, its result read as `T`.
///
/// # Errors
/// [`RpcError`], also when the result is no `T`.
pub async fn call<T: DeserializeOwned>(
    client: &mut Client,
    method: &'static str,
    params: Value,
) -> Result<T, RpcError> {
    let body = client.post(calls(&[(method, params)])).await?;
    let verdict = answers(&body, 1).pop().unwrap_or_else(|| Err(RpcError::Malformed("empty".to_owned())))?;
    serde_json::from_str(verdict.get()).map_err(|error| RpcError::Malformed(format!("{method}: {error}")))
}

/// Many calls, in batches of at most `batch`; the results in the order of the calls.
///
/// # Errors
/// The first [`RpcError`] of any.
pub async fn call_all<T: DeserializeOwned>(
    client: &mut Client,
    many: &[Call],
    batch: usize,
) -> Result<Vec<T>, RpcError> {
    let mut results = Vec::with_capacity(many.len());
    for some in many.chunks(batch) {
        let body = client.post(calls(some)).await?;
        for verdict in answers(&body, some.len()) {
            let read = serde_json::from_str(verdict?.get());
            results.push(read.map_err(|error| RpcError::Malformed(error.to_string()))?);
        }
    }
    Ok(results)
}

/// The parts of a block that the tool reads; the rest is passed over.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Its height.
    pub number: U64,
    /// Its hash.
    pub hash: B256,
    /// The hash of the block before it.
    pub parent_hash: B256,
    /// Wei per gas; absent before London.
    #[serde(default)]
    pub base_fee_per_gas: Option<U64>,
    /// Hashes of its transactions.
    pub transactions: Vec<B256>,
}
