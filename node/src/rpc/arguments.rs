//! The parameters of a request: a list, of which the last ones may be missing (rule R21).

use std::net::IpAddr;

use alloy_eips::BlockId;
use jsonrpsee::core::JsonRawValue;
use serde::de::DeserializeOwned;

use super::error::RpcError;

/// Who sent a request; the server puts it beside each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Its address, or its /64 where it is IPv6.
    pub(crate) address: IpAddr,
    /// Whether it came over a WebSocket.
    pub(crate) socket: bool,
}

/// The parameters of a request, and who sent it.
#[derive(Debug)]
pub(crate) struct Arguments {
    values: Vec<Box<JsonRawValue>>,
    pub(crate) caller: Caller,
}

impl Arguments {
    /// Reads the list; no list is an empty one.
    pub(crate) fn parse(params: Option<&str>, caller: Caller, most: usize) -> Result<Self, RpcError> {
        let values: Vec<Box<JsonRawValue>> = match params.map(str::trim) {
            None | Some("" | "null" | "[]") => Vec::new(),
            Some(list) => serde_json::from_str(list).map_err(|_| RpcError::NotAList)?,
        };
        if values.len() > most {
            return Err(RpcError::TooManyArguments(most));
        }
        Ok(Self { values, caller })
    }

    /// A parameter that must be there.
    pub(crate) fn required<T: DeserializeOwned>(&self, index: usize) -> Result<T, RpcError> {
        self.optional(index)?.ok_or(RpcError::Missing(index))
    }

    /// A parameter that may be missing or null.
    pub(crate) fn optional<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>, RpcError> {
        let Some(value) = self.values.get(index) else { return Ok(None) };
        serde_json::from_str(value.get()).map_err(|error| RpcError::Argument { index, reason: error.to_string() })
    }

    /// The batch that is asked about, by default the last final one.
    pub(crate) fn block(&self, index: usize) -> Result<BlockId, RpcError> {
        Ok(self.optional(index)?.unwrap_or_default())
    }

    /// A count, in hex or as a JSON number.
    pub(crate) fn count(&self, index: usize) -> Result<u64, RpcError> {
        let value: serde_json::Value = self.required(index)?;
        let count = match &value {
            serde_json::Value::Number(number) => number.as_u64(),
            serde_json::Value::String(text) => match text.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16).ok(),
                None => text.parse().ok(),
            },
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => None,
        };
        count.ok_or_else(|| RpcError::Argument { index, reason: "expected a number below 2^64".into() })
    }
}
