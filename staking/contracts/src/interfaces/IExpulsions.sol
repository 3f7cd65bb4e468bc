// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Exits that governance begins
/// @notice The rules C166 and C167 cited here stand in `README.md`.
interface IExpulsions {
    /// @notice Governance begins the exit of a validator that counts with this power (C166).
    event Expelled(address indexed validator, uint64 power);

    /// @notice The deployment was wired for another address than this one.
    error NotAtWiredAddress(address wired, address actual);
    /// @notice Only governance may call this.
    error NotGovernance(address caller);
    /// @notice With `spent` expelled in the window already, this power is more than `most` (C167).
    error ExpelsTooMuch(address validator, uint64 power, uint256 spent, uint256 most);

    /// @notice Begins the exit of a validator, within the same bound as by choice; only governance (C166, C167).
    function expel(address validator) external;

    /// @notice The power that was expelled in the window that ends now, and the most that may be (C167).
    function expelled() external view returns (uint256 spent, uint256 most);

    /// @notice The power that a validator would count with, if it were expelled now (C167).
    function countedPowerOf(address validator) external view returns (uint64);

    /// @notice Epochs of the window (C167).
    function windowEpochs() external view returns (uint32);
}
