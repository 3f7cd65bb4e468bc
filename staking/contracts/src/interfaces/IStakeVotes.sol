// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The voting power of bonded stake
interface IStakeVotes {
    /// @notice An account has bonded more, or again; only the stakes.
    function bonded(address account, uint128 amount) external;

    /// @notice An account has begun to unbond; only the stakes.
    function unbonded(address account, uint128 amount) external;

    /// @notice The bonded stake of an account with a slashed validator votes no more; only the stakes. It counts once
    /// per validator and account, whoever told it first.
    function slashed(address validator, address account, uint128 amount) external;
}
