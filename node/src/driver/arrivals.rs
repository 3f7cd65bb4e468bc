//! Transactions on their way into the pool: who waits for the answer, and how many may (rule B13 of replica).

use std::{collections::BTreeMap, sync::Arc};

use alloy_primitives::Bytes;
use rota_mempool::{Added, CandidateForm, Refused};
use rota_proto::Transaction;
use rota_replica::{Arrival, Event, Source};
use tokio::sync::oneshot;

use super::{
    Driver, DriverError,
    inbox::Submitted,
    recovery::{Found, Known},
    shares::TransactionPlace,
};
use crate::rpc::SubmitError;

/// Transactions of users that are not answered, beyond which no more are let in: if each has all the authorizations
/// that it may, 2.6 s of a core. Without authorizations they are answered at once, and never wait.
const USERS_WAITING_MAX: usize = 1_024;

/// Who waits for the answer to a transaction.
enum Waiter {
    /// A user.
    User(oneshot::Sender<Result<Added, SubmitError>>),
    /// Nobody; but what it takes of its peer's share is given back with the answer, and one that travels on has gone by
    /// once it is in the pool.
    Peer { place: Option<TransactionPlace>, travels: Option<Arc<Transaction>> },
}

/// The transactions that the replica has not answered yet, by their number.
#[derive(Default)]
pub(super) struct Arrivals {
    next: u64,
    waiting: BTreeMap<u64, Waiter>,
    users: usize,
    /// Transactions that went by and are in the pool (rule N27 of the network).
    gone_by: Vec<Bytes>,
}

impl Arrivals {
    fn enter(&mut self, waiter: Waiter) -> u64 {
        self.users += usize::from(matches!(waiter, Waiter::User(_)));
        let id = self.next;
        self.next += 1;
        self.waiting.insert(id, waiter);
        id
    }

    fn leave(&mut self, id: u64) -> Option<Waiter> {
        let waiter = self.waiting.remove(&id);
        self.users -= usize::from(matches!(waiter, Some(Waiter::User(_))));
        waiter
    }
}

impl Driver {
    /// Users' transactions go to the replica, in this order; what rule M1 of the mempool refuses does not.
    pub(super) fn submit_all(&mut self, submitted: Vec<Submitted>) -> Result<(), DriverError> {
        let waiting = self.arrivals.users;
        let rules = *self.parts.replica.pool().rules();
        let mut list = Vec::with_capacity(submitted.len());
        for Submitted { transaction, answer } in submitted {
            let checked = if waiting < USERS_WAITING_MAX {
                CandidateForm::check(transaction, &rules).map_err(SubmitError::from)
            } else {
                Err(SubmitError::Busy { waiting })
            };
            match checked {
                Ok(form) => {
                    let account = self.account(&form.transaction().sender())?;
                    let id = self.arrivals.enter(Waiter::User(answer));
                    list.push(Arrival { id, from: Source::User, form, account });
                }
                // One that does not wait any more is no error.
                Err(error) => drop(answer.send(Err(error))),
            }
        }
        self.take(Event::Transactions(list))
    }

    /// Transactions of peers go to the replica.
    pub(super) fn take_found(&mut self, found: Found) -> Result<(), DriverError> {
        let Found { from, travels, list } = found;
        let arrivals = &mut self.arrivals;
        let arrival = |Known { form, account, place }| {
            let travels = travels.then(|| Arc::clone(form.transaction()));
            let id = arrivals.enter(Waiter::Peer { place, travels });
            Arrival { id, from, form, account }
        };
        let list = list.into_iter().map(arrival).collect();
        self.take(Event::Transactions(list))
    }

    /// The pool has answered. A user that does not wait any more is no error.
    pub(super) fn answer_arrival(&mut self, id: u64, result: Result<Added, Refused>) {
        match self.arrivals.leave(id) {
            Some(Waiter::User(answer)) => drop(answer.send(result.map_err(SubmitError::from))),
            Some(Waiter::Peer { place, travels }) => {
                drop(place);
                let taken = travels.filter(|_| result.is_ok());
                self.arrivals.gone_by.extend(taken.map(|transaction| transaction.encode()));
            }
            None => {}
        }
    }

    /// N27 of the network: what went by and is in the pool need not be published again.
    pub(super) fn tell_gone_by(&mut self) {
        let gone_by = std::mem::take(&mut self.arrivals.gone_by);
        if !gone_by.is_empty() {
            self.complain(self.parts.network.heard(gone_by));
        }
    }
}
