// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A point of G1 in three words instead of four
/// @notice A coordinate of BLS12-381 has 48 bytes; EIP-2537 puts 16 zero bytes before each.
library PackedPoint {
    /// @dev The first 16 bytes of x and of y, then the other 32 of each.
    struct Point {
        bytes32 highs;
        bytes32 xLow;
        bytes32 yLow;
    }

    /// @dev The bytes are no point of 128 bytes whose paddings are zero.
    error NotPackable(bytes point);

    /// @dev Without loss; whether it is a point of the curve is not asked.
    function pack(bytes memory point) internal pure returns (Point memory) {
        if (point.length != 128) revert NotPackable(point);
        (uint256 xHigh, uint256 yHigh) = (0, 0);
        (bytes32 xLow, bytes32 yLow) = (0, 0);
        assembly ("memory-safe") {
            xHigh := mload(add(point, 0x20))
            xLow := mload(add(point, 0x40))
            yHigh := mload(add(point, 0x60))
            yLow := mload(add(point, 0x80))
        }
        if ((xHigh | yHigh) >> 128 != 0) revert NotPackable(point);
        return Point({highs: bytes32((xHigh << 128) | yHigh), xLow: xLow, yLow: yLow});
    }

    /// @dev The 128 bytes of EIP-2537.
    function unpack(Point memory packed) internal pure returns (bytes memory) {
        uint256 highs = uint256(packed.highs);
        return abi.encode(highs >> 128, packed.xLow, uint256(uint128(highs)), packed.yLow);
    }
}
