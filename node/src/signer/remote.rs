//! The node's side of a signer in another process: a task that asks it, while the driver goes on (rules Y11, Y12).

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rota_proto::{ConsensusKey, Place, Round, Signature, SignedVote, SigningDomain, Strict, ValidatorSet, Vote};
use rota_staking::{SafetyRecord, limits::ROUNDS_MAX};
use tokio::{
    sync::{Notify, mpsc},
    task::AbortHandle,
    time::{Instant, sleep},
};

use super::{
    Answered, LinkError, Metrics, SignError,
    link::{Greeting, Link, read_signature, refused},
    wire::{Answer, Request, SigningNetwork},
};

/// Votes that wait for their signature: as many as a guard's record holds, three a round. What is older when there are
/// more would be refused (G8 of staking).
const PENDING_MAX: usize = 3 * ROUNDS_MAX;

/// Answers that wait for the driver.
const ANSWERS_MAX: usize = 64;

/// Between two attempts to have the signer: at first, and at most. A signer that is started again is missed for less
/// than a view.
const RETRIES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How often a signer that is away is told.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// How long a node that starts asks a signer that serves another one: the end of a process that was killed is known at
/// once.
const BUSY_FOR: Duration = Duration::from_secs(5);

/// A signer in another process.
pub struct Remote {
    consensus_key: ConsensusKey,
    domain: SigningDomain,
    record: SafetyRecord,
    desk: Arc<Desk>,
    answers: mpsc::Receiver<Answered>,
    metrics: Metrics,
    task: AbortHandle,
}

/// Where the signer is, and for whom it signs.
#[derive(Clone, Debug)]
struct Address {
    path: PathBuf,
    network: SigningNetwork,
}

/// What the driver wants and the task has not done.
#[derive(Default)]
struct Desk {
    pending: Mutex<Pending>,
    wake: Notify,
}

#[derive(Default)]
struct Pending {
    hold: Option<(Round, Round)>,
    floor: Option<Round>,
    votes: VecDeque<Wanted>,
}

/// A vote, and whose signature it is to carry.
#[derive(Clone)]
struct Wanted {
    vote: Vote,
    place: Place,
    set: Arc<ValidatorSet>,
}

/// The next thing to be asked.
enum Order {
    HoldBack(Round, Round),
    RaiseFloor(Round),
    Sign(Wanted),
}

impl Remote {
    /// Waits for the signer at a socket, and has it vouch for the node of a libp2p key: the sequence and the signature
    /// of the peer record.
    ///
    /// # Errors
    /// [`LinkError`] if waiting does not help: of another user, version or network, or if it serves another node.
    pub async fn open(
        path: &Path,
        network: SigningNetwork,
        node_key: [u8; 32],
        metrics: Metrics,
    ) -> Result<(Self, (u64, Signature)), LinkError> {
        let address = Address { path: path.into(), network };
        let since = Instant::now();
        let mut waiting = Waiting::default();
        let (link, greeting, vouched) = loop {
            match greeted(&address, node_key).await {
                Ok(greeted) => break greeted,
                Err(error @ LinkError::Busy) if since.elapsed() > BUSY_FOR => return Err(error),
                Err(error) if error.may_pass() => waiting.pause(&error).await,
                Err(error) => return Err(error),
            }
        };
        metrics.back();
        tracing::info!(socket = %path.display(), key = %greeting.consensus_key, "the signer is here");
        let desk = Arc::new(Desk::default());
        let (sender, answers) = mpsc::channel(ANSWERS_MAX);
        let Greeting { consensus_key, record } = greeting;
        let domain = network.domain();
        let task = Task {
            last: record.votes().last().map(|(vote, _)| vote),
            address,
            consensus_key,
            domain: domain.clone(),
            desk: desk.clone(),
            answers: sender,
            metrics: metrics.clone(),
        };
        let task = tokio::spawn(task.run(link)).abort_handle();
        Ok((Self { consensus_key, domain, record, desk, answers, metrics, task }, vouched))
    }

    pub(super) const fn consensus_key(&self) -> ConsensusKey {
        self.consensus_key
    }

    pub(super) const fn domain(&self) -> &SigningDomain {
        &self.domain
    }

    pub(super) const fn record(&self) -> &SafetyRecord {
        &self.record
    }

    pub(super) fn is_away(&self) -> bool {
        self.metrics.is_away()
    }

    pub(super) fn sign(&self, vote: Vote, place: Place, set: Arc<ValidatorSet>) {
        let mut pending = self.desk.pending();
        if pending.votes.len() == PENDING_MAX {
            pending.votes.pop_front();
        }
        pending.votes.push_back(Wanted { vote, place, set });
        self.desk.wake.notify_one();
    }

    pub(super) fn raise_floor(&self, floor: Round) {
        let mut pending = self.desk.pending();
        pending.floor = pending.floor.max(Some(floor));
        // The guard would refuse them.
        pending.votes.retain(|wanted| wanted.vote.round >= floor);
        self.desk.wake.notify_one();
    }

    pub(super) fn hold_back(&self, floor: Round, resume: Round) {
        let mut pending = self.desk.pending();
        let (floors, resumes) = pending.hold.unwrap_or((floor, resume));
        pending.hold = Some((floors.max(floor), resumes.max(resume)));
        self.desk.wake.notify_one();
    }

    pub(super) async fn answered(&mut self) -> Answered {
        let gone = || Answered::Failed(Box::new(LinkError::Gone.into()));
        self.answers.recv().await.unwrap_or_else(gone)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn greeted(address: &Address, node_key: [u8; 32]) -> Result<(Link, Greeting, (u64, Signature)), LinkError> {
    let (mut link, greeting) = Link::open(&address.path, &address.network).await?;
    let vouched = link.vouch(node_key).await?;
    Ok((link, greeting, vouched))
}

impl Desk {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        // Whoever panicked left a list.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be asked next; it stays until it is done. To hold back comes before any vote.
    fn next(&self) -> Option<Order> {
        let pending = self.pending();
        let hold = pending.hold.map(|(floor, resume)| Order::HoldBack(floor, resume));
        let floor = || pending.floor.map(Order::RaiseFloor);
        hold.or_else(floor).or_else(|| pending.votes.front().cloned().map(Order::Sign))
    }

    /// It is done; false if it is not wanted any more.
    fn done(&self, order: &Order) -> bool {
        let mut pending = self.pending();
        match order {
            Order::HoldBack(floor, resume) => pending.hold.take_if(|hold| *hold == (*floor, *resume)).is_some(),
            Order::RaiseFloor(floor) => pending.floor.take_if(|wanted| wanted == floor).is_some(),
            Order::Sign(Wanted { vote, .. }) => {
                let at = pending.votes.iter().position(|wanted| wanted.vote == *vote);
                at.and_then(|at| pending.votes.remove(at)).is_some()
            }
        }
    }
}

/// Who asks the signer.
struct Task {
    address: Address,
    consensus_key: ConsensusKey,
    domain: SigningDomain,
    desk: Arc<Desk>,
    answers: mpsc::Sender<Answered>,
    metrics: Metrics,
    /// The newest vote that we know to be in its record.
    last: Option<Vote>,
}

/// Why the task goes on no more.
enum Stop {
    /// The node is gone.
    NodeGone,
    /// The node must stop.
    Failed(SignError),
}

impl Task {
    async fn run(mut self, mut link: Link) {
        let stop = loop {
            let lost = match self.serve(&mut link).await {
                Ok(lost) => lost,
                Err(stop) => break stop,
            };
            // Whatever may still come on it is not read: an answer is for one question (rule Y11).
            drop(link);
            self.metrics.lost();
            tracing::warn!(error = %lost, "the signer is away: nothing is signed until it is back");
            link = match self.reconnected().await {
                Ok(link) => link,
                Err(stop) => break stop,
            };
            self.metrics.back();
            tracing::info!("the signer is back");
        };
        if let Stop::Failed(error) = stop {
            // The node may be stopping.
            let _ = self.answers.send(Answered::Failed(Box::new(error))).await;
        }
    }

    /// Asks one thing after the other, until the connection is lost.
    async fn serve(&mut self, link: &mut Link) -> Result<LinkError, Stop> {
        loop {
            let Some(order) = self.desk.next() else {
                tokio::select! {
                    lost = link.ended() => return Ok(lost),
                    () = self.desk.wake.notified() => continue,
                }
            };
            let asked = Instant::now();
            let answer = match link.ask(&request(&order)).await {
                Ok(answer) => answer,
                Err(lost) => return Ok(lost),
            };
            self.metrics.answered(asked.elapsed());
            if let Err(lost) = self.take(&order, answer).await? {
                return Ok(lost);
            }
        }
    }

    /// Hands on what became of an order. The inner error means that it is not done.
    async fn take(&mut self, order: &Order, answer: Answer) -> Result<Result<(), LinkError>, Stop> {
        let answered = match (order, answer) {
            (Order::HoldBack(..) | Order::RaiseFloor(_), Answer::Done) => None,
            (Order::Sign(wanted), Answer::Signed { signature }) => {
                let signature = match read_signature(&signature) {
                    Ok(signature) => signature,
                    Err(error) => return Ok(Err(error)),
                };
                self.last = Some(wanted.vote);
                let signed = SignedVote { vote: wanted.vote, signer: wanted.place, signature };
                let verified = signed.verify(&self.domain, &wanted.set, &Strict);
                Some(Answered::Signed(verified.map_err(|error| Stop::Failed(error.into()))?))
            }
            (Order::Sign(Wanted { vote, .. }), Answer::Refused { why }) => match why.refusal(*vote) {
                Some(refusal) => Some(Answered::Refused(*vote, refusal)),
                None => return Ok(Err(refused(why))),
            },
            (Order::HoldBack(..) | Order::RaiseFloor(_), Answer::Refused { why }) => return Ok(Err(refused(why))),
            (_, Answer::Hello { .. } | Answer::Signed { .. } | Answer::Vouched { .. } | Answer::Done) => {
                return Ok(Err(LinkError::Astray));
            }
        };
        match (self.desk.done(order), answered) {
            (true, Some(answered)) => self.answers.send(answered).await.map_err(|_| Stop::NodeGone).map(Ok),
            (true, None) | (false, _) => Ok(Ok(())),
        }
    }

    /// A new connection to the same signer.
    async fn reconnected(&self) -> Result<Link, Stop> {
        let mut waiting = Waiting::default();
        loop {
            if self.answers.is_closed() {
                return Err(Stop::NodeGone);
            }
            match Link::open(&self.address.path, &self.address.network).await {
                Ok((link, greeting)) if greeting.consensus_key == self.consensus_key => {
                    self.check(&greeting.record)?;
                    return Ok(link);
                }
                Ok((_, Greeting { consensus_key, .. })) => {
                    let (found, ours) = (Box::new(consensus_key), Box::new(self.consensus_key));
                    waiting.pause(&LinkError::OtherKey { found, ours }).await;
                }
                Err(error) => waiting.pause(&error).await,
            }
        }
    }

    /// Rule Y12: a record that lacks what it had is an old copy, and only a node that starts asks what is lost.
    fn check(&self, record: &SafetyRecord) -> Result<(), Stop> {
        let Some(last) = self.last.filter(|last| last.round >= record.floor()) else { return Ok(()) };
        if record.votes().any(|(vote, _)| vote == last) {
            Ok(())
        } else {
            Err(Stop::Failed(SignError::OldRecord(Box::new(last))))
        }
    }
}

fn request(order: &Order) -> Request {
    match order {
        Order::HoldBack(floor, resume) => Request::HoldBack { floor: (*floor).into(), resume: (*resume).into() },
        Order::RaiseFloor(floor) => Request::RaiseFloor { floor: (*floor).into() },
        Order::Sign(wanted) => Request::vote(&wanted.vote),
    }
}

/// Attempts that came to nothing.
struct Waiting {
    pause: Duration,
    told: Option<Instant>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self { pause: RETRIES.0, told: None }
    }
}

impl Waiting {
    /// Tells why now and then, and waits longer each time.
    async fn pause(&mut self, error: &LinkError) {
        if self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
            self.told = Some(Instant::now());
            tracing::warn!(%error, "waiting for the signer");
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(RETRIES.1);
    }
}

#[cfg(test)]
#[path = "tests/remote.rs"]
mod tests;
