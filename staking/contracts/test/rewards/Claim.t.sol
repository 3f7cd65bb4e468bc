// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RewardsFixture} from "./RewardsFixture.sol";
import {StakesForRewards} from "./Mocks.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

contract ClaimTest is RewardsFixture {
    /// @dev C135: by stake and epochs that it counted, whoever makes the account be paid.
    function test_Claim_WhenAPeriodIsAccountedFor() external {
        earn(A, 0, A_POINTS);
        assertEq(rewards.claimable(A, ANN), 180e18);
        vm.expectEmit(address(rewards));
        emit IRewards.Claimed(A, ANN, 180e18);
        vm.prank(CAT);
        assertEq(rewards.claim(A, ANN), 180e18);
        assertEq(token.balanceOf(ANN), 180e18);
        assertEq(rewards.allocated(), 120e18);
        assertEq(stakes.rewardReserve(), 1_000_000e18 - 180e18);
        assertEq(rewards.standingOf(A).owed, 120e18);
        rewards.claim(A, BEN);
        assertEq(token.balanceOf(BEN), 120e18);
        assertEq(rewards.allocated(), 0);
    }

    /// @dev C136: once.
    function test_Claim_WhenItWasPaid() external {
        earn(A, 0, A_POINTS);
        rewards.claim(A, ANN);
        assertEq(rewards.claimable(A, ANN), 0);
        assertEq(rewards.claim(A, ANN), 0);
        earn(A, 1, A_POINTS);
        assertEq(rewards.claim(A, ANN), 180e18);
        assertEq(token.balanceOf(ANN), 360e18);
    }

    /// @dev C135: for a hundred periods, a few of them without a leaf, it costs hardly more than for one.
    function test_Claim_WhenThereAreManyPeriods() external {
        uint256 sum = 0;
        for (uint64 period = 0; period < 99; ++period) {
            if (period % 7 == 3) {
                attest(period, 0, 0);
                continue;
            }
            earn(A, period, 1e6 * (period + 1));
            sum += uint256(period + 1) * 2.5e18;
        }
        uint256 gas = gasleft();
        uint96 amount = rewards.claim(A, ANN);
        assertLt(gas - gasleft(), 150_000);
        assertApproxEqAbs(amount, sum * 6 / 10, 1);
        assertLe(amount, sum * 6 / 10);
        assertEq(rewards.claim(A, ANN), 0);
    }

    /// @dev C135: who comes in the middle of a period has earned in the epochs since only.
    function test_Claim_WhenStakeChangesInAPeriod() external {
        sets.setEpoch(3);
        stakes.change(A, CAT, 100 * TOKEN);
        stakes.change(A, ANN, 20 * TOKEN);
        earn(A, 0, A_POINTS);
        // Epoch 4: 60 and 40. Epochs 5 to 7: 20, 40 and 100.
        earn(A, 1, A_POINTS);
        uint256 stakeEpochs = 100 + 3 * 160;
        assertEq(rewards.claimable(A, ANN), uint256(180e18) + uint256(300e18) * (60 + 3 * 20) / stakeEpochs);
        assertEq(rewards.claimable(A, BEN), uint256(120e18) + uint256(300e18) * (4 * 40) / stakeEpochs);
        assertEq(rewards.claimable(A, CAT), uint256(300e18) * (3 * 100) / stakeEpochs);
    }

    /// @dev C135: a claim in between changes nothing, and what another claims neither.
    function test_Claim_WhenItIsMadeBeforeAnotherPeriod() external {
        sets.setEpoch(3);
        stakes.change(A, ANN, 20 * TOKEN);
        earn(A, 0, A_POINTS);
        uint256 first = rewards.claim(A, ANN);
        earn(A, 1, A_POINTS);
        uint256 before = vm.snapshotState();
        uint96 second = rewards.claim(A, ANN);
        vm.revertToState(before);
        rewards.claim(A, BEN);
        assertEq(rewards.claim(A, ANN), second);
        assertEq(token.balanceOf(ANN), first + second);
    }

    /// @dev C140: what the stakes keep no more is paid as well, once.
    function test_Claim_WhenStretchesAreKept() external {
        // 60 up to epoch 3, then 61 to 68, one each, up to epoch 11; then 0.
        for (uint64 epoch = 2; epoch < 10; ++epoch) {
            sets.setEpoch(epoch);
            stakes.change(A, ANN, uint96(59 + epoch) * TOKEN);
        }
        sets.setEpoch(10);
        stakes.change(A, ANN, 0);
        assertEq(rewards.claimable(A, ANN), 0, "nothing is attested");
        earn(A, 0, A_POINTS);
        assertApproxEqAbs(rewards.claimable(A, ANN), 180e18, 2);
        rewards.claim(A, ANN);
        earn(A, 1, A_POINTS);
        uint256 stakeEpochs = uint256(61 + 62 + 63 + 64) + 4 * 40;
        assertApproxEqAbs(rewards.claimable(A, ANN), uint256(300e18) * (61 + 62 + 63 + 64) / stakeEpochs, 8);
        earn(A, 2, A_POINTS);
        stakeEpochs = uint256(65 + 66 + 67 + 68) + 4 * 40;
        rewards.claim(A, ANN);
        assertApproxEqAbs(
            token.balanceOf(ANN),
            180e18 + uint256(300e18) * 250 / 410 + uint256(300e18) * (65 + 66 + 67 + 68) / stakeEpochs,
            16
        );
        rewards.claim(A, BEN);
        assertLe(token.balanceOf(ANN) + token.balanceOf(BEN), 900e18);
        assertApproxEqAbs(token.balanceOf(ANN) + token.balanceOf(BEN), 900e18, 24);
    }

    /// @dev C140: 16 at a time, none left out and none twice, whatever is accounted for in the meantime.
    function test_Claim_WhenMoreStretchesAreKeptThanOneClaimPays() external {
        changeEachEpoch(2, 42);
        uint256 before = vm.snapshotState();
        for (uint64 period = 0; period < 11; ++period) {
            earn(A, period, A_POINTS);
        }
        uint256 claims = 0;
        while (rewards.claim(A, ANN) != 0) {
            ++claims;
        }
        assertGt(claims, 2);
        uint256 late = token.balanceOf(ANN);
        vm.revertToState(before);
        for (uint64 period = 0; period < 11; ++period) {
            earn(A, period, A_POINTS);
            rewards.claim(A, ANN);
        }
        assertApproxEqAbs(token.balanceOf(ANN), late, 60);
        assertEq(rewards.claim(A, ANN), 0);
    }

    /// @dev C140: stretches that earned nothing do not stand in the way of those that did.
    function test_Claim_WhenTheFirstStretchesEarnedNothing() external {
        changeEachEpoch(2, 42);
        for (uint64 period = 0; period < 9; ++period) {
            attest(period, 0, 0);
        }
        earn(A, 9, A_POINTS);
        uint256 amount = 0;
        for (uint256 i = 0; i < 3; ++i) {
            amount += rewards.claim(A, ANN);
        }
        assertGt(amount, 100e18);
        assertEq(rewards.claim(A, ANN), 0);
    }

    /// @dev C136, C140: of what is kept after a claim only what was not paid.
    function test_KeepStretch_WhenItWasPaid() external {
        earn(A, 0, A_POINTS);
        earn(A, 1, A_POINTS);
        rewards.claim(A, ANN);
        sets.setEpoch(8);
        stakes.change(A, ANN, 0);
        sets.setEpoch(9);
        stakes.change(A, ANN, 1 * TOKEN);
        assertEq(rewards.claimable(A, ANN), 0);
        earn(A, 2, A_POINTS);
        // Epochs 8 and 9: 60 of 100. Epoch 10: 0 of 40. Epoch 11: 1 of 41.
        uint256 stakeEpochs = 100 + 100 + 40 + 41;
        assertApproxEqAbs(rewards.claim(A, ANN), uint256(300e18) * (60 + 60 + 1) / stakeEpochs, 3);
    }

    /// @dev C140.
    function test_KeepStretch_WhenItIsEmpty() external {
        vm.startPrank(address(stakes));
        rewards.keepStretch(A, CAT, 0, 2, 9);
        rewards.keepStretch(A, CAT, 5, 9, 9);
        rewards.keepStretch(A, CAT, 5, 9, 2);
        vm.stopPrank();
        earn(A, 0, A_POINTS);
        assertEq(rewards.claimable(A, CAT), 0);
    }

    /// @dev C140.
    function test_RevertWhen_AnotherThanTheStakesKeepsAStretch() external {
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotStakes.selector, address(this)));
        rewards.keepStretch(A, CAT, 1e18, 2, 4);
    }

    /// @dev C134: whatever the stakes say of one validator's positions, others' earnings stay.
    function test_RevertWhen_MoreIsClaimedThanTheValidatorsStakeEarned() external {
        earn(B, 0, B_POINTS);
        attest(1, 0, 0);
        earn(A, 2, A_POINTS);
        vm.prank(address(stakes));
        rewards.keepStretch(A, CAT, 1000e18, 8, 12);
        vm.expectRevert();
        rewards.claim(A, CAT);
        assertEq(rewards.claim(B, CAT), 700e18);
    }

    /// @dev C137: what was earned is bonded and counts from then on as any other stake.
    function test_Restake_WhenTheAccountAsks() external {
        earn(A, 0, A_POINTS);
        vm.expectEmit(address(rewards));
        emit IRewards.Restaked(A, ANN, 180e18);
        vm.prank(ANN);
        assertEq(rewards.restake(A, ANN), 180e18);
        assertEq(token.balanceOf(ANN), 0);
        assertEq(stakes.positionOf(A, ANN).amount, 240e18);
        assertEq(rewards.allocated(), 120e18);
        assertEq(stakes.rewardReserve(), 1_000_000e18 - 180e18);
        assertEq(rewards.claimable(A, ANN), 0);
        earn(A, 1, A_POINTS);
        // Epochs 4 and 5: 60 of 100. Epochs 6 and 7: 240 of 280.
        assertApproxEqAbs(rewards.claimable(A, ANN), uint256(300e18) * (120 + 480) / 760, 2);
    }

    /// @dev C137: nobody else locks what an account has earned.
    function test_RevertWhen_AnotherRestakes() external {
        earn(A, 0, A_POINTS);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotAccount.selector, ANN, address(this)));
        rewards.restake(A, ANN);
        vm.prank(CAT);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NothingToRestake.selector, A, CAT));
        rewards.restake(A, CAT);
    }

    /// @dev C145: what the stakes refuse does not happen.
    function test_RevertWhen_TheStakesRefuse() external {
        earn(A, 0, A_POINTS);
        stakes.setRefuses(true);
        vm.expectRevert(StakesForRewards.Refused.selector);
        rewards.claim(A, ANN);
        vm.prank(ANN);
        vm.expectRevert(StakesForRewards.Refused.selector);
        rewards.restake(A, ANN);
        stakes.setRefuses(false);
        assertEq(rewards.claim(A, ANN), 180e18);
    }

    function changeEachEpoch(uint64 from, uint64 end) private {
        for (uint64 epoch = from; epoch < end; ++epoch) {
            sets.setEpoch(epoch);
            stakes.change(A, ANN, uint96(60 + epoch % 5) * TOKEN);
        }
    }
}
