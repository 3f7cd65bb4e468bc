// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RewardsFixture} from "./RewardsFixture.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

contract CommissionTest is RewardsFixture {
    /// @dev C138: from the first period that begins two epochs later or after that.
    function testFuzz_SetCommission_FromWhenItHolds(uint64 epoch) external {
        epoch = epoch % 300;
        sets.setEpoch(epoch);
        uint64 period = (epoch + 2) / L + ((epoch + 2) % L == 0 ? 0 : 1);
        vm.expectEmit(address(rewards));
        emit IRewards.CommissionSet(A, 500, period);
        set(500);
        assertEq(rewards.commissionOf(A, period - 1), 0);
        assertEq(rewards.commissionOf(A, period), 500);
        assertEq(rewards.commissionOf(A, period + 100), 500);
        assertEq(rewards.commissionOf(B, period), 0);
        assertEq(rewards.standingOf(A).nextRiseEpoch, epoch + 12);
    }

    /// @dev C138: a rise an interval, a fall whenever it likes; each period has its own.
    function test_SetCommission_WhenItRisesAndFalls() external {
        set(500);
        sets.setEpoch(12);
        set(1000);
        sets.setEpoch(13);
        set(100);
        sets.setEpoch(22);
        set(50);
        sets.setEpoch(24);
        set(550);
        uint16[9] memory expected = [0, 500, 500, 500, 100, 100, 50, 550, 550];
        for (uint64 period = 0; period < expected.length; ++period) {
            assertEq(rewards.commissionOf(A, period), expected[period], vm.toString(period));
        }
    }

    /// @dev C139: the rate of the period of the leaf, however late that is brought in.
    function test_Bring_WhenTheCommissionChangedSince() external {
        set(500);
        IRewards.Leaf memory leaf = leafOf(A, 1, A_POINTS);
        attest(0, 0, 0);
        attest(1, rewards.leafHash(leaf), A_POINTS);
        sets.setEpoch(40);
        set(1000);
        sets.setEpoch(60);
        rewards.bring(leaf, new bytes32[](0));
        assertEq(rewards.standingOf(A).commission, 15e18);
        assertEq(rewards.standingOf(A).owed, 285e18);
    }

    /// @dev C138: however it is set, no period's commission is higher by more than a rise than the one before, and all
    /// rises together are no more than one for each interval.
    function testFuzz_SetCommission_RisesAreBounded(uint256 seed) external {
        uint64 epoch = 0;
        for (uint256 i = 0; i < 40; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            epoch += uint64(seed % 7);
            sets.setEpoch(epoch);
            vm.prank(operatorOf(A));
            try rewards.setCommission(A, uint16((seed >> 8) % 2600)) {} catch {}
        }
        uint256 sum = 0;
        for (uint64 period = 1; period <= epoch / L + 3; ++period) {
            uint256 rate = rewards.commissionOf(A, period);
            uint256 before = rewards.commissionOf(A, period - 1);
            if (rate > before) {
                assertLe(rate - before, 500);
                sum += rate - before;
            }
        }
        assertLe(sum, uint256(500) * (epoch / 12 + 1));
    }

    /// @dev C139.
    function test_ClaimCommission_WhenThereIsSome() external {
        set(500);
        attest(0, 0, 0);
        earn(A, 1, A_POINTS);
        vm.expectEmit(address(rewards));
        emit IRewards.CommissionClaimed(A, withdrawalOf(A), 15e18);
        assertEq(rewards.claimCommission(A), 15e18);
        assertEq(token.balanceOf(withdrawalOf(A)), 15e18);
        assertEq(rewards.allocated(), 285e18);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NoCommission.selector, A));
        rewards.claimCommission(A);
    }

    /// @dev C138.
    function test_RevertWhen_AnotherThanTheOperatorSets() external {
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotOperator.selector, A, address(this)));
        rewards.setCommission(A, 5);
        vm.prank(operatorOf(B));
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotOperator.selector, A, operatorOf(B)));
        rewards.setCommission(A, 5);
    }

    /// @dev C138.
    function test_RevertWhen_ItIsAboveTheGreatest() external {
        for (uint64 i = 0; i < 5; ++i) {
            sets.setEpoch(12 * i);
            set(uint16(500 * (i + 1)));
        }
        sets.setEpoch(60);
        vm.prank(operatorOf(A));
        vm.expectRevert(abi.encodeWithSelector(IRewards.CommissionTooHigh.selector, 2501, 2500));
        rewards.setCommission(A, 2501);
    }

    /// @dev C138: also from one that does not hold yet.
    function test_RevertWhen_ItRisesByTooMuch() external {
        vm.prank(operatorOf(A));
        vm.expectRevert(abi.encodeWithSelector(IRewards.RiseTooLarge.selector, 501, 500));
        rewards.setCommission(A, 501);
        set(500);
        set(100);
        sets.setEpoch(12);
        vm.prank(operatorOf(A));
        vm.expectRevert(abi.encodeWithSelector(IRewards.RiseTooLarge.selector, 601, 600));
        rewards.setCommission(A, 601);
    }

    /// @dev C138.
    function test_RevertWhen_ItRisesTooSoon() external {
        sets.setEpoch(1);
        set(300);
        sets.setEpoch(12);
        vm.prank(operatorOf(A));
        vm.expectRevert(abi.encodeWithSelector(IRewards.RiseTooSoon.selector, 12, 13));
        rewards.setCommission(A, 301);
        sets.setEpoch(13);
        set(301);
    }

    function set(uint16 commissionBps) private {
        vm.prank(operatorOf(A));
        rewards.setCommission(A, commissionBps);
    }
}
