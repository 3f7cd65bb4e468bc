// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {QuorumFixture} from "./QuorumFixture.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";

/// @dev Forged, mutated, replayed, swapped, under-signed: each kind of `vectors/quorum.json` is refused by the error
/// that stands there, with the values that explain it.
contract BadQuorumsTest is QuorumFixture {
    /// A refusal for a point takes what it is given, so it is given little.
    uint256 private constant GAS = 3_000_000;

    function test_EveryKindOfBadQuorumIsRefusedByName() external view {
        QuorumVector[] memory all = vectors(".bad");
        for (uint256 i = 0; i < all.length; ++i) {
            QuorumVector memory one = all[i];
            string memory at = string.concat(".bad[", vm.toString(i), "].error");
            bytes memory reason = reasonOf(vm.parseJsonString(file, at), one);
            try verifier.requireQuorum{gas: GAS}(one.kind, one.index, one.content, one.attestingEpoch, quorumOf(one)) {
                assertTrue(false, one.name);
            } catch (bytes memory answer) {
                assertEq(answer, reason, one.name);
            }
            for (uint256 j = 0; j < i; ++j) {
                assertTrue(keccak256(abi.encode(quorumOf(one))) != keccak256(abi.encode(quorumOf(all[j]))), one.name);
            }
        }
        assertEq(all.length, 42, "kinds of bad quorums");
    }

    /// @dev C122 to C124.
    function reasonOf(string memory name, QuorumVector memory one) private view returns (bytes memory) {
        bytes32 error = keccak256(bytes(name));
        uint128 signers = uint128(one.signers);
        if (error == keccak256("ForeignSigners")) {
            return abi.encodeWithSelector(IAttestationVerifier.ForeignSigners.selector, signers & ~ALL);
        }
        if (error == keccak256("NoQuorum")) {
            uint64 power = signers == uint128(1) << 99 ? 20 : 1000;
            return abi.encodeWithSelector(IAttestationVerifier.NoQuorum.selector, power, TOTAL_POWER);
        }
        if (error == keccak256("SignatureLength")) {
            return abi.encodeWithSelector(IAttestationVerifier.SignatureLength.selector, one.signature.length);
        }
        if (error == keccak256("WrongSignature")) {
            bytes32 digest = verifier.digestOf(one.attestingEpoch, one.kind, one.index, one.content);
            return abi.encodeWithSelector(IAttestationVerifier.WrongSignature.selector, digest);
        }
        return abi.encodePacked(bytes4(keccak256(bytes.concat(bytes(name), "()"))));
    }
}
