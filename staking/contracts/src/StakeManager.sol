// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {StakePools} from "./StakePools.sol";
import {Wiring} from "./Wiring.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "./interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title The stakes of one rollup's validators
/// @notice One pool a validator. Stake is counted in nominal units, one for each token that came; a slash lowers what
/// all units of the pool are worth, bonded or unbonding alike (C73). No owner, no pause, no upgrade (C83).
contract StakeManager is StakePools {
    using SafeCast for uint256;

    /// What is done in epoch k takes effect in k + 2.
    uint64 private constant LAG_EPOCHS = 2;
    /// Of what a guilty validator loses, the reporter gets a quarter at most: who reports himself pays the rest.
    uint128 private constant REPORTER_DIVISOR = 4;

    /// @inheritdoc IStakeManager
    address public immutable deployer;
    /// @notice What governance may set.
    IStakingParameters public immutable parameters;
    /// @notice Keys and accounts.
    IValidatorRegistry public immutable registry;
    /// @notice Who serves in which epoch.
    IValidatorSets public immutable sets;
    /// @notice Judges evidence.
    address public immutable slasher;

    modifier onlySlasher() {
        if (msg.sender != slasher) revert NotSlasher(msg.sender);
        _;
    }

    /// @param wiring Where the contracts of the deployment stand; the caller is who opens it
    constructor(Wiring memory wiring) StakePools(wiring.token) {
        if (wiring.stakes != address(this)) revert WiredElsewhere(wiring.stakes, address(this));
        deployer = msg.sender;
        parameters = IStakingParameters(wiring.parameters);
        registry = IValidatorRegistry(wiring.registry);
        sets = IValidatorSets(wiring.sets);
        slasher = wiring.slasher;
    }

    /// @inheritdoc IStakeManager
    function open(Seed[] calldata seeds) external nonReentrant {
        // C65: once, by the deployer, in epoch 0: the seeds are the sets of epochs 0 and 1.
        if (msg.sender != deployer) revert NotDeployer(msg.sender, deployer);
        if (isOpen) revert AlreadyOpen();
        uint64 epoch = sets.currentEpoch();
        if (epoch != 0) revert NotInFirstEpoch(epoch);
        if (seeds.length == 0) revert NoSeeds();

        isOpen = true;
        IStakingParameters.Values memory values = parameters.values();
        uint256 amount = 0;
        for (uint256 i = 0; i < seeds.length; ++i) {
            Seed calldata seed = seeds[i];
            amount += seed.amount;
            _enter(seed.validator, seed.registration, seed.possession, seed.amount, values.minimumBond);
            sets.seed(seed.validator, _powerOf(seed.amount, values.powerCap));
        }
        emit Opened(seeds.length, amount);
        _pull(amount);
    }

    /// @inheritdoc IStakeManager
    function register(
        IValidatorRegistry.Registration calldata registration,
        IValidatorRegistry.Possession calldata possession,
        uint128 amount
    ) external nonReentrant whenOpen {
        _register(registration, possession, amount);
    }

    /// @inheritdoc IStakeManager
    function registerWithPermit(
        IValidatorRegistry.Registration calldata registration,
        IValidatorRegistry.Possession calldata possession,
        uint128 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external nonReentrant whenOpen {
        _permit(amount, deadline, v, r, s);
        _register(registration, possession, amount);
    }

    /// @inheritdoc IStakeManager
    function topUp(address validator, uint128 amount) external nonReentrant whenOpen {
        _topUp(validator, amount);
    }

    /// @inheritdoc IStakeManager
    function topUpWithPermit(address validator, uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
        whenOpen
    {
        _permit(amount, deadline, v, r, s);
        _topUp(validator, amount);
    }

    /// @inheritdoc IStakeManager
    function unbond(address validator, uint128 amount) external nonReentrant whenOpen returns (uint64 id) {
        uint128 bonded = _bondedStake(validator).bonded;
        _checkOwnerOrOperator(validator);
        if (amount == 0) revert ZeroAmount();
        IStakingParameters.Values memory values = parameters.values();
        // C69: a part leaves the minimum, or it is an exit.
        if (uint256(amount) + values.minimumBond > bonded) {
            revert AmountLeavesTooLittle(bonded, amount, values.minimumBond);
        }
        return _beginUnbonding(validator, amount, values);
    }

    /// @inheritdoc IStakeManager
    function exit(address validator) external nonReentrant whenOpen returns (uint64 id) {
        uint128 bonded = _bondedStake(validator).bonded;
        _checkOwnerOrOperator(validator);
        return _beginUnbonding(validator, bonded, parameters.values());
    }

    /// @inheritdoc IStakeManager
    function cancel(uint64 id) external nonReentrant whenOpen {
        Unbonding memory unbonding = _unbonding(id);
        address validator = unbonding.validator;
        // C71: the owner alone, so that a stolen operator key undoes no exit.
        if (msg.sender != registry.withdrawalOf(validator)) revert NotOwner(validator, msg.sender);
        Stake storage stake = _liveStake(validator);
        IStakingParameters.Values memory values = parameters.values();
        uint128 bonded = stake.bonded + unbonding.amount;
        bool comesBack = stake.bonded == 0;
        if (comesBack && bonded < values.minimumBond) revert BondBelowMinimum(bonded, values.minimumBond);

        delete _unbondings[id];
        stake.unbonding -= unbonding.amount;
        stake.bonded = bonded;
        emit UnbondingCancelled(id, validator, unbonding.amount, bonded);
        sets.revoke(unbonding.ticket);
        sets.raise(validator, _powerOf(bonded, values.powerCap));
    }

    /// @inheritdoc IStakeManager
    function withdraw(uint64 id) external nonReentrant whenOpen {
        Unbonding memory unbonding = _unbonding(id);
        address validator = unbonding.validator;
        Stake storage stake = _stakes[validator];
        uint64 epoch = sets.currentEpoch();
        if (stake.status != Status.Live) _checkUnlocked(validator, stake, epoch);
        uint64 dueEpoch = _dueEpoch(unbonding);
        if (epoch < dueEpoch) revert NotMatured(id, epoch, dueEpoch);

        uint128 amount = _worth(unbonding.amount, stake.rate);
        address withdrawal = registry.withdrawalOf(validator);
        delete _unbondings[id];
        stake.unbonding -= unbonding.amount;
        _creditTreasury(_payFrom(stake, amount));
        emit Withdrawn(id, validator, withdrawal, amount);
        _push(withdrawal, amount);
    }

    /// @inheritdoc IStakeManager
    function refresh(address validator) external nonReentrant whenOpen {
        // C70: the sets take a lower target, too.
        sets.raise(validator, _powerOf(_bondedStake(validator).bonded, parameters.values().powerCap));
    }

    /// @inheritdoc IStakeManager
    function release(address validator) external nonReentrant whenOpen {
        Stake storage stake = _registeredStake(validator);
        if (stake.status == Status.Live) revert NotSlashed(validator);
        uint64 epoch = sets.currentEpoch();
        _checkUnlocked(validator, stake, epoch);
        uint128 bonded = stake.bonded;
        if (bonded == 0) revert NothingToRelease(validator);
        if (epoch < stake.releaseEpoch) revert NotReleasable(validator, epoch, stake.releaseEpoch);

        uint128 amount = _worth(bonded, stake.rate);
        address withdrawal = registry.withdrawalOf(validator);
        stake.bonded = 0;
        _creditTreasury(_payFrom(stake, amount));
        emit Released(validator, withdrawal, amount);
        _push(withdrawal, amount);
    }

    /// @inheritdoc IStakeManager
    function slash(address validator, uint256 baseFraction, address reporter, uint128 reporterCap)
        external
        nonReentrant
        whenOpen
        onlySlasher
        returns (uint128 taken)
    {
        // C74: one slash in the life of a validator, whatever it still has here.
        Stake storage stake = _liveStake(validator);
        IStakingParameters.Values memory values = parameters.values();
        stake.status = Status.Slashed;
        // C78: what stays bonded waits as long as if it had left now.
        stake.releaseEpoch = sets.currentEpoch() + LAG_EPOCHS + values.unbondingDelay;
        taken = _devalue(stake, baseFraction);
        uint128 reward = uint128(Math.min(taken / REPORTER_DIVISOR, reporterCap));
        emit Slashed(validator, reporter, baseFraction, taken, reward);
        _credit(reporter, reward);
        _credit(values.treasury, taken - reward);
        sets.remove(validator);
    }

    /// @inheritdoc IStakeManager
    function settle(address validator, uint256 totalFraction)
        external
        nonReentrant
        whenOpen
        onlySlasher
        returns (uint128 taken)
    {
        Stake storage stake = _registeredStake(validator);
        if (stake.status == Status.Live) revert NotSlashed(validator);
        if (stake.status == Status.Settled) revert AlreadySettled(validator);
        stake.status = Status.Settled;
        taken = _devalue(stake, totalFraction);
        emit Settled(validator, totalFraction, taken);
        _creditTreasury(taken);
    }

    /// @inheritdoc IStakeManager
    function dueOf(uint64 id) external view returns (uint64 dueEpoch, uint128 amount) {
        Unbonding memory unbonding = _unbonding(id);
        return (_dueEpoch(unbonding), _worth(unbonding.amount, _stakes[unbonding.validator].rate));
    }

    function _register(
        IValidatorRegistry.Registration calldata registration,
        IValidatorRegistry.Possession calldata possession,
        uint128 amount
    ) private {
        IStakingParameters.Values memory values = parameters.values();
        _enter(msg.sender, registration, possession, amount, values.minimumBond);
        sets.raise(msg.sender, _powerOf(amount, values.powerCap));
        _pull(amount);
    }

    /// C66: a validator and its bond, before the sets know its power and before the tokens come.
    function _enter(
        address validator,
        IValidatorRegistry.Registration calldata registration,
        IValidatorRegistry.Possession calldata possession,
        uint128 amount,
        uint128 minimumBond
    ) private {
        Stake storage stake = _stakes[validator];
        if (stake.status != Status.None) revert AlreadyRegistered(validator);
        if (amount < minimumBond) revert BondBelowMinimum(amount, minimumBond);
        stake.status = Status.Live;
        stake.rate = WAD;
        _bond(validator, stake, amount);
        registry.create(validator, registration, possession);
    }

    function _topUp(address validator, uint128 amount) private {
        // C68: nothing enters a pool that was slashed, or one that is leaving.
        Stake storage stake = _bondedStake(validator);
        if (amount == 0) revert ZeroAmount();
        _bond(validator, stake, amount);
        sets.raise(validator, _powerOf(stake.bonded, parameters.values().powerCap));
        _pull(amount);
    }

    /// C69: moves nominal stake from bonded to unbonding. The sets tell by a ticket until when its power serves, also
    /// if no power falls by it: it may be what power stands on that fell before and serves still (C70).
    function _beginUnbonding(address validator, uint128 amount, IStakingParameters.Values memory values)
        private
        returns (uint64 id)
    {
        Stake storage stake = _stakes[validator];
        uint128 bonded = stake.bonded - amount;
        stake.bonded = bonded;
        stake.unbonding += amount;
        id = ++lastUnbonding;
        uint64 ticket = sets.lower(validator, _powerOf(bonded, values.powerCap));
        _unbondings[id] =
            Unbonding({validator: validator, delay: values.unbondingDelay, ticket: ticket, amount: amount});
        emit UnbondingBegun(id, validator, amount, bonded, ticket, values.unbondingDelay);
    }

    function _creditTreasury(uint128 amount) private {
        if (amount != 0) _credit(parameters.values().treasury, amount);
    }

    /// C75: everything of a slashed validator is locked until the whole penalty is known, and while it still serves.
    function _checkUnlocked(address validator, Stake storage stake, uint64 epoch) private view {
        if (stake.status != Status.Settled) revert NotSettled(validator);
        if (sets.powerOf(validator, epoch) != 0 || sets.powerOf(validator, epoch + 1) != 0) {
            revert StillServing(validator, epoch);
        }
    }

    /// C72: the delay of the request, counted from the end of service.
    function _dueEpoch(Unbonding memory unbonding) private view returns (uint64) {
        uint64 served = sets.servedUntil(unbonding.ticket);
        return served == type(uint64).max ? served : served + unbonding.delay;
    }

    function _checkOwnerOrOperator(address validator) private view {
        if (msg.sender == registry.withdrawalOf(validator)) return;
        if (msg.sender != registry.operatorOf(validator)) revert NotOwnerNorOperator(validator, msg.sender);
    }

    function _powerOf(uint128 bonded, uint128 powerCap) private view returns (uint64) {
        return (Math.min(bonded, powerCap) / parameters.powerUnit()).toUint64();
    }
}
