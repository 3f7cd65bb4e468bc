// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

/// @dev What is held for rewards (C111): 1,000 tokens.
contract StakesRewardsTest is StakesFixture {
    function setUp() public override {
        super.setUp();
        fund(STRANGER, 1000 ether);
        vm.expectEmit(address(stakes));
        emit IDelegation.RewardsFunded(STRANGER, 1000 ether, 1000 ether);
        vm.prank(STRANGER);
        stakes.fundRewards(1000 ether);
    }

    function testFuzz_RevertIf_TheCallerIsNotTheRewards(address caller) external {
        vm.assume(caller != address(neighbours));
        bytes memory refusal = abi.encodeWithSelector(IDelegation.NotRewards.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        stakes.payReward(caller, 1);
        vm.expectRevert(refusal);
        stakes.restakeReward(validatorOf(0), caller, 1 ether);
        vm.stopPrank();
    }

    function test_RevertIf_NothingIsBrought() external {
        vm.expectRevert(IStakeManager.ZeroAmount.selector);
        stakes.fundRewards(0);
    }

    /// @dev C111: never a token of anybody's stake.
    function test_RevertIf_TheReserveIsTooSmall() external {
        bytes4 selector = IDelegation.ReserveTooSmall.selector;
        vm.startPrank(address(neighbours));
        vm.expectRevert(abi.encodeWithSelector(selector, 1000 ether, 1000 ether + 1));
        stakes.payReward(ALICE, 1000 ether + 1);
        vm.expectRevert(abi.encodeWithSelector(selector, 1000 ether, 1001 ether));
        stakes.restakeReward(validatorOf(0), ALICE, 1001 ether);
        stakes.payReward(ALICE, 1000 ether);
        vm.expectRevert(abi.encodeWithSelector(selector, 0, 1));
        stakes.payReward(ALICE, 1);
        vm.stopPrank();
    }

    function test_PayReward() external {
        vm.expectEmit(address(stakes));
        emit IDelegation.RewardPaid(ALICE, address(0), 10 ether);
        vm.prank(address(neighbours));
        stakes.payReward(ALICE, 10 ether);
        assertEq(token.balanceOf(ALICE), 10 ether);
        assertEq(stakes.rewardReserve(), 990 ether);
        assertBooksBalance();
    }

    /// @dev C111: as a delegation, without a transfer.
    function test_RestakeReward_OfADelegator() external {
        vm.expectEmit(address(stakes));
        emit IDelegation.RewardPaid(ALICE, validatorOf(0), 10 ether);
        vm.expectEmit(address(stakes));
        emit IDelegation.Delegated(validatorOf(0), ALICE, 10 ether, 10 ether);
        restake(0, ALICE, 10 ether);
        assertEq(positionOf(0, ALICE), 10 ether);
        assertEq(neighbours.votesOf(ALICE), 10 ether);
        assertEq(stakes.rewardReserve(), 990 ether);
        restake(0, ALICE, 1);
        assertBooksBalance();
    }

    /// @dev C111: the owner's own bond grows.
    function test_RestakeReward_OfTheOwner() external {
        vm.expectEmit(address(stakes));
        emit IStakeManager.Bonded(validatorOf(0), address(neighbours), 10 ether, 30_010 ether);
        restake(0, withdrawalOf(0), 10 ether);
        assertEq(stakeOf(0).own, 30_010 ether);
        assertBooksBalance();
    }

    function test_RevertIf_ThePositionMayNotGrow() external {
        vm.startPrank(address(neighbours));
        vm.expectRevert(abi.encodeWithSelector(IDelegation.DelegationBelowMinimum.selector, 1, 1 ether));
        stakes.restakeReward(validatorOf(0), ALICE, 1);
        vm.stopPrank();
        exit(0);
        vm.startPrank(address(neighbours));
        bytes memory refusal = abi.encodeWithSelector(IStakeManager.Exited.selector, validatorOf(0));
        vm.expectRevert(refusal);
        stakes.restakeReward(validatorOf(0), ALICE, 1 ether);
        vm.expectRevert(refusal);
        stakes.restakeReward(validatorOf(0), withdrawalOf(0), 1 ether);
        vm.stopPrank();
        assertEq(stakes.rewardReserve(), 1000 ether);
    }

    function restake(uint256 index, address account, uint128 amount) private {
        vm.prank(address(neighbours));
        stakes.restakeReward(validatorOf(index), account, amount);
    }
}
