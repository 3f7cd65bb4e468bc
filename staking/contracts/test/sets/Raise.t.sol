// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev Rising and entering: raise (C36, C37, C39, C42, C43). Each epoch gives 12.5% of the power at its beginning.
contract RaiseTest is SetsFixture {
    function test_Raise_WhenTheBudgetSuffices() external {
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(2, 1, nameOf(1), keyOf(1), 370, recipientOf(1));
        raise(1, 370);
        assertSeat(1, IValidatorSets.State.Active, 370, 370);
        assertEq(sets.forming().entryLeft, 25);
        assertEq(sets.powerOf(nameOf(1), 1), 270, "C31");
        rollToEpoch(1);
        assertEq(sets.powerOf(nameOf(1), 2), 370);
    }

    function test_Raise_WhenTheBudgetIsUsedUp() external {
        raise(1, 600);
        assertSeat(1, IValidatorSets.State.Active, 395, 600);
        assertEq(seat(1).pendingUp, 205);
        nextEpoch();
        // C37: 12.5% of 1125, rounded down.
        assertSeat(1, IValidatorSets.State.Active, 535, 600);
        nextEpoch();
        assertSeat(1, IValidatorSets.State.Active, 600, 600);
        assertEq(seat(1).pendingUp, 0);
    }

    function test_Raise_WhenNothingChanges() external {
        bytes20 before = sets.changeHashOf(1);
        raise(1, 270);
        rollToEpoch(1);
        assertEq(sets.changeHashOf(2), before);
    }

    /// @dev C39: first come, first served.
    function test_Raise_WhenOthersCameBefore() external {
        raise(1, 370);
        raise(2, 330);
        raise(3, 210);
        assertPowers(300, 370, 255, 200);
        nextEpoch();
        assertPowers(300, 370, 330, 210);
    }

    /// @dev C39: who adds to an increase that has begun gets its old share now and the rest behind the others.
    function test_Raise_WhenTheOwnIncreaseWaits() external {
        raise(1, 470);
        raise(2, 330);
        raise(1, 1000);
        assertPowers(300, 395, 230, 200);
        nextEpoch();
        // 140: the 75 that it had in line before, then the 65 that fit of the other's 100.
        assertPowers(300, 470, 295, 200);
        nextEpoch();
        assertEq(power(2), 330);
        assertEq(power(1), 470 + 158 - 35, "the rest only now");
    }

    function test_Raise_WhenItWaitsAndTheBudgetSuffices() external {
        enroll(4);
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(2, 4, nameOf(4), keyOf(4), 100, recipientOf(4));
        raise(4, 100);
        assertSeat(4, IValidatorSets.State.Active, 100, 100);
        assertEq(sets.powerOf(nameOf(4), 1), 0);
        rollToEpoch(1);
        assertEq(sets.powerOf(nameOf(4), 2), 100);
        assertEq(sets.attestationKeySum(2), sumOf(sets.setOf(2), 2));
    }

    /// @dev C42: with all that an epoch can give, and the rest in line.
    function test_Raise_WhenItWaitsAndIsLargerThanAnyBudget() external {
        join(4, 300);
        assertSeat(4, IValidatorSets.State.Active, 125, 300);
        assertEq(seat(4).pendingUp, 175);
        nextEpoch();
        assertSeat(4, IValidatorSets.State.Active, 265, 300);
    }

    /// @dev C42: a part of a budget that was touched is too little to enter with.
    function test_Raise_WhenItWaitsAndTheBudgetWasTouched() external {
        raise(0, 301);
        join(4, 125);
        assertSeat(4, IValidatorSets.State.Waiting, 0, 125);
        nextEpoch();
        assertSeat(4, IValidatorSets.State.Active, 125, 125);
    }

    function test_Raise_WhenItIsBelowTheMinimum() external {
        join(4, 9);
        assertSeat(4, IValidatorSets.State.Waiting, 0, 9);
        raise(4, 10);
        assertSeat(4, IValidatorSets.State.Active, 10, 10);
    }

    /// @dev C42: the largest first, of equal ones the first.
    function test_Raise_WhenSeveralWait() external {
        raise(0, 425);
        join(4, 50);
        join(5, 60);
        join(6, 60);
        assertEq(sets.forming().waiting, 3);
        nextEpoch();
        assertEq(seat(5).place, 4);
        assertEq(seat(6).place, 5);
        assertSeat(4, IValidatorSets.State.Waiting, 0, 50);
        nextEpoch();
        assertEq(seat(4).place, 6);
    }

    /// @dev C32: a place that was left is free at once, and the lowest one is taken.
    function test_Raise_WhenALowerPlaceIsFree() external {
        remove(1);
        join(4, 50);
        assertEq(seat(4).place, 1);
    }

    /// @dev C43: members whose power never ceases to rise keep nobody out, and those who enter keep nobody down.
    function test_Raise_WhenBothRiseAndEnter() external {
        raise(0, 10_000);
        for (uint256 i = 4; i < 12; ++i) {
            join(i, 10_000);
        }
        for (uint64 epoch = 1; epoch < 9; ++epoch) {
            uint64 before = power(0);
            uint256 waiting = sets.forming().waiting;
            nextEpoch();
            if (epoch % 2 == 0) {
                assertEq(sets.forming().waiting, waiting - 1, "one enters");
                assertEq(power(0), before);
            } else {
                assertEq(sets.forming().waiting, waiting, "nobody enters");
                assertGt(power(0), before);
            }
        }
    }

    /// @dev The cap was lowered, and then stake was added: the power falls, like any other, by a ticket.
    function test_Raise_WhenTheTargetIsLower() external {
        raise(0, 280);
        assertSeat(0, IValidatorSets.State.Active, 280, 280);
        assertEq(sets.servedUntil(1), 2);
    }

    function test_Raise_WhenOneUnitIsMoreThanTheBound() external {
        IStakingParameters.Values memory values = defaultValues();
        values.entryBound = 1;
        parameters.set(values);
        rollToEpoch(1);
        raise(0, 303);
        assertEq(power(0), 301, "C37: at least one unit an epoch");
    }

    function test_RevertIf_NotEnrolled() external {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NotEnrolled.selector, nameOf(9)));
        raise(9, 100);
    }

    function test_RevertIf_Removed() external {
        remove(0);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.ValidatorRemoved.selector, nameOf(0)));
        raise(0, 500);
    }
}
