// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev Stands for rewards, votes and admission as the stakes see them: it lets everybody in, and keeps what it is
/// told. Of the votes of an account it keeps a list, as the real ones do, so that it costs about what they cost.
contract Neighbours {
    struct Stretch {
        address validator;
        address account;
        uint96 amount;
        uint32 fromEpoch;
        uint32 untilEpoch;
    }

    error ShutOut(address validator);

    Stretch[] public stretches;
    /// The sum of all stretches of a position, in token units times epochs.
    mapping(address validator => mapping(address account => uint256)) public keptOf;
    mapping(address account => uint256[]) private checkpoints;
    mapping(address validator => mapping(address account => bool)) public dropped;
    mapping(address validator => uint64) public mayResumeFrom;
    mapping(address validator => bool) public shutOut;

    // What tests set.

    function setMayResumeFrom(address validator, uint64 epoch) external {
        mayResumeFrom[validator] = epoch;
    }

    function setShutOut(address validator) external {
        shutOut[validator] = true;
    }

    // The admission.

    function requireAdmitted(address validator) external view {
        if (shutOut[validator]) revert ShutOut(validator);
    }

    // The rewards.

    function keepStretch(address validator, address account, uint96 amount, uint32 fromEpoch, uint32 untilEpoch)
        external
    {
        require(amount != 0 && fromEpoch < untilEpoch, "an empty stretch");
        stretches.push(Stretch(validator, account, amount, fromEpoch, untilEpoch));
        keptOf[validator][account] += uint256(amount) * (untilEpoch - fromEpoch);
    }

    function stretchCount() external view returns (uint256) {
        return stretches.length;
    }

    // The votes.

    function bonded(address account, uint128 amount) external {
        checkpoints[account].push(votesOf(account) + amount);
    }

    function unbonded(address account, uint128 amount) external {
        checkpoints[account].push(votesOf(account) - amount);
    }

    function slashed(address validator, address account, uint128 amount) external {
        if (dropped[validator][account]) return;
        dropped[validator][account] = true;
        checkpoints[account].push(votesOf(account) - amount);
    }

    function votesOf(address account) public view returns (uint256) {
        uint256[] storage list = checkpoints[account];
        return list.length == 0 ? 0 : list[list.length - 1];
    }
}
