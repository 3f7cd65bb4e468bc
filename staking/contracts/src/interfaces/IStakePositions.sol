// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What rewards ask and want of the stakes
/// @notice The `StakeManager` is who answers. Epochs are those of the validator sets, amounts are nominal stake or
/// tokens.
interface IStakePositions {
    /// @notice What one account has bonded with one validator. What it had before epoch `previousSince` was handed to
    /// `IRewards.keepStretch`.
    /// @param amount What counts for rewards from epoch `since` on
    /// @param since The first epoch in which `amount` counts
    /// @param previous What counts from epoch `previousSince` to `since`
    /// @param previousSince The first epoch in which `previous` counts
    struct Position {
        uint96 amount;
        uint32 since;
        uint96 previous;
        uint32 previousSince;
    }

    /// @notice Takes a validator out of the set within the exit bound, until it is resumed; only the rewards.
    function suspend(address validator) external;

    /// @notice Pays an account from the reserve of rewards; only the rewards.
    function payReward(address account, uint128 amount) external;

    /// @notice Bonds tokens of the reserve of rewards for an account, as a delegation of it would; only the rewards.
    function restakeReward(address validator, address account, uint128 amount) external;

    /// @notice The position of an account with a validator.
    function positionOf(address validator, address account) external view returns (Position memory);

    /// @notice The sum, over all epochs before one, of all the stake of a validator that counts in each.
    function stakeEpochsUntil(address validator, uint64 epoch) external view returns (uint128);

    /// @notice Tokens that were given for rewards and not paid yet.
    function rewardReserve() external view returns (uint128);
}
