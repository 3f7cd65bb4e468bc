//! One connection to a node, with one request on its way: what is sent over it arrives in order (L3).

use bytes::Bytes;
use tokio::sync::mpsc;

use super::http::{Client, TransportError};

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Transactions, as (sender, nonce).
    Submit(Vec<(u32, u64)>),
    /// Two counts for each of these senders: latest, pending.
    Check(Vec<u32>),
    /// Whether a node that was away is back.
    Probe,
}

/// A request to make.
#[derive(Debug)]
pub struct Job {
    /// What it is about.
    pub work: Work,
    /// Its body.
    pub body: Bytes,
}

/// The end of a [`Job`].
#[derive(Debug)]
pub struct Reply {
    /// Number of the lane.
    pub lane: usize,
    /// What the request was about.
    pub work: Work,
    /// The answer's body.
    pub outcome: Result<Bytes, TransportError>,
}

/// The task that owns the connection. It ends when its jobs' sender is dropped.
#[derive(Debug)]
pub struct Lane {
    number: usize,
    client: Client,
    jobs: mpsc::Receiver<Job>,
    replies: mpsc::Sender<Reply>,
}

impl Lane {
    /// A lane and the sender of its jobs; the next job may be sent once the reply to the last one is in.
    #[must_use]
    pub fn new(number: usize, client: Client, replies: mpsc::Sender<Reply>) -> (Self, mpsc::Sender<Job>) {
        let (sender, jobs) = mpsc::channel(1);
        (Self { number, client, jobs, replies }, sender)
    }

    /// Makes requests until there are no more.
    pub async fn run(mut self) {
        while let Some(Job { work, body }) = self.jobs.recv().await {
            let outcome = self.client.post(body).await;
            if self.replies.send(Reply { lane: self.number, work, outcome }).await.is_err() {
                return;
            }
        }
    }
}
