// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RewardsFixture} from "./RewardsFixture.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

contract BringTest is RewardsFixture {
    /// @dev C131, C134, C139: the pot by points, first the commission, the rest for the stake.
    function test_Bring_WhenTheLeafIsInTheRoot() external {
        vm.prank(operatorOf(A));
        rewards.setCommission(A, 500);
        (IRewards.Leaf memory a, IRewards.Leaf memory b) = (leafOf(A, 0, A_POINTS), leafOf(B, 0, B_POINTS / 2));
        attestPair(a, b);
        assertEq(rewards.allocated(), 650e18);
        vm.expectEmit(address(rewards));
        emit IRewards.LeafBrought(0, A, A_POINTS, DUTIES, DUTIES, 300e18, 0);
        rewards.bring(a, beside(b));
        assertEq(rewards.standingOf(A).owed, 300e18, "period 0 began before the commission held");
        assertEq(rewards.standingOf(A).nextPeriod, 1);
        assertEq(rewards.periodOf(0).broughtPoints, A_POINTS);
        rewards.bring(b, beside(a));
        assertEq(rewards.standingOf(B).owed, 350e18);
        assertEq(rewards.allocated(), 650e18);

        a = leafOf(A, 1, A_POINTS);
        attest(1, rewards.leafHash(a), A_POINTS);
        vm.expectEmit(address(rewards));
        emit IRewards.LeafBrought(1, A, A_POINTS, DUTIES, DUTIES, 285e18, 15e18);
        rewards.bring(a, new bytes32[](0));
        assertEq(rewards.standingOf(A).owed, 585e18);
        assertEq(rewards.standingOf(A).commission, 15e18);
    }

    /// @dev C133: leaves of one validator are brought in in order, whatever others do and however late.
    function test_Bring_WhenLeavesWereLeftOut() external {
        earn(A, 0, A_POINTS);
        attest(1, 0, 0);
        attest(2, 0, 0);
        earn(B, 3, B_POINTS);
        IRewards.Leaf memory leaf = leafOf(A, 4, A_POINTS);
        assertEq(leaf.previousPeriodPlusOne, 1);
        earn(leaf);
        assertEq(rewards.standingOf(A).nextPeriod, 5);
    }

    /// @dev C134: without stake that counted, the reward is nobody's again, but not the commission.
    function test_Bring_WhenNoStakeCounted() external {
        vm.prank(operatorOf(A));
        rewards.setCommission(A, 500);
        stakes.change(A, ANN, 0);
        stakes.change(A, BEN, 0);
        endPeriod(0);
        attest(0, 0, 0);
        IRewards.Leaf memory leaf = leafOf(A, 1, A_POINTS);
        attest(1, rewards.leafHash(leaf), A_POINTS);
        assertEq(rewards.allocated(), 300e18);
        vm.expectEmit(address(rewards));
        emit IRewards.LeafBrought(1, A, A_POINTS, DUTIES, DUTIES, 0, 15e18);
        rewards.bring(leaf, new bytes32[](0));
        assertEq(rewards.allocated(), 15e18);
        assertEq(rewards.free(), 1_000_000e18 - 15e18);
        assertEq(rewards.standingOf(A).owed, 0);
    }

    /// @dev C132: by the power of each epoch of the period.
    function test_Bring_WhenThePowerChanges() external {
        sets.setPower(A, 1, 3, 5);
        earn(A, 0, 70e6);
        IRewards.Leaf memory leaf = leafOf(A, 1, 120e6 + 1);
        attest(1, rewards.leafHash(leaf), leaf.points);
        vm.expectRevert(abi.encodeWithSelector(IRewards.TooManyPoints.selector, A, 120e6 + 1, 120e6));
        rewards.bring(leaf, new bytes32[](0));
    }

    /// @dev C132: also a dishonest quorum gives nobody what others could have earned.
    function test_RevertWhen_AQuorumGivesOneTheOthersPoints() external {
        IRewards.Leaf memory leaf = leafOf(A, 0, MAX_POINTS);
        attest(0, rewards.leafHash(leaf), MAX_POINTS);
        vm.expectRevert(abi.encodeWithSelector(IRewards.TooManyPoints.selector, A, MAX_POINTS, A_POINTS));
        rewards.bring(leaf, new bytes32[](0));
        leaf.validator = CAT;
        leaf.points = 1;
        attest(1, 0, 0);
        leaf.period = 2;
        attest(2, rewards.leafHash(leaf), 1);
        vm.expectRevert(abi.encodeWithSelector(IRewards.TooManyPoints.selector, CAT, 1, 0));
        rewards.bring(leaf, new bytes32[](0));
    }

    /// @dev C130: leaves that together have more points than were attested.
    function test_RevertWhen_LeavesHaveMoreThanTheTotal() external {
        (IRewards.Leaf memory a, IRewards.Leaf memory b) = (leafOf(A, 0, 10e6), leafOf(B, 0, 20e6));
        bytes32 root = pairHash(rewards.leafHash(a), rewards.leafHash(b));
        attest(0, root, 29e6);
        rewards.bring(a, beside(b));
        bytes32[] memory proof = beside(a);
        vm.expectRevert(abi.encodeWithSelector(IRewards.MorePointsThanAttested.selector, 0, 20e6, 19e6));
        rewards.bring(b, proof);
    }

    /// @dev C131.
    function test_RevertWhen_ThePeriodIsNotAttested() external {
        IRewards.Leaf memory leaf = leafOf(A, 0, A_POINTS);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotAttested.selector, 0, 0));
        rewards.bring(leaf, new bytes32[](0));
        leaf.period = type(uint64).max;
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotAttested.selector, type(uint64).max, 0));
        rewards.bring(leaf, new bytes32[](0));
    }

    /// @dev C133.
    function test_RevertWhen_ItWasBroughtBefore() external {
        IRewards.Leaf memory leaf = leafOf(A, 0, A_POINTS);
        earn(leaf);
        vm.expectRevert(abi.encodeWithSelector(IRewards.AlreadyBrought.selector, A, 0, 1));
        rewards.bring(leaf, new bytes32[](0));
        attest(1, 0, 0);
        earn(A, 2, A_POINTS);
        vm.expectRevert(abi.encodeWithSelector(IRewards.AlreadyBrought.selector, A, 0, 3));
        rewards.bring(leaf, new bytes32[](0));
    }

    /// @dev C133.
    function test_RevertWhen_AnEarlierOneIsToCome() external {
        IRewards.Leaf memory first = leafOf(A, 0, A_POINTS);
        attest(0, rewards.leafHash(first), A_POINTS);
        IRewards.Leaf memory second = leafOf(A, 1, A_POINTS);
        second.previousPeriodPlusOne = 1;
        attest(1, rewards.leafHash(second), A_POINTS);
        vm.expectRevert(abi.encodeWithSelector(IRewards.WrongPrevious.selector, A, 1, 0));
        rewards.bring(second, new bytes32[](0));
        rewards.bring(first, new bytes32[](0));
        rewards.bring(second, new bytes32[](0));
    }

    /// @dev C131: whatever differs from what is attested, and an inner node for a leaf.
    function test_RevertWhen_TheLeafIsNotInTheRoot() external {
        (IRewards.Leaf memory a, IRewards.Leaf memory b) = (leafOf(A, 0, A_POINTS), leafOf(B, 0, B_POINTS));
        attestPair(a, b);
        notInRoot(a, new bytes32[](0));
        notInRoot(a, beside(a));
        bytes32[] memory long = new bytes32[](2);
        (long[0], long[1]) = (rewards.leafHash(b), 0);
        notInRoot(a, long);
        a.points -= 1;
        notInRoot(a, beside(b));
        a.points += 1;
        a.done -= 1;
        notInRoot(a, beside(b));
        a.done += 1;
        a.duties += 1;
        notInRoot(a, beside(b));
        a.duties -= 1;
        a.validator = CAT;
        notInRoot(a, beside(b));
        a.validator = A;
        a.previousPeriodPlusOne = 1;
        notInRoot(a, beside(b));
        a.previousPeriodPlusOne = 0;
        attest(1, 0, 0);
        a.period = 1;
        notInRoot(a, beside(b));
        a.period = 0;
        rewards.bring(a, beside(b));
    }

    /// @dev C131.
    function test_RevertWhen_MoreWasDoneThanThereWas() external {
        IRewards.Leaf memory leaf = leafOf(A, 0, A_POINTS);
        leaf.done = DUTIES + 1;
        attest(0, rewards.leafHash(leaf), A_POINTS);
        vm.expectRevert(abi.encodeWithSelector(IRewards.MoreDoneThanDuties.selector, DUTIES + 1, DUTIES));
        rewards.bring(leaf, new bytes32[](0));
    }

    function notInRoot(IRewards.Leaf memory leaf, bytes32[] memory proof) private {
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotInRoot.selector, leaf.period, rewards.leafHash(leaf)));
        rewards.bring(leaf, proof);
    }
}
