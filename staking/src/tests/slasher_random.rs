//! The slasher beside an oracle that keeps every vote and compares each new one with all of them.

use std::collections::BTreeSet;

use rota_proto::{Epoch, Place, Round, Signature, SignedVote, Verified, Vote};

use super::{AllStand, Dice, ROLLUP, any_vote, domain, key, place, round, set, slashable};
use crate::{SafetyRecord, Slasher, Verdict, Window};

const VALIDATORS: u8 = 5;
/// Places below this follow the rules: their votes pass a guard.
const HONEST: u8 = 2;

/// Everything that was ever accepted, and the final rounds in the order they came.
pub(super) struct Oracle {
    window: Window,
    finals: Vec<Round>,
    votes: Vec<SignedVote>,
    convicted: BTreeSet<(Epoch, Place, &'static str)>,
}

impl Oracle {
    pub(super) fn new(window: Window) -> Self {
        Self { window, finals: vec![round(0, 0)], votes: Vec::new(), convicted: BTreeSet::new() }
    }

    /// A batch of this round became final. Says which round is the last final one; an older one changes nothing.
    pub(super) fn finalized(&mut self, round: Round) -> Round {
        let last = self.finals.iter().max().copied().expect("one");
        self.finals.extend((last < round).then_some(round));
        last.max(round)
    }

    /// Counts the rounds from the last final one down, one by one.
    fn in_window(&self, round: Round) -> bool {
        let last = self.finals.iter().max().expect("one");
        let before = self.finals.iter().filter(|other| other.epoch < last.epoch).max();
        let Window { retention, views_ahead } = self.window;
        let line: Vec<Round> = [before, Some(last)]
            .into_iter()
            .flatten()
            .flat_map(|end| (1..=end.view.0).map(|view| super::round(end.epoch.0, view)))
            .collect();
        let distance = |of: Round| {
            let index = line.iter().position(|other| *other == of);
            index.map_or(0, |index| line.len() as u64 - 1 - index as u64)
        };
        let ends: Vec<Round> = [before, Some(last)].into_iter().flatten().copied().collect();
        match ends.iter().find(|end| end.epoch == round.epoch) {
            _ if round.view.0 == 0 => false,
            Some(end) if round <= *end => distance(round) <= retention,
            Some(end) => distance(*end) <= retention && round.view.0 - end.view.0 <= views_ahead,
            None => round.epoch.0 == last.epoch.0 + 1 && round.view.0 <= views_ahead,
        }
    }

    /// What a new vote proves together with any vote before it.
    pub(super) fn observe(&mut self, signed: SignedVote) -> Option<(Epoch, Place, &'static str)> {
        if !self.in_window(signed.vote.round) {
            return None;
        }
        let news = self.news(&signed);
        self.votes.push(signed);
        self.convicted.extend(news);
        news
    }

    fn news(&self, signed: &SignedVote) -> Option<(Epoch, Place, &'static str)> {
        let mut others = self.votes.iter().filter(|other| other.signer == signed.signer);
        others.find_map(|other| {
            let found = (signed.vote.round.epoch, signed.signer, offence(&other.vote, &signed.vote)?);
            (!self.convicted.contains(&found)).then_some(found)
        })
    }

    pub(super) fn wants(&self, signed: &SignedVote) -> bool {
        let same = |other: &&SignedVote| {
            (other.signer, other.vote.round, other.vote.kind) == (signed.signer, signed.vote.round, signed.vote.kind)
        };
        let first = !self.votes.iter().any(|other| same(&other));
        self.in_window(signed.vote.round) && (first || self.news(signed).is_some())
    }
}

fn offence(first: &Vote, second: &Vote) -> Option<&'static str> {
    slashable(first, second).then_some(match (first.kind, second.kind) {
        (rota_proto::VoteKind::Notarize, _) => "two notarize votes",
        (rota_proto::VoteKind::Finalize, rota_proto::VoteKind::Finalize) => "two finalize votes",
        _ => "nullify and finalize",
    })
}

/// Votes in the order of their rounds: rule followers through a guard, the others as they like.
fn history(dice: &mut Dice) -> Vec<SignedVote> {
    let mut records: Vec<_> = (0..HONEST).map(|number| SafetyRecord::new(ROLLUP, key(number))).collect();
    let mut votes = Vec::new();
    for step in 0..240 {
        let at = round(step / 60, step % 60 / 4 + 1);
        let vote = any_vote(dice, at);
        let signer = u8::try_from(dice.below(VALIDATORS.into())).expect("small");
        if let Some(record) = records.get_mut(usize::from(signer)) {
            if record.check(domain(), &vote) != Verdict::Sign {
                continue;
            }
            *record = record.admit(domain(), &vote).expect("as checked");
        }
        votes.push(SignedVote { vote, signer: place(signer), signature: Signature([1; 64]) });
    }
    votes
}

/// The same with delays of some votes, and with repeats under another signature.
fn deliveries(dice: &mut Dice) -> Vec<SignedVote> {
    let history = history(dice);
    let mut stream: Vec<(u64, SignedVote)> = Vec::new();
    for (sent, vote) in history.into_iter().enumerate() {
        for copy in 0..=dice.below(3) {
            let signature = Signature([u8::try_from(copy).expect("small"); 64]);
            stream.push((sent as u64 + dice.below(25), SignedVote { signature, ..vote }));
        }
    }
    stream.sort_by_key(|(at, _)| *at);
    stream.into_iter().map(|(_, vote)| vote).collect()
}

fn stands(signed: SignedVote) -> Verified<SignedVote> {
    signed.verify(domain(), &set(signed.vote.round.epoch.0, VALIDATORS), &AllStand).expect("a member")
}

/// One stream against the oracle; how many were convicted.
fn run(seed: u64) -> usize {
    let mut dice = Dice(seed);
    let window = Window { retention: dice.below(12), views_ahead: dice.below(4) + 1 };
    let mut slasher = Slasher::new(ROLLUP, window, round(0, 0));
    let mut oracle = Oracle::new(window);
    for signed in deliveries(&mut dice) {
        let wanted = slasher.wants(&signed);
        assert_eq!(wanted, oracle.wants(&signed), "seed {seed}: wants {signed:?}");
        let before = slasher.clone();
        let evidence = slasher.observe(stands(signed), &set(signed.vote.round.epoch.0, VALIDATORS));
        assert_eq!(slasher != before, wanted, "seed {seed}: what is not wanted tells nothing: {signed:?}");
        let [found, expected] = [
            evidence.as_ref().map(|e| (e.round().epoch, e.place(), e.offence().to_string())),
            oracle.observe(signed).map(|(epoch, place, offence)| (epoch, place, offence.to_owned())),
        ];
        assert_eq!(found, expected, "seed {seed}: {signed:?}");
        if let Some([first, second]) = evidence.map(|evidence| *evidence.votes()) {
            assert!(slashable(&first.vote, &second.vote), "seed {seed}");
            assert!(first.signer.number() >= HONEST, "seed {seed}: a rule-following voter was convicted");
        }
        if dice.once_in(3) {
            let at = signed.vote.round;
            let last_final = round(at.epoch.0, at.view.0.saturating_sub(dice.below(4)));
            slasher.finalized(last_final);
            oracle.finalized(last_final);
        }
        assert!(slasher.votes_kept() as u128 <= window.votes_max(VALIDATORS.into()), "seed {seed}");
    }
    oracle.convicted.len()
}

#[test]
fn s1_s3_s4_s5_the_slasher_and_the_oracle_agree_on_every_vote() {
    let seeds = 400;
    let convicted: usize = (0..seeds).map(run).sum();
    println!("{seeds} seeds, {convicted} convictions, none of a rule-following voter");
    assert!(convicted > 1_000, "there was something to find");
}
