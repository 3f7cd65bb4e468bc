//! The run itself: one event loop on one thread, so that the tool takes little from the nodes it shares a machine with.

use core::time::Duration;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use super::blocks::{Follower, News};
use super::fleet::Fleet;
use super::http::{Client, Endpoint};
use super::lane::{Job, Lane, Reply};
use super::options::{Options, Rate, TRANSACTIONS_MAX};
use super::pace::Pace;
use super::tally::Tally;

/// How often due slots are looked at; those that fell due since share a request.
const TICK: Duration = Duration::from_millis(5);
/// How often stalled senders are looked at.
const CHECKS_EVERY: Duration = Duration::from_millis(50);
/// Blocks waiting to be read: the follower is much slower than the loop.
const NEWS_MAX: usize = 64;

/// The kind under which a slot is counted that no sender was free for.
pub const MISSED: &str = "slot missed, no sender was free";
/// The kind under which transactions are counted that were still on their way at the end.
pub const NOT_FINAL: &str = "not final when the run ended";

/// A run under way.
#[derive(Debug)]
struct Drive<'a> {
    options: &'a Options,
    fleet: Fleet,
    tally: Tally,
    pace: Option<Pace>,
    jobs: Vec<mpsc::Sender<Job>>,
    start: Instant,
    /// When sending ended, or will.
    end: Duration,
    /// When waiting ends.
    give_up: Duration,
    checks_at: Duration,
    progress_at: Duration,
}

/// Sends for as long as the options say, waits for what is on its way, and returns the counts with the time of
/// sending. Ctrl-C ends the sending early. `next` is the first block that can contain a transaction of this run.
pub async fn drive(options: &Options, fleet: Fleet, next: u64) -> (Tally, Duration) {
    let (replies, mut landed) = mpsc::channel(fleet.lanes());
    let (news, mut blocks) = mpsc::channel(NEWS_MAX);
    let jobs = lanes(&options.rpc, fleet.lanes(), &replies);
    tokio::spawn(Follower::new(&options.rpc, next, news).run(Duration::from_millis(options.poll)));
    let mut interrupts = interrupts();
    let pace = match options.rate {
        Rate::Fixed(rate) => Some(Pace::new(rate, options.seconds)),
        Rate::Max => None,
    };
    let mut drive = Drive {
        options,
        fleet,
        tally: Tally::default(),
        pace,
        jobs,
        start: Instant::now(),
        end: options.sending(),
        give_up: options.sending() + Duration::from_secs(options.drain),
        checks_at: Duration::ZERO,
        progress_at: Duration::from_secs(1),
    };
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = ticks.tick() => drive.tick(),
            Some(reply) = landed.recv() => drive.land(reply),
            Some(news) = blocks.recv() => drive.hear(news),
            Some(()) = interrupts.recv() => drive.stop(),
        }
        drive.pump();
        if drive.is_over() {
            break;
        }
    }
    let left = u64::try_from(drive.fleet.in_flight()).unwrap_or(u64::MAX);
    drive.tally.fail(NOT_FINAL.to_owned(), left);
    (drive.tally, drive.end)
}

/// Says each Ctrl-C: the first ends the sending, the second the waiting.
fn interrupts() -> mpsc::Receiver<()> {
    let (said, heard) = mpsc::channel(1);
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && said.send(()).await.is_ok() {} });
    heard
}

/// Starts a task for each lane; lane `l` leads to node `l mod nodes`.
fn lanes(nodes: &[Endpoint], count: usize, replies: &mpsc::Sender<Reply>) -> Vec<mpsc::Sender<Job>> {
    let ends = nodes.iter().cycle().take(count).enumerate();
    ends.map(|(number, node)| {
        let (lane, jobs) = Lane::new(number, Client::new(node.clone()), replies.clone());
        tokio::spawn(lane.run());
        jobs
    })
    .collect()
}

impl Drive<'_> {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn is_sending(&self) -> bool {
        self.now() < self.end
    }

    fn stop(&mut self) {
        if self.is_sending() {
            eprintln!("stopping: waiting for what is on its way, at most {} s", self.options.drain);
            self.end = self.now();
            self.give_up = self.end + Duration::from_secs(self.options.drain);
        } else {
            self.give_up = self.now();
        }
    }

    fn tick(&mut self) {
        let now = self.now();
        self.assign_due(now);
        if now >= self.checks_at {
            self.checks_at = now + CHECKS_EVERY;
            self.fleet.line_up_checks(now);
        }
        if now >= self.progress_at {
            self.progress_at += Duration::from_secs(1);
            self.fleet.find_stuck(now, Duration::from_millis(self.options.stuck));
            if !self.options.quiet {
                self.print_progress(now);
            }
        }
    }

    /// L2: every slot that fell due gets a sender or is missed; none waits.
    fn assign_due(&mut self, now: Duration) {
        let Some(pace) = &mut self.pace else { return };
        let until = now.min(self.end);
        while let Some(due) = pace.due(until) {
            if self.fleet.assign(due) {
                self.tally.sent += 1;
            } else {
                self.tally.fail(MISSED.to_owned(), 1);
            }
        }
        self.fleet.next_lane();
    }

    fn land(&mut self, reply: Reply) {
        let now = self.now();
        self.fleet.land(reply, now, &mut self.tally);
    }

    fn hear(&mut self, news: News) {
        match news {
            News::Block(block, seen) => {
                let seen = seen.saturating_duration_since(self.start);
                for hash in block.transactions {
                    let Some((due, counted)) = self.fleet.finalize(hash) else { continue };
                    // A block is the strongest way to say that it was accepted.
                    self.tally.accepted += u64::from(!counted);
                    self.tally.finalize(seen.saturating_sub(due), seen <= self.end);
                }
                if let Some(base_fee) = block.base_fee_per_gas {
                    self.fleet.follow_base_fee(base_fee.to());
                }
            }
            News::Trouble(error) => self.tally.fail(format!("following blocks: {}", error.kind()), 1),
            News::Reorganised { height } => {
                self.tally.fail("a block seen as latest was replaced".to_owned(), 1);
                eprintln!("block {height} does not follow on the block seen before it");
            }
        }
    }

    /// Gives every free lane its next request.
    fn pump(&mut self) {
        let now = self.now();
        let closed_loop = self.pace.is_none() && now < self.end;
        let allowed = if closed_loop { TRANSACTIONS_MAX.saturating_sub(self.tally.sent) } else { 0 };
        let mut left = allowed;
        for lane in 0..self.jobs.len() {
            if let Some(job) = self.fleet.next_job(lane, now, &mut left) {
                let handed = self.jobs[lane].try_send(job);
                assert!(handed.is_ok(), "a lane that is not busy has room for a job");
            }
        }
        self.tally.sent += allowed - left;
    }

    fn is_over(&self) -> bool {
        let now = self.now();
        let drained = now >= self.end && self.fleet.in_flight() == 0;
        drained || now >= self.give_up
    }

    fn print_progress(&self, now: Duration) {
        let Tally { sent, accepted, finalized, .. } = self.tally;
        let (errors, in_flight) = (self.tally.failures(), self.fleet.in_flight());
        let doing = if now < self.end { "sending" } else { "waiting" };
        eprintln!(
            "{:>4} s  {doing}  sent {sent}  accepted {accepted}  final {finalized}  on their way {in_flight}  \
             errors {errors}",
            now.as_secs()
        );
    }
}
