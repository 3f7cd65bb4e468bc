// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev C49: the sets of epochs 0 and 1.
contract SeedTest is SetsFixture {
    function test_Seed_WhenInEpoch0() external {
        enroll(4);
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(0, 4, nameOf(4), keyOf(4), 500, recipientOf(4));
        sets.seed(nameOf(4), 500);
        assertSeat(4, IValidatorSets.State.Active, 500, 500);
        for (uint64 epoch = 0; epoch < 2; ++epoch) {
            assertEq(sets.setOf(epoch).length, 5);
            (uint128 taken, uint64 total) = sets.totalsOf(epoch);
            assertEq(taken, 31);
            assertEq(total, 1500);
            assertEq(sets.attestationKeySum(epoch), sumOf(sets.setOf(epoch), epoch));
        }
    }

    function test_Seed_WhenAdvancedBefore() external {
        deploy(128);
        assertEq(sets.advance(10), 0, "nothing to do");
        seedFour();
        // C37: whoever calls before the seeds are there does not fix the bounds of an empty set.
        assertEq(sets.forming().entryLeft, 125);
        assertEq(sets.forming().exitLeft, 125);
    }

    function test_RevertIf_Epoch0IsOver() external {
        enroll(4);
        rollToEpoch(1);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SeedingIsOver.selector, 1));
        sets.seed(nameOf(4), 500);
    }

    function test_RevertIf_SomethingHasChanged() external {
        raise(0, 301);
        enroll(4);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.SeedingIsOver.selector, 0));
        sets.seed(nameOf(4), 500);
    }

    function test_RevertIf_NotEnrolled() external {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NotEnrolled.selector, nameOf(4)));
        sets.seed(nameOf(4), 500);
    }

    function test_RevertIf_SeededTwice() external {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.AlreadySeeded.selector, nameOf(0)));
        sets.seed(nameOf(0), 500);
    }

    function test_RevertIf_ThereIsNoPower() external {
        enroll(4);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.ZeroPower.selector, nameOf(4)));
        sets.seed(nameOf(4), 0);
    }

    function test_RevertIf_AllPlacesAreTaken() external {
        deploy(4);
        seedFour();
        enroll(4);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NoFreePlace.selector, 4));
        sets.seed(nameOf(4), 500);
    }

    function test_Seed_WhenAll128PlacesAreTaken() external {
        for (uint256 i = 4; i < 128; ++i) {
            enroll(i);
            sets.seed(nameOf(i), 500);
        }
        assertEq(sets.forming().takenPlaces, type(uint128).max);
        enroll(128);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NoFreePlace.selector, 128));
        sets.seed(nameOf(128), 500);
    }

    function test_RevertIf_AnotherThanTheStakesCalls() external {
        vm.startPrank(address(0xBAD));
        bytes memory refusal = abi.encodeWithSelector(IValidatorSets.NotStakes.selector, address(0xBAD));
        vm.expectRevert(refusal);
        sets.seed(nameOf(0), 1);
        vm.expectRevert(refusal);
        sets.raise(nameOf(0), 1);
        vm.expectRevert(refusal);
        sets.lower(nameOf(0), 1);
        vm.expectRevert(refusal);
        sets.revoke(1, type(uint64).max);
        vm.expectRevert(refusal);
        sets.remove(nameOf(0));
    }
}
