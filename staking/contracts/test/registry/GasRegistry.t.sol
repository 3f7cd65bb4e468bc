// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev What the calls cost, sets, stakes and parameters aside: they answer at once here. Snapshots are kept with the
/// profile `gas`, which counts intrinsic gas and calldata, too.
contract GasRegistryTest is RegistryFixture {
    function test_Create() external {
        create(1);
        vm.snapshotGasLastCall("ValidatorRegistry", "create");
    }

    function test_RotateKeys() external {
        create(1);
        setEpoch(EPOCH + INTERVAL);
        rotate(validatorOf(1), 1, 2, 2);
        vm.snapshotGasLastCall("ValidatorRegistry", "rotateKeys, both");
        setEpoch(EPOCH + 2 * INTERVAL);
        rotate(validatorOf(1), 1, 3, 2);
        vm.snapshotGasLastCall("ValidatorRegistry", "rotateKeys, consensus key");
        rotate(validatorOf(1), 1, 3, 3);
        vm.snapshotGasLastCall("ValidatorRegistry", "rotateKeys, attestation key");
    }

    function test_Settings() external {
        create(1);
        vm.startPrank(validatorOf(1));
        registry.setFeeRecipient(validatorOf(1), recipientOf(2));
        vm.snapshotGasLastCall("ValidatorRegistry", "setFeeRecipient");
        registry.setSubmitter(validatorOf(1), submitterOf(2));
        vm.snapshotGasLastCall("ValidatorRegistry", "setSubmitter");
        registry.setMetadata(validatorOf(1), string(new bytes(256)), string(new bytes(1024)));
        vm.snapshotGasLastCall("ValidatorRegistry", "setMetadata, at the limits");
        registry.proposeOperator(validatorOf(1), validatorOf(2));
        vm.snapshotGasLastCall("ValidatorRegistry", "proposeOperator");
        vm.stopPrank();
        vm.prank(validatorOf(2));
        registry.acceptOperator(validatorOf(1));
        vm.snapshotGasLastCall("ValidatorRegistry", "acceptOperator");
    }

    function test_Verifier() external {
        bytes32 digest = keccak256("fact");
        bytes memory key = attestationKeyOf(1);
        bytes memory signature = signAttestation(1, digest);
        bytes memory possession = signPossession(1, digest);
        assertTrue(registry.bls().verify(key, digest, signature));
        vm.snapshotGasLastCall("BlsVerifier", "verify");
        assertTrue(registry.bls().verifyPossession(key, digest, possession));
        vm.snapshotGasLastCall("BlsVerifier", "verifyPossession");
    }

    /// @dev A whole registration with both proofs, of which the sets' part is not counted here.
    function test_ACreationStaysFarBelowTheLimit() external {
        IValidatorRegistry.Registration memory registration = registrationOf(1);
        IValidatorRegistry.Possession memory possession = possessionBy(validatorOf(1), 1, 1);
        registration.nodeAddress = string(new bytes(256));
        registration.metadata = string(new bytes(1024));
        create(validatorOf(1), registration, possession);
        assertLt(vm.lastCallGas().gasTotalUsed, 1_000_000);
    }
}
