//! The server: one port for HTTP and WebSocket, an accept loop of its own (rules R6 to R9).

use std::{collections::BTreeSet, convert::Infallible, io, net::SocketAddr, sync::Arc};

use futures::FutureExt;
use hyper::{Request, body::Incoming};
use hyper_util::rt::{TokioIo, TokioTimer};
use jsonrpsee::{
    core::BoxError,
    server::{
        BatchRequestConfig, HttpBody, HttpResponse, Methods, PingConfig, ServerBuilder, ServerConfig, ServerHandle,
        StopHandle, TowerServiceBuilder, http, middleware::rpc::RpcServiceBuilder, stop_channel, ws,
    },
};
use prometheus_client::registry::Registry;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};
use tower::{Service, ServiceExt, layer::util::Identity};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use super::{
    arguments::Caller,
    backend::Backend,
    body::{self, BodyRefused},
    context::Context,
    limits::RpcLimits,
    methods,
    metrics::{Counted, Metrics},
    middleware::GateLayer,
    patience::Patient,
    seats::{Seat, Seats},
    subscriptions::HexIds,
    unwritten::Unwritten,
};

/// Messages that stand between the tasks that answer and a WebSocket. What waits before them is bounded by rule R9.
const MESSAGES_WAITING_MAX: u32 = 8;

/// Headers of a request: browsers send about twenty.
const HEADERS_MAX: usize = 64;

/// Bytes of a request's head, and of one read.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What a client reads for which there is no seat.
const NO_SEAT: &[u8] = b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// How the server is to behave.
#[derive(Clone, Debug, Default)]
pub struct RpcConfig {
    /// What it allows.
    pub limits: RpcLimits,
    /// What `web3_clientVersion` says.
    pub version: String,
    /// Web pages that may use it, by origin; all if there is none. It holds no keys and knows no cookies, so that a
    /// page learns and does no more than anyone can who reaches the port.
    pub origins: Vec<String>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum RpcStartError {
    /// The socket is of no use.
    #[error("the RPC socket failed: {0}")]
    Socket(#[from] io::Error),
    /// Browsers send no such origin.
    #[error("{0:?} is no origin of web pages: write one as https://app.example, or none for all")]
    Origin(String),
    /// Two methods have one name.
    #[error("the table of methods is wrong: {0}")]
    Methods(String),
}

/// A running server.
#[derive(Debug)]
pub struct RpcServer {
    address: SocketAddr,
    stop: ServerHandle,
    task: JoinHandle<()>,
}

impl RpcServer {
    /// Serves on a bound socket until it is stopped; metrics go into the registry.
    ///
    /// # Errors
    /// [`RpcStartError`].
    pub fn start(
        listener: TcpListener,
        backend: Arc<dyn Backend>,
        config: RpcConfig,
        registry: &mut Registry,
    ) -> Result<Self, RpcStartError> {
        let address = listener.local_addr()?;
        let metrics = Metrics::new(registry);
        let cors = cors(&config.origins)?;
        let context = Arc::new(Context::new(backend, config.limits, config.version, metrics));
        let (stop_handle, stop) = stop_channel();
        let server = Arc::new(Server::new(context, stop_handle)?);
        let task = tokio::spawn(accept(listener, server, cors));
        Ok(Self { address, stop, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more connections, lets running requests end within their grace, and closes.
    pub async fn stop(self) {
        // Both fail only if the server is gone already.
        let _ = self.stop.stop();
        let _ = self.task.await;
    }
}

fn cors(origins: &[String]) -> Result<CorsLayer, RpcStartError> {
    let parse = |origin: &String| {
        let known = origin.contains("://") && !origin.ends_with('/');
        let value = origin.parse().ok().filter(|_| known);
        value.ok_or_else(|| RpcStartError::Origin(origin.clone()))
    };
    let allowed = match origins {
        [] => AllowOrigin::from(Any),
        some => AllowOrigin::list(some.iter().map(parse).collect::<Result<Vec<_>, _>>()?),
    };
    Ok(CorsLayer::new().allow_origin(allowed).allow_methods(Any).allow_headers(Any))
}

type Builder = TowerServiceBuilder<Identity, Identity>;

/// What all connections share.
struct Server {
    context: Arc<Context>,
    methods: Methods,
    names: Arc<BTreeSet<&'static str>>,
    seats: Arc<Seats>,
    http: Builder,
    socket: Builder,
    stop: StopHandle,
}

/// What one connection has of its own.
struct Connection {
    seat: Seat,
    unwritten: Arc<Unwritten>,
}

impl Server {
    fn new(context: Arc<Context>, stop: StopHandle) -> Result<Self, RpcStartError> {
        let methods = methods::all(Arc::clone(&context)).map_err(|error| RpcStartError::Methods(error.to_string()))?;
        let names = Arc::new(methods.method_names().collect());
        let limits = &context.limits;
        let builder = |request: u32, response: u32| {
            let config = ServerConfig::builder()
                // Connections are counted by the accept loop, which knows addresses.
                .max_connections(u32::MAX)
                .max_request_body_size(request)
                .max_response_body_size(response)
                .max_subscriptions_per_connection(limits.subscriptions_per_socket)
                .set_batch_request_config(BatchRequestConfig::Limit(
                    u32::try_from(limits.batch_entries).unwrap_or(u32::MAX),
                ))
                .set_message_buffer_capacity(MESSAGES_WAITING_MAX)
                .enable_ws_ping(PingConfig::new().ping_interval(limits.idle / 2).inactive_limit(limits.idle))
                .set_id_provider(HexIds)
                .build();
            ServerBuilder::with_config(config).to_service_builder()
        };
        let http = builder(limits.body_bytes, limits.response_bytes);
        let socket = builder(limits.message_bytes, limits.message_response_bytes);
        let (most, most_of_one) = (limits.connections, limits.connections_per_address);
        let seats = Arc::new(Seats::new(most, most_of_one, context.metrics.clone()));
        Ok(Self { methods: methods.into(), names, http, socket, seats, stop, context })
    }

    /// The gate of one connection; a WebSocket's knows what its client has not taken.
    fn gate(&self, response_bytes: u32, unwritten: Option<Arc<Unwritten>>) -> GateLayer {
        let response_bytes = usize::try_from(response_bytes).unwrap_or(usize::MAX);
        let (context, names) = (Arc::clone(&self.context), Arc::clone(&self.names));
        GateLayer { context, names, response_bytes, unwritten }
    }

    /// Answers one HTTP request, or turns its connection into a WebSocket.
    async fn answer(&self, connection: Arc<Connection>, mut request: Request<Incoming>) -> HttpResponse {
        let socket = ws::is_upgrade_request(&request);
        request.extensions_mut().insert(Caller { address: connection.seat.address, socket });
        if socket {
            let unwritten = Arc::clone(&connection.unwritten);
            request.extensions_mut().insert(Arc::clone(&unwritten));
            let gate = self.gate(self.context.limits.message_response_bytes, Some(unwritten));
            let gated = self.socket.clone().set_rpc_middleware(RpcServiceBuilder::new().layer(gate));
            let mut service = gated.build(self.methods.clone(), self.stop.clone());
            let closed = service.on_session_closed();
            let counted = Counted::new(&self.context.metrics.sockets);
            // The seat is kept as long as the WebSocket lives.
            tokio::spawn(async move {
                closed.await;
                drop((connection, counted));
            });
            return service.call(request).await.unwrap_or_else(|error| broken(&error));
        }
        self.answer_http(request).await.unwrap_or_else(|refused| {
            self.context.metrics.refused(refused.name());
            refused.response()
        })
    }

    async fn answer_http(&self, request: Request<Incoming>) -> Result<HttpResponse, BodyRefused> {
        let (parts, incoming) = request.into_parts();
        let buffered = &self.context.buffered;
        let whole = body::read(incoming, &self.context.limits, buffered).await?;
        let gate = RpcServiceBuilder::new().layer(self.gate(self.context.limits.response_bytes, None));
        let gated = self.http.clone().set_rpc_middleware(gate);
        let mut service = gated.build(self.methods.clone(), self.stop.clone());
        let request = Request::from_parts(parts, HttpBody::new(whole));
        let response = service.call(request).await.unwrap_or_else(|error| broken(&error));
        if response.status().is_client_error() {
            self.context.metrics.refused("no_request");
        }
        body::hold(response, buffered).await
    }
}

/// The server below failed, which it says it never does.
fn broken(error: &BoxError) -> HttpResponse {
    tracing::warn!(%error, "the RPC server failed");
    http::response::internal_error()
}

async fn accept(listener: TcpListener, server: Arc<Server>, cors: CorsLayer) {
    let mut connections = JoinSet::new();
    let stopped = server.stop.clone().shutdown();
    tokio::pin!(stopped);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = &mut stopped => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of files, mostly: to try again at once would only burn a core.
                tracing::warn!(%error, "an RPC connection could not be accepted");
                server.context.metrics.refused("accept");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        match server.seats.take(from.ip()) {
            Ok(seat) => {
                connections.spawn(serve(stream, seat, Arc::clone(&server), cors.clone()));
            }
            Err(refused) => {
                server.context.metrics.refused(refused.name());
                // Said if it can be said at once; then the connection closes.
                let _ = stream.try_write(NO_SEAT);
            }
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(server.context.limits.grace, ended).await;
}

/// One connection, until it closes, idles too long, or becomes a WebSocket.
async fn serve(stream: TcpStream, seat: Seat, server: Arc<Server>, cors: CorsLayer) {
    let _ = stream.set_nodelay(true);
    let limits = &server.context.limits;
    let unwritten = Arc::new(Unwritten::new(limits));
    let io = TokioIo::new(Patient::new(stream, limits.write_stall, Arc::clone(&unwritten)));
    let stopped = server.stop.clone().shutdown();
    let connection = Arc::new(Connection { seat, unwritten });
    let answering = Arc::clone(&server);
    let answer = tower::service_fn(move |request| {
        let (server, connection) = (Arc::clone(&answering), Arc::clone(&connection));
        async move { Ok::<_, Infallible>(server.answer(connection, request).await) }.boxed()
    });
    let service = tower::Layer::layer(&cors, answer);
    let service =
        hyper::service::service_fn(move |request: Request<Incoming>| service.clone().oneshot(request).boxed());
    let mut speaking = hyper::server::conn::http1::Builder::new();
    speaking
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX);
    let connection = speaking.serve_connection(io, service).with_upgrades();
    tokio::pin!(connection, stopped);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = &mut stopped => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an RPC connection broke");
    }
}
