// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {QuorumFixture} from "./QuorumFixture.sol";
import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {BlsSignatures} from "../../src/crypto/BlsSignatures.sol";
import {HashToG2} from "../../src/crypto/HashToG2.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IBlsVerifier} from "../../src/interfaces/IBlsVerifier.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev Quorums that stand, and who may sign about which epoch. What is refused of the vectors stands in `BadQuorums`.
contract RequireQuorumTest is QuorumFixture {
    bytes32 private constant CONTENT = keccak256("content");

    /// @dev C120, C123: what noble signs, with 0 to 49 absent; the recorded sum of keys is noble's.
    function test_RequireQuorum_WhenNobleSigned() external view {
        QuorumVector[] memory all = vectors(".good");
        assertEq(all.length, 10, "attestations");
        for (uint256 i = 0; i < all.length; ++i) {
            QuorumVector memory one = all[i];
            verifier.requireQuorum(one.kind, one.index, one.content, one.attestingEpoch, quorumOf(one));
        }
        assertEq(sets.attestationKeySum(NOW), vm.parseJsonBytes(file, ".sum"), "sum of keys");
    }

    /// @dev C122: whoever is absent, more than 2/3 of the power is enough, and 2/3 are too little.
    function testFuzz_RequireQuorum_PowerDecides(uint128 absent, uint128 other) external {
        absent &= other & ALL;
        uint64 power = powerOf(ALL & ~absent);
        IAttestationVerifier.QuorumSignature memory quorum = quorumWithout(absent, NOW, CONTENT);
        if (quorum.signers == 0) return;
        if (uint256(power) * 3 <= uint256(TOTAL_POWER) * 2) {
            vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.NoQuorum.selector, power, TOTAL_POWER));
        }
        verifier.requireQuorum(1, 3, CONTENT, NOW, quorum);
    }

    /// @dev C121: the sets of the epoch that it is about and of K later ones, each once it has begun.
    function testFuzz_RequireQuorum_WhoMaySign(uint64 aboutEpoch, uint64 epoch) external {
        (aboutEpoch, epoch) = (aboutEpoch % 16, epoch % 16);
        IAttestationVerifier.QuorumSignature memory quorum = quorumWithout(0, epoch, CONTENT);
        if (epoch < aboutEpoch) {
            vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.AttestedBefore.selector, epoch, aboutEpoch));
        } else if (epoch > aboutEpoch + K) {
            vm.expectRevert(
                abi.encodeWithSelector(IAttestationVerifier.AttestedTooLate.selector, epoch, aboutEpoch + K)
            );
        } else if (epoch > NOW) {
            vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.AttestingEpochNotBegun.selector, epoch, NOW));
        }
        verifier.requireQuorum(1, 3, CONTENT, aboutEpoch, quorum);
    }

    /// @dev C121: also at the end of all epochs.
    function test_RevertWhen_TheEpochIsTheLastOfAll() external {
        IAttestationVerifier.QuorumSignature memory quorum = quorumWithout(0, type(uint64).max, CONTENT);
        vm.expectRevert(
            abi.encodeWithSelector(IAttestationVerifier.AttestingEpochNotBegun.selector, type(uint64).max, NOW)
        );
        verifier.requireQuorum(1, 3, CONTENT, type(uint64).max, quorum);
        vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.AttestedTooLate.selector, type(uint64).max, K));
        verifier.requireQuorum(1, 3, CONTENT, 0, quorum);
    }

    /// @dev C120: keys and powers are those of the attesting epoch, whatever has changed since.
    function test_RequireQuorum_WhenTheSetHasChanged() external {
        vm.startPrank(stakes);
        sets.setKeys(nameOf(0), keccak256("another"), attestationKeyOf(1));
        sets.remove(nameOf(99));
        vm.stopPrank();
        rollTo(NOW + 2);
        verifier.requireQuorum(1, 3, CONTENT, NOW, quorumWithout(0, NOW, CONTENT));
        verifier.requireQuorum(1, 3, CONTENT, NOW, quorumWithout(3, NOW, CONTENT));

        IAttestationVerifier.QuorumSignature memory quorum = quorumWithout(0, NOW + 2, CONTENT);
        vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.ForeignSigners.selector, uint128(1) << 99));
        verifier.requireQuorum(1, 3, CONTENT, NOW, quorum);
        quorum = quorumWithout(uint128(1) << 99, NOW + 2, CONTENT);
        bytes32 digest = verifier.digestOf(NOW + 2, 1, 3, CONTENT);
        vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.WrongSignature.selector, digest));
        verifier.requireQuorum{gas: 1_000_000}(1, 3, CONTENT, NOW, quorum);
        quorum.signers &= ~uint128(1);
        quorum.signature = signedBy(quorum.signers, NOW + 2, CONTENT);
        verifier.requireQuorum(1, 3, CONTENT, NOW, quorum);
    }

    /// @dev C123: two members whose keys cancel out, each well proven, make no quorum that anybody can sign for.
    function test_RevertWhen_TheKeysCancelOut() external {
        bytes memory key = attestationKeyOf(1);
        mockSigners(3, 20, 20, Bls12381.add(key, Bls12381.negate(key)));
        IAttestationVerifier.QuorumSignature memory quorum = quorumWithout(0, NOW, CONTENT);
        quorum.signers = 3;
        vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.InfiniteKeySum.selector));
        verifier.requireQuorum(1, 3, CONTENT, NOW, quorum);
        quorum.signature = new bytes(256);
        vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.InfiniteKeySum.selector));
        verifier.requireQuorum(1, 3, CONTENT, NOW, quorum);
    }

    /// @dev C122: power at the end of its type.
    function test_RequireQuorum_WhenPowersAreHuge() external {
        secrets[0] = 7;
        IAttestationVerifier.QuorumSignature memory quorum =
            IAttestationVerifier.QuorumSignature(NOW, 1, signedBy(1, NOW, CONTENT));
        uint64 power = type(uint64).max / 3 * 2;
        mockSigners(1, type(uint64).max, power, blsKeyOf(7));
        vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.NoQuorum.selector, power, type(uint64).max));
        verifier.requireQuorum(1, 3, CONTENT, NOW, quorum);
        mockSigners(1, type(uint64).max, power + 1, blsKeyOf(7));
        verifier.requireQuorum(1, 3, CONTENT, NOW, quorum);
    }

    /// @dev C125: with too little gas it reverts by name and never says that a good signature is bad.
    function test_RevertWhen_TheGasDoesNotSuffice() external view {
        IAttestationVerifier.QuorumSignature memory quorum = quorumWithout(5, NOW, CONTENT);
        uint256 stands = 0;
        uint256 reverts = 0;
        for (uint256 gas = 5000; gas < 700_000; gas += 2111) {
            try verifier.requireQuorum{gas: gas}(1, 3, CONTENT, NOW, quorum) {
                ++stands;
            } catch (bytes memory reason) {
                ++reverts;
                bytes4 name = reason.length < 4 ? bytes4(0) : bytes4(reason);
                bool named = name == 0 || name == IBlsVerifier.GasTooLow.selector
                    || name == HashToG2.PrecompileFailed.selector || name == Bls12381.PointRefused.selector;
                assertTrue(named, vm.toString(gas));
            }
        }
        assertGt(stands, 150, "hardly ever enough");
        assertGt(reverts, 50, "always enough");
    }

    /// @dev C125: a refusal of a point is believed with ample gas only.
    function test_RevertWhen_TheGasMakesARefusalDoubtful() external {
        IAttestationVerifier.QuorumSignature memory quorum = quorumWithout(0, NOW, CONTENT);
        quorum.signature[255] ^= 0x01;
        vm.expectPartialRevert(IBlsVerifier.GasTooLow.selector);
        verifier.requireQuorum{gas: BlsSignatures.AMPLE_GAS}(1, 3, CONTENT, NOW, quorum);
        vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.SignatureOffCurve.selector));
        verifier.requireQuorum{gas: 2 * BlsSignatures.AMPLE_GAS}(1, 3, CONTENT, NOW, quorum);
    }

    /// @dev C123, C124: whichever bit of signers or signature differs.
    function testFuzz_RevertWhen_OneBitDiffers(uint256 bit) external {
        IAttestationVerifier.QuorumSignature memory quorum = quorumWithout(0, NOW, CONTENT);
        quorum.signers ^= uint128(1 << (bit % 128));
        vm.expectRevert();
        verifier.requireQuorum{gas: 1_000_000}(1, 3, CONTENT, NOW, quorum);
        quorum = quorumWithout(0, NOW, CONTENT);
        quorum.signature[(bit / 8) % 256] ^= bytes1(uint8(1 << (bit % 8)));
        vm.expectRevert();
        verifier.requireQuorum{gas: 1_000_000}(1, 3, CONTENT, NOW, quorum);
    }

    function powerOf(uint128 signers) private pure returns (uint64 power) {
        for (uint256 place = 0; place < MEMBERS; ++place) {
            if ((signers >> place) & 1 != 0) power += place < 50 ? 10 : 20;
        }
    }

    function mockSigners(uint128 signers, uint64 totalPower, uint64 power, bytes memory keySum) private {
        bytes memory call = abi.encodeCall(IValidatorSets.signersOf, (NOW, signers));
        vm.mockCall(address(sets), call, abi.encode(signers, totalPower, power, keySum));
    }
}
