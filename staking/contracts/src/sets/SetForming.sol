// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IStakingParameters} from "../interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../interfaces/IValidatorSets.sol";
import {Fifo} from "../structs/Fifo.sol";
import {IndexedHeap} from "../structs/IndexedHeap.sol";
import {Tournament} from "../structs/Tournament.sol";
import {Tickets} from "./Tickets.sol";

/// @title The work on the set of the epoch after next, in steps
/// @notice A step takes the first thing there is to do and moves one power once; each costs O(log n) (C47).
abstract contract SetForming is Tickets {
    using Fifo for Fifo.Line;
    using IndexedHeap for IndexedHeap.Heap;
    using SafeCast for uint256;
    using Tournament for Tournament.Tree;

    uint256 private constant BASIS_POINTS = 10_000;

    /// The epoch and its rules, read once in a call.
    struct Terms {
        uint64 epoch;
        uint64 effectiveEpoch;
        uint64 minimumPower;
        uint256 minimumSize;
        uint256 maximumExitWait;
        uint256 replacementMargin;
    }

    /// @dev What is left of the power that may move by choice in an epoch (C37); one word.
    struct Budget {
        uint64 epoch;
        uint64 entry;
        uint64 entryLeft;
        uint64 exitLeft;
    }

    /// @notice What governance may set.
    IStakingParameters public immutable parameters;
    uint128 private immutable _powerUnit;

    Budget internal _budget;

    constructor(address parameters_) {
        if (parameters_ == address(0)) revert ZeroAddress();
        parameters = IStakingParameters(parameters_);
        _powerUnit = parameters.powerUnit();
    }

    /// @inheritdoc IValidatorSets
    function forming() external view returns (Forming memory) {
        Budget storage budget = _budget;
        return Forming({
            epoch: budget.epoch,
            entryBudget: budget.entry,
            entryLeft: budget.entryLeft,
            exitLeft: budget.exitLeft,
            totalPower: _latestTotal(),
            takenPlaces: _latestTaken(),
            members: _members,
            waiting: _waiting.length,
            displaced: _nameOf[_displaced]
        });
    }

    /// The rules of now; the first call of an epoch finds the set as it was at the end of the one before (C37).
    function _begin() internal returns (Terms memory terms) {
        IStakingParameters.Values memory values = _values();
        uint64 epoch = currentEpoch();
        terms = Terms({
            epoch: epoch,
            effectiveEpoch: epoch + LAG_EPOCHS,
            minimumPower: (uint256(values.minimumBond) / _powerUnit).toUint64(),
            minimumSize: values.minimumSize,
            maximumExitWait: values.maximumExitWait,
            replacementMargin: values.replacementMargin
        });
        if (_budget.epoch != epoch) _fillBudget(epoch, values);
    }

    function _values() internal view returns (IStakingParameters.Values memory) {
        return parameters.values();
    }

    /// The bounds of an epoch, from the power that there is now.
    function _fillBudget(uint64 epoch, IStakingParameters.Values memory values) internal {
        uint256 total = _latestTotal();
        // C37: at least one unit, so that there is progress, however small the set is.
        uint64 entry = Math.max(1, total * values.entryBound / BASIS_POINTS).toUint64();
        uint64 exit = Math.max(1, total * values.exitBound / BASIS_POINTS).toUint64();
        _budget = Budget({epoch: epoch, entry: entry, entryLeft: entry, exitLeft: exit});
    }

    /// Does up to this many steps; fewer mean that nothing is left to do in this epoch.
    function _work(Terms memory terms, uint256 steps) internal returns (uint256 done) {
        while (done < steps && _step(terms)) {
            ++done;
        }
    }

    /// One step, and whether there was one to take.
    function _step(Terms memory terms) private returns (bool) {
        if (_serveNext(terms)) return true;
        if (_displaceSmallest(terms)) return true;
        // C43: who enters and who rises have the first right to the entry budget in turn.
        if (terms.epoch % 2 == 0) return _enterLargest(terms) || _raiseNext(terms);
        return _raiseNext(terms) || _enterLargest(terms);
    }

    /// C105: a higher target; all of the rise at once, if nobody has a right to the entry budget before it and the
    /// budget suffices. It is what the steps would do next, without the line. The caller records it.
    function _raiseShared(uint32 index, Standing storage standing, uint64 target, Terms memory terms) internal {
        uint64 before = standing.target;
        uint64 difference = target - before;
        uint64 entryLeft = _budget.entryLeft;
        // C36: then nothing is to be taken away from a member that is not displaced.
        bool free = standing.state == State.Active && before == standing.power + standing.pendingUp;
        bool atOnce = free && difference <= entryLeft && _displaced != index && _increases.head == 0
            && (terms.epoch % 2 == 1 || !_canEnter(terms));
        if (!atOnce) return _raiseTarget(index, standing, target);
        if (difference == 0) return;
        standing.power += difference;
        standing.target = target;
        _budget.entryLeft = entryLeft - difference;
        _staying.set(standing.place, _smallestFirst(target, index));
    }

    /// C106: what a fall may take at once while no ticket is in line: what is left of the exit budget, if none of those
    /// that stepped aside is to be served before.
    function _exitAtOnce(Terms memory terms) internal view returns (uint64) {
        uint64 held = _held.head;
        return held == 0 || _mustWait(held, terms) ? _budget.exitLeft : 0;
    }

    /// C38: the tickets that were held before those in line, each as far as the exit budget goes.
    function _serveNext(Terms memory terms) private returns (bool) {
        uint64 exitLeft = _budget.exitLeft;
        if (exitLeft == 0) return false;
        uint64 ticket = _held.head;
        if (ticket == 0 || _mustWait(ticket, terms)) {
            ticket = _due.head;
            if (ticket == 0) return false;
            if (_mustWait(ticket, terms)) {
                _hold(ticket);
                return true;
            }
        }
        uint64 amount = _serve(ticket, exitLeft, terms.effectiveEpoch);
        _budget.exitLeft = exitLeft - amount;
        return true;
    }

    /// C40: whether a ticket that would take a member's last power has to wait for others to come.
    function _mustWait(uint64 ticket, Terms memory terms) private view returns (bool) {
        Decrease storage decrease = _decreases[ticket];
        Standing storage standing = _standings[decrease.index];
        if (standing.state == State.Removed) return false;
        // C38: of one validator none is served before an earlier one, and that has stepped aside.
        if (decrease.line == Line.Due && standing.heldTickets != 0) return true;
        if (decrease.left == 0 || decrease.left != standing.power) return false;
        // Those behind it in line are still members when it has left, and are asked the same when their turn comes.
        uint256 others = _members - 1;
        if (others == 0) return true;
        if (others >= terms.minimumSize) return false;
        return terms.epoch - decrease.requestedEpoch < terms.maximumExitWait;
    }

    /// C44: at most one member is displaced at a time, and only if enough others are there.
    function _displaceSmallest(Terms memory terms) private returns (bool) {
        (uint32 smallest, uint64 target) = _smallest();
        if (_displaced != 0 || smallest == 0 || _members - 1 < terms.minimumSize) return false;
        if (!_isDisplaceable(target, terms)) return false;
        _displace(smallest);
        return true;
    }

    /// C44: too small for the minimum, or for the largest that waits while no place is free.
    function _isDisplaceable(uint64 target, Terms memory terms) private view returns (bool) {
        if (target < terms.minimumPower) return true;
        if (!_isFull()) return false;
        // Not below the minimum either, if it exceeds one that is not.
        (, uint256 largest) = _largest();
        return largest * BASIS_POINTS > target * (BASIS_POINTS + terms.replacementMargin);
    }

    /// C42: the largest that waits takes a free place, wholly or with all that an epoch can give.
    function _enterLargest(Terms memory terms) private returns (bool) {
        if (!_canEnter(terms)) return false;
        (uint32 largest, uint64 target) = _largest();
        uint64 entryLeft = _budget.entryLeft;
        uint64 power = uint64(Math.min(target, entryLeft));
        _budget.entryLeft = entryLeft - power;
        _waiting.remove(largest);
        _enter(largest, power, terms.effectiveEpoch);
        return true;
    }

    /// C42: whether there is one that may take a free place now.
    function _canEnter(Terms memory terms) private view returns (bool) {
        uint64 entryLeft = _budget.entryLeft;
        (uint32 largest, uint64 target) = _largest();
        if (entryLeft == 0 || largest == 0 || target < terms.minimumPower) return false;
        return (target <= entryLeft || entryLeft == _budget.entry) && !_isFull();
    }

    /// C39: the first in line rises, as far as the entry budget and its turn go.
    function _raiseNext(Terms memory terms) private returns (bool) {
        uint64 entryLeft = _budget.entryLeft;
        uint32 index = uint32(_increases.head);
        if (entryLeft == 0 || index == 0) return false;
        Standing storage standing = _standings[index];
        uint64 turn = standing.turn;
        uint64 amount = uint64(Math.min(turn, entryLeft));
        _budget.entryLeft = entryLeft - amount;
        uint64 powerBefore = standing.power;
        uint64 pendingUp = standing.pendingUp - amount;
        standing.power = powerBefore + amount;
        standing.pendingUp = pendingUp;
        standing.turn = turn - amount;
        if (amount == turn) {
            _increases.remove(index);
            standing.turn = pendingUp;
            if (pendingUp != 0) _increases.push(index);
        }
        _recordPower(index, standing, powerBefore, terms.effectiveEpoch);
        return true;
    }
}
