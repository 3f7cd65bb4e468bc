// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {TestToken} from "../../src/TestToken.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev The sets as rewards see them: powers by epoch, that of the epoch before where none was said.
contract SetsForRewards {
    uint64 public currentEpoch;
    mapping(address validator => mapping(uint64 epoch => uint64)) public powerOf;
    mapping(uint64 epoch => uint64) private _totals;
    mapping(address validator => IValidatorSets.Seat) private _seats;

    function setEpoch(uint64 epoch) external {
        currentEpoch = epoch;
    }

    function setPower(address validator, uint64 fromEpoch, uint64 endEpoch, uint64 power) external {
        for (uint64 epoch = fromEpoch; epoch < endEpoch; ++epoch) {
            _totals[epoch] = _totals[epoch] - powerOf[validator][epoch] + power;
            powerOf[validator][epoch] = power;
        }
    }

    function setSeat(address validator, IValidatorSets.State state, uint64 target) external {
        (_seats[validator].state, _seats[validator].target) = (state, target);
    }

    function seatOf(address validator) external view returns (IValidatorSets.Seat memory) {
        return _seats[validator];
    }

    function totalsOf(uint64 epoch) external view returns (uint128, uint64) {
        require(epoch <= currentEpoch + 1, "not fixed");
        return (0, _totals[epoch]);
    }
}

/// @dev The stakes as rewards see them: positions, sums and tokens as the rules of the stakes say, without any of what
/// else they do.
contract StakesForRewards {
    using Checkpoints for Checkpoints.Trace224;

    error Refused();

    TestToken public token;
    SetsForRewards public sets;
    IRewards private _rewards;
    uint128 public rewardReserve;
    address[] public suspended;
    bool public refuses;
    mapping(address validator => mapping(address account => IDelegation.Position)) private _positions;
    mapping(address validator => Checkpoints.Trace224) private _sums;

    function wire(TestToken token_, SetsForRewards sets_, IRewards rewards_) external {
        (token, sets, _rewards) = (token_, sets_, rewards_);
    }

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    function fund(uint128 amount) external {
        token.mint(address(this), amount);
        rewardReserve += amount;
    }

    function suspend(address validator) external {
        _onlyRewards();
        suspended.push(validator);
        sets.setSeat(validator, IValidatorSets.State.Active, 0);
    }

    function payReward(address account, uint128 amount) external {
        _onlyRewards();
        rewardReserve -= amount;
        token.transfer(account, amount);
    }

    function restakeReward(address validator, address account, uint128 amount) external {
        _onlyRewards();
        rewardReserve -= amount;
        change(validator, account, _positions[validator][account].amount + uint96(amount));
    }

    /// @dev From the epoch after next on, the account has this stake.
    function change(address validator, address account, uint96 amount) public {
        IDelegation.Position storage position = _positions[validator][account];
        uint32 effective = uint32(sets.currentEpoch()) + 2;
        _record(validator, effective, position.amount, amount);
        if (position.since == effective) {
            position.amount = amount;
            return;
        }
        IDelegation.Position memory old = position;
        _positions[validator][account] = IDelegation.Position(amount, effective, old.amount, old.since);
        if (old.previous != 0 && old.previousSince < old.since) {
            _rewards.keepStretch(validator, account, old.previous, old.previousSince, old.since);
        }
    }

    function positionOf(address validator, address account) external view returns (IDelegation.Position memory) {
        return _positions[validator][account];
    }

    function stakeEpochsUntil(address validator, uint64 epoch) external view returns (uint128) {
        Checkpoints.Trace224 storage trace = _sums[validator];
        for (uint256 i = trace.length(); i > 0; --i) {
            Checkpoints.Checkpoint224 memory point = trace.at(uint32(i - 1));
            if (point._key <= epoch) {
                return uint128(point._value) + uint128(point._value >> 128) * (uint128(epoch) - point._key);
            }
        }
        return 0;
    }

    function suspensions() external view returns (uint256) {
        return suspended.length;
    }

    function _record(address validator, uint32 effective, uint96 before, uint96 amount) private {
        (, uint32 key, uint224 last) = _sums[validator].latestCheckpoint();
        uint128 total = uint128(last >> 128);
        uint128 sum = uint128(last) + total * (effective - key);
        total = total - before + amount;
        _sums[validator].push(effective, (uint224(total) << 128) | sum);
    }

    function _onlyRewards() private view {
        require(msg.sender == address(_rewards), "not the rewards");
        if (refuses) revert Refused();
    }
}

contract RegistryForRewards {
    function operatorOf(address validator) external pure returns (address) {
        return address(uint160(validator) + 1);
    }

    function withdrawalOf(address validator) external pure returns (address) {
        return address(uint160(validator) + 2);
    }
}

/// @dev A quorum that says one thing.
contract QuorumForRewards {
    error NotSaid();

    bytes32 private _said;

    function say(uint8 kind, uint64 index, bytes32 content, uint64 aboutEpoch) external {
        _said = keccak256(abi.encode(kind, index, content, aboutEpoch));
    }

    function requireQuorum(
        uint8 kind,
        uint64 index,
        bytes32 content,
        uint64 aboutEpoch,
        IAttestationVerifier.QuorumSignature calldata
    ) external view {
        if (_said != keccak256(abi.encode(kind, index, content, aboutEpoch))) revert NotSaid();
    }
}
