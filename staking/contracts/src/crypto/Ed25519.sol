// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Sha512} from "./Sha512.sol";

/// @title ed25519 (RFC 8032) by the strict, cofactorless rule of ed25519-dalek's `verify_strict`
/// @notice The curve is -x^2 + y^2 = 1 + d x^2 y^2 over the integers mod p = 2^255 - 19. A point (x, y) is kept as
/// (X : Y : Z) or (X : Y : Z : T) with x = X/Z, y = Y/Z, xy = T/Z; the formulas are those of Hisil, Wong, Carter and
/// Dawson, "Twisted Edwards Curves Revisited" (2008), for a = -1. -1 is a square mod p and d is none, so they hold for
/// every two points of the curve, equal ones and those of small order too: no case of theirs is special.
/// @dev Coordinates are below p. Twice p fits a word, so a sum or a difference of two needs no reduction before it is
/// multiplied: `add(a, sub(P, b))` is a - b.
library Ed25519 {
    /// @dev The prime p, the order of the base point, and 2^256 modulo that order.
    uint256 private constant P = 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed;
    uint256 private constant ORDER = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed;
    uint256 private constant TWO_256 = 0x0ffffffffffffffffffffffffffffffec6ef5bf4737dcf70d6ec31748d98951d;

    /// @dev d = -121665/121666, 2d, and a square root of -1.
    uint256 private constant D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3;
    uint256 private constant TWICE_D = 0x2406d9dc56dffce7198e80f2eef3d13000e0149a8283b156ebd69b9426b2f159;
    uint256 private constant ROOT = 0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0;

    /// @dev The base point.
    uint256 private constant BASE_X = 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51a;
    uint256 private constant BASE_Y = 0x6666666666666666666666666666666666666666666666666666666666666658;

    /// @dev (p - 5) / 8 and p - 2: exponents of a square root and of an inverse.
    uint256 private constant ROOT_EXPONENT = 0x0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd;
    uint256 private constant INVERSE_EXPONENT = 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeb;

    /// @dev The 255 bits of y in an encoded point; the bit above is the lowest of x.
    uint256 private constant Y_BITS = 0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff;

    /// @dev The precompile of EIP-198, and the six words it is asked with.
    uint256 private constant MODEXP = 0x05;
    uint256 private constant MODEXP_BYTES = 0xc0;

    /// @dev The table of sums has 16 entries of four words; these are once A and once B.
    uint256 private constant TABLE_BYTES = 0x800;
    uint256 private constant ENTRY_OF_A = 0x80;
    uint256 private constant ENTRY_OF_B = 0x200;

    /// @notice Whether (r, s) is a signature of the message by the key: the verdict of `verify_strict` of
    /// ed25519-dalek 3.0, for every key, registrable or not. It refuses s that is not below the order, a key that is no
    /// point, a key or r of small order, and r that is not the one encoding of [s]B - [k]A.
    function verify(bytes32 key, bytes memory message, bytes32 r, bytes32 s) internal view returns (bool) {
        uint256 response = _reverse(uint256(s));
        if (response >= ORDER) return false;
        (bool onCurve, uint256 x, uint256 y) = _decode(key);
        if (!onCurve || _isSmallOrder(x, y)) return false;
        uint256 challenge = _challenge(r, key, message);
        (uint256 px, uint256 py, uint256 pz) = _combine(response, challenge, P - x, y);
        uint256 inverse = _power(pz, INVERSE_EXPONENT);
        px = mulmod(px, inverse, P);
        py = mulmod(py, inverse, P);
        // What is compared is the encoding, so r never has to be decoded: of r that is no point, or not encoded in its
        // one way, the two differ.
        return !_isSmallOrder(px, py) && _reverse(uint256(r)) == (py | ((px & 1) << 255));
    }

    /// @notice Whether a key may be registered: the canonical encoding of a point of the subgroup of prime order other
    /// than its neutral element. Every other point has more than one encoding or a torsion component, and verifiers
    /// differ about its signatures.
    function isRegistrable(bytes32 key) internal view returns (bool) {
        // All points that have an encoding with y >= p or one of x = -0 are neutral or have torsion: the checks below
        // would refuse them, too.
        if ((_reverse(uint256(key)) & Y_BITS) >= P) return false;
        (bool onCurve, uint256 x, uint256 y) = _decode(key);
        if (!onCurve || _isSmallOrder(x, y)) return false;
        (uint256 px, uint256 py, uint256 pz) = _combine(0, ORDER, x, y);
        return px == 0 && py == pz;
    }

    /// k: SHA-512 of r, key and message, read as a number from its lowest byte on, modulo the order.
    function _challenge(bytes32 r, bytes32 key, bytes memory message) private pure returns (uint256) {
        (uint256 first, uint256 last) = Sha512.hash(abi.encodePacked(r, key, message));
        return addmod(mulmod(_reverse(last), TWO_256, ORDER), _reverse(first), ORDER);
    }

    /// The point of an encoding, as dalek reads it: y is taken modulo p, and the sign of x = 0 is passed over.
    ///
    /// x^2 = u/v with u = y^2 - 1 and v = d y^2 + 1, which is never 0. The root is u v^3 (u v^7)^((p-5)/8), or that
    /// times a root of -1 (RFC 8032, 5.1.3).
    function _decode(bytes32 key) private view returns (bool onCurve, uint256 x, uint256 y) {
        uint256 encoded = _reverse(uint256(key));
        y = (encoded & Y_BITS) % P;
        uint256 u = mulmod(y, y, P);
        uint256 v = addmod(mulmod(u, D, P), 1, P);
        u = addmod(u, P - 1, P);
        uint256 uv3 = mulmod(u, mulmod(v, mulmod(v, v, P), P), P);
        uint256 v4 = mulmod(mulmod(v, v, P), mulmod(v, v, P), P);
        x = mulmod(uv3, _power(mulmod(uv3, v4, P), ROOT_EXPONENT), P);
        uint256 vxx = mulmod(v, mulmod(x, x, P), P);
        onCurve = vxx == u;
        if (!onCurve) {
            x = mulmod(x, ROOT, P);
            onCurve = addmod(vxx, u, P) == 0;
        }
        if ((x & 1) != (encoded >> 255)) x = (P - x) % P;
    }

    /// Whether the order of a point divides 8. A point with x or y zero is one of the four of order 1, 2 and 4, and the
    /// point is of order 8 if its double is one: the double's coordinates have the factors x, y and x^2 + y^2.
    function _isSmallOrder(uint256 x, uint256 y) private pure returns (bool) {
        uint256 squares = addmod(mulmod(x, x, P), mulmod(y, y, P), P);
        return mulmod(mulmod(x, y, P), squares, P) == 0;
    }

    /// [s]B + [k]A, both from the highest bits on, two bits of each at a time (Straus 1964): 127 times, the sum is
    /// doubled twice and one of the 15 sums of at most three B and at most three A is added.
    ///
    /// Doublings and addition are written out where they are used, so that none of 381 operations pays for a call.
    function _combine(uint256 s, uint256 k, uint256 ax, uint256 ay)
        private
        pure
        returns (uint256 x, uint256 y, uint256 z)
    {
        uint256 table = _table(ax, ay);
        y = 1;
        z = 1;
        assembly ("memory-safe") {
            let p := P
            for { let bit := 254 } bit {} {
                bit := sub(bit, 2)
                // dbl-2008-hwcd with all coordinates negated.
                {
                    let a := mulmod(x, x, p)
                    let b := mulmod(y, y, p)
                    let g := addmod(b, sub(p, a), p)
                    let f := add(mulmod(z, add(z, z), p), sub(p, g))
                    x := mulmod(mulmod(x, add(y, y), p), f, p)
                    y := mulmod(g, add(a, b), p)
                    z := mulmod(f, g, p)
                }
                // The same, and t, which the addition needs.
                let t
                {
                    let a := mulmod(x, x, p)
                    let b := mulmod(y, y, p)
                    let g := addmod(b, sub(p, a), p)
                    let f := add(mulmod(z, add(z, z), p), sub(p, g))
                    let e := mulmod(x, add(y, y), p)
                    let h := add(a, b)
                    x := mulmod(e, f, p)
                    y := mulmod(g, h, p)
                    z := mulmod(f, g, p)
                    t := mulmod(e, h, p)
                }
                let offset := or(and(shl(9, shr(bit, s)), 0x600), and(shl(7, shr(bit, k)), 0x180))
                if offset {
                    // add-2008-hwcd-3.
                    let entry := add(table, offset)
                    let a := mulmod(add(y, sub(p, x)), mload(entry), p)
                    let b := mulmod(add(y, x), mload(add(entry, 0x20)), p)
                    let c := mulmod(t, mload(add(entry, 0x40)), p)
                    let d := mulmod(z, mload(add(entry, 0x60)), p)
                    let f := add(d, sub(p, c))
                    let g := add(d, c)
                    x := mulmod(add(b, sub(p, a)), f, p)
                    y := mulmod(g, add(b, a), p)
                    z := mulmod(f, g, p)
                }
            }
        }
    }

    /// The sums of i times A and j times B, for i and j from 0 to 3, each as the four numbers that an addition takes of
    /// its second point: Y - X, Y + X, 2d T and 2 Z, at 128 (i + 4 j). The first entry, the neutral element, is not
    /// used and stays unwritten.
    function _table(uint256 ax, uint256 ay) private pure returns (uint256 table) {
        assembly ("memory-safe") {
            let p := P
            table := mload(0x40)
            mstore(0x40, add(table, TABLE_BYTES))
            let at := mulmod(ax, ay, p)
            let bt := mulmod(BASE_X, BASE_Y, p)
            write(add(table, ENTRY_OF_A), ax, ay, 1, at)
            write(add(table, ENTRY_OF_B), BASE_X, BASE_Y, 1, bt)
            for { let offset := 0x100 } lt(offset, TABLE_BYTES) { offset := add(offset, 0x80) } {
                if eq(offset, ENTRY_OF_B) { continue }
                // One more A or, at the beginning of a row, one more B: of both, Z is 1.
                let step := ENTRY_OF_A
                let t := at
                if iszero(and(offset, 0x180)) {
                    step := ENTRY_OF_B
                    t := bt
                }
                let from := add(table, sub(offset, step))
                step := add(table, step)
                let a := mulmod(mload(from), mload(step), p)
                let b := mulmod(mload(add(from, 0x20)), mload(add(step, 0x20)), p)
                let c := mulmod(mload(add(from, 0x40)), t, p)
                let d := mload(add(from, 0x60))
                let e := add(b, sub(p, a))
                let f := add(d, sub(p, c))
                let g := add(d, c)
                let h := add(b, a)
                from := add(table, offset)
                write(from, mulmod(e, f, p), mulmod(g, h, p), mulmod(f, g, p), mulmod(e, h, p))
            }

            function write(entry, x, y, z, t) {
                mstore(entry, add(y, sub(P, x)))
                mstore(add(entry, 0x20), add(y, x))
                mstore(add(entry, 0x40), mulmod(t, TWICE_D, P))
                mstore(add(entry, 0x60), addmod(z, z, P))
            }
        }
    }

    /// A power modulo p.
    function _power(uint256 base, uint256 exponent) private view returns (uint256 result) {
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, 0x20)
            mstore(add(words, 0x20), 0x20)
            mstore(add(words, 0x40), 0x20)
            mstore(add(words, 0x60), base)
            mstore(add(words, 0x80), exponent)
            mstore(add(words, 0xa0), P)
            // It fails for want of gas alone, and that must not look like a result.
            if iszero(staticcall(gas(), MODEXP, words, MODEXP_BYTES, 0x00, 0x20)) { revert(0, 0) }
            result := mload(0x00)
        }
    }

    /// The same bytes from last to first.
    function _reverse(uint256 x) private pure returns (uint256) {
        unchecked {
            uint256 mask = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
            x = ((x >> 8) & mask) | ((x & mask) << 8);
            mask = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
            x = ((x >> 16) & mask) | ((x & mask) << 16);
            mask = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
            x = ((x >> 32) & mask) | ((x & mask) << 32);
            mask = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
            x = ((x >> 64) & mask) | ((x & mask) << 64);
            return (x >> 128) | (x << 128);
        }
    }
}
