// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Judges what a quorum of the validators tells L1
/// @notice One aggregated BLS12-381 signature and a bitmap of places, against what is recorded of an epoch's set. The
/// rules C120 to C126 cited here stand in `README.md`. Powers are in units of power, epochs are those of the sets.
/// @dev A signature that is no point of G2 costs nearly all the gas it is given, because the precompile takes it.
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

    /// @notice The wiring names another address as the verifier of attestations.
    error WiredElsewhere(address attestations, address self);
    /// @notice Attestations would soon become impossible, or any set of a distant future could make them.
    error AttestationEpochsOutOfRange(uint64 epochs, uint64 least, uint64 most);

    /// @notice The set that signs served before the epoch that it speaks about.
    error AttestedBefore(uint64 attestingEpoch, uint64 aboutEpoch);
    /// @notice The set that signs serves later than those that may.
    error AttestedTooLate(uint64 attestingEpoch, uint64 lastEpoch);
    /// @notice The epoch as whose members they signed has not begun.
    error AttestingEpochNotBegun(uint64 attestingEpoch, uint64 currentEpoch);
    /// @notice Nobody signed.
    error NoSigners();
    /// @notice These places were held by nobody in that epoch.
    error ForeignSigners(uint128 places);
    /// @notice Who signed holds no more than 2/3 of the power.
    error NoQuorum(uint64 power, uint64 totalPower);
    /// @notice A signature has 256 bytes.
    error SignatureLength(uint256 length);
    /// @notice The signature is the point at infinity.
    error InfiniteSignature();
    /// @notice A coordinate is not below the prime of the field: points have one encoding.
    error SignatureNotReduced();
    /// @notice The signature is no point of the curve.
    error SignatureOffCurve();
    /// @notice The signature is a point of the curve, but not of the subgroup of prime order.
    error SignatureOutsideSubgroup();
    /// @notice The keys of those who signed cancel out.
    error InfiniteKeySum();
    /// @notice They did not sign this digest, or not all of them.
    error WrongSignature(bytes32 digest);

    /// @notice Returns if more than 2/3 of the power of the attesting epoch's set signed
    /// `Attestation(rollupChainId, attestingEpoch, kind, index, content)`, and reverts by name if not. Too little gas
    /// to tell reverts with `GasTooLow` of the `IBlsVerifier`, or as `HashToG2` and `Bls12381` do.
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

    /// @notice What a validator signs to attest something now.
    /// @param attestingEpoch The epoch as whose member it signs
    function digestOf(uint64 attestingEpoch, uint8 kind, uint64 index, bytes32 content) external view returns (bytes32);

    /// @notice K: for how many epochs after the one that it is about an attestation may be signed.
    function attestationEpochs() external view returns (uint64);
}
