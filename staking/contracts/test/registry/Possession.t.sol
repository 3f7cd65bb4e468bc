// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Digests} from "../../src/Digests.sol";
import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev C55: what a registration must prove, and what an attacker may try.
contract PossessionTest is RegistryFixture {
    function test_TheDigestIsWhatMustBeSigned() external {
        bytes memory key = attestationKeyOf(1);
        bytes32 first = registry.possessionDigest(validatorOf(1), consensusKeyOf(1), key);
        assertEq(first, digestOf(validatorOf(1), 1, 1, 0));
        create(1);
        assertEq(registry.possessionDigest(validatorOf(1), consensusKeyOf(1), key), digestOf(validatorOf(1), 1, 1, 1));
    }

    /// @dev Registrations and rotations signed by noble, not by this test.
    function test_WhatNobleSignedIsTaken() external {
        string memory file = vm.readFile("vectors/digests.json");
        for (uint256 i = 0; i < 4; ++i) {
            (
                address operator,
                IValidatorRegistry.Registration memory registration,
                IValidatorRegistry.Possession memory possession
            ) = vector(file, i);
            create(operator, registration, possession);
            assertEq(registry.operatorOf(operator), operator);
        }
        for (uint256 i = 4; i < 6; ++i) {
            setEpoch(uint64(EPOCH + i * INTERVAL));
            (
                address operator,
                IValidatorRegistry.Registration memory registration,
                IValidatorRegistry.Possession memory possession
            ) = vector(file, i);
            vm.prank(operator);
            registry.rotateKeys(operator, registration.consensusKey, registration.attestationKey, possession);
            assertEq(registry.keysOf(operator).consensusKey, registration.consensusKey);
        }
    }

    /// @dev A registration seen before it is mined, sent by somebody else: refused, and burns no key of the victim.
    function test_RevertIf_TheRegistrationIsACopy() external {
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(1), 1, 1);
        createRefused(STRANGER, registration, possession, consensusRefused(1, digestOf(STRANGER, 1, 1, 0)));

        // Nor with either key beside one of the thief's own.
        IValidatorRegistry.Registration memory mixed = registrationOf(2);
        mixed.attestationKey = registration.attestationKey;
        (mixed.withdrawal, mixed.consensusKey) = (STRANGER, consensusKeyOf(2));
        bytes32 digest = digestOf(STRANGER, 2, 1, 0);
        IValidatorRegistry.Possession memory theirs = signedBy(2, 2, digest);
        theirs.attestationSignature = possession.attestationSignature;
        createRefused(STRANGER, mixed, theirs, attestationRefused(1, digest));

        create(validatorOf(1), registration, possession);
        assertEq(registry.validatorOfKey(registration.consensusKey), validatorOf(1));
    }

    /// @dev Accounts are not what the keys sign: but the caller brings them, and the signatures serve no other caller.
    function test_RevertIf_SignedForAnotherOperatorNonceKeyRollupChainOrContract() external {
        address validator = validatorOf(1);
        bytes32 separator = Digests.separator(STAKES);
        bytes memory key = attestationKeyOf(1);
        bytes32[7] memory digests = [
            digestOf(validatorOf(2), 1, 1, 0),
            digestOf(validator, 1, 1, 1),
            digestOf(validator, 2, 1, 0),
            digestOf(validator, 1, 2, 0),
            Digests.keyRegistration(separator, ROLLUP_CHAIN_ID + 1, validator, consensusKeyOf(1), key, 0),
            Digests.keyRegistration(Digests.separator(SETS), ROLLUP_CHAIN_ID, validator, consensusKeyOf(1), key, 0),
            Digests.vote(separator, ROLLUP_CHAIN_ID, 1, 1, 1, 0)
        ];
        for (uint256 i = 0; i < digests.length; ++i) {
            // Both, then each alone.
            createRefused(
                validator,
                registrationOf(1),
                signedBy(1, 1, digests[i]),
                consensusRefused(1, digestOf(validator, 1, 1, 0))
            );
            IValidatorRegistry.Possession memory possession = possessionBy(validator, 1, 1);
            (possession.r, possession.s) = signConsensus(1, digests[i]);
            createRefused(validator, registrationOf(1), possession, consensusRefused(1, digestOf(validator, 1, 1, 0)));
            possession = possessionBy(validator, 1, 1);
            possession.attestationSignature = signPossession(1, digests[i]);
            bytes memory refusal = attestationRefused(1, digestOf(validator, 1, 1, 0));
            createRefused(validator, registrationOf(1), possession, refusal);
        }
    }

    function test_RevertIf_L1IsAnotherChain() external {
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(1), 1, 1);
        vm.chainId(block.chainid + 1);
        createRefused(
            validatorOf(1), registrationOf(1), possession, consensusRefused(1, digestOf(validatorOf(1), 1, 1, 0))
        );
    }

    function test_RevertIf_AnotherKeySigned() external {
        bytes32 digest = digestOf(validatorOf(1), 1, 1, 0);
        createRefused(validatorOf(1), registrationOf(1), signedBy(2, 1, digest), consensusRefused(1, digest));
        createRefused(validatorOf(1), registrationOf(1), signedBy(1, 2, digest), attestationRefused(1, digest));
    }

    /// @dev C52: what an attestation key signs as a fact proves no possession, even of this digest.
    function test_RevertIf_TheAttestationKeySignedAsForAFact() external {
        bytes32 digest = digestOf(validatorOf(1), 1, 1, 0);
        IValidatorRegistry.Possession memory possession = signedBy(1, 1, digest);
        possession.attestationSignature = signAttestation(1, digest);
        createRefused(validatorOf(1), registrationOf(1), possession, attestationRefused(1, digest));
    }

    /// @dev A rogue key: the attacker's minus the victim's. It would let the attacker sign for both.
    function test_RevertIf_TheAttestationKeyIsRogue() external {
        create(1);
        bytes memory rogue = Bls12381.add(attestationKeyOf(2), Bls12381.negate(attestationKeyOf(1)));
        IValidatorRegistry.Registration memory registration = registrationOf(2);
        registration.attestationKey = rogue;
        bytes32 digest = registry.possessionDigest(validatorOf(2), registration.consensusKey, rogue);
        // Its maker knows its own secret, and what the victim signed in public.
        createRefused(validatorOf(2), registration, signedBy(2, 2, digest), attestationRefused(rogue, digest));
    }

    /// @dev Keys that add nothing to a sum, keys with torsion, keys written in another way: noble's vectors.
    function test_RevertIf_TheAttestationKeyIsNoKey() external {
        string memory file = vm.readFile("vectors/bls12381.json");
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        bytes32 usual = keccak256(vm.parseJsonBytes(file, ".signatures[0].key"));
        uint256 count = 0;
        for (uint256 i = 5; vm.keyExistsJson(file, string.concat(".signatures[", vm.toString(i), "]")); ++i) {
            string memory at = string.concat(".signatures[", vm.toString(i), "]");
            registration.attestationKey = vm.parseJsonBytes(file, string.concat(at, ".key"));
            if (keccak256(registration.attestationKey) == usual) continue;
            bytes32 digest =
                registry.possessionDigest(validatorOf(1), registration.consensusKey, registration.attestationKey);
            IValidatorRegistry.Possession memory possession = signedBy(1, 1, digest);
            possession.attestationSignature = vm.parseJsonBytes(file, string.concat(at, ".signature"));
            createRefused(
                validatorOf(1), registration, possession, attestationRefused(registration.attestationKey, digest)
            );
            ++count;
        }
        assertGt(count, 20, "keys");
    }

    /// @dev With infinity as key and as signature the pairings cancel, so it would prove itself for every digest.
    function test_RevertIf_TheAttestationKeyIsInfinity() external {
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        registration.attestationKey = Bls12381.infinity();
        bytes32 digest =
            registry.possessionDigest(validatorOf(1), registration.consensusKey, registration.attestationKey);
        IValidatorRegistry.Possession memory possession = signedBy(1, 1, digest);
        possession.attestationSignature = new bytes(256);
        bytes memory refusal = attestationRefused(registration.attestationKey, digest);
        createRefused(validatorOf(1), registration, possession, refusal);
    }

    /// @dev Nothing is kept of what was refused.
    function test_ARefusalLeavesNoTrace() external {
        bytes32 digest = digestOf(validatorOf(1), 1, 1, 0);
        createRefused(validatorOf(1), registrationOf(1), signedBy(1, 2, digest), attestationRefused(1, digest));
        assertEq(registry.nonceOf(validatorOf(1)), 0);
        assertEq(registry.operatorOf(validatorOf(1)), address(0));
        assertEq(registry.validatorOfKey(consensusKeyOf(1)), address(0));
        assertEq(registry.validatorOfAttestationKey(keccak256(attestationKeyOf(1))), address(0));
        create(1);
    }

    function vector(string memory file, uint256 index)
        private
        view
        returns (
            address operator,
            IValidatorRegistry.Registration memory registration,
            IValidatorRegistry.Possession memory possession
        )
    {
        string memory at = string.concat(".keyRegistrations[", vm.toString(index), "].");
        operator = vm.parseJsonAddress(file, string.concat(at, "operator"));
        registration = registrationOf(index);
        registration.consensusKey = vm.parseJsonBytes32(file, string.concat(at, "consensusKey"));
        registration.attestationKey = vm.parseJsonBytes(file, string.concat(at, "attestationKey"));
        bytes memory signature = vm.parseJsonBytes(file, string.concat(at, "consensusSignature"));
        (possession.r, possession.s) = abi.decode(signature, (bytes32, bytes32));
        possession.attestationSignature = vm.parseJsonBytes(file, string.concat(at, "attestationSignature"));
    }
}
