//! How much gas a transaction needs: `eth_estimateGas` (rule X20).

use alloy_consensus::Header;
use alloy_primitives::{Bytes, KECCAK256_EMPTY, U256};

use crate::{
    CallEnd, CallError, CallOutcome, CallRequest, CallTerms, ChainRules, NotExecutable, State, StateError, StateView,
    call, limits::TRANSACTION_GAS_MIN,
};

/// Why there is no estimate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EstimateError {
    /// It reverts, with all the gas it may have.
    #[error("execution reverted")]
    Reverted(Bytes),
    /// It fails otherwise, with all the gas it may have.
    #[error("{0}")]
    Halted(String),
    /// It needs more gas than it may have: the cap, or what its sender can pay for.
    #[error("gas required exceeds allowance ({0})")]
    Allowance(u64),
    /// Nobody waits for it any more.
    #[error("given up")]
    GivenUp,
    /// Such a transaction cannot be.
    #[error(transparent)]
    Refused(#[from] NotExecutable),
    /// The store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

impl From<CallError> for EstimateError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Refused(error) => Self::Refused(error),
            CallError::State(error) => Self::State(error),
        }
    }
}

/// The gas that a call keeps back for its caller is at most 1/64 (EIP-150), and a stipend of 2,300 may stand in a
/// transfer: a first guess that mostly holds.
const STIPEND: u64 = 2_300;

/// The search ends when its bounds lie within 1.5 % of each other, as in geth.
const TOLERANCE_PER_MILLE: u64 = 15;

/// One attempt's setting.
struct Search<'s, 'v, V: ?Sized> {
    rules: &'s ChainRules,
    header: &'s Header,
    state: &'s State<'v, V>,
    request: CallRequest,
    terms: &'s CallTerms,
}

/// The least gas limit, to 1.5 %, with which a transaction succeeds: a search by halves between what it uses and what
/// it may have, because a call that is offered less may behave otherwise. Before each attempt it asks whether it is
/// still wanted.
///
/// # Errors
/// [`EstimateError`].
pub fn estimate_gas<V: StateView + ?Sized>(
    rules: &ChainRules,
    header: &Header,
    state: &State<'_, V>,
    request: &CallRequest,
    terms: &CallTerms,
) -> Result<u64, EstimateError> {
    let asked = request.gas.filter(|gas| *gas >= TRANSACTION_GAS_MIN).unwrap_or(rules.gas_limit);
    let most = asked.min(terms.gas_cap).min(rules.gas_limit);
    let mut search = Search { rules, header, state, request: request.clone(), terms };
    let most = search.affordable(most)?;
    if search.is_plain_transfer()? && search.succeeds(TRANSACTION_GAS_MIN)? {
        return Ok(TRANSACTION_GAS_MIN);
    }
    let outcome = search.attempt(most)?.ok_or(EstimateError::Allowance(most))?;
    let used = outcome.gas_used;
    let refunded = outcome.gas_refunded;
    match outcome.end {
        CallEnd::Returned(_) => {}
        CallEnd::Reverted(data) => return Err(EstimateError::Reverted(data)),
        CallEnd::OutOfGas => return Err(EstimateError::Allowance(most)),
        CallEnd::Halted(reason) => return Err(EstimateError::Halted(reason)),
    }
    search.narrow((used.saturating_sub(1), most), (used + refunded + STIPEND).saturating_mul(64) / 63)
}

impl<V: StateView + ?Sized> Search<'_, '_, V> {
    /// Halves the span between a limit that is too low and one that suffices, beginning with a guess.
    fn narrow(&mut self, (mut low, mut high): (u64, u64), guess: u64) -> Result<u64, EstimateError> {
        let mut middle = guess;
        while low + 1 < high {
            if middle < high && middle > low {
                if self.succeeds(middle)? {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            if (high - low).saturating_mul(1_000) < high.saturating_mul(TOLERANCE_PER_MILLE) {
                break;
            }
            // Most transactions need little more than they use: the lower end is left behind faster.
            middle = (low + (high - low) / 2).min(low.saturating_mul(2));
        }
        Ok(high)
    }

    /// Rule X20: no more gas than the sender can pay for at the price it names.
    fn affordable(&self, most: u64) -> Result<u64, EstimateError> {
        let price = self.request.max_fee_wei.unwrap_or_default();
        if price == 0 {
            return Ok(most);
        }
        let overridden = self.terms.overrides.get(&self.request.from).and_then(|account| account.balance);
        let balance = match overridden {
            Some(balance) => balance,
            None => self.state.account(&self.request.from)?.unwrap_or_default().balance,
        };
        let rest = balance
            .checked_sub(self.request.value)
            .ok_or(NotExecutable::InsufficientFunds { balance, cost: self.request.value })?;
        Ok(most.min((rest / U256::from(price)).saturating_to()))
    }

    /// Whether it only moves value to an account without code.
    fn is_plain_transfer(&self) -> Result<bool, StateError> {
        let request = &self.request;
        let Some(to) = request.to else { return Ok(false) };
        if !request.input.is_empty() || !request.access_list.is_empty() || !request.authorizations.is_empty() {
            return Ok(false);
        }
        let overridden = self.terms.overrides.get(&to).is_some_and(|account| account.code.is_some());
        Ok(!overridden && self.state.account(&to)?.unwrap_or_default().code_hash == KECCAK256_EMPTY)
    }

    fn succeeds(&mut self, gas: u64) -> Result<bool, EstimateError> {
        Ok(self.attempt(gas)?.is_some_and(|outcome| matches!(outcome.end, CallEnd::Returned(_))))
    }

    /// What comes of it with this gas limit; nothing if the limit does not even cover its bytes.
    fn attempt(&mut self, gas: u64) -> Result<Option<CallOutcome>, EstimateError> {
        if !self.terms.wanted.now() {
            return Err(EstimateError::GivenUp);
        }
        self.request.gas = Some(gas);
        match call(self.rules, self.header, self.state, &self.request, self.terms) {
            Ok(outcome) => Ok(Some(outcome)),
            Err(CallError::Refused(NotExecutable::GasTooLow { .. })) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
