//! The EVM at work on one batch: system calls first, the transactions in order, the base fee last (rules X8 to X11).

use alloy_consensus::{Header, Transaction as _, TxEip7702, TxEnvelope};
use alloy_eips::{
    eip2935::HISTORY_STORAGE_ADDRESS,
    eip4788::{BEACON_ROOTS_ADDRESS, SYSTEM_ADDRESS},
};
use alloy_evm::{EthEvm, Evm, EvmEnv, FromRecoveredTx, eth::EthEvmBuilder, precompiles::PrecompilesMap};
use alloy_primitives::{Address, B256, U256};
use revm::{
    context::{BlockEnv, CfgEnv, TxEnv, either::Either},
    context_interface::{
        block::BlobExcessGasAndPrice,
        result::{EVMError, InvalidTransaction},
    },
    database_interface::DatabaseCommit,
    inspector::NoOpInspector,
    primitives::hardfork::SpecId,
};
use rota_proto::Transaction;

use crate::{
    ChainRules, State, StateError, StateView, TransactionReceipt,
    working::{CodeCache, Working},
};

/// Why a transaction cannot run in its place. The texts are geth's where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotExecutable {
    /// The sender has already sent one with this nonce.
    #[error("nonce too low: next nonce {state}, tx nonce {transaction}")]
    NonceTooLow {
        /// The nonce it has.
        transaction: u64,
        /// The nonce that is next.
        state: u64,
    },
    /// One before it is missing.
    #[error("nonce too high: next nonce {state}, tx nonce {transaction}")]
    NonceTooHigh {
        /// The nonce it has.
        transaction: u64,
        /// The nonce that is next.
        state: u64,
    },
    /// The sender cannot pay for it.
    #[error("insufficient funds for gas * price + value: balance {balance}, tx cost {cost}")]
    InsufficientFunds {
        /// What the sender has, in wei.
        balance: U256,
        /// What it could cost at most, in wei.
        cost: U256,
    },
    /// It does not pay the base fee.
    #[error("max fee per gas less than block base fee: maxFeePerGas {max_fee}, baseFee {base_fee}")]
    FeeBelowBaseFee {
        /// What it pays at most, in wei per gas.
        max_fee: u128,
        /// The base fee, in wei per gas.
        base_fee: u64,
    },
    /// Its gas limit exceeds that of any batch.
    #[error("exceeds block gas limit")]
    GasLimitAboveBatch,
    /// Its gas does not cover its bytes, or the floor that EIP-7623 sets for them.
    #[error("intrinsic gas too low: have {gas_limit}, want {needed}")]
    GasTooLow {
        /// Its gas limit.
        gas_limit: u64,
        /// What its bytes need.
        needed: u64,
    },
    /// It could never run, whatever the state: it is for another chain, its sender has code, and so on.
    #[error("{0}")]
    Never(String),
}

impl NotExecutable {
    pub(crate) fn fee_below_base_fee(transaction: &Transaction, base_fee: u64) -> Self {
        Self::FeeBelowBaseFee { max_fee: transaction.envelope().max_fee_per_gas(), base_fee }
    }

    /// What the EVM said of a transaction that pays at most `max_fee` where `base_fee` is due.
    #[expect(clippy::wildcard_enum_match_arm, reason = "of some 30 reasons, pools treat the others alike")]
    pub(crate) fn of(error: InvalidTransaction, max_fee: u128, base_fee: u64) -> Self {
        match error {
            InvalidTransaction::NonceTooLow { tx, state } => Self::NonceTooLow { transaction: tx, state },
            InvalidTransaction::NonceTooHigh { tx, state } => Self::NonceTooHigh { transaction: tx, state },
            InvalidTransaction::LackOfFundForMaxFee { fee, balance } => {
                Self::InsufficientFunds { balance: *balance, cost: *fee }
            }
            InvalidTransaction::GasPriceLessThanBasefee => Self::FeeBelowBaseFee { max_fee, base_fee },
            InvalidTransaction::CallerGasLimitMoreThanBlock => Self::GasLimitAboveBatch,
            InvalidTransaction::CallGasCostMoreThanGasLimit { initial_gas, gas_limit } => {
                Self::GasTooLow { gas_limit, needed: initial_gas }
            }
            InvalidTransaction::GasFloorMoreThanGasLimit { gas_floor, gas_limit } => {
                Self::GasTooLow { gas_limit, needed: gas_floor }
            }
            error => Self::Never(error.to_string()),
        }
    }
}

/// What came of running a transaction.
pub(crate) enum Outcome {
    /// It ran, well or not, and has its receipt.
    Placed,
    /// Less gas is left in the batch than it may use.
    NoRoom {
        /// The gas that is left.
        left: u64,
    },
    /// It cannot run here.
    Refused(NotExecutable),
}

/// A batch under way.
pub(crate) struct Machine<'v, V: StateView + ?Sized> {
    evm: EthEvm<Working<'v, V>, NoOpInspector, PrecompilesMap>,
    base_fee: u64,
    gas_limit: u64,
    gas_used: u64,
    logs: u64,
    receipts: Vec<TransactionReceipt>,
}

impl<'v, V: StateView + ?Sized> Machine<'v, V> {
    /// Begins a batch with this header on a state.
    pub(crate) fn new(rules: &ChainRules, header: &Header, state: State<'v, V>, codes: CodeCache) -> Self {
        let evm = EthEvmBuilder::new(Working::new(state, codes), environment(rules, header)).build();
        let base_fee = header.base_fee_per_gas.unwrap_or_default();
        Self { evm, base_fee, gas_limit: header.gas_limit, gas_used: 0, logs: 0, receipts: Vec::new() }
    }

    /// Rule X8: the hash of the parent goes to EIP-2935's contract, that of the L1 origin to EIP-4788's.
    ///
    /// # Errors
    /// [`StateError`] if the store fails.
    pub(crate) fn system_calls(&mut self, header: &Header) -> Result<(), StateError> {
        let origin = header.parent_beacon_block_root.unwrap_or_default();
        self.system_call(HISTORY_STORAGE_ADDRESS, header.parent_hash)?;
        self.system_call(BEACON_ROOTS_ADDRESS, origin)
    }

    fn system_call(&mut self, contract: Address, word: B256) -> Result<(), StateError> {
        let outcome = self.evm.transact_system_call(SYSTEM_ADDRESS, contract, word.0.into());
        let outcome = outcome.map_err(|error| fatal(&error))?;
        if !outcome.result.is_success() {
            return Err(StateError::Evm(format!("the system call of {contract} failed: {:?}", outcome.result)));
        }
        self.evm.db_mut().commit(outcome.state);
        Ok(())
    }

    /// Runs a transaction in the next place (rule X9).
    ///
    /// # Errors
    /// [`StateError`] if the store fails.
    pub(crate) fn run(&mut self, transaction: &Transaction) -> Result<Outcome, StateError> {
        let gas_limit = transaction.envelope().gas_limit();
        let left = self.gas_left();
        if gas_limit > self.gas_limit {
            return Ok(Outcome::Refused(NotExecutable::GasLimitAboveBatch));
        }
        if gas_limit > left {
            return Ok(Outcome::NoRoom { left });
        }
        let outcome = match self.evm.transact_raw(transaction_environment(transaction)) {
            Ok(outcome) => outcome,
            Err(EVMError::Transaction(error)) => {
                let max_fee = transaction.envelope().max_fee_per_gas();
                return Ok(Outcome::Refused(NotExecutable::of(error, max_fee, self.base_fee)));
            }
            Err(error) => return Err(fatal(&error)),
        };
        let before = (self.gas_used, self.logs);
        let receipt = TransactionReceipt::new(transaction, outcome.result, self.base_fee, before);
        self.gas_used += receipt.gas_used;
        self.logs += receipt.logs().len() as u64;
        self.receipts.push(receipt);
        self.evm.db_mut().commit(outcome.state);
        Ok(Outcome::Placed)
    }

    /// The gas that is left in the batch.
    pub(crate) const fn gas_left(&self) -> u64 {
        self.gas_limit - self.gas_used
    }

    /// Rule X11: credits the base fee of the whole batch, and gives what was gathered.
    ///
    /// # Errors
    /// [`StateError`] if the store fails.
    pub(crate) fn finish(
        mut self,
        vault: Address,
    ) -> Result<(Working<'v, V>, Vec<TransactionReceipt>, u64), StateError> {
        let fees = U256::from(self.base_fee) * U256::from(self.gas_used);
        let working = self.evm.db_mut();
        if !fees.is_zero() {
            let mut account = working.account(vault)?.unwrap_or_default();
            account.balance += fees;
            working.set_account(vault, account)?;
        }
        Ok((self.evm.into_db(), self.receipts, self.gas_used))
    }
}

/// Rule X10: what the EVM sees of a batch: Prague, with the blob fee at rest.
pub(crate) fn environment(rules: &ChainRules, header: &Header) -> EvmEnv {
    let cfg_env = CfgEnv::new_with_spec(SpecId::PRAGUE).with_chain_id(rules.chain_id);
    let block_env = BlockEnv {
        number: U256::from(header.number),
        beneficiary: header.beneficiary,
        timestamp: U256::from(header.timestamp),
        gas_limit: header.gas_limit,
        basefee: header.base_fee_per_gas.unwrap_or_default(),
        difficulty: U256::ZERO,
        prevrandao: Some(header.mix_hash),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new_with_spec(0, SpecId::PRAGUE)),
        slot_num: 0,
    };
    EvmEnv { cfg_env, block_env }
}

/// What the EVM sees of a transaction. It recovers who signed the authorizations only after nonce, balance and gas were
/// checked: a transaction that fails there pays for none of them (rule X9).
pub(crate) fn transaction_environment(transaction: &Transaction) -> TxEnv {
    let TxEnvelope::Eip7702(signed) = transaction.envelope() else {
        return TxEnv::from_recovered_tx(transaction.envelope(), transaction.sender());
    };
    let tx = signed.tx();
    let without = TxEip7702 {
        chain_id: tx.chain_id,
        nonce: tx.nonce,
        gas_limit: tx.gas_limit,
        max_fee_per_gas: tx.max_fee_per_gas,
        max_priority_fee_per_gas: tx.max_priority_fee_per_gas,
        to: tx.to,
        value: tx.value,
        access_list: tx.access_list.clone(),
        authorization_list: Vec::new(),
        input: tx.input.clone(),
    };
    let authorization_list = tx.authorization_list.iter().cloned().map(Either::Left).collect();
    TxEnv { authorization_list, ..TxEnv::from_recovered_tx(&without, transaction.sender()) }
}

/// The failure of a machine, not of a transaction.
pub(crate) fn fatal(error: &EVMError<StateError>) -> StateError {
    match error {
        EVMError::Database(error) => error.clone(),
        EVMError::Transaction(_) | EVMError::Header(_) | EVMError::Custom(_) | EVMError::CustomAny(_) => {
            StateError::Evm(error.to_string())
        }
    }
}
