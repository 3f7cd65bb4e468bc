// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {PackedPoint} from "../../src/sets/PackedPoint.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev What the registry says: enroll, setKeys, setFeeRecipient (C33).
contract EnrollTest is SetsFixture {
    function test_Enroll_WhenNew() external {
        bytes32 before = setHash(1);
        enroll(4);
        assertSeat(4, IValidatorSets.State.Waiting, 0, 0);
        sets.advance(10);
        rollToEpoch(1);
        assertEq(setHash(2), before, "without stake it is nowhere");
        assertEq(sets.forming().waiting, 0);
    }

    function test_RevertIf_EnrolledTwice() external {
        bytes memory point = pointOf(4);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.AlreadyEnrolled.selector, nameOf(0)));
        sets.enroll(nameOf(0), keyOf(4), point, recipientOf(4));
        remove(0);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.AlreadyEnrolled.selector, nameOf(0)));
        sets.enroll(nameOf(0), keyOf(4), point, recipientOf(4));
    }

    function test_RevertIf_TheNameIsZero() external {
        bytes memory point = pointOf(4);
        vm.expectRevert(IValidatorSets.ZeroAddress.selector);
        sets.enroll(address(0), keyOf(4), point, recipientOf(4));
    }

    function test_RevertIf_TheAttestationKeyHasAnotherLength() external {
        bytes memory point = bytes.concat(pointOf(4), hex"00");
        vm.expectRevert(abi.encodeWithSelector(Bls12381.PointLength.selector, 129));
        sets.enroll(nameOf(4), keyOf(4), point, recipientOf(4));
    }

    /// @dev Otherwise its sum would fail, and the validator could never leave.
    function test_RevertIf_TheAttestationKeyIsNoPointOfTheCurve() external {
        bytes memory point = pointOf(4);
        point[127] ^= 0x01;
        vm.expectRevert(Bls12381.PointRefused.selector);
        sets.enroll(nameOf(4), keyOf(4), point, recipientOf(4));
    }

    function test_RevertIf_AnotherThanTheRegistryCalls() external {
        bytes memory point = pointOf(4);
        vm.startPrank(address(0xBAD));
        bytes memory refusal = abi.encodeWithSelector(IValidatorSets.NotRegistry.selector, address(0xBAD));
        vm.expectRevert(refusal);
        sets.enroll(nameOf(4), keyOf(4), point, recipientOf(4));
        vm.expectRevert(refusal);
        sets.setKeys(nameOf(0), keyOf(4), point);
        vm.expectRevert(refusal);
        sets.setFeeRecipient(nameOf(0), recipientOf(4));
    }

    function test_SetKeys_WhenAMember() external {
        bytes32 before = setHash(1);
        bytes memory sumBefore = sets.attestationKeySum(1);
        bytes memory point = pointOf(77);
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(2, 1, nameOf(1), keyOf(77), 270, recipientOf(1));
        sets.setKeys(nameOf(1), keyOf(77), point);
        rollToEpoch(1);

        assertEq(setHash(1), before, "C31: a fixed set keeps its keys");
        assertEq(sets.attestationKeySum(1), sumBefore);
        (, bytes32 consensusKey, bytes memory attestationKey,) = sets.memberOf(1, 1);
        assertEq(consensusKey, keyOf(1));
        assertEq(attestationKey, pointOf(1));

        (, consensusKey, attestationKey,) = sets.memberOf(2, 1);
        assertEq(consensusKey, keyOf(77));
        assertEq(attestationKey, point);
        assertEq(sets.attestationKeySum(2), sumOf(sets.setOf(2), 2), "C35");
    }

    function test_SetKeys_WhenTheAttestationKeyStays() external {
        bytes memory point = pointOf(1);
        sets.setKeys(nameOf(1), keyOf(77), point);
        rollToEpoch(1);
        (, bytes32 consensusKey, bytes memory attestationKey,) = sets.memberOf(2, 1);
        assertEq(consensusKey, keyOf(77));
        assertEq(attestationKey, point);
        assertEq(sets.attestationKeySum(2), sets.attestationKeySum(1));
    }

    function test_SetKeys_WhenItWaits() external {
        parameters.set(defaultValues());
        enroll(4);
        sets.setKeys(nameOf(4), keyOf(77), pointOf(77));
        raise(4, 50);
        rollToEpoch(1);
        (address validator, bytes32 consensusKey, bytes memory attestationKey, uint64 power_) = sets.memberOf(2, 4);
        assertEq(validator, nameOf(4));
        assertEq(consensusKey, keyOf(77));
        assertEq(attestationKey, pointOf(77));
        assertEq(power_, 50);
    }

    function test_SetFeeRecipient_WhenAMember() external {
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(2, 1, nameOf(1), keyOf(1), 270, address(0xFEE));
        sets.setFeeRecipient(nameOf(1), address(0xFEE));
        rollToEpoch(1);
        assertEq(sets.setOf(1)[1].feeRecipient, recipientOf(1));
        assertEq(sets.setOf(2)[1].feeRecipient, address(0xFEE));
        assertEq(sets.setOf(2)[1].consensusKey, keyOf(1));
        assertEq(sets.attestationKeySum(2), sets.attestationKeySum(1));
    }

    function test_SetFeeRecipient_WhenItWaits() external {
        enroll(4);
        sets.setFeeRecipient(nameOf(4), address(0xFEE));
        raise(4, 50);
        rollToEpoch(1);
        assertEq(sets.setOf(2)[4].feeRecipient, address(0xFEE));
    }

    function test_RevertIf_TheValidatorIsUnknown() external {
        bytes memory point = pointOf(4);
        bytes memory refusal = abi.encodeWithSelector(IValidatorSets.NotEnrolled.selector, nameOf(4));
        vm.expectRevert(refusal);
        sets.setKeys(nameOf(4), keyOf(4), point);
        vm.expectRevert(refusal);
        sets.setFeeRecipient(nameOf(4), recipientOf(4));
    }

    function test_RevertIf_TheValidatorWasRemoved() external {
        remove(0);
        bytes memory point = pointOf(4);
        bytes memory refusal = abi.encodeWithSelector(IValidatorSets.ValidatorRemoved.selector, nameOf(0));
        vm.expectRevert(refusal);
        sets.setKeys(nameOf(0), keyOf(4), point);
        vm.expectRevert(refusal);
        sets.setFeeRecipient(nameOf(0), recipientOf(4));
    }

    function testFuzz_PackedPoint_KeepsEveryPoint(uint256 scalar) external view {
        bytes memory point = pointOf(bound(scalar, 0, type(uint256).max - 1));
        assertEq(PackedPoint.unpack(PackedPoint.pack(point)), point);
        bytes memory infinity = Bls12381.infinity();
        assertEq(PackedPoint.unpack(PackedPoint.pack(infinity)), infinity);
    }

    function test_RevertIf_APaddingIsNotZero() external {
        bytes memory point = pointOf(4);
        point[0] = 0x01;
        vm.expectRevert(abi.encodeWithSelector(PackedPoint.NotPackable.selector, point));
        this.pack(point);
        point[0] = 0;
        point[79] = 0x01;
        vm.expectRevert(abi.encodeWithSelector(PackedPoint.NotPackable.selector, point));
        this.pack(point);
        bytes memory short = new bytes(127);
        vm.expectRevert(abi.encodeWithSelector(PackedPoint.NotPackable.selector, short));
        this.pack(short);
    }

    function pack(bytes memory point) external pure returns (PackedPoint.Point memory) {
        return PackedPoint.pack(point);
    }
}
