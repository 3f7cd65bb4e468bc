// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Fixture} from "../Fixture.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

contract EpochsTest is Fixture {
    /// @dev C1.
    function test_RevertWhen_TheBlockLiesBeforeTheStart() external {
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.BlockBeforeStart.selector, START - 1, START));
        staking.epochOf(START - 1);
    }

    function test_RevertWhen_TheEpochNumberExceeds64Bits() external {
        uint256 blockNumber = firstBlock(type(uint64).max) + LENGTH;
        assertEq(staking.epochOf(blockNumber - 1), type(uint64).max);
        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 64, uint256(type(uint64).max) + 1)
        );
        staking.epochOf(blockNumber);
    }

    /// @dev C1.
    function test_ItCountsFromTheStartBlockOn() external {
        assertEq(staking.epochOf(START), 0);
        assertEq(staking.epochOf(START + LENGTH - 1), 0);
        assertEq(staking.epochOf(START + LENGTH), 1);
        vm.roll(firstBlock(9) + LENGTH - 1);
        assertEq(staking.currentEpoch(), 9);
        vm.roll(firstBlock(10));
        assertEq(staking.currentEpoch(), 10);
    }

    /// @dev C1.
    function testFuzz_EpochsAreOfEqualLength(uint64 epoch, uint64 offset) external view {
        assertEq(staking.epochOf(firstBlock(epoch) + offset % LENGTH), epoch);
    }

    /// @dev C3.
    function test_RevertWhen_TheEpochIsLaterThanTheNextOne() external {
        rollToEpoch(3);
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.EpochNotFixed.selector, 5, 4));
        staking.setOf(5);
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.EpochNotFixed.selector, type(uint64).max, 4));
        staking.powerOf(operatorOf(0), type(uint64).max);
        assertEq(staking.setOf(4).length, 4);
        assertEq(staking.powerOf(operatorOf(0), 4), 30e9);
    }

    function test_ItListsTheTakenPlacesInOrder() external {
        leave(0);
        leave(2);
        register(4, 4 ether);
        topUp(3, 1 ether);
        rollToEpoch(1);
        IRotaStaking.Member[] memory members = staking.setOf(2);
        assertEq(members.length, 3);
        assertMember(members[0], 0, 4, 4e9);
        assertMember(members[1], 1, 1, 27e9);
        assertMember(members[2], 3, 3, 21e9);
    }

    /// @dev C3.
    function test_ItAnswersForEveryPastEpoch() external {
        // A change of one place in each of 40 epochs: the history is searched, not walked.
        for (uint64 epoch = 0; epoch < 40; ++epoch) {
            rollToEpoch(epoch);
            topUp(1, 1 ether);
        }
        for (uint64 epoch = 0; epoch < 41; ++epoch) {
            uint64 added = epoch < 2 ? 0 : (epoch - 1) * 1e9;
            assertEq(staking.powerOf(operatorOf(1), epoch), 27e9 + added);
            assertMember(staking.setOf(epoch)[1], 1, 1, 27e9 + added);
        }
    }

    function test_ItGivesNoPowerToStrangers() external {
        assertEq(staking.powerOf(address(0), 0), 0);
        assertEq(staking.powerOf(operatorOf(9), 0), 0);
        assertEq(staking.powerOf(withdrawalOf(0), 0), 0);
        leave(0);
        rollToEpoch(2);
        assertEq(staking.powerOf(address(0), 2), 0, "the holder of a free place");
    }
}
