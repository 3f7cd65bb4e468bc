//! A deployment of the contracts: what it is made of, and where each stands before any is there.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolConstructor;
use serde::{Deserialize, Serialize};

use crate::bindings::{
    BlsVerifier, Ed25519Verifier, ISlasher, IStakingParameters, RotaInbox, Slasher, StakeManager, StakingParameters,
    TestToken, ValidatorRegistry, ValidatorSets,
};

/// Where the contracts of one rollup stand on L1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contracts {
    /// The token that is staked.
    pub token: Address,
    /// Judges ed25519 signatures.
    pub ed25519: Address,
    /// Judges BLS12-381 signatures.
    pub bls: Address,
    /// What governance may set.
    pub parameters: Address,
    /// Keys and accounts of the validators.
    pub registry: Address,
    /// Who serves in which epoch: its events are folded, its views compared.
    pub sets: Address,
    /// Holds the stakes; whatever is signed is bound to it.
    pub stakes: Address,
    /// Judges evidence.
    pub slasher: Address,
    /// Where final batches stand.
    pub inbox: Address,
}

/// What a deployment with a token of its own, for a devnet, is made of.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// The first L1 block of epoch 0.
    pub start_block: u64,
    /// L1 blocks of an epoch.
    pub epoch_length: u64,
    /// What nobody can change about the staking.
    pub constants: IStakingParameters::Constants,
    /// What governance can.
    pub values: IStakingParameters::Values,
    /// What an offence costs.
    pub penalties: ISlasher::Constants,
}

/// Writes the addresses as one contract's constructor takes them.
macro_rules! wiring {
    ($contract:ident, $contracts:expr) => {{
        let Contracts { token, ed25519, bls, parameters, registry, sets, stakes, slasher, inbox: _ } = *$contracts;
        $contract::Wiring { token, parameters, registry, sets, stakes, slasher, ed25519, bls }
    }};
}

impl Contracts {
    /// How many there are.
    pub const COUNT: usize = 9;

    /// Where they will stand if an account creates them, in the order of [`Deployment::creations`], with its nonces
    /// from this one on (CREATE).
    #[must_use]
    pub fn created_by(deployer: Address, nonce: u64) -> Self {
        let nth = |n: u64| deployer.create(nonce + n);
        Self {
            token: nth(0),
            ed25519: nth(1),
            bls: nth(2),
            parameters: nth(3),
            registry: nth(4),
            sets: nth(5),
            stakes: nth(6),
            slasher: nth(7),
            inbox: nth(8),
        }
    }
}

impl Deployment {
    /// What the transactions without recipient carry that create the contracts, with where each will stand, in order.
    #[must_use]
    pub fn creations(&self, contracts: &Contracts) -> [(&'static str, Address, Bytes); Contracts::COUNT] {
        let Self { start_block, epoch_length, constants, values, penalties } = self;
        let parameters =
            StakingParameters::constructorCall { constants: constants.clone(), firstValues: values.clone() };
        let registry = ValidatorRegistry::constructorCall { wiring: wiring!(ValidatorRegistry, contracts) };
        let sets = ValidatorSets::constructorCall {
            wiring: wiring!(ValidatorSets, contracts),
            startBlock_: *start_block,
            epochLength_: *epoch_length,
        };
        let stakes = StakeManager::constructorCall { wiring: wiring!(StakeManager, contracts) };
        let slasher = Slasher::constructorCall { wiring: wiring!(Slasher, contracts), constants: penalties.clone() };
        let inbox = RotaInbox::constructorCall { registry_: contracts.registry, sets_: contracts.sets };
        [
            ("TestToken", contracts.token, TestToken::BYTECODE.clone()),
            ("Ed25519Verifier", contracts.ed25519, Ed25519Verifier::BYTECODE.clone()),
            ("BlsVerifier", contracts.bls, BlsVerifier::BYTECODE.clone()),
            ("StakingParameters", contracts.parameters, code(&StakingParameters::BYTECODE, &parameters)),
            ("ValidatorRegistry", contracts.registry, code(&ValidatorRegistry::BYTECODE, &registry)),
            ("ValidatorSets", contracts.sets, code(&ValidatorSets::BYTECODE, &sets)),
            ("StakeManager", contracts.stakes, code(&StakeManager::BYTECODE, &stakes)),
            ("Slasher", contracts.slasher, code(&Slasher::BYTECODE, &slasher)),
            ("RotaInbox", contracts.inbox, code(&RotaInbox::BYTECODE, &inbox)),
        ]
    }
}

fn code(bytecode: &Bytes, arguments: &impl SolConstructor) -> Bytes {
    [bytecode.as_ref(), &arguments.abi_encode()].concat().into()
}

#[cfg(test)]
#[path = "tests/deployment.rs"]
mod tests;
