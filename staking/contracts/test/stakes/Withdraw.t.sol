// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

contract StakesWithdrawTest is StakesFixture {
    function test_RevertIf_ThereIsNoSuchUnbonding() external {
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NoSuchUnbonding.selector, 1));
        stakes.withdraw(1);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NoSuchUnbonding.selector, 1));
        stakes.dueOf(1);
    }

    /// @dev C72.
    function test_RevertIf_ItIsNotDue() external {
        skipEpochs(7);
        uint64 id = unbond(0, 5000 ether);
        skipEpochs(1 + DELAY);
        refusesAsNotMatured(id, 9 + DELAY);
        skipEpochs(1);
        stakes.withdraw(id);
    }

    /// @dev C72: the delay begins when the last of its power has ceased to serve.
    function test_RevertIf_ItsPowerStillServes() external {
        sets.setBusy(true);
        uint64 id = exit(0);
        skipEpochs(1000);
        refusesAsNotMatured(id, type(uint64).max);
        sets.serve(1);
        refusesAsNotMatured(id, 1002 + DELAY);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        assertEq(token.balanceOf(withdrawalOf(0)), 30_000 ether);
    }

    /// @dev C72: to raise or lower the delay touches no exit begun.
    function test_Withdraw_WhenTheDelayWasChanged() external {
        uint64 first = unbond(0, 1 ether);
        setDelay(100);
        uint64 second = unbond(0, 1 ether);
        setDelay(10);
        uint64 third = unbond(0, 1 ether);
        assertEq(dueEpochOf(first), 2 + DELAY);
        assertEq(dueEpochOf(second), 102);
        assertEq(dueEpochOf(third), 12);
    }

    /// @dev C72.
    function test_RevertIf_ItWasPaid() external {
        uint64 id = exit(0);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NoSuchUnbonding.selector, id));
        stakes.withdraw(id);
        assertBooksBalance();
    }

    /// @dev C75: until the whole penalty is known nothing leaves, be it due.
    function test_RevertIf_TheValidatorWasSlashedAndNotSettled() external {
        uint64 id = unbond(0, 5000 ether);
        skipEpochs(2 + DELAY);
        slash(0, WAD / 10);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotSettled.selector, validatorOf(0)));
        stakes.withdraw(id);
        settle(0, WAD / 5);
        stakes.withdraw(id);
        assertEq(token.balanceOf(withdrawalOf(0)), 4000 ether);
        assertBooksBalance();
    }

    /// @dev C75: the last member keeps its place until another takes over.
    function test_RevertIf_TheSlashedValidatorStillServes() external {
        uint64 id = unbond(0, 5000 ether);
        slash(0, WAD / 10);
        settle(0, WAD / 10);
        sets.setSeated(validatorOf(0), true);
        skipEpochs(2 + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.StillServing.selector, validatorOf(0), 2 + DELAY));
        stakes.withdraw(id);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.StillServing.selector, validatorOf(0), 2 + DELAY));
        stakes.release(validatorOf(0), withdrawalOf(0));
        sets.setSeated(validatorOf(0), false);
        stakes.withdraw(id);
        stakes.release(validatorOf(0), withdrawalOf(0));
    }

    /// @dev C72: a slash frees no exit from its delay.
    function test_RevertIf_ItIsSettledAndNotDue() external {
        sets.setBusy(true);
        uint64 id = unbond(0, 5000 ether);
        skipEpochs(5);
        slash(0, WAD / 10);
        settle(0, WAD / 10);
        refusesAsNotMatured(id, 7 + DELAY);
    }

    /// @dev C72.
    function test_Withdraw_WhenAnybodyCalls() external {
        uint64 id = unbond(0, 5000 ether);
        skipEpochs(2 + DELAY);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Withdrawn(id, validatorOf(0), withdrawalOf(0), 5000 ether);
        vm.prank(STRANGER);
        stakes.withdraw(id);
        assertEq(token.balanceOf(withdrawalOf(0)), 5000 ether);
        assertEq(token.balanceOf(STRANGER), 0);
        assertEq(stakeOf(0).bonded, 25_000 ether);
        assertEq(stakeOf(0).unbonding, 0);
        assertEq(stakes.totalAssets(), 95_000 ether);
        assertBooksBalance();
    }

    /// @dev C72: in any order.
    function test_Withdraw_WhenALaterOneIsDueFirst() external {
        setDelay(100);
        uint64 first = unbond(0, 1000 ether);
        setDelay(DELAY);
        uint64 second = unbond(0, 2000 ether);
        skipEpochs(2 + DELAY);
        stakes.withdraw(second);
        refusesAsNotMatured(first, 102);
        assertBooksBalance();
    }

    /// @dev C73: a total loss is closed all the same.
    function test_Withdraw_WhenNothingIsLeft() external {
        uint64 id = exit(0);
        slash(0, WAD);
        settle(0, WAD);
        skipEpochs(2 + DELAY);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Withdrawn(id, validatorOf(0), withdrawalOf(0), 0);
        stakes.withdraw(id);
        assertEq(stakeOf(0).unbonding, 0);
        assertBooksBalance();
    }

    function dueEpochOf(uint64 id) private view returns (uint64 dueEpoch) {
        (dueEpoch,) = stakes.dueOf(id);
    }

    function refusesAsNotMatured(uint64 id, uint64 dueEpoch) private {
        uint64 epoch = sets.currentEpoch();
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotMatured.selector, id, epoch, dueEpoch));
        stakes.withdraw(id);
    }
}
