// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Errors} from "@openzeppelin/contracts/utils/Errors.sol";

import {Fixture} from "../Fixture.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

/// @dev A withdrawal account that tries to be paid twice.
contract Reentrant {
    IRotaStaking private immutable staking;
    address private immutable validator;

    constructor(IRotaStaking staking_, address validator_) {
        staking = staking_;
        validator = validator_;
    }

    receive() external payable {
        staking.withdraw(validator);
    }
}

contract WithdrawTest is Fixture {
    function test_RevertGiven_TheValidatorNeverRegistered() external {
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.NotRegistered.selector, operatorOf(4)));
        staking.withdraw(operatorOf(4));
    }

    function test_RevertGiven_TheValidatorHasNotLeft() external {
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.NotLeft.selector, operatorOf(1)));
        staking.withdraw(operatorOf(1));
    }

    /// @dev C8.
    function test_RevertGiven_TheDelayIsNotOver() external {
        leave(1);
        uint64 withdrawable = 2 + DELAY;
        vm.roll(firstBlock(withdrawable) - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IRotaStaking.NotWithdrawable.selector, operatorOf(1), withdrawable - 1, withdrawable)
        );
        staking.withdraw(operatorOf(1));

        vm.roll(firstBlock(withdrawable));
        staking.withdraw(operatorOf(1));
    }

    /// @dev C8.
    function test_RevertGiven_TheStakeWasPaidOutBefore() external {
        mature(1);
        staking.withdraw(operatorOf(1));
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.AlreadyWithdrawn.selector, operatorOf(1)));
        staking.withdraw(operatorOf(1));
    }

    function test_RevertWhen_TheWithdrawalAccountRefusesEther() external {
        mature(1);
        vm.etch(withdrawalOf(1), hex"60006000fd");
        vm.expectRevert(Errors.FailedCall.selector);
        staking.withdraw(operatorOf(1));
        assertEq(staking.validatorOf(operatorOf(1)).stakeGwei, 27e9);

        vm.etch(withdrawalOf(1), "");
        staking.withdraw(operatorOf(1));
        assertEq(withdrawalOf(1).balance, 27 ether);
    }

    /// @dev C8.
    function test_RevertWhen_TheWithdrawalAccountCallsBack() external {
        IRotaStaking.Registration memory registration = registrationOf(4);
        registration.withdrawal = address(new Reentrant(staking, operatorOf(4)));
        vm.deal(operatorOf(4), 1 ether);
        vm.prank(operatorOf(4));
        staking.register{value: 1 ether}(registration);
        mature(4);

        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.AlreadyWithdrawn.selector, operatorOf(4)));
        staking.withdraw(operatorOf(4));
        assertEq(address(staking).balance, 101 ether);
    }

    /// @dev C8, C9.
    function test_ItPaysTheWholeStakeToTheWithdrawalAccountWhoeverCalls() external {
        topUp(1, 3 ether);
        mature(1);
        vm.expectEmit(address(staking));
        emit IRotaStaking.Withdrawn(operatorOf(1), withdrawalOf(1), 30 ether);
        vm.prank(address(0xE0000));
        staking.withdraw(operatorOf(1));
        assertEq(withdrawalOf(1).balance, 30 ether);
        assertEq(operatorOf(1).balance, 0);
        assertEq(staking.validatorOf(operatorOf(1)).stakeGwei, 0);
    }

    function test_ItLeavesTheStakesOfOthers() external {
        mature(1);
        staking.withdraw(operatorOf(1));
        assertEq(address(staking).balance, 73 ether);
        assertEq(staking.powerOf(operatorOf(0), staking.currentEpoch()), 30e9);
        assertEq(staking.powerOf(operatorOf(2), staking.currentEpoch()), 23e9);
        assertEq(staking.powerOf(operatorOf(3), staking.currentEpoch()), 20e9);
    }

    function mature(uint256 index) private {
        leave(index);
        rollToEpoch(staking.validatorOf(operatorOf(index)).withdrawableEpoch);
    }
}
