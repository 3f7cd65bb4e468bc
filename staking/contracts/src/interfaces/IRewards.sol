// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Who earned what
interface IRewards {
    /// @notice Keeps a stretch of a position that the stakes keep no more, so that what it earned stays claimable; only
    /// the stakes.
    /// @param validator Whose pool
    /// @param account Whose position
    /// @param amount Nominal stake
    /// @param fromEpoch The first epoch of the stretch
    /// @param untilEpoch The first epoch after it
    function keepStretch(address validator, address account, uint96 amount, uint32 fromEpoch, uint32 untilEpoch)
        external;

    /// @notice The first epoch in which a suspended validator may resume.
    function mayResumeFrom(address validator) external view returns (uint64 epoch);
}
