//! Where the contracts of a deployment stand, and what creates them.

use alloy_primitives::address;

use super::*;

fn deployment() -> Deployment {
    let parameters = IStakingParameters::Constants {
        rollupChainId: 7682,
        powerUnit: 1,
        maxEpochLag: 1,
        maxOriginAge: 1,
        evidenceWindow: 1,
        inclusionDelay: 1,
        governanceEpochs: 1,
        governance: Address::repeat_byte(1),
    };
    let values = IStakingParameters::Values {
        minimumBond: 1,
        powerCap: 2,
        unbondingDelay: 3,
        keyRotationInterval: 4,
        maximumExitWait: 5,
        minimumSize: 6,
        entryBound: 7,
        exitBound: 8,
        replacementMargin: 9,
        treasury: Address::repeat_byte(2),
    };
    let penalties =
        ISlasher::Constants { basePenaltyBps: 1, correlationMultiplierBps: 2, correlationEpochs: 3, reporterCap: 4 };
    let rewards = IRewards::Constants {
        periodEpochs: 1,
        maxCommissionBps: 2,
        maxCommissionRiseBps: 3,
        commissionInterval: 4,
        minimumPerformanceBps: 5,
        badPeriods: 6,
        suspensionEpochs: 7,
        funder: Address::repeat_byte(3),
    };
    let admission = IAdmission::Start {
        allowList: true,
        allowed: vec![Address::repeat_byte(4)],
        guardian: Address::repeat_byte(5),
        mandateEnd: 6,
    };
    let voting = IStakeGovernor::Constants {
        votingDelay: 1,
        votingPeriod: 2,
        secondsPerBlock: 3,
        quorumBps: 4,
        proposalThreshold: 5,
    };
    Deployment {
        start_block: 5,
        epoch_length: 32,
        constants: parameters,
        values,
        penalties,
        attestation_epochs: 8,
        rewards,
        guardian: IAdmission::Constants { pauseEpochs: 1, periodEpochs: 2, pauses: 3, cancellations: 4 },
        admission,
        voting,
        timelock_s: 9,
    }
}

/// The addresses that anvil's first account gives to its first contracts are known all over.
#[test]
fn contracts_stand_where_their_creators_nonces_put_them() {
    let contracts = Contracts::created_by(address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"), 0);
    assert_eq!(contracts.token, address!("5FbDB2315678afecb367f032d93F642f64180aa3"));
    assert_eq!(contracts.ed25519, address!("e7f1725E7734CE288F8367e1Bb143E90bb3F0512"));
    let creations = deployment().creations(&contracts);
    for (nonce, (name, address, _)) in (0..).zip(&creations) {
        let created = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266").create(nonce);
        assert_eq!(*address, created, "{name}");
    }
    assert_eq!(creations.len(), Contracts::COUNT);
}

#[test]
fn creation_code_ends_in_the_wiring() {
    let contracts = Contracts::created_by(Address::repeat_byte(7), 3);
    for (name, _, code) in deployment().creations(&contracts) {
        let (bytecode, words, named): (&Bytes, usize, &[Address]) = match name {
            "TestToken" => (&TestToken::BYTECODE, 0, &[]),
            "Ed25519Verifier" => (&Ed25519Verifier::BYTECODE, 0, &[]),
            "BlsVerifier" => (&BlsVerifier::BYTECODE, 0, &[]),
            "StakingParameters" => (&StakingParameters::BYTECODE, 18, &[contracts.timelock]),
            "ValidatorRegistry" => (&ValidatorRegistry::BYTECODE, 14, &[contracts.token, contracts.registry]),
            "ValidatorSets" => (&ValidatorSets::BYTECODE, 16, &[contracts.sets, contracts.parameters]),
            "StakeManager" => (&StakeManager::BYTECODE, 14, &[contracts.token, contracts.stakes, contracts.rewards]),
            "Slasher" => (&Slasher::BYTECODE, 18, &[contracts.slasher, contracts.ed25519, contracts.bls]),
            "AttestationVerifier" => (&AttestationVerifier::BYTECODE, 15, &[contracts.attestations]),
            "Rewards" => (&Rewards::BYTECODE, 22, &[contracts.rewards, contracts.attestations]),
            "StakeVotes" => (&StakeVotes::BYTECODE, 14, &[contracts.votes]),
            "Admission" => (&Admission::BYTECODE, 25, &[contracts.admission, contracts.governor]),
            "Expulsions" => (&Expulsions::BYTECODE, 14, &[contracts.expulsions]),
            "TimelockController" => (&TimelockController::BYTECODE, 8, &[contracts.governor]),
            "StakeGovernor" => (&StakeGovernor::BYTECODE, 20, &[contracts.timelock, contracts.admission]),
            "RotaInbox" => (&RotaInbox::BYTECODE, 2, &[contracts.registry, contracts.sets]),
            other => unreachable!("{other}"),
        };
        let arguments = code.strip_prefix(bytecode.as_ref()).expect("the code comes first");
        assert_eq!(arguments.len(), 32 * words, "{name}");
        for address in named {
            assert!(arguments.chunks(32).any(|word| word == address.into_word().as_slice()), "{name}: {address}");
        }
    }
}
