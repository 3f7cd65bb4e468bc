// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IDelegation} from "../interfaces/IDelegation.sol";
import {IRewards} from "../interfaces/IRewards.sol";
import {IStakeManager} from "../interfaces/IStakeManager.sol";

/// @title What the stake with a validator has earned, and who was paid how much of it
/// @notice Of each validator the earnings of one unit of stake are summed up period by period, so that those of any
/// stretch of epochs are a difference of two sums (C135).
abstract contract Earnings is IRewards {
    using Checkpoints for Checkpoints.Trace224;
    using SafeCast for uint256;

    /// Stake of an account that counted for some epochs and that the stakes keep no more. The oldest one that is kept
    /// says how many are, so that the first one costs a single word.
    struct Stretch {
        uint96 amount;
        uint32 fromEpoch;
        uint32 untilEpoch;
        uint64 kept;
    }

    /// What an account has with a validator beside its position: earnings of stretches that are accounted for, up to
    /// which epoch its position was paid, and the number of the oldest stretch that is kept.
    struct Account {
        uint96 accrued;
        uint32 paidUntil;
        uint64 first;
    }

    /// What a claim pays: the amount, up to which epoch, which kept stretch is the first that stays, and whether a part
    /// of that one is paid.
    struct Due {
        uint96 amount;
        uint32 untilEpoch;
        uint64 first;
        bool partly;
    }

    /// @notice Kept stretches that one claim pays at most.
    uint256 public constant STRETCHES_PER_CLAIM = 16;
    /// @dev What one unit of stake earns in one epoch is a fraction of 2^96.
    uint256 private constant UNIT = 2 ** 96;

    /// @notice Holds tokens and positions.
    IStakeManager public immutable stakes;
    /// @notice Epochs of a period.
    uint32 public immutable periodEpochs;

    mapping(address validator => Standing) internal _standings;
    /// From which period on: the sum of what a unit of stake earned in an epoch, over all periods before.
    mapping(address validator => Checkpoints.Trace224) private _earned;
    mapping(address validator => mapping(address account => Account)) private _accounts;
    mapping(address validator => mapping(address account => mapping(uint64 number => Stretch))) private _stretches;

    constructor(address stakes_, uint32 periodEpochs_) {
        stakes = IStakeManager(stakes_);
        periodEpochs = periodEpochs_;
    }

    /// @inheritdoc IRewards
    function keepStretch(address validator, address account, uint96 amount, uint32 fromEpoch, uint32 untilEpoch)
        external
    {
        if (msg.sender != address(stakes)) revert NotStakes(msg.sender);
        Account storage record = _accounts[validator][account];
        // C136: nothing is paid twice.
        uint256 from = Math.max(fromEpoch, record.paidUntil);
        if (amount == 0 || from >= untilEpoch) return;
        uint256 known = Math.min(_knownUntil(validator), untilEpoch);
        if (from < known) {
            record.accrued += _earnedBy(validator, amount, from, known);
            from = known;
        }
        if (from == untilEpoch) return;
        Stretch memory stretch = Stretch(amount, uint32(from), untilEpoch, 0);
        _keep(_stretches[validator][account], record.first, stretch);
    }

    /// @inheritdoc IRewards
    function claimable(address validator, address account) external view returns (uint96) {
        return _due(validator, account).amount;
    }

    /// @inheritdoc IRewards
    function standingOf(address validator) external view returns (Standing memory) {
        return _standings[validator];
    }

    /// C135: shares an amount among the stake that counted in a period, the last one that is accounted for.
    /// @return shared Whether there was any
    function _share(address validator, uint64 period, uint96 amount) internal returns (bool shared) {
        uint64 begin = period * periodEpochs;
        uint256 stakeEpochs =
            stakes.stakeEpochsUntil(validator, begin + periodEpochs) - stakes.stakeEpochsUntil(validator, begin);
        if (stakeEpochs == 0) return false;
        uint256 sum = _earned[validator].latest() + Math.mulDiv(amount, UNIT, stakeEpochs);
        _earned[validator].push(uint256(period + 1).toUint32(), sum.toUint224());
        _standings[validator].owed += amount;
        return true;
    }

    /// C140: behind those that are kept.
    function _keep(mapping(uint64 number => Stretch) storage stretches, uint64 first, Stretch memory stretch) private {
        uint64 kept = stretches[first].kept;
        if (kept == 0) stretch.kept = 1;
        else stretches[first].kept = kept + 1;
        stretches[first + kept] = stretch;
    }

    /// C136: writes down that an account is paid what it is due.
    function _pay(address validator, address account) internal returns (uint96 amount) {
        Due memory due = _due(validator, account);
        Account storage record = _accounts[validator][account];
        mapping(uint64 number => Stretch) storage stretches = _stretches[validator][account];
        uint64 first = record.first;
        uint64 left = stretches[first].kept - (due.first - first);
        for (uint64 number = first; number < due.first; ++number) {
            delete stretches[number];
        }
        if (left != 0) stretches[due.first].kept = left;
        // What it earns in periods to come stays to be paid.
        if (due.partly) stretches[due.first].fromEpoch = due.untilEpoch;
        record.accrued = 0;
        record.paidUntil = due.untilEpoch;
        record.first = due.first;
        amount = due.amount;
        // C134: no validator's stake is paid with what that of another one earned.
        _standings[validator].owed -= amount;
    }

    /// What a claim would pay: the kept stretches, the oldest first, and the position.
    function _due(address validator, address account) private view returns (Due memory due) {
        Account storage record = _accounts[validator][account];
        uint256 known = _knownUntil(validator);
        uint256 amount = record.accrued;
        due.untilEpoch = uint32(known);
        due.first = record.first;
        uint256 most = due.first + Math.min(_stretches[validator][account][due.first].kept, STRETCHES_PER_CLAIM);
        for (; due.first < most; ++due.first) {
            Stretch memory stretch = _stretches[validator][account][due.first];
            amount += _earnedBy(validator, stretch.amount, stretch.fromEpoch, Math.min(stretch.untilEpoch, known));
            if (stretch.untilEpoch <= known) continue;
            // Stretches follow each other, so the later ones are not accounted for either.
            due.partly = stretch.fromEpoch < known;
            break;
        }
        IDelegation.Position memory position = stakes.positionOf(validator, account);
        uint256 paid = record.paidUntil;
        uint256 since = position.since;
        uint256 previousFrom = Math.max(position.previousSince, paid);
        amount += _earnedBy(validator, position.previous, previousFrom, Math.min(since, known));
        amount += _earnedBy(validator, position.amount, Math.max(since, paid), known);
        due.amount = amount.toUint96();
    }

    /// What some stake earned in the epochs from one to before another, which are accounted for.
    function _earnedBy(address validator, uint96 amount, uint256 from, uint256 until) private view returns (uint96) {
        if (amount == 0 || from >= until) return 0;
        uint256 perUnit = _earnedUntil(validator, until) - _earnedUntil(validator, from);
        return Math.mulDiv(amount, perUnit, UNIT).toUint96();
    }

    /// What one unit of stake earned in all epochs before one, as a fraction.
    function _earnedUntil(address validator, uint256 epoch) private view returns (uint256 sum) {
        Checkpoints.Trace224 storage trace = _earned[validator];
        uint256 period = epoch / periodEpochs;
        uint256 rest = epoch % periodEpochs;
        uint256 perEpoch = trace.upperLookupRecent(period.toUint32());
        sum = perEpoch * periodEpochs;
        // All epochs of a period are worth the same.
        if (rest != 0) sum += (trace.upperLookupRecent((period + 1).toUint32()) - perEpoch) * rest;
    }

    /// The first epoch that is not accounted for: leaves come in order, so there is none of an earlier one to come.
    function _knownUntil(address validator) private view returns (uint256) {
        return uint256(_standings[validator].nextPeriod) * periodEpochs;
    }
}
