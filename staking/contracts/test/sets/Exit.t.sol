// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev Leaving: lower to 0 (C40, C41). Two others have to stay, unless the exit waited 8 epochs.
contract ExitTest is SetsFixture {
    function test_Exit_WhenEnoughOthersStay() external {
        bytes memory before = sets.attestationKeySum(1);
        uint64 ticket = lower(3, 0);
        assertSeat(3, IValidatorSets.State.Active, 75, 0);
        rollToEpoch(1);
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(3, 3, nameOf(3), keyOf(3), 0, recipientOf(3));
        sets.advance(1);
        assertSeat(3, IValidatorSets.State.Waiting, 0, 0);
        assertEq(sets.servedUntil(ticket), 3);
        assertEq(sets.powerOf(nameOf(3), 2), 75);
        rollToEpoch(2);
        assertEq(sets.powerOf(nameOf(3), 3), 0);
        assertEq(sets.setOf(3).length, 3);
        assertEq(sets.attestationKeySum(2), before);
        assertEq(sets.attestationKeySum(3), sumOf(sets.setOf(3), 3));
    }

    function test_Exit_WhenTooFewOthersStay() external {
        lower(3, 0);
        uint64 second = lower(2, 0);
        uint64 third = lower(1, 0);
        for (uint64 epoch = 1; epoch < 8; ++epoch) {
            nextEpoch();
            assertEq(power(1), 270, "C40: only one would stay");
        }
        assertEq(sets.servedUntil(second), 6, "C40: the later exit keeps the earlier one from nothing");
        nextEpoch();
        assertLt(power(1), 270, "C40: it has waited long enough");
        for (uint64 i = 0; i < 10; ++i) {
            nextEpoch();
        }
        assertLt(sets.servedUntil(third), STILL);
        assertEq(sets.setOf(sets.currentEpoch() + 1).length, 1);
    }

    /// @dev C40: an exit that waits holds up nobody.
    function test_Exit_WhenOthersStandBehindOneThatWaits() external {
        needAll();
        uint64 waits = lower(0, 0);
        uint64 other = lower(1, 200);
        assertEq(sets.servedUntil(other), 2);
        assertEq(power(0), 300);
        assertEq(sets.servedUntil(waits), STILL);
    }

    /// @dev C40: when it may go, it goes before those that came later.
    function test_Exit_WhenItNeedNotWaitAnyMore() external {
        needAll();
        lower(0, 0);
        lower(1, 145);
        join(4, 100);
        assertEq(power(0), 300, "the budget is used up");
        lower(1, 100);
        nextEpoch();
        assertEq(power(0), 300 - 121, "four others stay");
        assertEq(power(1), 145);
    }

    /// @dev C40: the last member never goes, however long it waits.
    function test_Exit_WhenItIsTheLastMember() external {
        remove(1);
        remove(2);
        remove(3);
        uint64 ticket = lower(0, 0);
        for (uint256 i = 0; i < 20; ++i) {
            nextEpoch();
        }
        assertSeat(0, IValidatorSets.State.Active, 300, 0);
        assertEq(sets.servedUntil(ticket), STILL);

        join(4, 500);
        assertSeat(4, IValidatorSets.State.Active, 37, 500);
        for (uint256 i = 0; i < 20; ++i) {
            nextEpoch();
        }
        assertSeat(0, IValidatorSets.State.Waiting, 0, 0);
        assertLt(sets.servedUntil(ticket), STILL);
        assertEq(sets.setOf(sets.currentEpoch() + 1).length, 1);
    }

    /// @dev C40: not even by a small rest is a set emptied; nor does it fall below the minimum half-way.
    function test_Exit_WhenOthersAreRemovedMeanwhile() external {
        lower(0, 0);
        assertEq(power(0), 175);
        remove(1);
        remove(2);
        nextEpoch();
        assertEq(power(0), 175, "one other stays, two should");
        remove(3);
        for (uint256 i = 0; i < 20; ++i) {
            nextEpoch();
        }
        assertSeat(0, IValidatorSets.State.Active, 175, 0);
    }

    function test_Exit_WhenGovernanceLowersTheMinimumSize() external {
        needAll();
        lower(0, 0);
        assertEq(power(0), 300);
        parameters.set(defaultValues());
        sets.advance(1);
        assertEq(power(0), 175);
    }

    /// @dev A cancelled part makes an exit that waits an ordinary decrease, which need not wait.
    function test_Exit_WhenStakeComesBackMeanwhile() external {
        needAll();
        lower(1, 145);
        uint64 part = lower(0, 290);
        uint64 exit = lower(0, 0);
        nextEpoch();
        assertEq(power(0), 290);
        assertEq(sets.servedUntil(exit), STILL);
        sets.revoke(part, type(uint64).max);
        raise(0, 10);
        assertEq(power(0), 290, "nothing is added while power is to be taken away");
        assertEq(seat(0).pendingUp, 10);
    }

    function test_Exit_WhenItComesBack() external {
        lower(3, 0);
        nextEpoch();
        nextEpoch();
        assertSeat(3, IValidatorSets.State.Waiting, 0, 0);
        join(4, 50);
        assertEq(seat(4).place, 3);
        raise(3, 50);
        assertEq(seat(3).place, 4);
        uint64 epoch = sets.currentEpoch();
        rollToEpoch(epoch + 1);
        assertEq(sets.powerOf(nameOf(3), 2), 75);
        assertEq(sets.powerOf(nameOf(3), epoch + 1), 0);
        assertEq(sets.powerOf(nameOf(3), epoch + 2), 50);
    }

    function needAll() private {
        IStakingParameters.Values memory values = defaultValues();
        values.minimumSize = 4;
        parameters.set(values);
    }
}
