// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Digests} from "./Digests.sol";
import {Wiring} from "./Wiring.sol";
import {IBlsVerifier} from "./interfaces/IBlsVerifier.sol";
import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";
import {ISlasher} from "./interfaces/ISlasher.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title The judge of double signatures
/// @notice It believes nothing but two signatures and the set of their epoch, both looked up and checked here. No
/// owner, no pause, no upgrade (C85). Nothing is tried and caught: short of gas, a report or a settlement reverts as a
/// whole, with all that it called (C91).
contract Slasher is ISlasher {
    /// A member of an epoch's set, as it stands there.
    struct Accused {
        address validator;
        bytes32 consensusKey;
        bytes attestationKey;
        uint64 power;
    }

    /// @notice The whole, of fractions.
    uint256 public constant WAD = 1e18;
    /// @notice One basis point, as a fraction.
    uint256 private constant BASIS_POINT = 1e14;
    /// @notice Least base penalty, in basis points: one of nothing would make reports pointless.
    uint16 public constant MIN_BASE_PENALTY = 1;
    /// @notice Greatest base penalty: all.
    uint16 public constant MAX_BASE_PENALTY = 10_000;
    /// @notice Least multiplier: who is slashed with all others loses all.
    uint32 public constant MIN_MULTIPLIER = 10_000;
    /// @notice Greatest multiplier: one hundredth of the power slashed costs all.
    uint32 public constant MAX_MULTIPLIER = 1_000_000;
    /// @notice Longest correlation window to each side: that of the longest unbonding delay.
    uint64 public constant MAX_CORRELATION_EPOCHS = 8192;
    /// @notice Epochs that a validator serves still when it is slashed: the current one and the next.
    uint64 public constant LAG_EPOCHS = 2;
    /// @notice Places of a set.
    uint8 private constant PLACES = 128;
    /// @notice Epochs whose slashed power is also kept as one sum: a window of 16,385 epochs, the longest, is summed up
    /// from less than 400 words.
    uint64 private constant BUCKET = 64;

    /// The kinds of votes, as they are signed.
    uint8 private constant NOTARIZE = 1;
    uint8 private constant NULLIFY = 2;
    uint8 private constant FINALIZE = 3;

    /// @notice Says who was a member, with which keys and power.
    IValidatorSets public immutable sets;
    /// @notice Holds what is taken, and is named by everything that is signed.
    IStakeManager public immutable stakes;
    /// @notice Judges the signatures of votes.
    IEd25519Verifier public immutable ed25519;
    /// @notice Judges the signatures of attestations.
    IBlsVerifier public immutable bls;
    uint64 private immutable _rollupChainId;
    uint64 private immutable _evidenceEpochs;

    /// @inheritdoc ISlasher
    uint256 public immutable basePenalty;
    /// @inheritdoc ISlasher
    uint256 public immutable correlationMultiplierBps;
    /// @inheritdoc ISlasher
    uint64 public immutable correlationEpochs;
    /// @inheritdoc ISlasher
    uint128 public immutable reporterCap;

    /// @inheritdoc ISlasher
    mapping(uint64 epoch => uint128 power) public slashedPower;
    /// The sums of `slashedPower` over the epochs from `BUCKET` times the key on.
    mapping(uint64 bucket => uint128 power) private _slashedPowerOfBucket;
    mapping(address validator => Offence) private _offences;

    /// @param wiring The contracts of this deployment; the parameters must stand already
    /// @param constants What an offence costs
    constructor(Wiring memory wiring, Constants memory constants) {
        if (wiring.slasher != address(this)) revert NotTheSlasher(wiring.slasher, address(this));
        IStakingParameters parameters = IStakingParameters(wiring.parameters);
        sets = IValidatorSets(wiring.sets);
        stakes = IStakeManager(wiring.stakes);
        ed25519 = IEd25519Verifier(wiring.ed25519);
        bls = IBlsVerifier(wiring.bls);
        _rollupChainId = parameters.rollupChainId();
        _evidenceEpochs = parameters.evidenceEpochs();

        _checkConstants(constants);
        basePenalty = constants.basePenaltyBps * BASIS_POINT;
        correlationMultiplierBps = constants.correlationMultiplierBps;
        correlationEpochs = constants.correlationEpochs;
        reporterCap = constants.reporterCap;
    }

    /// @inheritdoc ISlasher
    function slashVotes(VoteEvidence calldata evidence) external {
        uint64 current = sets.currentEpoch();
        _checkBegun(evidence.epoch, current);
        _checkRecent(evidence.epoch, current);
        Accused memory accused = _accusedOf(evidence.epoch, evidence.place);
        _checkUntouched(accused.validator);
        _checkPair(evidence);

        bytes32 separator = Digests.separator(address(stakes));
        _checkVote(separator, evidence, accused, 1, evidence.first);
        _checkVote(separator, evidence, accused, 2, evidence.second);
        _slash(accused, evidence.epoch, current);
    }

    /// @inheritdoc ISlasher
    function slashAttestations(AttestationEvidence calldata evidence) external {
        SignedAttestation calldata first = evidence.first;
        SignedAttestation calldata second = evidence.second;
        uint64 current = sets.currentEpoch();
        _checkBegun(first.attestingEpoch, current);
        _checkBegun(second.attestingEpoch, current);
        // C95: it became an offence in the later of the two epochs.
        bool firstIsLater = first.attestingEpoch > second.attestingEpoch;
        uint64 epoch = firstIsLater ? first.attestingEpoch : second.attestingEpoch;
        _checkRecent(epoch, current);
        Accused memory asFirst = _accusedOf(first.attestingEpoch, first.place);
        Accused memory asSecond = _accusedOf(second.attestingEpoch, second.place);
        // C95: keys and places may differ, the validator may not.
        if (asFirst.validator != asSecond.validator) revert DifferentValidators(asFirst.validator, asSecond.validator);
        _checkUntouched(asFirst.validator);
        if (first.content == second.content) revert SameContent(first.content);
        if (first.content > second.content) revert WrongOrder();

        bytes32 separator = Digests.separator(address(stakes));
        _checkAttestation(separator, evidence, asFirst, 1, first);
        _checkAttestation(separator, evidence, asSecond, 2, second);
        _slash(firstIsLater ? asFirst : asSecond, epoch, current);
    }

    /// @inheritdoc ISlasher
    function settle(address validator) external {
        uint64 fromEpoch = settleableEpoch(validator);
        Offence storage offence = _offences[validator];
        if (offence.settled) revert AlreadySettled(validator);
        // C94: until then another report could raise the penalty.
        uint64 current = sets.currentEpoch();
        if (current < fromEpoch) revert NotSettleable(validator, current, fromEpoch);

        offence.settled = true;
        uint256 fraction = penaltyOf(validator);
        emit Settled(validator, offence.epoch, fraction);
        stakes.settle(validator, fraction);
    }

    /// @inheritdoc ISlasher
    function offenceOf(address validator) external view returns (Offence memory) {
        return _offences[validator];
    }

    /// @inheritdoc ISlasher
    function settleableEpoch(address validator) public view returns (uint64) {
        return _offenceOf(validator).epoch + correlationEpochs + _evidenceEpochs + 1;
    }

    /// @inheritdoc ISlasher
    function penaltyOf(address validator) public view returns (uint256 fraction) {
        // C93: by the epoch of the offence alone, so equal for all who offended in it, whoever was reported first.
        uint64 epoch = _offenceOf(validator).epoch;
        (, uint64 totalPower) = sets.totalsOf(epoch);
        // An offender had power, so this is not reached; nobody's stake may hang on a division by zero.
        if (totalPower == 0) return WAD;
        uint256 slashed = _slashedPowerAround(epoch);
        uint256 correlated = Math.ceilDiv(slashed * correlationMultiplierBps * BASIS_POINT, totalPower);
        return Math.min(WAD, basePenalty + correlated);
    }

    /// C88, C92: remembers and counts the offence, then takes the base penalty and the offender out of the set.
    function _slash(Accused memory accused, uint64 epoch, uint64 current) private {
        address validator = accused.validator;
        // C92: who may choose among offences of its own cannot make itself small by one of an epoch with little power.
        uint64 power = uint64(Math.max(accused.power, sets.powerOf(validator, current)));
        _offences[validator] = Offence({epoch: epoch, power: power, settled: false});
        slashedPower[epoch] += power;
        _slashedPowerOfBucket[epoch / BUCKET] += power;
        emit Slashed(validator, epoch, msg.sender, power);
        stakes.slash(validator, basePenalty, msg.sender, reporterCap);
    }

    /// The power slashed for offences in epochs within `correlationEpochs` of one (C93).
    function _slashedPowerAround(uint64 epoch) private view returns (uint256 power) {
        uint64 distance = correlationEpochs;
        uint64 at = epoch > distance ? epoch - distance : 0;
        uint64 end = epoch + distance + 1;
        while (at < end) {
            if (at % BUCKET == 0 && at + BUCKET <= end) {
                power += _slashedPowerOfBucket[at / BUCKET];
                at += BUCKET;
            } else {
                power += slashedPower[at];
                ++at;
            }
        }
    }

    /// C86: later than that, the stake of then may be gone.
    function _checkRecent(uint64 epoch, uint64 current) private view {
        uint64 lastEpoch = epoch + _evidenceEpochs;
        if (current > lastEpoch) revert EvidenceExpired(epoch, current, lastEpoch);
    }

    /// C87: who held a place, with the keys of that time, whatever became of them since.
    function _accusedOf(uint64 epoch, uint8 place) private view returns (Accused memory accused) {
        if (place >= PLACES) revert NoMember(epoch, place);
        (accused.validator, accused.consensusKey, accused.attestationKey, accused.power) = sets.memberOf(epoch, place);
        // Whoever holds a place has power, so a free place is told by this too.
        if (accused.power == 0) revert NoMember(epoch, place);
    }

    /// C88: one slash in the life of a validator.
    function _checkUntouched(address validator) private view {
        Offence storage offence = _offences[validator];
        if (offence.power != 0) revert AlreadySlashed(validator, offence.epoch);
    }

    /// The offence of a validator that was slashed.
    function _offenceOf(address validator) private view returns (Offence storage offence) {
        offence = _offences[validator];
        if (offence.power == 0) revert NotSlashed(validator);
    }

    /// C90: the member's key of that epoch signed this vote of this round of this rollup on this chain.
    function _checkVote(
        bytes32 separator,
        VoteEvidence calldata evidence,
        Accused memory accused,
        uint8 number,
        SignedVote calldata vote
    ) private view {
        bytes32 digest = Digests.vote(separator, _rollupChainId, evidence.epoch, evidence.view_, vote.kind, vote.batch);
        if (!ed25519.verify(accused.consensusKey, digest, vote.r, vote.s)) revert InvalidSignature(number, digest);
    }

    /// C90, C95: the same of an attestation.
    function _checkAttestation(
        bytes32 separator,
        AttestationEvidence calldata evidence,
        Accused memory accused,
        uint8 number,
        SignedAttestation calldata attestation
    ) private view {
        bytes32 digest = Digests.attestation(
            separator, _rollupChainId, attestation.attestingEpoch, evidence.kind, evidence.index, attestation.content
        );
        if (!bls.verify(accused.attestationKey, digest, attestation.signature)) {
            revert InvalidSignature(number, digest);
        }
    }

    /// C85: see the bounds.
    function _checkConstants(Constants memory constants) private view {
        uint16 base = constants.basePenaltyBps;
        if (base < MIN_BASE_PENALTY || base > MAX_BASE_PENALTY) {
            revert BasePenaltyOutOfRange(base, MIN_BASE_PENALTY, MAX_BASE_PENALTY);
        }
        uint32 multiplier = constants.correlationMultiplierBps;
        if (multiplier < MIN_MULTIPLIER || multiplier > MAX_MULTIPLIER) {
            revert CorrelationMultiplierOutOfRange(multiplier, MIN_MULTIPLIER, MAX_MULTIPLIER);
        }
        // C92: whoever serves together is counted together, whichever offence of its last epochs each one picks.
        uint64 least = _evidenceEpochs + LAG_EPOCHS;
        uint32 distance = constants.correlationEpochs;
        if (distance < least || distance > MAX_CORRELATION_EPOCHS) {
            revert CorrelationEpochsOutOfRange(distance, least, MAX_CORRELATION_EPOCHS);
        }
    }

    /// C86: nobody has voted in an epoch that has not begun.
    function _checkBegun(uint64 epoch, uint64 current) private pure {
        if (epoch > current) revert FutureEpoch(epoch, current);
    }

    /// C89: the pair is one of the three that nobody casts who follows the rules, in its one order.
    function _checkPair(VoteEvidence calldata evidence) private pure {
        if (evidence.view_ == 0) revert ZeroView();
        SignedVote calldata first = evidence.first;
        SignedVote calldata second = evidence.second;
        _checkForm(first);
        _checkForm(second);
        if (first.kind == second.kind) {
            if (first.batch == second.batch) revert SameVote(first.kind, first.batch);
            if (first.batch > second.batch) revert WrongOrder();
        } else {
            if (first.kind > second.kind) revert WrongOrder();
            // Whoever has notarized may nullify or finalize.
            if (first.kind == NOTARIZE) revert NotSlashable(first.kind, second.kind);
        }
    }

    /// C89: a nullify vote names no batch, every other one does.
    function _checkForm(SignedVote calldata vote) private pure {
        if (vote.kind < NOTARIZE || vote.kind > FINALIZE) revert UnknownKind(vote.kind);
        if (vote.kind == NULLIFY) {
            if (vote.batch != 0) revert NullifyNamesBatch(vote.batch);
        } else if (vote.batch == 0) {
            revert NoBatch(vote.kind);
        }
    }
}
