// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEpochs} from "./interfaces/IEpochs.sol";

/// @title L1 divided into epochs of a fixed number of blocks (C30)
abstract contract Epochs is IEpochs {
    using SafeCast for uint256;

    /// @notice Shortest epoch in L1 blocks: 6.4 minutes of 12-second blocks, one epoch of L1's own finality.
    uint64 public constant MIN_EPOCH_LENGTH = 32;
    /// @notice Longest epoch in L1 blocks: a day of 12-second blocks.
    uint64 public constant MAX_EPOCH_LENGTH = 7200;
    /// @notice Epochs from a change to its effect: a set stands still from the beginning of the epoch before it (C31).
    uint64 public constant LAG_EPOCHS = 2;

    /// @inheritdoc IEpochs
    uint64 public immutable startBlock;
    /// @inheritdoc IEpochs
    uint64 public immutable epochLength;

    constructor(uint64 startBlock_, uint64 epochLength_) {
        if (epochLength_ < MIN_EPOCH_LENGTH || epochLength_ > MAX_EPOCH_LENGTH) {
            revert EpochLengthOutOfRange(epochLength_, MIN_EPOCH_LENGTH, MAX_EPOCH_LENGTH);
        }
        // The sets of epochs 0 and 1 are made in epoch 0, so it may neither be over nor still to come.
        if (block.number < startBlock_ || block.number - startBlock_ >= epochLength_) {
            revert NotInFirstEpoch(block.number, startBlock_, epochLength_);
        }
        startBlock = startBlock_;
        epochLength = epochLength_;
    }

    /// @inheritdoc IEpochs
    function currentEpoch() public view returns (uint64) {
        return epochOf(block.number);
    }

    /// @inheritdoc IEpochs
    function epochOf(uint256 blockNumber) public view returns (uint64) {
        // C30: epochs are counted in L1 blocks from the start block on.
        if (blockNumber < startBlock) revert BlockBeforeStart(blockNumber, startBlock);
        return ((blockNumber - startBlock) / epochLength).toUint64();
    }
}
