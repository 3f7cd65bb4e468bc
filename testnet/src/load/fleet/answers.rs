//! What the fleet does with answers: counts them, repairs nonces, leaves nodes that are gone and comes back (L7, L8).

use core::time::Duration;

use alloy_primitives::U64;
use serde_json::value::RawValue;

use super::{Fleet, PROBE_EVERY};
use crate::load::lane::{Reply, Work};
use crate::load::rpc::{self, RpcError};
use crate::load::sender::{Counts, Landing};
use crate::load::tally::Tally;

/// The kind under which a transaction is counted that a node had accepted and then no longer had.
pub(super) const LOST: &str = "lost by the node, sent again";
/// The kind under which a transaction is counted whose nonce another one used.
pub(super) const DISPLACED: &str = "nonce used by another transaction";

impl Fleet {
    /// A lane is free again, and this is its answer.
    pub fn land(&mut self, reply: Reply, now: Duration, tally: &mut Tally) {
        let Some(track) = self.tracks.get_mut(reply.lane) else { return };
        track.is_busy = false;
        let node = track.node;
        match (reply.work, reply.outcome) {
            (Work::Submit(flights), Ok(body)) => {
                for ((number, nonce), verdict) in flights.iter().zip(rpc::answers(&body, flights.len())) {
                    self.land_submission(*number, *nonce, verdict.map(|_| ()), (now, tally));
                }
            }
            (Work::Submit(flights), Err(error)) => {
                for &(number, nonce) in &flights {
                    self.land_submission(number, nonce, Err(error.clone().into()), (now, tally));
                }
                self.leave(node, now);
            }
            (Work::Check(senders), Ok(body)) => {
                let verdicts = rpc::answers(&body, senders.len() * 2);
                for (number, pair) in senders.into_iter().zip(verdicts.chunks_exact(2)) {
                    self.land_check(number, counts(pair), (now, tally));
                }
            }
            (Work::Check(senders), Err(error)) => {
                tally.fail(error.to_string(), 1);
                for number in senders {
                    let seat = &mut self.seats[number as usize];
                    seat.is_checking = false;
                    seat.sender.recheck(now);
                }
                self.leave(node, now);
            }
            (Work::Probe, Ok(_)) => self.come_back(node, now),
            (Work::Probe, Err(_)) => {}
        }
    }

    fn land_submission(
        &mut self,
        number: u32,
        nonce: u64,
        verdict: Result<(), RpcError>,
        (now, tally): (Duration, &mut Tally),
    ) {
        let sender = &mut self.seats[number as usize].sender;
        let anew = verdict.is_ok();
        match verdict {
            Err(error) if !error.is_known_already() => {
                let counts =
                    if error.is_refusal() { sender.refuse(nonce, now) } else { sender.lose_answer(nonce, now) };
                if counts {
                    tally.fail(error.kind(), 1);
                    self.stalled.insert(number);
                }
            }
            Ok(()) | Err(_) => match sender.accept(nonce, anew) {
                Landing::First => tally.accepted += 1,
                Landing::Again => tally.fail(LOST.to_owned(), 1),
                Landing::Old => {}
            },
        }
    }

    fn land_check(&mut self, number: u32, counts: Result<Counts, RpcError>, (now, tally): (Duration, &mut Tally)) {
        let seat = &mut self.seats[number as usize];
        seat.is_checking = false;
        match counts {
            Ok(counts) => {
                let repair = seat.sender.repair(counts, now);
                let lane = seat.lane;
                self.tracks[lane].queue.extend(repair.again.into_iter().map(|nonce| (number, nonce)));
                self.stalled.remove(&number);
                tally.fail(DISPLACED.to_owned(), repair.displaced);
                self.make_ready(number as usize);
            }
            Err(error) => {
                tally.fail(error.kind(), 1);
                seat.sender.recheck(now);
            }
        }
    }

    /// L7: the node does not answer, so its senders go elsewhere, if another node does.
    fn leave(&mut self, node: usize, now: Duration) {
        let is_up = |node: usize| self.nodes.get(node).is_some_and(|node| node.probe_at.is_none());
        let lanes: Vec<usize> = (0..self.tracks.len())
            .filter(|&lane| self.tracks[lane].node != node && is_up(self.tracks[lane].node))
            .collect();
        if lanes.is_empty() || !is_up(node) {
            return;
        }
        self.nodes[node].probe_at = Some(now + PROBE_EVERY);
        let moves = |(seat, lane): (usize, usize)| (self.tracks[lane].node == node).then(|| lanes[seat % lanes.len()]);
        let targets = self.seats.iter().map(|seat| seat.lane).enumerate().map(moves).collect();
        self.relocate(targets, now);
    }

    /// L7: the node answers again, so the senders at home there return.
    fn come_back(&mut self, node: usize, now: Duration) {
        self.nodes[node].probe_at = None;
        let returns = |home: usize| (self.tracks[home].node == node).then_some(home);
        let targets = self.seats.iter().map(|seat| returns(seat.home)).collect();
        self.relocate(targets, now);
    }

    /// Moves each seat with a target to that lane. What the new node may lack is found by a nonce check.
    fn relocate(&mut self, targets: Vec<Option<usize>>, now: Duration) {
        assert!(targets.len() == self.seats.len(), "one target a seat");
        let moves = |number: u32| targets[number as usize].is_some();
        for track in &mut self.tracks {
            track.ready.retain(|&number| !moves(number));
            track.queue.retain(|&(number, nonce)| {
                let stays = !moves(number);
                if !stays {
                    self.seats[number as usize].sender.lose_answer(nonce, now);
                }
                stays
            });
            track.checks.retain(|&number| {
                let stays = !moves(number);
                self.seats[number as usize].is_checking &= stays;
                stays
            });
        }
        for (number, target) in (0_u32..).zip(targets) {
            let Some(lane) = target else { continue };
            let seat = &mut self.seats[number as usize];
            (seat.lane, seat.is_ready) = (lane, false);
            if seat.sender.in_flight() > 0 {
                seat.sender.stall(now);
                self.stalled.insert(number);
            }
            self.make_ready(number as usize);
        }
    }
}

/// Reads the two counts of a check.
fn counts(pair: &[Result<&RawValue, RpcError>]) -> Result<Counts, RpcError> {
    let read = |place: usize| -> Result<u64, RpcError> {
        let missing = || RpcError::Malformed("a count is missing".to_owned());
        let text = pair.get(place).ok_or_else(missing)?.clone()?.get();
        let count: U64 = serde_json::from_str(text).map_err(|error| RpcError::Malformed(error.to_string()))?;
        Ok(count.to())
    };
    Ok(Counts { latest: read(0)?, pending: read(1)? })
}
