// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {IndexedHeap} from "../../src/structs/IndexedHeap.sol";

/// @dev Against a plain list that is searched.
contract IndexedHeapTest is Test {
    using IndexedHeap for IndexedHeap.Heap;

    IndexedHeap.Heap private heap;
    uint32[] private items;
    mapping(uint32 item => uint224) private rankOf;

    function test_Top_WhenEmpty() external view {
        assertEq(heap.top(), 0);
        assertEq(heap.length, 0);
        assertFalse(heap.contains(1));
    }

    function test_Top_WhenRanksAreEqual() external {
        heap.set(1, 7);
        heap.set(3, 7);
        heap.set(2, 7);
        assertEq(heap.top(), 3, "the greater item");
    }

    function test_Remove_WhenTheItemIsNotIn() external {
        heap.set(1, 7);
        heap.remove(2);
        assertEq(heap.length, 1);
    }

    /// @dev What fills the hole may belong above it: 3 is below 5, but above 2 on the other side.
    function test_Remove_WhenTheLastNodeRises() external {
        uint8[9] memory ranks = [100, 20, 90, 10, 15, 80, 70, 5, 6];
        for (uint32 i = 0; i < 9; ++i) {
            place(i + 1, ranks[i]);
        }
        take(8);
        take(4);
        checkOrder();
    }

    function testFuzz_TheGreatestIsOnTop(uint256 random) external {
        for (uint256 step = 0; step < 80; ++step) {
            random = uint256(keccak256(abi.encode(random)));
            uint32 item = uint32(1 + (random >> 8) % 40);
            if (random % 3 == 0) take(item);
            else place(item, uint224((random >> 128) % 100));
            assertEq(heap.top(), greatest(), "not the greatest");
            assertEq(heap.length, items.length);
        }
        checkOrder();
    }

    function place(uint32 item, uint224 rank) private {
        if (!heap.contains(item)) items.push(item);
        rankOf[item] = rank;
        heap.set(item, rank);
        assertTrue(heap.contains(item));
    }

    function take(uint32 item) private {
        for (uint256 i = 0; i < items.length; ++i) {
            if (items[i] != item) continue;
            items[i] = items[items.length - 1];
            items.pop();
            break;
        }
        heap.remove(item);
        assertFalse(heap.contains(item));
    }

    function checkOrder() private {
        while (items.length != 0) {
            assertEq(heap.top(), greatest(), "not the greatest");
            take(heap.top());
        }
        assertEq(heap.top(), 0);
    }

    function greatest() private view returns (uint32 best) {
        for (uint256 i = 0; i < items.length; ++i) {
            uint32 item = items[i];
            bool more = rankOf[item] > rankOf[best] || (rankOf[item] == rankOf[best] && item > best);
            if (best == 0 || more) best = item;
        }
    }
}
