// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {Neighbours} from "./Neighbours.sol";
import {SetsMock} from "./Mocks.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

/// @dev suspend, resume (C109), expel (C110), and who is admitted (C112).
contract StakesSuspendTest is StakesFixture {
    function testFuzz_RevertIf_TheCallerMayNot(address caller) external {
        vm.assume(caller != address(neighbours) && caller != EXPULSIONS);
        vm.startPrank(caller);
        vm.expectRevert(abi.encodeWithSelector(IDelegation.NotRewards.selector, caller));
        stakes.suspend(validatorOf(0));
        vm.expectRevert(abi.encodeWithSelector(IDelegation.NotExpulsions.selector, caller));
        stakes.expel(validatorOf(0));
        vm.stopPrank();
    }

    function test_RevertIf_TheValidatorIsUnknownOrSlashed() external {
        slash(0, 1);
        bytes4[2] memory selectors = [IStakeManager.NotRegistered.selector, IStakeManager.AlreadySlashed.selector];
        address[2] memory validators = [validatorOf(4), validatorOf(0)];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory refusal = abi.encodeWithSelector(selectors[i], validators[i]);
            vm.prank(address(neighbours));
            vm.expectRevert(refusal);
            stakes.suspend(validators[i]);
            vm.prank(EXPULSIONS);
            vm.expectRevert(refusal);
            stakes.expel(validators[i]);
            vm.expectRevert(refusal);
            stakes.resume(validators[i]);
        }
    }

    /// @dev C109: no power, all of its stake.
    function test_Suspend_WhenAllIsWell() external {
        delegate(ALICE, 0, 5000 ether);
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.raiseShared, (validatorOf(0), 0)));
        vm.expectEmit(address(stakes));
        emit IDelegation.ValidatorSuspended(validatorOf(0));
        suspend(0);
        assertTrue(stakeOf(0).suspended);
        assertEq(stakeOf(0).assets, 35_000 ether);
        assertEq(neighbours.votesOf(ALICE), 5000 ether);
        assertBooksBalance();
        vm.prank(address(neighbours));
        vm.expectRevert(abi.encodeWithSelector(IDelegation.Suspended.selector, validatorOf(0)));
        stakes.suspend(validatorOf(0));
    }

    /// @dev C109: what the owner does meanwhile gives no power, and refresh neither.
    function test_Suspend_NothingGivesItPower() external {
        suspend(0);
        topUp(0, 10 ether);
        stakes.refresh(validatorOf(0));
        uint64 id = unbond(0, 100 ether);
        cancel(0, id);
        uint64 all = exit(0);
        cancel(0, all);
        assertEq(sets.target(validatorOf(0)), 0);
        assertEq(stakeOf(0).own, 30_010 ether);
        assertBooksBalance();
    }

    /// @dev C109: by its operator or owner, not before the rewards say.
    function test_Resume_WhenItIsTime() external {
        delegate(ALICE, 0, 5000 ether);
        suspend(0);
        skipEpochs(2);
        neighbours.setMayResumeFrom(validatorOf(0), 3);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotOwnerNorOperator.selector, validatorOf(0), STRANGER));
        stakes.resume(validatorOf(0));
        vm.startPrank(withdrawalOf(0));
        vm.expectRevert(abi.encodeWithSelector(IDelegation.NotResumable.selector, validatorOf(0), 2, 3));
        stakes.resume(validatorOf(0));
        skipEpochs(1);
        vm.expectEmit(address(stakes));
        emit IDelegation.ValidatorResumed(validatorOf(0));
        stakes.resume(validatorOf(0));
        vm.stopPrank();
        assertEq(sets.target(validatorOf(0)), 35_000e9);
        assertBooksBalance();
        vm.prank(validatorOf(0));
        vm.expectRevert(abi.encodeWithSelector(IDelegation.NotSuspended.selector, validatorOf(0)));
        stakes.resume(validatorOf(0));
        suspend(0);
        vm.prank(validatorOf(0));
        stakes.resume(validatorOf(0));
    }

    /// @dev C110: all of its own bond leaves, and nothing brings it back.
    function test_Expel_WhenItIsAMember() external {
        delegate(ALICE, 0, 5000 ether);
        uint64 part = unbond(0, 10_000 ether);
        vm.expectEmit(address(stakes));
        emit IDelegation.ValidatorExpelled(validatorOf(0));
        vm.expectEmit(address(stakes));
        emit IStakeManager.UnbondingBegun(2, validatorOf(0), 20_000 ether, 0, 2, DELAY);
        expel(0);
        assertTrue(stakeOf(0).expelled);
        assertEq(stakeOf(0).own, 0);
        assertEq(stakeOf(0).bonded, 5000 ether);
        assertEq(neighbours.votesOf(withdrawalOf(0)), 0);
        bytes memory refusal = abi.encodeWithSelector(IDelegation.Expelled.selector, validatorOf(0));
        vm.startPrank(withdrawalOf(0));
        vm.expectRevert(refusal);
        stakes.cancel(part);
        vm.expectRevert(refusal);
        stakes.cancel(2);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.Exited.selector, validatorOf(0)));
        stakes.topUp(validatorOf(0), 1);
        vm.prank(EXPULSIONS);
        vm.expectRevert(refusal);
        stakes.expel(validatorOf(0));
        skipEpochs(2 + DELAY);
        stakes.withdraw(2);
        assertEq(token.balanceOf(withdrawalOf(0)), 20_000 ether);
        assertBooksBalance();
    }

    /// @dev C110: who leaves before the vote is done cannot come back after it.
    function test_Expel_WhenItIsLeaving() external {
        uint64 id = exit(0);
        expel(0);
        assertEq(stakes.lastUnbonding(), id);
        vm.prank(withdrawalOf(0));
        vm.expectRevert(abi.encodeWithSelector(IDelegation.Expelled.selector, validatorOf(0)));
        stakes.cancel(id);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        assertBooksBalance();
    }

    /// @dev C109, C110: a suspension neither hides nor ends it.
    function test_Expel_WhenItIsSuspended() external {
        suspend(0);
        expel(0);
        vm.prank(validatorOf(0));
        stakes.resume(validatorOf(0));
        assertEq(sets.target(validatorOf(0)), 0);
        assertBooksBalance();
    }

    /// @dev C112: registrations alone.
    function test_RevertIf_TheValidatorIsNotAdmitted() external {
        neighbours.setShutOut(validatorOf(4));
        neighbours.setShutOut(validatorOf(0));
        fund(validatorOf(4), MINIMUM);
        vm.startPrank(validatorOf(4));
        vm.expectRevert(abi.encodeWithSelector(Neighbours.ShutOut.selector, validatorOf(4)));
        stakes.register(registrationOf(4), possession(), MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(Neighbours.ShutOut.selector, validatorOf(4)));
        stakes.registerWithPermit(registrationOf(4), possession(), MINIMUM, 0, 0, 0, 0);
        vm.stopPrank();
        topUp(0, 1 ether);
        delegate(ALICE, 0, 1 ether);
        register(5, MINIMUM);
    }
}
