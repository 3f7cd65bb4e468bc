//! One HTTP/1.1 connection to a node, kept open and opened again when it breaks.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The largest answer read: a block with 100,000 transaction hashes has 7 MB.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// A local node answers in milliseconds; one that takes this long is as good as gone.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// A connection on the same machine or network stands in milliseconds.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

/// Where a node answers JSON-RPC: `http://host[:port][/path]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    authority: String,
    path: String,
}

/// Why a text is no [`Endpoint`].
#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadEndpoint {
    /// Not a URL with a host.
    #[error("not an address: expected http://host:port")]
    NotUrl,
    /// WebSocket, TLS or something else.
    #[error("the scheme {scheme}:// is not spoken: give the node's own http://host:port")]
    Scheme {
        /// The scheme given.
        scheme: String,
    },
}

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Self, BadEndpoint> {
        let uri: Uri = text.trim().parse().map_err(|_| BadEndpoint::NotUrl)?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(BadEndpoint::NotUrl);
        };
        if scheme != "http" {
            return Err(BadEndpoint::Scheme { scheme: scheme.to_owned() });
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { authority: format!("{host}:{}", uri.port_u16().unwrap_or(80)), path })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path == "/" { "" } else { &self.path };
        write!(out, "http://{}{path}", self.authority)
    }
}

/// Why a request got no answer.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum TransportError {
    /// Nobody listens, or the name is unknown.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection broke before the answer was complete.
    #[error("connection broke")]
    Broken,
    /// No answer within 10 s.
    #[error("no answer within {} s", ANSWER_WITHIN.as_secs())]
    TimedOut,
    /// An HTTP status other than 200.
    #[error("http status {0}")]
    Status(u16),
}

/// Posts bodies to one endpoint, one after the other, over one connection.
#[derive(Debug)]
pub struct Client {
    endpoint: Endpoint,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A client that connects at its first request.
    #[must_use]
    pub const fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, connection: None }
    }

    /// Where it posts to.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Posts one JSON body and returns the body of the answer.
    ///
    /// A kept connection that turns out to be closed is opened again once: every request of this tool may be
    /// repeated, a transaction sent twice is the same transaction.
    ///
    /// # Errors
    /// [`TransportError`]; the next call connects anew.
    pub async fn post(&mut self, body: Bytes) -> Result<Bytes, TransportError> {
        let kept = self.connection.take().filter(|connection| !connection.is_closed());
        let fresh = kept.is_none();
        let connection = match kept {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let answer = match self.exchange(connection, body.clone()).await {
            Err(TransportError::Broken) if !fresh => {
                let connection = self.connect().await?;
                self.exchange(connection, body).await
            }
            answer => answer,
        };
        let (connection, answer) = answer?;
        self.connection = Some(connection);
        Ok(answer)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, TransportError> {
        let refuse = |error: std::io::Error| TransportError::Connect(error.kind().to_string());
        let dial = timeout(CONNECT_WITHIN, TcpStream::connect(&self.endpoint.authority));
        let stream = dial.await.map_err(|_| TransportError::TimedOut)?.map_err(refuse)?;
        stream.set_nodelay(true).map_err(refuse)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|_| TransportError::Broken)?;
        tokio::spawn(async move {
            // Its end shows in the sender: the next request fails and is answered for there.
            let _ended = connection.await;
        });
        Ok(sender)
    }

    async fn exchange(
        &self,
        mut connection: SendRequest<Full<Bytes>>,
        body: Bytes,
    ) -> Result<(SendRequest<Full<Bytes>>, Bytes), TransportError> {
        let request = Request::post(self.endpoint.path.as_str())
            .header(header::HOST, self.endpoint.authority.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|_| TransportError::Broken)?;
        let exchange = async {
            connection.ready().await.map_err(|_| TransportError::Broken)?;
            let answer = connection.send_request(request).await.map_err(|_| TransportError::Broken)?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX);
            let body = body.collect().await.map_err(|_| TransportError::Broken)?.to_bytes();
            if status == 200 { Ok(body) } else { Err(TransportError::Status(status)) }
        };
        let body = timeout(ANSWER_WITHIN, exchange).await.map_err(|_| TransportError::TimedOut)??;
        Ok((connection, body))
    }
}
