// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {InboxFixture} from "./InboxFixture.sol";
import {RotaInbox} from "../../src/RotaInbox.sol";
import {IRotaInbox} from "../../src/interfaces/IRotaInbox.sol";

/// @dev A submitter that is a contract: its payload stands in no transaction's calldata.
contract Relay {
    RotaInbox private immutable inbox;

    constructor(RotaInbox inbox_) {
        inbox = inbox_;
    }

    function append(address validator, IRotaInbox.Entry calldata entry) external {
        inbox.append(validator, entry, abi.encode(block.timestamp));
    }
}

contract AppendTest is InboxFixture {
    bytes private constant PAYLOAD = hex"c0ffee";

    /// @dev C12.
    function test_RevertWhen_TheEntryBeginsBelowTheNextHeight() external {
        append(0, 1, 10);
        bytes memory wholly = abi.encodeWithSelector(IRotaInbox.AlreadyPosted.selector, 1, 11);
        refuses(submitterOf(1), operatorOf(1), entryOf(1, 10), PAYLOAD, wholly);
        bytes memory partly = abi.encodeWithSelector(IRotaInbox.AlreadyPosted.selector, 10, 11);
        refuses(submitterOf(1), operatorOf(1), entryOf(10, 12), PAYLOAD, partly);
        refuses(address(0xE0000), address(0xE0000), entryOf(10, 12), PAYLOAD, partly);
        refuses(
            submitterOf(1),
            operatorOf(1),
            entryOf(0, 12),
            PAYLOAD,
            abi.encodeWithSelector(IRotaInbox.AlreadyPosted.selector, 0, 11)
        );
    }

    /// @dev C12.
    function test_RevertWhen_TheEntryBeginsAboveTheNextHeight() external {
        append(0, 1, 10);
        bytes memory reason = abi.encodeWithSelector(IRotaInbox.HeightGap.selector, 12, 11);
        refuses(submitterOf(1), operatorOf(1), entryOf(12, 12), PAYLOAD, reason);
    }

    function test_RevertWhen_TheEntryEndsBeforeItBegins() external {
        bytes memory reason = abi.encodeWithSelector(IRotaInbox.EmptyRange.selector, 1, 0);
        refuses(submitterOf(0), operatorOf(0), entryOf(1, 0), PAYLOAD, reason);
    }

    /// @dev C16.
    function test_RevertWhen_TheEntryClaimsMoreBatchesThanOnePayloadCanHold() external {
        bytes memory reason = abi.encodeWithSelector(IRotaInbox.TooManyBatches.selector, 4097, 4096);
        refuses(submitterOf(0), operatorOf(0), entryOf(1, 4097), PAYLOAD, reason);
        reason = abi.encodeWithSelector(IRotaInbox.TooManyBatches.selector, type(uint64).max, 4096);
        refuses(submitterOf(0), operatorOf(0), entryOf(1, type(uint64).max), PAYLOAD, reason);
    }

    /// @dev C13.
    function test_RevertWhen_TheParentLinkIsNotTheHeads() external {
        bytes32 link = append(0, 1, 10);
        IRotaInbox.Entry memory entry = entryOf(11, 12);
        entry.parentLink = 0;
        bytes memory reason = abi.encodeWithSelector(IRotaInbox.WrongParent.selector, bytes32(0), link);
        refuses(submitterOf(1), operatorOf(1), entry, PAYLOAD, reason);
    }

    /// @dev C16.
    function test_RevertWhen_ThePayloadIsEmpty() external {
        bytes memory reason = abi.encodeWithSelector(IRotaInbox.EmptyPayload.selector);
        refuses(submitterOf(0), operatorOf(0), entryOf(1, 1), "", reason);
    }

    /// @dev C16.
    function test_RevertWhen_ThePayloadIsTooLarge() external {
        bytes memory reason = abi.encodeWithSelector(IRotaInbox.PayloadTooLarge.selector, 120_001, 120_000);
        refuses(submitterOf(0), operatorOf(0), entryOf(1, 1), new bytes(120_001), reason);
    }

    /// @dev C15.
    function test_RevertWhen_TheCallerIsAContract() external {
        Relay relay = new Relay(inbox);
        registry.setSubmitter(operatorOf(0), address(relay));

        IRotaInbox.Entry memory entry = entryOf(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IRotaInbox.NotTopLevel.selector, address(relay), submitterOf(0)));
        vm.prank(submitterOf(0), submitterOf(0));
        relay.append(operatorOf(0), entry);
    }

    /// @dev C15.
    function test_RevertWhen_TheCallerIsAnAccountThatRunsCode() external {
        // What the account's code calls has the account as caller and as origin.
        Relay relay = new Relay(inbox);
        vm.signAndAttachDelegation(address(relay), 7);
        address account = vm.addr(7);
        registry.setSubmitter(operatorOf(0), account);

        IRotaInbox.Entry memory entry = entryOf(1, 1);
        vm.expectRevert(abi.encodeWithSelector(IRotaInbox.NotTopLevel.selector, account, account));
        vm.prank(account, account);
        Relay(account).append(operatorOf(0), entry);
    }

    /// @dev C14.
    function test_RevertWhen_TheCallerIsNotTheSubmitter() external {
        address[3] memory callers = [address(0xE0000), operatorOf(0), submitterOf(1)];
        for (uint256 i = 0; i < callers.length; ++i) {
            bytes memory reason = abi.encodeWithSelector(IRotaInbox.NotSubmitter.selector, operatorOf(0), callers[i]);
            refuses(callers[i], operatorOf(0), entryOf(1, 1), PAYLOAD, reason);
        }
        bytes memory unknown = abi.encodeWithSelector(IRotaInbox.NotSubmitter.selector, operatorOf(9), submitterOf(9));
        refuses(submitterOf(9), operatorOf(9), entryOf(1, 1), PAYLOAD, unknown);
    }

    /// @dev C14.
    function test_RevertGiven_TheValidatorIsNoMemberYet() external {
        registry.setSubmitter(operatorOf(4), submitterOf(4));
        sets.setPower(operatorOf(4), 2, 10);
        for (uint64 epoch = 0; epoch < 2; ++epoch) {
            rollToEpoch(epoch);
            bytes memory reason = abi.encodeWithSelector(IRotaInbox.NotMember.selector, operatorOf(4), epoch);
            refuses(submitterOf(4), operatorOf(4), entryOf(1, 1), PAYLOAD, reason);
        }
        rollToEpoch(2);
        append(4, 1, 1);
    }

    /// @dev C14.
    function test_RevertGiven_TheValidatorIsNoMemberAnyMore() external {
        append(1, 1, 1);
        vm.roll(firstBlock(2) - 1);
        append(1, 2, 2);
        rollToEpoch(2);
        bytes memory reason = abi.encodeWithSelector(IRotaInbox.NotMember.selector, operatorOf(1), 2);
        refuses(submitterOf(1), operatorOf(1), entryOf(3, 3), PAYLOAD, reason);
    }

    /// @dev C14.
    function test_RevertGiven_TheSubmitterWasReplaced() external {
        registry.setSubmitter(operatorOf(0), address(0xE0000));
        bytes memory reason = abi.encodeWithSelector(IRotaInbox.NotSubmitter.selector, operatorOf(0), submitterOf(0));
        refuses(submitterOf(0), operatorOf(0), entryOf(1, 1), PAYLOAD, reason);
        send(address(0xE0000), operatorOf(0), entryOf(1, 1), PAYLOAD);
    }

    function test_ItMovesTheHeadAndAnnouncesTheEntry() external {
        append(0, 1, 10);
        vm.roll(START + 5);
        IRotaInbox.Entry memory entry = entryOf(11, 25);
        bytes32 link = linkOf(entry, PAYLOAD);
        vm.expectEmit(address(inbox));
        emit IRotaInbox.Appended(11, 25, link, entry.lastBatchHash, operatorOf(1));
        assertEq(send(submitterOf(1), operatorOf(1), entry, PAYLOAD), link);

        IRotaInbox.Head memory head = inbox.head();
        assertEq(head.link, link);
        assertEq(head.nextHeight, 26);
        assertEq(head.appendedAt, START + 5);
        assertEq(inbox.link(), link);
        assertEq(inbox.nextHeight(), 26);
    }

    /// @dev C13, C17: any bytes will do.
    function testFuzz_ItComputesTheDocumentedLink(bytes calldata payload, bytes32 lastBatchHash, uint16 count)
        external
    {
        vm.assume(payload.length != 0 && payload.length <= 120_000);
        IRotaInbox.Entry memory entry = entryOf(1, uint64(bound(count, 1, 4096)));
        entry.lastBatchHash = lastBatchHash;
        assertEq(send(submitterOf(0), operatorOf(0), entry, payload), linkOf(entry, payload));
    }

    /// @dev C16.
    function test_ItTakesTheLargestPayloadAndTheLongestEntry() external {
        send(submitterOf(0), operatorOf(0), entryOf(1, 4096), new bytes(120_000));
        assertEq(inbox.nextHeight(), 4097);
    }

    /// @dev C12: four posters that each try what they believe comes next, some with an old belief.
    function testFuzz_ItHoldsEachHeightExactlyOnce(uint256 seed) external {
        uint64 next = 1;
        uint64 stale = 1;
        bytes32 link = 0;
        for (uint256 step = 0; step < 32; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 poster = seed % 4;
            uint64 first = (seed >> 8) % 3 == 0 ? stale : next;
            uint64 last = first + uint64((seed >> 16) % 100);
            IRotaInbox.Entry memory entry = entryOf(first, last);
            if (first < next) {
                bytes memory reason = abi.encodeWithSelector(IRotaInbox.AlreadyPosted.selector, first, next);
                refuses(submitterOf(poster), operatorOf(poster), entry, PAYLOAD, reason);
            } else {
                assertEq(entry.parentLink, link);
                link = send(submitterOf(poster), operatorOf(poster), entry, PAYLOAD);
                stale = first;
                next = last + 1;
            }
            assertEq(inbox.nextHeight(), next);
            assertEq(inbox.link(), link);
        }
    }

    function append(uint256 index, uint64 first, uint64 last) private returns (bytes32) {
        return send(submitterOf(index), operatorOf(index), entryOf(first, last), PAYLOAD);
    }

    function send(address caller, address validator, IRotaInbox.Entry memory entry, bytes memory payload)
        private
        returns (bytes32)
    {
        vm.prank(caller, caller);
        return inbox.append(validator, entry, payload);
    }

    function refuses(
        address caller,
        address validator,
        IRotaInbox.Entry memory entry,
        bytes memory payload,
        bytes memory reason
    ) private {
        vm.expectRevert(reason);
        vm.prank(caller, caller);
        inbox.append(validator, entry, payload);
    }

    function entryOf(uint64 first, uint64 last) private view returns (IRotaInbox.Entry memory) {
        return IRotaInbox.Entry(first, last, inbox.link(), keccak256(abi.encode("batch", last)));
    }

    function linkOf(IRotaInbox.Entry memory entry, bytes memory payload) private pure returns (bytes32) {
        return keccak256(
            abi.encode(entry.parentLink, entry.firstHeight, entry.lastHeight, entry.lastBatchHash, keccak256(payload))
        );
    }
}
