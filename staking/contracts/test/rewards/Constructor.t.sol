// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RewardsFixture} from "./RewardsFixture.sol";
import {Rewards} from "../../src/Rewards.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

contract RewardsConstructorTest is RewardsFixture {
    /// @dev C146.
    function test_Constructor_WhenAllIsWell() external view {
        assertEq(address(rewards.sets()), address(sets));
        assertEq(address(rewards.stakes()), address(stakes));
        assertEq(address(rewards.attestations()), address(attestations));
        assertEq(address(rewards.registry()), wiring.registry);
        assertEq(rewards.governance(), GOVERNANCE);
        assertEq(rewards.periodEpochs(), L);
        assertEq(rewards.maxCommissionBps(), 2500);
        assertEq(rewards.maxCommissionRiseBps(), 500);
        assertEq(rewards.commissionInterval(), 12);
        assertEq(rewards.minimumPerformanceBps(), 5000);
        assertEq(rewards.badPeriods(), 3);
        assertEq(rewards.suspensionEpochs(), 10);
        assertEq(rewards.funder(), FUNDER);
        assertEq(rewards.nextPeriod(), 0);
        assertEq(rewards.allocated(), 0);
    }

    /// @dev C146: each at its bounds and one past them.
    function test_Constructor_BoundsOfEachConstant() external {
        uint256[2][7] memory bounds = [
            [uint256(1), 32],
            [uint256(0), 5000],
            [uint256(1), 5000],
            [uint256(4), 8192],
            [uint256(1), 9000],
            [uint256(1), 64],
            [uint256(2), 8192]
        ];
        for (uint256 index = 0; index < bounds.length; ++index) {
            (uint256 least, uint256 most) = (bounds[index][0], bounds[index][1]);
            deployRewards(with(index, least));
            deployRewards(with(index, most));
            refuses(index, most + 1, least, most);
            if (least != 0) refuses(index, least - 1, least, most);
        }
    }

    /// @dev C144.
    function test_RevertWhen_ThereIsNoFunder() external {
        IRewards.Constants memory some = rewardConstants();
        some.funder = address(0);
        wiring.rewards = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(IRewards.ZeroAddress.selector);
        new Rewards(wiring, some);
    }

    /// @dev C146.
    function test_RevertWhen_ItIsWiredElsewhere() external {
        address self = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IRewards.WiredElsewhere.selector, wiring.rewards, self));
        new Rewards(wiring, rewardConstants());
    }

    function refuses(uint256 index, uint256 value, uint256 least, uint256 most) private {
        IRewards.Constants memory some = with(index, value);
        wiring.rewards = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IRewards.ConstantOutOfRange.selector, index, value, least, most));
        new Rewards(wiring, some);
    }

    /// @dev The constants of the fixture but for one; the interval of commissions holds all periods.
    function with(uint256 index, uint256 value) private pure returns (IRewards.Constants memory some) {
        some = rewardConstants();
        if (index == 0) {
            some.periodEpochs = uint32(value);
            some.commissionInterval = 32;
        }
        if (index == 1) some.maxCommissionBps = uint16(value);
        if (index == 2) some.maxCommissionRiseBps = uint16(value);
        if (index == 3) some.commissionInterval = uint32(value);
        if (index == 4) some.minimumPerformanceBps = uint16(value);
        if (index == 5) some.badPeriods = uint8(value);
        if (index == 6) some.suspensionEpochs = uint32(value);
    }
}
