// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Fixture} from "../Fixture.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

contract LeaveTest is Fixture {
    function test_RevertGiven_TheValidatorNeverRegistered() external {
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.NotRegistered.selector, operatorOf(4)));
        vm.prank(operatorOf(4));
        staking.leave(operatorOf(4));
    }

    /// @dev C9.
    function test_RevertWhen_TheCallerIsNeitherOperatorNorWithdrawalAccount() external {
        address[3] memory callers = [address(0xE0000), submitterOf(1), operatorOf(0)];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRotaStaking.NotOwner.selector, operatorOf(1), callers[i]));
            vm.prank(callers[i]);
            staking.leave(operatorOf(1));
        }
    }

    function test_RevertGiven_TheValidatorHasLeft() external {
        leave(1);
        rollToEpoch(1);
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.AlreadyLeft.selector, operatorOf(1), 2 + DELAY));
        vm.prank(operatorOf(1));
        staking.leave(operatorOf(1));
    }

    /// @dev C7.
    function test_RevertGiven_ItIsTheLastValidator() external {
        leave(0);
        leave(1);
        leave(3);
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.LastValidator.selector, operatorOf(2)));
        vm.prank(operatorOf(2));
        staking.leave(operatorOf(2));

        register(4, 1 ether);
        leave(2);
        rollToEpoch(2);
        assertEq(staking.setOf(2).length, 1);
        assertMember(staking.setOf(2)[0], 0, 4, 1e9);
    }

    /// @dev C9.
    function test_ItLetsTheWithdrawalAccountBeginTheExit() external {
        vm.prank(withdrawalOf(1));
        staking.leave(operatorOf(1));
        assertEq(staking.validatorOf(operatorOf(1)).withdrawableEpoch, 2 + DELAY);
    }

    /// @dev C2, C10.
    function test_ItAnnouncesTheEpochAfterNext() external {
        rollToEpoch(7);
        vm.expectEmit(address(staking));
        emit IRotaStaking.Left(operatorOf(1), 9 + DELAY);
        expectChange(9, 1, 1, 0);
        leave(1);
    }

    /// @dev C2, C8.
    function test_ItKeepsTheValidatorInTheSetsOfThisEpochAndTheNext() external {
        rollToEpoch(7);
        leave(1);
        assertEq(staking.powerOf(operatorOf(1), 7), 27e9);
        assertEq(staking.powerOf(operatorOf(1), 8), 27e9);
        rollToEpoch(8);
        assertEq(staking.setOf(8).length, 4);
        assertEq(staking.setOf(9).length, 3);
        assertEq(staking.powerOf(operatorOf(1), 9), 0);
    }

    function test_ItTakesARegistrationOfTheSameEpochBackBeforeItServed() external {
        register(4, 1 ether);
        leave(4);
        for (uint64 epoch = 0; epoch < 5; ++epoch) {
            rollToEpoch(epoch);
            assertEq(staking.powerOf(operatorOf(4), epoch), 0);
            assertEq(staking.setOf(epoch).length, 4);
        }
    }
}
