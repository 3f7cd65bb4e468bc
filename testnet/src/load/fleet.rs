//! All senders and the lanes they use: who sends next, over which connection, and what to do with the answers.

mod answers;

use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};

use alloy_primitives::B256;
use alloy_primitives::map::B256Map;
use serde_json::json;

use super::accounts::Account;
use super::lane::{Job, Work};
use super::rpc::{self, Call};
use super::sender::Sender;
use super::transaction::{Fees, SignedTransaction, Template};

/// How often a node that was away is asked whether it is back.
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// One sender with its key, its signed transactions in stock, and its place.
#[derive(Debug)]
pub struct Seat {
    account: Account,
    sender: Sender,
    stock: VecDeque<SignedTransaction>,
    lane: usize,
    home: usize,
    is_ready: bool,
    is_checking: bool,
}

/// The fleet's side of a lane: what waits for the connection.
#[derive(Debug)]
struct Track {
    node: usize,
    is_busy: bool,
    ready: VecDeque<u32>,
    queue: VecDeque<(u32, u64)>,
    checks: VecDeque<u32>,
}

/// A node as the fleet sees it: while it is down, its senders use other nodes.
#[derive(Debug, Clone, Copy)]
struct Node {
    probe_at: Option<Duration>,
}

/// Senders, lanes and the transactions on their way.
#[derive(Debug)]
pub struct Fleet {
    template: Template,
    seats: Vec<Seat>,
    tracks: Vec<Track>,
    nodes: Vec<Node>,
    by_hash: B256Map<(u32, u64)>,
    stalled: BTreeSet<u32>,
    batch: usize,
    cursor: usize,
}

/// What the fleet is made of.
#[derive(Debug)]
pub struct Crew {
    /// Keys of the senders.
    pub accounts: Vec<Account>,
    /// Their next nonces.
    pub nonces: Vec<u64>,
    /// Transactions signed ahead.
    pub stocks: Vec<VecDeque<SignedTransaction>>,
    /// Transactions a sender may have on their way.
    pub window: usize,
}

impl Fleet {
    /// A fleet over `nodes` nodes with `connections` lanes each; lane `l` leads to node `l mod nodes`, and sender `s`
    /// is at home on lane `s mod lanes` (L3).
    #[must_use]
    pub fn new(template: Template, crew: Crew, (nodes, connections): (usize, usize), batch: usize) -> Self {
        let lanes = nodes * connections;
        let track = |lane: usize| Track {
            node: lane % nodes,
            is_busy: false,
            ready: VecDeque::new(),
            queue: VecDeque::new(),
            checks: VecDeque::new(),
        };
        let members = crew.accounts.into_iter().zip(crew.nonces).zip(crew.stocks).enumerate();
        let seats = members.map(|(number, ((account, nonce), stock))| Seat {
            account,
            sender: Sender::new(nonce, crew.window),
            stock,
            lane: number % lanes,
            home: number % lanes,
            is_ready: false,
            is_checking: false,
        });
        let mut fleet = Self {
            template,
            seats: seats.collect(),
            tracks: (0..lanes).map(track).collect(),
            nodes: vec![Node { probe_at: None }; nodes],
            by_hash: B256Map::default(),
            stalled: BTreeSet::new(),
            batch,
            cursor: 0,
        };
        (0..fleet.seats.len()).for_each(|seat| fleet.make_ready(seat));
        fleet
    }

    /// L2: gives the slot that fell due at `due` to a free sender; false if there is none. Consecutive slots go to one
    /// lane until [`Self::next_lane`], so that they share a request.
    pub fn assign(&mut self, due: Duration) -> bool {
        for _ in 0..self.tracks.len() {
            let full = self.tracks.get(self.cursor).is_none_or(|track| track.queue.len() >= self.batch);
            if !full && self.enqueue(self.cursor, due) {
                return true;
            }
            self.next_lane();
        }
        // Every lane with a free sender has a full request waiting: the queue grows, the schedule does not slip.
        (0..self.tracks.len()).any(|lane| self.enqueue(lane, due))
    }

    /// Turns to the next lane.
    pub fn next_lane(&mut self) {
        self.cursor = (self.cursor + 1) % self.tracks.len();
    }

    /// Puts one transaction of a free sender of this lane into its queue.
    fn enqueue(&mut self, lane: usize, due: Duration) -> bool {
        while let Some(number) = self.tracks.get_mut(lane).and_then(|track| track.ready.pop_front()) {
            let seat = &mut self.seats[number as usize];
            seat.is_ready = false;
            let Some(nonce) = seat.sender.send(due) else { continue };
            self.tracks[lane].queue.push_back((number, nonce));
            self.make_ready(number as usize);
            return true;
        }
        false
    }

    fn make_ready(&mut self, seat: usize) {
        let number = u32::try_from(seat).unwrap_or(u32::MAX);
        let Some(seat) = self.seats.get_mut(seat) else { return };
        if !seat.is_ready && seat.sender.can_send() {
            seat.is_ready = true;
            self.tracks[seat.lane].ready.push_back(number);
        }
    }

    /// The next request of a lane, if it has something to ask and none on its way. With `fill`, free senders add new
    /// transactions, due now, until the batch is full or `fill` is used up.
    pub fn next_job(&mut self, lane: usize, now: Duration, fill: &mut u64) -> Option<Job> {
        let track = self.tracks.get_mut(lane)?;
        if track.is_busy {
            return None;
        }
        if let Some(at) = self.nodes[track.node].probe_at {
            if at > now {
                return None;
            }
            self.nodes[track.node].probe_at = Some(now + PROBE_EVERY);
            self.tracks[lane].is_busy = true;
            return Some(Job { work: Work::Probe, body: rpc::calls(&[("eth_chainId", json!([]))]) });
        }
        if !track.checks.is_empty() {
            let some = track.checks.len().min(self.batch.div_ceil(2));
            let senders: Vec<u32> = track.checks.drain(..some).collect();
            track.is_busy = true;
            return Some(self.check(senders));
        }
        while *fill > 0 && self.tracks[lane].queue.len() < self.batch && self.enqueue(lane, now) {
            *fill -= 1;
        }
        let track = &mut self.tracks[lane];
        let some = track.queue.len().min(self.batch);
        if some == 0 {
            return None;
        }
        let flights: Vec<(u32, u64)> = track.queue.drain(..some).collect();
        track.is_busy = true;
        Some(self.submit(flights))
    }

    fn submit(&mut self, flights: Vec<(u32, u64)>) -> Job {
        let signed: Vec<SignedTransaction> =
            flights.iter().map(|&(number, nonce)| self.signed(number, nonce)).collect();
        for (transaction, &flight) in signed.iter().zip(&flights) {
            self.by_hash.insert(transaction.hash, flight);
        }
        let body = rpc::submission(signed.iter().map(|transaction| &*transaction.raw));
        Job { work: Work::Submit(flights), body }
    }

    /// From stock while it lasts and fits, else signed now.
    fn signed(&mut self, number: u32, nonce: u64) -> SignedTransaction {
        let seat = &mut self.seats[number as usize];
        while seat.stock.front().is_some_and(|first| first.nonce < nonce) {
            seat.stock.pop_front();
        }
        match seat.stock.pop_front() {
            Some(transaction) if transaction.nonce == nonce => return transaction,
            Some(later) => seat.stock.push_front(later),
            None => {}
        }
        self.template.sign(&seat.account, number, nonce)
    }

    fn check(&self, senders: Vec<u32>) -> Job {
        let calls: Vec<Call> = senders
            .iter()
            .flat_map(|&number| {
                let address = self.seats[number as usize].account.address;
                ["latest", "pending"].map(|tag| ("eth_getTransactionCount", json!([address, tag])))
            })
            .collect();
        Job { work: Work::Check(senders), body: rpc::calls(&calls) }
    }

    /// L7: senders with a transaction that is not final after `patience` will ask for their nonces.
    pub fn find_stuck(&mut self, now: Duration, patience: Duration) {
        for (seat, number) in self.seats.iter_mut().zip(0_u32..) {
            if seat.sender.is_stuck(now, patience) {
                seat.sender.stall(now);
                self.stalled.insert(number);
            }
        }
    }

    /// Lines up the nonce checks of stalled senders whose pause is over and whose answers are all in.
    pub fn line_up_checks(&mut self, now: Duration) {
        for &number in &self.stalled {
            let seat = &mut self.seats[number as usize];
            if !seat.is_checking && seat.sender.wants_check(now) {
                seat.is_checking = true;
                self.tracks[seat.lane].checks.push_back(number);
            }
        }
    }

    /// L6: a block contains this transaction. Gives back when it was due and whether it had been counted as accepted;
    /// none if it is not ours.
    pub fn finalize(&mut self, hash: B256) -> Option<(Duration, bool)> {
        let (number, nonce) = self.by_hash.remove(&hash)?;
        let found = self.seats[number as usize].sender.finalize(nonce);
        self.make_ready(number as usize);
        found
    }

    /// L4: once the base fee has come near the cap, new transactions offer more, and those signed ahead are dropped.
    pub fn follow_base_fee(&mut self, base_fee_wei: u64) {
        let fees = self.template.fees;
        if fees.is_tight(base_fee_wei) {
            self.template.fees = Fees::above(base_fee_wei, fees.tip_wei);
            self.seats.iter_mut().for_each(|seat| seat.stock.clear());
        }
    }

    /// Number of lanes.
    #[must_use]
    pub fn lanes(&self) -> usize {
        self.tracks.len()
    }

    /// Transactions that are not final yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.seats.iter().map(|seat| seat.sender.in_flight()).sum()
    }
}
