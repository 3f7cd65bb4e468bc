//! Follows the chain block by block, so that finality of thousands of transactions costs one small request a poll (L5).

use core::time::Duration;
use std::time::Instant;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::http::{Client, Endpoint};
use super::rpc::{self, Block, RpcError};

/// Pause before the next node is asked: if all are gone, their absence is counted five times a second.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// What the follower tells.
#[derive(Debug)]
pub enum News {
    /// The next block, and when it was seen.
    Block(Block, Instant),
    /// A node did not answer; another one is asked now.
    Trouble(RpcError),
    /// The block does not follow on the one before it: what was seen as final was not.
    Reorganised {
        /// Height of the block that has another parent.
        height: u64,
    },
}

/// Asks for the block after the last one until it is there, then for the next.
#[derive(Debug)]
pub struct Follower {
    clients: Vec<Client>,
    asked: usize,
    next: u64,
    last: Option<Block>,
    news: mpsc::Sender<News>,
}

impl Follower {
    /// Follows from block `next` on. The first node is asked, the others only while it does not answer.
    #[must_use]
    pub fn new(nodes: &[Endpoint], next: u64, news: mpsc::Sender<News>) -> Self {
        let clients = nodes.iter().cloned().map(Client::new).collect();
        Self { clients, asked: 0, next, last: None, news }
    }

    /// Polls until nobody listens any more.
    pub async fn run(mut self, poll: Duration) {
        let mut ticks = interval(poll);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.news.is_closed() {
            ticks.tick().await;
            // A node that is behind hands out several blocks in a row: no pause between them.
            while let Some(news) = self.ask().await {
                let failed = matches!(news, News::Trouble(_));
                if self.news.send(news).await.is_err() {
                    return;
                }
                if failed {
                    sleep(RETRY_AFTER).await;
                    break;
                }
            }
        }
    }

    async fn ask(&mut self) -> Option<News> {
        let count = self.clients.len();
        let client = self.clients.get_mut(self.asked % count)?;
        let params = json!([format!("0x{:x}", self.next), false]);
        match rpc::call::<Option<Block>>(client, "eth_getBlockByNumber", params).await {
            Ok(None) => None,
            Ok(Some(block)) => {
                let follows = self.last.as_ref().is_none_or(|last| last.hash == block.parent_hash);
                if !follows {
                    // Said once; the new branch is followed from here.
                    self.last = None;
                    return Some(News::Reorganised { height: self.next });
                }
                self.next += 1;
                self.last = Some(Block { transactions: Vec::new(), ..block.clone() });
                Some(News::Block(block, Instant::now()))
            }
            Err(error) => {
                self.asked += 1;
                Some(News::Trouble(error))
            }
        }
    }
}
