// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What votes and expulsions ask of the stakes
/// @notice The `StakeManager` is who answers.
interface IGovernedStakes {
    /// @notice One account's bonded stake with one validator, in nominal units. One word of storage.
    /// @param amount What is bonded now; counts for rewards from epoch `since` on
    /// @param since The first epoch of `amount`
    /// @param previous What counted from epoch `previousSince` to `since`
    /// @param previousSince The first epoch of `previous`
    struct Position {
        uint96 amount;
        uint32 since;
        uint96 previous;
        uint32 previousSince;
    }

    /// @notice Begins the exit of all that a validator has bonded of its own; only the expulsions.
    function expel(address validator) external;

    /// @notice What an account has bonded with a validator.
    function positionOf(address validator, address account) external view returns (Position memory);

    /// @notice Whether a validator was found guilty, also after its settlement.
    function isSlashed(address validator) external view returns (bool);
}
