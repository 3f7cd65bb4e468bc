// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Wiring} from "./Wiring.sol";
import {IValidatorRegistry} from "./interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title Answers the inbox's three questions about who may append
/// @notice `RotaInbox` asks one address for the submitter of a validator, the current epoch and a member's power (C14).
/// Here the registry knows the first and the sets know the others; this contract passes on what they say, and holds
/// nothing itself (C97).
contract Roster {
    /// @notice Knows the submitters.
    IValidatorRegistry public immutable registry;
    /// @notice Knows the epochs and the members.
    IValidatorSets public immutable sets;

    /// @param wiring The contracts of this deployment
    constructor(Wiring memory wiring) {
        registry = IValidatorRegistry(wiring.registry);
        sets = IValidatorSets(wiring.sets);
    }

    /// @notice The account that appends for a validator; zero for a stranger.
    function submitterOf(address validator) external view returns (address) {
        return registry.submitterOf(validator);
    }

    /// @notice The epoch of the current L1 block.
    function currentEpoch() external view returns (uint64) {
        return sets.currentEpoch();
    }

    /// @notice The power of a validator in the set of an epoch; 0 if it is no member.
    function powerOf(address validator, uint64 epoch) external view returns (uint64) {
        return sets.powerOf(validator, epoch);
    }
}
