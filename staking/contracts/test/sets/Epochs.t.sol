// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEpochs} from "../../src/interfaces/IEpochs.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {ValidatorSets} from "../../src/ValidatorSets.sol";
import {Wiring} from "../../src/Wiring.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev C30: epochs, and what a deployment needs.
contract SetsEpochsTest is SetsFixture {
    function test_Constructor_WhenEverythingIsInOrder() external view {
        assertEq(sets.startBlock(), START);
        assertEq(sets.epochLength(), LENGTH);
        assertEq(sets.PLACES(), 128);
        assertEq(address(sets.parameters()), address(parameters));
        assertEq(sets.registry(), address(this));
        assertEq(sets.stakes(), address(this));
    }

    function test_RevertIf_TheEpochIsTooShortOrTooLong() external {
        vm.expectRevert(abi.encodeWithSelector(IEpochs.EpochLengthOutOfRange.selector, 31, 32, 7200));
        deployWith(START, 31);
        vm.expectRevert(abi.encodeWithSelector(IEpochs.EpochLengthOutOfRange.selector, 7201, 32, 7200));
        deployWith(START, 7201);
        deployWith(START, 32);
        deployWith(START, 7200);
    }

    function test_RevertIf_DeployedOutsideOfEpoch0() external {
        vm.expectRevert(abi.encodeWithSelector(IEpochs.NotInFirstEpoch.selector, START, START + 1, LENGTH));
        deployWith(START + 1, LENGTH);
        vm.roll(START + LENGTH);
        vm.expectRevert(abi.encodeWithSelector(IEpochs.NotInFirstEpoch.selector, START + LENGTH, START, LENGTH));
        deployWith(START, LENGTH);
        vm.roll(START + LENGTH - 1);
        deployWith(START, LENGTH);
    }

    function test_RevertIf_WiredForAnotherAddress() external {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NotAtWiredAddress.selector, address(1), next));
        new ValidatorSets(wiringFor(address(1)), START, LENGTH);
    }

    function test_RevertIf_AnAddressIsMissing() external {
        Wiring memory wiring = wiringFor(nextAddress());
        wiring.parameters = address(0);
        vm.expectRevert(IValidatorSets.ZeroAddress.selector);
        new ValidatorSets(wiring, START, LENGTH);

        wiring = wiringFor(nextAddress());
        wiring.registry = address(0);
        vm.expectRevert(IValidatorSets.ZeroAddress.selector);
        new ValidatorSets(wiring, START, LENGTH);

        wiring = wiringFor(nextAddress());
        wiring.stakes = address(0);
        vm.expectRevert(IValidatorSets.ZeroAddress.selector);
        new ValidatorSets(wiring, START, LENGTH);
    }

    function testFuzz_EpochOf(uint64 blocks) external {
        assertEq(sets.epochOf(START + uint256(blocks)), blocks / LENGTH);
        vm.roll(START + uint256(blocks));
        assertEq(sets.currentEpoch(), blocks / LENGTH);
    }

    function test_RevertIf_TheBlockLiesBeforeTheStart() external {
        vm.expectRevert(abi.encodeWithSelector(IEpochs.BlockBeforeStart.selector, START - 1, START));
        sets.epochOf(START - 1);
    }

    function deployWith(uint64 startBlock, uint64 epochLength) private {
        new ValidatorSets(wiringFor(nextAddress()), startBlock, epochLength);
    }

    function nextAddress() private view returns (address) {
        return vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
    }
}
