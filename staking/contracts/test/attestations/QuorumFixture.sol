// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ParametersFixture} from "../parameters/Parameters.sol";
import {Signer} from "../Signer.sol";
import {AttestationVerifier} from "../../src/AttestationVerifier.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {ValidatorSets} from "../../src/ValidatorSets.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";

/// @dev The real sets and parameters, with the 100 validators of `vectors/quorum.json` in the places 0 to 99, who have
/// served since epoch 0: those of the places 0 to 49 have the power 10 each, the others 20. Epochs have 32 L1 blocks,
/// from 100 on; it is epoch 9, and an attestation is taken from the sets of the epoch that it is about and of 4 later
/// ones. Registry and stakes are one account, which the attestations of the vectors name.
abstract contract QuorumFixture is ParametersFixture, Signer {
    struct QuorumMember {
        uint64 power;
        uint256 secret;
        bytes key;
    }

    struct QuorumVector {
        string name;
        uint64 attestingEpoch;
        uint8 kind;
        uint64 index;
        bytes32 content;
        bytes16 signers;
        bytes signature;
    }

    string internal constant MEMBER = "QuorumMember(uint64 power,uint256 secret,bytes key)";
    string internal constant VECTOR = "QuorumVector(string name,uint64 attestingEpoch,uint8 kind,uint64 index,"
        "bytes32 content,bytes16 signers,bytes signature)";

    uint64 internal constant START = 100;
    uint64 internal constant LENGTH = 32;
    uint64 internal constant K = 4;
    uint64 internal constant NOW = 9;
    uint64 internal constant TOTAL_POWER = 1500;
    uint256 internal constant MEMBERS = 100;
    uint128 internal constant ALL = uint128((1 << MEMBERS) - 1);

    string internal file;
    address internal stakes;
    StakingParameters internal parameters;
    ValidatorSets internal sets;
    AttestationVerifier internal verifier;
    uint256[] internal secrets;

    function setUp() public virtual {
        file = vm.readFile("vectors/quorum.json");
        vm.chainId(vm.parseJsonUint(file, ".chainId"));
        vm.roll(START);
        stakes = vm.parseJsonAddress(file, ".stakes");
        parameters = deploy();
        sets = new ValidatorSets(wiringOf(vm.computeCreateAddress(address(this), vm.getNonce(address(this)))), 100, 32);
        verifier = deployVerifier(K);
        seed();
        rollTo(NOW);
    }

    function deployVerifier(uint64 attestationEpochs) internal returns (AttestationVerifier) {
        Wiring memory wiring = wiringOf(address(sets));
        wiring.attestations = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        return new AttestationVerifier(wiring, attestationEpochs);
    }

    function wiringOf(address setsAddress) internal view returns (Wiring memory wiring) {
        wiring.parameters = address(parameters);
        wiring.registry = stakes;
        wiring.stakes = stakes;
        wiring.sets = setsAddress;
    }

    function rollTo(uint64 epoch) internal {
        vm.roll(START + uint256(epoch) * LENGTH);
    }

    function nameOf(uint256 place) internal pure returns (address) {
        return address(uint160(0xA0000 + place));
    }

    /// @dev What all but these places sign, as members of this epoch, about the epoch before.
    function quorumWithout(uint128 absent, uint64 epoch, bytes32 content)
        internal
        view
        returns (IAttestationVerifier.QuorumSignature memory quorum)
    {
        uint128 signers = ALL & ~absent;
        quorum = IAttestationVerifier.QuorumSignature(epoch, signers, signedBy(signers, epoch, content));
    }

    /// @dev The sum of the signatures of these places of what most of them attest.
    function signedBy(uint128 signers, uint64 epoch, bytes32 content) internal view returns (bytes memory) {
        return signDigest(signers, verifier.digestOf(epoch, 1, 3, content));
    }

    function signDigest(uint128 signers, bytes32 digest) internal view returns (bytes memory) {
        uint256 secret = 0;
        for (uint256 place = 0; place < secrets.length; ++place) {
            if ((signers >> place) & 1 != 0) secret = addmod(secret, secrets[place], BLS_ORDER);
        }
        return blsSign(secret, digest, ATTESTATION_TAG);
    }

    function vectors(string memory section) internal view returns (QuorumVector[] memory) {
        return abi.decode(vm.parseJsonTypeArray(file, section, VECTOR), (QuorumVector[]));
    }

    function quorumOf(QuorumVector memory one)
        internal
        pure
        returns (IAttestationVerifier.QuorumSignature memory quorum)
    {
        return IAttestationVerifier.QuorumSignature(one.attestingEpoch, uint128(one.signers), one.signature);
    }

    function seed() private {
        QuorumMember[] memory members = abi.decode(vm.parseJsonTypeArray(file, ".members", MEMBER), (QuorumMember[]));
        vm.startPrank(stakes);
        for (uint256 i = 0; i < members.length; ++i) {
            sets.enroll(nameOf(i), keccak256(abi.encode("consensus key", i)), members[i].key, nameOf(i));
            sets.seed(nameOf(i), members[i].power);
            secrets.push(members[i].secret);
        }
        vm.stopPrank();
    }
}
