// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Digests} from "./Digests.sol";
import {Wiring} from "./Wiring.sol";
import {BlsSignatures} from "./crypto/BlsSignatures.sol";
import {IAttestationVerifier} from "./interfaces/IAttestationVerifier.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title Judges what a quorum of the validators tells L1
/// @notice It believes a signature and the recorded set of its epoch, and stores nothing (C126). See
/// `IAttestationVerifier` for what each call means.
contract AttestationVerifier is IAttestationVerifier {
    /// @notice Fewest epochs for which an attestation may be signed after the one that it is about: that one may be
    /// over before anybody knows all of it.
    uint64 public constant MIN_ATTESTATION_EPOCHS = 1;
    /// @notice Most: whoever enters the set later than that has no say about so long ago.
    uint64 public constant MAX_ATTESTATION_EPOCHS = 64;

    /// @notice Says who was a member, with which keys and power.
    IValidatorSets public immutable sets;
    /// @notice Is named by everything that is signed.
    address public immutable stakes;
    /// @notice Chain id of the rollup: stands in everything that is signed, too.
    uint64 public immutable rollupChainId;
    /// @inheritdoc IAttestationVerifier
    uint64 public immutable attestationEpochs;

    /// @param wiring The contracts of this deployment; the parameters must stand already
    /// @param attestationEpochs_ For how many epochs after the one that it is about an attestation may be signed
    constructor(Wiring memory wiring, uint64 attestationEpochs_) {
        if (wiring.attestations != address(this)) revert WiredElsewhere(wiring.attestations, address(this));
        if (attestationEpochs_ < MIN_ATTESTATION_EPOCHS || attestationEpochs_ > MAX_ATTESTATION_EPOCHS) {
            revert AttestationEpochsOutOfRange(attestationEpochs_, MIN_ATTESTATION_EPOCHS, MAX_ATTESTATION_EPOCHS);
        }
        sets = IValidatorSets(wiring.sets);
        stakes = wiring.stakes;
        rollupChainId = IStakingParameters(wiring.parameters).rollupChainId();
        attestationEpochs = attestationEpochs_;
    }

    /// @inheritdoc IAttestationVerifier
    function requireQuorum(
        uint8 kind,
        uint64 index,
        bytes32 content,
        uint64 aboutEpoch,
        QuorumSignature calldata quorum
    ) external view {
        uint64 epoch = quorum.attestingEpoch;
        _checkEpochs(epoch, aboutEpoch);
        bytes memory key = _keyOfQuorum(epoch, quorum.signers);
        bytes memory signature = quorum.signature;
        _checkPoint(signature);

        bytes32 digest = digestOf(epoch, kind, index, content);
        BlsSignatures.Verdict verdict = BlsSignatures.judge(key, digest, signature, BlsSignatures.ATTESTATION_TAG);
        if (verdict == BlsSignatures.Verdict.Stands) return;
        if (verdict == BlsSignatures.Verdict.Wrong) revert WrongSignature(digest);
        // C124: hash and sum of keys lie in their subgroups, and the signature on the curve.
        revert SignatureOutsideSubgroup();
    }

    /// @inheritdoc IAttestationVerifier
    function digestOf(uint64 attestingEpoch, uint8 kind, uint64 index, bytes32 content) public view returns (bytes32) {
        return Digests.attestation(Digests.separator(stakes), rollupChainId, attestingEpoch, kind, index, content);
    }

    /// C121: the set of the epoch in question may have lost the power to sign, one of the later ones has it.
    function _checkEpochs(uint64 epoch, uint64 aboutEpoch) private view {
        if (epoch < aboutEpoch) revert AttestedBefore(epoch, aboutEpoch);
        if (epoch - aboutEpoch > attestationEpochs) revert AttestedTooLate(epoch, aboutEpoch + attestationEpochs);
        uint64 current = sets.currentEpoch();
        if (epoch > current) revert AttestingEpochNotBegun(epoch, current);
    }

    /// C122, C123: the sum of the keys of those who signed, if they have more than 2/3 of the power.
    function _keyOfQuorum(uint64 epoch, uint128 signers) private view returns (bytes memory) {
        if (signers == 0) revert NoSigners();
        (uint128 taken, uint64 totalPower, uint64 power, bytes memory key) = sets.signersOf(epoch, signers);
        if (signers & ~taken != 0) revert ForeignSigners(signers & ~taken);
        if (uint256(power) * 3 <= uint256(totalPower) * 2) revert NoQuorum(power, totalPower);
        // C123: whose keys cancel out could sign anything with infinity.
        if (BlsSignatures.isZero(key)) revert InfiniteKeySum();
        return key;
    }

    /// C124: what is wrong with a signature that is no point of the curve.
    function _checkPoint(bytes memory signature) private view {
        if (signature.length != BlsSignatures.SIGNATURE_BYTES) revert SignatureLength(signature.length);
        if (BlsSignatures.isZero(signature)) revert InfiniteSignature();
        if (!BlsSignatures.isReduced(signature)) revert SignatureNotReduced();
        if (!BlsSignatures.isOnCurve(signature)) revert SignatureOffCurve();
    }
}
