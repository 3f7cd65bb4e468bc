// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Fixture} from "../Fixture.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

contract TopUpTest is Fixture {
    function test_RevertGiven_TheValidatorNeverRegistered() external {
        refuses(4, 1 ether, abi.encodeWithSelector(IRotaStaking.NotRegistered.selector, operatorOf(4)));
    }

    function test_RevertGiven_TheValidatorHasLeft() external {
        leave(1);
        refuses(1, 1 ether, abi.encodeWithSelector(IRotaStaking.AlreadyLeft.selector, operatorOf(1), 2 + DELAY));
    }

    function test_RevertWhen_TheValueIsZero() external {
        refuses(1, 0, abi.encodeWithSelector(IRotaStaking.ZeroAmount.selector));
    }

    function test_RevertWhen_TheValueIsNotWholeGwei() external {
        refuses(1, 1 gwei - 1, abi.encodeWithSelector(IRotaStaking.NotWholeGwei.selector, 1 gwei - 1));
    }

    /// @dev C5.
    function test_RevertWhen_TheSumIsAboveTheMaximum() external {
        uint64 most = type(uint64).max / 128;
        uint256 room = most - 27e9;
        bytes memory reason = abi.encodeWithSelector(IRotaStaking.StakeAboveMaximum.selector, uint256(most) + 1, most);
        refuses(1, (room + 1) * 1 gwei, reason);
        expectChange(2, 1, 1, most);
        topUp(1, room * 1 gwei);
    }

    /// @dev C9.
    function test_ItAddsToTheStakeWhoeverPays() external {
        address stranger = address(0xE0000);
        vm.deal(stranger, 3 ether);
        vm.prank(stranger);
        staking.topUp{value: 3 ether}(operatorOf(1));
        assertEq(staking.validatorOf(operatorOf(1)).stakeGwei, 30e9);
        assertEq(staking.validatorOf(operatorOf(1)).withdrawal, withdrawalOf(1));
        assertEq(address(staking).balance, 103 ether);
    }

    /// @dev C2, C10.
    function test_ItAnnouncesTheWholePowerForTheEpochAfterNext() external {
        rollToEpoch(5);
        expectChange(7, 1, 1, 27e9 + 1);
        topUp(1, 1 gwei);
        assertEq(staking.powerOf(operatorOf(1), 6), 27e9);
        rollToEpoch(6);
        assertEq(staking.powerOf(operatorOf(1), 6), 27e9);
        assertEq(staking.powerOf(operatorOf(1), 7), 27e9 + 1);
    }

    function test_ItCountsSeveralTopUpsOfOneEpochTogether() external {
        topUp(1, 1 ether);
        topUp(1, 2 ether);
        rollToEpoch(2);
        assertEq(staking.powerOf(operatorOf(1), 1), 27e9);
        assertEq(staking.powerOf(operatorOf(1), 2), 30e9);
    }

    function refuses(uint256 index, uint256 amountWei, bytes memory reason) private {
        vm.deal(address(this), amountWei);
        vm.expectRevert(reason);
        staking.topUp{value: amountWei}(operatorOf(index));
    }
}
