// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev The sets as the stakes see them: a target for each validator, and tickets that are served at once, or, while
/// `busy`, when the test says so. Of one validator, none is served before an earlier one.
contract SetsMock {
    struct Ticket {
        address validator;
        uint64 units;
        uint64 servedUntil;
    }

    uint64 public currentEpoch;
    uint64 public lastTicket;
    bool public busy;
    mapping(address validator => uint64) public target;
    mapping(address validator => bool) public seeded;
    mapping(address validator => bool) public removed;
    mapping(address validator => bool) public seated;
    mapping(uint64 ticket => Ticket) public tickets;

    function setEpoch(uint64 epoch) external {
        currentEpoch = epoch;
    }

    function setBusy(bool busy_) external {
        busy = busy_;
    }

    /// @dev A slashed last member keeps its place.
    function setSeated(address validator, bool seated_) external {
        seated[validator] = seated_;
    }

    /// @dev All of the ticket is lowered in this epoch.
    function serve(uint64 ticket) external {
        tickets[ticket].servedUntil = currentEpoch + 2;
    }

    function seed(address validator, uint64 power) external {
        require(currentEpoch == 0 && power > 0, "seed");
        target[validator] = power;
        seeded[validator] = true;
    }

    function raise(address validator, uint64 target_) external {
        require(!removed[validator], "raise");
        if (target_ < target[validator]) lower(validator, target_);
        else target[validator] = target_;
    }

    function lower(address validator, uint64 target_) public returns (uint64 ticket) {
        require(!removed[validator], "lower");
        if (target_ > target[validator]) target[validator] = target_;
        ticket = ++lastTicket;
        uint64 units = target[validator] - target_;
        bool waits = (busy && units != 0) || serves(validator);
        tickets[ticket] = Ticket(validator, units, waits ? type(uint64).max : currentEpoch + 2);
        target[validator] = target_;
    }

    function raiseShared(address validator, uint64 target_) external {
        this.raise(validator, target_);
    }

    function lowerShared(address validator, uint64 target_) external returns (uint64 ticket) {
        return lower(validator, target_);
    }

    function revoke(uint64 ticket, uint64 most) external {
        Ticket storage revoked = tickets[ticket];
        require(revoked.servedUntil != 0 && !removed[revoked.validator], "revoke");
        if (revoked.servedUntil == type(uint64).max) {
            if (target[revoked.validator] + revoked.units > most) return;
            target[revoked.validator] += revoked.units;
        }
        delete tickets[ticket];
    }

    function remove(address validator) external {
        require(!removed[validator], "remove");
        removed[validator] = true;
        target[validator] = 0;
        for (uint64 ticket = 1; ticket <= lastTicket; ++ticket) {
            Ticket storage open = tickets[ticket];
            if (open.validator == validator && open.servedUntil > currentEpoch + 2) {
                open.servedUntil = currentEpoch + 2;
            }
        }
    }

    function servedUntil(uint64 ticket) external view returns (uint64) {
        require(tickets[ticket].servedUntil != 0, "no such ticket");
        return tickets[ticket].servedUntil;
    }

    function powerOf(address validator, uint64 epoch) external view returns (uint64) {
        require(epoch <= currentEpoch + 1, "not fixed");
        return seated[validator] ? 1 : 0;
    }

    /// @dev Whether an earlier ticket still serves.
    function serves(address validator) private view returns (bool) {
        for (uint64 ticket = 1; ticket < lastTicket; ++ticket) {
            Ticket memory open = tickets[ticket];
            if (open.validator == validator && open.servedUntil == type(uint64).max) return true;
        }
        return false;
    }
}

/// @dev A registry that believes everybody.
contract RegistryMock {
    error Registered(address validator);

    mapping(address validator => address) public operatorOf;
    mapping(address validator => address) public withdrawalOf;

    function create(
        address validator,
        IValidatorRegistry.Registration calldata registration,
        IValidatorRegistry.Possession calldata
    ) external {
        if (operatorOf[validator] != address(0)) {
            revert Registered(validator);
        }
        operatorOf[validator] = validator;
        withdrawalOf[validator] = registration.withdrawal;
    }

    function setOperator(address validator, address operator) external {
        operatorOf[validator] = operator;
    }
}

/// @dev A token that keeps a part of every transfer when told to.
contract FeeToken is ERC20("Fee", "FEE") {
    bool public charging;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setCharging(bool charging_) external {
        charging = charging_;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (charging && from != address(0) && to != address(0)) super._update(to, address(0), value / 100);
    }
}

/// @dev A token that calls somebody in the middle of every transfer, before the balances change or after.
contract HookToken is ERC20("Hook", "HOOK") {
    address public target;
    bytes public call;
    bool public last;
    bytes public answer;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setHook(address target_, bytes calldata call_, bool last_) external {
        (target, call, last) = (target_, call_, last_);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (!last) _hook();
        super._update(from, to, value);
        if (last) _hook();
    }

    function _hook() private {
        if (target == address(0)) return;
        address called = target;
        target = address(0);
        (bool done, bytes memory answer_) = called.call(call);
        require(!done, "the hook was let through");
        answer = answer_;
    }
}

/// @dev A token of the old kind: no return values, no permits, refuses to move nothing.
contract OldToken {
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        require(amount > 0, "nothing to move");
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}
