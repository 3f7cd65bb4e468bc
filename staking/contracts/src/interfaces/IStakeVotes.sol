// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The voting power of bonded stake
/// @notice The rules C150 to C154 cited here stand in `README.md`. A vote is a token unit of nominal stake, and counts
/// from the end of the L1 block on in which it was bonded. Beside these, the contract has the calls of ERC-5805
/// (OpenZeppelin `Votes`): `delegate`, `delegates`, `getVotes`, `getPastVotes` and so on, where `delegate` hands on an
/// account's votes and has nothing to do with its stake.
interface IStakeVotes {
    /// @notice The bonded stake of an account with a slashed validator votes no more (C153).
    event VotesDropped(address indexed validator, address indexed account, uint128 amount);

    /// @notice The deployment was wired for another address than this one.
    error NotAtWiredAddress(address wired, address actual);
    /// @notice Only the stakes may call this.
    error NotStakes(address caller);
    /// @notice The validator was not slashed: its stake votes.
    error NotSlashed(address validator);
    /// @notice The account has no votes with this validator (any more).
    error NothingToSync(address validator, address account);

    /// @notice An account has bonded more, or again; only the stakes (C150).
    function bonded(address account, uint128 amount) external;

    /// @notice An account has begun to unbond; only the stakes (C150).
    function unbonded(address account, uint128 amount) external;

    /// @notice The bonded stake of an account with a slashed validator votes no more; only the stakes. It counts once
    /// per validator and account, whoever told it first (C153).
    function slashed(address validator, address account, uint128 amount) external;

    /// @notice Drops the votes of an account's stake with a slashed validator; anyone may (C153).
    function sync(address validator, address account) external;

    /// @notice What an account has bonded and not lost to a slash, in token units, whoever votes with it (C151).
    function unitsOf(address account) external view returns (uint256);

    /// @notice Whether the votes of an account's stake with a slashed validator were dropped (C153).
    function isDropped(address validator, address account) external view returns (bool);
}
