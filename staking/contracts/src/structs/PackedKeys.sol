// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Keys of 85 bits, of which three share a word
/// @notice What is searched is cheap if it stands in few words; a place without a key has key 0.
/// @dev Callers see to it that no key is longer: it would change its neighbours.
library PackedKeys {
    uint256 internal constant PER_WORD = 3;
    uint256 private constant BITS = 85;
    uint256 private constant MASK = (1 << BITS) - 1;

    struct Keys {
        mapping(uint256 number => uint256 keys) words;
    }

    /// @dev The key at a place.
    function get(Keys storage keys, uint256 at) internal view returns (uint256) {
        return (keys.words[at / PER_WORD] >> _shift(at)) & MASK;
    }

    /// @dev Puts a key at a place, and says which one stood there; one that is there already is not written again.
    function put(Keys storage keys, uint256 at, uint256 key) internal returns (uint256 before) {
        before = get(keys, at);
        if (before != key) keys.words[at / PER_WORD] ^= (before ^ key) << _shift(at);
    }

    /// @dev The greatest of this many keys from a place on, and where it stands; both are multiples of three.
    function greatest(Keys storage keys, uint256 first, uint256 count) internal view returns (uint256 at, uint256 key) {
        // No place comes near the end of the numbers.
        unchecked {
            for (uint256 number = first; number < first + count; number += PER_WORD) {
                uint256 word = keys.words[number / PER_WORD];
                for (uint256 here = number; word != 0; ++here) {
                    if (word & MASK > key) (at, key) = (here, word & MASK);
                    word >>= BITS;
                }
            }
        }
    }

    function _shift(uint256 at) private pure returns (uint256) {
        unchecked {
            return (at % PER_WORD) * BITS;
        }
    }
}
