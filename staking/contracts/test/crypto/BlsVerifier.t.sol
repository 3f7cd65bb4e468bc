// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Signer} from "../Signer.sol";
import {BlsVerifier} from "../../src/BlsVerifier.sol";
import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {HashToG2} from "../../src/crypto/HashToG2.sol";
import {IBlsVerifier} from "../../src/interfaces/IBlsVerifier.sol";

contract BlsVerifierTest is Test, Signer {
    struct HashVector {
        string name;
        bytes message;
        string tag;
        bytes point;
    }

    struct BlsSignatureVector {
        string name;
        bytes key;
        bytes32 digest;
        bytes signature;
        bool attestation;
        bool possession;
    }

    string private constant HASH_VECTOR = "HashVector(string name,bytes message,string tag,bytes point)";
    string private constant SIGNATURE_VECTOR =
        "BlsSignatureVector(string name,bytes key,bytes32 digest,bytes signature,bool attestation,bool possession)";

    /// @dev A refusal takes what it is given, so that tests give little.
    uint256 private constant GAS = 700_000;

    BlsVerifier private verifier;
    string private file;

    function setUp() external {
        verifier = new BlsVerifier();
        file = vm.readFile("vectors/bls12381.json");
    }

    /// @dev C51: five of RFC 9380, the others of noble with our tags and the longest.
    function test_HashesOfTheRfcAndOfNoble() external view {
        HashVector[] memory all = abi.decode(vm.parseJsonTypeArray(file, ".hashes", HASH_VECTOR), (HashVector[]));
        assertEq(all.length, 11, "hashes");
        for (uint256 i = 0; i < all.length; ++i) {
            assertEq(HashToG2.hash(all[i].message, bytes(all[i].tag)), all[i].point, all[i].name);
        }
    }

    function test_RevertIf_ATagIsTooLong() external {
        vm.expectRevert(abi.encodeWithSelector(HashToG2.TagTooLong.selector, 256));
        this.hash("", new bytes(256));
    }

    /// @dev C51, C52: 53 signatures of which five stand, each by one tag only.
    function test_SignaturesOfNoble() external view {
        BlsSignatureVector[] memory all = signatures();
        assertEq(all.length, 53, "signatures");
        uint256 standing = 0;
        for (uint256 i = 0; i < all.length; ++i) {
            BlsSignatureVector memory one = all[i];
            bool attestation = verifier.verify{gas: GAS}(one.key, one.digest, one.signature);
            bool possession = verifier.verifyPossession{gas: GAS}(one.key, one.digest, one.signature);
            assertEq(attestation, one.attestation, one.name);
            assertEq(possession, one.possession, one.name);
            if (attestation || possession) ++standing;
        }
        assertEq(standing, 5, "standing");
    }

    /// @dev C51: attestations that noble signed over the digests of vectors/digests.json.
    function test_AttestationsOfNoble() external view {
        string memory digests = vm.readFile("vectors/digests.json");
        uint256 count = 0;
        for (; vm.keyExistsJson(digests, string.concat(".attestations[", vm.toString(count), "]")); ++count) {
            string memory at = string.concat(".attestations[", vm.toString(count), "].");
            bytes memory key = vm.parseJsonBytes(digests, string.concat(at, "attestationKey"));
            bytes32 digest = vm.parseJsonBytes32(digests, string.concat(at, "digest"));
            bytes memory signature = vm.parseJsonBytes(digests, string.concat(at, "signature"));
            assertTrue(verifier.verify(key, digest, signature));
            assertFalse(verifier.verifyPossession{gas: GAS}(key, digest, signature));
        }
        assertEq(count, 6, "attestations");
    }

    /// @dev C51, C52: whoever has the secret, whatever the digest.
    function testFuzz_WhatIsSignedStands(uint256 number, bytes32 digest) external view {
        bytes memory key = attestationKeyOf(number);
        assertTrue(verifier.verify(key, digest, signAttestation(number, digest)));
        assertTrue(verifier.verifyPossession(key, digest, signPossession(number, digest)));
        assertFalse(verifier.verify{gas: GAS}(key, digest, signPossession(number, digest)));
        assertFalse(verifier.verifyPossession{gas: GAS}(key, digest, signAttestation(number, digest)));
    }

    /// @dev C51: sums of keys and of signatures of one digest.
    function testFuzz_SumsStand(uint256 a, uint256 b, bytes32 digest) external view {
        a = bound(a, 1, BLS_ORDER - 1);
        b = bound(b, 1, BLS_ORDER - 1);
        vm.assume(addmod(a, b, BLS_ORDER) != 0);
        bytes memory key = Bls12381.add(blsKeyOf(a), blsKeyOf(b));
        (bool done, bytes memory sum) = address(0x0d)
            .staticcall(bytes.concat(blsSign(a, digest, ATTESTATION_TAG), blsSign(b, digest, ATTESTATION_TAG)));
        assertTrue(done);
        assertTrue(verifier.verify(key, digest, sum));
        assertFalse(verifier.verify{gas: GAS}(blsKeyOf(a), digest, sum));
    }

    /// @dev C51: nothing else than what was signed stands, whichever bit differs.
    function testFuzz_OneBitDecides(uint256 bit) external view {
        BlsSignatureVector memory one = signatures()[0];
        assertFalse(verifier.verify{gas: GAS}(flipped(one.key, bit), one.digest, one.signature));
        assertFalse(verifier.verify{gas: GAS}(one.key, one.digest, flipped(one.signature, bit)));
        assertFalse(verifier.verify{gas: GAS}(one.key, one.digest ^ bytes32(1 << (bit % 256)), one.signature));
    }

    /// @dev C51: refusing is an answer, not a revert.
    function testFuzz_NoiseIsRefused(bytes calldata key, bytes32 digest, bytes calldata signature) external view {
        assertFalse(verifier.verify{gas: GAS}(key, digest, signature));
        assertFalse(verifier.verifyPossession{gas: GAS}(key, digest, signature));
    }

    /// @dev C51: also where the lengths are right.
    function testFuzz_NoiseOfTheRightLengthsIsRefused(
        uint128[4] calldata key,
        bytes32 digest,
        uint128[8] calldata parts
    ) external view {
        assertFalse(verifier.verify{gas: GAS}(abi.encode(key), digest, abi.encode(parts)));
        assertFalse(verifier.verifyPossession{gas: GAS}(abi.encode(key), digest, abi.encode(parts)));
    }

    /// @dev C51: a key made to cancel another's out (a rogue key) makes a sum that its maker alone can sign for, and
    /// proves nothing: its secret is unknown.
    function test_ARogueKeySignsForASumButProvesNoPossession() external view {
        bytes32 digest = keccak256("fact");
        bytes memory victim = attestationKeyOf(1);
        bytes memory rogue = Bls12381.add(attestationKeyOf(2), Bls12381.negate(victim));
        bytes memory sum = Bls12381.add(victim, rogue);
        assertTrue(verifier.verify(sum, digest, signAttestation(2, digest)), "why possession is asked for");
        assertFalse(verifier.verifyPossession{gas: GAS}(rogue, digest, signPossession(2, digest)));
    }

    /// @dev C51: a verdict is never made of a lack of gas: with too little it reverts, with enough it is right.
    function test_ShortOfGasItRevertsAndDoesNotRefuse() external view {
        BlsSignatureVector memory one = signatures()[0];
        uint256 answers = 0;
        uint256 reverts = 0;
        for (uint256 gas = 1000; gas < 800_000; gas += 1511) {
            try verifier.verify{gas: gas}(one.key, one.digest, one.signature) returns (bool stands) {
                assertTrue(stands, vm.toString(gas));
                ++answers;
            } catch {
                ++reverts;
            }
        }
        assertGt(answers, 300, "hardly ever enough");
        assertGt(reverts, 90, "always enough");
    }

    /// @dev C51: what is refused is refused with ample gas, and only then.
    function test_RevertIf_TheGasMakesARefusalDoubtful() external {
        BlsSignatureVector memory one = signatures()[0];
        one.signature[255] ^= 0x01;
        uint256 ample = verifier.AMPLE_GAS();
        assertFalse(verifier.verify{gas: ample + 100_000}(one.key, one.digest, one.signature));
        vm.expectPartialRevert(IBlsVerifier.GasTooLow.selector);
        verifier.verify{gas: ample}(one.key, one.digest, one.signature);
    }

    function hash(bytes memory message, bytes memory tag) external view returns (bytes memory) {
        return HashToG2.hash(message, tag);
    }

    function flipped(bytes memory from, uint256 bit) private pure returns (bytes memory to) {
        to = bytes.concat(from);
        to[(bit / 8) % to.length] ^= bytes1(uint8(1 << (bit % 8)));
    }

    function signatures() private view returns (BlsSignatureVector[] memory) {
        return abi.decode(vm.parseJsonTypeArray(file, ".signatures", SIGNATURE_VECTOR), (BlsSignatureVector[]));
    }
}
