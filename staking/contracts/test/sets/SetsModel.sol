// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SetsModelLists} from "./SetsModelLists.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev The rules C36 to C47 and C105 to C107 once more, with lists that are searched and nothing kept for speed. A
/// validator is its number, from 0; a ticket is its number, from 1.
contract SetsModel is SetsModelLists {
    constructor(uint256 places_, uint256 steps_) SetsModelLists(places_, steps_) {}

    function set(IStakingParameters.Values memory rules_) external {
        rules = rules_;
    }

    function enroll() external {
        validators.push().state = IValidatorSets.State.Waiting;
    }

    function seed(uint256 validator, uint64 power) external {
        validators[validator].target = power;
        seat(validator, power);
        fill();
    }

    function raise(uint64 epoch_, uint256 validator, uint64 target) external {
        begin(epoch_);
        uint256 done = work(steps);
        retarget(validator, target);
        work(steps - done);
    }

    function lower(uint64 epoch_, uint256 validator, uint64 target) external returns (uint256 ticket) {
        begin(epoch_);
        uint256 done = work(steps);
        ticket = retarget(validator, target);
        if (ticket == 0) {
            ticket = newTicket(validator, 0);
            if (downOf(validator) == 0) tickets[ticket].served = epoch + 2;
            else if (!validators[validator].displaced) lineDown(ticket);
        }
        work(steps - done);
    }

    /// @dev C105: in line, and then all of it, if that is the next step.
    function raiseShared(uint64 epoch_, uint256 validator, uint64 target) external {
        begin(epoch_);
        Validator storage v = validators[validator];
        uint64 before = v.target;
        bool first = rising.length == 0 && (epoch % 2 == 1 || !canEnter());
        retarget(validator, target);
        if (target <= before || !first || rising.length == 0 || target - before > entryLeft) return;
        require(rise(), "C105");
    }

    /// @dev C106, C107: in line, and then all of it, if that is the next step and not the last power. Who waits has no
    /// power, and behind a ticket nothing falls at once, so that no budget is looked at.
    function lowerShared(uint64 epoch_, uint256 validator, uint64 target) external returns (uint256 ticket) {
        Validator storage v = validators[validator];
        if (v.state == IValidatorSets.State.Waiting) {
            v.target = target;
            ticket = newTicket(validator, 0);
            (tickets[ticket].asked, tickets[ticket].served) = (epoch_, epoch_ + 2);
            return ticket;
        }
        epoch = epoch_;
        if (due.length == 0) begin(epoch_);
        bool first = due.length == 0 && (held.length == 0 || (!isFree(held[0]) && mustStay(tickets[held[0]].asked)));
        bool alone = openOf(validator, false) + openOf(validator, true) == 0;
        if (target > v.target) retarget(validator, target);
        uint64 fall = v.target - target;
        v.target = target;
        if (v.displaced) return newTicket(validator, 0);
        uint64 left = fall - dropUp(validator, fall);
        ticket = target == 0 && left != 0 ? 0 : joinable(validator);
        if (ticket == 0) ticket = newTicket(validator, 0);
        tickets[ticket].shared = true;
        tickets[ticket].left += left;
        if (alone && left == 0) {
            tickets[ticket].served = epoch + 2;
        } else {
            if (!isOpen(ticket)) lineDown(ticket);
            if (alone && first && left <= exitLeft && left < v.power) require(serve(due, false), "C106");
        }
    }

    function revoke(uint64 epoch_, uint256 ticket) external {
        begin(epoch_);
        Ticket storage revoked = tickets[ticket];
        Validator storage v = validators[revoked.validator];
        takeOut(due, ticket);
        takeOut(held, ticket);
        revoked.revoked = true;
        uint64 left = revoked.left;
        if (left == 0) return;
        v.target += left;
        if (!v.displaced) return lineUp(revoked.validator);
        // What it does not take away is the displacement's again.
        for (uint256 i = tickets.length - 1; i > 0; --i) {
            if (!tickets[i].displaces || tickets[i].validator != revoked.validator) continue;
            tickets[i].left += left;
            if (!isOpen(i)) lineDown(i);
            return;
        }
    }

    function remove(uint64 epoch_, uint256 validator) external {
        begin(epoch_);
        Validator storage v = validators[validator];
        bool member = v.state == IValidatorSets.State.Active;
        v.state = IValidatorSets.State.Removed;
        v.target = 0;
        v.up = 0;
        v.turn = 0;
        takeOut(rising, validator);
        if (member && members() > 1) unseat(validator);
    }

    function advance(uint64 epoch_, uint256 most) external returns (uint256) {
        begin(epoch_);
        return work(most);
    }

    function seatOf(uint256 validator) external view returns (IValidatorSets.Seat memory) {
        Validator storage v = validators[validator];
        uint16 open = openOf(validator, false);
        uint16 shared = openOf(validator, true);
        return IValidatorSets.Seat(v.state, v.place, v.power, v.target, v.up, downOf(validator), open, shared);
    }

    function isDisplaced(uint256 validator) external view returns (bool) {
        return validators[validator].displaced;
    }

    function servedUntil(uint256 ticket) external view returns (uint64) {
        Ticket storage t = tickets[ticket];
        if (t.served != 0) return t.served;
        uint64[] storage departures = validators[t.validator].departures;
        return t.stay < departures.length ? departures[t.stay] : type(uint64).max;
    }

    function begin(uint64 epoch_) private {
        epoch = epoch_;
        if (budgetEpoch == epoch_) return;
        budgetEpoch = epoch_;
        fill();
    }

    function fill() private {
        entry = uint64(uint256(total()) * rules.entryBound / 10_000);
        exitLeft = uint64(uint256(total()) * rules.exitBound / 10_000);
        if (entry == 0) entry = 1;
        if (exitLeft == 0) exitLeft = 1;
        entryLeft = entry;
    }

    function work(uint256 most) private returns (uint256 done) {
        for (; done < most; ++done) {
            if (exitLeft != 0 && (serve(held, true) || serve(due, false))) continue;
            if (displace()) continue;
            bool first = epoch % 2 == 0 ? enter() : rise();
            if (first) continue;
            if (!(epoch % 2 == 0 ? rise() : enter())) return done;
        }
    }

    function serve(uint256[] storage line, bool isHeld) private returns (bool) {
        if (line.length == 0) return false;
        uint256 ticket = line[0];
        Ticket storage t = tickets[ticket];
        Validator storage v = validators[t.validator];
        if (!isHeld && v.state != IValidatorSets.State.Removed && hasHeld(t.validator)) {
            takeOut(due, ticket);
            held.push(ticket);
            return true;
        }
        if (t.left == 0 || v.state == IValidatorSets.State.Removed) {
            bool removed = v.state == IValidatorSets.State.Removed;
            if (!removed && t.stay == v.departures.length) t.served = epoch + 2;
            takeOut(line, ticket);
            return true;
        }
        if (t.left == v.power && mustStay(t.asked)) {
            if (isHeld) return false;
            takeOut(due, ticket);
            held.push(ticket);
            return true;
        }
        uint64 amount = t.left < exitLeft ? t.left : exitLeft;
        exitLeft -= amount;
        t.left -= amount;
        v.power -= amount;
        if (t.left == 0) {
            t.served = epoch + 2;
            takeOut(line, ticket);
        }
        if (v.power == 0) unseat(t.validator);
        else lineUp(t.validator);
        return true;
    }

    function displace() private returns (bool) {
        uint256 smallest = type(uint256).max;
        for (uint256 i = 0; i < validators.length; ++i) {
            Validator storage v = validators[i];
            if (v.displaced) return false;
            if (v.state != IValidatorSets.State.Active || v.target == 0) continue;
            if (smallest == type(uint256).max || v.target <= validators[smallest].target) smallest = i;
        }
        if (smallest == type(uint256).max || members() - 1 < rules.minimumSize) return false;
        uint64 target = validators[smallest].target;
        if (target >= minimum()) {
            uint256 largest = largestWaiting();
            if (members() < places || largest == type(uint256).max) return false;
            uint256 challenger = validators[largest].target;
            if (challenger * 10_000 <= uint256(target) * (10_000 + rules.replacementMargin)) return false;
        }
        Validator storage displaced = validators[smallest];
        displaced.up = 0;
        displaced.turn = 0;
        takeOut(rising, smallest);
        uint256 ticket = newTicket(smallest, displaced.power - downOf(smallest));
        tickets[ticket].displaces = true;
        displaced.displaced = true;
        lineDown(ticket);
        return true;
    }

    function enter() private returns (bool) {
        uint256 largest = largestWaiting();
        if (largest == type(uint256).max || members() == places || entryLeft == 0) return false;
        uint64 power = validators[largest].target;
        if (power > entryLeft) {
            if (entryLeft != entry) return false;
            power = entryLeft;
        }
        entryLeft -= power;
        seat(largest, power);
        return true;
    }

    function rise() private returns (bool) {
        if (rising.length == 0 || entryLeft == 0) return false;
        uint256 first = rising[0];
        Validator storage v = validators[first];
        uint64 amount = v.turn < entryLeft ? v.turn : entryLeft;
        entryLeft -= amount;
        v.power += amount;
        v.up -= amount;
        v.turn -= amount;
        if (v.turn == 0) {
            takeOut(rising, first);
            v.turn = v.up;
            if (v.up != 0) rising.push(first);
        }
        return true;
    }

    /// The ticket, 0 if the target did not fall.
    function retarget(uint256 validator, uint64 target) private returns (uint256 ticket) {
        Validator storage v = validators[validator];
        uint64 before = v.target;
        v.target = target;
        if (target < before) ticket = newTicket(validator, 0);
        if (v.state == IValidatorSets.State.Waiting) {
            if (ticket != 0) tickets[ticket].served = epoch + 2;
            return ticket;
        }
        if (v.displaced) return ticket;
        if (target > before) {
            v.up += target - before;
            lineUp(validator);
        } else if (target < before) {
            uint64 left = before - target - dropUp(validator, before - target);
            if (left == 0 && downOf(validator) == 0) {
                tickets[ticket].served = epoch + 2;
            } else {
                tickets[ticket].left = left;
                lineDown(ticket);
            }
        }
    }

    function seat(uint256 validator, uint64 power) private {
        Validator storage v = validators[validator];
        v.place = freePlace();
        v.state = IValidatorSets.State.Active;
        v.power = power;
        v.up = v.target - power;
        v.turn = v.up;
        if (v.up != 0) rising.push(validator);
        for (uint256 i = 0; i < validators.length; ++i) {
            bool lingers = validators[i].state == IValidatorSets.State.Removed && validators[i].power != 0;
            if (lingers) unseat(i);
        }
    }

    function unseat(uint256 validator) private {
        Validator storage v = validators[validator];
        v.power = 0;
        v.up = 0;
        v.turn = 0;
        v.displaced = false;
        takeOut(rising, validator);
        v.departures.push(epoch + 2);
        if (v.state == IValidatorSets.State.Active) v.state = IValidatorSets.State.Waiting;
    }
}
