//! The contract, deployed from its checked-in creation code into an EVM of its own.

use alloy_primitives::{Address, B256, Bytes, TxKind};
use alloy_sol_types::SolCall;
use eyre::{OptionExt as _, Result, ensure};
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext, MainnetEvm, context::TxEnv,
    context_interface::result::ExecutionResult, database::InMemoryDB, handler::MainnetContext,
    primitives::hardfork::SpecId,
};
use rota_staking::bindings::Ed25519Verifier;

use super::Case;

const GAS_LIMIT: u64 = 10_000_000;

pub(crate) struct Verifier {
    evm: MainnetEvm<MainnetContext<InMemoryDB>>,
    address: Address,
    /// What the last call cost as a transaction.
    pub(crate) gas: u64,
}

impl Verifier {
    /// Under the rules of a fork of L1.
    pub(crate) fn deploy(fork: SpecId) -> Result<Self> {
        let context = Context::mainnet().with_db(InMemoryDB::default()).modify_cfg_chained(|config| {
            config.set_spec_and_mainnet_gas_params(fork);
            config.disable_nonce_check = true;
        });
        let mut evm = context.build_mainnet();
        let deployed = evm.transact_commit(transaction(TxKind::Create, Ed25519Verifier::BYTECODE.clone())?)?;
        let address = deployed.created_address().ok_or_eyre("the creation code runs")?;
        Ok(Self { evm, address, gas: 0 })
    }

    /// Asks the call for digests where it can be asked, and the one for all messages otherwise.
    pub(crate) fn verifies(&mut self, case: &Case) -> Result<bool> {
        let [key, r, s] = [case.key, case.r, case.s].map(B256::from);
        match B256::try_from(case.message.as_slice()) {
            Ok(digest) => self.call(&Ed25519Verifier::verifyCall { key, digest, r, s }),
            Err(_) => {
                let message = case.message.clone().into();
                self.call(&Ed25519Verifier::verifyMessageCall { key, message, r, s })
            }
        }
    }

    pub(crate) fn registers(&mut self, key: &[u8; 32]) -> Result<bool> {
        self.call(&Ed25519Verifier::isRegistrableCall { key: B256::from(*key) })
    }

    fn call<C: SolCall<Return = bool>>(&mut self, call: &C) -> Result<bool> {
        let transaction = transaction(TxKind::Call(self.address), call.abi_encode().into())?;
        let result: ExecutionResult = self.evm.transact(transaction)?.result;
        ensure!(result.is_success(), "no answer: {result:?}");
        self.gas = result.tx_gas_used();
        Ok(C::abi_decode_returns(&result.into_output().unwrap_or_default())?)
    }
}

fn transaction(kind: TxKind, data: Bytes) -> Result<TxEnv> {
    let built = TxEnv::builder().kind(kind).data(data).gas_limit(GAS_LIMIT).gas_price(0).build();
    built.map_err(|error| eyre::eyre!("{error:?}"))
}
