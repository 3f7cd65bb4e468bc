// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Script} from "forge-std/Script.sol";
import {ClientToken} from "../src/ClientToken.sol";

/// @notice Deploys the token and makes a first transfer, as two broadcast transactions:
/// forge script script/Deploy.s.sol --broadcast --rpc-url URL --private-key KEY
contract Deploy is Script {
    uint256 private constant SUPPLY = 1_000_000 ether;
    address private constant FIRST_HOLDER = address(0xF125);

    function run() external returns (ClientToken token) {
        vm.startBroadcast();
        token = new ClientToken(SUPPLY);
        require(token.transfer(FIRST_HOLDER, 1 ether), "first transfer");
        vm.stopBroadcast();
    }
}
