// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IRewards} from "../interfaces/IRewards.sol";
import {IValidatorRegistry} from "../interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../interfaces/IValidatorSets.sol";
import {Earnings} from "./Earnings.sol";

/// @title Which part of a reward is the validator's own, by period
/// @notice A commission starts at nothing, rises slowly and falls at will, and is known two epochs ahead (C138).
abstract contract Commissions is Earnings {
    using Checkpoints for Checkpoints.Trace224;
    using SafeCast for uint256;

    /// @notice The whole, in basis points.
    uint256 internal constant ALL_BPS = 10_000;
    /// @notice Epochs from a change to its effect, as everywhere.
    uint64 private constant LAG_EPOCHS = 2;

    /// @notice Says which epoch it is, and who serves.
    IValidatorSets public immutable sets;
    /// @notice Says who operates a validator and who owns it.
    IValidatorRegistry public immutable registry;
    /// @notice Greatest commission.
    uint16 public immutable maxCommissionBps;
    /// @notice By how much a commission rises at most at a time.
    uint16 public immutable maxCommissionRiseBps;
    /// @notice Epochs from one rise to the next.
    uint32 public immutable commissionInterval;

    mapping(address validator => Checkpoints.Trace224) private _commissions;

    constructor(address sets_, address registry_, Constants memory constants) {
        sets = IValidatorSets(sets_);
        registry = IValidatorRegistry(registry_);
        maxCommissionBps = constants.maxCommissionBps;
        maxCommissionRiseBps = constants.maxCommissionRiseBps;
        commissionInterval = constants.commissionInterval;
    }

    /// @inheritdoc IRewards
    function setCommission(address validator, uint16 commissionBps) external {
        if (msg.sender != registry.operatorOf(validator)) revert NotOperator(validator, msg.sender);
        if (commissionBps > maxCommissionBps) revert CommissionTooHigh(commissionBps, maxCommissionBps);
        uint64 current = sets.currentEpoch();
        Checkpoints.Trace224 storage trace = _commissions[validator];
        uint256 last = trace.latest();
        if (commissionBps > last) _rise(validator, commissionBps, last, current);
        // C138: a period has one commission, known before it begins.
        uint64 fromPeriod = (current + LAG_EPOCHS + periodEpochs - 1) / periodEpochs;
        trace.push(uint256(fromPeriod).toUint32(), commissionBps);
        emit CommissionSet(validator, commissionBps, fromPeriod);
    }

    /// @inheritdoc IRewards
    function commissionOf(address validator, uint64 period) public view returns (uint16 commissionBps) {
        return uint16(_commissions[validator].upperLookupRecent(uint256(period).toUint32()));
    }

    /// C138: by so much at a time, and once in so many epochs, which are at least a period: so of two periods that
    /// follow each other, the later one's is never higher by more.
    function _rise(address validator, uint16 commissionBps, uint256 last, uint64 current) private {
        if (commissionBps > last + maxCommissionRiseBps) {
            revert RiseTooLarge(commissionBps, last + maxCommissionRiseBps);
        }
        Standing storage standing = _standings[validator];
        if (current < standing.nextRiseEpoch) revert RiseTooSoon(current, standing.nextRiseEpoch);
        standing.nextRiseEpoch = current + commissionInterval;
    }
}
