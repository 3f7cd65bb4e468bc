//! A deployment of the contracts: what it is made of, and where each stands before any is there.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolConstructor;
use serde::{Deserialize, Serialize};

use crate::bindings::{
    Admission, AttestationVerifier, BlsVerifier, Ed25519Verifier, Expulsions, IAdmission, IRewards, ISlasher,
    IStakeGovernor, IStakingParameters, Rewards, RotaInbox, Slasher, StakeGovernor, StakeManager, StakeVotes,
    StakingParameters, TestToken, TimelockController, ValidatorRegistry, ValidatorSets,
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
    /// Judges what a quorum of the set says.
    pub attestations: Address,
    /// Who earned what.
    pub rewards: Address,
    /// The voting power of stake.
    pub votes: Address,
    /// Who may register, and the guardian.
    pub admission: Address,
    /// Exits that governance begins.
    pub expulsions: Address,
    /// Does what was decided, after a while: it is the governance of the others.
    pub timelock: Address,
    /// Proposals and votes.
    pub governor: Address,
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
    /// What nobody can change about the staking; governance is the timelock, whatever stands there.
    pub constants: IStakingParameters::Constants,
    /// What governance can.
    pub values: IStakingParameters::Values,
    /// What an offence costs.
    pub penalties: ISlasher::Constants,
    /// Epochs after the one that something is about whose sets may still attest it.
    pub attestation_epochs: u64,
    /// How rewards are reckoned.
    pub rewards: IRewards::Constants,
    /// What a guardian may do.
    pub guardian: IAdmission::Constants,
    /// Who may register at first, and who is guardian.
    pub admission: IAdmission::Start,
    /// How proposals are voted for.
    pub voting: IStakeGovernor::Constants,
    /// How long what was decided waits, in seconds.
    pub timelock_s: u64,
}

/// Writes the addresses as one contract's constructor takes them.
macro_rules! wiring {
    ($contract:ident, $contracts:expr) => {{
        let Contracts { token, ed25519, bls, parameters, registry, sets, stakes, slasher, .. } = *$contracts;
        let Contracts { attestations, rewards, votes, admission, expulsions, governor, .. } = *$contracts;
        $contract::Wiring {
            token,
            parameters,
            registry,
            sets,
            stakes,
            slasher,
            ed25519,
            bls,
            attestations,
            rewards,
            votes,
            admission,
            expulsions,
            governor,
        }
    }};
}

impl Contracts {
    /// How many there are.
    pub const COUNT: usize = 16;

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
            attestations: nth(8),
            rewards: nth(9),
            votes: nth(10),
            admission: nth(11),
            expulsions: nth(12),
            timelock: nth(13),
            governor: nth(14),
            inbox: nth(15),
        }
    }
}

/// A contract to be created: its name, where it will stand, and what a transaction without recipient carries.
pub type Creation = (&'static str, Address, Bytes);

impl Deployment {
    /// What creates the contracts, in order.
    #[must_use]
    pub fn creations(&self, contracts: &Contracts) -> [Creation; Contracts::COUNT] {
        let [token, ed25519, bls, parameters, registry, sets, stakes, slasher] = self.staking(contracts);
        let [attestations, rewards, votes, admission, expulsions, timelock, governor] = self.government(contracts);
        let inbox = RotaInbox::constructorCall { registry_: contracts.registry, sets_: contracts.sets };
        let inbox = ("RotaInbox", contracts.inbox, code(&RotaInbox::BYTECODE, &inbox));
        [
            token,
            ed25519,
            bls,
            parameters,
            registry,
            sets,
            stakes,
            slasher,
            attestations,
            rewards,
            votes,
            admission,
            expulsions,
            timelock,
            governor,
            inbox,
        ]
    }

    /// Stake, keys, sets, and what an offence costs.
    fn staking(&self, contracts: &Contracts) -> [Creation; 8] {
        let constants = IStakingParameters::Constants { governance: contracts.timelock, ..self.constants.clone() };
        let parameters = StakingParameters::constructorCall { constants, firstValues: self.values.clone() };
        let registry = ValidatorRegistry::constructorCall { wiring: wiring!(ValidatorRegistry, contracts) };
        let sets = ValidatorSets::constructorCall {
            wiring: wiring!(ValidatorSets, contracts),
            startBlock_: self.start_block,
            epochLength_: self.epoch_length,
        };
        let stakes = StakeManager::constructorCall { wiring: wiring!(StakeManager, contracts) };
        let constants = self.penalties.clone();
        let slasher = Slasher::constructorCall { wiring: wiring!(Slasher, contracts), constants };
        [
            ("TestToken", contracts.token, TestToken::BYTECODE.clone()),
            ("Ed25519Verifier", contracts.ed25519, Ed25519Verifier::BYTECODE.clone()),
            ("BlsVerifier", contracts.bls, BlsVerifier::BYTECODE.clone()),
            ("StakingParameters", contracts.parameters, code(&StakingParameters::BYTECODE, &parameters)),
            ("ValidatorRegistry", contracts.registry, code(&ValidatorRegistry::BYTECODE, &registry)),
            ("ValidatorSets", contracts.sets, code(&ValidatorSets::BYTECODE, &sets)),
            ("StakeManager", contracts.stakes, code(&StakeManager::BYTECODE, &stakes)),
            ("Slasher", contracts.slasher, code(&Slasher::BYTECODE, &slasher)),
        ]
    }

    /// What the set says of itself, rewards, and governance.
    fn government(&self, contracts: &Contracts) -> [Creation; 7] {
        let attestations = AttestationVerifier::constructorCall {
            wiring: wiring!(AttestationVerifier, contracts),
            attestationEpochs_: self.attestation_epochs,
        };
        let constants = self.rewards.clone();
        let rewards = Rewards::constructorCall { wiring: wiring!(Rewards, contracts), constants };
        let votes = StakeVotes::constructorCall { wiring: wiring!(StakeVotes, contracts) };
        let admission = Admission::constructorCall {
            wiring: wiring!(Admission, contracts),
            constants: self.guardian.clone(),
            start: self.admission.clone(),
        };
        let expulsions = Expulsions::constructorCall { wiring: wiring!(Expulsions, contracts) };
        let timelock = TimelockController::constructorCall {
            minDelay: U256::from(self.timelock_s),
            proposers: vec![contracts.governor],
            // Anyone.
            executors: vec![Address::ZERO],
            admin: Address::ZERO,
        };
        let governor = StakeGovernor::constructorCall {
            wiring: wiring!(StakeGovernor, contracts),
            timelock_: contracts.timelock,
            constants: self.voting.clone(),
        };
        [
            ("AttestationVerifier", contracts.attestations, code(&AttestationVerifier::BYTECODE, &attestations)),
            ("Rewards", contracts.rewards, code(&Rewards::BYTECODE, &rewards)),
            ("StakeVotes", contracts.votes, code(&StakeVotes::BYTECODE, &votes)),
            ("Admission", contracts.admission, code(&Admission::BYTECODE, &admission)),
            ("Expulsions", contracts.expulsions, code(&Expulsions::BYTECODE, &expulsions)),
            ("TimelockController", contracts.timelock, code(&TimelockController::BYTECODE, &timelock)),
            ("StakeGovernor", contracts.governor, code(&StakeGovernor::BYTECODE, &governor)),
        ]
    }
}

fn code(bytecode: &Bytes, arguments: &impl SolConstructor) -> Bytes {
    [bytecode.as_ref(), &arguments.abi_encode()].concat().into()
}

#[cfg(test)]
#[path = "tests/deployment.rs"]
mod tests;
