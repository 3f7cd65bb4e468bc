// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {RotaInbox} from "../../src/RotaInbox.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev Stands for the registry: who submits for whom.
contract RegistryMock {
    mapping(address validator => address) public submitterOf;

    function setSubmitter(address validator, address submitter) external {
        submitterOf[validator] = submitter;
    }
}

/// @dev Stands for the sets: epochs of 32 blocks from block 100 on, and powers by epoch.
contract SetsMock {
    mapping(address validator => mapping(uint64 epoch => uint64)) public powerOf;

    function setPower(address validator, uint64 epoch, uint64 power) external {
        powerOf[validator][epoch] = power;
    }

    function currentEpoch() external view returns (uint64) {
        return uint64((block.number - 100) / 32);
    }
}

/// @dev Four members of epochs 0 and 1, each with a submitter of its own, at L1 block 100.
abstract contract InboxFixture is Test {
    uint64 internal constant START = 100;
    uint64 internal constant LENGTH = 32;

    RegistryMock internal registry;
    SetsMock internal sets;
    RotaInbox internal inbox;

    function setUp() public virtual {
        vm.roll(START);
        registry = new RegistryMock();
        sets = new SetsMock();
        inbox = new RotaInbox(IValidatorRegistry(address(registry)), IValidatorSets(address(sets)));
        for (uint256 index = 0; index < 4; ++index) {
            registry.setSubmitter(operatorOf(index), submitterOf(index));
            for (uint64 epoch = 0; epoch < 2; ++epoch) {
                sets.setPower(operatorOf(index), epoch, 10);
            }
        }
    }

    function operatorOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xA0000 + index));
    }

    function submitterOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xC0000 + index));
    }

    /// @dev The first L1 block of an epoch.
    function firstBlock(uint64 epoch) internal pure returns (uint256) {
        return uint256(START) + uint256(epoch) * LENGTH;
    }

    function rollToEpoch(uint64 epoch) internal {
        vm.roll(firstBlock(epoch));
    }
}
