// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {GovernanceFixture} from "./GovernanceFixture.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";

contract AdmissionTest is GovernanceFixture {
    /// @dev C161, C162.
    function testFuzz_RevertIf_TheCallerIsNotGovernance(address caller) external {
        vm.assume(caller != address(timelock));
        bytes memory refusal = abi.encodeWithSelector(IAdmission.NotGovernance.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        admission.setAllowList(0);
        vm.expectRevert(refusal);
        admission.setAllowed(new address[](0), true);
        vm.expectRevert(refusal);
        admission.setGuardian(caller, 1);
        vm.stopPrank();
    }

    /// @dev C161.
    function test_RevertIf_TheListIsOnAndTheAccountIsNotOnIt() external {
        admission.requireAdmitted(validatorOf(0));
        refuses(validatorOf(2));
        setAllowed(validatorOf(2), true);
        admission.requireAdmitted(validatorOf(2));
        setAllowed(validatorOf(2), false);
        refuses(validatorOf(2));
        // Until governance lifts it, however long that takes.
        toEpoch(1_000_000);
        refuses(validatorOf(2));
    }

    function test_RevertIf_TooManyAccountsAreSet() external {
        vm.expectRevert(abi.encodeWithSelector(IAdmission.TooManyAccounts.selector, 33, 32));
        asGovernance();
        admission.setAllowed(new address[](33), true);
        asGovernance();
        admission.setAllowed(new address[](32), true);
        assertTrue(admission.isAllowed(address(0)));
    }

    /// @dev C161.
    function test_SetAllowList_LiftsIt() external {
        vm.expectEmit(address(admission));
        emit IAdmission.AllowListSet(0);
        asGovernance();
        admission.setAllowList(0);
        admission.requireAdmitted(STRANGER);
    }

    /// @dev C161: once lifted it ends by itself; 20,250 epochs are 90 days.
    function test_SetAllowList_ReturnsForATimeOnly() external {
        asGovernance();
        admission.setAllowList(0);
        toEpoch(10);
        refusesList(10);
        refusesList(20_261);
        refusesList(type(uint64).max);
        asGovernance();
        admission.setAllowList(20_260);
        refuses(STRANGER);
        admission.requireAdmitted(validatorOf(0));
        toEpoch(20_259);
        refuses(STRANGER);
        toEpoch(20_260);
        admission.requireAdmitted(STRANGER);
    }

    /// @dev C162: the mandate is renewed by governance alone, and for a year at most.
    function test_SetGuardian_ForATimeOnly() external {
        toEpoch(10);
        refusesMandate(10);
        refusesMandate(82_136);
        vm.expectEmit(address(admission));
        emit IAdmission.GuardianSet(STRANGER, 82_135);
        asGovernance();
        admission.setGuardian(STRANGER, 82_135);
        notGuardian(GUARDIAN);
        vm.prank(STRANGER);
        admission.pause();
        vm.expectRevert(abi.encodeWithSelector(IAdmission.MandateEndOutOfRange.selector, 11, 0, 0));
        asGovernance();
        admission.setGuardian(address(0), 11);
        asGovernance();
        admission.setGuardian(address(0), 0);
        notGuardian(STRANGER);
    }

    /// @dev C162.
    function test_RevertIf_TheCallerIsNotTheGuardian() external {
        notGuardian(STRANGER);
        notGuardian(address(timelock));
        notGuardian(address(0));
    }

    /// @dev C162, C163, C164: the last epoch, and the one after it.
    function test_RevertIf_TheMandateIsOver() external {
        toEpoch(MANDATE_END - 1);
        vm.startPrank(GUARDIAN);
        admission.pause();
        admission.unpause();
        vm.stopPrank();
        spend(GUARDIAN);
        toEpoch(MANDATE_END);
        bytes memory refusal = abi.encodeWithSelector(IAdmission.MandateOver.selector, MANDATE_END, MANDATE_END);
        vm.expectRevert(refusal);
        vm.prank(GUARDIAN);
        admission.pause();
        vm.expectRevert(refusal);
        spend(GUARDIAN);
        asGovernance();
        admission.setGuardian(GUARDIAN, MANDATE_END + 1);
        vm.prank(GUARDIAN);
        admission.pause();
    }

    /// @dev C160, C163: no registration before the end of the pause, also of those on the list; then by itself.
    function test_Pause_EndsByItself() external {
        toEpoch(3);
        vm.expectEmit(address(admission));
        emit IAdmission.Paused(GUARDIAN, 7);
        vm.prank(GUARDIAN);
        admission.pause();
        vm.expectRevert(abi.encodeWithSelector(IAdmission.RegistrationsPaused.selector, 7));
        admission.requireAdmitted(validatorOf(0));
        toEpoch(6);
        vm.expectRevert(abi.encodeWithSelector(IAdmission.RegistrationsPaused.selector, 7));
        admission.requireAdmitted(validatorOf(0));
        toEpoch(7);
        admission.requireAdmitted(validatorOf(0));
        refuses(validatorOf(2));
    }

    /// @dev C163.
    function test_Unpause_EndsIt() external {
        vm.startPrank(GUARDIAN);
        vm.expectRevert(IAdmission.NotPaused.selector);
        admission.unpause();
        admission.pause();
        vm.expectEmit(address(admission));
        emit IAdmission.Paused(GUARDIAN, 0);
        admission.unpause();
        vm.expectRevert(IAdmission.NotPaused.selector);
        admission.unpause();
        vm.stopPrank();
        admission.requireAdmitted(validatorOf(0));
    }

    /// @dev C163: pauses do not add up, and are counted by period, whoever is the guardian.
    function test_RevertIf_ItPausesTooMuch() external {
        vm.startPrank(GUARDIAN);
        admission.pause();
        vm.expectRevert(abi.encodeWithSelector(IAdmission.AlreadyPaused.selector, 4));
        admission.pause();
        vm.stopPrank();
        toEpoch(4);
        vm.prank(GUARDIAN);
        admission.pause();
        toEpoch(8);
        bytes memory refusal = abi.encodeWithSelector(IAdmission.TooManyPauses.selector, 0, 2);
        vm.expectRevert(refusal);
        vm.prank(GUARDIAN);
        admission.pause();
        asGovernance();
        admission.setGuardian(STRANGER, 50);
        toEpoch(19);
        vm.expectRevert(refusal);
        vm.prank(STRANGER);
        admission.pause();
        toEpoch(20);
        vm.prank(STRANGER);
        admission.pause();
        assertEq(admission.pausedUntil(), 24);
        assertEq(abi.encode(admission.spent()), abi.encode(IAdmission.Spent(1, 1, 0)));
    }

    /// @dev C163: at most half of all epochs are closed, however the guardian goes about it.
    function testFuzz_Pause_LeavesHalfOfTheTime(uint256 seed) external {
        asGovernance();
        admission.setGuardian(GUARDIAN, 1000);
        uint256 closed = 0;
        for (uint64 epoch = 0; epoch < 200; ++epoch) {
            toEpoch(epoch);
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 4 != 0) {
                vm.prank(GUARDIAN);
                try admission.pause() {} catch {}
            }
            if (admission.pausedUntil() > epoch) ++closed;
        }
        assertLe(closed, 100);
    }

    /// @dev C164.
    function test_RevertIf_ItCancelsTooMuch() external {
        vm.expectRevert(abi.encodeWithSelector(IAdmission.NotGovernor.selector, GUARDIAN));
        vm.prank(GUARDIAN);
        admission.spendCancellation(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IAdmission.NotGuardian.selector, STRANGER));
        spend(STRANGER);

        toEpoch(19);
        spend(GUARDIAN);
        vm.expectEmit(address(admission));
        emit IAdmission.CancellationSpent(GUARDIAN, 0, 2);
        spend(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IAdmission.TooManyCancellations.selector, 0, 2));
        spend(GUARDIAN);
        // Each act has its own count.
        vm.prank(GUARDIAN);
        admission.pause();
        assertEq(abi.encode(admission.spent()), abi.encode(IAdmission.Spent(0, 1, 2)));
        toEpoch(20);
        spend(GUARDIAN);
        assertEq(abi.encode(admission.spent()), abi.encode(IAdmission.Spent(1, 0, 1)));
    }

    function spend(address account) private {
        vm.prank(address(governor));
        admission.spendCancellation(account);
    }

    function setAllowed(address account, bool allowed) private {
        address[] memory accounts = new address[](1);
        accounts[0] = account;
        vm.expectEmit(address(admission));
        emit IAdmission.AllowedSet(account, allowed);
        asGovernance();
        admission.setAllowed(accounts, allowed);
    }

    function refuses(address validator) private {
        vm.expectRevert(abi.encodeWithSelector(IAdmission.NotAllowed.selector, validator));
        admission.requireAdmitted(validator);
    }

    function refusesList(uint64 untilEpoch) private {
        vm.expectRevert(abi.encodeWithSelector(IAdmission.AllowListOutOfRange.selector, untilEpoch, 11, 20_260));
        asGovernance();
        admission.setAllowList(untilEpoch);
    }

    function refusesMandate(uint64 mandateEnd) private {
        vm.expectRevert(abi.encodeWithSelector(IAdmission.MandateEndOutOfRange.selector, mandateEnd, 11, 82_135));
        asGovernance();
        admission.setGuardian(STRANGER, mandateEnd);
    }

    function notGuardian(address caller) private {
        bytes memory refusal = abi.encodeWithSelector(IAdmission.NotGuardian.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        admission.pause();
        vm.expectRevert(refusal);
        admission.unpause();
        vm.stopPrank();
    }
}
