//! Calls that leave no trace: `eth_call` (rule X19).

use std::{collections::BTreeMap, fmt, sync::Arc};

use alloy_consensus::Header;
use alloy_eips::{eip2930::AccessList, eip7702::SignedAuthorization};
use alloy_evm::{Evm, eth::EthEvmBuilder};
use alloy_primitives::{Address, Bytes, KECCAK256_EMPTY, U256};
use revm::{
    context::{TransactionType, TxEnv},
    context_interface::{
        either::Either,
        result::{EVMError, ExecutionResult, HaltReason},
    },
    primitives::TxKind,
};

use crate::{
    Account, ChainRules, NotExecutable, State, StateError, StateView,
    evm::{environment, fatal},
    working::{CodeCache, Working, analyse},
};

/// A transaction that nobody signed, as `eth_call` and `eth_estimateGas` take it.
#[derive(Clone, Debug, Default)]
pub struct CallRequest {
    /// Who calls.
    pub from: Address,
    /// Who is called; nobody to create a contract.
    pub to: Option<Address>,
    /// The gas it may use, at most the cap.
    pub gas: Option<u64>,
    /// What it pays at most for each gas, in wei; nothing if absent.
    pub max_fee_wei: Option<u128>,
    /// Of that the tip at most, in wei; all of it if absent, as in a legacy transaction.
    pub max_priority_fee_wei: Option<u128>,
    /// The wei it carries.
    pub value: U256,
    /// Its input.
    pub input: Bytes,
    /// Its access list (EIP-2930).
    pub access_list: AccessList,
    /// Its authorizations (EIP-7702).
    pub authorizations: Vec<SignedAuthorization>,
}

/// Another state to call on, for one account.
#[derive(Clone, Debug, Default)]
pub struct AccountOverride {
    /// Its balance in wei.
    pub balance: Option<U256>,
    /// Its nonce.
    pub nonce: Option<u64>,
    /// Its code.
    pub code: Option<Bytes>,
    /// Its whole storage; slots that are not named are zero.
    pub storage: Option<BTreeMap<U256, U256>>,
    /// Slots that differ; the others are as they are.
    pub slots: BTreeMap<U256, U256>,
}

/// On what terms a call runs.
#[derive(Clone, Debug)]
pub struct CallTerms {
    /// Gas that it may use at most, whatever it asks for: the node's limit on what a request may cost.
    pub gas_cap: u64,
    /// Accounts that are to be other than they are.
    pub overrides: BTreeMap<Address, AccountOverride>,
    /// Whether somebody still waits: asked before each attempt of an estimate. A call is one, and ends at its gas cap.
    pub wanted: Wanted,
}

/// Whether somebody still waits for an answer; always, by default.
#[derive(Clone)]
pub struct Wanted(Arc<dyn Fn() -> bool + Send + Sync>);

impl Wanted {
    /// As long as this holds.
    pub fn as_long_as(holds: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(holds))
    }

    pub(crate) fn now(&self) -> bool {
        (self.0)()
    }
}

impl Default for Wanted {
    fn default() -> Self {
        Self::as_long_as(|| true)
    }
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wanted").field(&self.now()).finish()
    }
}

/// What a call did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOutcome {
    /// The gas it used, after refunds.
    pub gas_used: u64,
    /// The gas that was refunded.
    pub gas_refunded: u64,
    /// How it ended.
    pub end: CallEnd,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// Well, with this output; of a creation, the code.
    Returned(Bytes),
    /// By `REVERT`, with this data.
    Reverted(Bytes),
    /// It ran out of gas.
    OutOfGas,
    /// Otherwise badly, as named.
    Halted(String),
}

/// Why a call was not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Such a transaction cannot be.
    #[error(transparent)]
    Refused(#[from] NotExecutable),
    /// The store failed.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Runs a call on `state` in the surroundings of the batch with this header. Nonce, base fee and the rule that
/// contracts send no transactions do not bind it.
///
/// # Errors
/// [`CallError`]; a call that runs and fails is no error.
pub fn call<V: StateView + ?Sized>(
    rules: &ChainRules,
    header: &Header,
    state: &State<'_, V>,
    request: &CallRequest,
    terms: &CallTerms,
) -> Result<CallOutcome, CallError> {
    let mut working = Working::new(state.clone(), CodeCache::new());
    for (address, account) in &terms.overrides {
        apply(&mut working, *address, account)?;
    }
    let nonce = working.account(request.from)?.unwrap_or_default().nonce;
    let mut environment = environment(rules, header);
    environment.cfg_env.disable_nonce_check = true;
    environment.cfg_env.disable_eip3607 = true;
    environment.cfg_env.disable_base_fee = true;
    environment.cfg_env.disable_block_gas_limit = true;
    let mut transaction = transaction(rules, request, terms.gas_cap);
    transaction.nonce = nonce;
    let mut evm = EthEvmBuilder::new(working, environment).build();
    match evm.transact_raw(transaction) {
        Ok(outcome) => Ok(outcome_of(outcome.result)),
        Err(EVMError::Transaction(error)) => {
            let base_fee = header.base_fee_per_gas.unwrap_or_default();
            Err(NotExecutable::of(error, request.max_fee_wei.unwrap_or_default(), base_fee).into())
        }
        Err(error) => Err(fatal(&error).into()),
    }
}

fn apply<V: StateView + ?Sized>(
    working: &mut Working<'_, V>,
    address: Address,
    change: &AccountOverride,
) -> Result<(), StateError> {
    let before = working.account(address)?.unwrap_or_default();
    let code_hash = match &change.code {
        None => before.code_hash,
        Some(code) if code.is_empty() => KECCAK256_EMPTY,
        Some(code) => working.add_code(analyse(code.clone())?),
    };
    let nonce = change.nonce.unwrap_or(before.nonce);
    let balance = change.balance.unwrap_or(before.balance);
    working.set_account(address, Account { nonce, balance, code_hash })?;
    if change.storage.is_some() {
        working.clear_slots(address);
    }
    for (slot, value) in change.storage.iter().flatten().chain(&change.slots) {
        working.set_slot(address, *slot, *value)?;
    }
    Ok(())
}

fn transaction(rules: &ChainRules, request: &CallRequest, gas_cap: u64) -> TxEnv {
    let kind = if !request.authorizations.is_empty() {
        TransactionType::Eip7702
    } else if request.max_priority_fee_wei.is_some() {
        TransactionType::Eip1559
    } else if !request.access_list.is_empty() {
        TransactionType::Eip2930
    } else {
        TransactionType::Legacy
    };
    let tip = matches!(kind, TransactionType::Eip7702 | TransactionType::Eip1559);
    TxEnv {
        tx_type: kind.into(),
        caller: request.from,
        gas_limit: request.gas.unwrap_or(gas_cap).min(gas_cap),
        gas_price: request.max_fee_wei.unwrap_or_default(),
        kind: request.to.map_or(TxKind::Create, TxKind::Call),
        value: request.value,
        data: request.input.clone(),
        nonce: 0,
        chain_id: Some(rules.chain_id),
        access_list: request.access_list.clone(),
        gas_priority_fee: tip.then(|| request.max_priority_fee_wei.unwrap_or_default()),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: request.authorizations.iter().cloned().map(Either::Left).collect(),
    }
}

fn outcome_of(result: ExecutionResult<HaltReason>) -> CallOutcome {
    let gas_used = result.tx_gas_used();
    let gas_refunded = result.gas().inner_refunded();
    let end = match result {
        ExecutionResult::Success { output, .. } => CallEnd::Returned(output.into_data()),
        ExecutionResult::Revert { output, .. } => CallEnd::Reverted(output),
        ExecutionResult::Halt { reason: HaltReason::OutOfGas(_), .. } => CallEnd::OutOfGas,
        ExecutionResult::Halt { reason, .. } => CallEnd::Halted(format!("{reason:?}")),
    };
    CallOutcome { gas_used, gas_refunded, end }
}
