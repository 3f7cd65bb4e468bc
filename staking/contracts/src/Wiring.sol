// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Where the contracts of one deployment stand. Each is given the same value in its constructor and keeps as
/// immutables what it calls and who may call it; nothing replaces one later. Addresses of contracts that are deployed
/// later are computed beforehand from the deployer's nonces (CREATE).
/// @param token The ERC-20 token that is staked
/// @param parameters `StakingParameters`: what governance may set, within constant bounds
/// @param registry `ValidatorRegistry`: keys and accounts
/// @param sets `ValidatorSets`: who serves in which epoch
/// @param stakes `StakeManager`: the one token holder, and the `verifyingContract` of everything that is signed
/// @param slasher `Slasher`: judges evidence
/// @param ed25519 `Ed25519Verifier`
/// @param bls `BlsVerifier`
/// @param attestations `AttestationVerifier`: judges what a quorum says
/// @param rewards `Rewards`: who earned what, and who is put out for missing too much
/// @param votes `StakeVotes`: the voting power of stake
/// @param admission `Admission`: who may register, and the guardian
/// @param expulsions `Expulsions`: exits that governance begins
/// @param governor `StakeGovernor`: proposals; what they decide is done by `governance()` of the parameters, a timelock
struct Wiring {
    address token;
    address parameters;
    address registry;
    address sets;
    address stakes;
    address slasher;
    address ed25519;
    address bls;
    address attestations;
    address rewards;
    address votes;
    address admission;
    address expulsions;
    address governor;
}
