// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title A token to stake on devnets, with permits, that anyone mints
/// @notice Worthless by design: a deployment that means it names another token.
contract TestToken is ERC20Permit {
    /// @notice Most that one call mints, in the smallest units: a million whole tokens. A typing error in a script then
    /// makes no balance whose sums overflow.
    uint256 public constant MAX_MINT = 1_000_000 ether;

    /// @notice More than one call mints.
    error MintAboveMaximum(uint256 amount, uint256 maximum);

    constructor() ERC20("Rota test token", "tROTA") ERC20Permit("Rota test token") {}

    /// @notice Makes new tokens; anyone may.
    /// @param to Who gets them
    /// @param amount How many, in the smallest units (1e18 are a whole token)
    function mint(address to, uint256 amount) external {
        if (amount > MAX_MINT) revert MintAboveMaximum(amount, MAX_MINT);
        _mint(to, amount);
    }
}
