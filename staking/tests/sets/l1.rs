//! L1 as an EVM of its own, with the contracts as they are deployed. Only the two judges of signatures are replaced by
//! one that nods at everything: what they say is tested elsewhere, and 10,000 histories have no time for it.

use alloy_primitives::{Address, Bytes, Log, TxKind, U256, bytes};
use alloy_sol_types::SolCall;
use eyre::{Result, ensure, eyre};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm,
    bytecode::Bytecode,
    context::TxEnv,
    context_interface::{ContextTr, JournalTr, result::ExecutionResult},
    database::InMemoryDB,
    handler::MainnetContext,
    primitives::hardfork::SpecId,
    state::AccountInfo,
};
use rota_staking::{
    Contracts, Deployment,
    bindings::{IAdmission, IRewards, ISlasher, IStakeGovernor, IStakingParameters, TestToken},
};

/// Units in a whole token.
pub(crate) const TOKEN: u128 = 1_000_000_000_000_000_000;

/// The minimum bond in tokens at first; by a quarter more it is 20 (C25).
pub(crate) const MINIMUM: u128 = 16;

/// The L1 block with which epoch 0 begins, and blocks of an epoch.
pub(crate) const START: u64 = 100;
pub(crate) const LENGTH: u64 = 32;

/// Deploys, opens and governs.
pub(crate) const DEPLOYER: Address = Address::repeat_byte(0xdd);

/// No call of the stakes takes so much.
const GAS_LIMIT: u64 = 16_000_000;

/// `return(true)`.
const NOD: Bytes = bytes!("60015f5260205ff3");

pub(crate) struct L1 {
    evm: MainnetEvm<MainnetContext<InMemoryDB>>,
    pub(crate) contracts: Contracts,
}

/// What came of a transaction.
pub(crate) enum Outcome {
    /// What it announced.
    Done(Vec<Log>),
    /// What a contract refused it with.
    Refused(Bytes),
}

impl L1 {
    /// Deploys the contracts in the first block of epoch 0, and gives these accounts tokens that the stakes may take.
    pub(crate) fn deploy(holders: &[Address]) -> Result<Self> {
        let mut l1 = Self::on(InMemoryDB::default(), Contracts::created_by(DEPLOYER, 0));
        l1.mine(START);
        let contracts = l1.contracts;
        for (name, address, code) in deployment().creations(&contracts) {
            let created = l1.send(DEPLOYER, TxKind::Create, code)?;
            ensure!(created.created_address() == Some(address), "{name}: {created:?}");
        }
        for address in [contracts.ed25519, contracts.bls] {
            let nod = AccountInfo::default().with_code(Bytecode::new_raw(NOD));
            l1.evm.ctx.modify_db(|db| db.insert_account_info(address, nod));
        }
        for holder in holders {
            let mint = TestToken::mintCall { to: *holder, amount: U256::from(1_000_000 * TOKEN) };
            l1.done(*holder, contracts.token, &mint)?;
            let approve = TestToken::approveCall { spender: contracts.stakes, value: U256::MAX };
            l1.done(*holder, contracts.token, &approve)?;
        }
        Ok(l1)
    }

    /// The same L1, which goes its own way.
    pub(crate) fn fork(&self) -> Self {
        let mut fork = Self::on(self.evm.ctx.journal().db().clone(), self.contracts);
        fork.mine(self.number());
        fork
    }

    fn on(db: InMemoryDB, contracts: Contracts) -> Self {
        let context = Context::mainnet().with_db(db).modify_cfg_chained(|config| {
            config.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);
            config.disable_nonce_check = true;
            // The slasher acts as its tests have it.
            config.disable_eip3607 = true;
        });
        Self { evm: context.build_mainnet(), contracts }
    }

    /// The number of the block that transactions stand in.
    pub(crate) fn number(&self) -> u64 {
        self.evm.ctx.block.number.to()
    }

    /// Transactions now stand in this block.
    pub(crate) fn mine(&mut self, number: u64) {
        self.evm.ctx.modify_block(|block| block.number = U256::from(number));
    }

    /// Sends a call.
    pub(crate) fn call<C: SolCall>(&mut self, from: Address, to: Address, call: &C) -> Result<Outcome> {
        match self.send(from, TxKind::Call(to), call.abi_encode().into())? {
            ExecutionResult::Success { logs, .. } => Ok(Outcome::Done(logs)),
            ExecutionResult::Revert { output, .. } => Ok(Outcome::Refused(output)),
            halted @ ExecutionResult::Halt { .. } => Err(eyre!("{}: {halted:?}", C::SIGNATURE)),
        }
    }

    /// Sends a call that nothing is wrong with.
    pub(crate) fn done<C: SolCall>(&mut self, from: Address, to: Address, call: &C) -> Result<Vec<Log>> {
        match self.call(from, to, call)? {
            Outcome::Done(logs) => Ok(logs),
            Outcome::Refused(returned) => Err(eyre!("{}: {}", C::SIGNATURE, told(&returned))),
        }
    }

    /// Asks, and changes nothing.
    pub(crate) fn ask<C: SolCall>(&mut self, to: Address, call: &C) -> Result<C::Return> {
        let transaction = transaction(DEPLOYER, TxKind::Call(to), call.abi_encode().into())?;
        let result: ExecutionResult = self.evm.transact(transaction)?.result;
        ensure!(result.is_success(), "{}: {}", C::SIGNATURE, result.output().map(told).unwrap_or_default());
        Ok(C::abi_decode_returns(&result.into_output().unwrap_or_default())?)
    }

    fn send(&mut self, from: Address, kind: TxKind, data: Bytes) -> Result<ExecutionResult> {
        Ok(self.evm.transact_commit(transaction(from, kind, data)?)?)
    }
}

fn told(returned: &Bytes) -> String {
    rota_staking::bindings::refusal(returned).unwrap_or_else(|| returned.to_string())
}

fn transaction(from: Address, kind: TxKind, data: Bytes) -> Result<TxEnv> {
    let built = TxEnv::builder().caller(from).kind(kind).data(data).gas_limit(GAS_LIMIT).gas_price(0).build();
    built.map_err(|error| eyre!("{error:?}"))
}

/// Values that a history may change.
pub(crate) fn values() -> IStakingParameters::Values {
    IStakingParameters::Values {
        minimumBond: MINIMUM * TOKEN,
        powerCap: 1_000_000 * TOKEN,
        unbondingDelay: 6,
        keyRotationInterval: 1,
        maximumExitWait: 2,
        minimumSize: 2,
        entryBound: 1_250,
        exitBound: 1_250,
        replacementMargin: 500,
        treasury: Address::repeat_byte(0xde),
    }
}

fn deployment() -> Deployment {
    let constants = IStakingParameters::Constants {
        rollupChainId: 7682,
        powerUnit: 1_000_000_000,
        maxEpochLag: 1,
        maxOriginAge: 1,
        evidenceWindow: 2,
        inclusionDelay: 1,
        governanceEpochs: 4,
        governance: Address::ZERO,
    };
    let penalties = ISlasher::Constants {
        basePenaltyBps: 500,
        correlationMultiplierBps: 30_000,
        correlationEpochs: 6,
        reporterCap: TOKEN,
    };
    Deployment {
        start_block: START,
        epoch_length: LENGTH,
        constants,
        values: values(),
        penalties,
        attestation_epochs: 8,
        rewards: IRewards::Constants {
            periodEpochs: 2,
            maxCommissionBps: 3_000,
            maxCommissionRiseBps: 100,
            commissionInterval: 16,
            minimumPerformanceBps: 3_000,
            badPeriods: 3,
            suspensionEpochs: 8,
            funder: DEPLOYER,
        },
        guardian: IAdmission::Constants { pauseEpochs: 4, periodEpochs: 64, pauses: 2, cancellations: 3 },
        admission: IAdmission::Start { allowList: false, allowed: Vec::new(), guardian: Address::ZERO, mandateEnd: 0 },
        voting: IStakeGovernor::Constants {
            votingDelay: 1,
            votingPeriod: 32,
            secondsPerBlock: 12,
            quorumBps: 2_000,
            proposalThreshold: TOKEN,
        },
        timelock_s: 12,
    }
}
