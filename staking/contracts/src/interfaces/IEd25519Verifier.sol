// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Judges ed25519 signatures and keys as the nodes do
/// @notice The rules C18 and C19 cited here stand in `README.md`. Keys and signatures have the bytes of RFC 8032, in
/// its order: a `bytes32` is what stands there, not a number. Nothing here reverts because of what a key or a signature
/// is; a call that runs out of gas reverts.
interface IEd25519Verifier {
    /// @notice Whether a signature of 32 bytes stands: the verdict of ed25519-dalek's `verify_strict` (C18).
    /// @param key The public key, registrable or not
    /// @param digest What was signed: of a vote, its EIP-712 digest
    /// @param r The first 32 bytes of the signature
    /// @param s Its last 32 bytes
    /// @return Whether the signature is valid
    function verify(bytes32 key, bytes32 digest, bytes32 r, bytes32 s) external view returns (bool);

    /// @notice Whether a signature of a message of any length stands (C18).
    /// @param key The public key, registrable or not
    /// @param message What was signed
    /// @param r The first 32 bytes of the signature
    /// @param s Its last 32 bytes
    /// @return Whether the signature is valid
    function verifyMessage(bytes32 key, bytes calldata message, bytes32 r, bytes32 s) external view returns (bool);

    /// @notice Whether the key is one that nodes take for a consensus key (C19).
    /// @param key The public key
    /// @return Whether it may be registered
    function isRegistrable(bytes32 key) external view returns (bool);
}
