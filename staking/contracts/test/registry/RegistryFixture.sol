// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {BlsVerifier} from "../../src/BlsVerifier.sol";
import {Digests} from "../../src/Digests.sol";
import {Ed25519Verifier} from "../../src/Ed25519Verifier.sol";
import {ValidatorRegistry} from "../../src/ValidatorRegistry.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IEpochs} from "../../src/interfaces/IEpochs.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {Signer} from "../Signer.sol";

/// @dev The registry with real verifiers and real signatures; sets, stakes and parameters only answer. Number n stands
/// for a validator, its accounts and, until it rotates, its keys.
abstract contract RegistryFixture is Test, Signer {
    /// @dev The contract that the vectors of digests name.
    address internal constant STAKES = address(bytes20(hex"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"));
    address internal constant SETS = address(0x5E75);
    address internal constant PARAMETERS = address(0xA4A4);
    address internal constant STRANGER = address(0xBAD);
    uint64 internal constant ROLLUP_CHAIN_ID = 7682;
    uint32 internal constant INTERVAL = 16;
    uint64 internal constant EPOCH = 5;

    ValidatorRegistry internal registry;

    function setUp() public virtual {
        address self = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 2);
        registry = new ValidatorRegistry(
            Wiring({
                token: address(0),
                parameters: PARAMETERS,
                registry: self,
                sets: SETS,
                stakes: STAKES,
                slasher: address(0),
                ed25519: address(new Ed25519Verifier()),
                bls: address(new BlsVerifier()),
                attestations: address(0),
                rewards: address(0),
                votes: address(0),
                admission: address(0),
                expulsions: address(0),
                governor: address(0)
            })
        );
        vm.mockCall(PARAMETERS, abi.encodeCall(IStakingParameters.rollupChainId, ()), abi.encode(ROLLUP_CHAIN_ID));
        vm.mockCall(STAKES, abi.encodeWithSelector(IStakeManager.isSlashed.selector), abi.encode(false));
        vm.mockCall(SETS, abi.encodeWithSelector(IValidatorSets.enroll.selector), "");
        vm.mockCall(SETS, abi.encodeWithSelector(IValidatorSets.setKeys.selector), "");
        vm.mockCall(SETS, abi.encodeWithSelector(IValidatorSets.setFeeRecipient.selector), "");
        setInterval(INTERVAL);
        setEpoch(EPOCH);
    }

    function setEpoch(uint64 epoch) internal {
        vm.mockCall(SETS, abi.encodeCall(IEpochs.currentEpoch, ()), abi.encode(epoch));
    }

    function setInterval(uint32 interval) internal {
        IStakingParameters.Values memory values;
        values.keyRotationInterval = interval;
        vm.mockCall(PARAMETERS, abi.encodeCall(IStakingParameters.values, ()), abi.encode(values));
    }

    function slash(uint256 number) internal {
        vm.mockCall(STAKES, abi.encodeCall(IStakeManager.isSlashed, (validatorOf(number))), abi.encode(true));
    }

    function validatorOf(uint256 number) internal pure returns (address) {
        return address(uint160(0xA0000 + number));
    }

    function withdrawalOf(uint256 number) internal pure returns (address) {
        return address(uint160(0xB0000 + number));
    }

    function submitterOf(uint256 number) internal pure returns (address) {
        return address(uint160(0xC0000 + number));
    }

    function recipientOf(uint256 number) internal pure returns (address) {
        return address(uint160(0xD0000 + number));
    }

    function registrationOf(uint256 number) internal view returns (IValidatorRegistry.Registration memory) {
        return IValidatorRegistry.Registration({
            consensusKey: consensusKeyOf(number),
            attestationKey: attestationKeyOf(number),
            withdrawal: withdrawalOf(number),
            submitter: submitterOf(number),
            feeRecipient: recipientOf(number),
            nodeAddress: "/dns4/rota.example/tcp/26656",
            metadata: "{}"
        });
    }

    function digestOf(address operator, uint256 consensus, uint256 attestation, uint256 nonce)
        internal
        view
        returns (bytes32)
    {
        return Digests.keyRegistration(
            Digests.separator(STAKES),
            ROLLUP_CHAIN_ID,
            operator,
            consensusKeyOf(consensus),
            attestationKeyOf(attestation),
            nonce
        );
    }

    /// @dev What the keys of these numbers sign for an operator's next proof.
    function possessionBy(address operator, uint256 consensus, uint256 attestation)
        internal
        view
        returns (IValidatorRegistry.Possession memory)
    {
        return signedBy(consensus, attestation, digestOf(operator, consensus, attestation, registry.nonceOf(operator)));
    }

    function signedBy(uint256 consensus, uint256 attestation, bytes32 digest)
        internal
        view
        returns (IValidatorRegistry.Possession memory possession)
    {
        (possession.r, possession.s) = signConsensus(consensus, digest);
        possession.attestationSignature = signPossession(attestation, digest);
    }

    /// @dev Registers validator `number` with the keys of that number.
    function create(uint256 number) internal {
        create(validatorOf(number), registrationOf(number), possessionBy(validatorOf(number), number, number));
    }

    /// @dev A refused possession takes most of the gas of the call, so that it is given little.
    function create(
        address validator,
        IValidatorRegistry.Registration memory registration,
        IValidatorRegistry.Possession memory possession
    ) internal {
        vm.prank(STAKES);
        registry.create{gas: 3_000_000}(validator, registration, possession);
    }

    function createRefused(
        address validator,
        IValidatorRegistry.Registration memory registration,
        IValidatorRegistry.Possession memory possession,
        bytes memory expected
    ) internal {
        vm.expectRevert(expected);
        create(validator, registration, possession);
    }

    /// @dev Rotates to the keys of these numbers, which sign for the caller's next proof.
    function rotate(address caller, uint256 number, uint256 consensus, uint256 attestation) internal {
        _rotate(caller, number, consensus, attestation, possessionBy(caller, consensus, attestation), "");
    }

    function rotateRefused(
        address caller,
        uint256 number,
        uint256 consensus,
        uint256 attestation,
        bytes memory expected
    ) internal {
        _rotate(caller, number, consensus, attestation, possessionBy(caller, consensus, attestation), expected);
    }

    function rotateRefused(
        address caller,
        uint256 number,
        uint256 consensus,
        uint256 attestation,
        IValidatorRegistry.Possession memory possession,
        bytes memory expected
    ) internal {
        _rotate(caller, number, consensus, attestation, possession, expected);
    }

    /// @dev Makes another account the operator, by the withdrawal account.
    function handOver(uint256 number, address operator) internal {
        vm.prank(withdrawalOf(number));
        registry.proposeOperator(validatorOf(number), operator);
        vm.prank(operator);
        registry.acceptOperator(validatorOf(number));
    }

    function consensusKeyUsed(uint256 number, uint256 user) internal pure returns (bytes memory) {
        return
            abi.encodeWithSelector(
                IValidatorRegistry.ConsensusKeyUsed.selector, consensusKeyOf(number), validatorOf(user)
            );
    }

    function attestationKeyUsed(uint256 number, uint256 user) internal view returns (bytes memory) {
        bytes32 keyHash = keccak256(attestationKeyOf(number));
        return abi.encodeWithSelector(IValidatorRegistry.AttestationKeyUsed.selector, keyHash, validatorOf(user));
    }

    function consensusRefused(uint256 number, bytes32 digest) internal pure returns (bytes memory) {
        bytes4 selector = IValidatorRegistry.ConsensusKeyNotPossessed.selector;
        return abi.encodeWithSelector(selector, consensusKeyOf(number), digest);
    }

    function attestationRefused(uint256 number, bytes32 digest) internal view returns (bytes memory) {
        return attestationRefused(attestationKeyOf(number), digest);
    }

    function attestationRefused(bytes memory key, bytes32 digest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IValidatorRegistry.AttestationKeyNotPossessed.selector, keccak256(key), digest);
    }

    function refusal(bytes4 selector, address validator) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, validator);
    }

    function refusal(bytes4 selector, address validator, address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, validator, caller);
    }

    function _rotate(
        address caller,
        uint256 number,
        uint256 consensus,
        uint256 attestation,
        IValidatorRegistry.Possession memory possession,
        bytes memory expected
    ) private {
        bytes32 consensusKey = consensusKeyOf(consensus);
        bytes memory attestationKey = attestationKeyOf(attestation);
        if (expected.length > 0) vm.expectRevert(expected);
        vm.prank(caller);
        registry.rotateKeys{gas: 3_000_000}(validatorOf(number), consensusKey, attestationKey, possession);
    }
}
