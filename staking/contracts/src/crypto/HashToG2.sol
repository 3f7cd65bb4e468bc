// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Hashes to the group G2 of BLS12-381: the suite BLS12381G2_XMD:SHA-256_SSWU_RO_ of RFC 9380
/// @notice The result lies in the subgroup of prime order. It is written as EIP-2537 writes points of G2: x || y, each
/// of two elements of the field, c0 || c1, of 64 bytes, big-endian, of which the first 16 are zero.
library HashToG2 {
    /// @dev Precompiles: SHA-256; modular powers (EIP-198); sums in G2 and the map of a field element to G2, which
    /// clears the cofactor (EIP-2537).
    uint256 private constant SHA256 = 0x02;
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
    uint256 private constant ELEMENT_BYTES = 128;
    uint256 private constant POINT_BYTES = 256;

    /// @notice A tag has more than 255 bytes.
    error TagTooLong(uint256 length);
    /// @notice A precompile did not answer: the gas does not suffice, or this chain has no such precompile.
    error PrecompileFailed(uint256 precompile);

    /// @notice The point that a message hashes to (RFC 9380, section 3, `hash_to_curve`).
    /// @param message What is hashed
    /// @param tag The domain separation tag, at most 255 bytes
    /// @return point 256 bytes
    function hash(bytes memory message, bytes memory tag) internal view returns (bytes memory point) {
        bytes32[WORDS] memory elements = _expand(message, tag);
        _reduce(elements);
        uint256 from;
        bytes memory mapped = new bytes(2 * POINT_BYTES);
        point = new bytes(POINT_BYTES);
        uint256 both;
        uint256 to;
        assembly ("memory-safe") {
            from := elements
            both := add(mapped, 0x20)
            to := add(point, 0x20)
        }
        _call(MAP_FP2_TO_G2, from, ELEMENT_BYTES, both, POINT_BYTES);
        _call(MAP_FP2_TO_G2, from + ELEMENT_BYTES, ELEMENT_BYTES, both + POINT_BYTES, POINT_BYTES);
        _call(G2ADD, both, 2 * POINT_BYTES, to, POINT_BYTES);
    }

    /// `expand_message_xmd` with SHA-256 (RFC 9380, section 5.3.1).
    function _expand(bytes memory message, bytes memory tag) private view returns (bytes32[WORDS] memory uniform) {
        if (tag.length > type(uint8).max) revert TagTooLong(tag.length);
        bytes memory suffix = bytes.concat(tag, bytes1(uint8(tag.length)));
        bytes32 seed = sha256(bytes.concat(bytes32(0), bytes32(0), message, bytes2(UNIFORM_BYTES), bytes1(0), suffix));
        // Each block hashes the seed XOR the block before (of the first: zero), its number from 1 on, and the suffix.
        bytes memory input = bytes.concat(bytes32(0), bytes1(0), suffix);
        uint256 inputBytes = input.length;
        bytes32 before = 0;
        for (uint256 i = 0; i < WORDS; ++i) {
            uint256 from;
            uint256 to;
            assembly ("memory-safe") {
                from := add(input, 0x20)
                to := add(uniform, shl(5, i))
                mstore(from, xor(seed, before))
                mstore8(add(from, 0x20), add(i, 1))
            }
            _call(SHA256, from, inputBytes, to, 32);
            before = uniform[i];
        }
    }

    /// Each two words, a number, modulo p (section 5.2): its first power, so that the precompile of powers divides for
    /// us. It is asked with the lengths of base, exponent and modulus, then these three.
    function _reduce(bytes32[WORDS] memory numbers) private view {
        bytes memory input =
            abi.encodePacked(FIELD_BYTES, uint256(1), FIELD_BYTES, new bytes(FIELD_BYTES), uint8(1), P_HIGH, P_LOW);
        uint256 inputBytes = input.length;
        for (uint256 i = 0; i < WORDS; i += 2) {
            uint256 from;
            uint256 at;
            assembly ("memory-safe") {
                from := add(input, 0x20)
                at := add(numbers, shl(5, i))
                mstore(add(from, 0x60), mload(at))
                mstore(add(from, 0x80), mload(add(at, 0x20)))
            }
            _call(MODEXP, from, inputBytes, at, FIELD_BYTES);
        }
    }

    /// Calls a precompile with some memory and lets it write its answer over other memory. The inputs here are always
    /// well-formed, so a call that fails says nothing about them.
    function _call(uint256 precompile, uint256 from, uint256 fromBytes, uint256 to, uint256 toBytes) private view {
        bool done;
        assembly ("memory-safe") {
            done := staticcall(gas(), precompile, from, fromBytes, to, toBytes)
            done := and(done, eq(returndatasize(), toBytes))
        }
        if (!done) revert PrecompileFailed(precompile);
    }
}
