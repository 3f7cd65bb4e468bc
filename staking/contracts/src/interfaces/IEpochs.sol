// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title L1 divided into epochs
/// @notice The rules C30 to C32 cited here stand in `README.md`.
interface IEpochs {
    /// @notice The epoch length is outside its constant bounds.
    error EpochLengthOutOfRange(uint64 epochLength, uint64 least, uint64 most);
    /// @notice The contract is not being deployed in epoch 0: the block is before its start or past its end.
    error NotInFirstEpoch(uint256 blockNumber, uint64 startBlock, uint64 epochLength);
    /// @notice The block lies before epoch 0.
    error BlockBeforeStart(uint256 blockNumber, uint64 startBlock);

    /// @notice The L1 block with which epoch 0 begins.
    function startBlock() external view returns (uint64);

    /// @notice The length of an epoch, in L1 blocks.
    function epochLength() external view returns (uint64);

    /// @notice The epoch of an L1 block (C30).
    function epochOf(uint256 blockNumber) external view returns (uint64);

    /// @notice The epoch of the current L1 block.
    function currentEpoch() external view returns (uint64);
}
