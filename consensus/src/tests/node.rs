//! One core, driven step by step, with a disk that keeps what was asked to be kept.

use std::{collections::BTreeMap, rc::Rc};

use alloy_primitives::B256;
use rota_proto::{BatchHeader, Certificate, SignedVote, Verified, View, Vote};

use super::network::{Network, key, schedule};
use crate::{Anchor, Candidate, Config, Durable, GuardRecord, Input, Output, Record, Rejected, Simplex, Timer};

/// A core with what it is fed and what it left behind.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) network: Rc<Network>,
    pub(super) number: u8,
    pub(super) core: Simplex,
    pub(super) disk: Disk,
}

/// What survives a crash: the store and the guard's record.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) certificates: Vec<Verified<Certificate>>,
    pub(super) candidates: Vec<Candidate>,
    /// Own votes, durable before they are signed.
    pub(super) votes: Vec<Verified<SignedVote>>,
    /// Headers that were final, or anywhere in what was persisted.
    headers: BTreeMap<B256, BatchHeader>,
    head: (BatchHeader, View),
}

/// Feeds an input and compares all outputs.
#[track_caller]
pub(super) fn check(node: &mut Node, input: Input, expected: &[&str]) {
    let shown = format!("{input:?}");
    assert_eq!(node.step(input), expected, "{shown}");
}

/// Feeds an input that changes nothing.
#[track_caller]
pub(super) fn check_rejected(node: &mut Node, input: Input, rejected: Rejected) {
    let shown = format!("{input:?}");
    assert_eq!(node.core.step(input), Err(rejected), "{shown}");
}

/// Lets the view timer run out and compares all outputs.
#[track_caller]
pub(super) fn check_timeout(node: &mut Node, expected: &[&str]) {
    let timer = node.view_timer();
    check(node, timer, expected);
}

impl Disk {
    /// The last final batch.
    pub(super) fn head(&self) -> &BatchHeader {
        &self.head.0
    }

    /// A new epoch begins on this batch.
    pub(super) fn begin(&mut self, opening: BatchHeader) {
        self.head = (opening, View::ZERO);
        self.certificates.clear();
        self.candidates.clear();
    }
}

impl Node {
    /// A core that was just started in an epoch that begins, and need not ask.
    pub(super) fn new(network: &Rc<Network>, number: u8) -> Self {
        Self::configured(network, number, Config::default())
    }

    pub(super) fn configured(network: &Rc<Network>, number: u8, config: Config) -> Self {
        let mut node = Self::unstarted(network, number, config);
        node.step(Input::Started(Box::default()));
        node
    }

    /// A core before [`Input::Started`].
    pub(super) fn unstarted(network: &Rc<Network>, number: u8, config: Config) -> Self {
        let opening = network.opening.clone();
        let anchor = Anchor { opening: opening.clone(), head: opening.clone(), view: View::ZERO };
        let core = Simplex::new(config, schedule(), Some(key(number)), network.context(), anchor);
        let disk = Disk {
            certificates: Vec::new(),
            candidates: Vec::new(),
            votes: Vec::new(),
            headers: BTreeMap::new(),
            head: (opening, View::ZERO),
        };
        Self { network: Rc::clone(network), number, core, disk }
    }

    /// Feeds an input that is taken, and says what comes out.
    #[track_caller]
    pub(super) fn step(&mut self, input: Input) -> Vec<String> {
        let outputs = self.outputs(input).unwrap();
        self.network.texts(&outputs)
    }

    /// Feeds an input and keeps what is to be kept.
    pub(super) fn outputs(&mut self, input: Input) -> Result<Vec<Output>, Rejected> {
        if let Input::Proposal(proposal) = &input {
            self.disk.headers.insert(proposal.header.hash(), proposal.header.clone());
        }
        if let Input::Built { header, .. } | Input::Header(header) = &input {
            self.disk.headers.insert(header.hash(), (**header).clone());
        }
        let outputs = self.core.step(input)?;
        for output in &outputs {
            self.keep(output);
        }
        Ok(outputs)
    }

    fn keep(&mut self, output: &Output) {
        if let Output::Persist(Record::Certificate(certificate)) = output {
            self.disk.certificates.push(certificate.clone());
        }
        if let Output::Persist(Record::Candidate(candidate)) = output {
            self.disk.candidates.push(candidate.clone());
        }
        if let Output::Finalized { certificate, batches } = output {
            let head = batches.last().and_then(|batch| self.disk.headers.get(batch)).cloned();
            self.disk.head = (head.unwrap(), certificate.vote.round.view);
        }
    }

    /// Our own vote, durable and signed.
    pub(super) fn own(&mut self, vote: Vote) -> Input {
        let signed = self.network.verified(vote, self.number);
        if !self.disk.votes.contains(&signed) {
            self.disk.votes.push(signed);
        }
        Input::Signed(signed)
    }

    /// Feeds an input and answers all that the core asks of its host, as long as it asks: votes are signed, batches
    /// found valid. Says what came out, without the questions.
    #[track_caller]
    #[expect(clippy::wildcard_enum_match_arm, reason = "only what it answers is named")]
    pub(super) fn run(&mut self, input: Input) -> Vec<String> {
        let mut inputs = vec![input];
        let mut all = Vec::new();
        while let Some(input) = inputs.pop() {
            let outputs = self.outputs(input).unwrap();
            for output in outputs {
                match output {
                    Output::Sign(vote) => inputs.insert(0, self.own(vote)),
                    Output::Check { batch, .. } => inputs.insert(0, Input::Checked { batch, valid: true }),
                    other => all.push(other),
                }
            }
        }
        self.network.texts(&all)
    }

    /// Has the batch of a proposal, and notarizes it.
    #[track_caller]
    pub(super) fn follow(&mut self, proposal: Input) {
        let Input::Proposal(verified) = &proposal else { unreachable!("a proposal") };
        let batch = verified.header.hash();
        self.run(proposal);
        self.run(Input::Body(batch));
    }

    /// A certificate comes in.
    #[track_caller]
    pub(super) fn certificate(&mut self, certificate: &Verified<Certificate>) -> Vec<String> {
        self.run(Input::Certificate(certificate.clone()))
    }

    /// Takes the node to a view by the nullification of the one before.
    #[track_caller]
    pub(super) fn enter(&mut self, view: u64) {
        let network = Rc::clone(&self.network);
        self.certificate(&network.nullification(view - 1));
        assert_eq!(self.core.round(), network.round(view));
    }

    /// The view timer runs out, and what is asked for is signed.
    #[track_caller]
    pub(super) fn time_out(&mut self) -> Vec<String> {
        let timer = self.view_timer();
        self.run(timer)
    }

    /// How much the core holds of what it calls by this name.
    #[track_caller]
    pub(super) fn size(&self, name: &str) -> usize {
        self.core.sizes().into_iter().find(|(known, _)| *known == name).unwrap().1
    }

    /// The timer of the current view.
    pub(super) fn view_timer(&self) -> Input {
        Input::Timer(Timer::View(self.core.round()))
    }

    /// What a start reads from the disk.
    pub(super) fn durable(&self, ask: bool) -> Durable {
        Durable {
            certificates: self.disk.certificates.clone(),
            proposals: self.disk.candidates.clone(),
            votes: self.disk.votes.clone(),
            record: GuardRecord::default(),
            ask,
            listen_ms: 0,
        }
    }

    /// The process dies and starts again from its disk. Says what the start gave.
    #[track_caller]
    pub(super) fn restart(&mut self, ask: bool) -> Vec<String> {
        let outputs = self.try_restart(ask);
        self.network.texts(&outputs)
    }

    pub(super) fn try_restart(&mut self, ask: bool) -> Vec<Output> {
        let (head, view) = self.disk.head.clone();
        let anchor = Anchor { opening: self.network.opening.clone(), head, view };
        let context = self.network.context();
        let mut durable = self.durable(ask);
        durable.proposals.retain(|candidate| candidate.header.height() > anchor.head.height());
        self.core = Simplex::new(Config::default(), schedule(), Some(key(self.number)), context, anchor);
        self.outputs(Input::Started(Box::new(durable))).unwrap()
    }
}
