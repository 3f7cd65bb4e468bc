// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Fixture} from "../Fixture.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

contract SetSubmitterTest is Fixture {
    address private constant ANOTHER = address(0xE0000);

    /// @dev C9.
    function test_RevertGiven_TheCallerNeverRegistered() external {
        address[3] memory callers = [ANOTHER, withdrawalOf(1), submitterOf(1)];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IRotaStaking.NotRegistered.selector, callers[i]));
            vm.prank(callers[i]);
            staking.setSubmitter(ANOTHER);
        }
    }

    /// @dev C9.
    function test_ItNamesTheNewSubmitterAtOnce() external {
        vm.expectEmit(address(staking));
        emit IRotaStaking.SubmitterChanged(operatorOf(1), ANOTHER);
        vm.prank(operatorOf(1));
        staking.setSubmitter(ANOTHER);
        assertEq(staking.submitterOf(operatorOf(1)), ANOTHER);
    }

    function test_ItNamesTheOperatorWhenNoneIsGiven() external {
        vm.expectEmit(address(staking));
        emit IRotaStaking.SubmitterChanged(operatorOf(1), operatorOf(1));
        vm.prank(operatorOf(1));
        staking.setSubmitter(address(0));
        assertEq(staking.submitterOf(operatorOf(1)), operatorOf(1));
    }

    function test_ItChangesNoSet() external {
        bytes32 before = setHash(1);
        vm.prank(operatorOf(1));
        staking.setSubmitter(ANOTHER);
        assertEq(setHash(1), before);
        rollToEpoch(2);
        assertEq(setHash(2), before);
    }
}
