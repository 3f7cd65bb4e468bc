// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

contract RotateKeysTest is RegistryFixture {
    uint64 private constant LATER = EPOCH + INTERVAL;

    address private operator;

    function setUp() public override {
        super.setUp();
        create(1);
        create(2);
        operator = validatorOf(1);
        setEpoch(LATER);
    }

    function test_RotateKeys_ReplacesBoth() external {
        bytes memory attestationKey = attestationKeyOf(3);
        vm.expectCall(SETS, abi.encodeCall(IValidatorSets.setKeys, (operator, consensusKeyOf(3), attestationKey)), 1);
        vm.expectEmit(address(registry));
        emit IValidatorRegistry.KeysChanged(operator, consensusKeyOf(3), attestationKey);
        rotate(operator, 1, 3, 3);
        assertKeys(3, LATER, 3, LATER);
        assertEq(registry.nonceOf(operator), 2);
        assertEq(registry.validatorOfKey(consensusKeyOf(3)), operator);
        assertEq(registry.validatorOfAttestationKey(keccak256(attestationKey)), operator);
        // C54: the old ones stay spent.
        assertEq(registry.validatorOfKey(consensusKeyOf(1)), operator);
        assertEq(registry.validatorOfAttestationKey(keccak256(attestationKeyOf(1))), operator);
    }

    function test_RotateKeys_ReplacesEitherAlone() external {
        bytes memory attestationKey = attestationKeyOf(1);
        vm.expectCall(SETS, abi.encodeCall(IValidatorSets.setKeys, (operator, consensusKeyOf(3), attestationKey)));
        rotate(operator, 1, 3, 1);
        assertKeys(3, LATER, 1, EPOCH);
        // C58: each key has its own interval.
        rotate(operator, 1, 3, 3);
        assertKeys(3, LATER, 3, LATER);
        assertEq(registry.nonceOf(operator), 3);
    }

    /// @dev C58: an epoch before it may, and in the one in which it may.
    function test_RevertIf_AKeyIsTooYoung() external {
        setEpoch(LATER - 1);
        bytes memory consensus =
            abi.encodeWithSelector(IValidatorRegistry.ConsensusKeyTooYoung.selector, LATER - 1, LATER);
        bytes memory attestation =
            abi.encodeWithSelector(IValidatorRegistry.AttestationKeyTooYoung.selector, LATER - 1, LATER);
        rotateRefused(operator, 1, 3, 1, consensus);
        rotateRefused(operator, 1, 1, 3, attestation);
        rotateRefused(operator, 1, 3, 3, consensus);
        setEpoch(LATER);
        rotate(operator, 1, 3, 1);
        rotateRefused(
            operator,
            1,
            4,
            1,
            abi.encodeWithSelector(IValidatorRegistry.ConsensusKeyTooYoung.selector, LATER, LATER + INTERVAL)
        );
    }

    /// @dev C58: governance's interval is the one of now.
    function test_RotateKeys_FollowsTheIntervalOfNow() external {
        setEpoch(EPOCH + 1);
        setInterval(1);
        rotate(operator, 1, 3, 3);
        setInterval(2);
        setEpoch(EPOCH + 2);
        rotateRefused(
            operator,
            1,
            4,
            4,
            abi.encodeWithSelector(IValidatorRegistry.ConsensusKeyTooYoung.selector, EPOCH + 2, EPOCH + 3)
        );
        setEpoch(EPOCH + 3);
        rotate(operator, 1, 4, 4);
    }

    function test_RevertIf_NeitherKeyChanges() external {
        rotateRefused(operator, 1, 1, 1, refusal(IValidatorRegistry.KeysUnchanged.selector, operator));
    }

    /// @dev C59: nobody but the operator, whatever was signed.
    function test_RevertIf_TheCallerIsNotTheOperator() external {
        address[5] memory callers = [STRANGER, withdrawalOf(1), submitterOf(1), validatorOf(2), STAKES];
        for (uint256 i = 0; i < callers.length; ++i) {
            bytes memory expected = refusal(IValidatorRegistry.NotOperator.selector, operator, callers[i]);
            rotateRefused(callers[i], 1, 3, 3, expected);
            rotateRefused(callers[i], 1, 3, 3, possessionBy(operator, 3, 3), expected);
        }
    }

    function test_RevertIf_ThereIsNoSuchValidator() external {
        rotateRefused(operator, 9, 3, 3, refusal(IValidatorRegistry.NotRegistered.selector, validatorOf(9)));
    }

    /// @dev C60: the name of a validator gives no power over it once another account operates it.
    function test_RotateKeys_ByTheOperatorOfNowAlone() external {
        address next = address(0xE1);
        handOver(1, next);
        rotateRefused(operator, 1, 3, 3, refusal(IValidatorRegistry.NotOperator.selector, operator, operator));
        // C55: what the former one signed before serves its successor nothing.
        bytes32 digest = digestOf(next, 3, 3, 0);
        rotateRefused(next, 1, 3, 3, possessionBy(operator, 3, 3), consensusRefused(3, digest));
        rotate(next, 1, 3, 3);
        assertEq(registry.nonceOf(next), 1);
        assertEq(registry.nonceOf(operator), 1);
        assertEq(registry.validatorOfKey(consensusKeyOf(3)), operator);
    }

    /// @dev C62.
    function test_RevertIf_TheValidatorWasSlashed() external {
        slash(1);
        rotateRefused(operator, 1, 3, 3, refusal(IValidatorRegistry.Tombstoned.selector, operator));
        rotate(validatorOf(2), 2, 3, 3);
    }

    /// @dev C54: another's keys, and its own former ones.
    function test_RevertIf_AKeyWasUsed() external {
        rotateRefused(operator, 1, 2, 1, consensusKeyUsed(2, 2));
        rotateRefused(operator, 1, 1, 2, attestationKeyUsed(2, 2));
        rotate(operator, 1, 3, 3);
        setEpoch(LATER + INTERVAL);
        rotateRefused(operator, 1, 1, 3, consensusKeyUsed(1, 1));
        rotateRefused(operator, 1, 3, 1, attestationKeyUsed(1, 1));
        rotateRefused(operator, 1, 1, 1, consensusKeyUsed(1, 1));
    }

    /// @dev C56.
    function test_RevertIf_TheConsensusKeyIsNotRegistrable() external {
        bytes32 key = bytes32(uint256(1) << 248);
        bytes memory attestationKey = attestationKeyOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(operator, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(IValidatorRegistry.ConsensusKeyNotRegistrable.selector, key));
        vm.prank(operator);
        registry.rotateKeys(operator, key, attestationKey, possession);
    }

    /// @dev C55: a proof serves once. The one of the registration does not bring back what was rotated away, nor does
    /// that of a rotation serve the next.
    function test_RevertIf_AProofIsReplayed() external {
        IValidatorRegistry.Possession memory first = signedBy(3, 1, digestOf(operator, 3, 1, 1));
        rotate(operator, 1, 1, 3);
        setEpoch(LATER + INTERVAL);
        rotateRefused(operator, 1, 3, 1, first, attestationKeyUsed(1, 1));
        bytes32 digest = digestOf(operator, 3, 3, 2);
        rotateRefused(operator, 1, 3, 3, signedBy(3, 3, digestOf(operator, 3, 3, 1)), consensusRefused(3, digest));
        rotate(operator, 1, 3, 3);
    }

    /// @dev C55: also a key that stays signs.
    function test_RevertIf_TheKeyThatStaysDoesNotSign() external {
        bytes32 digest = digestOf(operator, 3, 1, 1);
        rotateRefused(operator, 1, 3, 1, signedBy(3, 2, digest), attestationRefused(1, digest));
        digest = digestOf(operator, 1, 3, 1);
        rotateRefused(operator, 1, 1, 3, signedBy(2, 3, digest), consensusRefused(1, digest));
    }

    /// @dev C55: and the new one does.
    function test_RevertIf_TheNewKeyDoesNotSign() external {
        bytes32 digest = digestOf(operator, 3, 1, 1);
        rotateRefused(operator, 1, 3, 1, signedBy(1, 1, digest), consensusRefused(3, digest));
        digest = digestOf(operator, 1, 3, 1);
        rotateRefused(operator, 1, 1, 3, signedBy(1, 1, digest), attestationRefused(3, digest));
    }

    /// @dev C55: one account may operate two validators; its nonce counts the proofs of both.
    function test_RotateKeys_OfTwoValidatorsOfOneOperator() external {
        handOver(2, operator);
        IValidatorRegistry.Possession memory possession = possessionBy(operator, 3, 3);
        rotate(operator, 2, 3, 3);
        rotateRefused(operator, 1, 3, 3, possession, consensusKeyUsed(3, 2));
        rotate(operator, 1, 4, 4);
        assertEq(registry.nonceOf(operator), 3);
    }

    /// @dev C63: the sets judge last; what they refuse does not happen here.
    function test_RevertIf_TheSetsRefuse() external {
        vm.mockCallRevert(SETS, abi.encodeWithSelector(IValidatorSets.setKeys.selector), "no");
        rotateRefused(operator, 1, 3, 3, "no");
        assertKeys(1, EPOCH, 1, EPOCH);
    }

    function assertKeys(uint256 consensus, uint64 consensusSince, uint256 attestation, uint64 attestationSince)
        private
        view
    {
        IValidatorRegistry.Keys memory keys = registry.keysOf(operator);
        assertEq(keys.consensusKey, consensusKeyOf(consensus));
        assertEq(keys.consensusKeySince, consensusSince);
        assertEq(keys.attestationKeyHash, keccak256(attestationKeyOf(attestation)));
        assertEq(keys.attestationKeySince, attestationSince);
    }
}
