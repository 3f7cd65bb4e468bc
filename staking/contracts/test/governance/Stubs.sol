// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Epochs} from "../../src/Epochs.sol";
import {StakeVotes} from "../../src/StakeVotes.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev The sets as governance sees them: powers that the test says, for every epoch or from one on.
contract PowersStub is Epochs {
    struct Power {
        uint64 early;
        uint64 late;
        uint64 lateFrom;
        uint64 forming;
    }

    mapping(address validator => Power) private powers;
    Power private total;

    constructor(uint64 startBlock_, uint64 epochLength_) Epochs(startBlock_, epochLength_) {}

    function setPower(address validator, uint64 power) external {
        powers[validator] = Power(power, power, 0, power);
    }

    function setPowers(address validator, Power calldata power) external {
        powers[validator] = power;
    }

    function setTotal(uint64 power) external {
        total = Power(power, power, 0, power);
    }

    function setTotals(Power calldata power) external {
        total = power;
    }

    function powerOf(address validator, uint64 epoch) external view returns (uint64) {
        return at(powers[validator], epoch);
    }

    function totalsOf(uint64 epoch) external view returns (uint128, uint64) {
        return (0, at(total, epoch));
    }

    function seatOf(address validator) external view returns (IValidatorSets.Seat memory seat) {
        seat.power = powers[validator].forming;
    }

    function at(Power memory power, uint64 epoch) private view returns (uint64) {
        if (epoch > currentEpoch() + 1) revert IValidatorSets.EpochNotFixed(epoch, currentEpoch() + 1);
        return epoch < power.lateFrom ? power.early : power.late;
    }
}

/// @dev The stakes as votes and expulsions see them.
contract PositionsStub {
    StakeVotes private votes;
    mapping(address validator => mapping(address account => uint96)) private amounts;
    mapping(address validator => bool) public isSlashed;
    address[] public expelled;

    error NotLive(address validator);

    function setVotes(StakeVotes votes_) external {
        votes = votes_;
    }

    function bond(address validator, address account, uint96 amount) external {
        amounts[validator][account] += amount;
        votes.bonded(account, amount);
    }

    function unbond(address validator, address account, uint96 amount) external {
        amounts[validator][account] -= amount;
        votes.unbonded(account, amount);
    }

    /// @dev The votes of the account that owns the bond fall at once.
    function slash(address validator, address withdrawal) external {
        isSlashed[validator] = true;
        votes.slashed(validator, withdrawal, amounts[validator][withdrawal]);
    }

    /// @dev As a slashed position is paid: told, then gone.
    function release(address validator, address account) external {
        votes.slashed(validator, account, amounts[validator][account]);
        amounts[validator][account] = 0;
    }

    function expel(address validator) external {
        if (isSlashed[validator]) revert NotLive(validator);
        expelled.push(validator);
    }

    function expulsions() external view returns (uint256) {
        return expelled.length;
    }

    function positionOf(address validator, address account) external view returns (IDelegation.Position memory) {
        return IDelegation.Position(amounts[validator][account], 2, 0, 0);
    }
}

/// @dev Rewards that only know whose funding they take.
contract FunderStub {
    address public immutable governance;
    address public funder;

    error NotGovernance(address caller);

    constructor(address governance_) {
        governance = governance_;
    }

    function setFunder(address account) external {
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        funder = account;
    }
}
