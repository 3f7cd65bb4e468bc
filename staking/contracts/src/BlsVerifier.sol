// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Bls12381} from "./crypto/Bls12381.sol";
import {BlsSignatures} from "./crypto/BlsSignatures.sol";
import {IBlsVerifier} from "./interfaces/IBlsVerifier.sol";

/// @title Judges BLS12-381 signatures of 32 bytes
/// @notice See `IBlsVerifier` for what each call means.
contract BlsVerifier is IBlsVerifier {
    /// @notice The domain separation tag of attestations.
    bytes public constant ATTESTATION_TAG = BlsSignatures.ATTESTATION_TAG;
    /// @notice The domain separation tag of proofs of possession (C52).
    bytes public constant POSSESSION_TAG = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    /// @notice Gas with which a pairing that fails has not failed for want of gas.
    uint256 public constant AMPLE_GAS = BlsSignatures.AMPLE_GAS;

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

    function _verify(bytes memory key, bytes32 digest, bytes memory signature, bytes memory tag)
        private
        view
        returns (bool)
    {
        if (key.length != Bls12381.G1_BYTES || signature.length != BlsSignatures.SIGNATURE_BYTES) return false;
        // C51: infinity lies in the subgroup, and the infinite key's signature of everything is known.
        if (BlsSignatures.isZero(key) || BlsSignatures.isZero(signature)) return false;
        return BlsSignatures.judge(key, digest, signature, tag) == BlsSignatures.Verdict.Stands;
    }
}
