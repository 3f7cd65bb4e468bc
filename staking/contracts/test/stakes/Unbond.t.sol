// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {SetsMock} from "./Mocks.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

contract StakesUnbondTest is StakesFixture {
    function test_RevertIf_TheValidatorNeverRegistered() external {
        refusesBoth(4, abi.encodeWithSelector(IStakeManager.NotRegistered.selector, validatorOf(4)));
    }

    /// @dev C75.
    function test_RevertIf_TheValidatorWasSlashed() external {
        slash(0, WAD / 10);
        refusesBoth(0, abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
        settle(0, WAD / 10);
        refusesBoth(0, abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
    }

    /// @dev C69.
    function test_RevertIf_TheValidatorHasExited() external {
        exit(0);
        refusesBoth(0, abi.encodeWithSelector(IStakeManager.Exited.selector, validatorOf(0)));
    }

    /// @dev C69.
    function test_RevertIf_TheCallerIsNeitherOwnerNorOperator() external {
        bytes4 selector = IStakeManager.NotOwnerNorOperator.selector;
        vm.startPrank(validatorOf(1));
        vm.expectRevert(abi.encodeWithSelector(selector, validatorOf(0), validatorOf(1)));
        stakes.unbond(validatorOf(0), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(selector, validatorOf(0), validatorOf(1)));
        stakes.exit(validatorOf(0));
        vm.stopPrank();
    }

    /// @dev C69: the name of a validator gives no right, once it has another operator.
    function test_RevertIf_TheCallerIsAFormerOperator() external {
        registry.setOperator(validatorOf(0), STRANGER);
        vm.prank(validatorOf(0));
        vm.expectRevert(
            abi.encodeWithSelector(IStakeManager.NotOwnerNorOperator.selector, validatorOf(0), validatorOf(0))
        );
        stakes.exit(validatorOf(0));
        vm.prank(STRANGER);
        stakes.exit(validatorOf(0));
    }

    function test_RevertIf_TheAmountIsZero() external {
        vm.prank(validatorOf(0));
        vm.expectRevert(IStakeManager.ZeroAmount.selector);
        stakes.unbond(validatorOf(0), 0);
    }

    /// @dev C69.
    function test_RevertIf_ItLeavesTooLittle() external {
        refusesAmount(29_000 ether + 1);
        refusesAmount(30_000 ether);
        refusesAmount(type(uint128).max);
        unbond(0, 29_000 ether);
        assertEq(stakeOf(0).bonded, MINIMUM);
    }

    /// @dev C69: one that fell below a raised minimum can only exit.
    function test_RevertIf_TheStakeIsBelowARaisedMinimum() external {
        setMinimum(50_000 ether);
        vm.prank(validatorOf(0));
        vm.expectRevert(
            abi.encodeWithSelector(IStakeManager.AmountLeavesTooLittle.selector, 30_000 ether, 1, 50_000 ether)
        );
        stakes.unbond(validatorOf(0), 1);
        exit(0);
        assertEq(stakeOf(0).bonded, 0);
    }

    /// @dev C69.
    function test_Unbond_WhenTheOperatorOrTheOwnerCalls() external {
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.lower, (validatorOf(0), 25_000e9)));
        vm.expectEmit(address(stakes));
        emit IStakeManager.UnbondingBegun(1, validatorOf(0), 5000 ether, 25_000 ether, 1, DELAY);
        vm.prank(withdrawalOf(0));
        assertEq(stakes.unbond(validatorOf(0), 5000 ether), 1);
        assertEq(unbond(0, 5000 ether), 2);

        assertEq(stakes.lastUnbonding(), 2);
        assertEq(stakeOf(0).bonded, 20_000 ether);
        assertEq(stakeOf(0).unbonding, 10_000 ether);
        IStakeManager.Unbonding memory unbonding = stakes.unbondingOf(1);
        assertEq(unbonding.validator, validatorOf(0));
        assertEq(unbonding.amount, 5000 ether);
        assertEq(unbonding.ticket, 1);
        assertBooksBalance();
    }

    /// @dev C69.
    function test_Exit_WhenAllIsWell() external {
        unbond(0, 5000 ether);
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.lower, (validatorOf(0), 0)));
        vm.expectEmit(address(stakes));
        emit IStakeManager.UnbondingBegun(2, validatorOf(0), 25_000 ether, 0, 2, DELAY);
        assertEq(exit(0), 2);
        assertEq(stakeOf(0).bonded, 0);
        assertEq(stakeOf(0).unbonding, 30_000 ether);
        assertBooksBalance();
    }

    /// @dev C69, C72: without a fall of power it is due when a fall of now would be.
    function test_Unbond_WhenNoPowerFalls() external {
        topUp(0, CAP);
        uint64 id = unbond(0, 1 ether);
        assertEq(sets.target(validatorOf(0)), CAP / UNIT);
        (uint64 dueEpoch, uint128 amount) = stakes.dueOf(id);
        assertEq(dueEpoch, 2 + DELAY);
        assertEq(amount, 1 ether);
        assertBooksBalance();
    }

    /// @dev C70: power above a fallen cap stands on all the stake until it has ceased to serve.
    function test_Unbond_WhenPowerAboveAFallenCapStillServes() external {
        sets.setBusy(true);
        setCap(10_000 ether);
        stakes.refresh(validatorOf(0));
        uint64 id = unbond(0, 20_000 ether);
        assertEq(sets.target(validatorOf(0)), 10_000e9, "the cap lowered it all");
        skipEpochs(100);
        (uint64 dueEpoch,) = stakes.dueOf(id);
        assertEq(dueEpoch, type(uint64).max);
        sets.serve(1);
        sets.serve(2);
        (dueEpoch,) = stakes.dueOf(id);
        assertEq(dueEpoch, 102 + DELAY);
    }

    /// @dev C70: cap and stake may change against each other.
    function test_Unbond_WhenTheCapRose() external {
        topUp(0, 170_000 ether);
        setCap(150_000 ether);
        uint64 id = unbond(0, 20_000 ether);
        assertEq(sets.target(validatorOf(0)), 150_000e9);
        (uint64 dueEpoch,) = stakes.dueOf(id);
        assertEq(dueEpoch, 2 + DELAY);
        assertBooksBalance();
    }

    /// @dev C84.
    function testFuzz_Unbond_WhateverTheAmounts(uint128[8] calldata amounts) external {
        for (uint256 i = 0; i < 8; ++i) {
            uint128 most = stakeOf(0).bonded - MINIMUM;
            if (most == 0) break;
            unbond(0, uint128(bound(amounts[i], 1, most)));
            assertBooksBalance();
        }
        exit(0);
        assertEq(stakeOf(0).unbonding, 30_000 ether);
        assertBooksBalance();
    }

    function refusesBoth(uint256 index, bytes memory why) private {
        vm.startPrank(validatorOf(index));
        vm.expectRevert(why);
        stakes.unbond(validatorOf(index), 1 ether);
        vm.expectRevert(why);
        stakes.exit(validatorOf(index));
        vm.stopPrank();
    }

    function refusesAmount(uint128 amount) private {
        vm.prank(validatorOf(0));
        vm.expectRevert(
            abi.encodeWithSelector(IStakeManager.AmountLeavesTooLittle.selector, 30_000 ether, amount, MINIMUM)
        );
        stakes.unbond(validatorOf(0), amount);
    }
}
