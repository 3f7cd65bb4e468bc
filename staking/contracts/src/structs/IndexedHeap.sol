// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PackedKeys} from "./PackedKeys.sol";

/// @title A heap whose items know where they are
/// @notice The item of the greatest rank is on top, of equal ranks the smaller item. An item is nonzero and below 2^28,
/// has a nonzero rank below 2^57, as callers see to, and stands in the heap at most once. Every change costs O(log n),
/// and no caller has to say where an item stands.
/// @dev OpenZeppelin's heap cannot change or remove an item below the top. A node is a key of 85 bits,
/// `rank << 28 | 2^28 - 1 - item`, of which three share a word, and has twelve children: a level more writes two words
/// more, and a word more of children is but read. The node on top stands at 2, and the children of the one at i from
/// 12i - 21 on, so that they have four words for themselves.
library IndexedHeap {
    using PackedKeys for PackedKeys.Keys;

    uint256 private constant TOP = 2;
    uint256 private constant CHILDREN = 12;
    uint256 private constant ITEM_BITS = 28;
    uint256 private constant ITEM_MASK = (1 << ITEM_BITS) - 1;

    /// @dev Beyond the last node there are zeros, which are greater than none.
    struct Heap {
        uint256 length;
        PackedKeys.Keys nodes;
        mapping(uint256 item => uint256 at) positions;
    }

    /// @dev The item on top and its rank; 0 and 0 of an empty heap.
    function first(Heap storage heap) internal view returns (uint32 item, uint64 rank) {
        uint256 node = heap.nodes.get(TOP);
        if (node != 0) (item, rank) = (uint32(_itemOf(node)), uint64(node >> ITEM_BITS));
    }

    /// @dev Puts an item in, or moves it to where its new rank belongs.
    function set(Heap storage heap, uint32 item, uint64 rank) internal {
        uint256 node = (uint256(rank) << ITEM_BITS) | (item ^ ITEM_MASK);
        uint256 at = heap.positions[item];
        if (at == 0) at = ++heap.length + TOP - 1;
        _settle(heap, at, node);
    }

    /// @dev Takes an item out; nothing happens if it is not in.
    function remove(Heap storage heap, uint32 item) internal {
        uint256 at = heap.positions[item];
        if (at == 0) return;
        uint256 lastAt = heap.length-- + TOP - 1;
        uint256 last = heap.nodes.put(lastAt, 0);
        delete heap.positions[item];
        // The last node fills the hole; it may be greater than the parent there, or smaller than the children.
        if (at != lastAt) _settle(heap, at, last);
    }

    /// Puts a node at a position, or where it belongs above or below it.
    function _settle(Heap storage heap, uint256 at, uint256 node) private {
        uint256 risen = _rise(heap, at, node);
        // What has risen is greater than all that is below.
        _put(heap, risen == at ? _sink(heap, at, node) : risen, node);
    }

    /// The position above, or the same, where no parent is smaller than a node; those that are go down.
    function _rise(Heap storage heap, uint256 at, uint256 node) private returns (uint256 risen) {
        for (risen = at; risen > TOP;) {
            uint256 above = _above(risen);
            uint256 parent = heap.nodes.get(above);
            if (parent > node) break;
            _put(heap, risen, parent);
            risen = above;
        }
    }

    /// The position below, or the same, where no child is greater than a node; those that are go up.
    function _sink(Heap storage heap, uint256 at, uint256 node) private returns (uint256 sunk) {
        for (sunk = at;;) {
            (uint256 below, uint256 child) = heap.nodes.greatest(_below(sunk), CHILDREN);
            if (child < node) break;
            _put(heap, sunk, child);
            sunk = below;
        }
    }

    function _put(Heap storage heap, uint256 at, uint256 node) private {
        heap.nodes.put(at, node);
        heap.positions[_itemOf(node)] = at;
    }

    /// Where the parent of the node at a position stands.
    function _above(uint256 at) private pure returns (uint256) {
        unchecked {
            return (at - PackedKeys.PER_WORD) / CHILDREN + TOP;
        }
    }

    /// Where the first child of the node at a position stands.
    function _below(uint256 at) private pure returns (uint256) {
        unchecked {
            return CHILDREN * (at - TOP) + PackedKeys.PER_WORD;
        }
    }

    function _itemOf(uint256 node) private pure returns (uint256) {
        return (node & ITEM_MASK) ^ ITEM_MASK;
    }
}
