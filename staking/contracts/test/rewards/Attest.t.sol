// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {QuorumForRewards} from "./Mocks.sol";
import {RewardsFixture} from "./RewardsFixture.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

contract AttestTest is RewardsFixture {
    bytes32 private constant ROOT = keccak256("root");

    /// @dev C127 to C130: what was earned is allocated, the rest is free.
    function test_Attest_WhenItsTurnHasCome() external {
        assertEq(rewards.free(), 1_000_000e18);
        say(0, ROOT, MAX_POINTS / 4);
        vm.expectEmit(address(rewards));
        emit IRewards.PeriodAttested(0, ROOT, MAX_POINTS / 4, MAX_POINTS, RATE, RATE / 4);
        rewards.attest(0, ROOT, MAX_POINTS / 4, noQuorum());
        assertEq(rewards.nextPeriod(), 1);
        assertEq(rewards.allocated(), RATE / 4);
        assertEq(rewards.free(), 1_000_000e18 - RATE / 4);
        IRewards.Period memory period = rewards.periodOf(0);
        assertEq(period.root, ROOT);
        assertEq(period.totalPoints, MAX_POINTS / 4);
        assertEq(period.maxPoints, MAX_POINTS);
        assertEq(period.pot, RATE);
        assertEq(period.broughtPoints, 0);
        assertEq(rewards.periodOf(1).maxPoints, 0);
    }

    /// @dev C130: a pot is never more than what is there and nobody's.
    function test_Attest_WhenTheReserveRunsOut() external {
        vm.prank(FUNDER);
        rewards.setRate(700_000e18);
        attest(0, ROOT, MAX_POINTS);
        attest(1, ROOT, MAX_POINTS);
        assertEq(rewards.periodOf(1).pot, 300_000e18);
        attest(2, ROOT, MAX_POINTS);
        assertEq(rewards.periodOf(2).pot, 0);
        stakes.fund(5);
        attest(3, ROOT, MAX_POINTS / 2);
        assertEq(rewards.periodOf(3).pot, 5);
        assertEq(rewards.free(), 3, "what was missed is carried over");
        assertEq(rewards.allocated() + rewards.free(), stakes.rewardReserve());
    }

    /// @dev C129: the rate is that of the attestation; C128: powers are those of the epochs.
    function test_Attest_WhenRateOrPowersChange() external {
        vm.prank(FUNDER);
        rewards.setRate(8);
        sets.setPower(B, 5, 7, 0);
        attest(0, ROOT, 0);
        attest(1, ROOT, 0);
        assertEq(rewards.periodOf(0).pot, 8);
        assertEq(rewards.periodOf(0).maxPoints, MAX_POINTS);
        assertEq(rewards.periodOf(1).maxPoints, MAX_POINTS - 140e6);
    }

    /// @dev C127: also what nobody earned anything in.
    function test_Attest_WhenNothingHappened() external {
        attest(0, 0, 0);
        assertEq(rewards.allocated(), 0);
        assertEq(rewards.nextPeriod(), 1);
    }

    /// @dev C130: books are kept in 96 bits, however much is given.
    function test_Attest_WhenMoreIsThereThanCanBeAllocated() external {
        vm.mockCall(address(stakes), abi.encodeCall(stakes.rewardReserve, ()), abi.encode(type(uint128).max));
        vm.prank(FUNDER);
        rewards.setRate(type(uint96).max);
        attest(0, ROOT, MAX_POINTS);
        attest(1, ROOT, MAX_POINTS);
        assertEq(rewards.allocated(), type(uint96).max);
        assertEq(rewards.periodOf(1).pot, 0);
    }

    /// @dev C127.
    function test_RevertWhen_ItIsNotItsTurn() external {
        say(1, ROOT, 0);
        vm.expectRevert(abi.encodeWithSelector(IRewards.WrongPeriod.selector, 1, 0));
        rewards.attest(1, ROOT, 0, noQuorum());
        attest(0, ROOT, 0);
        vm.expectRevert(abi.encodeWithSelector(IRewards.WrongPeriod.selector, 0, 1));
        rewards.attest(0, ROOT, 0, noQuorum());
        vm.expectRevert(abi.encodeWithSelector(IRewards.WrongPeriod.selector, type(uint64).max, 1));
        rewards.attest(type(uint64).max, ROOT, 0, noQuorum());
    }

    /// @dev C127: at the last block of its last epoch it is not over.
    function test_RevertWhen_ThePeriodIsNotOver() external {
        say(0, ROOT, 0);
        sets.setEpoch(3);
        vm.expectRevert(abi.encodeWithSelector(IRewards.PeriodNotOver.selector, 0, 3, 4));
        rewards.attest(0, ROOT, 0, noQuorum());
        sets.setEpoch(4);
        rewards.attest(0, ROOT, 0, noQuorum());
    }

    /// @dev C130.
    function test_RevertWhen_ThereAreMorePointsThanPower() external {
        say(0, ROOT, MAX_POINTS + 1);
        vm.expectRevert(abi.encodeWithSelector(IRewards.TotalPointsTooHigh.selector, MAX_POINTS + 1, MAX_POINTS));
        rewards.attest(0, ROOT, MAX_POINTS + 1, noQuorum());
    }

    /// @dev C130.
    function test_RevertWhen_PointsHaveNoLeaves() external {
        say(0, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IRewards.PointsWithoutLeaves.selector, 1));
        rewards.attest(0, 0, 1, noQuorum());
    }

    /// @dev C128: kind, index, content and epoch are asked for as they are.
    function test_RevertWhen_TheQuorumSaysSomethingElse() external {
        endPeriod(0);
        bytes32 content = keccak256(abi.encode(ROOT, uint96(5)));
        attestations.say(2, 0, content, 3);
        refused();
        attestations.say(1, 1, content, 3);
        refused();
        attestations.say(1, 0, keccak256(abi.encode(ROOT, uint96(6))), 3);
        refused();
        attestations.say(1, 0, content, 4);
        refused();
        attestations.say(1, 0, content, 3);
        rewards.attest(0, ROOT, 5, noQuorum());
    }

    function refused() private {
        vm.expectRevert(QuorumForRewards.NotSaid.selector);
        rewards.attest(0, ROOT, 5, noQuorum());
    }
}
