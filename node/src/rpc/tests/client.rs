//! The server with its chain, and clients that speak HTTP and WebSocket byte by byte.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::chain::Chain;
use crate::rpc::{RpcConfig, RpcLimits, RpcServer, RpcStartError};

/// No answer takes longer in a test; who waits for nothing waits this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server on a free port.
pub(super) struct Served {
    pub(super) server: RpcServer,
    pub(super) address: SocketAddr,
    pub(super) chain: Chain,
    registry: Registry,
}

impl Served {
    pub(super) async fn start(chain: Chain) -> Self {
        Self::with(chain, RpcLimits::default()).await
    }

    pub(super) async fn with(chain: Chain, limits: RpcLimits) -> Self {
        let config = RpcConfig { limits, version: "rota/test".into(), origins: Vec::new() };
        Self::try_with(chain, config).await.unwrap()
    }

    pub(super) async fn try_with(chain: Chain, config: RpcConfig) -> Result<Self, RpcStartError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut registry = Registry::with_prefix("rota");
        let server = RpcServer::start(listener, Arc::new(chain.clone()), config, &mut registry)?;
        Ok(Self { address: server.local_addr(), server, chain, registry })
    }

    /// The result of a call that must succeed.
    pub(super) async fn ok(&self, method: &str, params: Value) -> Value {
        call(self.address, method, params.clone()).await.unwrap_or_else(|error| panic!("{method} {params}: {error}"))
    }

    /// The error of a call that must fail.
    pub(super) async fn error(&self, method: &str, params: Value) -> Value {
        match call(self.address, method, params.clone()).await {
            Err(error) => error,
            Ok(result) => panic!("{method} {params} gave {result}"),
        }
    }

    /// A call that must fail with this code and a text that begins so.
    pub(super) async fn refuses(&self, method: &str, params: Value, code: i64, text: &str) {
        let error = self.error(method, params).await;
        assert_eq!(error["code"], code, "{method}: {error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.starts_with(text), "{method}: {message:?} does not begin with {text:?}");
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether the metrics have a line that begins so.
    pub(super) fn counts(&self, line: &str) -> bool {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text.lines().any(|found| found.starts_with(line))
    }
}

/// One call over a connection of its own.
pub(super) async fn call(address: SocketAddr, method: &str, params: Value) -> Result<Value, Value> {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let (status, answer) = post(address, &request.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    match answer.get("error") {
        Some(error) => Err(error.clone()),
        None => Ok(answer["result"].clone()),
    }
}

/// Posts a body; the status and the body that came back.
pub(super) async fn post(address: SocketAddr, body: &str) -> (u16, String) {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: rota\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let (head, body) = raw(address, &(head + body)).await;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body)
}

/// Sends bytes and reads until the end; head and body of the answer.
pub(super) async fn raw(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let mut answer = Vec::new();
    // The server may answer, and close, before it has read all.
    let write = async {
        let _ = writing.write_all(request.as_bytes()).await;
    };
    let read = async {
        let _ = reading.read_to_end(&mut answer).await;
    };
    timeout(PATIENCE, futures::future::join(write, read)).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.to_owned(), body.to_owned())
}

/// A WebSocket.
pub(super) struct Socket {
    stream: TcpStream,
    next_id: u64,
    notifications: Vec<Value>,
}

impl Socket {
    pub(super) async fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = "GET / HTTP/1.1\r\nhost: rota\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
        }
        assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
        Self { stream, next_id: 1, notifications: Vec::new() }
    }

    /// Sends a text; a mask of zeros leaves it as it is.
    pub(super) async fn send(&mut self, text: &str) {
        self.frame(0x81, text.as_bytes()).await;
    }

    /// Sends a call and waits for nothing.
    pub(super) async fn begin(&mut self, id: u64, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()).await;
    }

    async fn frame(&mut self, kind: u8, bytes: &[u8]) {
        let mut frame = vec![kind];
        match bytes.len() {
            short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
            long => {
                frame.push(0xff);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(bytes);
        self.stream.write_all(&frame).await.unwrap();
    }

    /// The next message; none when the server has closed.
    pub(super) async fn receive(&mut self) -> Option<Value> {
        loop {
            let (kind, bytes) = timeout(PATIENCE, self.read()).await.unwrap()?;
            match kind & 0x0f {
                1 => return Some(serde_json::from_slice(&bytes).unwrap()),
                8 => return None,
                9 => self.frame(0x8a, &bytes).await,
                _ => {}
            }
        }
    }

    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let kind = self.stream.read_u8().await.ok()?;
        let length = match self.stream.read_u8().await.ok()? {
            126 => self.stream.read_u16().await.ok()?.into(),
            127 => self.stream.read_u64().await.ok()?,
            short => short.into(),
        };
        let mut bytes = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut bytes).await.ok()?;
        Some((kind, bytes))
    }

    /// One call; notifications that come between are kept.
    pub(super) async fn call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.next_id;
        self.next_id += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()).await;
        loop {
            let message = self.receive().await.expect("the server closed");
            if message["id"] == id {
                return message.get("error").map_or_else(|| Ok(message["result"].clone()), |error| Err(error.clone()));
            }
            self.notifications.push(message);
        }
    }

    /// The next notification: its subscription and what it says.
    pub(super) async fn notification(&mut self) -> (Value, Value) {
        let message = if self.notifications.is_empty() {
            self.receive().await.expect("the server closed")
        } else {
            self.notifications.remove(0)
        };
        assert_eq!(message["method"], "eth_subscription", "{message}");
        (message["params"]["subscription"].clone(), message["params"]["result"].clone())
    }
}
