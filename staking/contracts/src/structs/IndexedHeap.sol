// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A heap whose items know where they are
/// @notice The item of the greatest rank is on top. An item is a nonzero `uint32`, and stands in the heap at most once,
/// with a rank of up to 224 bits; of equal ranks the greater item comes first. Every change costs O(log n), and no
/// caller has to say where an item stands.
/// @dev OpenZeppelin's heap cannot change or remove an item below the top.
library IndexedHeap {
    /// @dev Nodes are numbered from 1; node i has the four children 4i - 2 to 4i + 1, since a level more writes two
    /// words more and a child more is but read. A node is `rank << 32 | item`.
    struct Heap {
        uint256 length;
        mapping(uint256 at => uint256 node) nodes;
        mapping(uint32 item => uint256 at) positions;
    }

    /// @dev The item on top; 0 of an empty heap.
    function top(Heap storage heap) internal view returns (uint32) {
        return uint32(heap.nodes[1]);
    }

    /// @dev The item on top and its rank; 0 and 0 of an empty heap.
    function first(Heap storage heap) internal view returns (uint32 item, uint224 rank) {
        uint256 node = heap.nodes[1];
        return (uint32(node), uint224(node >> 32));
    }

    /// @dev Whether the item is in the heap.
    function contains(Heap storage heap, uint32 item) internal view returns (bool) {
        return heap.positions[item] != 0;
    }

    /// @dev Puts an item in, or moves it to where its new rank belongs.
    function set(Heap storage heap, uint32 item, uint224 rank) internal {
        uint256 node = (uint256(rank) << 32) | item;
        uint256 at = heap.positions[item];
        if (at == 0) {
            at = ++heap.length;
            _rise(heap, at, node);
        } else if (node > heap.nodes[at]) {
            _rise(heap, at, node);
        } else {
            _sink(heap, at, node);
        }
    }

    /// @dev Takes an item out; nothing happens if it is not in.
    function remove(Heap storage heap, uint32 item) internal {
        uint256 at = heap.positions[item];
        if (at == 0) return;
        uint256 length = heap.length;
        uint256 last = heap.nodes[length];
        delete heap.nodes[length];
        delete heap.positions[item];
        heap.length = length - 1;
        if (at == length) return;
        // The last node fills the hole; it may be greater than the parent there, or smaller than the children.
        if (at > 1 && last > heap.nodes[(at + 2) / 4]) _rise(heap, at, last);
        else _sink(heap, at, last);
    }

    /// Puts a node at a position or above it, where no parent is smaller.
    function _rise(Heap storage heap, uint256 at, uint256 node) private {
        while (at > 1) {
            uint256 above = (at + 2) / 4;
            uint256 parent = heap.nodes[above];
            if (parent > node) break;
            _put(heap, at, parent);
            at = above;
        }
        _put(heap, at, node);
    }

    /// Puts a node at a position or below it, where no child is greater.
    function _sink(Heap storage heap, uint256 at, uint256 node) private {
        while (true) {
            (uint256 below, uint256 child) = (0, 0);
            // Beyond the last node there are zeros, which are greater than none.
            for (uint256 next = 4 * at - 2; next < 4 * at + 2; ++next) {
                uint256 other = heap.nodes[next];
                if (other > child) (below, child) = (next, other);
            }
            if (child < node) break;
            _put(heap, at, child);
            at = below;
        }
        _put(heap, at, node);
    }

    function _put(Heap storage heap, uint256 at, uint256 node) private {
        heap.nodes[at] = node;
        heap.positions[uint32(node)] = at;
    }
}
