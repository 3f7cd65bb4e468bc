// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev Slashed validators: remove (C45, C46).
contract RemoveTest is SetsFixture {
    function test_Remove_WhenAMember() external {
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(2, 0, nameOf(0), keyOf(0), 0, recipientOf(0));
        remove(0);
        assertSeat(0, IValidatorSets.State.Removed, 0, 0);
        assertEq(sets.forming().exitLeft, 125, "C45: it takes nothing of the budget");
        rollToEpoch(1);
        assertEq(sets.powerOf(nameOf(0), 1), 300);
        assertEq(sets.powerOf(nameOf(0), 2), 0);
        assertEq(sets.attestationKeySum(2), sumOf(sets.setOf(2), 2));
    }

    /// @dev C37: the bounds of an epoch are those of its beginning, whether a removal is the first call or not.
    function test_Remove_WhenItIsTheFirstCallOfAnEpoch() external {
        rollToEpoch(1);
        remove(0);
        assertEq(sets.forming().exitLeft, 125);
        rollToEpoch(2);
        sets.advance(1);
        assertEq(sets.forming().exitLeft, 87);
    }

    function test_Remove_WhenTicketsAreOpen() external {
        uint64 first = lower(0, 100);
        uint64 second = lower(0, 0);
        uint64 other = lower(1, 200);
        remove(0);
        assertEq(sets.servedUntil(first), 2);
        assertEq(sets.servedUntil(second), 2);
        nextEpoch();
        assertEq(sets.servedUntil(first), 2);
        assertEq(power(1), 200);
        assertEq(sets.servedUntil(other), 3);
        assertEq(seat(0).openTickets, 0);
    }

    function test_Remove_WhenAnIncreaseWaits() external {
        raise(0, 500);
        raise(1, 300);
        remove(0);
        nextEpoch();
        assertEq(power(1), 300);
        assertEq(power(0), 0);
    }

    function test_Remove_WhenItWaits() external {
        raise(0, 425);
        join(4, 100);
        join(5, 90);
        remove(4);
        assertSeat(4, IValidatorSets.State.Removed, 0, 0);
        assertEq(sets.forming().waiting, 1);
        nextEpoch();
        assertEq(power(5), 90);
        assertEq(power(4), 0);
    }

    function test_Remove_WhenItHasNoStake() external {
        enroll(4);
        remove(4);
        assertSeat(4, IValidatorSets.State.Removed, 0, 0);
    }

    /// @dev C46: the last member keeps place and power until another has entered.
    function test_Remove_WhenItIsTheLastMember() external {
        uint64 ticket = lower(0, 100);
        remove(1);
        remove(2);
        remove(3);
        remove(0);
        assertSeat(0, IValidatorSets.State.Removed, 175, 0);
        assertEq(sets.servedUntil(ticket), STILL);
        nextEpoch();
        nextEpoch();
        assertSeat(0, IValidatorSets.State.Removed, 175, 0);
        assertEq(sets.setOf(3).length, 1);

        join(4, 100);
        assertSeat(0, IValidatorSets.State.Removed, 0, 0);
        assertSeat(4, IValidatorSets.State.Active, 21, 100);
        assertEq(sets.servedUntil(ticket), 4);
        rollToEpoch(3);
        assertEq(sets.setOf(4).length, 1);
        assertEq(sets.setOf(4)[0].validator, nameOf(4));
        assertEq(sets.attestationKeySum(4), pointOf(4));
        assertEq(sets.forming().members, 1);
        join(5, 20);
        nextEpoch();
        assertEq(sets.forming().members, 2, "it goes once");
    }

    function test_Remove_WhenAllAreRemovedAtOnce() external {
        join(4, 50);
        for (uint256 i = 0; i < 5; ++i) {
            remove(i);
        }
        assertSeat(4, IValidatorSets.State.Removed, 50, 0);
        rollToEpoch(1);
        assertEq(sets.setOf(2).length, 1, "C46: a set is never empty");
    }

    function test_RevertIf_RemovedTwice() external {
        remove(0);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.ValidatorRemoved.selector, nameOf(0)));
        remove(0);
    }

    function test_RevertIf_NotEnrolled() external {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NotEnrolled.selector, nameOf(9)));
        remove(9);
    }
}
