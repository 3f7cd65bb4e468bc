// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ed25519} from "./crypto/Ed25519.sol";
import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";

/// @title The ed25519 verifier as a contract of its own
/// @notice It has no state, no owner and no upgrade: whoever wants another verdict deploys another contract.
contract Ed25519Verifier is IEd25519Verifier {
    /// @inheritdoc IEd25519Verifier
    function verify(bytes32 key, bytes32 digest, bytes32 r, bytes32 s) external view returns (bool) {
        return Ed25519.verify(key, abi.encodePacked(digest), r, s);
    }

    /// @inheritdoc IEd25519Verifier
    function verifyMessage(bytes32 key, bytes calldata message, bytes32 r, bytes32 s) external view returns (bool) {
        return Ed25519.verify(key, message, r, s);
    }

    /// @inheritdoc IEd25519Verifier
    function isRegistrable(bytes32 key) external view returns (bool) {
        return Ed25519.isRegistrable(key);
    }
}
