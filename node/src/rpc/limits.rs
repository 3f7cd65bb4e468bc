//! Every limit of the RPC server, with where its number comes from.

use std::time::Duration;

/// What the server allows. The defaults suit a node on the open internet with 2 cores and 2 GB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcLimits {
    /// Bytes of an HTTP body: geth's number; 1,000 transfers take 0.3 MB, and the largest transaction as hex 0.26 MB.
    pub body_bytes: u32,
    /// Bytes of a WebSocket message: the largest transaction as hex four times over.
    pub message_bytes: u32,
    /// Entries of a batch: geth's number.
    pub batch_entries: usize,
    /// Bytes of an HTTP response, batches too: a full block of 1,428 transfers has 0.9 MB, its receipts 1.6 MB.
    pub response_bytes: u32,
    /// Bytes of a WebSocket response: less, because several wait for a slow reader.
    pub message_response_bytes: u32,
    /// Bytes that a WebSocket's client was told and has not taken: four of the largest responses, and a quarter of
    /// `buffered_bytes`. From half of it on nothing is read from the client.
    pub unwritten_bytes: usize,
    /// Bodies and responses held in memory together, in bytes: a dozen of the largest bodies.
    pub buffered_bytes: usize,
    /// Connections in all: each costs about 20 KB and a file.
    pub connections: usize,
    /// Connections from one IPv4 address or one /64 of IPv6: the load tool, or an office behind one address.
    pub connections_per_address: usize,
    /// How long a connection may stay without a request, and a request's head may take.
    pub idle: Duration,
    /// How long the body of a request may take: 5 MiB at 1.4 Mbit/s.
    pub body_time: Duration,
    /// How long a client may take no byte of what we send.
    pub write_stall: Duration,
    /// How long running requests may go on after the server was told to stop.
    pub grace: Duration,
    /// Requests of one WebSocket that run at the same time, and answers that may wait for its client to take them
    /// before more is read; HTTP/1.1 has one.
    pub requests_per_socket: usize,
    /// Subscriptions of one WebSocket.
    pub subscriptions_per_socket: u32,
    /// Batches that a subscriber may lag behind: they are read from the store, but not without end.
    pub subscription_lag: u64,
    /// Filters in all: each a few hundred bytes, and its query.
    pub filters: usize,
    /// Filters of one address.
    pub filters_per_address: usize,
    /// How long a filter lives that nobody asks (geth's number).
    pub filter_idle: Duration,
    /// Batches that one `eth_getLogs` may span: what public nodes of Ethereum give.
    pub log_blocks: u64,
    /// Logs that one answer may hold: 10,000 take 6 MB.
    pub log_results: usize,
    /// Addresses and topics of one log filter together.
    pub log_criteria: usize,
    /// How long one search for logs may run.
    pub log_time: Duration,
    /// Gas of one call: geth's number, below a second of ordinary computation.
    pub call_gas: u64,
    /// Calls, estimates and searches that run at the same time: one a core, and the rest of the node must go on.
    pub calls_running: usize,
    /// Those that may wait for their turn.
    pub calls_waiting: usize,
    /// Those that may wait to read a batch that is not in memory: each subscriber of logs waits once a batch, and finds
    /// it read by the first.
    pub reads_waiting: usize,
    /// How long a call may wait and run until its caller is told that it took too long (geth's number).
    pub call_time: Duration,
    /// Batches of one `eth_feeHistory`: geth's number.
    pub fee_history_blocks: u64,
    /// The same when rewards are asked for, which reads all receipts.
    pub fee_history_reward_blocks: u64,
    /// Percentiles of one `eth_feeHistory`: geth's number.
    pub fee_history_percentiles: usize,
    /// How long `eth_sendRawTransactionSync` waits if not told (EIP-7966).
    pub sync_time: Duration,
    /// How long it waits at most.
    pub sync_time_max: Duration,
    /// How many of them wait at the same time.
    pub sync_waiting: usize,
    /// Transactions that `txpool_content` lists.
    pub pool_entries: usize,
    /// Batches kept decoded: 6 s at ten a second, the span in which wallets ask for receipts.
    pub cached_blocks: usize,
    /// Bytes of memory that they take; at least one is kept.
    pub cached_bytes: usize,
}

const MIB: u32 = 1024 * 1024;

impl Default for RpcLimits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            body_bytes: 5 * MIB,
            message_bytes: MIB,
            batch_entries: 1_000,
            response_bytes: 10 * MIB,
            message_response_bytes: 4 * MIB,
            unwritten_bytes: 16 * 1024 * 1024,
            buffered_bytes: 64 * 1024 * 1024,
            connections: 1_024,
            connections_per_address: 256,
            idle: Duration::from_secs(60),
            body_time: Duration::from_secs(30),
            write_stall: Duration::from_secs(30),
            grace: Duration::from_secs(5),
            requests_per_socket: 64,
            subscriptions_per_socket: 64,
            subscription_lag: 1_024,
            filters: 1_000,
            filters_per_address: 100,
            filter_idle: Duration::from_secs(300),
            log_blocks: 10_000,
            log_results: 10_000,
            log_criteria: 1_000,
            log_time: Duration::from_secs(5),
            call_gas: 50_000_000,
            calls_running: cores,
            calls_waiting: 64,
            reads_waiting: 64 * 1_024,
            call_time: Duration::from_secs(5),
            fee_history_blocks: 1_024,
            fee_history_reward_blocks: 128,
            fee_history_percentiles: 100,
            sync_time: Duration::from_secs(2),
            sync_time_max: Duration::from_secs(60),
            sync_waiting: 256,
            pool_entries: 4_096,
            cached_blocks: 64,
            cached_bytes: 40 * 1024 * 1024,
        }
    }
}
