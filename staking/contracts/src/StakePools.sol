// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Custody} from "./Custody.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";

/// @title One pool of stake for each validator
/// @notice Stake is counted in nominal units, one for each token that came. A slash lowers what all units of a pool are
/// worth, bonded or unbonding alike (C73). No pool ever pays with the assets of another (C82).
abstract contract StakePools is Custody {
    using SafeCast for uint256;

    /// One, as a fraction and as a rate.
    uint64 internal constant WAD = 1e18;

    /// @inheritdoc IStakeManager
    uint128 public totalAssets;
    /// @inheritdoc IStakeManager
    uint64 public lastUnbonding;

    mapping(address validator => Stake) internal _stakes;
    mapping(uint64 id => Unbonding) internal _unbondings;

    constructor(address token_) Custody(token_) {}

    /// @inheritdoc IStakeManager
    function stakeOf(address validator) external view returns (Stake memory) {
        return _stakes[validator];
    }

    /// @inheritdoc IStakeManager
    function unbondingOf(uint64 id) external view returns (Unbonding memory) {
        return _unbondings[id];
    }

    /// @inheritdoc IStakeManager
    function isSlashed(address validator) external view returns (bool) {
        Status status = _stakes[validator].status;
        return status == Status.Slashed || status == Status.Settled;
    }

    /// C73: stake enters at a rate of one, since nothing enters after a slash.
    function _bond(address validator, Stake storage stake, uint128 amount) internal {
        uint128 bonded = stake.bonded + amount;
        stake.bonded = bonded;
        stake.assets += amount;
        totalAssets += amount;
        emit Bonded(validator, msg.sender, amount, bonded);
    }

    /// C73, C77: lowers the rate, and takes what the pool then needs no more; the rest covers all floored claims.
    function _devalue(Stake storage stake, uint256 fraction) internal returns (uint128 taken) {
        if (fraction > WAD) revert FractionAboveOne(fraction);
        uint64 rate = uint64(Math.min(stake.rate, WAD - fraction));
        uint256 nominal = uint256(stake.bonded) + stake.unbonding;
        stake.rate = rate;
        taken = stake.assets - (nominal * rate / WAD).toUint128();
        stake.assets -= taken;
        totalAssets -= taken;
    }

    /// C77, C82: pays from the pool what nominal stake was worth that is counted no more. Who leaves it empty leaves
    /// its dust.
    function _payFrom(Stake storage stake, uint128 amount) internal returns (uint128 dust) {
        uint128 assets = stake.assets - amount;
        if (stake.bonded == 0 && stake.unbonding == 0) (dust, assets) = (assets, 0);
        stake.assets = assets;
        totalAssets -= amount + dust;
    }

    function _unbonding(uint64 id) internal view returns (Unbonding memory unbonding) {
        unbonding = _unbondings[id];
        if (unbonding.validator == address(0)) revert NoSuchUnbonding(id);
    }

    function _registeredStake(address validator) internal view returns (Stake storage stake) {
        stake = _stakes[validator];
        if (stake.status == Status.None) revert NotRegistered(validator);
    }

    function _liveStake(address validator) internal view returns (Stake storage stake) {
        stake = _registeredStake(validator);
        if (stake.status != Status.Live) revert AlreadySlashed(validator);
    }

    function _bondedStake(address validator) internal view returns (Stake storage stake) {
        stake = _liveStake(validator);
        if (stake.bonded == 0) revert Exited(validator);
    }

    /// C73, C77: what nominal stake is worth, rounded against its owner.
    function _worth(uint128 nominal, uint64 rate) internal pure returns (uint128) {
        return (uint256(nominal) * rate / WAD).toUint128();
    }
}
