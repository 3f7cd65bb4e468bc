// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {InboxFixture} from "./InboxFixture.sol";
import {RotaInbox} from "../../src/RotaInbox.sol";
import {IRotaInbox} from "../../src/interfaces/IRotaInbox.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

contract InboxConstructorTest is InboxFixture {
    function test_RevertWhen_AnAddressHasNoCode() external {
        address nobody = address(0xE0000);
        vm.expectRevert(abi.encodeWithSelector(IRotaInbox.NoContract.selector, nobody));
        new RotaInbox(IValidatorRegistry(nobody), IValidatorSets(address(sets)));
        vm.expectRevert(abi.encodeWithSelector(IRotaInbox.NoContract.selector, nobody));
        new RotaInbox(IValidatorRegistry(address(registry)), IValidatorSets(nobody));
    }

    function test_ItNamesTheRegistryAndTheSets() external view {
        assertEq(address(inbox.registry()), address(registry));
        assertEq(address(inbox.sets()), address(sets));
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
