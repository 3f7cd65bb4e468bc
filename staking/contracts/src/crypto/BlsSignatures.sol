// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IBlsVerifier} from "../interfaces/IBlsVerifier.sol";
import {HashToG2} from "./HashToG2.sol";

/// @title The equation of BLS12-381 signatures, and what can be said of a signature that fails it
/// @notice Keys are points of G1 in 128 bytes, signatures points of G2 in 256, as EIP-2537 writes them. Rule C51 of
/// `README.md`.
library BlsSignatures {
    /// @notice What the precompile says of a key and a signature.
    /// `NoPoints`: one of them is no point of its subgroup. `Wrong`: they are, but the key did not sign this.
    enum Verdict {
        NoPoints,
        Wrong,
        Stands
    }

    /// @notice The domain separation tag of attestations.
    bytes internal constant ATTESTATION_TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    /// @notice The length of a signature.
    uint256 internal constant SIGNATURE_BYTES = 256;
    /// @notice Gas with which a precompile that fails has not failed for want of gas: four times what EIP-2537 asks for
    /// two pairs, so that L1 may raise the price without making a refusal wrong.
    uint256 internal constant AMPLE_GAS = 4 * (37_700 + 2 * 32_600);

    /// @dev Precompiles of EIP-2537: sums in G2, which asks for the curve alone, and whether a product of pairings is
    /// one, which refuses what lies outside the two subgroups, too. Neither takes coordinates that are not reduced.
    uint256 private constant G2ADD = 0x0d;
    uint256 private constant PAIRING_CHECK = 0x0f;

    /// @dev The prime of the field: its first 16 bytes, and the 32 after them.
    uint256 private constant P_HIGH = 0x1a0111ea397fe69a4b1ba7b6434bacd7;
    uint256 private constant P_LOW = 0x64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab;

    /// @dev The opposite of the generator of G1.
    bytes private constant MINUS_GENERATOR = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f"
        hex"c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f2"
        hex"67816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";

    /// @notice Whether a key signed a digest; neither key nor signature may be infinity, which passes for nothing.
    /// @dev A refusal for `NoPoints` takes nearly all gas there is.
    /// @param tag The domain separation tag
    function judge(bytes memory key, bytes32 digest, bytes memory signature, bytes memory tag)
        internal
        view
        returns (Verdict)
    {
        bytes memory point = HashToG2.hash(abi.encodePacked(digest), tag);
        // e(key, point) = e(generator, signature)
        bytes memory pairs = bytes.concat(key, point, MINUS_GENERATOR, signature);
        uint256 gasBefore = gasleft();
        bool done;
        uint256 answer;
        assembly ("memory-safe") {
            done := staticcall(gas(), PAIRING_CHECK, add(pairs, 0x20), mload(pairs), 0x00, 0x20)
            done := and(done, eq(returndatasize(), 0x20))
            answer := mload(0x00)
        }
        // It fails for bytes that are no points, and for want of gas; both take all the gas they were given.
        if (!done) {
            _requireAmple(gasBefore);
            return Verdict.NoPoints;
        }
        return answer == 1 ? Verdict.Stands : Verdict.Wrong;
    }

    /// @notice Whether all bytes are zero: of a point, whether it is infinity.
    function isZero(bytes memory encoded) internal pure returns (bool) {
        uint256 bits = 0;
        uint256 length = encoded.length / 32;
        for (uint256 i = 1; i <= length; ++i) {
            assembly ("memory-safe") {
                bits := or(bits, mload(add(encoded, shl(5, i))))
            }
        }
        return bits == 0;
    }

    /// @notice Whether all four numbers of 256 bytes are below the prime.
    function isReduced(bytes memory signature) internal pure returns (bool) {
        for (uint256 at = 0x20; at < SIGNATURE_BYTES; at += 0x40) {
            uint256 high;
            uint256 low;
            assembly ("memory-safe") {
                high := mload(add(signature, at))
                low := mload(add(signature, add(at, 0x20)))
            }
            if (high > P_HIGH || (high == P_HIGH && low >= P_LOW)) return false;
        }
        return true;
    }

    /// @notice Whether 256 bytes are a point of the curve, of G2 or not, in its one encoding.
    function isOnCurve(bytes memory signature) internal view returns (bool done) {
        bytes memory input = bytes.concat(signature, new bytes(SIGNATURE_BYTES));
        uint256 gasBefore = gasleft();
        uint256 most = AMPLE_GAS;
        assembly ("memory-safe") {
            let start := add(input, 0x20)
            done := staticcall(most, G2ADD, start, mload(input), start, SIGNATURE_BYTES)
            done := and(done, eq(returndatasize(), SIGNATURE_BYTES))
        }
        if (!done) _requireAmple(gasBefore);
    }

    function _requireAmple(uint256 gasBefore) private pure {
        if (gasBefore < AMPLE_GAS) revert IBlsVerifier.GasTooLow(gasBefore, AMPLE_GAS);
    }
}
