// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title The group G1 of BLS12-381, in the bytes of EIP-2537
/// @notice A point is x || y, each 64 bytes, big-endian, of which the first 16 are zero; the point at infinity is 128
/// zero bytes. Points written in this way have one encoding each.
/// @dev Nothing here asks whether a point lies in the subgroup of prime order: sums of points that do lie there, too.
library Bls12381 {
    /// @notice The length of a point of G1.
    uint256 internal constant G1_BYTES = 128;

    /// @dev The prime of the field of coordinates: its first 16 bytes, and the 32 after them.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @dev The precompile that adds two points (EIP-2537).
    uint256 private constant G1ADD = 0x0b;

    /// @notice A point has another length than 128 bytes.
    error PointLength(uint256 length);
    /// @notice The bytes are no point of the curve, or the gas does not suffice to add.
    error PointRefused();

    /// @notice The sum of two points; they may be equal, opposite or infinity.
    function add(bytes memory a, bytes memory b) internal view returns (bytes memory sum) {
        _requireLength(a);
        _requireLength(b);
        sum = new bytes(G1_BYTES);
        bool done;
        assembly ("memory-safe") {
            let input := mload(0x40)
            mcopy(input, add(a, 0x20), 0x80)
            mcopy(add(input, 0x80), add(b, 0x20), 0x80)
            done := staticcall(gas(), G1ADD, input, 0x100, add(sum, 0x20), 0x80)
            // Where there is no such precompile, the call succeeds and answers nothing.
            done := and(done, eq(returndatasize(), 0x80))
        }
        if (!done) revert PointRefused();
    }

    /// @notice The opposite point: `add(a, negate(a))` is infinity.
    /// @dev Only y changes, to p - y. No point of G1 but infinity has y = 0, because the curve has an odd number of
    /// points. Whether the bytes are a point of the curve is not asked.
    function negate(bytes memory a) internal pure returns (bytes memory opposite) {
        _requireLength(a);
        opposite = bytes.concat(a);
        uint256 high;
        uint256 low;
        assembly ("memory-safe") {
            high := mload(add(a, 0x60))
            low := mload(add(a, 0x80))
        }
        if (high == 0 && low == 0) return opposite;
        if (high > P_HIGH || (high == P_HIGH && low >= P_LOW)) revert PointRefused();
        unchecked {
            high = P_HIGH - high - (low > P_LOW ? 1 : 0);
            low = P_LOW - low;
        }
        assembly ("memory-safe") {
            mstore(add(opposite, 0x60), high)
            mstore(add(opposite, 0x80), low)
        }
    }

    /// @notice The neutral element.
    function infinity() internal pure returns (bytes memory) {
        return new bytes(G1_BYTES);
    }

    function _requireLength(bytes memory point) private pure {
        if (point.length != G1_BYTES) revert PointLength(point.length);
    }
}
