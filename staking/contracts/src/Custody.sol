// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IDelegation} from "./interfaces/IDelegation.sol";
import {IRewards} from "./interfaces/IRewards.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";

/// @title The tokens themselves: in, out, and whose they are
/// @notice Tokens come with calls and go to whom they belong, or wait as somebody's credit (C79) or for rewards (C111).
/// Tokens that are sent here without a call belong to nobody and move nothing (C80).
abstract contract Custody is IStakeManager, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @notice The token that is staked.
    IERC20 public immutable token;
    /// @notice Who earned what.
    IRewards public immutable rewards;

    /// @inheritdoc IStakeManager
    uint128 public totalCredits;
    /// @inheritdoc IDelegation
    uint128 public rewardReserve;
    /// @inheritdoc IStakeManager
    mapping(address account => uint128) public credit;
    /// @inheritdoc IStakeManager
    bool public isOpen;

    /// C65: before the opening nothing happens.
    modifier whenOpen() {
        _requireOpen();
        _;
    }

    modifier onlyRewards() {
        _requireRewards();
        _;
    }

    constructor(address token_, address rewards_) {
        if (token_.code.length == 0) revert NoToken(token_);
        token = IERC20(token_);
        rewards = IRewards(rewards_);
    }

    /// @inheritdoc IStakeManager
    function collect(address account) external nonReentrant whenOpen {
        uint128 amount = credit[account];
        if (amount == 0) revert NothingToCollect(account);
        credit[account] = 0;
        totalCredits -= amount;
        emit Collected(account, amount);
        _push(account, amount);
    }

    /// @inheritdoc IDelegation
    function fundRewards(uint128 amount) external nonReentrant whenOpen {
        if (amount == 0) revert ZeroAmount();
        uint128 reserve = rewardReserve + amount;
        rewardReserve = reserve;
        emit RewardsFunded(msg.sender, amount, reserve);
        _pull(amount);
    }

    /// @inheritdoc IDelegation
    function payReward(address account, uint128 amount) external nonReentrant whenOpen onlyRewards {
        _spendReserve(account, address(0), amount);
        _push(account, amount);
    }

    /// C111: what is for rewards is apart from all stake.
    function _spendReserve(address account, address validator, uint128 amount) internal {
        uint128 reserve = rewardReserve;
        if (amount > reserve) revert ReserveTooSmall(reserve, amount);
        rewardReserve = reserve - amount;
        emit RewardPaid(account, validator, amount);
    }

    /// C67: a permit that is refused may have been used by somebody else, who thereby did what it asks for.
    function _permit(uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) internal {
        try IERC20Permit(address(token)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        uint256 allowance = token.allowance(msg.sender, address(this));
        if (allowance < amount) revert AllowanceTooSmall(msg.sender, allowance, amount);
    }

    /// C80: what a call says it brings is what comes.
    function _pull(uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert WrongAmountReceived(amount, received);
    }

    /// Nothing is no transfer: some tokens refuse it, and a total loss could then never be closed.
    function _push(address to, uint128 amount) internal {
        if (amount != 0) token.safeTransfer(to, amount);
    }

    /// C79: penalties and dust are fetched by whom they belong to.
    function _credit(address account, uint128 amount) internal {
        if (amount == 0) return;
        credit[account] += amount;
        totalCredits += amount;
        emit Credited(account, amount);
    }

    function _requireOpen() private view {
        if (!isOpen) revert NotOpen();
    }

    function _requireRewards() private view {
        if (msg.sender != address(rewards)) revert NotRewards(msg.sender);
    }
}
