//! What the client of a WebSocket was told and has not taken (rule R9).

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::OwnedSemaphorePermit;

use super::{error::RpcError, limits::RpcLimits};

/// Messages on their way to one client, in order, each with its share of what all connections may hold. jsonrpsee makes
/// a task of each request and lets it wait, answer in hand, until the client has room for it: this bounds those.
#[derive(Debug)]
pub(crate) struct Unwritten {
    most: usize,
    most_bytes: usize,
    queue: Mutex<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Message>,
    bytes: usize,
}

#[derive(Debug)]
struct Message {
    left: usize,
    /// Free again when the message is written; a refusal is short and has none.
    _share: Option<OwnedSemaphorePermit>,
}

impl Unwritten {
    pub(crate) fn new(limits: &RpcLimits) -> Self {
        Self { most: limits.requests_per_socket, most_bytes: limits.unwritten_bytes, queue: Mutex::default() }
    }

    /// Takes on a message of so many bytes, with its share of memory.
    ///
    /// # Errors
    /// [`RpcError::Busy`] if too much waits already: the message must not be sent.
    pub(crate) fn push(&self, bytes: usize, share: OwnedSemaphorePermit) -> Result<(), RpcError> {
        let mut queue = self.lock();
        if queue.bytes.saturating_add(bytes) > self.most_bytes {
            return Err(RpcError::Busy("too many bytes wait to be read"));
        }
        queue.push(bytes, Some(share));
        Ok(())
    }

    /// Takes on a refusal, which is short: it counts, and is sent in any case.
    pub(crate) fn push_refusal(&self, bytes: usize) {
        self.lock().push(bytes, None);
    }

    /// So many bytes went to the client. Heads of frames, pings and the envelopes of notifications are among them, so
    /// that a little is free early; with nothing waiting, all is right again.
    pub(crate) fn written(&self, mut bytes: usize) {
        let mut queue = self.lock();
        while let Some(next) = queue.messages.front_mut().filter(|_| bytes > 0) {
            let part = next.left.min(bytes);
            next.left -= part;
            let whole = next.left == 0;
            bytes -= part;
            queue.bytes -= part;
            if whole {
                queue.messages.pop_front();
            }
        }
    }

    /// Whether so much waits that nothing more is to be read from the client: half of the bytes, or as many messages as
    /// requests may run at a time. The other half is for what those requests bring.
    pub(crate) fn is_full(&self) -> bool {
        let queue = self.lock();
        queue.messages.len() >= self.most || queue.bytes > self.most_bytes / 2
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn push(&mut self, bytes: usize, share: Option<OwnedSemaphorePermit>) {
        self.bytes += bytes;
        self.messages.push_back(Message { left: bytes, _share: share });
    }
}
