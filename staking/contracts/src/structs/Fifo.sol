// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A line of numbers that can also be left from the middle
/// @notice First in, first out; an item is a nonzero `uint64` and stands in the line at most once. Every change costs
/// O(1), and an item that left takes no room in the line.
/// @dev OpenZeppelin's queue gives up items at its ends only. Callers know whether an item is in the line.
library Fifo {
    /// @dev `stands` keeps the word of a lone item from being zero, so that the next one does not pay for it.
    struct Link {
        uint64 previous;
        uint64 next;
        bool stands;
    }

    struct Line {
        uint64 head;
        uint64 tail;
        mapping(uint64 item => Link) links;
    }

    /// @dev Puts an item that is not in the line at its end.
    function push(Line storage line, uint64 item) internal {
        uint64 tail = line.tail;
        line.links[item] = Link({previous: tail, next: 0, stands: true});
        if (tail == 0) line.head = item;
        else line.links[tail].next = item;
        line.tail = item;
    }

    /// @dev Takes an item that is in the line out of it.
    function remove(Line storage line, uint64 item) internal {
        Link memory link = line.links[item];
        delete line.links[item];
        if (link.previous == 0) line.head = link.next;
        else line.links[link.previous].next = link.next;
        if (link.next == 0) line.tail = link.previous;
        else line.links[link.next].previous = link.previous;
    }
}
