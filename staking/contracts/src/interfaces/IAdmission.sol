// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Who may register now
interface IAdmission {
    /// @notice Returns if this account may register as a validator now, and reverts by name if not.
    function requireAdmitted(address validator) external view;
}
