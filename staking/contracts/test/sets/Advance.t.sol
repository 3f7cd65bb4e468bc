// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev advance, and the steps that other calls do (C47); the views of epochs (C31, C35).
contract AdvanceTest is SetsFixture {
    function test_Advance_WhenThereIsNothingToDo() external {
        assertEq(sets.advance(10), 0);
    }

    function test_Advance_WhenAnyoneCalls() external {
        lower(0, 100);
        rollToEpoch(1);
        vm.prank(address(0xBAD));
        assertEq(sets.advance(10), 1);
        assertEq(power(0), 100);
    }

    function test_Advance_WhenThereIsMoreToDoThanAsked() external {
        lower(0, 175);
        for (uint256 i = 0; i < 5; ++i) {
            lower(0, uint64(174 - i));
        }
        rollToEpoch(1);
        assertEq(sets.advance(2), 2);
        assertEq(seat(0).openTickets, 3);
        assertEq(sets.advance(2), 2);
        assertEq(sets.advance(2), 1);
        assertEq(power(0), 170);
        assertEq(sets.advance(2), 0);
    }

    /// @dev A missed epoch is missed: nothing adds up.
    function test_Advance_WhenEpochsWereSkipped() external {
        lower(0, 0);
        rollToEpoch(5);
        sets.advance(10);
        assertEq(power(0), 175 - 109);
        assertEq(sets.powerOf(nameOf(0), 6), 175);
    }

    /// @dev Changes do at most 8 steps, before and after their own.
    function test_Raise_WhenThereIsMoreToDoThanOneCallDoes() external {
        lower(1, 145);
        for (uint256 i = 0; i < 12; ++i) {
            lower(0, uint64(299 - i));
        }
        rollToEpoch(1);
        raise(2, 240);
        assertEq(seat(0).openTickets, 4, "8 steps before");
        assertEq(power(2), 230, "none left for its own");
        raise(2, 240);
        assertEq(power(2), 240);
    }

    function test_RevertIf_TheSetIsNotFixed() external {
        rollToEpoch(3);
        bytes memory refusal = abi.encodeWithSelector(IValidatorSets.EpochNotFixed.selector, 5, 4);
        vm.expectRevert(refusal);
        sets.setOf(5);
        vm.expectRevert(refusal);
        sets.memberOf(5, 0);
        vm.expectRevert(refusal);
        sets.powerOf(nameOf(0), 5);
        vm.expectRevert(refusal);
        sets.totalsOf(5);
        vm.expectRevert(refusal);
        sets.attestationKeySum(5);
        vm.expectRevert(refusal);
        sets.changeHashOf(5);
    }

    function test_MemberOf_WhenThePlaceIsEmpty() external view {
        (address validator, bytes32 consensusKey, bytes memory attestationKey, uint64 power_) = sets.memberOf(1, 4);
        assertEq(validator, address(0));
        assertEq(consensusKey, 0);
        assertEq(attestationKey, "");
        assertEq(power_, 0);
    }

    function test_RevertIf_ThereIsNoSuchPlace() external {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NoSuchPlace.selector, 128, 128));
        sets.memberOf(1, 128);
    }

    function test_PowerOf_WhenAStranger() external view {
        assertEq(sets.powerOf(nameOf(9), 1), 0);
    }

    function test_ChangeHashOf_WhenOnlyTheSeedsAreThere() external view {
        bytes20 hash = 0;
        uint64[4] memory powers = [uint64(300), 270, 230, 200];
        for (uint8 i = 0; i < 4; ++i) {
            hash = bytes20(keccak256(abi.encode(hash, uint64(0), i, nameOf(i), keyOf(i), powers[i], recipientOf(i))));
        }
        assertEq(sets.changeHashOf(0), hash);
        assertEq(sets.changeHashOf(1), hash);
    }

    function test_AttestationKeySum_WhenThereAreNoSeeds() external {
        deploy(128);
        assertEq(sets.attestationKeySum(0), new bytes(128));
        assertEq(sets.changeHashOf(0), 0);
    }
}
