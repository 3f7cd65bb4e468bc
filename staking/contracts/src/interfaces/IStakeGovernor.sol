// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Proposals about the staking of one rollup, voted for with bonded stake
/// @notice The rules C155 to C159 and C164 cited here stand in `README.md`. Beside these, the contract has the calls of
/// OpenZeppelin's `Governor` with simple counting and a timelock: `propose`, `castVote`, `queue`, `execute`, `cancel`,
/// `state` and so on. Votes are token units, time is in L1 blocks.
interface IStakeGovernor {
    /// @notice What is fixed at deployment (C155).
    /// @param votingDelay L1 blocks from a proposal to the snapshot of votes
    /// @param votingPeriod L1 blocks from the snapshot to the end of voting
    /// @param secondsPerBlock Least seconds between two L1 blocks: 12, or what a devnet has
    /// @param quorumBps Share of the power that must take part, in basis points
    /// @param proposalThreshold Votes that a proposer needs
    struct Constants {
        uint32 votingDelay;
        uint32 votingPeriod;
        uint32 secondsPerBlock;
        uint16 quorumBps;
        uint128 proposalThreshold;
    }

    /// @notice The guardian cancelled a queued proposal (C164).
    event CanceledByGuardian(uint256 indexed proposalId, address indexed guardian);

    /// @notice The deployment was wired for another address than this one, or another timelock.
    error NotAtWiredAddress(address wired, address actual);
    /// @notice The voting delay is outside its constant bounds.
    error VotingDelayOutOfRange(uint32 blocks, uint32 least, uint32 most);
    /// @notice The voting period is outside its constant bounds.
    error VotingPeriodOutOfRange(uint32 blocks, uint32 least, uint32 most);
    /// @notice The timelock's delay is outside its constant bounds.
    error TimelockOutOfRange(uint256 delay, uint256 least, uint256 most);
    /// @notice The seconds of a block are outside their constant bounds.
    error SecondsPerBlockOutOfRange(uint32 given, uint32 least, uint32 most);
    /// @notice The quorum is outside its constant bounds.
    error QuorumOutOfRange(uint16 bps, uint16 least, uint16 most);
    /// @notice Anyone could propose, or hardly anyone.
    error ProposalThresholdOutOfRange(uint128 votes, uint256 least, uint256 most);
    /// @notice Delay, period and timelock take more epochs than stake is sure to wait after it has voted (C155).
    error DelaysTooLong(uint256 epochs, uint256 most);
    /// @notice Governance can't do this (C157).
    error CallNotAllowed(address target, bytes4 selector);
    /// @notice A call of a proposal sends no ether (C157).
    error ValueNotAllowed(address target, uint256 value);
    /// @notice A proposal has more calls than it may (C157).
    error TooManyCalls(uint256 calls, uint256 limit);
    /// @notice A proposal sends out one validator at most (C157).
    error TooManyExpulsions(uint256 expulsions, uint256 limit);
    /// @notice The guardian can't cancel its own replacement (C164).
    error ReplacesGuardian(uint256 proposalId);

    /// @notice Cancels a queued proposal; only the guardian, as often as `Admission` lets it (C164).
    /// @return proposalId The number of the proposal
    function cancelByGuardian(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) external returns (uint256 proposalId);

    /// @notice Epochs that voting delay, voting period and timelock take together, rounded up (C155).
    function delayEpochs() external view returns (uint64);
}
