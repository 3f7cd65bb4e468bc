// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Judges what a quorum of the validators tells L1
/// @notice One aggregated BLS12-381 signature and a bitmap of places, against what is recorded of an epoch's set.
interface IAttestationVerifier {
    /// @notice The quorum's signature of one attestation.
    /// @param attestingEpoch The epoch as whose members they signed
    /// @param signers One bit per place of that epoch's set: who signed
    /// @param signature The sum of their signatures of the attestation's digest, a point of G2 in 256 bytes (EIP-2537)
    struct QuorumSignature {
        uint64 attestingEpoch;
        uint128 signers;
        bytes signature;
    }

    /// @notice Returns if more than 2/3 of the power of the attesting epoch's set signed
    /// `Attestation(rollupChainId, attestingEpoch, kind, index, content)`, and reverts by name if not.
    /// @param kind What sort of fact it is
    /// @param index Which one of its kind
    /// @param content The hash of what is said
    /// @param aboutEpoch The epoch that it is about; the set of this one or of up to K later ones may sign
    function requireQuorum(
        uint8 kind,
        uint64 index,
        bytes32 content,
        uint64 aboutEpoch,
        QuorumSignature calldata quorum
    ) external view;
}
