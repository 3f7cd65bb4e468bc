// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev What halmos offers tests besides forge's calls.
interface IHalmos {
    /// @dev Any call of any function of a contract, with any arguments.
    function createCalldata(string memory contractName) external pure returns (bytes memory);
}

/// @dev Everything around the contract that is proven something of: it answers what the proof says, and does nothing.
contract Answers {
    address public constant VALIDATOR = address(0xA0001);
    address public constant WITHDRAWAL = address(0xB0001);
    address public constant OPERATOR = address(0xC0001);
    bytes32 public constant KEY = bytes32(uint256(0xCE4));

    uint64 public currentEpoch;
    uint64 public rollupChainId = 7682;
    uint64 public evidenceEpochs = 8;
    uint128 public powerUnit = 1e9;
    uint64 private served = type(uint64).max;
    uint32 private delay;
    uint64 private power = 30;
    bool private yes;
    mapping(bytes32 digest => bool) private signed;
    uint256 public slashes;

    function setEpoch(uint64 epoch) external {
        currentEpoch = epoch;
    }

    function setServed(uint64 served_) external {
        served = served_;
    }

    function setDelay(uint32 delay_) external {
        delay = delay_;
    }

    function setYes() external {
        yes = true;
    }

    function sign(bytes32 digest) external {
        signed[digest] = true;
    }

    // The parameters.

    function values() external view returns (IStakingParameters.Values memory) {
        return IStakingParameters.Values(1000e18, 100_000e18, delay, 2, 8, 4, 1250, 1250, 500, address(0xdead));
    }

    // The registry.

    function create(address, IValidatorRegistry.Registration calldata, IValidatorRegistry.Possession calldata)
        external {}

    function withdrawalOf(address) external pure returns (address) {
        return WITHDRAWAL;
    }

    function operatorOf(address) external pure returns (address) {
        return OPERATOR;
    }

    // The sets.

    function seed(address, uint64) external {}

    function raise(address, uint64) external {}

    function raiseShared(address, uint64) external {}

    function lowerShared(address, uint64) external pure returns (uint64) {
        return 1;
    }

    function lower(address, uint64) external pure returns (uint64) {
        return 1;
    }

    function revoke(uint64, uint64) external {}

    function remove(address) external {}

    function servedUntil(uint64) external view returns (uint64) {
        return served;
    }

    function powerOf(address, uint64) external pure returns (uint64) {
        return 0;
    }

    function memberOf(uint64, uint8) external view returns (address, bytes32, bytes memory, uint64) {
        return (VALIDATOR, KEY, "", power);
    }

    // Rewards, votes and admission.

    function keepStretch(address, address, uint96, uint32, uint32) external {}

    function mayResumeFrom(address) external pure returns (uint64) {
        return 0;
    }

    function bonded(address, uint128) external {}

    function unbonded(address, uint128) external {}

    function slashed(address, address, uint128) external {}

    function requireAdmitted(address) external pure {}

    // The verifier: whatever the bytes of the signature are.

    function verify(bytes32 key, bytes32 digest, bytes32, bytes32) external view returns (bool) {
        return key == KEY && (yes || signed[digest]);
    }

    // The stakes.

    function slash(address, uint256, address, uint128) external returns (uint128) {
        ++slashes;
        return 0;
    }
}
