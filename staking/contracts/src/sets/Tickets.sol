// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IValidatorSets} from "../interfaces/IValidatorSets.sol";
import {Fifo} from "../structs/Fifo.sol";
import {Tournament} from "../structs/Tournament.sol";
import {Seats} from "./Seats.sol";

/// @title The decreases of power, and when each has been served
/// @notice All stand in one line. An exit that has to wait for others to come steps aside, so that it holds up nobody,
/// and goes before the line as soon as it may (C38, C40).
abstract contract Tickets is Seats {
    using Fifo for Fifo.Line;
    using SafeCast for uint256;
    using Tournament for Tournament.Tree;

    /// @notice Most tickets of one validator that are not served yet, so that nobody fills the line with small ones
    /// (C48).
    uint256 public constant MAX_OPEN_TICKETS = 16;
    /// @notice As many again are kept for exits, so that whoever may only unbond cannot keep the owner from leaving.
    uint256 public constant EXTRA_EXIT_TICKETS = 16;
    /// @notice Of one validator, more shared tickets than these are made only behind another ticket of it (C107).
    uint256 public constant MAX_SHARED_TICKETS = 16;
    /// A ticket with this bit was resolved when it was made and stands nowhere: it is bit 63, 31 bits of the epoch in
    /// which it ends, and 32 of its validator's number (C106). Those in storage are numbered from 1.
    uint64 private constant RESOLVED = 1 << 63;

    /// Where a ticket stands.
    enum Line {
        None,
        Due,
        Held
    }

    /// @dev `stay` numbers the stay in the set in which it was made: when that ends, so does the ticket. `servedUntil`
    /// is 0 until then, or until nothing of it is left. A shared one is that of many undelegations (C107).
    struct Decrease {
        uint32 index;
        uint64 left;
        uint32 requestedEpoch;
        uint32 servedUntil;
        uint32 stay;
        Line line;
        bool shared;
    }

    uint64 private _lastTicket;
    mapping(uint64 ticket => Decrease) internal _decreases;
    Fifo.Line internal _due;
    Fifo.Line internal _held;

    /// @inheritdoc IValidatorSets
    function servedUntil(uint64 ticket) external view returns (uint64 epoch) {
        Decrease memory decrease = _existing(ticket);
        if (decrease.servedUntil != 0) return decrease.servedUntil;
        uint32[] storage departures = _standings[decrease.index].departures;
        return decrease.stay < departures.length ? departures[decrease.stay] : type(uint64).max;
    }

    /// @inheritdoc IValidatorSets
    function ticketOf(uint64 ticket) external view returns (Ticket memory) {
        Decrease memory decrease = _existing(ticket);
        return Ticket(_nameOf[decrease.index], decrease.left, decrease.requestedEpoch);
    }

    /// C36, C38: a lower target, and the ticket that tells when the difference serves no more.
    function _lowerTarget(uint32 index, Standing storage standing, uint64 target, uint256 limit)
        internal
        returns (uint64 ticket)
    {
        uint64 difference = standing.target - target;
        _setTarget(index, standing, target);
        ticket = _newTicket(index, standing, false);
        bool member = standing.state == State.Active;
        // C44: a member that is being displaced loses all its power, so this ticket ends with its stay.
        if (member && _displaced == index) return ticket;

        // C36: what has not been added yet never served.
        uint64 neverServed = uint64(Math.min(difference, standing.pendingUp));
        _dropUp(index, standing, neverServed);
        uint64 left = difference - neverServed;
        // C38: no ticket ends before an earlier one of the same validator, though nothing is to be taken away for it.
        if (!member || (left == 0 && standing.pendingDown == 0)) {
            // A stay that has ended before ended at the latest in the same epoch.
            _decreases[ticket].servedUntil = _decreases[ticket].requestedEpoch + uint32(LAG_EPOCHS);
            return ticket;
        }
        // C107: of shared tickets beyond their number, each was made behind one that counts here.
        uint256 shared = standing.sharedTickets;
        uint256 open = Math.max(standing.openTickets, Math.saturatingSub(shared, MAX_SHARED_TICKETS));
        if (open >= limit) revert TooManyTickets(_nameOf[index], open, limit);
        _decreases[ticket].left = left;
        standing.pendingDown += left;
        _getInLine(ticket, standing);
    }

    /// C106, C107: a lower target by many, and the ticket that tells when the difference serves no more: one resolved
    /// at once, the latest one of this kind, or a new one. The caller records a power that fell at once.
    function _lowerShared(uint32 index, Standing storage standing, uint64 target, uint64 atOnce)
        internal
        returns (uint64 ticket)
    {
        uint64 difference = standing.target - target;
        if (difference != 0) _setTarget(index, standing, target);
        if (standing.state == State.Waiting) return _resolved(index);
        // C44: as in `_lowerTarget`.
        if (_displaced == index) return _newTicket(index, standing, true);
        uint64 neverServed = uint64(Math.min(difference, standing.pendingUp));
        _dropUp(index, standing, neverServed);
        uint64 left = difference - neverServed;
        if (standing.openTickets == 0 && standing.sharedTickets == 0) {
            if (left == 0) return _resolved(index);
            // C106: of a part of the power; the last of it may have to wait (C40).
            if (left <= atOnce && left < standing.power) {
                standing.power -= left;
                return _resolved(index);
            }
        }
        ticket = _joinable(standing);
        // What would take the last power away may have to wait, and those who left before shall not.
        if (ticket == 0 || (target == 0 && left != 0)) {
            ticket = _newTicket(index, standing, true);
            _getInLine(ticket, standing);
        }
        _decreases[ticket].left += left;
        standing.pendingDown += left;
    }

    /// C107: the latest ticket in line of a member, if it is shared and still open to others; else 0.
    function _joinable(Standing storage standing) private view returns (uint64 ticket) {
        if (standing.sharedTickets == 0) return 0;
        ticket = standing.lastTicket;
        Decrease storage latest = _decreases[ticket];
        if (!latest.shared || latest.line == Line.None || latest.stay != standing.departures.length) return 0;
        bool young = latest.requestedEpoch == currentEpoch();
        if (!young && standing.sharedTickets < MAX_SHARED_TICKETS) return 0;
    }

    /// C44: all the power of the smallest member that no other ticket takes away gets in line.
    function _displace(uint32 index) internal {
        Standing storage standing = _standings[index];
        _dropUp(index, standing, standing.pendingUp);
        _staying.set(standing.place, 0);
        uint64 ticket = _newTicket(index, standing, false);
        _decreases[ticket].left = standing.power - standing.pendingDown;
        standing.pendingDown = standing.power;
        _displaced = index;
        _displacement = ticket;
        emit DisplacementBegun(_nameOf[index], ticket);
        _getInLine(ticket, standing);
    }

    /// C38: what the ticket has not taken away goes back to the target, or to the displacement.
    function _revoke(uint64 ticket, uint64 most) internal {
        Decrease memory decrease = _existing(ticket);
        Standing storage standing = _standings[decrease.index];
        if (standing.state == State.Removed) revert ValidatorRemoved(_nameOf[decrease.index]);
        // A ticket of which something is left is one of a member: it ends with the stay at the latest.
        uint64 target = standing.target + decrease.left;
        // C71: of the same validator, stake may leave behind it that is safe only while this one is before.
        if (target > most) return;
        if (decrease.line != Line.None) _leaveLine(ticket, standing);
        delete _decreases[ticket];
        if (decrease.left == 0) return;

        standing.target = target;
        if (_displaced == decrease.index) {
            Decrease storage displacement = _decreases[_displacement];
            displacement.left += decrease.left;
            if (displacement.line == Line.None) _getInLine(_displacement, standing);
        } else {
            standing.pendingDown -= decrease.left;
            _staying.set(standing.place, _smallestFirst(target, decrease.index));
            _lineUp(decrease.index, standing);
        }
    }

    /// Takes up to this much power away for a ticket.
    function _serve(uint64 ticket, uint64 most, uint64 effectiveEpoch) internal returns (uint64 amount) {
        Decrease storage decrease = _decreases[ticket];
        uint32 index = decrease.index;
        Standing storage standing = _standings[index];
        uint64 left = decrease.left;
        // C38, C45: what still was in line when a stay was over ended with that.
        if (standing.state == State.Removed || decrease.stay != standing.departures.length) {
            _leaveLine(ticket, standing);
            return 0;
        }
        amount = uint64(Math.min(left, most));
        if (left == amount) {
            decrease.servedUntil = uint256(effectiveEpoch).toUint32();
            _leaveLine(ticket, standing);
        }
        if (amount == 0) return 0;
        decrease.left = left - amount;
        uint64 powerBefore = standing.power;
        standing.power = powerBefore - amount;
        standing.pendingDown -= amount;
        if (powerBefore == amount) {
            _vacate(index, powerBefore, effectiveEpoch);
        } else {
            _recordPower(index, standing, powerBefore, effectiveEpoch);
            _lineUp(index, standing);
        }
    }

    /// A ticket steps aside (C40).
    function _hold(uint64 ticket) internal {
        Decrease storage decrease = _decreases[ticket];
        _due.remove(ticket);
        decrease.line = Line.Held;
        _held.push(ticket);
        ++_standings[decrease.index].heldTickets;
    }

    function _newTicket(uint32 index, Standing storage standing, bool shared) private returns (uint64 ticket) {
        ticket = ++_lastTicket;
        Decrease storage decrease = _decreases[ticket];
        decrease.index = index;
        decrease.requestedEpoch = uint256(currentEpoch()).toUint32();
        decrease.stay = uint32(standing.departures.length);
        decrease.shared = shared;
    }

    /// C106: a ticket of which nothing is left, which ends in the epoch after next.
    function _resolved(uint32 index) private view returns (uint64) {
        return RESOLVED | (_effectiveEpoch() << 32) | index;
    }

    function _getInLine(uint64 ticket, Standing storage standing) private {
        Decrease storage decrease = _decreases[ticket];
        decrease.line = Line.Due;
        _due.push(ticket);
        standing.lastTicket = ticket;
        if (decrease.shared) ++standing.sharedTickets;
        else ++standing.openTickets;
    }

    function _leaveLine(uint64 ticket, Standing storage standing) private {
        Decrease storage decrease = _decreases[ticket];
        if (decrease.line == Line.Due) {
            _due.remove(ticket);
        } else {
            _held.remove(ticket);
            --standing.heldTickets;
        }
        decrease.line = Line.None;
        if (decrease.shared) --standing.sharedTickets;
        else --standing.openTickets;
    }

    function _existing(uint64 ticket) private view returns (Decrease memory decrease) {
        decrease = _decreases[ticket];
        if (ticket & RESOLVED != 0 && _nameOf[uint32(ticket)] != address(0)) {
            decrease.index = uint32(ticket);
            decrease.servedUntil = uint32((ticket ^ RESOLVED) >> 32);
            decrease.requestedEpoch = decrease.servedUntil - uint32(LAG_EPOCHS);
        }
        if (decrease.index == 0) revert UnknownTicket(ticket);
    }
}
