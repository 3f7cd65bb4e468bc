// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {SetsMock, StakesMock} from "./Mocks.sol";
import {BlsVerifier} from "../../src/BlsVerifier.sol";
import {Ed25519Verifier} from "../../src/Ed25519Verifier.sol";
import {Slasher} from "../../src/Slasher.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {Wiring} from "../../src/Wiring.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";

/// @dev The real slasher, verifiers and parameters, with the signatures of `vectors/evidence.json`; sets and stakes are
/// mocks. It is epoch 12. Members 1 to 4 hold the places 0 to 3 with 30, 27, 23 and 20 units of power and the keys of
/// their numbers. Evidence is taken for 8 epochs, and what is within 10 epochs counts together.
abstract contract SlasherFixture is Test {
    struct VoteVector {
        uint64 epoch;
        uint64 viewNumber;
        uint8 kind;
        bytes32 batch;
        bytes32 digest;
        bytes32 r;
        bytes32 s;
    }

    struct AttestationVector {
        uint64 attestingEpoch;
        uint8 kind;
        uint64 index;
        bytes32 content;
        bytes32 digest;
        bytes signature;
    }

    string private constant VOTE =
        "VoteVector(uint64 epoch,uint64 viewNumber,uint8 kind,bytes32 batch,bytes32 digest,bytes32 r,bytes32 s)";
    string private constant ATTESTATION = "AttestationVector(uint64 attestingEpoch,uint8 kind,uint64 index,"
        "bytes32 content,bytes32 digest,bytes signature)";

    uint64 internal constant NOW = 12;
    uint64 internal constant EPOCH = 10;
    uint64 internal constant EVIDENCE_EPOCHS = 8;
    uint64 internal constant DISTANCE = 10;
    uint256 internal constant BASE = 0.05e18;
    uint128 internal constant CAP = 1000e18;
    address internal constant REPORTER = address(0x4E9);

    SetsMock internal sets;
    StakesMock internal stakes;
    StakingParameters internal parameters;
    Slasher internal slasher;
    Wiring internal wiring;
    string internal vectors;

    function setUp() public virtual {
        vectors = vm.readFile("vectors/evidence.json");
        vm.chainId(vm.parseJsonUint(vectors, ".chainId"));
        sets = new SetsMock();
        // What is signed names the address of the stakes.
        address signedFor = vm.parseJsonAddress(vectors, ".stakes");
        deployCodeTo("Mocks.sol:StakesMock", signedFor);
        stakes = StakesMock(signedFor);
        parameters = new StakingParameters(parameterConstants(), parameterValues());
        wiring.parameters = address(parameters);
        wiring.sets = address(sets);
        wiring.stakes = address(stakes);
        wiring.ed25519 = address(new Ed25519Verifier());
        wiring.bls = address(new BlsVerifier());
        slasher = deploySlasher(slasherConstants());

        sets.setEpoch(NOW);
        uint64[4] memory powers = [uint64(30), 27, 23, 20];
        for (uint8 place = 0; place < 4; ++place) {
            sets.put(place, heldBy(place + 1, place + 1, powers[place]));
        }
        vm.startPrank(REPORTER);
    }

    function deploySlasher(ISlasher.Constants memory constants) internal returns (Slasher) {
        (, address creator,) = vm.readCallers();
        creator = creator == REPORTER ? REPORTER : address(this);
        wiring.slasher = vm.computeCreateAddress(creator, vm.getNonce(creator));
        return new Slasher(wiring, constants);
    }

    function slasherConstants() internal pure returns (ISlasher.Constants memory) {
        return ISlasher.Constants({
            basePenaltyBps: 500, correlationMultiplierBps: 30_000, correlationEpochs: uint32(DISTANCE), reporterCap: CAP
        });
    }

    function parameterConstants() internal pure returns (IStakingParameters.Constants memory) {
        return IStakingParameters.Constants({
            rollupChainId: 7682,
            powerUnit: 1e9,
            maxEpochLag: 2,
            maxOriginAge: 1,
            evidenceWindow: 5,
            inclusionDelay: 1,
            governanceEpochs: 4,
            governance: address(1)
        });
    }

    function parameterValues() internal pure returns (IStakingParameters.Values memory) {
        return IStakingParameters.Values({
            minimumBond: 1000e18,
            powerCap: 100_000e18,
            unbondingDelay: 12,
            keyRotationInterval: 2,
            maximumExitWait: 8,
            minimumSize: 4,
            entryBound: 1250,
            exitBound: 1250,
            replacementMargin: 500,
            treasury: address(1)
        });
    }

    function validatorOf(uint256 number) internal pure returns (address) {
        return address(uint160(0xA0000 + number));
    }

    /// @dev The member of a number with the keys of one.
    function heldBy(uint256 number, uint256 keys, uint64 power) internal view returns (SetsMock.Held memory) {
        string memory path = string.concat(".keys[", vm.toString(keys - 1), "]");
        return SetsMock.Held({
            validator: validatorOf(number),
            consensusKey: vm.parseJsonBytes32(vectors, string.concat(path, ".consensusKey")),
            attestationKey: vm.parseJsonBytes(vectors, string.concat(path, ".attestationKey")),
            power: power
        });
    }

    function voteOf(string memory name) internal view returns (VoteVector memory) {
        return abi.decode(vm.parseJsonType(vectors, string.concat(".votes.", name), VOTE), (VoteVector));
    }

    function signed(string memory name) internal view returns (ISlasher.SignedVote memory) {
        VoteVector memory vote = voteOf(name);
        return ISlasher.SignedVote(vote.kind, vote.batch, vote.r, vote.s);
    }

    /// @dev Evidence of two votes of the vectors against place 0, in the round of the first.
    function pair(string memory first, string memory second) internal view returns (ISlasher.VoteEvidence memory) {
        VoteVector memory vote = voteOf(first);
        return ISlasher.VoteEvidence(vote.epoch, vote.viewNumber, 0, signed(first), signed(second));
    }

    function attestationOf(string memory name) internal view returns (AttestationVector memory) {
        string memory path = string.concat(".attestations.", name);
        return abi.decode(vm.parseJsonType(vectors, path, ATTESTATION), (AttestationVector));
    }

    /// @dev Evidence of two attestations of the vectors against place 0, with kind and index of the first.
    function attestationPair(string memory first, string memory second)
        internal
        view
        returns (ISlasher.AttestationEvidence memory)
    {
        AttestationVector memory one = attestationOf(first);
        AttestationVector memory other = attestationOf(second);
        return ISlasher.AttestationEvidence(
            one.kind,
            one.index,
            ISlasher.SignedAttestation(one.attestingEpoch, 0, one.content, one.signature),
            ISlasher.SignedAttestation(other.attestingEpoch, 0, other.content, other.signature)
        );
    }

    /// @dev The report is refused with this error and nothing has changed.
    function refuses(ISlasher.VoteEvidence memory evidence, bytes memory reason) internal {
        uint256 before = stakes.slashCount();
        vm.expectRevert(reason);
        slasher.slashVotes(evidence);
        assertEq(stakes.slashCount(), before, "slashed");
    }

    function refusesAttestations(ISlasher.AttestationEvidence memory evidence, bytes memory reason) internal {
        uint256 before = stakes.slashCount();
        vm.expectRevert(reason);
        slasher.slashAttestations(evidence);
        assertEq(stakes.slashCount(), before, "slashed");
    }

    function assertSlashed(uint256 number, uint64 epoch, uint64 power, uint256 count) internal view {
        ISlasher.Offence memory offence = slasher.offenceOf(validatorOf(number));
        assertEq(offence.epoch, epoch, "epoch");
        assertEq(offence.power, power, "power");
        assertFalse(offence.settled, "settled");
        assertEq(stakes.slashCount(), count, "slashes");
        (address who, uint256 fraction, address reporter, uint128 cap, address caller) = stakes.slashes(count - 1);
        assertEq(who, validatorOf(number), "validator");
        assertEq(fraction, BASE, "fraction");
        assertEq(reporter, REPORTER, "reporter");
        assertEq(cap, CAP, "cap");
        assertEq(caller, address(slasher), "caller");
    }
}
