// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EndToEndFixture} from "./EndToEndFixture.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev Says yes to all that registrations ask, so that a large state is built quickly.
contract YesToRegistrations {
    function isRegistrable(bytes32) external pure returns (bool) {
        return true;
    }

    function verify(bytes32, bytes32, bytes32, bytes32) external pure returns (bool) {
        return true;
    }

    function verifyPossession(bytes calldata, bytes32, bytes calldata) external pure returns (bool) {
        return true;
    }
}

/// @dev What the slasher's calls cost with real verifiers, sets and stakes. With the profile `gas` each call is a whole
/// transaction: `FOUNDRY_PROFILE=gas forge test --match-path test/slasher/SlasherGas.t.sol`.
contract SlasherGasTest is EndToEndFixture {
    uint256 private constant TARGET = 1_800_000;
    uint256 private constant WAITING = 300;

    function test_SlashVotes_OfFourMembers() external {
        rollTo(12);
        measure("slashVotes, 4 members");
    }

    function test_SlashVotes_Of128MembersWithMoreWaiting() external {
        build();
        measure("slashVotes, 128 members and 300 waiting");
    }

    function test_SlashAttestations() external {
        rollTo(12);
        ISlasher.AttestationEvidence memory evidence;
        (evidence.kind, evidence.index) = (1, 5);
        evidence.first = attested("A");
        evidence.second = attested("B");
        slasher.slashAttestations(evidence);
        under("slashAttestations, 4 members", TARGET);
    }

    function test_SlashVotes_RefusedAsSlashed() external {
        rollTo(12);
        reportSeed(1);
        ISlasher.VoteEvidence memory evidence = pair(10, 0, "notarizeA", "notarizeB");
        (bool success,) = address(slasher).call(abi.encodeCall(ISlasher.slashVotes, (evidence)));
        assertFalse(success);
        under("slashVotes, refused as AlreadySlashed", 100_000);
    }

    function test_Settle() external {
        rollTo(12);
        reportSeed(1);
        rollTo(29);
        address offender = seedOf(1);
        slasher.settle(offender);
        under("settle, correlation of 10 epochs", TARGET);
    }

    function measure(string memory name) private {
        ISlasher.VoteEvidence memory evidence = pair(10, 0, "notarizeA", "notarizeB");
        slasher.slashVotes(evidence);
        under(name, TARGET);
    }

    function under(string memory name, uint256 limit) private {
        uint256 gas = vm.snapshotGasLastCall("Slasher", name);
        assertLt(gas, limit, name);
    }

    /// @dev 124 more members and many that wait, by the real calls.
    function build() private {
        bytes memory yes = address(new YesToRegistrations()).code;
        (bytes memory ed25519, bytes memory bls) = (wiring.ed25519.code, wiring.bls.code);
        vm.etch(wiring.ed25519, yes);
        vm.etch(wiring.bls, yes);
        IValidatorRegistry.Possession memory nothing;
        for (uint256 i = 0; i < 124 + WAITING; ++i) {
            registerWith(10 + i, 1000e18, nothing);
        }
        for (uint64 epoch = 0; epoch <= 12; ++epoch) {
            rollTo(epoch);
            while (sets.advance(200) == 200) {}
        }
        vm.etch(wiring.ed25519, ed25519);
        vm.etch(wiring.bls, bls);
        assertEq(sets.setOf(12).length, 128);
        assertGt(sets.forming().waiting, 200);
    }

    function attested(string memory name) private view returns (ISlasher.SignedAttestation memory) {
        string memory path = string.concat(".attestations.", name);
        return ISlasher.SignedAttestation(
            10,
            0,
            vm.parseJsonBytes32(vectors, string.concat(path, ".content")),
            vm.parseJsonBytes(vectors, string.concat(path, ".signature"))
        );
    }
}
