// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Delegations} from "./Delegations.sol";
import {Wiring} from "./Wiring.sol";
import {IAdmission} from "./interfaces/IAdmission.sol";
import {IDelegation} from "./interfaces/IDelegation.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "./interfaces/IValidatorRegistry.sol";

/// @title The stakes of one rollup's validators
/// @notice One pool a validator. Stake is counted in nominal units, one for each token that came; a slash lowers what
/// all units of the pool are worth, bonded or unbonding alike (C73). No owner, no pause, no upgrade (C83).
contract StakeManager is Delegations {
    /// Of what the own bond loses, the reporter gets a quarter at most: who reports himself pays the rest.
    uint128 private constant REPORTER_DIVISOR = 4;

    /// @inheritdoc IStakeManager
    address public immutable deployer;
    /// @notice Keys and accounts.
    IValidatorRegistry public immutable registry;
    /// @notice Judges evidence.
    address public immutable slasher;
    /// @notice Who may register.
    IAdmission public immutable admission;
    /// @notice Sends validators out.
    address public immutable expulsions;

    modifier onlySlasher() {
        _requireSlasher();
        _;
    }

    /// @param wiring Where the contracts of the deployment stand; the caller is who opens it
    constructor(Wiring memory wiring) Delegations(wiring) {
        deployer = msg.sender;
        registry = IValidatorRegistry(wiring.registry);
        slasher = wiring.slasher;
        admission = IAdmission(wiring.admission);
        expulsions = wiring.expulsions;
    }

    /// @inheritdoc IStakeManager
    function open(Seed[] calldata seeds) external nonReentrant {
        // C65: once, by the deployer, in epoch 0: the seeds are the sets of epochs 0 and 1.
        if (msg.sender != deployer) revert NotDeployer(msg.sender, deployer);
        if (isOpen) revert AlreadyOpen();
        uint64 epoch = _epoch();
        if (epoch != 0) revert NotInFirstEpoch(epoch);
        if (seeds.length == 0) revert NoSeeds();

        isOpen = true;
        IStakingParameters.Values memory values = _values();
        uint256 amount = 0;
        for (uint256 i = 0; i < seeds.length; ++i) {
            Seed calldata seed = seeds[i];
            amount += seed.amount;
            _enter(seed.validator, seed.registration, seed.possession, seed.amount, values.minimumBond);
            // C100: a seed counts from the first epoch on, as its power does.
            _bond(seed.validator, seed.amount, 0);
            sets.seed(seed.validator, _powerOf(_pools[seed.validator], values.powerCap));
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
        _pull(amount);
    }

    /// @inheritdoc IStakeManager
    function topUpWithPermit(address validator, uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        nonReentrant
        whenOpen
    {
        _permit(amount, deadline, v, r, s);
        _topUp(validator, amount);
        _pull(amount);
    }

    /// @inheritdoc IStakeManager
    function unbond(address validator, uint128 amount) external nonReentrant whenOpen returns (uint64 id) {
        Pool storage pool = _bondedPool(validator);
        _checkOwnerOrOperator(validator, pool);
        if (amount == 0) revert ZeroAmount();
        IStakingParameters.Values memory values = _values();
        // C69: a part leaves the minimum, or it is an exit.
        if (uint256(amount) + values.minimumBond > pool.own) {
            revert AmountLeavesTooLittle(pool.own, amount, values.minimumBond);
        }
        return _unbondOwn(validator, amount, values, false);
    }

    /// @inheritdoc IStakeManager
    function exit(address validator) external nonReentrant whenOpen returns (uint64 id) {
        Pool storage pool = _bondedPool(validator);
        _checkOwnerOrOperator(validator, pool);
        return _unbondOwn(validator, pool.own, _values(), false);
    }

    /// @inheritdoc IStakeManager
    function cancel(uint64 id) external nonReentrant whenOpen {
        Request memory request = _request(id);
        address validator = request.validator;
        Pool storage pool = _pools[validator];
        // C71: the owner alone, so that a stolen operator key undoes no exit; and of the own bond alone (C103).
        if (msg.sender != pool.owner) revert NotOwner(validator, msg.sender);
        if (request.account != msg.sender) revert NotOwnBond(id);
        _livePool(validator);
        if (pool.expelled) revert Expelled(validator);
        IStakingParameters.Values memory values = _values();
        uint96 own = pool.own + request.amount;
        if (pool.own == 0 && own < values.minimumBond) revert BondBelowMinimum(own, values.minimumBond);

        delete _requests[id];
        pool.unbonding -= request.amount;
        pool.ownUnbonding -= request.amount;
        _setPosition(validator, msg.sender, own, _nextEpoch());
        emit UnbondingCancelled(id, validator, request.amount, own);
        votes.bonded(msg.sender, request.amount);
        sets.revoke(request.ticket, _powerOf(pool, values.powerCap));
        _tell(validator, values);
    }

    /// @inheritdoc IStakeManager
    function withdraw(uint64 id) external nonReentrant whenOpen {
        Request memory request = _request(id);
        Pool storage pool = _pools[request.validator];
        uint64 epoch = _epoch();
        if (pool.status != Status.Live) _checkUnlocked(request.validator, pool, epoch);
        uint64 dueEpoch = _dueEpoch(request);
        if (epoch < dueEpoch) revert NotMatured(id, epoch, dueEpoch);

        uint128 amount = _worth(request.amount, pool.rate);
        address destination = _destinations[id];
        delete _requests[id];
        delete _destinations[id];
        pool.unbonding -= request.amount;
        if (request.account == pool.owner) pool.ownUnbonding -= request.amount;
        _payFrom(pool, amount);
        // C104: it goes on if the other validator takes it.
        if (destination != address(0) && _arrive(id, destination, request.account, amount)) return;
        emit Withdrawn(id, request.validator, request.account, amount);
        _push(request.account, amount);
    }

    /// @inheritdoc IStakeManager
    function refresh(address validator) external nonReentrant whenOpen {
        // C70: the sets take a lower target, too.
        _bondedPool(validator);
        _tell(validator, _values());
    }

    /// @inheritdoc IStakeManager
    function release(address validator, address account) external nonReentrant whenOpen {
        Pool storage pool = _registeredPool(validator);
        if (pool.status == Status.Live) revert NotSlashed(validator);
        uint64 epoch = _epoch();
        _checkUnlocked(validator, pool, epoch);
        uint96 nominal = _positions[validator][account].amount;
        if (nominal == 0) revert NothingToRelease(validator, account);
        if (epoch < pool.releaseEpoch) revert NotReleasable(validator, epoch, pool.releaseEpoch);

        uint128 amount = _worth(nominal, pool.rate);
        _setPosition(validator, account, 0, epoch + LAG_EPOCHS);
        _payFrom(pool, amount);
        emit Released(validator, account, amount);
        votes.slashed(validator, account, nominal);
        _push(account, amount);
    }

    /// @inheritdoc IDelegation
    function suspend(address validator) external nonReentrant whenOpen onlyRewards {
        Pool storage pool = _livePool(validator);
        if (pool.suspended) revert Suspended(validator);
        pool.suspended = true;
        emit ValidatorSuspended(validator);
        sets.raiseShared(validator, 0);
    }

    /// @inheritdoc IDelegation
    function resume(address validator) external nonReentrant whenOpen {
        Pool storage pool = _livePool(validator);
        _checkOwnerOrOperator(validator, pool);
        if (!pool.suspended) revert NotSuspended(validator);
        // C109: the rewards say for how long.
        (uint64 epoch, uint64 fromEpoch) = (_epoch(), rewards.mayResumeFrom(validator));
        if (epoch < fromEpoch) revert NotResumable(validator, epoch, fromEpoch);
        pool.suspended = false;
        emit ValidatorResumed(validator);
        _tell(validator, _values());
    }

    /// @inheritdoc IDelegation
    function expel(address validator) external nonReentrant whenOpen {
        if (msg.sender != expulsions) revert NotExpulsions(msg.sender);
        Pool storage pool = _livePool(validator);
        if (pool.expelled) revert Expelled(validator);
        // C110: one that is leaving already can no longer change its mind.
        pool.expelled = true;
        emit ValidatorExpelled(validator);
        if (pool.own != 0) _unbondOwn(validator, pool.own, _values(), true);
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
        Pool storage pool = _livePool(validator);
        IStakingParameters.Values memory values = _values();
        pool.status = Status.Slashed;
        // C78: what stays bonded waits as long as if it had left now.
        pool.releaseEpoch = uint32(_nextEpoch()) + values.unbondingDelay;
        taken = _devalue(pool, baseFraction);
        // C79: of the loss of the own bond alone, so that nobody gains by slashing those who trusted him.
        uint128 own = pool.own + pool.ownUnbonding;
        uint128 ownLoss = own - _worth(own, pool.rate);
        uint128 reward = uint128(Math.min(ownLoss / REPORTER_DIVISOR, reporterCap));
        emit Slashed(validator, reporter, baseFraction, taken, reward);
        _credit(reporter, reward);
        _credit(values.treasury, taken - reward);
        votes.slashed(validator, pool.owner, pool.own);
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
        Pool storage pool = _registeredPool(validator);
        if (pool.status == Status.Live) revert NotSlashed(validator);
        if (pool.status == Status.Settled) revert AlreadySettled(validator);
        pool.status = Status.Settled;
        taken = _devalue(pool, totalFraction);
        emit Settled(validator, totalFraction, taken);
        _creditTreasury(taken);
    }

    /// @inheritdoc IStakeManager
    function dueOf(uint64 id) external view returns (uint64 dueEpoch, uint128 amount) {
        Request memory request = _request(id);
        return (_dueEpoch(request), _worth(request.amount, _pools[request.validator].rate));
    }

    function _register(
        IValidatorRegistry.Registration calldata registration,
        IValidatorRegistry.Possession calldata possession,
        uint128 amount
    ) private {
        admission.requireAdmitted(msg.sender);
        IStakingParameters.Values memory values = _values();
        _enter(msg.sender, registration, possession, amount, values.minimumBond);
        _bond(msg.sender, amount, _nextEpoch());
        _tell(msg.sender, values);
        _pull(amount);
    }

    /// C66: a validator, before its bond counts.
    function _enter(
        address validator,
        IValidatorRegistry.Registration calldata registration,
        IValidatorRegistry.Possession calldata possession,
        uint128 amount,
        uint128 minimumBond
    ) private {
        Pool storage pool = _pools[validator];
        if (pool.status != Status.None) revert AlreadyRegistered(validator);
        if (amount < minimumBond) revert BondBelowMinimum(amount, minimumBond);
        pool.status = Status.Live;
        pool.rate = WAD;
        pool.owner = registration.withdrawal;
        registry.create(validator, registration, possession);
    }

    function _bond(address validator, uint128 amount, uint64 since) private {
        uint96 own = _enterPool(validator, _pools[validator].owner, amount, since);
        emit Bonded(validator, msg.sender, amount, own);
    }

    /// @inheritdoc Delegations
    function _topUp(address validator, uint128 amount) internal override {
        // C68: nothing enters a pool that was slashed, or one that is leaving.
        _bondedPool(validator);
        if (amount == 0) revert ZeroAmount();
        _bond(validator, amount, _nextEpoch());
        _tell(validator, _values());
    }

    /// C69: of the own bond. The sets tell by a ticket until when its power serves, also if no power falls by it: it
    /// may be what power stands on that fell before and serves still (C70).
    function _unbondOwn(address validator, uint128 amount, IStakingParameters.Values memory values, bool expelled)
        private
        returns (uint64 id)
    {
        Pool storage pool = _pools[validator];
        address owner = pool.owner;
        uint96 own;
        (id, own) = _unbondPosition(validator, owner, amount);
        uint64 power = _powerOf(pool, values.powerCap);
        // C110: no number of tickets keeps a validator from being sent out, and this one is never revoked.
        uint64 ticket = expelled ? sets.lowerShared(validator, power) : sets.lower(validator, power);
        _requests[id] = Request(validator, values.unbondingDelay, ticket, owner, uint96(amount));
        emit UnbondingBegun(id, validator, amount, own, ticket, values.unbondingDelay);
    }

    /// C75: everything of a slashed validator is locked until the whole penalty is known, and while it still serves.
    function _checkUnlocked(address validator, Pool storage pool, uint64 epoch) private view {
        if (pool.status != Status.Settled) revert NotSettled(validator);
        if (sets.powerOf(validator, epoch) != 0 || sets.powerOf(validator, epoch + 1) != 0) {
            revert StillServing(validator, epoch);
        }
    }

    /// C72: the delay of the request, counted from the end of service.
    function _dueEpoch(Request memory request) private view returns (uint64) {
        uint64 served = sets.servedUntil(request.ticket);
        return served == type(uint64).max ? served : served + request.delay;
    }

    function _checkOwnerOrOperator(address validator, Pool storage pool) private view {
        if (msg.sender == pool.owner) return;
        if (msg.sender != registry.operatorOf(validator)) revert NotOwnerNorOperator(validator, msg.sender);
    }

    function _requireSlasher() private view {
        if (msg.sender != slasher) revert NotSlasher(msg.sender);
    }
}
