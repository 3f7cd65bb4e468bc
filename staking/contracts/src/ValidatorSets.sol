// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Epochs} from "./Epochs.sol";
import {Wiring} from "./Wiring.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";
import {SetForming} from "./sets/SetForming.sol";

/// @title The validator sets of one rollup, epoch by epoch
/// @notice It holds no stake and judges nobody. Keys come from the registry, powers from the stakes, and the set of
/// epoch k + 2 is what the rules made of them by the end of epoch k. No owner, no pause, no upgrade.
/// @dev `sets/SetHistory.sol` records, `sets/Seats.sol` and `sets/Tickets.sol` keep who waits for what, and
/// `sets/SetForming.sol` decides what is done next.
contract ValidatorSets is SetForming {
    /// @notice Steps that a change of stake does beside its own.
    uint256 public constant STEPS_PER_CALL = 8;

    /// @notice From it come names, keys and fee recipients.
    address public immutable registry;
    /// @notice From it come powers.
    address public immutable stakes;

    modifier onlyRegistry() {
        _requireRegistry();
        _;
    }

    modifier onlyStakes() {
        _requireStakes();
        _;
    }

    /// @param wiring Where the contracts of the deployment stand
    /// @param startBlock_ The L1 block with which epoch 0 begins
    /// @param epochLength_ The length of an epoch, in L1 blocks
    constructor(Wiring memory wiring, uint64 startBlock_, uint64 epochLength_)
        Epochs(startBlock_, epochLength_)
        SetForming(wiring.parameters)
    {
        if (wiring.sets != address(this)) {
            revert NotAtWiredAddress(wiring.sets, address(this));
        }
        if (wiring.registry == address(0) || wiring.stakes == address(0)) revert ZeroAddress();
        registry = wiring.registry;
        stakes = wiring.stakes;
    }

    /// @inheritdoc IValidatorSets
    function enroll(address validator, bytes32 consensusKey, bytes calldata attestationKey, address feeRecipient)
        external
        onlyRegistry
    {
        if (validator == address(0)) revert ZeroAddress();
        if (_indexOf[validator] != 0) revert AlreadyEnrolled(validator);
        uint32 index = _addValidator(validator);
        Standing storage standing = _standings[index];
        standing.state = State.Waiting;
        standing.profile = _addProfile(consensusKey, feeRecipient, _addAttestationKey(attestationKey));
    }

    /// @inheritdoc IValidatorSets
    function setKeys(address validator, bytes32 consensusKey, bytes calldata attestationKey) external onlyRegistry {
        (uint32 index, Standing storage standing) = _enrolled(validator);
        uint32 number = standing.profile;
        Profile storage before = _profileOf[number];
        uint32 attestationKeyId = _attestationKeyAfter(number, attestationKey);
        standing.profile = _addProfile(consensusKey, before.feeRecipient, attestationKeyId);
        if (standing.state != State.Active) return;
        if (attestationKeyId != before.attestationKeyId) {
            _recordTaken(_effectiveEpoch(), 0, number, standing.profile);
        }
        _recordProfile(index, standing);
    }

    /// @inheritdoc IValidatorSets
    function setFeeRecipient(address validator, address feeRecipient) external onlyRegistry {
        (uint32 index, Standing storage standing) = _enrolled(validator);
        Profile storage before = _profileOf[standing.profile];
        standing.profile = _addProfile(before.consensusKey, feeRecipient, before.attestationKeyId);
        if (standing.state == State.Active) _recordProfile(index, standing);
    }

    /// @inheritdoc IValidatorSets
    function seed(address validator, uint64 power) external onlyStakes {
        // C49: the seeds are the sets of epochs 0 and 1, so nothing may have been recorded for a later one.
        uint64 epoch = currentEpoch();
        if (epoch != 0 || _seeded()) revert SeedingIsOver(epoch);
        (uint32 index, Standing storage standing) = _enrolled(validator);
        if (standing.state != State.Waiting || standing.target != 0) revert AlreadySeeded(validator);
        if (power == 0) revert ZeroPower(validator);
        standing.target = power;
        _enter(index, power, 0);
        // C37: the forming of the set of epoch 2 begins with the seeds.
        _fillBudget(0, _values());
    }

    /// @inheritdoc IValidatorSets
    function raise(address validator, uint64 target) external onlyStakes {
        Terms memory terms = _begin();
        uint256 done = _work(terms, STEPS_PER_CALL);
        (uint32 index, Standing storage standing) = _enrolled(validator);
        if (target >= standing.target) _raiseTarget(index, standing, target);
        else _lowerTarget(index, standing, target, type(uint256).max);
        _work(terms, STEPS_PER_CALL - done);
    }

    /// @inheritdoc IValidatorSets
    function lower(address validator, uint64 target) external onlyStakes returns (uint64 ticket) {
        Terms memory terms = _begin();
        uint256 done = _work(terms, STEPS_PER_CALL);
        (uint32 index, Standing storage standing) = _enrolled(validator);
        if (target > standing.target) _raiseTarget(index, standing, target);
        // C40: however many tickets are open, the owner can leave.
        uint256 limit = target == 0 ? MAX_OPEN_TICKETS + EXTRA_EXIT_TICKETS : MAX_OPEN_TICKETS;
        ticket = _lowerTarget(index, standing, target, limit);
        _work(terms, STEPS_PER_CALL - done);
    }

    /// @inheritdoc IValidatorSets
    function raiseShared(address validator, uint64 target) external onlyStakes {
        // C105, C106: no step for others, so that it costs what it costs, however much there is to do.
        Terms memory terms = _begin();
        (uint32 index, Standing storage standing) = _enrolled(validator);
        uint64 powerBefore = standing.power;
        if (target >= standing.target) _raiseShared(index, standing, target, terms);
        else _lowerTarget(index, standing, target, type(uint256).max);
        _recordAtOnce(validator, index, standing, powerBefore);
    }

    /// @inheritdoc IValidatorSets
    function lowerShared(address validator, uint64 target) external onlyStakes returns (uint64 ticket) {
        (uint32 index, Standing storage standing) = _enrolled(validator);
        // C37, C106: who waits has no power that a budget bounds, and behind a ticket no power falls at once.
        uint64 atOnce = standing.state == State.Active && _due.head == 0 ? _exitAtOnce(_begin()) : 0;
        if (target > standing.target) _raiseTarget(index, standing, target);
        uint64 powerBefore = standing.power;
        ticket = _lowerShared(index, standing, target, atOnce);
        if (standing.power != powerBefore) _budget.exitLeft -= powerBefore - standing.power;
        _recordAtOnce(validator, index, standing, powerBefore);
    }

    /// @inheritdoc IValidatorSets
    function revoke(uint64 ticket, uint64 most) external onlyStakes {
        // No step in between: the stakes tell the new target next, and it is then that work is done.
        _begin();
        _revoke(ticket, most);
    }

    /// @inheritdoc IValidatorSets
    function remove(address validator) external onlyStakes {
        // C45: no work for others hangs on it, so that a slash costs what it costs, however much there is to do.
        Terms memory terms = _begin();
        (uint32 index, Standing storage standing) = _enrolled(validator);
        _expel(index, standing, terms.effectiveEpoch);
    }

    /// @inheritdoc IValidatorSets
    function advance(uint256 steps) external returns (uint256 done) {
        return _work(_begin(), steps);
    }

    function _recordProfile(uint32 index, Standing storage standing) private {
        _recordPower(index, standing, standing.power, _effectiveEpoch());
    }

    /// C105, C106: what was raised or lowered at once.
    function _recordAtOnce(address validator, uint32 index, Standing storage standing, uint64 powerBefore) private {
        if (standing.power == powerBefore) return;
        _recordPowerOf(validator, index, standing, powerBefore, _effectiveEpoch());
    }

    function _requireRegistry() private view {
        if (msg.sender != registry) revert NotRegistry(msg.sender);
    }

    function _requireStakes() private view {
        if (msg.sender != stakes) revert NotStakes(msg.sender);
    }
}
