// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {SetsMock} from "./Mocks.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

contract StakesTopUpTest is StakesFixture {
    function test_RevertIf_TheValidatorNeverRegistered() external {
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotRegistered.selector, validatorOf(4)));
        stakes.topUp(validatorOf(4), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotRegistered.selector, validatorOf(4)));
        stakes.refresh(validatorOf(4));
    }

    /// @dev C68: nothing enters a pool that was slashed.
    function test_RevertIf_TheValidatorWasSlashed() external {
        slash(0, WAD / 10);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
        stakes.topUp(validatorOf(0), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
        stakes.refresh(validatorOf(0));
        settle(0, WAD / 10);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
        stakes.topUp(validatorOf(0), 1 ether);
    }

    /// @dev C68.
    function test_RevertIf_TheValidatorHasExited() external {
        exit(0);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.Exited.selector, validatorOf(0)));
        stakes.topUp(validatorOf(0), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.Exited.selector, validatorOf(0)));
        stakes.refresh(validatorOf(0));
    }

    function test_RevertIf_TheAmountIsZero() external {
        vm.expectRevert(IStakeManager.ZeroAmount.selector);
        stakes.topUp(validatorOf(0), 0);
    }

    /// @dev C68.
    function test_TopUp_WhenAStrangerPays() external {
        fund(STRANGER, 3 ether);
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.raise, (validatorOf(0), 30_003e9)));
        vm.expectEmit(address(stakes));
        emit IStakeManager.Bonded(validatorOf(0), STRANGER, 3 ether, 30_003 ether);
        vm.prank(STRANGER);
        stakes.topUp(validatorOf(0), 3 ether);
        assertEq(token.balanceOf(STRANGER), 0);
        assertEq(stakeOf(0).bonded, 30_003 ether);
        assertBooksBalance();
    }

    /// @dev C70: less than a unit, or more than the cap, gives no power.
    function test_TopUp_WhenItGivesNoPower() external {
        topUp(0, UNIT - 1);
        topUp(0, 1);
        topUp(0, CAP);
        topUp(0, 1 ether);
        assertEq(sets.target(validatorOf(0)), CAP / UNIT);
        assertBooksBalance();
    }

    /// @dev C68: one that fell below a raised minimum gets nearer to it.
    function test_TopUp_WhenTheStakeIsBelowARaisedMinimum() external {
        setMinimum(50_000 ether);
        topUp(0, 1 ether);
        assertEq(stakeOf(0).bonded, 30_001 ether);
        assertBooksBalance();
    }

    /// @dev C70.
    function test_Refresh_WhenTheCapRoseOrFell() external {
        vm.prank(STRANGER);
        stakes.refresh(validatorOf(0));
        assertEq(sets.target(validatorOf(0)), 30_000e9);

        setCap(10_000 ether);
        stakes.refresh(validatorOf(0));
        assertEq(sets.target(validatorOf(0)), 10_000e9);

        setCap(25_000 ether);
        stakes.refresh(validatorOf(0));
        assertEq(sets.target(validatorOf(0)), 25_000e9);
        assertEq(stakeOf(0).bonded, 30_000 ether);
    }

    /// @dev C70.
    function test_TopUp_WhenTheCapFell() external {
        setCap(10_000 ether);
        topUp(0, 1 ether);
        assertEq(sets.target(validatorOf(0)), 10_000e9);
    }
}
