//! A node's hand with a real signer behind a socket, or what pretends to be one: Y11 and Y12.

use std::{collections::BTreeMap, fs};

use alloy_primitives::{Address as Account, B256};
use eyre::{ContextCompat as _, Result, bail, ensure};
use rota_proto::{Epoch, Validator, Verified, View, VotingPower};
use rota_staking::Refusal;
use tokio::{
    net::{UnixListener, UnixStream},
    time::timeout,
};

use super::*;
use crate::signer::{
    Hand, WITHIN,
    serve::tests::World,
    wire::{self, ANSWER_BYTES_MAX, REQUEST_BYTES_MAX, parse},
};

const ROUND: Round = Round::new(Epoch(3), View(5));
const A: B256 = B256::repeat_byte(1);
const B: B256 = B256::repeat_byte(2);
const NODE: [u8; 32] = [7; 32];

/// Longer than any wait of the hand's own.
const LONG: Duration = Duration::from_secs(20);

fn place() -> Result<Place> {
    Place::new(0).wrap_err("a place")
}

fn set(world: &World) -> Result<Arc<ValidatorSet>> {
    let validator = Validator {
        operator: Account::repeat_byte(7),
        consensus_key: world.public()?,
        power: VotingPower(10),
        fee_recipient: Account::repeat_byte(8),
    };
    Ok(Arc::new(ValidatorSet::new(ROUND.epoch, BTreeMap::from([(place()?, validator)]))?))
}

async fn hand(world: &World) -> Result<Hand> {
    let socket = world.socket();
    let opened = Remote::open(&socket, world.network(), NODE, Metrics::default());
    Ok(Hand::Remote(Box::new(timeout(LONG, opened).await??.0)))
}

async fn signed(hand: &mut Hand) -> Result<Verified<SignedVote>> {
    match timeout(LONG, hand.answered()).await? {
        Answered::Signed(signed) => Ok(signed),
        other @ (Answered::Refused(..) | Answered::Failed(_)) => bail!("{other:?}"),
    }
}

/// Why the node must stop.
async fn failed(hand: &mut Hand) -> Result<SignError> {
    match timeout(LONG, hand.answered()).await? {
        Answered::Failed(error) => Ok(*error),
        other @ (Answered::Signed(_) | Answered::Refused(..)) => bail!("{other:?}"),
    }
}

/// Nothing more comes, and the hand has nothing left to do.
async fn nothing_more(hand: &mut Hand) -> Result<()> {
    let more = timeout(WITHIN / 10, hand.answered()).await;
    ensure!(more.is_err(), "{more:?}");
    Ok(())
}

async fn is_away(hand: &Hand, away: bool) -> Result<()> {
    let since = Instant::now();
    while hand.is_away() != away {
        ensure!(since.elapsed() < LONG, "it is not {away}");
        sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

/// What the signer is asked for while it is away is signed when it is back, in its order, and once.
#[tokio::test]
async fn y11_votes_wait_while_the_signer_is_away() -> Result<()> {
    let mut world = World::start().await?;
    let (mut hand, set) = (hand(&world).await?, set(&world)?);
    let first = Vote::notarize(ROUND, A);
    ensure!(hand.sign(first, place()?, &set).is_none(), "no one waits for it");
    ensure!(signed(&mut hand).await?.vote == first);
    world.stop().await?;
    is_away(&hand, true).await?;
    let wanted = [Vote::finalize(ROUND, A), Vote::notarize(ROUND.next_view(), B)];
    for vote in wanted {
        ensure!(hand.sign(vote, place()?, &set).is_none());
    }
    nothing_more(&mut hand).await?;
    world.start_again()?;
    for vote in wanted {
        ensure!(signed(&mut hand).await?.vote == vote);
    }
    ensure!(!hand.is_away());
    nothing_more(&mut hand).await
}

#[tokio::test]
async fn y8_refusal_of_the_guard_is_that_of_a_guard_of_ones_own() -> Result<()> {
    let world = World::start().await?;
    let (mut hand, set) = (hand(&world).await?, set(&world)?);
    hand.hold_back(ROUND, ROUND.next_view())?;
    for (vote, expected) in [
        (Vote::nullify(ROUND), None),
        (
            Vote::notarize(ROUND, A),
            Some(Refusal::HeldBack { vote: Vote::notarize(ROUND, A), resume: ROUND.next_view() }),
        ),
    ] {
        hand.sign(vote, place()?, &set);
        match (timeout(LONG, hand.answered()).await?, expected) {
            (Answered::Signed(signed), None) => ensure!(signed.vote == vote),
            (Answered::Refused(refused, refusal), Some(expected)) => ensure!((refused, refusal) == (vote, expected)),
            (other, _) => bail!("{other:?}"),
        }
    }
    Ok(())
}

/// A start sees votes and record as if they were the node's own.
#[tokio::test]
async fn node_that_starts_is_told_the_record_with_all_signatures() -> Result<()> {
    let mut world = World::start().await?;
    let set = set(&world)?;
    let before = {
        let mut hand = hand(&world).await?;
        hand.sign(Vote::notarize(ROUND, A), place()?, &set);
        signed(&mut hand).await?
    };
    // The signature of the last vote is not in the file: it is made again (G5 of staking).
    world.stop().await?;
    world.start_again()?;
    let hand = hand(&world).await?;
    ensure!(hand.record().votes().map(|(vote, _)| vote).eq([Vote::notarize(ROUND, A)]));
    ensure!(hand.votes(place()?, &set)? == [before]);
    Ok(())
}

/// A signer that hangs: its answer comes when nobody reads it any more, and the vote is asked for again.
#[tokio::test]
async fn y11_answer_that_is_late_is_not_used_and_the_vote_is_asked_again() -> Result<()> {
    let mut world = World::start().await?;
    let real = world.socket().with_file_name("real");
    fs::rename(world.socket(), &real)?;
    let listener = UnixListener::bind(world.socket())?;
    let between = tokio::spawn(between(listener, real));
    let (mut hand, set) = (hand(&world).await?, set(&world)?);
    let vote = Vote::notarize(ROUND, A);
    let asked = Instant::now();
    hand.sign(vote, place()?, &set);
    is_away(&hand, true).await?;
    ensure!(asked.elapsed() >= WITHIN, "given up after {:?}", asked.elapsed());
    ensure!(signed(&mut hand).await?.vote == vote);
    nothing_more(&mut hand).await?;
    between.abort();
    world.stop().await
}

/// Passes everything on, but holds back the first answer to a vote until its connection is given up.
async fn between(listener: UnixListener, real: PathBuf) -> Result<()> {
    let mut held = false;
    loop {
        let (mut node, _) = listener.accept().await?;
        let mut signer = UnixStream::connect(&real).await?;
        while let Ok(asked) = wire::read_bytes(&mut node, REQUEST_BYTES_MAX).await {
            let asked: serde_json::Value = parse(&asked)?;
            wire::write(&mut signer, &asked).await?;
            let answer: serde_json::Value = parse(&wire::read_bytes(&mut signer, ANSWER_BYTES_MAX).await?)?;
            if asked["request"] == "vote" && !std::mem::replace(&mut held, true) {
                // The node reads no more: what is written now is the late answer.
                sleep(WITHIN + WITHIN / 4).await;
            }
            // It may be gone.
            let _ = wire::write(&mut node, &answer).await;
        }
    }
}

/// An old copy of the record would sign against what it has lost.
#[tokio::test]
async fn y12_signer_that_comes_back_with_an_old_record_stops_the_node() -> Result<()> {
    let mut world = World::start().await?;
    let (mut hand, set) = (hand(&world).await?, set(&world)?);
    let guard = world.data().join("guard");
    let old = fs::read(&guard)?;
    hand.sign(Vote::notarize(ROUND, A), place()?, &set);
    signed(&mut hand).await?;
    world.stop().await?;
    fs::write(&guard, old)?;
    hand.sign(Vote::notarize(ROUND, B), place()?, &set);
    world.start_again()?;
    let error = failed(&mut hand).await?;
    ensure!(matches!(error, SignError::OldRecord(_)), "{error}");
    Ok(())
}

/// Y10: a node that starts beside another one with the same signer is refused.
#[tokio::test]
async fn y10_signer_that_serves_another_node_is_not_waited_for_long() -> Result<()> {
    let world = World::start().await?;
    let _first = hand(&world).await?;
    let second = hand(&world).await.err().wrap_err("a second hand")?;
    ensure!(matches!(second.downcast_ref(), Some(LinkError::Busy)), "{second:?}");
    Ok(())
}

/// Y11: what waits is bounded, and what lies below a new floor waits no more; to hold back comes first.
#[tokio::test]
async fn desk_keeps_the_newest_votes_and_what_forbids_comes_before_them() -> Result<()> {
    let mut world = World::start().await?;
    let (mut hand, set) = (hand(&world).await?, set(&world)?);
    world.stop().await?;
    is_away(&hand, true).await?;
    let views = u64::try_from(PENDING_MAX)? + 10;
    let round = |view| Round::new(ROUND.epoch, View(view));
    for view in 1..=views {
        hand.sign(Vote::nullify(round(view)), place()?, &set);
    }
    let Hand::Remote(remote) = &mut hand else { bail!("a remote hand") };
    let waiting = |remote: &Remote| remote.desk.pending().votes.iter().map(|wanted| wanted.vote).collect::<Vec<_>>();
    let first = waiting(remote).first().copied();
    ensure!(waiting(remote).len() == PENDING_MAX && first == Some(Vote::nullify(round(11))), "{first:?}");
    remote.raise_floor(round(views - 1));
    remote.raise_floor(round(3));
    ensure!(waiting(remote) == [views - 1, views].map(|view| Vote::nullify(round(view))));
    remote.hold_back(round(2), round(3));
    remote.hold_back(round(1), round(4));
    let next = |remote: &Remote| remote.desk.next().wrap_err("an order");
    let hold = next(remote)?;
    ensure!(matches!(hold, Order::HoldBack(floor, resume) if (floor, resume) == (round(2), round(4))));
    ensure!(remote.desk.done(&hold) && !remote.desk.done(&hold));
    ensure!(matches!(next(remote)?, Order::RaiseFloor(floor) if floor == round(views - 1)));
    Ok(())
}

/// A signature by whatever key or over whatever else stops the node, as one of its own that fails does.
#[tokio::test]
async fn signature_that_does_not_stand_is_none() -> Result<()> {
    let world = World::start().await?;
    let (mut hand, other) = (hand(&world).await?, World::start().await?);
    hand.sign(Vote::notarize(ROUND, A), place()?, &set(&other)?);
    let error = failed(&mut hand).await?;
    ensure!(matches!(error, SignError::NotOurs(_)), "{error}");
    Ok(())
}
