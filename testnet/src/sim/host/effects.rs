//! Doing what the replica asks for, each effect in one place; their order is the replica's.

use std::{collections::BTreeMap, sync::Arc};

use rota_proto::{Certificate, ConsensusKey, Epoch, Message, Place, Round, SignedVote, ValidatorSet, Vote};
use rota_replica::{Effect, Event, Halt, Ticket, Unverified};
use rota_staking::{Evidence, Offence, Refusal, Verdict};

use super::{End, Host, Job, Task, Wake, kind};
use crate::sim::{
    disk::{Accusation, Part, Write},
    facts::Fact,
    outside::Outside,
    story::{Brief, NodeId, brief_vote, short},
};

impl Host {
    /// Does an effect as the rules say.
    pub(super) fn effect(&mut self, effect: Effect, out: &mut Outside) {
        match effect {
            Effect::Verify { what, set } => self.verify(what, &set, out),
            Effect::PersistCandidate { candidate, body } => {
                let batch = candidate.header.hash();
                out.story.tell(self.id, &[22, short(batch)], || format!("  keeps candidate {}", Brief(batch)));
                self.put(Write::Candidate(Box::new((*candidate, body))), Part::Store, out);
            }
            Effect::PersistCertificate(certificate) => self.keep_certificate(&certificate, out),
            Effect::PersistRegistry(snapshot) => self.put(Write::Registry(snapshot), Part::Store, out),
            Effect::Sign { vote, signer, set } => self.sign(vote, signer, set, out),
            Effect::RaiseFloor(round) => self.guard.raise_floor(round),
            Effect::HoldBack { floor, resume } => self.hold_back(floor, resume, out),
            Effect::OldRecord(vote) => {
                out.story.tell(self.id, &[27, vote.round.view.0, short(vote.batch)], || {
                    format!("  learns that its record lacks {}", brief_vote(&vote))
                });
                out.stats.old_records += 1;
                out.facts.push((self.id, Fact::OldRecord(vote)));
            }
            Effect::Broadcast(message) => {
                let others = self.validators(out);
                out.send(self.id, &others, message);
            }
            Effect::Send { to, message } => self.send(&to, message, out),
            Effect::Fetch(fetch) => self.fetch(fetch, out),
            Effect::Serve { to, fetch } => {
                if let Some(message) = self.stored(fetch) {
                    self.send(&to, message, out);
                }
            }
            Effect::CatchUp(from) => self.catch_up(from, out),
            Effect::SetTimer { timer, after_ms } => {
                let number = self.timers.entry(kind(timer)).or_default();
                *number += 1;
                let wake = Wake::Timer(timer, *number);
                out.wake_by_clock(self.id, after_ms, wake);
            }
            Effect::CancelViewTimer => *self.timers.entry(0).or_default() += 1,
            Effect::Build(order) => self.order(Job::Build(order), out),
            Effect::Execute(order) => self.order(Job::Execute(order), out),
            Effect::Forget(batch) => self.order(Job::Forget(batch), out),
            Effect::Commit { certificate, .. } => {
                out.facts.push((self.id, Fact::Certified((*certificate).clone())));
                self.order(Job::Commit(certificate), out);
            }
            Effect::ShareTransactions(list) => {
                let list = list.iter().map(|transaction| transaction.encode()).collect();
                out.send_all(self.id, Message::Transactions(list));
            }
            Effect::Recover(arrival) => {
                let recovered = arrival.recover(self.replica.pool().rules());
                self.answer_later(Event::Recovered(Box::new(recovered)), out);
            }
            Effect::Readmit(list) => self.readmit(&list, out),
            Effect::Journal(records) => records.into_iter().for_each(|record| self.journal(record, out)),
            Effect::Dropped(dropped) => out.stats.dropped += dropped.len() as u64,
            Effect::Submitted { result, .. } => out.stats.unwanted += u64::from(result.is_err()),
            Effect::Evidence { evidence, heard } => self.accuse(&evidence, heard, out),
            Effect::EvidenceRefused(refusal) => {
                out.stats.accusations_refused += 1;
                out.story.tell(self.id, &[8], || format!("  refuses evidence: {refusal}"));
            }
            Effect::EpochBegan(set) => {
                out.story.tell(self.id, &[6, set.epoch().0], || format!("begins epoch {}", set.epoch()));
                self.count_epoch(set.epoch(), out);
                self.meet(&set, out);
                self.repeat_evidence(out);
            }
            Effect::Halt(why) => self.halt(&why, out),
        }
    }

    fn count_epoch(&mut self, epoch: Epoch, out: &mut Outside) {
        let [begun, skipped] = &mut self.epochs;
        *begun += 1;
        *skipped += epoch.0.saturating_sub(self.last_epoch.0 + 1);
        self.last_epoch = epoch;
        out.stats.epochs = out.stats.epochs.max(*begun);
        out.stats.skipped_epochs = out.stats.skipped_epochs.max(*skipped);
    }

    /// Writes and waits until it is durable.
    fn put(&mut self, write: Write, part: Part, out: &mut Outside) {
        if self.write(write, out) {
            self.tasks.push_front(Task::Flush(part));
        }
    }

    /// What another node verified need not be verified again, but by one whose sets may not be the true ones.
    fn verify(&mut self, what: Unverified, set: &ValidatorSet, out: &mut Outside) {
        let ticket = if matches!(what, Unverified::CatchUp(_)) { Ticket::CatchUp } else { Ticket::Other };
        let knows_the_sets = self.conduct.is_none() && !out.is_lied_to(self.id);
        let checked = if knows_the_sets {
            out.verdicts.check(what, set, &out.keys)
        } else {
            rota_replica::check(what, out.keys.domain(), set, &out.keys)
        };
        let event = match checked {
            Ok(checked) => Event::Verified(Box::new(checked)),
            Err(error) => {
                out.stats.forged += 1;
                out.story.tell(self.id, &[44], || format!("  does not believe it: {error}"));
                Event::Unverified(ticket)
            }
        };
        self.enter(event, None);
    }

    /// It is durable with the next flush, which comes before anything is signed.
    fn keep_certificate(&mut self, certificate: &Certificate, out: &mut Outside) {
        let vote = certificate.vote;
        out.story.tell(self.id, &[21, short(vote.batch)], || format!("  keeps {}", brief_vote(&vote)));
        out.facts.push((self.id, Fact::Certified(certificate.clone())));
        if self.write(Write::Certificate(certificate.clone()), out) {
            self.unflushed = true;
        }
    }

    /// Rule N2 of consensus: certificates are durable before any vote. The guard decides; its record is durable before
    /// the signature exists.
    fn sign(&mut self, vote: Vote, place: Place, set: Arc<ValidatorSet>, out: &mut Outside) {
        if self.unflushed {
            let again = Task::Deed(Box::new(super::Deed::effect(Effect::Sign { vote, signer: place, set })));
            return self.tasks_first(vec![Task::Flush(Part::Store), again]);
        }
        match self.guard.check(out.keys.domain(), &vote) {
            Verdict::Sign => {
                let next = self.guard.admit(out.keys.domain(), &vote).expect("the guard just said so");
                let slot = self.guard_file.write(&next);
                if self.write(Write::Guard(slot), out) {
                    self.guard = next;
                    self.tasks_first(vec![Task::Flush(Part::Guard), Task::Signature(vote, place, set)]);
                }
            }
            Verdict::Repeat(_) => self.tasks.push_front(Task::Signature(vote, place, set)),
            Verdict::Refuse(refusal) => {
                out.story.tell(self.id, &[23, vote.round.view.0], || format!("  the guard refuses: {refusal}"));
                out.stats.refused += 1;
                if !matches!(refusal, Refusal::BelowFloor { .. }) {
                    out.facts.push((self.id, Fact::Refused(vote)));
                }
            }
        }
    }

    pub(super) fn sign_now(&mut self, vote: Vote, signer: Place, set: &ValidatorSet, out: &mut Outside) {
        let signature = out.sign(self.id, &vote);
        let numbers = [24, vote.round.view.0, short(vote.batch)];
        out.story.tell(self.id, &numbers, || format!("  signs {}", brief_vote(&vote)));
        self.guard.signed(&vote, signature);
        let signed = SignedVote { vote, signer, signature };
        let signed = match self.conduct {
            None => out.verdicts.vote(signed, set, &out.keys),
            Some(_) => signed.verify(out.keys.domain(), set, &out.keys),
        };
        let signed = signed.expect("our own signature stands");
        self.enter(Event::Signed(signed), None);
    }

    fn hold_back(&mut self, floor: Round, resume: Round, out: &mut Outside) {
        out.story.tell(self.id, &[20, floor.view.0, resume.view.0], || {
            format!("  signs nothing below {floor} and only nullify votes below {resume}")
        });
        out.stats.held_back += 1;
        self.guard.hold_back(floor, resume);
        let slot = self.guard_file.write(&self.guard);
        self.put(Write::Guard(slot), Part::Guard, out);
    }

    fn send(&self, to: &ConsensusKey, message: Message, out: &mut Outside) {
        let nodes: Vec<NodeId> = out.keys.nodes_of(to).into_iter().filter(|node| *node != self.id).collect();
        out.send(self.id, &nodes, message);
    }

    /// The nodes of all other validators of the epoch.
    pub(super) fn validators(&self, out: &Outside) -> Vec<NodeId> {
        self.others.iter().flat_map(|key| out.keys.nodes_of(key)).filter(|node| *node != self.id).collect()
    }

    /// The sets change: whom to speak to, whose records to believe.
    pub(super) fn meet(&mut self, set: &ValidatorSet, out: &mut Outside) {
        let ours = out.keys.public(self.id);
        let keys = |set: &ValidatorSet| -> Vec<ConsensusKey> {
            set.iter().map(|(_, validator)| validator.consensus_key).filter(|key| *key != ours).collect()
        };
        self.others = keys(set);
        self.known = self.others.iter().copied().collect();
        if let Ok(next) = self.replica.registry().set(set.epoch().next()) {
            self.known.extend(keys(&next));
        }
        let member = |place, power: u64| Some((out.keys.seat_at(set, place)?, power));
        let members: BTreeMap<NodeId, u64> =
            set.iter().filter_map(|(place, validator)| member(place, validator.power.0)).collect();
        let members = members.into_iter().collect();
        let fact = Fact::Set { epoch: set.epoch().0, members, stakes: out.l1.stakes(set.epoch()).to_vec() };
        out.facts.push((self.id, fact));
    }

    /// Rule E1 of replica: durable, then told to all.
    fn accuse(&mut self, evidence: &Evidence, heard: bool, out: &mut Outside) {
        let round = evidence.round();
        let seat = out.keys.nodes_of(evidence.consensus_key()).first().copied();
        let accused = seat.unwrap_or_else(|| usize::from(evidence.place().number()));
        let offence = match evidence.offence() {
            Offence::DoubleNotarize => "two notarize",
            Offence::DoubleFinalize => "two finalize",
            Offence::NullifyFinalize => "nullify and finalize",
        };
        out.story.tell(self.id, &[7, accused as u64, u64::from(heard)], || {
            let how = if heard { "hears of" } else { "proves" };
            format!("{how} {offence} in {round} by n{accused}")
        });
        let (epoch, view) = (round.epoch.0, round.view.0);
        out.facts.push((self.id, Fact::Accuses { accused, epoch, view, offence }));
        let accusation = Box::new(Accusation { pair: evidence.pair(), accused });
        if self.write(Write::Evidence(evidence.validator(), accusation.clone()), out) {
            self.tasks_first(vec![Task::Flush(Part::Store), Task::Accuse(accusation)]);
        }
    }

    /// The evidence is durable: everyone may hear of it.
    pub(super) fn tell_evidence(&self, accusation: &Accusation, out: &mut Outside) {
        out.facts.push((self.id, kept(accusation)));
        out.send_all(self.id, Message::Evidence(Box::new(accusation.pair)));
    }

    /// All validators hear again who is accused: some may not have known the set of that epoch before.
    fn repeat_evidence(&self, out: &mut Outside) {
        let others = self.validators(out);
        for accusation in self.disk.evidence().values() {
            out.send(self.id, &others, Message::Evidence(Box::new(accusation.pair)));
        }
    }

    fn halt(&mut self, why: &Halt, out: &mut Outside) {
        let kind = match why {
            Halt::L1(_) => "l1",
            Halt::Conflict { ours, theirs } => {
                for certificate in [ours, theirs] {
                    out.facts.push((self.id, Fact::Certified((**certificate).clone())));
                }
                out.facts.push((self.id, Fact::Conflict));
                "conflict"
            }
            Halt::FinalInvalid { .. } => "final_invalid",
            Halt::Doppelganger(_) => "doppelganger",
        };
        self.end = Some(End::Stopped(kind, why.to_string()));
    }
}

/// Evidence is durable.
pub(super) fn kept(accusation: &Accusation) -> Fact {
    Fact::Kept { accused: accusation.accused, epoch: accusation.pair.round().epoch.0 }
}
