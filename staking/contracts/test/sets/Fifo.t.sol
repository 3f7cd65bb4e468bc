// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Fifo} from "../../src/structs/Fifo.sol";

/// @dev Against a plain list that is moved up.
contract FifoTest is Test {
    using Fifo for Fifo.Line;

    Fifo.Line private line;
    uint64[] private items;
    uint64 private last;

    function test_Head_WhenEmpty() external view {
        assertEq(line.head, 0);
        assertEq(line.tail, 0);
    }

    function test_Remove_WhenItIsTheOnlyOne() external {
        line.push(5);
        line.remove(5);
        assertEq(line.head, 0);
        assertEq(line.tail, 0);
        line.push(5);
        assertEq(line.head, 5, "it may come again");
    }

    function testFuzz_FirstInFirstOut(uint256 random) external {
        for (uint256 step = 0; step < 60; ++step) {
            random = uint256(keccak256(abi.encode(random)));
            if (random % 2 == 0 || items.length == 0) {
                line.push(++last);
                items.push(last);
            } else {
                // Every other one leaves from the head, the others from anywhere.
                removeAt((random >> 8) % 2 == 0 ? 0 : (random >> 16) % items.length);
            }
            check();
        }
    }

    function removeAt(uint256 at) private {
        line.remove(items[at]);
        for (; at + 1 < items.length; ++at) {
            items[at] = items[at + 1];
        }
        items.pop();
    }

    function check() private view {
        uint64 item = line.head;
        uint64 previous = 0;
        for (uint256 i = 0; i < items.length; ++i) {
            assertEq(item, items[i], "order");
            assertEq(line.links[item].previous, previous, "the link back");
            previous = item;
            item = line.links[item].next;
        }
        assertEq(item, 0, "end");
        assertEq(line.tail, previous, "tail");
    }
}
