// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Signer} from "../Signer.sol";
import {InboxFixture} from "../inbox/InboxFixture.sol";
import {BlsVerifier} from "../../src/BlsVerifier.sol";
import {Ed25519Verifier} from "../../src/Ed25519Verifier.sol";
import {RotaInbox} from "../../src/RotaInbox.sol";
import {IRotaInbox} from "../../src/interfaces/IRotaInbox.sol";

/// @dev What appends and verifications cost as whole transactions.
contract InboxGasTest is InboxFixture, Signer {
    bytes private payload;

    function test_Append() external {
        append("first append, 1 KB", random(1000));
        append("append, 1 KB", random(1000));
        append("append, 20 KB", random(20_000));
        append("append, 120 KB", random(120_000));
    }

    function test_LateDuplicate() external {
        IRotaInbox.Entry memory entry = IRotaInbox.Entry(1, 10, 0, keccak256("batch"));
        payload = random(120_000);
        vm.prank(submitterOf(0), submitterOf(0));
        inbox.append(operatorOf(0), entry, payload);
        vm.prank(submitterOf(1), submitterOf(1));
        (bool done,) = address(inbox).call(abi.encodeCall(RotaInbox.append, (operatorOf(1), entry, payload)));
        assertFalse(done);
        vm.snapshotGasLastCall("RotaInbox", "late duplicate, 120 KB, refused");
    }

    /// @dev What costs the most: a signature that stands, whose scalars have all their bits, and a key that may be
    /// registered.
    function test_Verifier() external {
        Ed25519Verifier verifier = new Ed25519Verifier();
        string memory edges = vm.readFile("vectors/ed25519-edges.json");
        bytes32 key = vm.parseJsonBytes32(edges, ".signatures[0].key");
        bytes32 digest = vm.parseJsonBytes32(edges, ".signatures[0].message");
        bytes32 r = vm.parseJsonBytes32(edges, ".signatures[0].r");
        bytes32 s = vm.parseJsonBytes32(edges, ".signatures[0].s");
        assertTrue(verifier.verify(key, digest, r, s));
        vm.snapshotGasLastCall("Ed25519Verifier", "verify");
        assertTrue(verifier.isRegistrable(key));
        vm.snapshotGasLastCall("Ed25519Verifier", "isRegistrable");
        assertTrue(verifier.verifyMessage(key, bytes.concat(digest), r, s));
        vm.snapshotGasLastCall("Ed25519Verifier", "verifyMessage, 32 bytes");
    }

    function test_BlsVerifier() external {
        BlsVerifier verifier = new BlsVerifier();
        bytes32 digest = keccak256("fact");
        bytes memory key = attestationKeyOf(1);
        bytes memory signature = signAttestation(1, digest);
        bytes memory possession = signPossession(1, digest);
        assertTrue(verifier.verify(key, digest, signature));
        vm.snapshotGasLastCall("BlsVerifier", "verify");
        assertTrue(verifier.verifyPossession(key, digest, possession));
        vm.snapshotGasLastCall("BlsVerifier", "verifyPossession");
    }

    function append(string memory name, bytes memory payload_) private {
        uint64 first = inbox.nextHeight();
        IRotaInbox.Entry memory entry = IRotaInbox.Entry(first, first + 9, inbox.link(), keccak256(abi.encode(first)));
        vm.prank(submitterOf(0), submitterOf(0));
        inbox.append(operatorOf(0), entry, payload_);
        vm.snapshotGasLastCall("RotaInbox", name);
    }

    /// @dev Compressed bytes look random.
    function random(uint256 size) private pure returns (bytes memory bytes_) {
        bytes_ = new bytes(size);
        for (uint256 i = 0; i < size; i += 32) {
            bytes32 word = keccak256(abi.encode(i));
            for (uint256 j = i; j < i + 32 && j < size; ++j) {
                bytes_[j] = word[j - i];
            }
        }
    }
}
