// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Fails in each way that Solidity knows, so that clients can show that the reason reaches them.
contract Reverts {
    error Shortfall(uint256 has, uint256 needs);

    function withReason() external pure {
        revert("the reason given");
    }

    function withError() external pure {
        revert Shortfall(7, 12);
    }

    function withPanic(uint256 divisor) external pure returns (uint256) {
        return 1 / divisor;
    }
}
