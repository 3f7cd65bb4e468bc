// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ValidatorRegistry} from "../../src/ValidatorRegistry.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract CreateTest is RegistryFixture {
    function test_RevertIf_TheDeploymentNamesAnotherRegistry() external {
        Wiring memory wiring;
        wiring.registry = address(0xDEAD);
        address self = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(refusal(IValidatorRegistry.WiredElsewhere.selector, address(0xDEAD), self));
        new ValidatorRegistry(wiring);
    }

    function test_Create_RemembersAccountsAndKeys() external {
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        address validator = validatorOf(1);
        vm.expectEmit(address(registry));
        emit IValidatorRegistry.Registered(validator, withdrawalOf(1), submitterOf(1), recipientOf(1));
        vm.expectEmit(address(registry));
        emit IValidatorRegistry.KeysChanged(validator, registration.consensusKey, registration.attestationKey);
        vm.expectEmit(address(registry));
        emit IValidatorRegistry.MetadataChanged(validator, registration.nodeAddress, registration.metadata);
        create(1);

        IValidatorRegistry.Accounts memory accounts = registry.accountsOf(validator);
        assertEq(accounts.operator, validator);
        assertEq(accounts.withdrawal, withdrawalOf(1));
        assertEq(accounts.submitter, submitterOf(1));
        assertEq(accounts.feeRecipient, recipientOf(1));
        assertEq(registry.operatorOf(validator), validator);
        assertEq(registry.withdrawalOf(validator), withdrawalOf(1));
        assertEq(registry.submitterOf(validator), submitterOf(1));

        IValidatorRegistry.Keys memory keys = registry.keysOf(validator);
        assertEq(keys.consensusKey, registration.consensusKey);
        assertEq(keys.attestationKeyHash, keccak256(registration.attestationKey));
        assertEq(keys.consensusKeySince, EPOCH);
        assertEq(keys.attestationKeySince, EPOCH);
        assertEq(registry.validatorOfKey(registration.consensusKey), validator);
        assertEq(registry.validatorOfAttestationKey(keccak256(registration.attestationKey)), validator);
        assertEq(registry.nonceOf(validator), 1);
    }

    /// @dev C63: the sets alone say who votes when.
    function test_Create_EnrollsInTheSets() external {
        IValidatorRegistry.Registration memory one = registrationOf(1);
        vm.expectCall(
            SETS,
            abi.encodeCall(
                IValidatorSets.enroll, (validatorOf(1), one.consensusKey, one.attestationKey, one.feeRecipient)
            ),
            1
        );
        create(1);
    }

    function test_AStrangerIsAllZero() external view {
        IValidatorRegistry.Accounts memory accounts = registry.accountsOf(STRANGER);
        assertEq(accounts.operator, address(0));
        assertEq(accounts.submitter, address(0));
        assertEq(registry.keysOf(STRANGER).consensusKey, 0);
        assertEq(registry.withdrawalOf(STRANGER), address(0));
        assertEq(registry.submitterOf(STRANGER), address(0));
    }

    /// @dev C59.
    function test_Create_WithoutASubmitterTheOperatorSubmits() external {
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        registration.submitter = address(0);
        create(validatorOf(1), registration, possessionBy(validatorOf(1), 1, 1));
        assertEq(registry.submitterOf(validatorOf(1)), validatorOf(1));
    }

    /// @dev C53.
    function test_RevertIf_TheStakeManagerDoesNotCall() external {
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(1), 1, 1);
        address[3] memory callers = [validatorOf(1), STRANGER, SETS];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.expectRevert(refusal(IValidatorRegistry.NotStakes.selector, callers[i]));
            vm.prank(callers[i]);
            registry.create(validatorOf(1), registration, possession);
        }
    }

    /// @dev C53.
    function test_RevertIf_TheAddressHasRegisteredBefore() external {
        create(1);
        bytes memory expected = refusal(IValidatorRegistry.AlreadyRegistered.selector, validatorOf(1));
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(1), 2, 2);
        createRefused(validatorOf(1), registrationOf(2), possession, expected);
        // Also when another account has become its operator, and when it was slashed.
        handOver(1, STRANGER);
        createRefused(validatorOf(1), registrationOf(2), possession, expected);
        slash(1);
        createRefused(validatorOf(1), registrationOf(2), possession, expected);
    }

    /// @dev C53: who operates another's validator can still register one of its own.
    function test_Create_AnOperatorOfAnotherMayRegister() external {
        create(1);
        handOver(1, validatorOf(2));
        create(2);
        assertEq(registry.operatorOf(validatorOf(1)), validatorOf(2));
        assertEq(registry.operatorOf(validatorOf(2)), validatorOf(2));
    }

    /// @dev C57.
    function test_RevertIf_AnAccountIsMissing() external {
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(1), 1, 1);
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        vm.expectRevert(IValidatorRegistry.ZeroAddress.selector);
        create(address(0), registration, possession);
        registration.withdrawal = address(0);
        vm.expectRevert(IValidatorRegistry.ZeroAddress.selector);
        create(validatorOf(1), registration, possession);
        registration = registrationOf(1);
        registration.feeRecipient = address(0);
        vm.expectRevert(IValidatorRegistry.ZeroAddress.selector);
        create(validatorOf(1), registration, possession);
    }

    /// @dev C57: a payout to the holder of all stake would belong to nobody.
    function test_RevertIf_TheWithdrawalAccountIsTheStakeManager() external {
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(1), 1, 1);
        registration.withdrawal = STAKES;
        createRefused(
            validatorOf(1), registration, possession, refusal(IValidatorRegistry.WithdrawalIsStakes.selector, STAKES)
        );
    }

    /// @dev C61: at the limits, and one past each.
    function test_RevertIf_TheWordsAreTooLong() external {
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(1), 1, 1);
        registration.nodeAddress = string(new bytes(257));
        vm.expectRevert(abi.encodeWithSelector(IValidatorRegistry.NodeAddressTooLong.selector, 257, 256));
        create(validatorOf(1), registration, possession);
        registration.nodeAddress = string(new bytes(256));
        registration.metadata = string(new bytes(1025));
        vm.expectRevert(abi.encodeWithSelector(IValidatorRegistry.MetadataTooLong.selector, 1025, 1024));
        create(validatorOf(1), registration, possession);
        registration.metadata = string(new bytes(1024));
        create(validatorOf(1), registration, possession);
    }

    /// @dev C54: whoever has the key.
    function test_RevertIf_AConsensusKeyWasUsed() external {
        create(1);
        IValidatorRegistry.Registration memory registration = registrationOf(2);
        registration.consensusKey = consensusKeyOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(2), 1, 2);
        createRefused(validatorOf(2), registration, possession, consensusKeyUsed(1, 1));
    }

    /// @dev C54.
    function test_RevertIf_AnAttestationKeyWasUsed() external {
        create(1);
        IValidatorRegistry.Registration memory registration = registrationOf(2);
        registration.attestationKey = attestationKeyOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(2), 2, 1);
        createRefused(validatorOf(2), registration, possession, attestationKeyUsed(1, 1));
    }

    /// @dev C54: a key that was rotated away is spent, too.
    function test_RevertIf_AKeyWasUsedAndRotatedAway() external {
        create(1);
        setEpoch(EPOCH + INTERVAL);
        rotate(validatorOf(1), 1, 3, 3);
        IValidatorRegistry.Registration memory registration = registrationOf(2);
        registration.consensusKey = consensusKeyOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(2), 1, 2);
        createRefused(validatorOf(2), registration, possession, consensusKeyUsed(1, 1));
    }

    /// @dev C56: the keys at the edges that nodes refuse.
    function test_RevertIf_AConsensusKeyIsNotRegistrable() external {
        string memory edges = vm.readFile("vectors/ed25519-edges.json");
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(1), 1, 1);
        uint256 refused = 0;
        for (uint256 i = 0; i < 51; ++i) {
            string memory at = string.concat(".keys[", vm.toString(i), "]");
            if (vm.parseJsonBool(edges, string.concat(at, ".registrable"))) continue;
            registration.consensusKey = vm.parseJsonBytes32(edges, string.concat(at, ".key"));
            vm.expectRevert(
                abi.encodeWithSelector(
                    IValidatorRegistry.ConsensusKeyNotRegistrable.selector, registration.consensusKey
                )
            );
            create(validatorOf(1), registration, possession);
            ++refused;
        }
        assertGt(refused, 30, "refused keys");
    }
}
