// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {Custody} from "./Custody.sol";
import {Wiring} from "./Wiring.sol";
import {IDelegation} from "./interfaces/IDelegation.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {IStakeVotes} from "./interfaces/IStakeVotes.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title One pool of stake for each validator, and whose stake it is
/// @notice Stake is counted in nominal units, one for each token that came. A slash lowers what all units of a pool are
/// worth, bonded or unbonding, own or delegated alike (C73). No pool ever pays with the assets of another (C82).
abstract contract StakePools is Custody {
    using Checkpoints for Checkpoints.Trace224;
    using SafeCast for uint256;

    /// @dev Three words. `own` is of `bonded` and `ownUnbonding` of `unbonding` what belongs to `owner`, the withdrawal
    /// account, which never changes (C57).
    struct Pool {
        uint96 bonded;
        uint96 unbonding;
        uint64 rate;
        uint96 assets;
        uint96 own;
        Status status;
        bool suspended;
        bool expelled;
        uint32 releaseEpoch;
        uint96 ownUnbonding;
        address owner;
    }

    /// @dev Two words.
    struct Request {
        address validator;
        uint32 delay;
        uint64 ticket;
        address account;
        uint96 amount;
    }

    /// @inheritdoc IDelegation
    uint256 public constant MAX_LEVERAGE = 10;
    /// @inheritdoc IDelegation
    uint128 public constant MINIMUM_DELEGATION_DIVISOR = 1000;
    /// One, as a fraction and as a rate.
    uint64 internal constant WAD = 1e18;
    /// What is done in epoch k takes effect in k + 2.
    uint64 internal constant LAG_EPOCHS = 2;

    /// @notice What governance may set.
    IStakingParameters public immutable parameters;
    /// @notice Who serves in which epoch.
    IValidatorSets public immutable sets;
    /// @notice The voting power of bonded stake.
    IStakeVotes public immutable votes;
    uint128 private immutable _powerUnit;

    /// @inheritdoc IStakeManager
    uint128 public totalAssets;
    /// @inheritdoc IStakeManager
    uint64 public lastUnbonding;

    mapping(address validator => Pool) internal _pools;
    mapping(uint64 id => Request) internal _requests;
    /// Where an unbonding goes to, instead of to its account.
    mapping(uint64 id => address validator) internal _destinations;
    mapping(address validator => mapping(address account => Position)) internal _positions;
    /// From which epoch on: `bonded << 128 | offset`. All that has counted until epoch e, within the stretch in which
    /// this holds, is `bonded * e - offset`, modulo 2^128 (C108).
    mapping(address validator => Checkpoints.Trace224) private _counted;

    constructor(Wiring memory wiring) Custody(wiring.token, wiring.rewards) {
        if (wiring.stakes != address(this)) revert WiredElsewhere(wiring.stakes, address(this));
        parameters = IStakingParameters(wiring.parameters);
        sets = IValidatorSets(wiring.sets);
        votes = IStakeVotes(wiring.votes);
        _powerUnit = parameters.powerUnit();
    }

    /// @inheritdoc IStakeManager
    function stakeOf(address validator) external view returns (Stake memory) {
        Pool storage pool = _pools[validator];
        return Stake({
            bonded: pool.bonded,
            unbonding: pool.unbonding,
            assets: pool.assets,
            rate: pool.rate,
            status: pool.status,
            releaseEpoch: pool.releaseEpoch,
            own: pool.own,
            ownUnbonding: pool.ownUnbonding,
            suspended: pool.suspended,
            expelled: pool.expelled
        });
    }

    /// @inheritdoc IStakeManager
    function unbondingOf(uint64 id) external view returns (Unbonding memory) {
        Request storage request = _requests[id];
        return Unbonding({
            validator: request.validator,
            delay: request.delay,
            ticket: request.ticket,
            amount: request.amount,
            account: request.account,
            destination: _destinations[id]
        });
    }

    /// @inheritdoc IDelegation
    function positionOf(address validator, address account) external view returns (Position memory) {
        return _positions[validator][account];
    }

    /// @inheritdoc IDelegation
    function stakeEpochsUntil(address validator, uint64 epoch) external view returns (uint128) {
        uint256 counted = _counted[validator].upperLookupRecent(uint256(epoch).toUint32());
        unchecked {
            return uint128((counted >> 128) * epoch - counted);
        }
    }

    /// @inheritdoc IStakeManager
    function isSlashed(address validator) external view returns (bool) {
        Status status = _pools[validator].status;
        return status == Status.Slashed || status == Status.Settled;
    }

    /// C73: stake enters at a rate of one, since nothing enters after a slash. So the assets of the pool say all that
    /// it counts.
    function _enterPool(address validator, address account, uint128 amount, uint256 since)
        internal
        returns (uint96 position)
    {
        Pool storage pool = _pools[validator];
        uint256 assets = uint256(pool.assets) + amount;
        if (assets > type(uint96).max) revert PoolTooLarge(validator, assets);
        pool.assets = uint96(assets);
        totalAssets += amount;
        position = _positions[validator][account].amount + uint96(amount);
        _setPosition(validator, account, position, since);
        votes.bonded(account, amount);
    }

    /// C100: the amount of a position from an epoch on, and what follows from it for the pool. What the position can
    /// keep no more goes to the rewards (C108).
    function _setPosition(address validator, address account, uint96 amount, uint256 since) internal {
        Pool storage pool = _pools[validator];
        Position memory before = _positions[validator][account];
        Position memory position = Position(amount, since.toUint32(), before.amount, before.since);
        bool sameEpoch = before.since == since;
        if (sameEpoch) (position.previous, position.previousSince) = (before.previous, before.previousSince);
        _positions[validator][account] = position;

        uint96 bonded = pool.bonded;
        uint96 bondedAfter = bonded - before.amount + amount;
        pool.bonded = bondedAfter;
        if (account == pool.owner) pool.own = amount;
        _count(_counted[validator], bonded, bondedAfter, position.since);

        if (sameEpoch || before.previous == 0 || before.previousSince == before.since) return;
        rewards.keepStretch(validator, account, before.previous, before.previousSince, before.since);
    }

    /// C73, C77: lowers the rate, and takes what the pool then needs no more; the rest covers all floored claims.
    function _devalue(Pool storage pool, uint256 fraction) internal returns (uint128 taken) {
        if (fraction > WAD) revert FractionAboveOne(fraction);
        uint64 rate = uint64(Math.min(pool.rate, WAD - fraction));
        uint256 nominal = uint256(pool.bonded) + pool.unbonding;
        uint96 assets = uint96(nominal * rate / WAD);
        taken = pool.assets - assets;
        pool.rate = rate;
        pool.assets = assets;
        totalAssets -= taken;
    }

    /// C77, C82: pays from the pool what nominal stake was worth that is counted no more. Who leaves it empty leaves
    /// its dust.
    function _payFrom(Pool storage pool, uint128 amount) internal {
        uint96 assets = pool.assets - uint96(amount);
        uint128 dust = 0;
        if (pool.bonded == 0 && pool.unbonding == 0) (dust, assets) = (assets, 0);
        pool.assets = assets;
        totalAssets -= amount + dust;
        _creditTreasury(dust);
    }

    function _creditTreasury(uint128 amount) internal {
        if (amount != 0) _credit(_values().treasury, amount);
    }

    function _request(uint64 id) internal view returns (Request memory request) {
        request = _requests[id];
        if (request.validator == address(0)) revert NoSuchUnbonding(id);
    }

    function _registeredPool(address validator) internal view returns (Pool storage pool) {
        pool = _pools[validator];
        if (pool.status == Status.None) revert NotRegistered(validator);
    }

    function _livePool(address validator) internal view returns (Pool storage pool) {
        pool = _registeredPool(validator);
        if (pool.status != Status.Live) revert AlreadySlashed(validator);
    }

    /// A live one that has not exited.
    function _bondedPool(address validator) internal view returns (Pool storage pool) {
        pool = _livePool(validator);
        if (pool.own == 0) revert Exited(validator);
    }

    /// C101: what is delegated counts up to a multiple of the own bond, and nothing does without one.
    function _powerOf(Pool storage pool, uint128 powerCap) internal view returns (uint64) {
        if (pool.suspended) return 0;
        uint256 counts = Math.min(Math.min(pool.bonded, pool.own * MAX_LEVERAGE), powerCap);
        return (counts / _powerUnit).toUint64();
    }

    /// What is done now counts from this epoch on.
    function _nextEpoch() internal view returns (uint64) {
        return _epoch() + LAG_EPOCHS;
    }

    function _epoch() internal view returns (uint64) {
        return sets.currentEpoch();
    }

    function _values() internal view returns (IStakingParameters.Values memory) {
        return parameters.values();
    }

    /// C70: tells the sets what power a pool gives now, up or down.
    function _tell(address validator, IStakingParameters.Values memory values) internal {
        sets.raise(validator, _powerOf(_pools[validator], values.powerCap));
    }

    /// C73, C77: what nominal stake is worth, rounded against its owner.
    function _worth(uint128 nominal, uint64 rate) internal pure returns (uint128) {
        return uint128(uint256(nominal) * rate / WAD);
    }

    /// C108: the line goes on from where it is in this epoch, with another slope.
    function _count(Checkpoints.Trace224 storage counted, uint96 before, uint96 afterwards, uint32 epoch) private {
        unchecked {
            uint256 offset = counted.latest() + (uint256(afterwards) - before) * epoch;
            counted.push(epoch, (uint224(afterwards) << 128) | uint128(offset));
        }
    }
}
