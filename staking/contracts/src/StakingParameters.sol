// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {SET_WINDOW_BLOCKS} from "./SetWindow.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";

/// @title The parameters of staking: some fixed for ever, the others set by governance within bounds that nobody moves
/// @notice It holds no stake and judges nobody: whatever governance sets, evidence is taken, and stake that is due is
/// paid. No owner beside governance, no upgrade, no pause.
contract StakingParameters is IStakingParameters {
    /// @notice Places of a set: the powers of all of them together fit 64 bits.
    uint256 public constant PLACES = 128;
    /// @notice Longest unbonding delay in epochs: nobody's stake is locked for a lifetime. 36 days of epochs of the
    /// shortest length, 32 blocks.
    uint32 public constant MAX_UNBONDING_DELAY = 8192;
    /// @notice Least time of a proposal in epochs: an epoch begun is an epoch.
    uint32 public constant MIN_GOVERNANCE_EPOCHS = 1;
    /// @notice Shortest interval of rotations: one of each key an epoch, or keys would pile up in one.
    uint32 public constant MIN_KEY_ROTATION_INTERVAL = 1;
    /// @notice Longest interval of rotations: a stolen key is replaced within it.
    uint32 public constant MAX_KEY_ROTATION_INTERVAL = 256;
    /// @notice Shortest wait of an exit at the minimum size: with none there were no minimum.
    uint32 public constant MIN_MAXIMUM_EXIT_WAIT = 1;
    /// @notice Longest wait: the set may need members, but holds nobody much longer than a rotation takes.
    uint32 public constant MAX_MAXIMUM_EXIT_WAIT = 256;
    /// @notice Least minimum size: a set is never empty.
    uint16 public constant MIN_MINIMUM_SIZE = 1;
    /// @notice Greatest minimum size: of 128 places, 28 can always be left.
    uint16 public constant MAX_MINIMUM_SIZE = 100;
    /// @notice Least of each bound, in basis points: whoever waits, the power of the whole set has gone by after a
    /// thousand epochs.
    uint16 public constant MIN_CHANGE_BOUND = 10;
    /// @notice Most of both bounds together: with at most a quarter changed, the rest still holds more than 2/3 of the
    /// power of either set.
    uint16 public constant MAX_CHANGE_BOUNDS = 2500;
    /// @notice Least margin: who replaces another has more.
    uint16 public constant MIN_REPLACEMENT_MARGIN = 1;
    /// @notice Greatest margin: who has twice as much may always replace.
    uint16 public constant MAX_REPLACEMENT_MARGIN = 10_000;
    /// @notice The most that the minimum bond rises by at once: one part in so many of what it was.
    uint256 public constant RISE_DIVISOR = 4;
    /// @notice L1 blocks from one rise of the minimum bond to the next, at least: the window of the expulsions.
    uint64 public constant RISE_INTERVAL_BLOCKS = SET_WINDOW_BLOCKS;

    /// @inheritdoc IStakingParameters
    uint64 public immutable rollupChainId;
    /// @inheritdoc IStakingParameters
    uint128 public immutable powerUnit;
    /// @inheritdoc IStakingParameters
    uint64 public immutable maxEpochLag;
    /// @inheritdoc IStakingParameters
    uint64 public immutable maxOriginAge;
    /// @inheritdoc IStakingParameters
    uint64 public immutable evidenceWindow;
    /// @inheritdoc IStakingParameters
    uint64 public immutable inclusionDelay;
    /// @inheritdoc IStakingParameters
    uint64 public immutable evidenceEpochs;
    /// @inheritdoc IStakingParameters
    uint64 public immutable governanceEpochs;
    /// @inheritdoc IStakingParameters
    address public immutable governance;

    Values private _values;
    /// The first L1 block in which the minimum bond may rise; 0 before its first rise.
    uint64 private _nextRiseBlock;

    /// @param constants What is fixed from now on
    /// @param firstValues What holds until governance sets something else
    constructor(Constants memory constants, Values memory firstValues) {
        if (constants.rollupChainId == 0) revert ZeroRollupChainId();
        if (constants.powerUnit == 0) revert ZeroPowerUnit();
        if (constants.governance == address(0)) revert ZeroAddress();
        rollupChainId = constants.rollupChainId;
        powerUnit = constants.powerUnit;
        maxEpochLag = constants.maxEpochLag;
        maxOriginAge = constants.maxOriginAge;
        evidenceWindow = constants.evidenceWindow;
        inclusionDelay = constants.inclusionDelay;
        evidenceEpochs = _evidenceEpochs(constants);
        governanceEpochs = _governanceEpochs(constants.governanceEpochs);
        governance = constants.governance;
        _check(firstValues);
        _keep(firstValues);
    }

    /// @inheritdoc IStakingParameters
    function set(Values calldata newValues) external {
        // C21: one account, and it can do nothing else.
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        _check(newValues);
        if (newValues.minimumBond > _values.minimumBond) _rise(newValues.minimumBond);
        _keep(newValues);
    }

    /// @inheritdoc IStakingParameters
    function values() external view returns (Values memory) {
        return _values;
    }

    /// @inheritdoc IStakingParameters
    function minimumBondRise() public view returns (uint256 most, uint64 fromBlock) {
        // C25: from the value that holds now, whatever it was before. What is rounded up keeps the least from standing
        // still for ever.
        uint256 minimumBond = _values.minimumBond;
        return (minimumBond + Math.ceilDiv(minimumBond, RISE_DIVISOR), _nextRiseBlock);
    }

    function _keep(Values memory newValues) private {
        _values = newValues;
        emit ParametersChanged(newValues);
    }

    /// C25: members below the minimum are displaced, so who sets it at will exchanges the set.
    function _rise(uint128 minimumBond) private {
        (uint256 most, uint64 fromBlock) = minimumBondRise();
        if (minimumBond > most || block.number < fromBlock) {
            revert MinimumBondRisesTooFast(minimumBond, most, fromBlock);
        }
        _nextRiseBlock = uint64(block.number) + RISE_INTERVAL_BLOCKS;
    }

    /// C22, C23: at deployment as later, nothing outside the bounds is ever stored.
    function _check(Values memory checked) private view {
        _checkStake(checked);
        _checkDelays(checked);
        _checkSet(checked);
        if (checked.treasury == address(0)) revert ZeroAddress();
    }

    /// C22: who has the minimum has power, and the powers of all places together fit 64 bits.
    function _checkStake(Values memory checked) private view {
        uint256 mostPower = type(uint64).max / PLACES;
        uint256 mostCap = mostPower * powerUnit + (powerUnit - 1);
        if (checked.powerCap > mostCap) revert PowerCapTooHigh(checked.powerCap, mostCap);
        if (checked.minimumBond < powerUnit || checked.minimumBond > checked.powerCap) {
            revert MinimumBondOutOfRange(checked.minimumBond, powerUnit, checked.powerCap);
        }
    }

    /// C22, C23.
    function _checkDelays(Values memory checked) private view {
        // C23: counted from the end of the last epoch served, stake outlasts every report of what it did there, and
        // every proposal that it voted for.
        uint64 evidence = evidenceEpochs + inclusionDelay;
        uint64 least = (evidence > governanceEpochs ? evidence : governanceEpochs) + 1;
        if (checked.unbondingDelay < least || checked.unbondingDelay > MAX_UNBONDING_DELAY) {
            revert UnbondingDelayOutOfRange(checked.unbondingDelay, least, MAX_UNBONDING_DELAY);
        }
        uint32 interval = checked.keyRotationInterval;
        if (interval < MIN_KEY_ROTATION_INTERVAL || interval > MAX_KEY_ROTATION_INTERVAL) {
            revert KeyRotationIntervalOutOfRange(interval, MIN_KEY_ROTATION_INTERVAL, MAX_KEY_ROTATION_INTERVAL);
        }
        uint32 wait = checked.maximumExitWait;
        if (wait < MIN_MAXIMUM_EXIT_WAIT || wait > MAX_MAXIMUM_EXIT_WAIT) {
            revert MaximumExitWaitOutOfRange(wait, MIN_MAXIMUM_EXIT_WAIT, MAX_MAXIMUM_EXIT_WAIT);
        }
    }

    /// C22.
    function _checkSet(Values memory checked) private pure {
        uint16 size = checked.minimumSize;
        if (size < MIN_MINIMUM_SIZE || size > MAX_MINIMUM_SIZE) {
            revert MinimumSizeOutOfRange(size, MIN_MINIMUM_SIZE, MAX_MINIMUM_SIZE);
        }
        uint16 entry = checked.entryBound;
        uint16 exit = checked.exitBound;
        bool tooLittle = entry < MIN_CHANGE_BOUND || exit < MIN_CHANGE_BOUND;
        if (tooLittle || uint256(entry) + exit > MAX_CHANGE_BOUNDS) {
            revert ChangeBoundsOutOfRange(entry, exit, MIN_CHANGE_BOUND, MAX_CHANGE_BOUNDS);
        }
        uint16 margin = checked.replacementMargin;
        if (margin < MIN_REPLACEMENT_MARGIN || margin > MAX_REPLACEMENT_MARGIN) {
            revert ReplacementMarginOutOfRange(margin, MIN_REPLACEMENT_MARGIN, MAX_REPLACEMENT_MARGIN);
        }
    }

    /// C20, C23: any unbonding delay is longer than this.
    function _governanceEpochs(uint32 epochs) private pure returns (uint64) {
        if (epochs < MIN_GOVERNANCE_EPOCHS || epochs >= MAX_UNBONDING_DELAY) {
            revert GovernanceEpochsOutOfRange(epochs, MIN_GOVERNANCE_EPOCHS, MAX_UNBONDING_DELAY - 1);
        }
        return epochs;
    }

    /// C20, C23: each part counts, since what happens in the last block of an epoch is an epoch old a block later; and
    /// together they leave room for an unbonding delay.
    function _evidenceEpochs(Constants memory constants) private pure returns (uint64 epochs) {
        (uint64 lag, uint64 age) = (constants.maxEpochLag, constants.maxOriginAge);
        (uint64 window, uint64 inclusion) = (constants.evidenceWindow, constants.inclusionDelay);
        epochs = lag + age + window;
        bool noPart = lag == 0 || age == 0 || window == 0 || inclusion == 0;
        if (noPart || epochs + inclusion >= MAX_UNBONDING_DELAY) {
            revert WindowOutOfRange(
                constants.maxEpochLag, constants.maxOriginAge, constants.evidenceWindow, constants.inclusionDelay
            );
        }
    }
}
