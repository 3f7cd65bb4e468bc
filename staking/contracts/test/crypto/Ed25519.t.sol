// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Ed25519Verifier} from "../../src/Ed25519Verifier.sol";

/// @dev The same vectors are judged by ed25519-dalek and by this contract's checked-in code in
/// `staking/tests/ed25519`, and 21,000 random signatures with them.
contract Ed25519Test is Test {
    struct SignatureVector {
        string name;
        bytes32 key;
        bytes message;
        bytes32 r;
        bytes32 s;
        bool valid;
    }

    struct KeyVector {
        string name;
        bytes32 key;
        bool registrable;
    }

    string private constant SIGNATURE_VECTOR =
        "SignatureVector(string name,bytes32 key,bytes message,bytes32 r,bytes32 s,bool valid)";
    string private constant KEY_VECTOR = "KeyVector(string name,bytes32 key,bool registrable)";

    Ed25519Verifier private verifier;
    string private published;
    string private edges;

    function setUp() external {
        verifier = new Ed25519Verifier();
        published = vm.readFile("vectors/ed25519.json");
        edges = vm.readFile("vectors/ed25519-edges.json");
    }

    /// @dev C18.
    function test_PublishedSignatures() external view {
        assertEq(judgeAll(published), 156, "signatures");
    }

    /// @dev C18.
    function test_SignaturesAtTheEdges() external view {
        assertEq(judgeAll(edges), 117, "signatures");
    }

    /// @dev C19.
    function test_KeysAtTheEdges() external view {
        KeyVector[] memory keys = abi.decode(vm.parseJsonTypeArray(edges, ".keys", KEY_VECTOR), (KeyVector[]));
        assertEq(keys.length, 51, "keys");
        for (uint256 i = 0; i < keys.length; ++i) {
            assertEq(verifier.isRegistrable(keys[i].key), keys[i].registrable, keys[i].name);
        }
    }

    /// @dev C18: refusing is an answer, not a revert.
    function testFuzz_NoiseIsRefused(bytes32 key, bytes32 digest, bytes32 r, bytes32 s) external view {
        assertFalse(verifier.verify(key, digest, r, s));
    }

    /// @dev C18: nothing else than what was signed stands, whichever bit differs.
    function testFuzz_OneBitDecides(uint256 bit) external view {
        (bytes32 key, bytes32 digest, bytes32 r, bytes32 s) = honest();
        bytes32 flipped = bytes32(1 << (bit % 256));
        assertFalse(verifier.verify(key ^ flipped, digest, r, s));
        assertFalse(verifier.verify(key, digest ^ flipped, r, s));
        assertFalse(verifier.verify(key, digest, r ^ flipped, s));
        assertFalse(verifier.verify(key, digest, r, s ^ flipped));
    }

    /// @dev C18: a verdict is never made of a lack of gas, least of all of one in the precompile.
    function test_ShortOfGasItRevertsAndDoesNotRefuse() external view {
        (bytes32 key, bytes32 digest, bytes32 r, bytes32 s) = honest();
        uint256 answers = 0;
        for (uint256 gas = 1000; gas < 200_000; gas += 211) {
            try verifier.verify{gas: gas}(key, digest, r, s) returns (bool stands) {
                assertTrue(stands, vm.toString(gas));
                ++answers;
            } catch {}
            try verifier.isRegistrable{gas: gas}(key) returns (bool registrable) {
                assertTrue(registrable, vm.toString(gas));
            } catch {}
        }
        assertGt(answers, 0, "never enough");
        assertLt(answers, 900, "always enough");
    }

    /// @dev The two calls judge a digest alike.
    function test_AMessageOf32BytesIsADigest() external view {
        (bytes32 key, bytes32 digest, bytes32 r, bytes32 s) = honest();
        assertTrue(verifier.verify(key, digest, r, s));
        assertTrue(verifier.verifyMessage(key, abi.encodePacked(digest), r, s));
        assertFalse(verifier.verifyMessage(key, abi.encodePacked(digest, uint8(0)), r, s));
    }

    function judgeAll(string memory vectors) private view returns (uint256 count) {
        SignatureVector[] memory all = signatures(vectors);
        for (; count < all.length; ++count) {
            SignatureVector memory one = all[count];
            assertEq(verifier.verifyMessage(one.key, one.message, one.r, one.s), one.valid, one.name);
            if (one.message.length == 32) {
                assertEq(verifier.verify(one.key, bytes32(one.message), one.r, one.s), one.valid, one.name);
            }
        }
    }

    function signatures(string memory vectors) private pure returns (SignatureVector[] memory) {
        return abi.decode(vm.parseJsonTypeArray(vectors, ".signatures", SIGNATURE_VECTOR), (SignatureVector[]));
    }

    /// @dev The first of the edges.
    function honest() private view returns (bytes32 key, bytes32 digest, bytes32 r, bytes32 s) {
        SignatureVector memory first = signatures(edges)[0];
        return (first.key, bytes32(first.message), first.r, first.s);
    }
}
