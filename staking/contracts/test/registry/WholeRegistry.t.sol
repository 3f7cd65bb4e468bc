// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {Digests} from "../../src/Digests.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {EndToEndFixture} from "../slasher/EndToEndFixture.sol";

/// @dev Registrations and rotations with all contracts as they are deployed.
contract WholeRegistryTest is EndToEndFixture {
    uint128 private constant BOND = 5000e18;
    address private constant THIEF = address(0xBAD);

    /// @dev C55: a registration and its tokens, seen before they are mined and sent by somebody else.
    function test_ACopiedRegistrationServesNobodyAndBurnsNoKey() external {
        IValidatorRegistry.Registration memory registration = registrationOf(9);
        IValidatorRegistry.Possession memory possession = possessionOf(validatorOf(9), 9, 0);
        address seed = seedOf(1);
        token.mint(THIEF, BOND);
        bytes32 digest = Digests.keyRegistration(
            Digests.separator(address(stakes)), ROLLUP, THIEF, registration.consensusKey, registration.attestationKey, 0
        );
        vm.startPrank(THIEF);
        token.approve(address(stakes), BOND);
        vm.expectRevert(
            abi.encodeWithSelector(
                IValidatorRegistry.ConsensusKeyNotPossessed.selector, registration.consensusKey, digest
            )
        );
        stakes.register{gas: 3_000_000}(registration, possession, BOND);
        // Nor by another way in: the registry and the sets listen to the contracts alone.
        vm.expectRevert(abi.encodeWithSelector(IValidatorRegistry.NotStakes.selector, THIEF));
        registry.create(validatorOf(9), registration, possession);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NotRegistry.selector, THIEF));
        sets.setKeys(seed, registration.consensusKey, registration.attestationKey);
        vm.stopPrank();
        register(9, BOND);
        assertEq(registry.withdrawalOf(validatorOf(9)), withdrawalOf(9));
    }

    /// @dev C63: the keys of a fixed epoch stay, and the sum of keys follows.
    function test_RotatedKeysServeTwoEpochsLater() external {
        rollTo(1);
        register(9, BOND);
        rollTo(3);
        bytes memory newKey = attestationKeyOf(10);
        rotateToTen();
        assertMember(3, consensusKeyOf(9), attestationKeyOf(9));
        assertMember(4, consensusKeyOf(9), attestationKeyOf(9));
        bytes memory before = sets.attestationKeySum(4);
        rollTo(4);
        assertMember(4, consensusKeyOf(9), attestationKeyOf(9));
        assertMember(5, consensusKeyOf(10), newKey);
        bytes memory change = Bls12381.add(newKey, Bls12381.negate(attestationKeyOf(9)));
        assertEq(sets.attestationKeySum(4), before);
        assertEq(sets.attestationKeySum(5), Bls12381.add(before, change));
        // An old proof, and an old key, serve nothing any more.
        IValidatorRegistry.Possession memory possession = possessionOf(validatorOf(9), 9, 0);
        bytes32 oldKey = consensusKeyOf(9);
        bytes memory oldAttestationKey = attestationKeyOf(9);
        rollTo(5);
        vm.expectRevert(abi.encodeWithSelector(IValidatorRegistry.ConsensusKeyUsed.selector, oldKey, validatorOf(9)));
        vm.prank(validatorOf(9));
        registry.rotateKeys(validatorOf(9), oldKey, oldAttestationKey, possession);
    }

    /// @dev C60: the owner brings in another operator, who rotates by its own proof; the sets know the validator by its
    /// name as before.
    function test_AnotherOperatorRotates() external {
        rollTo(1);
        register(9, BOND);
        address next = address(0xE1);
        vm.prank(withdrawalOf(9));
        registry.proposeOperator(validatorOf(9), next);
        vm.prank(next);
        registry.acceptOperator(validatorOf(9));
        rollTo(3);
        IValidatorRegistry.Possession memory possession = possessionOf(next, 10, 0);
        bytes memory attestationKey = attestationKeyOf(10);
        vm.prank(next);
        registry.rotateKeys(validatorOf(9), consensusKeyOf(10), attestationKey, possession);
        rollTo(4);
        assertMember(5, consensusKeyOf(10), attestationKey);
    }

    /// @dev C62.
    function test_RevertIf_ASlashedValidatorRotates() external {
        address offender = seedOf(1);
        rollTo(12);
        reportSeed(1);
        IValidatorRegistry.Possession memory possession = possessionOf(offender, 10, 1);
        bytes memory attestationKey = attestationKeyOf(10);
        bytes memory expected = abi.encodeWithSelector(IValidatorRegistry.Tombstoned.selector, offender);
        vm.startPrank(offender);
        vm.expectRevert(expected);
        registry.rotateKeys(offender, consensusKeyOf(10), attestationKey, possession);
        vm.expectRevert(expected);
        registry.setFeeRecipient(offender, THIEF);
    }

    /// @dev C63: also of one that has left; nothing it changes comes back into a set.
    function test_OneThatHasLeftRotatesForItselfAlone() external {
        rollTo(1);
        register(9, BOND);
        rollTo(4);
        vm.prank(withdrawalOf(9));
        stakes.exit(validatorOf(9));
        rollTo(6);
        sets.advance(100);
        bytes32 before = keccak256(abi.encode(sets.setOf(7)));
        rotateToTen();
        rollTo(9);
        assertEq(keccak256(abi.encode(sets.setOf(10))), before);
        assertEq(sets.setOf(10).length, 4);
    }

    function rotateToTen() private {
        IValidatorRegistry.Possession memory possession = possessionOf(validatorOf(9), 10, 1);
        bytes memory attestationKey = attestationKeyOf(10);
        vm.prank(validatorOf(9));
        registry.rotateKeys(validatorOf(9), consensusKeyOf(10), attestationKey, possession);
    }

    function registrationOf(uint256 number) private view returns (IValidatorRegistry.Registration memory) {
        return IValidatorRegistry.Registration({
            consensusKey: consensusKeyOf(number),
            attestationKey: attestationKeyOf(number),
            withdrawal: withdrawalOf(number),
            submitter: address(0),
            feeRecipient: validatorOf(number),
            nodeAddress: "/dns4/rota.example/tcp/26656",
            metadata: "{}"
        });
    }

    /// @dev The one that registered beside the four seeds holds the fifth place.
    function assertMember(uint64 epoch, bytes32 consensusKey, bytes memory attestationKey) private view {
        (address validator, bytes32 key, bytes memory blsKey,) = sets.memberOf(epoch, 4);
        assertEq(validator, validatorOf(9));
        assertEq(key, consensusKey);
        assertEq(blsKey, attestationKey);
    }
}
