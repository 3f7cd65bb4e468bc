//! All endpoints are asked the same, and what they say is weighed while it comes in (rules Z3 to Z8).

use std::{sync::Arc, time::Duration};

use rota_staking::L1Block;
use tokio::sync::{mpsc, oneshot};

use super::{
    agree::{Finding, Voice, judge, newest},
    endpoint::{Endpoint, Question, Standing, Testimony},
    error::{L1Error, transport},
    pool::Pool,
};

/// Rule Z5: once enough have spoken, how long the others are waited for where they could still change something.
const GRACE: Duration = Duration::from_millis(800);

/// What was found by asking all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The newest final block.
    FinalNumber(u64),
    /// Blocks.
    Blocks(Vec<L1Block>),
}

type Heard = (Arc<Endpoint>, Result<Testimony, L1Error>);

impl Pool {
    /// Asks all endpoints, and answers as soon as no other answer can follow. Those that are late are heard on, so that
    /// each is judged; they are not asked anew before they have answered.
    ///
    /// # Errors
    /// [`L1Error::Disagreement`], [`L1Error::TooFew`].
    pub(super) async fn survey(self: &Arc<Self>, question: Question) -> Result<Answer, L1Error> {
        let (told, answers) = mpsc::channel(self.endpoints.len());
        for endpoint in self.endpoints.iter().filter(|endpoint| endpoint.begin(question)).cloned() {
            let told = told.clone();
            tokio::spawn(async move {
                let testimony = endpoint.answer(question).await;
                // The survey hears until nobody is left who could speak.
                let _ = told.send((endpoint, testimony)).await;
            });
        }
        // The end of the survey is the end of those who were asked.
        drop(told);
        let (answer, answered) = oneshot::channel();
        let survey = Survey { pool: self.clone(), question, heard: Vec::new(), agreed: None };
        tokio::spawn(survey.run(answers, answer));
        answered.await.unwrap_or_else(|_| Err(transport("the survey of endpoints ended")))
    }
}

/// One question to all.
struct Survey {
    pool: Arc<Pool>,
    question: Question,
    heard: Vec<(Arc<Endpoint>, Testimony)>,
    /// What was agreed on, once the answer is given.
    agreed: Option<Vec<L1Block>>,
}

impl Survey {
    async fn run(mut self, mut answers: mpsc::Receiver<Heard>, answer: oneshot::Sender<Result<Answer, L1Error>>) {
        let mut answer = Some(answer);
        loop {
            // Z5: what a majority says stands; else the others may have something to say against it.
            let waits = self.agreed.is_none() && self.heard.len() >= self.pool.quorum.agree;
            let heard = match tokio::time::timeout(GRACE, answers.recv()).await {
                Ok(heard) => heard,
                Err(_) => {
                    // What cannot be answered yet may still be by those that are late.
                    if waits && self.weigh(true).is_some_and(|answer| answer.is_ok()) {
                        self.conclude(true, &mut answer);
                    }
                    continue;
                }
            };
            match heard {
                None => break,
                Some((endpoint, Err(error))) => self.pool.failed(&endpoint, &error),
                Some((endpoint, Ok(testimony))) => {
                    endpoint.note_newest(testimony.reach.newest);
                    self.heard.push((endpoint, testimony));
                    match self.agreed.take() {
                        None => self.conclude(false, &mut answer),
                        Some(agreed) => {
                            self.place(self.heard.len() - 1.., &agreed);
                            self.agreed = Some(agreed);
                        }
                    }
                }
            }
        }
        if self.agreed.is_none() {
            self.conclude(true, &mut answer);
        }
    }

    /// Gives the answer if there is one; at the end there always is.
    fn conclude(&mut self, is_end: bool, answer: &mut Option<oneshot::Sender<Result<Answer, L1Error>>>) {
        let Some(result) = self.weigh(is_end) else { return };
        let agreed = match &result {
            Ok(Answer::Blocks(blocks)) => blocks.clone(),
            Ok(Answer::FinalNumber(_)) | Err(_) => Vec::new(),
        };
        self.place(0.., &agreed);
        self.agreed = Some(agreed);
        self.tell(&result);
        if let Some(answer) = answer.take() {
            // Whoever asked may have been stopped.
            let _ = answer.send(result);
        }
    }

    /// What follows from what is heard; nothing while more may be heard that changes it.
    fn weigh(&self, is_end: bool) -> Option<Result<Answer, L1Error>> {
        let (mut quorum, mut voices) = (self.pool.quorum, self.voices(false));
        if is_end && voices.len() < quorum.agree {
            // Z7: too few have never lied; with liars, all have to say the same.
            voices = self.voices(true);
            quorum.agree = quorum.agree.max(voices.len());
        }
        let is_sure = is_end || quorum.is_majority();
        let endpoints = quorum.endpoints;
        match self.question {
            Question::FinalNumber if is_end || (is_sure && current(&voices) >= quorum.agree) => {
                let number = quorum.final_number(&voices).filter(|_| voices.len() >= quorum.agree);
                let few = L1Error::TooFew { heard: voices.len(), endpoints, needed: quorum.agree };
                Some(number.map(Answer::FinalNumber).ok_or(few))
            }
            Question::FinalNumber => None,
            Question::News { .. } if !is_end && quorum.has_no_news(&voices) => Some(Ok(Answer::Blocks(Vec::new()))),
            Question::News { .. } | Question::Blocks { .. } => match quorum.find(&voices) {
                Finding::Blocks(blocks) if is_end || (is_sure && self.is_enough(&blocks)) => {
                    Some(Ok(Answer::Blocks(blocks)))
                }
                Finding::Differ { block, needed, sides } if is_end => {
                    Some(Err(L1Error::Disagreement { block, needed, sides }))
                }
                Finding::TooFew { heard, needed } if is_end => Some(Err(L1Error::TooFew { heard, endpoints, needed })),
                Finding::Blocks(_) | Finding::Differ { .. } | Finding::TooFew { .. } => None,
            },
        }
    }

    /// Whether there are as many blocks as are worth to be taken without hearing the others.
    fn is_enough(&self, blocks: &[L1Block]) -> bool {
        match (self.question, blocks.last()) {
            (Question::Blocks { to, .. }, Some(last)) => last.number == to,
            (Question::News { .. } | Question::FinalNumber, Some(_)) => true,
            (_, None) => false,
        }
    }

    /// Those that count: a liar does not (rule Z7), and one that lags only where it has something to say.
    fn voices(&self, with_liars: bool) -> Vec<Voice<'_>> {
        let standings = self.heard.iter().map(|(endpoint, testimony)| (endpoint, endpoint.standing(), testimony));
        standings
            .filter(|(_, standing, _)| with_liars || *standing != Standing::Lying)
            .map(|(endpoint, standing, testimony)| Voice {
                number: endpoint.number,
                testimony,
                is_current: standing != Standing::Lagging,
            })
            .collect()
    }

    /// Judges some of those that are heard by what was agreed on (rule Z6).
    fn place(&self, which: std::ops::RangeFrom<usize>, agreed: &[L1Block]) {
        let newest = newest(self.pool.endpoints.len(), &self.voices(false));
        for (endpoint, testimony) in self.heard.get(which).unwrap_or_default() {
            let found = judge(testimony, agreed, newest);
            let (reason, words) = match found.0 {
                Standing::Forked => ("other-block", "it has another block than the others agree on"),
                Standing::Lying => ("other-logs", "of a block that it has as the others have it, it tells other logs"),
                Standing::Lagging => ("behind", "its newest block is far behind that of others"),
                Standing::Unknown | Standing::Well | Standing::Silent | Standing::OtherChain => ("", ""),
            };
            self.pool.stand(endpoint, found, reason, words);
        }
    }

    /// Z8: a disagreement is told, and its end.
    fn tell(&self, result: &Result<Answer, L1Error>) {
        match (self.question, result) {
            (Question::News { .. } | Question::Blocks { .. }, Err(error @ L1Error::Disagreement { .. })) => {
                self.pool.disagree(Some(error.to_string()));
            }
            (Question::News { .. } | Question::Blocks { .. }, Ok(Answer::Blocks(blocks))) if !blocks.is_empty() => {
                self.pool.disagree(None);
            }
            _ => {}
        }
    }
}

/// How many are not known to lag.
fn current(voices: &[Voice<'_>]) -> usize {
    voices.iter().filter(|voice| voice.is_current).count()
}
