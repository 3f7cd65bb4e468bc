// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Judges BLS12-381 signatures of 32 bytes
/// @notice The rules C51 and C52 cited here stand in `README.md`. Keys are points of G1 in 128 bytes, signatures are
/// points of G2 in 256, as EIP-2537 writes them. The suite is that of the IETF's draft on BLS signatures with proofs of
/// possession: hashes to G2 by RFC 9380, one domain separation tag for attestations and one for possession. A sum of
/// keys judges the sum of their signatures of one digest, if each key is proven to be possessed.
/// @dev Nothing here reverts because of what a key or a signature is; too little gas reverts and is no verdict. A
/// refusal costs nearly all the gas it is given, because the precompile takes it, so it is a transaction's last word.
interface IBlsVerifier {
    /// @notice There is too little gas to tell a refusal from a lack of gas.
    error GasTooLow(uint256 gas, uint256 least);

    /// @notice Whether the key signed the digest as an attestation (C51).
    /// @param key The public key, or a sum of them: 128 bytes
    /// @param digest What was signed: of an attestation, its EIP-712 digest
    /// @param signature The signature, or a sum of them: 256 bytes
    /// @return Whether it stands; false for bytes that are no points of the groups, and for infinity
    function verify(bytes calldata key, bytes32 digest, bytes calldata signature) external view returns (bool);

    /// @notice Whether the key signed the digest as a proof of possession (C52).
    /// @param key The public key: 128 bytes
    /// @param digest What was signed: of a registration of keys, its EIP-712 digest
    /// @param signature The signature: 256 bytes
    /// @return stands Whether it does; false for bytes that are no points of the groups, and for infinity
    function verifyPossession(bytes calldata key, bytes32 digest, bytes calldata signature)
        external
        view
        returns (bool stands);
}
