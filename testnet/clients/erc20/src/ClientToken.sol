// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title The token that the client checks transfer: OpenZeppelin's ERC-20, all of it minted to the deployer.
contract ClientToken is ERC20 {
    constructor(uint256 supply) ERC20("Client Token", "CLIENT") {
        _mint(msg.sender, supply);
    }
}
