// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {IndexedHeap} from "../../src/structs/IndexedHeap.sol";

/// @dev Against a plain list that is searched.
contract IndexedHeapTest is Test {
    using IndexedHeap for IndexedHeap.Heap;

    uint32 private constant MOST_ITEM = 2 ** 28 - 1;
    uint64 private constant MOST_RANK = 2 ** 57 - 1;

    IndexedHeap.Heap private heap;
    uint32[] private items;
    mapping(uint32 item => uint64) private rankOf;

    function test_First_WhenEmpty() external view {
        (uint32 item, uint64 rank) = heap.first();
        assertEq(item, 0);
        assertEq(rank, 0);
        assertEq(heap.length, 0);
    }

    function test_First_WhenRanksAreEqual() external {
        place(2, 7);
        place(1, 7);
        place(3, 7);
        checkFirst(1);
        take(1);
        checkFirst(2);
    }

    function test_First_OfTheGreatest() external {
        place(MOST_ITEM, MOST_RANK);
        place(MOST_ITEM - 1, MOST_RANK);
        place(1, MOST_RANK - 1);
        place(2, 1);
        checkFirst(MOST_ITEM - 1);
        checkOrder();
    }

    function test_Remove_WhenTheItemIsNotIn() external {
        heap.set(1, 7);
        heap.remove(2);
        assertEq(heap.length, 1);
    }

    /// @dev What fills the hole may belong above it: the last node is a child of the second child of the top, and more
    /// than the first child, one of whose own children leaves.
    function test_Remove_WhenTheLastNodeRises() external {
        place(1, 100);
        place(2, 20);
        for (uint32 item = 3; item <= 13; ++item) {
            place(item, 90);
        }
        for (uint32 item = 14; item <= 25; ++item) {
            place(item, 10);
        }
        place(26, 80);
        take(14);
        checkOrder();
    }

    /// @dev Three levels below the top; items from each of them go to the top and to the bottom.
    function test_Set_WhereverTheItemStands() external {
        for (uint32 item = 1; item <= 400; ++item) {
            place(item, 1000 + item);
        }
        for (uint32 item = 1; item < 400; item += 7) {
            place(item, 5000);
            checkFirst(item);
            place(item, item);
            checkFirst(400);
        }
        checkOrder();
    }

    function testFuzz_TheGreatestIsFirst(uint256 random) external {
        for (uint256 step = 0; step < 200; ++step) {
            random = uint256(keccak256(abi.encode(random)));
            uint32 item = uint32(1 + (random >> 8) % 60);
            if (random % 4 == 0) take(item);
            else place(item, uint64(1 + (random >> 128) % 100));
            checkFirst(greatest());
            assertEq(heap.length, items.length);
        }
        checkOrder();
    }

    /// @dev Bottom to top and back: of each level the word of the nodes and the position of the one that moves.
    function test_Set_WritesTwoWordsALevel() external {
        for (uint32 item = 1; item <= 158; ++item) {
            heap.set(item, 1000 - item);
        }
        assertEq(writesOf(158, 2000), 2 * 4);
        assertEq(writesOf(158, 1), 2 * 4);
    }

    function writesOf(uint32 item, uint64 rank) private returns (uint256) {
        vm.record();
        heap.set(item, rank);
        (, bytes32[] memory writes) = vm.accesses(address(this));
        return writes.length;
    }

    function place(uint32 item, uint64 rank) private {
        if (!isIn(item)) items.push(item);
        rankOf[item] = rank;
        heap.set(item, rank);
    }

    function take(uint32 item) private {
        for (uint256 i = 0; i < items.length; ++i) {
            if (items[i] != item) continue;
            items[i] = items[items.length - 1];
            items.pop();
            break;
        }
        heap.remove(item);
    }

    function isIn(uint32 item) private view returns (bool) {
        for (uint256 i = 0; i < items.length; ++i) {
            if (items[i] == item) return true;
        }
        return false;
    }

    function checkFirst(uint32 expected) private view {
        (uint32 item, uint64 rank) = heap.first();
        assertEq(item, expected, "not the greatest");
        assertEq(rank, rankOf[item]);
    }

    function checkOrder() private {
        while (items.length != 0) {
            uint32 item = greatest();
            checkFirst(item);
            take(item);
        }
        (uint32 none,) = heap.first();
        assertEq(none, 0);
        assertEq(heap.length, 0);
    }

    function greatest() private view returns (uint32 best) {
        for (uint256 i = 0; i < items.length; ++i) {
            uint32 item = items[i];
            bool more = rankOf[item] > rankOf[best] || (rankOf[item] == rankOf[best] && item < best);
            if (best == 0 || more) best = item;
        }
    }
}
