//! `step` on any sequence of events, read from bytes: peers that hold a quorum and sign anything, an L1 that may
//! contradict itself, a host that is slow. Nothing panics, what is asked for comes in its order, and all stays small.

use alloy_primitives::{B256, Bytes};
use rota_consensus::Timer;
use rota_fuzz::{Result, Target, Unstructured, magnitude};
use rota_proto::{
    Epoch, Fetch, FinalBatch, Height, Justification, Message, Round, RoundAnswer, SignedVote, Status, View, Vote,
    VoteKind, VotePair,
};

use super::{
    node::Node,
    world::{
        Bench, Foreign, ORIGIN, Site, Wallet, block, block_with, certificate, change, key, leader_of, place, round,
        signed, time_of,
    },
};
use crate::{Arrival, Event, Source, Ticket, Verdict};

/// Who signs certificates: a quorum without the node.
const OTHERS: [u8; 3] = [1, 2, 3];
/// Events of a sequence.
const EVENTS: usize = 120;

/// A batch that some leader made, and the view it was first proposed in.
struct Made {
    batch: Foreign,
    view: u64,
}

/// A replica with its host, and what peers could say.
struct World {
    node: Node,
    genesis: B256,
    bench: Bench,
    made: Vec<Made>,
    nonces: [u64; 4],
    l1: u64,
    arrivals: u64,
}

impl World {
    fn new() -> Self {
        let node = Node::new(0);
        let genesis = node.replica.committed().hash();
        Self { node, genesis, bench: Bench::new(), made: Vec::new(), nonces: [0; 4], l1: ORIGIN, arrivals: 0 }
    }

    fn epoch(&self) -> Epoch {
        self.node.replica.simplex().round().epoch
    }

    /// A view near the node's.
    fn view(&self, u: &mut Unstructured<'_>) -> Result<u64> {
        let ours = self.node.replica.simplex().round().view.0;
        Ok(match u.int_in_range(0..=15u8)? {
            0 => u.int_in_range(1..=u64::from(u32::MAX))?,
            1..=5 => (ours + u.int_in_range(0..=6)?).saturating_sub(3).max(1),
            _ => ours,
        })
    }

    /// The hash of a batch that somebody made, of genesis, or of nothing.
    fn hash(&self, u: &mut Unstructured<'_>) -> Result<B256> {
        let back = u.int_in_range(0..=7usize)?;
        let made = self.made.len().checked_sub(1 + back).and_then(|at| self.made.get(at));
        Ok(made.map_or_else(|| self.node.replica.committed().hash(), |made| made.batch.hash()))
    }

    fn vote(&self, u: &mut Unstructured<'_>) -> Result<Vote> {
        let epoch = if u.ratio(1, 12)? { Epoch(u.int_in_range(0..=3)?) } else { self.epoch() };
        let at = Round::new(epoch, View(self.view(u)?));
        Ok(match u.choose(&[VoteKind::Notarize, VoteKind::Nullify, VoteKind::Finalize])? {
            VoteKind::Notarize => Vote::notarize(at, self.hash(u)?),
            VoteKind::Nullify => Vote::nullify(at),
            VoteKind::Finalize => Vote::finalize(at, self.hash(u)?),
        })
    }

    /// By one of the others; sometimes under the name of another.
    fn signed(&self, u: &mut Unstructured<'_>) -> Result<SignedVote> {
        let mut signed = signed(self.vote(u)?, u.int_in_range(0..=3)?);
        if u.ratio(1, 16)? {
            signed.signer = place(u.int_in_range(0..=127)?);
        }
        Ok(signed)
    }

    /// A new batch on one that was made or on genesis, with what justifies it, or nearly.
    fn make(&mut self, u: &mut Unstructured<'_>) -> Result<Message> {
        let view = self.view(u)?.min(1_000);
        let back = u.int_in_range(0..=3usize)?;
        let parent = self.made.len().checked_sub(1 + back).and_then(|at| self.made.get(at));
        let parent = parent.filter(|parent| parent.view < view);
        let (hash, parent_view) = parent.map_or_else(|| (self.genesis, 0), |parent| (parent.batch.hash(), parent.view));
        let signers = if parent_view > 0 { OTHERS.map(place).into_iter().collect() } else { rota_proto::Signers::NONE };
        let leader = if self.epoch() == Epoch(0) && u.ratio(9, 10)? {
            leader_of(&self.node.replica, view)
        } else {
            u.int_in_range(0..=3)?
        };
        // Later batches carry later times, so that any can stand on any earlier one.
        let origin = self.l1.min(ORIGIN + 9);
        let timestamp = time_of(origin) + 1 + self.made.len() as u64;
        let site = Site { origin, timestamp, proposer: leader, parent_view, parent_signers: signers };
        let batch = self.bench.build(hash, site, &[]);
        let parent = (parent_view > 0).then(|| certificate(Vote::notarize(round(parent_view), hash), &OTHERS));
        let missing = u.int_in_range(0..=9u64)?;
        let between = (parent_view + 1..view).rev().take(16).filter(|between| between % 10 != missing);
        let mut nullifications: Vec<_> =
            between.map(|between| certificate(Vote::nullify(round(between)), &OTHERS)).collect();
        nullifications.reverse();
        let proposal = batch.proposed(view, leader, Justification { parent, nullifications });
        self.made.push(Made { batch, view });
        Ok(proposal)
    }

    fn body(&self, u: &mut Unstructured<'_>) -> Result<Message> {
        let back = u.int_in_range(0..=3usize)?;
        let made = self.made.len().checked_sub(1 + back).and_then(|at| self.made.get(at));
        Ok(match made {
            Some(made) if u.ratio(7, 8)? => made.batch.body_message(),
            Some(_) | None => {
                let transactions = Bytes::from(u.arbitrary::<[u8; 4]>()?.to_vec());
                Message::Body(rota_proto::BodyMessage { batch: self.hash(u)?, transactions })
            }
        })
    }

    fn final_batch(&self, u: &mut Unstructured<'_>, back: usize) -> Result<Option<FinalBatch>> {
        let Some(made) = self.made.len().checked_sub(1 + back).and_then(|at| self.made.get(at)) else {
            return Ok(None);
        };
        let vote = Vote::finalize(round(made.view), made.batch.hash());
        let finalization = if u.ratio(3, 4)? { Some(certificate(vote, &OTHERS)) } else { None };
        let transactions = if u.ratio(7, 8)? { made.batch.body.encode() } else { Bytes::from_static(&[0xc1, 0x80]) };
        Ok(Some(FinalBatch { header: made.batch.header.clone(), transactions, finalization }))
    }

    fn fetch(&self, u: &mut Unstructured<'_>) -> Result<Fetch> {
        Ok(match u.int_in_range(0..=2u8)? {
            0 => Fetch::Body(self.hash(u)?),
            1 => Fetch::Certificate(Round::new(self.epoch(), View(self.view(u)?))),
            _ => Fetch::Proposal { round: Round::new(self.epoch(), View(self.view(u)?)), batch: self.hash(u)? },
        })
    }

    fn message(&mut self, u: &mut Unstructured<'_>) -> Result<Message> {
        Ok(match u.int_in_range(0..=15u8)? {
            0..=3 => Message::Vote(self.signed(u)?),
            4 | 5 => {
                let vote = self.vote(u)?;
                let mut certificate = certificate(vote, if u.ratio(1, 4)? { &[0, 1, 2] } else { &OTHERS });
                if u.ratio(1, 16)? {
                    certificate.signatures.rotate_left(1);
                }
                Message::Certificate(certificate)
            }
            6 | 7 => self.make(u)?,
            8 | 9 => self.body(u)?,
            10 => Message::Fetch(self.fetch(u)?),
            11 => Message::RoundQuery(key(u.int_in_range(0..=3)?).to_bytes()),
            12 => Message::RoundAnswer(Box::new(RoundAnswer {
                round: Round::new(Epoch(u.int_in_range(0..=2)?), View(self.view(u)?)),
                entered_by: if u.arbitrary()? { Some(certificate(self.vote(u)?, &OTHERS)) } else { None },
                votes: vec![self.signed(u)?],
            })),
            13 => {
                let back = u.int_in_range(0..=5)?;
                let Some(batch) = self.final_batch(u, back)? else { return self.make(u) };
                Message::FinalBatch(Box::new(batch))
            }
            14 => Message::Status(Status {
                network: B256::ZERO,
                version: String::new(),
                height: Height(u.int_in_range(0..=Height::MAX.0)?),
                batch: B256::ZERO,
            }),
            _ => {
                let [one, other] = [self.signed(u)?, self.signed(u)?];
                let vote = if u.ratio(7, 8)? { Vote { round: one.vote.round, ..other.vote } } else { other.vote };
                let number = u8::from(one.signer) % 4;
                let other = if u.ratio(7, 8)? { signed(vote, number) } else { SignedVote { vote, ..other } };
                let pair = VotePair::new(SignedVote { signer: other.signer, ..one }, other);
                let unasked = Message::CatchUpAnswer(rota_proto::CatchUpAnswer { batches: Vec::new() });
                pair.map_or(unasked, |pair| Message::Evidence(Box::new(pair)))
            }
        })
    }

    /// The next block of L1; rarely one that contradicts what came before.
    fn l1_block(&mut self, u: &mut Unstructured<'_>) -> Result<Event> {
        if u.ratio(1, 24)? {
            let mut block = block(self.l1 + u.int_in_range(0..=2)?);
            block.parent_hash = B256::ZERO;
            return Ok(Event::L1(Box::new(block)));
        }
        self.l1 += 1;
        let changes = if u.ratio(1, 10)? {
            vec![change((self.l1 - ORIGIN) / 10 + 2, u.int_in_range(0..=3)?, u.int_in_range(0..=40)?)]
        } else {
            Vec::new()
        };
        Ok(Event::L1(Box::new(block_with(self.l1, changes))))
    }

    /// A transaction of a wallet, in its turn or not; every fourth wallet's delegates another.
    fn arrival(&mut self, u: &mut Unstructured<'_>) -> Result<Arrival> {
        let number = u.int_in_range(0..=3usize)?;
        let (wallet, nonce) = (Wallet::new(number as u64), self.nonces[number]);
        let transaction = if u.ratio(1, 3)? {
            wallet.delegates(nonce, &Wallet::new(u.int_in_range(0..=5)?))
        } else {
            wallet.sends_with(nonce, 21_000, u.int_in_range(0..=9)?)
        };
        self.nonces[number] += u64::from(u.ratio(3, 4)?);
        let from = *u.choose(&[Source::User, Source::Validator, Source::Stranger])?;
        self.arrivals += 1;
        Ok(Arrival { id: self.arrivals, ..self.node.arrival(from, &transaction) })
    }

    /// What a host would not answer unasked, and a replica survives.
    fn answer(&self, u: &mut Unstructured<'_>) -> Result<Event> {
        Ok(match u.int_in_range(0..=5u8)? {
            0 => Event::NotBuilt(Round::new(self.epoch(), View(self.view(u)?))),
            1 => Event::Executed { batch: B256::repeat_byte(7), verdict: Verdict::NotNow("busy".into()) },
            2 => Event::Unverified(*u.choose(&[Ticket::Other, Ticket::CatchUp])?),
            3 => Event::PeerHeight(Height(u.int_in_range(0..=40)?)),
            4 => Event::Timer(Timer::View(Round::new(self.epoch(), View(self.view(u)?)))),
            _ => Event::Timer(*u.choose(&[Timer::Retry, Timer::Pace])?),
        })
    }

    /// The host is slow with something for a while. Execution does what it is told in order, or nothing.
    fn hold(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let slow: [&[&'static str]; 4] =
            [&["build", "commit", "execute", "forget"], &["recover"], &["sign"], &["verify"]];
        u.choose(&slow)?.iter().for_each(|name| self.node.hold(name));
        Ok(())
    }

    fn play(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        match u.int_in_range(0..=31u8)? {
            0..=17 => {
                let message = self.message(u)?;
                let from = if u.ratio(1, 8)? { None } else { Some(key(u.int_in_range(0..=3)?)) };
                self.node.take(Event::Message { from, message });
            }
            18..=21 => drop(self.node.wait(u.int_in_range(1..=400)?)),
            22 => drop(self.node.wait(u.int_in_range(1..=100_000)?)),
            23 | 24 => {
                let list = (0..u.int_in_range(1..=3u8)?).map(|_| self.arrival(u)).collect::<Result<_>>()?;
                self.node.take(Event::Transactions(list));
            }
            25 | 26 => {
                let event = self.l1_block(u)?;
                self.node.take(event);
            }
            27 => {
                let backs: Vec<usize> = (0..u.int_in_range(0..=5)?).rev().collect();
                let batches = backs.into_iter().map(|back| self.final_batch(u, back)).collect::<Result<Vec<_>>>()?;
                self.node.take(Event::CaughtUp(batches.into_iter().flatten().collect()));
            }
            28 => self.hold(u)?,
            29 => drop(self.node.release()),
            _ => {
                let event = self.answer(u)?;
                self.node.take(event);
            }
        }
        Ok(())
    }

    /// What holds after every event.
    fn check(&mut self) {
        let asked: Vec<Vote> = self.node.asked.iter().map(|(vote, _)| *vote).collect();
        if let Some((vote, is_durable)) = self.node.asked.last() {
            let needs = vote.kind == VoteKind::Notarize;
            assert!(*is_durable || !needs, "N2 of consensus: {vote} is to be signed before its batch is durable");
            let clash = asked.iter().find(|other| rota_staking::Offence::of(other, vote).is_some());
            assert_eq!(clash, None, "A4 of consensus: {vote} could be slashed");
        }
        let heights = self.node.finals.iter().map(|batch| batch.header.height().0);
        assert!(heights.eq(1..=self.node.replica.committed().height().0), "B7: every height once, in order");
        let bodies = self.made.len() + self.node.asked.len() + 1;
        let live = self.node.size("live");
        assert!(live <= bodies, "{live} live batches");
        let accused = self.node.evidence.iter().map(|(evidence, _)| evidence.validator());
        let once = accused.clone().collect::<std::collections::BTreeSet<_>>().len() == accused.count();
        assert!(once || self.l1 > ORIGIN + 80, "E1: evidence against a validator comes once");
    }
}

/// Plays the events that bytes tell; whether the node stopped itself.
fn play(bytes: &[u8]) -> (World, bool) {
    let (mut u, mut world) = (Unstructured::new(bytes), World::new());
    for _ in 0..EVENTS {
        if u.is_empty() || world.play(&mut u).is_err() {
            break;
        }
        world.check();
        if world.node.log.iter().any(|line| line.starts_with("halt")) {
            return (world, true);
        }
    }
    world.node.release();
    world.check();
    assert!(world.node.replica.lines.is_empty(), "B13: nobody waits once all signers are known");
    (world, false)
}

#[test]
fn fuzz_step_takes_any_events() {
    // Some of everything, in several rhythms.
    let seeds = (1..=16u8).map(|step| (0..=255u8).map(|at| at.wrapping_mul(step.wrapping_mul(29)) ^ step).collect());
    Target::new(env!("CARGO_MANIFEST_DIR"), "step").seeds(seeds).longest(1_000).run(|bytes| {
        let (world, halted) = play(bytes);
        if bytes.len() % 8 == 0 {
            assert_eq!(play(bytes).0.node.log, world.node.log, "the same events give the same effects");
        }
        let mut names: Vec<&str> = world.node.log.iter().map(|line| line.split(' ').next().unwrap_or(line)).collect();
        names.sort_unstable();
        names.dedup();
        let refused: std::collections::BTreeSet<&str> =
            world.node.refusals.iter().map(|refusal| refusal.name()).collect();
        format!("{names:?} {refused:?} {} {halted}", magnitude(world.node.finals.len()))
    });
}
