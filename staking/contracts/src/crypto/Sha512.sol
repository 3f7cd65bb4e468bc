// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title SHA-512 (FIPS 180-4)
/// @notice A word has 64 bits and the EVM's has 256, which is used twice. A word multiplied by 2^64 + 1 stands beside
/// itself, so that a rotation is one shift; what the shift leaves above the 64 bits is masked once a sum, not once a
/// rotation. And the message schedule is computed two words at a time, each in a lane of 128 bits: word i lies at byte
/// 16 i of the schedule, so that one load at any i gives words i and i + 1.
library Sha512 {
    uint256 private constant BLOCK_BYTES = 128;
    /// @dev What padding adds at least: the bit that ends the message, and its length in 128 bits.
    uint256 private constant LEAST_PADDING = 17;
    uint256 private constant SCHEDULE_BYTES = 1280;
    /// @dev One word, one word in each lane, and what doubles the word of a lane.
    uint256 private constant WORD = 0xffffffffffffffff;
    uint256 private constant LANES = 0xffffffffffffffff0000000000000000ffffffffffffffff;
    uint256 private constant TWICE = 0x10000000000000001;

    /// @dev The state before the first block: the square roots of the first eight primes.
    uint256 private constant INITIAL_HIGH = 0x6a09e667f3bcc908bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1;
    uint256 private constant INITIAL_LOW = 0x510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179;

    /// @dev The round constants, in lanes like the schedule: the cube roots of the first 80 primes.
    bytes private constant ROUND_CONSTANTS = hex"0000000000000000428a2f98d728ae2200000000000000007137449123ef65cd"
        hex"0000000000000000b5c0fbcfec4d3b2f0000000000000000e9b5dba58189dbbc"
        hex"00000000000000003956c25bf348b538000000000000000059f111f1b605d019"
        hex"0000000000000000923f82a4af194f9b0000000000000000ab1c5ed5da6d8118"
        hex"0000000000000000d807aa98a3030242000000000000000012835b0145706fbe"
        hex"0000000000000000243185be4ee4b28c0000000000000000550c7dc3d5ffb4e2"
        hex"000000000000000072be5d74f27b896f000000000000000080deb1fe3b1696b1"
        hex"00000000000000009bdc06a725c712350000000000000000c19bf174cf692694"
        hex"0000000000000000e49b69c19ef14ad20000000000000000efbe4786384f25e3"
        hex"00000000000000000fc19dc68b8cd5b50000000000000000240ca1cc77ac9c65"
        hex"00000000000000002de92c6f592b027500000000000000004a7484aa6ea6e483"
        hex"00000000000000005cb0a9dcbd41fbd4000000000000000076f988da831153b5"
        hex"0000000000000000983e5152ee66dfab0000000000000000a831c66d2db43210"
        hex"0000000000000000b00327c898fb213f0000000000000000bf597fc7beef0ee4"
        hex"0000000000000000c6e00bf33da88fc20000000000000000d5a79147930aa725"
        hex"000000000000000006ca6351e003826f0000000000000000142929670a0e6e70"
        hex"000000000000000027b70a8546d22ffc00000000000000002e1b21385c26c926"
        hex"00000000000000004d2c6dfc5ac42aed000000000000000053380d139d95b3df"
        hex"0000000000000000650a73548baf63de0000000000000000766a0abb3c77b2a8"
        hex"000000000000000081c2c92e47edaee6000000000000000092722c851482353b"
        hex"0000000000000000a2bfe8a14cf103640000000000000000a81a664bbc423001"
        hex"0000000000000000c24b8b70d0f897910000000000000000c76c51a30654be30"
        hex"0000000000000000d192e819d6ef52180000000000000000d69906245565a910"
        hex"0000000000000000f40e35855771202a0000000000000000106aa07032bbd1b8"
        hex"000000000000000019a4c116b8d2d0c800000000000000001e376c085141ab53"
        hex"00000000000000002748774cdf8eeb99000000000000000034b0bcb5e19b48a8"
        hex"0000000000000000391c0cb3c5c95a6300000000000000004ed8aa4ae3418acb"
        hex"00000000000000005b9cca4f7763e3730000000000000000682e6ff3d6b2b8a3"
        hex"0000000000000000748f82ee5defb2fc000000000000000078a5636f43172f60"
        hex"000000000000000084c87814a1f0ab7200000000000000008cc702081a6439ec"
        hex"000000000000000090befffa23631e280000000000000000a4506cebde82bde9"
        hex"0000000000000000bef9a3f7b2c679150000000000000000c67178f2e372532b"
        hex"0000000000000000ca273eceea26619c0000000000000000d186b8c721c0c207"
        hex"0000000000000000eada7dd6cde0eb1e0000000000000000f57d4f7fee6ed178"
        hex"000000000000000006f067aa72176fba00000000000000000a637dc5a2c898a6"
        hex"0000000000000000113f9804bef90dae00000000000000001b710b35131c471b"
        hex"000000000000000028db77f523047d84000000000000000032caab7b40c72493"
        hex"00000000000000003c9ebe0a15c9bebc0000000000000000431d67c49c100d4c"
        hex"00000000000000004cc5d4becb3e42b60000000000000000597f299cfc657e2a"
        hex"00000000000000005fcb6fab3ad6faec00000000000000006c44198c4a475817";

    /// @notice The hash of a message, as its first and its last 32 bytes.
    function hash(bytes memory message) internal pure returns (uint256 high, uint256 low) {
        bytes memory padded = _pad(message);
        bytes memory constants = ROUND_CONSTANTS;
        bytes memory schedule = new bytes(SCHEDULE_BYTES);
        uint256[2] memory state = [INITIAL_HIGH, INITIAL_LOW];
        for (uint256 offset = 0; offset < padded.length; offset += BLOCK_BYTES) {
            _expand(padded, offset, schedule);
            _compress(state, schedule, constants);
        }
        return (state[0], state[1]);
    }

    /// The message, a bit that is set, zeros up to a whole block, the last 16 bytes of which are the length in bits.
    function _pad(bytes memory message) private pure returns (bytes memory padded) {
        uint256 blocks = (message.length + LEAST_PADDING + BLOCK_BYTES - 1) / BLOCK_BYTES;
        padded = new bytes(blocks * BLOCK_BYTES);
        assembly ("memory-safe") {
            let size := mload(message)
            mcopy(add(padded, 0x20), add(message, 0x20), size)
            mstore8(add(add(padded, 0x20), size), 0x80)
            // The word may begin with the message's end; its own last 16 bytes are still zero.
            let last := add(padded, mload(padded))
            mstore(last, or(mload(last), shl(3, size)))
        }
    }

    /// Writes the schedule of one block: its 16 words, and 64 made from them.
    function _expand(bytes memory padded, uint256 offset, bytes memory schedule) private pure {
        assembly ("memory-safe") {
            let lanes := LANES
            let w := add(schedule, 0x20)
            let source := add(add(padded, 0x20), offset)
            for { let end := add(w, 0x100) } lt(w, end) { w := add(w, 0x20) } {
                let words := shr(128, mload(source))
                mstore(w, or(shl(128, shr(64, words)), and(words, WORD)))
                source := add(source, 0x10)
            }
            for { let end := add(w, 0x400) } lt(w, end) { w := add(w, 0x20) } {
                // Words t - 15 and t - 2, each with its successor.
                let x := mload(sub(w, 0xf0))
                let xx := or(x, shl(64, x))
                let y := mload(sub(w, 0x20))
                let yy := or(y, shl(64, y))
                let sum := add(mload(sub(w, 0x100)), mload(sub(w, 0x70)))
                sum := add(sum, and(xor(xor(shr(1, xx), shr(8, xx)), shr(7, x)), lanes))
                sum := add(sum, and(xor(xor(shr(19, yy), shr(61, yy)), shr(6, y)), lanes))
                mstore(w, and(sum, lanes))
            }
        }
    }

    /// Takes one block into the state. The eight rounds of a turn are written out: each moves every variable on by one
    /// name, and after eight all have their own again.
    function _compress(uint256[2] memory state, bytes memory schedule, bytes memory constants) private pure {
        uint256 high = state[0];
        uint256 low = state[1];
        assembly ("memory-safe") {
            let w := add(schedule, 0x20)
            let k := sub(constants, schedule)
            let end := add(w, SCHEDULE_BYTES)
            let word := WORD
            let a := shr(192, high)
            let b := and(shr(128, high), word)
            let c := and(shr(64, high), word)
            let d := and(high, word)
            let e := shr(192, low)
            let f := and(shr(128, low), word)
            let g := and(shr(64, low), word)
            let h := and(low, word)
            for {} lt(w, end) {} {
                let x
                let wk := add(mload(w), mload(add(w, k)))
                w := add(w, 0x20)
                x := or(e, shl(64, e))
                x := add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(g, and(e, xor(f, g))))
                h := add(add(h, x), shr(128, wk))
                d := and(add(d, h), word)
                x := or(a, shl(64, a))
                x := add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), or(and(a, b), and(c, or(a, b))))
                h := and(add(h, x), word)
                x := or(d, shl(64, d))
                x := add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(f, and(d, xor(e, f))))
                g := add(add(g, x), wk)
                c := and(add(c, g), word)
                x := or(h, shl(64, h))
                x := add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), or(and(h, a), and(b, or(h, a))))
                g := and(add(g, x), word)
                wk := add(mload(w), mload(add(w, k)))
                w := add(w, 0x20)
                x := or(c, shl(64, c))
                x := add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(e, and(c, xor(d, e))))
                f := add(add(f, x), shr(128, wk))
                b := and(add(b, f), word)
                x := or(g, shl(64, g))
                x := add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), or(and(g, h), and(a, or(g, h))))
                f := and(add(f, x), word)
                x := or(b, shl(64, b))
                x := add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(d, and(b, xor(c, d))))
                e := add(add(e, x), wk)
                a := and(add(a, e), word)
                x := or(f, shl(64, f))
                x := add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), or(and(f, g), and(h, or(f, g))))
                e := and(add(e, x), word)
                wk := add(mload(w), mload(add(w, k)))
                w := add(w, 0x20)
                x := or(a, shl(64, a))
                x := add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(c, and(a, xor(b, c))))
                d := add(add(d, x), shr(128, wk))
                h := and(add(h, d), word)
                x := or(e, shl(64, e))
                x := add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), or(and(e, f), and(g, or(e, f))))
                d := and(add(d, x), word)
                x := or(h, shl(64, h))
                x := add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(b, and(h, xor(a, b))))
                c := add(add(c, x), wk)
                g := and(add(g, c), word)
                x := or(d, shl(64, d))
                x := add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), or(and(d, e), and(f, or(d, e))))
                c := and(add(c, x), word)
                wk := add(mload(w), mload(add(w, k)))
                w := add(w, 0x20)
                x := or(g, shl(64, g))
                x := add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(a, and(g, xor(h, a))))
                b := add(add(b, x), shr(128, wk))
                f := and(add(f, b), word)
                x := or(c, shl(64, c))
                x := add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), or(and(c, d), and(e, or(c, d))))
                b := and(add(b, x), word)
                x := or(f, shl(64, f))
                x := add(xor(xor(shr(14, x), shr(18, x)), shr(41, x)), xor(h, and(f, xor(g, h))))
                a := add(add(a, x), wk)
                e := and(add(e, a), word)
                x := or(b, shl(64, b))
                x := add(xor(xor(shr(28, x), shr(34, x)), shr(39, x)), or(and(b, c), and(d, or(b, c))))
                a := and(add(a, x), word)
            }
            high := or(or(shl(192, a), shl(128, b)), or(shl(64, c), d))
            low := or(or(shl(192, e), shl(128, f)), or(shl(64, g), h))
        }
        state[0] = _addWords(state[0], high);
        state[1] = _addWords(state[1], low);
    }

    /// Adds four words to four others, each by itself.
    function _addWords(uint256 x, uint256 y) private pure returns (uint256) {
        unchecked {
            uint256 odd = (((x >> 64) & LANES) + ((y >> 64) & LANES)) & LANES;
            uint256 even = ((x & LANES) + (y & LANES)) & LANES;
            return (odd << 64) | even;
        }
    }
}
