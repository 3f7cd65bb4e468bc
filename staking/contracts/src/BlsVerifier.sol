// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {HashToG2} from "./crypto/HashToG2.sol";
import {IBlsVerifier} from "./interfaces/IBlsVerifier.sol";

/// @title Judges BLS12-381 signatures of 32 bytes
/// @notice See `IBlsVerifier` for what each call means.
contract BlsVerifier is IBlsVerifier {
    /// @notice The domain separation tag of attestations.
    bytes public constant ATTESTATION_TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    /// @notice The domain separation tag of proofs of possession (C52).
    bytes public constant POSSESSION_TAG = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

    /// @notice Gas with which a pairing that fails has not failed for want of gas: four times what EIP-2537 asks for
    /// two pairs, so that L1 may raise the price without making this contract's refusals wrong.
    uint256 public constant AMPLE_GAS = 4 * (37_700 + 2 * 32_600);

    uint256 private constant KEY_BYTES = 128;
    uint256 private constant SIGNATURE_BYTES = 256;

    /// @dev The precompile of EIP-2537 that asks whether a product of pairings is one. It refuses what is no point of
    /// the two subgroups of prime order, and coordinates that are not reduced.
    uint256 private constant PAIRING_CHECK = 0x0f;

    /// @dev The opposite of the generator of G1.
    bytes private constant MINUS_GENERATOR = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f"
        hex"c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f2"
        hex"67816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";

    /// @inheritdoc IBlsVerifier
    function verify(bytes calldata key, bytes32 digest, bytes calldata signature) external view returns (bool) {
        return _verify(key, digest, signature, ATTESTATION_TAG);
    }

    /// @inheritdoc IBlsVerifier
    function verifyPossession(bytes calldata key, bytes32 digest, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return _verify(key, digest, signature, POSSESSION_TAG);
    }

    function _verify(bytes calldata key, bytes32 digest, bytes calldata signature, bytes memory tag)
        private
        view
        returns (bool)
    {
        if (key.length != KEY_BYTES || signature.length != SIGNATURE_BYTES) return false;
        // C51: infinity lies in the subgroup, and the infinite key's signature of everything is known.
        if (_isZero(key) || _isZero(signature)) return false;
        bytes memory point = HashToG2.hash(abi.encodePacked(digest), tag);
        // e(key, point) = e(generator, signature)
        return _pairingsCancel(bytes.concat(key, point, MINUS_GENERATOR, signature));
    }

    /// Whether the product of the pairings is one.
    function _pairingsCancel(bytes memory pairs) private view returns (bool) {
        uint256 gasBefore = gasleft();
        bool done;
        uint256 answer;
        assembly ("memory-safe") {
            done := staticcall(gas(), PAIRING_CHECK, add(pairs, 0x20), mload(pairs), 0x00, 0x20)
            done := and(done, eq(returndatasize(), 0x20))
            answer := mload(0x00)
        }
        if (done) return answer == 1;
        // It fails for bytes that are no points, and for want of gas; both take all the gas they were given.
        if (gasBefore < AMPLE_GAS) revert GasTooLow(gasBefore, AMPLE_GAS);
        return false;
    }

    function _isZero(bytes calldata encoded) private pure returns (bool) {
        for (uint256 i = 0; i < encoded.length; i += 32) {
            if (bytes32(encoded[i:i + 32]) != 0) return false;
        }
        return true;
    }
}
