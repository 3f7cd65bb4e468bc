// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The greatest of 128 keys, one at each place
/// @notice The keys of three neighbouring places share a word, the greatest one of them plays against those of the two
/// neighbouring words, and so on up to the last word. A change plays the games of its own place alone and stops where
/// it changes no winner: it writes 5 words at most, wherever the key stood before. A heap would move keys of others,
/// two words for each.
/// @dev A key has 85 bits; a place without one has key 0. A word is known by its round, from 0 on, and its number
/// there.
library Tournament {
    uint256 private constant ROUNDS = 5;
    uint256 private constant KEYS = 3;
    uint256 private constant BITS = 85;
    uint256 private constant MASK = (1 << BITS) - 1;

    struct Tree {
        mapping(uint256 roundAndNumber => uint256 keys) words;
    }

    /// @dev The greatest key; 0 if there is none.
    function top(Tree storage tree) internal view returns (uint256) {
        return _greatest(tree.words[(ROUNDS - 1) << 8]);
    }

    /// @dev Puts a key at a place, below 128, instead of the one that is there.
    function set(Tree storage tree, uint256 place, uint256 key) internal {
        for (uint256 round = 0; round < ROUNDS; ++round) {
            uint256 shift = (place % KEYS) * BITS;
            place /= KEYS;
            uint256 word = tree.words[(round << 8) | place];
            if ((word >> shift) & MASK == key) return;
            word = (word & ~(MASK << shift)) | (key << shift);
            tree.words[(round << 8) | place] = word;
            key = _greatest(word);
        }
    }

    function _greatest(uint256 word) private pure returns (uint256 key) {
        for (; word != 0; word >>= BITS) {
            if (word & MASK > key) key = word & MASK;
        }
    }
}
