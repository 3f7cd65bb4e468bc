// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev 30 days of 12-second L1 blocks. Within them a tenth of the power is expelled at most (C167), and the minimum
/// bond rises once (C25).
uint64 constant SET_WINDOW_BLOCKS = 216_000;
