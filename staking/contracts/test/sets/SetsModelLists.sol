// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev What the model keeps, and how it finds things in it: by searching lists from end to end.
abstract contract SetsModelLists {
    struct Validator {
        IValidatorSets.State state;
        uint8 place;
        bool displaced;
        uint64 power;
        uint64 target;
        uint64 up;
        uint64 turn;
        uint64[] departures;
    }

    struct Ticket {
        uint256 validator;
        uint64 left;
        uint64 asked;
        uint64 served;
        uint256 stay;
        bool revoked;
        bool displaces;
        bool shared;
        bool lined;
    }

    uint256 public immutable places;
    uint256 public immutable steps;
    uint64 public epoch;
    /// The epoch that the budgets are of.
    uint64 public budgetEpoch;
    uint64 public entry;
    uint64 public entryLeft;
    uint64 public exitLeft;
    Validator[] internal validators;
    Ticket[] internal tickets;
    uint256[] internal due;
    uint256[] internal held;
    uint256[] internal rising;
    IStakingParameters.Values internal rules;

    constructor(uint256 places_, uint256 steps_) {
        places = places_;
        steps = steps_;
        tickets.push();
    }

    function members() public view returns (uint256 count) {
        for (uint256 i = 0; i < validators.length; ++i) {
            if (validators[i].power != 0) ++count;
        }
    }

    function total() public view returns (uint64 sum) {
        for (uint256 i = 0; i < validators.length; ++i) {
            sum += validators[i].power;
        }
    }

    function isOpen(uint256 ticket) internal view returns (bool) {
        return isIn(due, ticket) || isIn(held, ticket);
    }

    function hasHeld(uint256 validator) internal view returns (bool) {
        for (uint256 i = 0; i < held.length; ++i) {
            if (tickets[held[i]].validator == validator) return true;
        }
        return false;
    }

    function openOf(uint256 validator, bool shared) internal view returns (uint16 open) {
        for (uint256 i = 1; i < tickets.length; ++i) {
            if (tickets[i].validator == validator && tickets[i].shared == shared && isOpen(i)) ++open;
        }
    }

    function largestWaiting() internal view returns (uint256 largest) {
        largest = type(uint256).max;
        for (uint256 i = 0; i < validators.length; ++i) {
            Validator storage v = validators[i];
            if (v.state != IValidatorSets.State.Waiting || v.target == 0 || v.target < minimum()) continue;
            if (largest == type(uint256).max || v.target > validators[largest].target) largest = i;
        }
    }

    function freePlace() internal view returns (uint8 place) {
        while (isTaken(place)) {
            ++place;
        }
    }

    function isTaken(uint8 place) internal view returns (bool) {
        for (uint256 i = 0; i < validators.length; ++i) {
            if (validators[i].power != 0 && validators[i].place == place) return true;
        }
        return false;
    }

    function downOf(uint256 validator) internal view returns (uint64 down) {
        if (validators[validator].power == 0 || validators[validator].state == IValidatorSets.State.Removed) return 0;
        for (uint256 i = 1; i < tickets.length; ++i) {
            if (tickets[i].validator == validator && !tickets[i].revoked) down += tickets[i].left;
        }
    }

    function minimum() internal view returns (uint64) {
        return uint64(rules.minimumBond / 1e9);
    }

    function takeOut(uint256[] storage list, uint256 item) internal {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] != item) continue;
            for (; i + 1 < list.length; ++i) {
                list[i] = list[i + 1];
            }
            list.pop();
            return;
        }
    }

    function isIn(uint256[] storage list, uint256 item) internal view returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i] == item) return true;
        }
        return false;
    }

    /// @dev Of a ticket that takes nothing away, or that of a removed one, nothing has to wait.
    function isFree(uint256 ticket) internal view returns (bool) {
        Ticket storage t = tickets[ticket];
        Validator storage v = validators[t.validator];
        return t.left == 0 || v.state == IValidatorSets.State.Removed || t.left != v.power;
    }

    function mustStay(uint64 asked) internal view returns (bool) {
        if (members() == 1) return true;
        return members() - 1 < rules.minimumSize && epoch - asked < rules.maximumExitWait;
    }

    function canEnter() internal view returns (bool) {
        uint256 largest = largestWaiting();
        if (largest == type(uint256).max || members() == places || entryLeft == 0) return false;
        return validators[largest].target <= entryLeft || entryLeft == entry;
    }

    /// @dev C107: the last of a member that ever got in line, if it is shared and still there, of this stay, and of
    /// this epoch or one of 16.
    function joinable(uint256 validator) internal view returns (uint256) {
        for (uint256 i = tickets.length - 1; i > 0; --i) {
            Ticket storage t = tickets[i];
            if (t.validator != validator || !t.lined) continue;
            bool lives = t.shared && isOpen(i) && t.stay == validators[validator].departures.length;
            return lives && (t.asked == epoch || openOf(validator, true) >= 16) ? i : 0;
        }
        return 0;
    }

    function lineDown(uint256 ticket) internal {
        tickets[ticket].lined = true;
        due.push(ticket);
    }

    function lineUp(uint256 validator) internal {
        Validator storage v = validators[validator];
        if (v.up == 0 || v.turn != 0 || downOf(validator) != 0) return;
        v.turn = v.up;
        rising.push(validator);
    }

    function dropUp(uint256 validator, uint64 fall) internal returns (uint64 neverServed) {
        Validator storage v = validators[validator];
        neverServed = fall < v.up ? fall : v.up;
        v.up -= neverServed;
        if (v.turn > v.up) v.turn = v.up;
        if (v.up == 0) takeOut(rising, validator);
    }

    function newTicket(uint256 validator, uint64 left) internal returns (uint256) {
        uint256 stay = validators[validator].departures.length;
        tickets.push(Ticket(validator, left, epoch, 0, stay, false, false, false, false));
        return tickets.length - 1;
    }
}
