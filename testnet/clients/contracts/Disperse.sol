// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Pays many accounts in one transaction: the creation itself does it, and leaves no code behind.
/// @notice The value sent must be `each` times the number of receivers.
contract Disperse {
    error WrongValue(uint256 sent, uint256 needed);
    error NotPaid(address receiver);

    constructor(address[] memory receivers, uint256 each) payable {
        if (msg.value != receivers.length * each) revert WrongValue(msg.value, receivers.length * each);
        for (uint256 i = 0; i < receivers.length; i++) {
            (bool paid,) = receivers[i].call{value: each}("");
            if (!paid) revert NotPaid(receivers[i]);
        }
        assembly {
            return(0, 0)
        }
    }
}
