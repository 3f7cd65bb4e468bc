//! Bodies of requests and responses: bounded one by one, in time, and all together (rules R7 to R9).

use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use jsonrpsee::{
    server::{HttpBody, HttpResponse},
    types::ErrorObjectOwned,
};
use serde::{
    Deserialize as _, Deserializer as _,
    de::{IgnoredAny, SeqAccess, Visitor},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{error::RpcError, limits::RpcLimits};

/// Why a body was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyRefused {
    /// Too many bytes.
    #[error("request body too large: limit {0}")]
    TooLarge(u32),
    /// Too slow.
    #[error("request body took longer than {0} ms")]
    TooSlow(u128),
    /// The connection broke.
    #[error("request body broke off")]
    Broken,
    /// Too many bytes of all requests together.
    #[error("server is busy: too many bytes of requests")]
    Busy,
    /// A batch of too many requests.
    #[error("batch too large: limit {0}")]
    BatchTooLarge(usize),
    /// It begins as a request or a batch of them, and is no JSON.
    #[error("parse error: the body is no JSON")]
    NotJson,
}

impl BodyRefused {
    /// Its name in metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "body_too_large",
            Self::TooSlow(_) => "body_too_slow",
            Self::Broken => "body_broken",
            Self::Busy => "busy",
            Self::BatchTooLarge(_) => "batch_too_large",
            Self::NotJson => "not_json",
        }
    }

    /// The answer: an HTTP status, and the reason as a JSON-RPC error.
    pub(crate) fn response(&self) -> HttpResponse {
        let (status, code) = match self {
            Self::TooLarge(_) => (413, super::error::INVALID_REQUEST),
            Self::TooSlow(_) | Self::Broken => (408, super::error::INVALID_REQUEST),
            Self::Busy => (503, super::error::LIMIT_EXCEEDED),
            Self::BatchTooLarge(limit) => (200, RpcError::BatchTooLarge(*limit).code()),
            Self::NotJson => (200, super::error::PARSE_ERROR),
        };
        let error = ErrorObjectOwned::owned(code, self.to_string(), None::<()>);
        let body = serde_json::json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
        let response = HttpResponse::builder().status(status).header("content-type", "application/json");
        // Only an invalid status or header could fail here, and these are constants.
        response.body(HttpBody::from(body)).unwrap_or_default()
    }
}

/// A body in memory, with its share of what may be held.
pub(crate) struct Held {
    bytes: Vec<u8>,
    share: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads a request's body; its share of memory is given back when the last copy of it is gone.
pub(crate) async fn read(
    body: Incoming,
    limits: &RpcLimits,
    buffered: &Arc<Semaphore>,
) -> Result<Full<Bytes>, BodyRefused> {
    let read = tokio::time::timeout(limits.body_time, collect(body, limits.body_bytes, buffered)).await;
    let held = read.map_err(|_| BodyRefused::TooSlow(limits.body_time.as_millis()))??;
    // R8: a batch is counted before any of its entries takes memory.
    check(&held.bytes, limits.batch_entries)?;
    Ok(Full::new(Bytes::from_owner(held)))
}

async fn collect(mut body: Incoming, limit: u32, buffered: &Arc<Semaphore>) -> Result<Held, BodyRefused> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    if body.size_hint().lower() > u64::from(limit) {
        return Err(BodyRefused::TooLarge(limit));
    }
    let mut held = Held { bytes: Vec::new(), share: reserve(buffered, 0)? };
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyRefused::Broken)?.into_data() else { continue };
        if held.bytes.len() + data.len() > most {
            return Err(BodyRefused::TooLarge(limit));
        }
        held.share.merge(reserve(buffered, data.len())?);
        held.bytes.extend_from_slice(&data);
    }
    Ok(held)
}

/// The share of memory that an answer took while it was made; it stands among the extensions of the response.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    _bytes: Arc<OwnedSemaphorePermit>,
}

impl From<OwnedSemaphorePermit> for Share {
    fn from(bytes: OwnedSemaphorePermit) -> Self {
        Self { _bytes: Arc::new(bytes) }
    }
}

/// Lets a response hold its share of memory until its last byte is written.
pub(crate) async fn hold(response: HttpResponse, buffered: &Arc<Semaphore>) -> Result<HttpResponse, BodyRefused> {
    let (mut parts, body) = response.into_parts();
    let bytes = body.collect().await.map_err(|_| BodyRefused::Broken)?.to_bytes();
    let share = match parts.extensions.remove() {
        Some(share) => share,
        None => reserve(buffered, bytes.len())?.into(),
    };
    let held = Bytes::from_owner(HeldResponse { bytes, _share: share });
    Ok(HttpResponse::from_parts(parts, HttpBody::new(Full::new(held))))
}

struct HeldResponse {
    bytes: Bytes,
    _share: Share,
}

impl AsRef<[u8]> for HeldResponse {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A share of so many bytes, if so many are left.
pub(crate) fn reserve(buffered: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, BodyRefused> {
    let bytes = u32::try_from(bytes).map_err(|_| BodyRefused::Busy)?;
    Arc::clone(buffered).try_acquire_many_owned(bytes).map_err(|_| BodyRefused::Busy)
}

/// Whether a body is JSON and holds at most so many requests: counted before any of them takes memory. What begins as
/// neither a request nor a batch is for the parser to judge.
pub(crate) fn check(body: &[u8], most: usize) -> Result<(), BodyRefused> {
    struct Count<'c> {
        most: usize,
        fits: &'c mut bool,
    }

    impl<'de> Visitor<'de> for Count<'_> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
            let mut count = 0;
            while *self.fits && list.next_element::<IgnoredAny>()?.is_some() {
                count += 1;
                *self.fits = count <= self.most;
            }
            Ok(())
        }
    }

    let mut fits = true;
    let mut json = serde_json::Deserializer::from_slice(body);
    let read = match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => json.deserialize_seq(Count { most, fits: &mut fits }),
        Some(b'{') => IgnoredAny::deserialize(&mut json).map(|_| ()),
        Some(_) | None => return Ok(()),
    };
    // A batch that is too large was not read to its end.
    if !fits {
        return Err(BodyRefused::BatchTooLarge(most));
    }
    read.and_then(|()| json.end()).map_err(|_| BodyRefused::NotJson)
}
