//! Why a contract refuses a call: its custom errors, by name and with their values.

use alloy_sol_types::{GenericContractError, SolInterface};

use super::{
    Admission, AttestationVerifier, BlsVerifier, Expulsions, Rewards, RotaInbox, Slasher, StakeGovernor, StakeManager,
    StakeVotes, StakingParameters, TestToken, TimelockController, ValidatorRegistry, ValidatorSets,
};

/// The custom error of any contract of a deployment in what a reverted call returned, such as
/// `NotMatured { id: 3, epoch: 7, dueEpoch: 12 }`; the text of a plain revert or the kind of a panic; none of anything
/// else. Amounts are in the smallest units of the token.
#[must_use]
pub fn refusal(returned: &[u8]) -> Option<String> {
    let decoders: [Decoder; 15] = [
        named::<StakeManager::StakeManagerErrors>,
        named::<ValidatorRegistry::ValidatorRegistryErrors>,
        named::<ValidatorSets::ValidatorSetsErrors>,
        named::<Slasher::SlasherErrors>,
        named::<StakingParameters::StakingParametersErrors>,
        named::<RotaInbox::RotaInboxErrors>,
        named::<BlsVerifier::BlsVerifierErrors>,
        named::<Rewards::RewardsErrors>,
        named::<AttestationVerifier::AttestationVerifierErrors>,
        named::<StakeGovernor::StakeGovernorErrors>,
        named::<StakeVotes::StakeVotesErrors>,
        named::<Admission::AdmissionErrors>,
        named::<Expulsions::ExpulsionsErrors>,
        named::<TimelockController::TimelockControllerErrors>,
        named::<TestToken::TestTokenErrors>,
    ];
    decoders
        .iter()
        .find_map(|decode| decode(returned))
        .or_else(|| Some(GenericContractError::abi_decode(returned).ok()?.to_string()))
}

/// Finds the error of one contract.
type Decoder = fn(&[u8]) -> Option<String>;

/// The error without the variant around it.
fn named<E: SolInterface + std::fmt::Debug>(returned: &[u8]) -> Option<String> {
    let error = format!("{:?}", E::abi_decode(returned).ok()?);
    let inner = error.split_once('(').and_then(|(_, inner)| inner.strip_suffix(')'));
    Some(inner.unwrap_or(&error).to_owned())
}
