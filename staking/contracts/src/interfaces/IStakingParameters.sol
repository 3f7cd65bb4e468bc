// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What governance may change about the staking of one rollup, and what nobody can
/// @notice The rules C20 to C25 cited here stand in `README.md`. Amounts are in units of the token, delays in epochs,
/// shares in basis points (1/10,000).
interface IStakingParameters {
    /// @notice What is fixed at deployment (C20).
    /// @param rollupChainId Chain id of the rollup: stands in everything that validators sign
    /// @param powerUnit Token units that give one unit of power; 1e9 for a token of 18 decimals
    /// @param maxEpochLag Epochs for which validators still vote in an epoch after its end
    /// @param maxOriginAge Epochs by which a batch may be younger than its L1 origin
    /// @param evidenceWindow Epochs that everybody has to find and report an offence after that
    /// @param inclusionDelay Epochs for which L1 may be too full for a report
    /// @param governanceEpochs Epochs that a proposal may take from its making to its execution
    /// @param governance The account that alone calls `set`
    struct Constants {
        uint64 rollupChainId;
        uint128 powerUnit;
        uint32 maxEpochLag;
        uint32 maxOriginAge;
        uint32 evidenceWindow;
        uint32 inclusionDelay;
        uint32 governanceEpochs;
        address governance;
    }

    /// @notice What governance sets, all at once (C21). Three words of storage.
    /// @param minimumBond Least stake of a validator, in token units
    /// @param powerCap Stake of one validator above which more of it gives no more power, in token units
    /// @param unbondingDelay Epochs from the end of service to the payment, fixed for an exit when it begins
    /// @param keyRotationInterval Epochs between two rotations of the same key
    /// @param maximumExitWait Epochs after which an exit begins although the set falls below its minimum size
    /// @param minimumSize Members below which an exit waits
    /// @param entryBound Most power that enters or rises by choice in one epoch, in basis points of the total
    /// @param exitBound Most power that leaves or falls by choice in one epoch, in basis points of the total
    /// @param replacementMargin By how much a waiting validator exceeds one that it replaces, in basis points
    /// @param treasury The account that is credited with penalties
    struct Values {
        uint128 minimumBond;
        uint128 powerCap;
        uint32 unbondingDelay;
        uint32 keyRotationInterval;
        uint32 maximumExitWait;
        uint16 minimumSize;
        uint16 entryBound;
        uint16 exitBound;
        uint16 replacementMargin;
        address treasury;
    }

    /// @notice These values hold from now on; also emitted at deployment.
    event ParametersChanged(Values values);

    /// @notice The caller is not the governance account.
    error NotGovernance(address caller);
    /// @notice Governance or treasury is the zero address.
    error ZeroAddress();
    /// @notice The rollup's chain id is zero.
    error ZeroRollupChainId();
    /// @notice The power unit is zero.
    error ZeroPowerUnit();
    /// @notice One of the four parts of the evidence window is zero, or together they leave no room below the longest
    /// unbonding delay.
    error WindowOutOfRange(uint32 maxEpochLag, uint32 maxOriginAge, uint32 evidenceWindow, uint32 inclusionDelay);
    /// @notice Proposals would take no time, or leave no room below the longest unbonding delay.
    error GovernanceEpochsOutOfRange(uint32 epochs, uint32 least, uint32 most);
    /// @notice The cap would give 128 members more power than 64 bits hold.
    error PowerCapTooHigh(uint128 powerCap, uint256 most);
    /// @notice The minimum gives no power, or is above the cap.
    error MinimumBondOutOfRange(uint128 minimumBond, uint128 least, uint128 most);
    /// @notice The minimum would rise above the most that it may now, or before the block from which it may (C25).
    error MinimumBondRisesTooFast(uint128 minimumBond, uint256 most, uint64 fromBlock);
    /// @notice The delay is not longer than evidence or a proposal may take, or longer than any delay may be.
    error UnbondingDelayOutOfRange(uint32 epochs, uint64 least, uint64 most);
    /// @notice Keys could be rotated at will, or hardly ever.
    error KeyRotationIntervalOutOfRange(uint32 epochs, uint32 least, uint32 most);
    /// @notice An exit would never wait, or too long.
    error MaximumExitWaitOutOfRange(uint32 epochs, uint32 least, uint32 most);
    /// @notice The minimum size is zero, or so near to all places that it would keep a full set from shrinking.
    error MinimumSizeOutOfRange(uint16 size, uint16 least, uint16 most);
    /// @notice One of the bounds is too small for progress, or together they let too much change in one epoch.
    error ChangeBoundsOutOfRange(uint16 entryBound, uint16 exitBound, uint16 least, uint16 mostTogether);
    /// @notice Validators could replace each other for nothing, or hardly ever.
    error ReplacementMarginOutOfRange(uint16 margin, uint16 least, uint16 most);

    /// @notice Sets all values for what happens from now on; governance alone may (C21, C24, C25).
    function set(Values calldata newValues) external;

    /// @notice The values that hold now.
    function values() external view returns (Values memory);

    /// @notice What the minimum bond may rise to at most, and from which L1 block on; block 0 if it never rose (C25).
    function minimumBondRise() external view returns (uint256 most, uint64 fromBlock);

    /// @notice Epochs after an epoch in which evidence of an offence in it is taken: lag, age and window together.
    function evidenceEpochs() external view returns (uint64);

    /// @notice Chain id of the rollup.
    function rollupChainId() external view returns (uint64);

    /// @notice Token units that give one unit of power.
    function powerUnit() external view returns (uint128);

    /// @notice Epochs for which validators still vote in an epoch after its end.
    function maxEpochLag() external view returns (uint64);

    /// @notice Epochs by which a batch may be younger than its L1 origin.
    function maxOriginAge() external view returns (uint64);

    /// @notice Epochs that everybody has to find and report an offence after that.
    function evidenceWindow() external view returns (uint64);

    /// @notice Epochs for which L1 may be too full for a report.
    function inclusionDelay() external view returns (uint64);

    /// @notice Epochs that a proposal may take from its making to its execution; any unbonding delay is longer (C23).
    function governanceEpochs() external view returns (uint64);

    /// @notice The account that alone calls `set`.
    function governance() external view returns (address);
}
