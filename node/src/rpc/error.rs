//! Every way in which a request is refused, with the codes and texts that wallets know from geth (rules R20 to R23).

use alloy_primitives::{B256, Bytes};
use alloy_sol_types::{Panic, Revert, SolError};
use jsonrpsee::types::ErrorObjectOwned;
use rota_execution::{CallError, EstimateError, StateError};
use rota_proto::TransactionError;

use super::backend::{BackendError, SubmitError};

/// The code of a request whose parameters are wrong (JSON-RPC 2.0).
pub(crate) const INVALID_PARAMS: i32 = -32602;
/// The code of a method that does not exist (JSON-RPC 2.0; rule R22).
pub(crate) const METHOD_NOT_FOUND: i32 = -32601;
/// The code of a request that is no request (JSON-RPC 2.0).
pub(crate) const INVALID_REQUEST: i32 = -32600;
/// What is no JSON.
pub(crate) const PARSE_ERROR: i32 = -32700;
/// The code of what the node cannot do or does not take (geth).
pub(crate) const SERVER_ERROR: i32 = -32000;
/// The code of a request above a limit (EIP-1474).
pub(crate) const LIMIT_EXCEEDED: i32 = -32005;
/// The code of a call that reverts (geth).
pub(crate) const REVERTED: i32 = 3;
/// The code of a transaction that is not final in time (EIP-7966).
pub(crate) const NOT_FINAL_IN_TIME: i32 = 4;
/// The code of a subscription over HTTP (geth).
pub(crate) const NO_NOTIFICATIONS: i32 = -32001;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// Parameters are neither a list nor absent.
    #[error("non-array args")]
    NotAList,
    /// A parameter is missing.
    #[error("missing value for required argument {0}")]
    Missing(usize),
    /// A parameter is of another form.
    #[error("invalid argument {index}: {reason}")]
    Argument {
        /// Its index.
        index: usize,
        /// What is wrong.
        reason: String,
    },
    /// More parameters than the method takes.
    #[error("too many arguments, want at most {0}")]
    TooManyArguments(usize),
    /// There is no such method.
    #[error("the method {0} does not exist/is not available")]
    UnknownMethod(String),
    /// A subscription was asked for over HTTP.
    #[error("notifications not supported")]
    NoNotifications,
    /// There is no such kind of subscription.
    #[error("no \"{0}\" subscription in eth namespace")]
    UnknownSubscription(String),
    /// No batch has this number or hash.
    #[error("header not found")]
    UnknownBlock,
    /// No filter has this id.
    #[error("filter not found")]
    UnknownFilter,
    /// A range of batches ends before it begins.
    #[error("invalid block range params: from {from}, to {to}")]
    Range {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// A range of batches names one that is not final yet.
    #[error("block range extends beyond current head block: block {bound}, head {latest}")]
    BeyondHead {
        /// The number named.
        bound: u64,
        /// The last final height.
        latest: u64,
    },
    /// Something is above a limit.
    #[error("limit exceeded: {what} {count}, limit {limit}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: u64,
        /// How many may be.
        limit: u64,
    },
    /// A batch of requests has too many entries.
    #[error("batch too large: limit {0}")]
    BatchTooLarge(usize),
    /// The node is busy with other requests.
    #[error("server is busy: {0}")]
    Busy(&'static str),
    /// It took too long.
    #[error("execution aborted (timeout = {0} ms)")]
    TimedOut(u128),
    /// The bytes are no transaction that Rota takes.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// The transaction was not taken.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The transaction was taken but is not final in time (EIP-7966).
    #[error("The transaction was added to the mempool but wasn't processed in {ms} ms")]
    NotFinal {
        /// Its hash.
        hash: B256,
        /// How long was waited.
        ms: u128,
    },
    /// A call reverts.
    #[error("execution reverted{}", reason(.0))]
    Reverted(Bytes),
    /// A call or an estimate cannot succeed.
    #[error("{0}")]
    Call(String),
    /// What is asked for is not supported.
    #[error("{0} not supported")]
    Unsupported(&'static str),
    /// Reading failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A part of the node failed.
    #[error("internal error: {0}")]
    Internal(String),
}

impl RpcError {
    /// The code that goes with it.
    #[must_use]
    pub const fn code(&self) -> i32 {
        match self {
            Self::NotAList | Self::Missing(_) | Self::Argument { .. } | Self::TooManyArguments(_) => INVALID_PARAMS,
            Self::Range { .. } | Self::BeyondHead { .. } | Self::Unsupported(_) => INVALID_PARAMS,
            Self::UnknownMethod(_) | Self::UnknownSubscription(_) => METHOD_NOT_FOUND,
            Self::NoNotifications => NO_NOTIFICATIONS,
            Self::BatchTooLarge(_) => INVALID_REQUEST,
            Self::Limit { .. } | Self::Busy(_) => LIMIT_EXCEEDED,
            Self::Reverted(_) => REVERTED,
            Self::NotFinal { .. } => NOT_FINAL_IN_TIME,
            Self::UnknownBlock | Self::UnknownFilter | Self::TimedOut(_) | Self::Transaction(_) => SERVER_ERROR,
            Self::Submit(_) | Self::Call(_) | Self::Backend(_) | Self::Internal(_) => SERVER_ERROR,
        }
    }

    /// Its name in metrics.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::NotAList => "not_a_list",
            Self::Missing(_) => "missing_argument",
            Self::Argument { .. } => "invalid_argument",
            Self::TooManyArguments(_) => "too_many_arguments",
            Self::UnknownMethod(_) => "unknown_method",
            Self::NoNotifications => "no_notifications",
            Self::UnknownSubscription(_) => "unknown_subscription",
            Self::UnknownBlock => "unknown_block",
            Self::UnknownFilter => "unknown_filter",
            Self::Range { .. } => "range",
            Self::BeyondHead { .. } => "beyond_head",
            Self::Limit { .. } => "limit",
            Self::BatchTooLarge(_) => "batch_too_large",
            Self::Busy(_) => "busy",
            Self::TimedOut(_) => "timed_out",
            Self::Transaction(error) => error.name(),
            Self::Submit(SubmitError::Refused(refused)) => refused.name(),
            Self::Submit(SubmitError::Busy { .. } | SubmitError::Unavailable(_)) => "pool_unavailable",
            Self::NotFinal { .. } => "not_final",
            Self::Reverted(_) => "reverted",
            Self::Call(_) => "call",
            Self::Unsupported(_) => "unsupported",
            Self::Backend(BackendError::HistoricalState { .. }) => "historical_state",
            Self::Backend(BackendError::Store(_) | BackendError::Stopped) => "backend",
            Self::Internal(_) => "internal",
        }
    }
}

impl From<RpcError> for ErrorObjectOwned {
    #[expect(clippy::wildcard_enum_match_arm, reason = "few errors carry more than a code and a text")]
    fn from(error: RpcError) -> Self {
        let (code, text) = (error.code(), error.to_string());
        match error {
            RpcError::Reverted(data) => Self::owned(code, text, Some(data)),
            RpcError::NotFinal { hash, .. } => Self::owned(code, text, Some(hash)),
            _ => Self::owned(code, text, None::<()>),
        }
    }
}

impl From<StateError> for RpcError {
    fn from(error: StateError) -> Self {
        Self::Backend(error.into())
    }
}

impl From<CallError> for RpcError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(reason) => Self::Call(format!("err: {reason}")),
            CallError::State(error) => error.into(),
        }
    }
}

impl From<EstimateError> for RpcError {
    fn from(error: EstimateError) -> Self {
        match error {
            EstimateError::Reverted(data) => Self::Reverted(data),
            EstimateError::State(error) => error.into(),
            EstimateError::Halted(_)
            | EstimateError::Allowance(_)
            | EstimateError::GivenUp
            | EstimateError::Refused(_) => Self::Call(error.to_string()),
        }
    }
}

/// What a contract said when it reverted, if it said it as Solidity does.
fn reason(data: &Bytes) -> String {
    if let Ok(revert) = Revert::abi_decode(data) {
        return format!(": {}", revert.reason);
    }
    Panic::abi_decode(data).map_or_else(|_| String::new(), |panic| format!(": {panic}"))
}
