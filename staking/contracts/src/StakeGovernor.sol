// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Wiring} from "./Wiring.sol";
import {IAdmission} from "./interfaces/IAdmission.sol";
import {IExpulsions} from "./interfaces/IExpulsions.sol";
import {IRewards} from "./interfaces/IRewards.sol";
import {IStakeGovernor} from "./interfaces/IStakeGovernor.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title Proposals about the staking of one rollup, voted for with bonded stake
/// @notice OpenZeppelin's governor, of which nothing can be changed, and which takes no proposal but of the few calls
/// that governance is for. So the timelock that executes them can do nothing else, not even to itself (C159).
contract StakeGovernor is GovernorCountingSimple, GovernorVotes, GovernorTimelockControl, IStakeGovernor {
    using SafeCast for uint256;

    /// @notice Shortest voting delay in L1 blocks: nobody bonds, proposes and is the only one to know in one block.
    uint32 public constant MIN_VOTING_DELAY = 1;
    /// @notice Longest voting delay in L1 blocks: a week of 12-second blocks.
    uint32 public constant MAX_VOTING_DELAY = 50_400;
    /// @notice Shortest voting period in L1 blocks: those of a devnet, a few seconds.
    uint32 public constant MIN_VOTING_PERIOD = 4;
    /// @notice Longest voting period in L1 blocks: two weeks.
    uint32 public constant MAX_VOTING_PERIOD = 100_800;
    /// @notice Shortest delay of the timelock in seconds: no proposal is queued and executed in one block.
    uint256 public constant MIN_TIMELOCK = 1;
    /// @notice Longest delay of the timelock in seconds: two weeks.
    uint256 public constant MAX_TIMELOCK = 1_209_600;
    /// @notice Shortest time of a block: a devnet's.
    uint32 public constant MIN_SECONDS_PER_BLOCK = 1;
    /// @notice Longest time of a block: Ethereum's. A longer one would count fewer blocks than the timelock waits.
    uint32 public constant MAX_SECONDS_PER_BLOCK = 12;
    /// @notice Least quorum, in basis points: a tenth of the power, as much as may be expelled in a month.
    uint16 public constant MIN_QUORUM_BPS = 1000;
    /// @notice Greatest quorum, in basis points: half of the power, or few who abstain could stop everything.
    uint16 public constant MAX_QUORUM_BPS = 5000;
    /// @notice Greatest threshold in minimum bonds of the deployment: ten who could all be validators can propose.
    uint256 public constant MAX_THRESHOLD_BONDS = 10;
    /// @notice Most calls of a proposal: there are six kinds.
    uint256 public constant MAX_CALLS = 8;
    /// @notice Most expulsions in a proposal: each validator is judged by itself.
    uint256 public constant MAX_EXPULSIONS = 1;

    uint256 private constant BASIS_POINTS = 10_000;

    /// @notice Where the values stand that governance sets.
    IStakingParameters public immutable parameters;
    /// @notice Allow-list and guardian.
    IAdmission public immutable admission;
    /// @notice Begins exits.
    IExpulsions public immutable expulsions;
    /// @notice Whose funder governance names.
    address public immutable rewards;
    /// @notice Share of the power that must take part, in basis points.
    uint16 public immutable quorumBps;
    /// @notice Seconds of an L1 block, by which the timelock's delay was counted in blocks.
    uint32 public immutable secondsPerBlock;
    /// @inheritdoc IStakeGovernor
    uint64 public immutable delayEpochs;
    uint32 private immutable _votingDelay;
    uint32 private immutable _votingPeriod;
    uint128 private immutable _proposalThreshold;

    /// @param wiring Where the contracts of the deployment stand; the timelock is `governance()` of the parameters
    /// @param timelock_ The timelock, with this governor as its only proposer
    /// @param constants What is fixed from now on
    constructor(Wiring memory wiring, TimelockController timelock_, Constants memory constants)
        Governor("Rota Governor")
        GovernorVotes(IVotes(wiring.votes))
        GovernorTimelockControl(timelock_)
    {
        if (wiring.governor != address(this)) revert NotAtWiredAddress(wiring.governor, address(this));
        parameters = IStakingParameters(wiring.parameters);
        if (parameters.governance() != address(timelock_)) {
            revert NotAtWiredAddress(parameters.governance(), address(timelock_));
        }
        admission = IAdmission(wiring.admission);
        expulsions = IExpulsions(wiring.expulsions);
        rewards = wiring.rewards;
        _checkVotes(constants);
        _checkDelays(constants, timelock_.getMinDelay());
        quorumBps = constants.quorumBps;
        secondsPerBlock = constants.secondsPerBlock;
        _votingDelay = constants.votingDelay;
        _votingPeriod = constants.votingPeriod;
        _proposalThreshold = constants.proposalThreshold;
        delayEpochs = _delayEpochs(constants, timelock_.getMinDelay(), IValidatorSets(wiring.sets).epochLength());
    }

    /// @inheritdoc IStakeGovernor
    function cancelByGuardian(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) external returns (uint256 proposalId) {
        proposalId = getProposalId(targets, values, calldatas, descriptionHash);
        // C164: who holds a mandate may not hold on to it.
        _validateStateBitmap(proposalId, _encodeStateBitmap(ProposalState.Queued));
        if (_onlyReplacesGuardian(targets, calldatas)) revert ReplacesGuardian(proposalId);
        admission.spendCancellation(msg.sender);
        emit CanceledByGuardian(proposalId, msg.sender);
        _cancel(targets, values, calldatas, descriptionHash);
    }

    /// @notice L1 blocks from a proposal to the snapshot of votes (C158).
    function votingDelay() public view override returns (uint256) {
        return _votingDelay;
    }

    /// @notice L1 blocks from the snapshot to the end of voting.
    function votingPeriod() public view override returns (uint256) {
        return _votingPeriod;
    }

    /// @notice Votes that a proposer needs in the block before its proposal.
    function proposalThreshold() public view override returns (uint256) {
        return _proposalThreshold;
    }

    /// @notice Votes for and abstaining that a proposal needs, of the power that served at a past block (C156).
    function quorum(uint256 timepoint) public view override returns (uint256) {
        return Math.mulDiv(token().getPastTotalSupply(timepoint), quorumBps, BASIS_POINTS, Math.Rounding.Ceil);
    }

    /// @inheritdoc GovernorTimelockControl
    function state(uint256 proposalId) public view override(Governor, GovernorTimelockControl) returns (ProposalState) {
        return super.state(proposalId);
    }

    /// @inheritdoc GovernorTimelockControl
    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    /// C157: what else it refuses is refused first: lengths that differ, a proposal that stands already.
    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override returns (uint256 proposalId) {
        proposalId = super._propose(targets, values, calldatas, description, proposer);
        if (targets.length > MAX_CALLS) revert TooManyCalls(targets.length, MAX_CALLS);
        uint256 expels = 0;
        for (uint256 i = 0; i < targets.length; ++i) {
            if (values[i] != 0) revert ValueNotAllowed(targets[i], values[i]);
            bytes4 selector = _selectorOf(calldatas[i]);
            if (!_isAllowed(targets[i], selector)) revert CallNotAllowed(targets[i], selector);
            if (targets[i] == address(expulsions)) ++expels;
        }
        if (expels > MAX_EXPULSIONS) revert TooManyExpulsions(expels, MAX_EXPULSIONS);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }

    /// C157: everything that governance can do.
    function _isAllowed(address target, bytes4 selector) private view returns (bool) {
        if (target == address(parameters)) return selector == IStakingParameters.set.selector;
        if (target == address(admission)) {
            return selector == IAdmission.setAllowList.selector || selector == IAdmission.setAllowed.selector
                || selector == IAdmission.setGuardian.selector;
        }
        if (target == address(expulsions)) return selector == IExpulsions.expel.selector;
        return target == rewards && selector == IRewards.setFunder.selector;
    }

    /// C164.
    function _onlyReplacesGuardian(address[] memory targets, bytes[] memory calldatas) private view returns (bool) {
        for (uint256 i = 0; i < targets.length; ++i) {
            bool replaces = _selectorOf(calldatas[i]) == IAdmission.setGuardian.selector;
            if (targets[i] != address(admission) || !replaces) return false;
        }
        return true;
    }

    /// C156.
    function _checkVotes(Constants memory constants) private view {
        uint16 share = constants.quorumBps;
        if (share < MIN_QUORUM_BPS || share > MAX_QUORUM_BPS) {
            revert QuorumOutOfRange(share, MIN_QUORUM_BPS, MAX_QUORUM_BPS);
        }
        uint256 least = parameters.powerUnit();
        uint256 most = MAX_THRESHOLD_BONDS * parameters.values().minimumBond;
        if (constants.proposalThreshold < least || constants.proposalThreshold > most) {
            revert ProposalThresholdOutOfRange(constants.proposalThreshold, least, most);
        }
    }

    /// C155: each within its own bounds.
    function _checkDelays(Constants memory constants, uint256 timelockDelay) private pure {
        uint32 delay = constants.votingDelay;
        if (delay < MIN_VOTING_DELAY || delay > MAX_VOTING_DELAY) {
            revert VotingDelayOutOfRange(delay, MIN_VOTING_DELAY, MAX_VOTING_DELAY);
        }
        uint32 period = constants.votingPeriod;
        if (period < MIN_VOTING_PERIOD || period > MAX_VOTING_PERIOD) {
            revert VotingPeriodOutOfRange(period, MIN_VOTING_PERIOD, MAX_VOTING_PERIOD);
        }
        if (timelockDelay < MIN_TIMELOCK || timelockDelay > MAX_TIMELOCK) {
            revert TimelockOutOfRange(timelockDelay, MIN_TIMELOCK, MAX_TIMELOCK);
        }
        uint32 time = constants.secondsPerBlock;
        if (time < MIN_SECONDS_PER_BLOCK || time > MAX_SECONDS_PER_BLOCK) {
            revert SecondsPerBlockOutOfRange(time, MIN_SECONDS_PER_BLOCK, MAX_SECONDS_PER_BLOCK);
        }
    }

    /// C155: whoever was bonded at the snapshot still answers for it when the proposal can be executed.
    function _delayEpochs(Constants memory constants, uint256 timelockDelay, uint64 epochLength)
        private
        view
        returns (uint64)
    {
        uint256 blocks = Math.ceilDiv(timelockDelay, constants.secondsPerBlock);
        blocks += uint256(constants.votingDelay) + constants.votingPeriod;
        uint256 epochs = Math.ceilDiv(blocks, epochLength);
        uint64 most = parameters.governanceEpochs();
        if (epochs > most) revert DelaysTooLong(epochs, most);
        return epochs.toUint64();
    }

    /// Zero if there is none.
    function _selectorOf(bytes memory callData) private pure returns (bytes4) {
        return callData.length < 4 ? bytes4(0) : bytes4(callData);
    }
}
