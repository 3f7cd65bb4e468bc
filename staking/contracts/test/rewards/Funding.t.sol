// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RewardsFixture} from "./RewardsFixture.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

contract FundingTest is RewardsFixture {
    /// @dev C129.
    function test_SetRate_WhenTheFunderDoes() external {
        vm.expectEmit(address(rewards));
        emit IRewards.RateSet(5);
        vm.prank(FUNDER);
        rewards.setRate(5);
        assertEq(rewards.ratePerPeriod(), 5);
    }

    /// @dev C129.
    function test_RevertWhen_AnotherSetsTheRate() external {
        vm.prank(GOVERNANCE);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotFunder.selector, GOVERNANCE));
        rewards.setRate(5);
    }

    /// @dev C144.
    function test_SetFunder_WhenGovernanceDoes() external {
        vm.expectEmit(address(rewards));
        emit IRewards.FunderSet(ANN);
        vm.prank(GOVERNANCE);
        rewards.setFunder(ANN);
        assertEq(rewards.funder(), ANN);
        vm.prank(FUNDER);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotFunder.selector, FUNDER));
        rewards.setRate(5);
        vm.prank(ANN);
        rewards.setRate(5);
    }

    /// @dev C144.
    function test_RevertWhen_AnotherSetsTheFunder() external {
        vm.prank(FUNDER);
        vm.expectRevert(abi.encodeWithSelector(IRewards.NotGovernance.selector, FUNDER));
        rewards.setFunder(ANN);
        vm.prank(GOVERNANCE);
        vm.expectRevert(IRewards.ZeroAddress.selector);
        rewards.setFunder(address(0));
    }
}
