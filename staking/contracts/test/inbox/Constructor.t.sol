// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Fixture} from "../Fixture.sol";
import {RotaInbox} from "../../src/RotaInbox.sol";
import {IRotaInbox} from "../../src/interfaces/IRotaInbox.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

contract InboxConstructorTest is Fixture {
    function test_RevertWhen_TheStakingContractHasNoCode() external {
        vm.expectRevert(abi.encodeWithSelector(IRotaInbox.NoStakingContract.selector, address(0xE0000)));
        new RotaInbox(IRotaStaking(address(0xE0000)));
    }

    function test_ItNamesTheStakingContract() external view {
        assertEq(address(inbox.staking()), address(staking));
    }

    /// @dev C12, C13.
    function test_ItBeginsWithHeightOneAZeroLinkAndItsOwnBlock() external view {
        IRotaInbox.Head memory head = inbox.head();
        assertEq(head.nextHeight, 1);
        assertEq(head.link, 0);
        assertEq(head.appendedAt, START);
        assertEq(inbox.nextHeight(), 1);
        assertEq(inbox.link(), 0);
    }
}
