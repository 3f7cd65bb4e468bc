// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ValidatorRegistry} from "../../src/ValidatorRegistry.sol";
import {IBlsVerifier} from "../../src/interfaces/IBlsVerifier.sol";
import {IEd25519Verifier} from "../../src/interfaces/IEd25519Verifier.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev Random histories of registrations, rotations and hand-overs, against plain lists of what must be so. Calls that
/// must be refused are in them: whether one is taken is compared, too. The verifiers take everything here; what they
/// refuse stands in Possession.t.sol.
contract RegistryHistoryTest is RegistryFixture {
    uint256 private constant VALIDATORS = 3;
    uint256 private constant KEYS = 6;
    uint256 private constant ACCOUNTS = 6;

    /// The validator that a key is spent by, by number plus one.
    uint256[KEYS] private consensusUser;
    uint256[KEYS] private attestationUser;
    /// Of each validator: number of its keys, epochs, operator and who is asked.
    uint256[VALIDATORS] private consensus;
    uint256[VALIDATORS] private attestation;
    uint64[VALIDATORS] private consensusSince;
    uint64[VALIDATORS] private attestationSince;
    address[VALIDATORS] private operators;
    address[VALIDATORS] private asked;
    bool[VALIDATORS] private askedByOwner;
    mapping(address => uint256) private proofs;
    uint64 private epoch = EPOCH;

    function setUp() public override {
        super.setUp();
        address ed25519 = address(registry.ed25519());
        vm.mockCall(ed25519, abi.encodeWithSelector(IEd25519Verifier.isRegistrable.selector), abi.encode(true));
        vm.mockCall(ed25519, abi.encodeWithSelector(IEd25519Verifier.verify.selector), abi.encode(true));
        vm.mockCall(
            address(registry.bls()), abi.encodeWithSelector(IBlsVerifier.verifyPossession.selector), abi.encode(true)
        );
    }

    /// @dev C53, C54, C55, C57, C58, C60.
    function testFuzz_AsThePlainListsSay(uint256 seed) external {
        for (uint256 step = 0; step < 40; ++step) {
            uint256 dice = uint256(keccak256(abi.encode(seed, step)));
            uint256 number = (dice >> 8) % VALIDATORS;
            uint256 first = (dice >> 16) % KEYS;
            uint256 second = (dice >> 24) % KEYS;
            address account = accountOf((dice >> 32) % ACCOUNTS);
            uint256 kind = dice % 6;
            if (kind == 0) tryToCreate(number, first, second);
            else if (kind == 1) tryToRotate(number, operators[number], first, second);
            else if (kind == 2) tryToRotate(number, account, first, second);
            else if (kind == 3) tryToPropose(number, account, accountOf((dice >> 40) % ACCOUNTS));
            else if (kind == 4) tryToAccept(number, account);
            else setEpoch(epoch += INTERVAL / 2);
        }
        compare();
    }

    function tryToCreate(uint256 number, uint256 first, uint256 second) private {
        address validator = accountOf(number);
        bool expected = operators[number] == address(0) && consensusUser[first] == 0 && attestationUser[second] == 0;
        IValidatorRegistry.Registration memory registration;
        registration.consensusKey = consensus_(first);
        registration.attestationKey = attestation_(second);
        registration.withdrawal = withdrawalOf(number);
        registration.feeRecipient = recipientOf(number);
        IValidatorRegistry.Possession memory possession;
        vm.prank(STAKES);
        bool done = call(abi.encodeCall(ValidatorRegistry.create, (validator, registration, possession)));
        assertEq(done, expected, "create");
        if (!done) return;
        operators[number] = validator;
        take(number, validator, first, second, true, true);
    }

    function tryToRotate(uint256 number, address caller, uint256 first, uint256 second) private {
        if (caller == address(0)) return;
        bool newConsensus = first != consensus[number];
        bool newAttestation = second != attestation[number];
        bool expected = caller == operators[number] && (newConsensus || newAttestation);
        if (newConsensus && (consensusUser[first] != 0 || epoch < consensusSince[number] + INTERVAL)) expected = false;
        if (newAttestation && (attestationUser[second] != 0 || epoch < attestationSince[number] + INTERVAL)) {
            expected = false;
        }
        IValidatorRegistry.Possession memory possession;
        bytes memory input = abi.encodeCall(
            ValidatorRegistry.rotateKeys, (accountOf(number), consensus_(first), attestation_(second), possession)
        );
        vm.prank(caller);
        bool done = call(input);
        assertEq(done, expected, "rotate");
        if (done) take(number, caller, first, second, newConsensus, newAttestation);
    }

    function tryToPropose(uint256 number, address caller, address next) private {
        address owner = withdrawalOf(number);
        // The owner calls in half of the cases.
        if (uint160(next) % 2 == 0) caller = owner;
        bool byOwner = caller == owner;
        bool expected = operators[number] != address(0) && (byOwner || caller == operators[number]);
        if (!byOwner && askedByOwner[number]) expected = false;
        vm.prank(caller);
        bool done = call(abi.encodeCall(ValidatorRegistry.proposeOperator, (accountOf(number), next)));
        assertEq(done, expected, "propose");
        if (done) (asked[number], askedByOwner[number]) = (next, byOwner);
    }

    function tryToAccept(uint256 number, address caller) private {
        bool expected = asked[number] == caller;
        vm.prank(caller);
        bool done = call(abi.encodeCall(ValidatorRegistry.acceptOperator, (accountOf(number))));
        assertEq(done, expected, "accept");
        if (done) (operators[number], asked[number], askedByOwner[number]) = (caller, address(0), false);
    }

    function take(uint256 number, address by, uint256 first, uint256 second, bool newConsensus, bool newAttestation)
        private
    {
        ++proofs[by];
        (consensus[number], attestation[number]) = (first, second);
        if (newConsensus) (consensusUser[first], consensusSince[number]) = (number + 1, epoch);
        if (newAttestation) (attestationUser[second], attestationSince[number]) = (number + 1, epoch);
    }

    function compare() private view {
        for (uint256 i = 0; i < KEYS; ++i) {
            assertEq(registry.validatorOfKey(consensus_(i)), userOf(consensusUser[i]), "consensus key");
            bytes32 keyHash = keccak256(attestation_(i));
            assertEq(registry.validatorOfAttestationKey(keyHash), userOf(attestationUser[i]), "attestation key");
        }
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            assertEq(registry.nonceOf(accountOf(i)), proofs[accountOf(i)], "nonce");
        }
        for (uint256 i = 0; i < VALIDATORS; ++i) {
            address validator = accountOf(i);
            assertEq(registry.operatorOf(validator), operators[i], "operator");
            if (operators[i] == address(0)) continue;
            assertEq(registry.withdrawalOf(validator), withdrawalOf(i), "withdrawal");
            assertEq(registry.keysOf(validator).consensusKey, consensus_(consensus[i]), "current key");
        }
    }

    function call(bytes memory input) private returns (bool done) {
        (done,) = address(registry).call{gas: 3_000_000}(input);
    }

    function userOf(uint256 numberPlusOne) private pure returns (address) {
        return numberPlusOne == 0 ? address(0) : accountOf(numberPlusOne - 1);
    }

    function consensus_(uint256 key) private pure returns (bytes32) {
        return bytes32(key + 1);
    }

    function attestation_(uint256 key) private pure returns (bytes memory) {
        return abi.encode(key, 0, 0, 0);
    }

    /// @dev The first accounts are validators, too.
    function accountOf(uint256 index) private pure returns (address) {
        return validatorOf(index);
    }
}
