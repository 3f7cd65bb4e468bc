// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PackedKeys} from "./PackedKeys.sol";

/// @title The greatest of 128 keys, one at each place
/// @notice Fifteen places are a group, whose keys stand in five words. The winners of the nine groups stand in three
/// words more, among which the top is searched. A change writes the word of its place, and that of the winner if
/// another key wins in the group: 2 words at most, wherever the key stood before. A heap would move keys of others, two
/// words for each.
/// @dev A key has 85 bits; a place without one has key 0.
library Tournament {
    using PackedKeys for PackedKeys.Keys;

    uint256 private constant GROUPS = 9;
    uint256 private constant GROUP_PLACES = 15;

    struct Tree {
        PackedKeys.Keys keys;
        PackedKeys.Keys winners;
    }

    /// @dev The greatest key; 0 if there is none.
    function top(Tree storage tree) internal view returns (uint256 key) {
        (, key) = tree.winners.greatest(0, GROUPS);
    }

    /// @dev Puts a key at a place, below 128, instead of the one that is there.
    function set(Tree storage tree, uint256 place, uint256 key) internal {
        uint256 before = tree.keys.put(place, key);
        uint256 group = place / GROUP_PLACES;
        uint256 winner = tree.winners.get(group);
        // The others of the group matter only if its winner falls.
        if (key < winner) {
            if (before != winner) return;
            (, key) = tree.keys.greatest(group * GROUP_PLACES, GROUP_PLACES);
        }
        tree.winners.put(group, key);
    }
}
