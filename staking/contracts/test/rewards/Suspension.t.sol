// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RewardsFixture} from "./RewardsFixture.sol";
import {StakesForRewards} from "./Mocks.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev Below 50 of 100 duties in 3 leaves in a row puts a validator out for 10 epochs.
contract SuspensionTest is RewardsFixture {
    /// @dev C141, C143: it loses no stake and no reward.
    function test_Bring_WhenTooManyPeriodsInARowWereBad() external {
        period(0, 49, 100);
        period(1, 0, 1);
        assertEq(rewards.standingOf(A).badInARow, 2);
        assertEq(stakes.suspensions(), 0);
        IRewards.Leaf memory leaf = IRewards.Leaf(2, A, 2, A_POINTS, 49, 100);
        attest(2, rewards.leafHash(leaf), A_POINTS);
        vm.expectEmit(address(rewards));
        emit IRewards.Suspended(A, 2, 22);
        rewards.bring(leaf, new bytes32[](0));
        assertEq(stakes.suspensions(), 1);
        assertEq(stakes.suspended(0), A);
        assertEq(rewards.mayResumeFrom(A), 22);
        assertEq(rewards.mayResumeFrom(B), 0);
        assertEq(rewards.standingOf(A).badInARow, 0);
        assertEq(rewards.standingOf(A).owed, 900e18);
    }

    /// @dev C141: half is enough; with nothing to do it has neither done well nor badly.
    function test_Bring_WhenABadPeriodIsNotFollowedByOthers() external {
        period(0, 0, 100);
        period(1, 0, 100);
        period(2, 50, 100);
        assertEq(rewards.standingOf(A).badInARow, 0);
        period(3, 0, 100);
        period(4, 0, 0);
        assertEq(rewards.standingOf(A).badInARow, 1);
        attest(5, 0, 0);
        period(6, 0, 100);
        assertEq(stakes.suspensions(), 0);
        period(7, 0, 100);
        assertEq(stakes.suspensions(), 1);
    }

    /// @dev C142: what was missed before it may return counts no more, whether it has returned or not.
    function test_Bring_WhenItWasBadBeforeItsReturn() external {
        suspendIn(2);
        // It may return from epoch 22 on; the last epoch of period 4 is 19, that of period 5 is 23.
        sets.setSeat(A, IValidatorSets.State.Active, 30);
        period(3, 0, 100);
        period(4, 0, 100);
        assertEq(rewards.standingOf(A).badInARow, 0);
        period(5, 0, 100);
        assertEq(rewards.standingOf(A).badInARow, 1);
        period(6, 0, 100);
        assertEq(stakes.suspensions(), 1);
        period(7, 0, 100);
        assertEq(stakes.suspensions(), 2, "again");
        assertEq(rewards.mayResumeFrom(A), 42);
    }

    /// @dev C142: who is out, has left or was slashed is not put out, and its leaves are taken.
    function test_Bring_WhenItHasNoPowerToLose() external {
        suspendIn(2);
        for (uint64 i = 3; i < 12; ++i) {
            period(i, 0, 100);
        }
        assertEq(rewards.standingOf(A).badInARow, 0);
        sets.setSeat(A, IValidatorSets.State.Removed, 30);
        for (uint64 i = 12; i < 16; ++i) {
            period(i, 0, 100);
        }
        assertEq(stakes.suspensions(), 1);
        assertEq(rewards.standingOf(A).nextPeriod, 16);
    }

    /// @dev C143: leaves that were kept back put nobody out; the newest three do.
    function test_Bring_WhenLeavesWereKeptBack() external {
        IRewards.Leaf[6] memory leaves;
        for (uint64 i = 0; i < 6; ++i) {
            leaves[i] = IRewards.Leaf(i, A, i, A_POINTS, 0, 100);
            attest(i, rewards.leafHash(leaves[i]), A_POINTS);
        }
        for (uint64 i = 0; i < 3; ++i) {
            rewards.bring(leaves[i], new bytes32[](0));
        }
        assertEq(stakes.suspensions(), 0, "old");
        assertEq(rewards.standingOf(A).badInARow, 3);
        rewards.bring(leaves[3], new bytes32[](0));
        assertEq(stakes.suspensions(), 1, "one of the newest three");
        assertEq(rewards.mayResumeFrom(A), 34);
    }

    /// @dev C143: nothing is tried and caught, so whoever gives too little gas keeps nobody in.
    function test_RevertWhen_TheStakesRefuse() external {
        period(0, 0, 100);
        period(1, 0, 100);
        IRewards.Leaf memory leaf = leafOf(A, 2, A_POINTS);
        leaf.done = 0;
        attest(2, rewards.leafHash(leaf), A_POINTS);
        stakes.setRefuses(true);
        vm.expectRevert(StakesForRewards.Refused.selector);
        rewards.bring(leaf, new bytes32[](0));
        stakes.setRefuses(false);
        rewards.bring(leaf, new bytes32[](0));
        assertEq(stakes.suspensions(), 1);
    }

    /// @dev C141: numbers at the end of their types.
    function test_Bring_WhenDutiesAreHuge() external {
        period(0, type(uint64).max / 2, type(uint64).max);
        assertEq(rewards.standingOf(A).badInARow, 1);
        period(1, type(uint64).max / 2 + 1, type(uint64).max);
        assertEq(rewards.standingOf(A).badInARow, 0);
    }

    function suspendIn(uint64 last) private {
        for (uint64 i = 0; i <= last; ++i) {
            period(i, 0, 100);
        }
        assertEq(stakes.suspensions(), 1);
    }

    function period(uint64 number, uint64 done, uint64 duties) private {
        IRewards.Leaf memory leaf = leafOf(A, number, A_POINTS);
        (leaf.done, leaf.duties) = (done, duties);
        earn(leaf);
    }
}
