// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Wiring} from "./Wiring.sol";
import {IAttestationVerifier} from "./interfaces/IAttestationVerifier.sol";
import {IRewards} from "./interfaces/IRewards.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";
import {Commissions} from "./rewards/Commissions.sol";
import {Earnings} from "./rewards/Earnings.sol";

/// @title Shares out rewards, and puts out of the set who missed too much
/// @notice See `IRewards` for what each call means. It holds no tokens: those lie with the stakes, and it tells them
/// whom to pay, never more than it has allocated (C130). No owner, no pause, no upgrade.
/// @dev `rewards/Earnings.sol` says what stake earned, `rewards/Commissions.sol` which part is the validator's own.
contract Rewards is Commissions {
    using SafeCast for uint256;

    /// @notice Longest period in epochs: leaf and attestation look up each epoch.
    uint32 public constant MAX_PERIOD_EPOCHS = 32;
    /// @notice Greatest commission that a deployment may allow: delegators have at least half.
    uint16 public constant MOST_COMMISSION_BPS = 5000;
    /// @notice Longest interval between rises of a commission, in epochs.
    uint32 public constant MAX_COMMISSION_INTERVAL = 8192;
    /// @notice Greatest least performance: a tenth may always be missed.
    uint16 public constant MAX_MINIMUM_PERFORMANCE_BPS = 9000;
    /// @notice Most bad periods in a row that put a validator out.
    uint8 public constant MAX_BAD_PERIODS = 64;
    /// @notice Shortest suspension in epochs: within it the power of who is put out alone is gone.
    uint32 public constant MIN_SUSPENSION_EPOCHS = 2;
    /// @notice Longest suspension in epochs: as long as the longest unbonding delay.
    uint32 public constant MAX_SUSPENSION_EPOCHS = 8192;

    /// @notice The kind of attestations about what a period brought.
    uint8 public constant PARTICIPATION = 1;
    /// @notice Points for each unit of power in each epoch of which nothing was missed.
    uint256 public constant POINTS_SCALE = 1e6;

    /// @notice Judges the quorum's word.
    IAttestationVerifier public immutable attestations;
    /// @notice Sets the funder, and nothing else here.
    address public immutable governance;
    /// @notice Share of its duties that a validator must do.
    uint16 public immutable minimumPerformanceBps;
    /// @notice How many periods below that in a row put a validator out of the set.
    uint8 public immutable badPeriods;
    /// @notice For how many epochs it stays out at least.
    uint32 public immutable suspensionEpochs;

    /// @inheritdoc IRewards
    address public funder;
    /// @inheritdoc IRewards
    uint96 public ratePerPeriod;
    /// @inheritdoc IRewards
    uint64 public nextPeriod;
    /// Of the reserve: what is owed for periods that were attested, whether its leaves were brought in or not.
    uint96 private _allocated;
    mapping(uint64 period => Period) private _periods;

    /// @param wiring The contracts of this deployment; the parameters must stand already
    /// @param constants What is fixed from now on
    constructor(Wiring memory wiring, Constants memory constants)
        Earnings(wiring.stakes, constants.periodEpochs)
        Commissions(wiring.sets, wiring.registry, constants)
    {
        if (wiring.rewards != address(this)) {
            revert WiredElsewhere(wiring.rewards, address(this));
        }
        _checkConstants(constants);
        attestations = IAttestationVerifier(wiring.attestations);
        governance = IStakingParameters(wiring.parameters).governance();
        minimumPerformanceBps = constants.minimumPerformanceBps;
        badPeriods = constants.badPeriods;
        suspensionEpochs = constants.suspensionEpochs;
        _setFunder(constants.funder);
    }

    /// @inheritdoc IRewards
    function attest(
        uint64 period,
        bytes32 root,
        uint96 totalPoints,
        IAttestationVerifier.QuorumSignature calldata quorum
    ) external {
        // C127: in order and once, so what a period may bring is known when it is attested.
        if (period != nextPeriod) revert WrongPeriod(period, nextPeriod);
        uint64 endEpoch = (period + 1) * periodEpochs;
        uint64 current = sets.currentEpoch();
        if (current < endEpoch) revert PeriodNotOver(period, current, endEpoch);
        if (root == 0 && totalPoints != 0) revert PointsWithoutLeaves(totalPoints);
        uint96 maxPoints = _maxPoints(endEpoch);
        // C130: else more than the pot could be earned.
        if (totalPoints > maxPoints) revert TotalPointsTooHigh(totalPoints, maxPoints);
        bytes32 content = keccak256(abi.encode(root, totalPoints));
        attestations.requireQuorum(PARTICIPATION, period, content, endEpoch - 1, quorum);

        // C129, C130: what was missed is not allocated, so it is there for later periods.
        uint96 pot = uint96(Math.min(ratePerPeriod, _unallocated()));
        uint96 earned = uint96(Math.mulDiv(pot, totalPoints, maxPoints));
        nextPeriod = period + 1;
        _allocated += earned;
        _periods[period] = Period(root, totalPoints, maxPoints, pot, 0);
        emit PeriodAttested(period, root, totalPoints, maxPoints, pot, earned);
    }

    /// @inheritdoc IRewards
    function bring(Leaf calldata leaf, bytes32[] calldata proof) external {
        if (leaf.period >= nextPeriod) revert NotAttested(leaf.period, nextPeriod);
        Period storage period = _periods[leaf.period];
        _checkLeaf(leaf, proof, period.root);
        uint96 left = period.totalPoints - period.broughtPoints;
        if (leaf.points > left) revert MorePointsThanAttested(leaf.period, leaf.points, left);

        period.broughtPoints += leaf.points;
        _standings[leaf.validator].nextPeriod = uint256(leaf.period + 1).toUint32();
        _reward(leaf, uint96(Math.mulDiv(period.pot, leaf.points, period.maxPoints)));
        _judge(leaf);
    }

    /// @inheritdoc IRewards
    function claim(address validator, address account) external returns (uint96 amount) {
        amount = _pay(validator, account);
        // Also nothing may be all that some kept stretches have earned, and others come after them.
        if (amount == 0) return 0;
        _allocated -= amount;
        emit Claimed(validator, account, amount);
        stakes.payReward(account, amount);
    }

    /// @inheritdoc IRewards
    function restake(address validator, address account) external returns (uint96 amount) {
        if (msg.sender != account) revert NotAccount(account, msg.sender);
        amount = _pay(validator, account);
        if (amount == 0) revert NothingToRestake(validator, account);
        _allocated -= amount;
        emit Restaked(validator, account, amount);
        stakes.restakeReward(validator, account, amount);
    }

    /// @inheritdoc IRewards
    function claimCommission(address validator) external returns (uint96 amount) {
        Standing storage standing = _standings[validator];
        amount = standing.commission;
        if (amount == 0) revert NoCommission(validator);
        standing.commission = 0;
        _allocated -= amount;
        address withdrawal = registry.withdrawalOf(validator);
        emit CommissionClaimed(validator, withdrawal, amount);
        stakes.payReward(withdrawal, amount);
    }

    /// @inheritdoc IRewards
    function setRate(uint96 ratePerPeriod_) external {
        if (msg.sender != funder) revert NotFunder(msg.sender);
        ratePerPeriod = ratePerPeriod_;
        emit RateSet(ratePerPeriod_);
    }

    /// @inheritdoc IRewards
    function setFunder(address account) external {
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        _setFunder(account);
    }

    /// @inheritdoc IRewards
    function periodOf(uint64 period) external view returns (Period memory) {
        return _periods[period];
    }

    /// @inheritdoc IRewards
    function mayResumeFrom(address validator) external view returns (uint64 epoch) {
        return _standings[validator].mayResumeFrom;
    }

    /// @inheritdoc IRewards
    function allocated() external view returns (uint128) {
        return _allocated;
    }

    /// @inheritdoc IRewards
    function free() external view returns (uint128) {
        return uint128(_unallocated());
    }

    /// @inheritdoc IRewards
    function leafHash(Leaf calldata leaf) public pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(leaf))));
    }

    function _setFunder(address account) private {
        if (account == address(0)) revert ZeroAddress();
        funder = account;
        emit FunderSet(account);
    }

    /// C134, C139: the commission of the period, and the rest for the stake that counted in it. Without any, the rest
    /// is nobody's, and there for later periods.
    function _reward(Leaf calldata leaf, uint96 gross) private {
        uint96 commission = uint96(Math.mulDiv(gross, commissionOf(leaf.validator, leaf.period), ALL_BPS));
        uint96 reward = gross - commission;
        if (commission != 0) _standings[leaf.validator].commission += commission;
        if (reward != 0 && !_share(leaf.validator, leaf.period, reward)) {
            _allocated -= reward;
            reward = 0;
        }
        emit LeafBrought(leaf.period, leaf.validator, leaf.points, leaf.done, leaf.duties, reward, commission);
    }

    /// C141 to C143: counts bad periods in a row, and puts out of the set who has too many.
    function _judge(Leaf calldata leaf) private {
        // C141: who had nothing to do has neither done well nor badly.
        if (leaf.duties == 0) return;
        Standing storage standing = _standings[leaf.validator];
        uint8 before = standing.badInARow;
        if (uint256(leaf.done) * ALL_BPS >= uint256(leaf.duties) * minimumPerformanceBps) {
            if (before != 0) standing.badInARow = 0;
            return;
        }
        // C142: what was missed before its return counts no more.
        if ((leaf.period + 1) * periodEpochs <= standing.mayResumeFrom) return;
        // C142: who has left, was slashed or is out already has no power that could be taken.
        IValidatorSets.Seat memory seat = sets.seatOf(leaf.validator);
        bool leaves = seat.target == 0;
        if (seat.state == IValidatorSets.State.Removed || (leaves && seat.power == 0)) return;

        uint8 bad = uint8(Math.min(uint256(before) + 1, badPeriods));
        // C143: leaves that were kept back cannot put out of the set who does well since.
        bool recent = leaf.period + badPeriods >= nextPeriod;
        // C142: who leaves is not put out, but what it missed counts if it stays after all.
        if (bad < badPeriods || !recent || leaves) {
            standing.badInARow = bad;
            return;
        }
        uint64 resumeEpoch = sets.currentEpoch() + suspensionEpochs;
        standing.badInARow = 0;
        standing.mayResumeFrom = resumeEpoch;
        emit Suspended(leaf.validator, leaf.period, resumeEpoch);
        stakes.suspend(leaf.validator);
    }

    /// C131 to C133: attested, for the first time, in order, and within what its power allows, so that even a dishonest
    /// quorum gives nobody what others could have earned.
    function _checkLeaf(Leaf calldata leaf, bytes32[] calldata proof, bytes32 root) private view {
        uint64 expected = _standings[leaf.validator].nextPeriod;
        if (leaf.period < expected) revert AlreadyBrought(leaf.validator, leaf.period, expected);
        bytes32 hash = leafHash(leaf);
        if (!MerkleProof.verifyCalldata(proof, root, hash)) revert NotInRoot(leaf.period, hash);
        if (leaf.previousPeriodPlusOne != expected) {
            revert WrongPrevious(leaf.validator, leaf.previousPeriodPlusOne, expected);
        }
        if (leaf.done > leaf.duties) revert MoreDoneThanDuties(leaf.done, leaf.duties);
        uint256 most = _mostPointsOf(leaf.validator, leaf.period);
        if (leaf.points > most) revert TooManyPoints(leaf.validator, leaf.points, most);
    }

    /// The points that a validator could have earned in a period.
    function _mostPointsOf(address validator, uint64 period) private view returns (uint256) {
        uint64 epoch = period * periodEpochs;
        uint256 power = 0;
        for (uint64 end = epoch + periodEpochs; epoch < end; ++epoch) {
            power += sets.powerOf(validator, epoch);
        }
        return power * POINTS_SCALE;
    }

    /// The points that all validators could have earned in the period that ends with an epoch; never 0, since no set is
    /// empty.
    function _maxPoints(uint64 endEpoch) private view returns (uint96) {
        uint256 power = 0;
        for (uint64 epoch = endEpoch - periodEpochs; epoch < endEpoch; ++epoch) {
            (, uint64 totalPower) = sets.totalsOf(epoch);
            power += totalPower;
        }
        return (power * POINTS_SCALE).toUint96();
    }

    /// Of the reserve, what is nobody's yet; no more than can be allocated.
    function _unallocated() private view returns (uint256) {
        uint256 others = _allocated;
        return Math.min(stakes.rewardReserve(), type(uint96).max) - others;
    }

    /// C127, C138, C141: see the bounds.
    function _checkConstants(Constants memory constants) private pure {
        uint32 periodEpochs_ = constants.periodEpochs;
        _checkBounds(0, periodEpochs_, 1, MAX_PERIOD_EPOCHS);
        _checkBounds(1, constants.maxCommissionBps, 0, MOST_COMMISSION_BPS);
        _checkBounds(2, constants.maxCommissionRiseBps, 1, MOST_COMMISSION_BPS);
        _checkBounds(3, constants.commissionInterval, periodEpochs_, MAX_COMMISSION_INTERVAL);
        _checkBounds(4, constants.minimumPerformanceBps, 1, MAX_MINIMUM_PERFORMANCE_BPS);
        _checkBounds(5, constants.badPeriods, 1, MAX_BAD_PERIODS);
        _checkBounds(6, constants.suspensionEpochs, MIN_SUSPENSION_EPOCHS, MAX_SUSPENSION_EPOCHS);
    }

    function _checkBounds(uint256 index, uint256 value, uint256 least, uint256 most) private pure {
        if (value < least || value > most) revert ConstantOutOfRange(index, value, least, most);
    }
}
