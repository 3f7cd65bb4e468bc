// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IRotaStaking} from "./interfaces/IRotaStaking.sol";

/// @title Stake in ether for the places of one rollup's validator sets
/// @notice No owner, no pause, no upgrade (C11). Stakes are kept in gwei, so that a power fits 64 bits.
contract RotaStaking is IRotaStaking {
    using Checkpoints for Checkpoints.Trace224;
    using SafeCast for uint256;

    /// @notice How many places a set has: the width of a certificate's bitmap.
    uint256 public constant PLACES = 128;
    /// @notice Epochs from a change to its effect: a set stands still from the beginning of the epoch before it.
    uint64 public constant LAG_EPOCHS = 2;
    /// @notice Shortest epoch in L1 blocks: its middle block, which seeds the leader draw, is neither first nor last.
    uint64 public constant MIN_EPOCH_LENGTH = 4;
    /// @notice Longest epoch in L1 blocks: a day of 12-second blocks.
    uint64 public constant MAX_EPOCH_LENGTH = 7200;
    /// @notice Shortest delay of a withdrawal, in epochs after the last one served.
    uint64 public constant MIN_WITHDRAWAL_DELAY = 1;
    /// @notice Longest delay of a withdrawal: a mistake at deployment locks no stake for a lifetime.
    uint64 public constant MAX_WITHDRAWAL_DELAY = 1024;

    /// @notice Most stake of one validator, in gwei: the powers of all places together fit 64 bits (C5).
    uint64 public constant MAX_STAKE_GWEI = uint64(type(uint64).max / PLACES);

    /// @inheritdoc IRotaStaking
    uint64 public immutable deploymentBlock;
    /// @inheritdoc IRotaStaking
    uint64 public immutable rollupChainId;
    /// @inheritdoc IRotaStaking
    uint64 public immutable startBlock;
    /// @inheritdoc IRotaStaking
    uint64 public immutable epochLength;
    /// @inheritdoc IRotaStaking
    uint64 public immutable withdrawalDelay;
    /// @inheritdoc IRotaStaking
    uint64 public immutable minimumStakeGwei;

    /// @inheritdoc IRotaStaking
    mapping(bytes32 consensusKey => address validator) public validatorOfKey;
    mapping(address validator => Validator) private _validators;
    /// Who holds a place from which epoch on: `operator << 64 | power`, 0 while nobody does.
    Checkpoints.Trace224[PLACES] private _history;
    /// One bit per place: whether it is taken in the set now being formed.
    uint128 private _taken;

    constructor(Parameters memory parameters, Seed[] memory seeds) payable {
        _checkParameters(parameters);
        deploymentBlock = uint64(block.number);
        rollupChainId = parameters.rollupChainId;
        startBlock = parameters.startBlock;
        epochLength = parameters.epochLength;
        withdrawalDelay = parameters.withdrawalDelay;
        minimumStakeGwei = parameters.minimumStakeGwei;

        if (seeds.length == 0) revert NoSeeds();
        uint256 neededWei = 0;
        for (uint256 i = 0; i < seeds.length; ++i) {
            Seed memory seed = seeds[i];
            neededWei += _wei(seed.stakeGwei);
            _join(seed.operator, seed.registration, seed.stakeGwei, 0);
        }
        if (msg.value != neededWei) revert SeedStakeMismatch(msg.value, neededWei);
    }

    /// @inheritdoc IRotaStaking
    function register(Registration calldata registration) external payable returns (uint8 place) {
        return _join(msg.sender, registration, _gwei(msg.value), currentEpoch() + LAG_EPOCHS);
    }

    /// @inheritdoc IRotaStaking
    function topUp(address validator) external payable {
        Validator storage stored = _active(validator);
        if (msg.value == 0) revert ZeroAmount();
        stored.stakeGwei = _power(uint256(stored.stakeGwei) + _gwei(msg.value));
        _record(currentEpoch() + LAG_EPOCHS, validator, stored.stakeGwei);
    }

    /// @inheritdoc IRotaStaking
    function leave(address validator) external {
        Validator storage stored = _active(validator);
        if (msg.sender != validator && msg.sender != stored.withdrawal) revert NotOwner(validator, msg.sender);
        uint128 others = _taken & ~(uint128(1) << stored.place);
        if (others == 0) revert LastValidator(validator);

        uint64 effectiveEpoch = currentEpoch() + LAG_EPOCHS;
        _taken = others;
        stored.withdrawableEpoch = effectiveEpoch + withdrawalDelay;
        emit Left(validator, stored.withdrawableEpoch);
        _record(effectiveEpoch, validator, 0);
    }

    /// @inheritdoc IRotaStaking
    function withdraw(address validator) external {
        Validator storage stored = _registered(validator);
        uint64 withdrawableEpoch = stored.withdrawableEpoch;
        if (withdrawableEpoch == 0) revert NotLeft(validator);
        uint64 epoch = currentEpoch();
        if (epoch < withdrawableEpoch) revert NotWithdrawable(validator, epoch, withdrawableEpoch);
        uint256 amountWei = _wei(stored.stakeGwei);
        if (amountWei == 0) revert AlreadyWithdrawn(validator);

        stored.stakeGwei = 0;
        address withdrawal = stored.withdrawal;
        emit Withdrawn(validator, withdrawal, amountWei);
        Address.sendValue(payable(withdrawal), amountWei);
    }

    /// @inheritdoc IRotaStaking
    function setSubmitter(address submitter) external {
        Validator storage stored = _registered(msg.sender);
        stored.submitter = submitter == address(0) ? msg.sender : submitter;
        emit SubmitterChanged(msg.sender, stored.submitter);
    }

    /// @inheritdoc IRotaStaking
    function setOf(uint64 epoch) external view returns (Member[] memory members) {
        uint32 key = _fixedEpoch(epoch);
        uint224[PLACES] memory holders;
        uint256 count = 0;
        for (uint256 place = 0; place < PLACES; ++place) {
            holders[place] = _history[place].upperLookupRecent(key);
            if (holders[place] != 0) ++count;
        }
        members = new Member[](count);
        count = 0;
        for (uint256 place = 0; place < PLACES; ++place) {
            if (holders[place] != 0) members[count++] = _member(uint8(place), holders[place]);
        }
    }

    /// @inheritdoc IRotaStaking
    function powerOf(address validator, uint64 epoch) external view returns (uint64 power) {
        uint32 key = _fixedEpoch(epoch);
        (address holder, uint64 held) = _unpack(_history[_validators[validator].place].upperLookupRecent(key));
        return holder == validator ? held : 0;
    }

    /// @inheritdoc IRotaStaking
    function validatorOf(address validator) external view returns (Validator memory) {
        return _validators[validator];
    }

    /// @inheritdoc IRotaStaking
    function submitterOf(address validator) external view returns (address submitter) {
        return _validators[validator].submitter;
    }

    /// @inheritdoc IRotaStaking
    function currentEpoch() public view returns (uint64) {
        return epochOf(block.number);
    }

    /// @inheritdoc IRotaStaking
    function epochOf(uint256 blockNumber) public view returns (uint64) {
        // C1: epochs are counted in L1 blocks from the start block on.
        if (blockNumber < startBlock) revert BlockBeforeStart(blockNumber, startBlock);
        return ((blockNumber - startBlock) / epochLength).toUint64();
    }

    /// Registers a validator whose stake has been received.
    function _join(address validator, Registration memory registration, uint256 stakeGwei, uint64 effectiveEpoch)
        private
        returns (uint8 place)
    {
        bytes32 consensusKey = registration.consensusKey;
        if (validator == address(0)) revert ZeroAddress();
        if (registration.withdrawal == address(0)) revert ZeroAddress();
        if (registration.feeRecipient == address(0)) revert ZeroAddress();
        if (consensusKey == 0) revert ZeroConsensusKey();
        // C6: one registration in the life of an operator, one use in the life of a key.
        if (_validators[validator].consensusKey != 0) revert AlreadyRegistered(validator);
        address user = validatorOfKey[consensusKey];
        if (user != address(0)) revert ConsensusKeyUsed(consensusKey, user);
        if (stakeGwei < minimumStakeGwei) revert StakeBelowMinimum(stakeGwei, minimumStakeGwei);

        place = _takePlace();
        address submitter = registration.submitter == address(0) ? validator : registration.submitter;
        validatorOfKey[consensusKey] = validator;
        _validators[validator] = Validator({
            consensusKey: consensusKey,
            withdrawal: registration.withdrawal,
            stakeGwei: _power(stakeGwei),
            place: place,
            feeRecipient: registration.feeRecipient,
            withdrawableEpoch: 0,
            submitter: submitter
        });
        emit Registered(validator, registration.withdrawal, submitter);
        _record(effectiveEpoch, validator, _power(stakeGwei));
    }

    /// Takes the lowest free place (C4).
    function _takePlace() private returns (uint8 place) {
        uint256 free = ~_taken;
        if (free == 0) revert NoFreePlace(PLACES);
        uint256 lowest = free & (~free + 1);
        _taken |= uint128(lowest);
        return uint8(Math.log2(lowest));
    }

    /// Writes and announces who holds the validator's place from an epoch on (C2, C10).
    function _record(uint64 effectiveEpoch, address validator, uint64 power) private {
        Validator storage stored = _validators[validator];
        uint224 holder = power == 0 ? 0 : (uint224(uint160(validator)) << 64) | power;
        _history[stored.place].push(uint256(effectiveEpoch).toUint32(), holder);
        emit ValidatorChanged(effectiveEpoch, stored.place, validator, stored.consensusKey, power, stored.feeRecipient);
    }

    function _registered(address validator) private view returns (Validator storage stored) {
        stored = _validators[validator];
        if (stored.consensusKey == 0) revert NotRegistered(validator);
    }

    function _active(address validator) private view returns (Validator storage stored) {
        stored = _registered(validator);
        if (stored.withdrawableEpoch != 0) revert AlreadyLeft(validator, stored.withdrawableEpoch);
    }

    /// The key of an epoch in the history, if its set can no longer change (C3).
    function _fixedEpoch(uint64 epoch) private view returns (uint32) {
        uint64 lastFixedEpoch = currentEpoch() + LAG_EPOCHS - 1;
        if (epoch > lastFixedEpoch) revert EpochNotFixed(epoch, lastFixedEpoch);
        return uint256(epoch).toUint32();
    }

    function _member(uint8 place, uint224 holder) private view returns (Member memory) {
        (address validator, uint64 power) = _unpack(holder);
        Validator storage stored = _validators[validator];
        return Member(place, validator, stored.consensusKey, power, stored.feeRecipient);
    }

    function _checkParameters(Parameters memory parameters) private view {
        uint64 length = parameters.epochLength;
        uint64 delay = parameters.withdrawalDelay;
        uint64 start = parameters.startBlock;
        if (parameters.rollupChainId == 0) revert ZeroRollupChainId();
        if (parameters.minimumStakeGwei == 0) revert ZeroMinimumStake();
        if (length < MIN_EPOCH_LENGTH || length > MAX_EPOCH_LENGTH) {
            revert EpochLengthOutOfRange(length, MIN_EPOCH_LENGTH, MAX_EPOCH_LENGTH);
        }
        if (delay < MIN_WITHDRAWAL_DELAY || delay > MAX_WITHDRAWAL_DELAY) {
            revert WithdrawalDelayOutOfRange(delay, MIN_WITHDRAWAL_DELAY, MAX_WITHDRAWAL_DELAY);
        }
        // The seeds are the sets of epochs 0 and 1, so neither may be over before there are seeds.
        if (block.number < start || block.number - start >= length) {
            revert NotInFirstEpoch(block.number, start, length);
        }
    }

    function _unpack(uint224 holder) private pure returns (address validator, uint64 power) {
        return (address(uint160(holder >> 64)), uint64(holder));
    }

    /// C5: stake counts in whole gwei, so that wei and power say the same.
    function _gwei(uint256 amountWei) private pure returns (uint256) {
        if (amountWei % 1 gwei != 0) revert NotWholeGwei(amountWei);
        return amountWei / 1 gwei;
    }

    function _wei(uint64 amountGwei) private pure returns (uint256) {
        return uint256(amountGwei) * 1 gwei;
    }

    function _power(uint256 stakeGwei) private pure returns (uint64) {
        if (stakeGwei > MAX_STAKE_GWEI) revert StakeAboveMaximum(stakeGwei, MAX_STAKE_GWEI);
        return uint64(stakeGwei);
    }
}
