// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The greatest of 128 keys, one at each place
/// @notice Neighbours play against each other, and the winners of two neighbouring pairs again, up to the last pair: a
/// change plays the games of its place alone and stops where it changes no winner. So it writes 7 words at most,
/// wherever the key stood before; a heap would move keys of others, two words for each.
/// @dev Nodes are numbered as in a heap: node i has the children 2i and 2i + 1, and place p is node 128 + p. Pair i is
/// the keys of the children of node i in one word. A place without a key has key 0.
library Tournament {
    uint256 private constant PLACES = 128;

    struct Tree {
        mapping(uint256 node => uint256 pair) pairs;
    }

    /// @dev The greatest key; 0 if there is none.
    function top(Tree storage tree) internal view returns (uint128) {
        return _winner(tree.pairs[1]);
    }

    /// @dev Puts a key at a place instead of the one that is there.
    function set(Tree storage tree, uint8 place, uint128 key) internal {
        for (uint256 node = PLACES + place; node > 1; node /= 2) {
            uint256 shift = (node % 2) * 128;
            uint256 pair = tree.pairs[node / 2];
            if (uint128(pair >> shift) == key) return;
            pair = (pair & ~(uint256(type(uint128).max) << shift)) | (uint256(key) << shift);
            tree.pairs[node / 2] = pair;
            key = _winner(pair);
        }
    }

    function _winner(uint256 pair) private pure returns (uint128) {
        (uint128 left, uint128 right) = (uint128(pair), uint128(pair >> 128));
        return left > right ? left : right;
    }
}
