// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";

import {StakePools} from "./StakePools.sol";
import {Wiring} from "./Wiring.sol";
import {IDelegation} from "./interfaces/IDelegation.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";

/// @title Stake with somebody else's validator
/// @notice It has the same rate and the same fate as the own bond (C73, C100). Who has delegated may always leave a
/// validator, and nobody can keep another from it (C103, C107).
abstract contract Delegations is StakePools {
    constructor(Wiring memory wiring) StakePools(wiring) {}

    /// @inheritdoc IDelegation
    function delegate(address validator, uint128 amount) external nonReentrant whenOpen {
        _delegate(validator, msg.sender, amount);
        _pull(amount);
    }

    /// @inheritdoc IDelegation
    function delegateWithPermit(address validator, uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
        whenOpen
    {
        _permit(amount, deadline, v, r, s);
        _delegate(validator, msg.sender, amount);
        _pull(amount);
    }

    /// @inheritdoc IDelegation
    function undelegate(address validator, uint128 amount) external nonReentrant whenOpen returns (uint64 id) {
        return _undelegate(validator, amount, address(0), _values());
    }

    /// @inheritdoc IDelegation
    function redelegate(address from, uint128 amount, address to) external nonReentrant whenOpen returns (uint64 id) {
        if (from == to) revert SameValidator(from);
        IStakingParameters.Values memory values = _values();
        // C104: one that takes none now is refused now; what it does when the delay is over is asked then.
        _requireAccepted(to, msg.sender, amount, values);
        id = _undelegate(from, amount, to, values);
        _destinations[id] = to;
    }

    /// @inheritdoc IDelegation
    function restakeReward(address validator, address account, uint128 amount)
        external
        nonReentrant
        whenOpen
        onlyRewards
    {
        _spendReserve(account, validator, amount);
        if (account == _pools[validator].owner) _topUp(validator, amount);
        else _delegate(validator, account, amount);
    }

    /// C104: puts what a redelegation is worth into the pool it goes to, if that takes it.
    function _arrive(uint64 id, address validator, address account, uint128 amount) internal returns (bool) {
        IStakingParameters.Values memory values = _values();
        if (_refusal(validator, account, amount, values).length != 0) return false;
        emit Redelegated(id, validator, account, amount);
        _addDelegation(validator, account, amount, values.powerCap);
        return true;
    }

    /// C69, C103: moves nominal stake from bonded to unbonding, without power that the sets would know of yet.
    function _unbondPosition(address validator, address account, uint128 amount)
        internal
        returns (uint64 id, uint96 position)
    {
        Pool storage pool = _pools[validator];
        position = _positions[validator][account].amount - uint96(amount);
        pool.unbonding += uint96(amount);
        if (account == pool.owner) pool.ownUnbonding += uint96(amount);
        id = ++lastUnbonding;
        _setPosition(validator, account, position, _nextEpoch());
        votes.unbonded(account, amount);
    }

    /// C68: of the own bond.
    function _topUp(address validator, uint128 amount) internal virtual;

    function _delegate(address validator, address account, uint128 amount) private {
        IStakingParameters.Values memory values = _values();
        _requireAccepted(validator, account, amount, values);
        _addDelegation(validator, account, amount, values.powerCap);
    }

    function _addDelegation(address validator, address account, uint128 amount, uint128 powerCap) private {
        uint96 position = _enterPool(validator, account, amount, _nextEpoch());
        emit Delegated(validator, account, amount, position);
        sets.raiseShared(validator, _powerOf(_pools[validator], powerCap));
    }

    function _undelegate(address validator, uint128 amount, address to, IStakingParameters.Values memory values)
        private
        returns (uint64 id)
    {
        // C103: whatever became of it, but for a slash: what that leaves is released.
        Pool storage pool = _livePool(validator);
        if (msg.sender == pool.owner) revert OwnBond(validator, msg.sender);
        if (amount == 0) revert ZeroAmount();
        uint96 position = _positions[validator][msg.sender].amount;
        uint128 minimum = values.minimumBond / MINIMUM_DELEGATION_DIVISOR;
        if (amount != position && uint256(amount) + minimum > position) {
            revert AmountLeavesTooLittle(position, amount, minimum);
        }
        (id, position) = _unbondPosition(validator, msg.sender, amount);
        // C107: many who leave share tickets.
        uint64 ticket = sets.lowerShared(validator, _powerOf(pool, values.powerCap));
        _requests[id] = Request(validator, values.unbondingDelay, ticket, msg.sender, uint96(amount));
        emit UndelegationBegun(id, validator, msg.sender, to, amount, position, ticket, values.unbondingDelay);
    }

    function _requireAccepted(
        address validator,
        address account,
        uint128 amount,
        IStakingParameters.Values memory values
    ) private view {
        bytes memory refusal = _refusal(validator, account, amount, values);
        if (refusal.length != 0) LowLevelCall.bubbleRevert(refusal);
    }

    /// C102: why a validator takes no delegation of this account now; empty if it does.
    function _refusal(address validator, address account, uint128 amount, IStakingParameters.Values memory values)
        private
        view
        returns (bytes memory)
    {
        Pool storage pool = _pools[validator];
        bytes4 why;
        if (pool.status == Status.None) why = NotRegistered.selector;
        else if (pool.status != Status.Live) why = AlreadySlashed.selector;
        else if (pool.expelled) why = Expelled.selector;
        else if (pool.own == 0) why = Exited.selector;
        else if (pool.suspended) why = Suspended.selector;
        if (why != 0) return abi.encodeWithSelector(why, validator);
        if (account == pool.owner) return abi.encodeWithSelector(OwnBond.selector, validator, account);
        if (amount == 0) return abi.encodeWithSelector(ZeroAmount.selector);
        if (pool.own < values.minimumBond) {
            return abi.encodeWithSelector(BondBelowMinimum.selector, pool.own, values.minimumBond);
        }
        uint256 position = uint256(_positions[validator][account].amount) + amount;
        uint128 minimum = values.minimumBond / MINIMUM_DELEGATION_DIVISOR;
        if (position < minimum) return abi.encodeWithSelector(DelegationBelowMinimum.selector, position, minimum);
        uint256 assets = uint256(pool.assets) + amount;
        if (assets > type(uint96).max) return abi.encodeWithSelector(PoolTooLarge.selector, validator, assets);
        return "";
    }
}
