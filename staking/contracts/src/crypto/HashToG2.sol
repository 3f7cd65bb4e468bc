// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Hashes to the group G2 of BLS12-381: the suite BLS12381G2_XMD:SHA-256_SSWU_RO_ of RFC 9380
/// @notice The result lies in the subgroup of prime order. It is written as EIP-2537 writes points of G2: x || y, each
/// of two elements of the field, c0 || c1, of 64 bytes, big-endian, of which the first 16 are zero.
library HashToG2 {
    /// @dev Precompiles: modular powers (EIP-198); sums in G2 and the map of a field element to G2, which clears the
    /// cofactor (EIP-2537).
    uint256 private constant MODEXP = 0x05;
    uint256 private constant G2ADD = 0x0d;
    uint256 private constant MAP_FP2_TO_G2 = 0x11;

    /// @dev The prime of the field: its first 16 bytes, and the 32 after them.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @dev Two elements of the quadratic extension, each of two numbers of 64 bytes: 8 words of uniform bytes.
    uint256 private constant WORDS = 8;
    uint16 private constant UNIFORM_BYTES = 256;
    uint256 private constant FIELD_BYTES = 64;

    /// @notice A tag has more than 255 bytes.
    error TagTooLong(uint256 length);
    /// @notice A precompile did not answer: the gas does not suffice, or this chain has no such precompile.
    error PrecompileFailed(uint256 precompile);

    /// @notice The point that a message hashes to (RFC 9380, section 3, `hash_to_curve`).
    /// @param message What is hashed
    /// @param tag The domain separation tag, at most 255 bytes
    /// @return point 256 bytes
    function hash(bytes memory message, bytes memory tag) internal view returns (bytes memory point) {
        bytes32[WORDS] memory uniform = _expand(message, tag);
        bytes memory mapped = bytes.concat(_map(uniform, 0), _map(uniform, WORDS / 2));
        return _call(G2ADD, mapped, 256);
    }

    /// `expand_message_xmd` with SHA-256 (RFC 9380, section 5.3.1).
    function _expand(bytes memory message, bytes memory tag) private pure returns (bytes32[WORDS] memory uniform) {
        if (tag.length > type(uint8).max) revert TagTooLong(tag.length);
        bytes memory suffix = bytes.concat(tag, bytes1(uint8(tag.length)));
        bytes32 seed = sha256(bytes.concat(bytes32(0), bytes32(0), message, bytes2(UNIFORM_BYTES), bytes1(0), suffix));
        bytes32 block_ = 0;
        for (uint256 i = 0; i < WORDS; ++i) {
            block_ = sha256(bytes.concat(i == 0 ? seed : seed ^ block_, bytes1(uint8(i + 1)), suffix));
            uniform[i] = block_;
        }
    }

    /// Reduces four words to an element of the quadratic extension (section 5.2) and maps it to G2.
    function _map(bytes32[WORDS] memory uniform, uint256 first) private view returns (bytes memory) {
        bytes memory element =
            bytes.concat(_reduce(uniform[first], uniform[first + 1]), _reduce(uniform[first + 2], uniform[first + 3]));
        return _call(MAP_FP2_TO_G2, element, 256);
    }

    /// A number of two words modulo p: its first power, so that the precompile of powers divides for us. It is asked
    /// with the lengths of base, exponent and modulus, then these three.
    function _reduce(bytes32 high, bytes32 low) private view returns (bytes memory) {
        bytes memory input = abi.encodePacked(FIELD_BYTES, uint256(1), FIELD_BYTES, high, low, uint8(1), P_HIGH, P_LOW);
        return _call(MODEXP, input, FIELD_BYTES);
    }

    /// The inputs here are always well-formed, so a call that fails says nothing about them.
    function _call(uint256 precompile, bytes memory input, uint256 answerBytes)
        private
        view
        returns (bytes memory answer)
    {
        answer = new bytes(answerBytes);
        bool done;
        assembly ("memory-safe") {
            done := staticcall(gas(), precompile, add(input, 0x20), mload(input), add(answer, 0x20), answerBytes)
            done := and(done, eq(returndatasize(), answerBytes))
        }
        if (!done) revert PrecompileFailed(precompile);
    }
}
