// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Digests} from "../../src/Digests.sol";

/// @dev C50. The vectors are hashed step by step by `tools/digest-vectors.mjs`, which finds those of proto equal.
contract DigestsTest is Test {
    string private file;
    bytes32 private separator;

    function setUp() external {
        file = vm.readFile("vectors/digests.json");
        separator = vm.parseJsonBytes32(file, ".domains[0].separator");
    }

    function test_Separators() external {
        uint256 count = 0;
        for (; exists("domains", count); ++count) {
            vm.chainId(number("domains", count, "chainId"));
            address stakes = vm.parseJsonAddress(file, at("domains", count, "verifyingContract"));
            assertEq(Digests.separator(stakes), word("domains", count, "separator"));
        }
        assertEq(count, 4, "domains");
    }

    function test_Votes() external view {
        uint256 count = 0;
        for (; exists("votes", count); ++count) {
            bytes32 digest = Digests.vote(
                separator,
                uint64(number("votes", count, "rollupChainId")),
                uint64(number("votes", count, "epoch")),
                uint64(number("votes", count, "view")),
                uint8(number("votes", count, "kind")),
                word("votes", count, "batch")
            );
            assertEq(digest, word("votes", count, "digest"));
        }
        assertEq(count, 4, "votes");
    }

    function test_KeyRegistrations() external view {
        uint256 count = 0;
        for (; exists("keyRegistrations", count); ++count) {
            bytes32 digest = Digests.keyRegistration(
                separator,
                uint64(number("keyRegistrations", count, "rollupChainId")),
                vm.parseJsonAddress(file, at("keyRegistrations", count, "operator")),
                word("keyRegistrations", count, "consensusKey"),
                vm.parseJsonBytes(file, at("keyRegistrations", count, "attestationKey")),
                number("keyRegistrations", count, "nonce")
            );
            assertEq(digest, word("keyRegistrations", count, "digest"));
        }
        assertEq(count, 8, "key registrations");
    }

    function test_Attestations() external view {
        uint256 count = 0;
        for (; exists("attestations", count); ++count) {
            bytes32 digest = Digests.attestation(
                separator,
                uint64(number("attestations", count, "rollupChainId")),
                uint64(number("attestations", count, "attestingEpoch")),
                uint8(number("attestations", count, "kind")),
                uint64(number("attestations", count, "index")),
                word("attestations", count, "content")
            );
            assertEq(digest, word("attestations", count, "digest"));
        }
        assertEq(count, 6, "attestations");
    }

    function test_TheTypesAreThoseOfTheVectors() external view {
        assertEq(Digests.VOTE_TYPE, keccak256(bytes(vm.parseJsonString(file, ".types.vote"))));
        assertEq(Digests.KEY_REGISTRATION_TYPE, keccak256(bytes(vm.parseJsonString(file, ".types.keyRegistration"))));
        assertEq(Digests.ATTESTATION_TYPE, keccak256(bytes(vm.parseJsonString(file, ".types.attestation"))));
    }

    /// @dev One type's digest never stands for another's, whatever the fields: what an attestation key or a consensus
    /// key signed for one purpose serves no other.
    function testFuzz_TheTypesShareNoDigest(bytes32 domain, uint64 a, uint64 b, uint64 c, uint8 kind, bytes32 content)
        external
        pure
    {
        bytes32 vote = Digests.vote(domain, a, b, c, kind, content);
        bytes32 attestation = Digests.attestation(domain, a, b, kind, c, content);
        bytes32 registration =
            Digests.keyRegistration(domain, a, address(uint160(b)), content, abi.encode(c), uint256(kind));
        assertNotEq(vote, attestation);
        assertNotEq(vote, registration);
        assertNotEq(attestation, registration);
    }

    function number(string memory list, uint256 index, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(file, at(list, index, field));
    }

    function word(string memory list, uint256 index, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(file, at(list, index, field));
    }

    function exists(string memory list, uint256 index) private view returns (bool) {
        return vm.keyExistsJson(file, string.concat(".", list, "[", vm.toString(index), "]"));
    }

    function at(string memory list, uint256 index, string memory field) private pure returns (string memory) {
        return string.concat(".", list, "[", vm.toString(index), "].", field);
    }
}
