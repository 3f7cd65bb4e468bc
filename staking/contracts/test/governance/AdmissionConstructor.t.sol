// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {GovernanceFixture} from "./GovernanceFixture.sol";
import {Admission} from "../../src/Admission.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";

contract AdmissionConstructorTest is GovernanceFixture {
    function test_RevertIf_ItStandsElsewhere() external {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IAdmission.NotAtWiredAddress.selector, address(admission), next));
        new Admission(wiring, admissionConstants(), admissionStart());
    }

    /// @dev C163, C164: both acts are counted over some epochs.
    function test_RevertIf_ThePeriodIsOutOfRange() external {
        IAdmission.Constants memory given = admissionConstants();
        given.periodEpochs = 3;
        refuses(given, abi.encodeWithSelector(IAdmission.PeriodOutOfRange.selector, 3, 4, 8192));
        given.periodEpochs = 8193;
        refuses(given, abi.encodeWithSelector(IAdmission.PeriodOutOfRange.selector, 8193, 4, 8192));
    }

    /// @dev C163: 1,575 epochs of 32 blocks are a week.
    function test_RevertIf_ThePausesAreOutOfRange() external {
        refusesPauses(0, 2, 20);
        refusesPauses(5, 0, 20);
        refusesPauses(5, 3, 29);
        refusesPauses(6, 2, 23);
        refusesPauses(1576, 1, 8192);
        refusesPauses(type(uint32).max, type(uint16).max, 8192);
    }

    /// @dev C164.
    function test_RevertIf_TheCancellationsAreOutOfRange() external {
        IAdmission.Constants memory given = admissionConstants();
        given.cancellations = 0;
        refuses(given, abi.encodeWithSelector(IAdmission.CancellationsOutOfRange.selector, 0, 1, 10));
        given.cancellations = 11;
        refuses(given, abi.encodeWithSelector(IAdmission.CancellationsOutOfRange.selector, 11, 1, 10));
    }

    /// @dev C162: 82,125 epochs of 32 blocks are a year.
    function test_RevertIf_TheMandateIsOutOfRange() external {
        IAdmission.Start memory start = admissionStart();
        start.mandateEnd = 0;
        refuses(start, abi.encodeWithSelector(IAdmission.MandateEndOutOfRange.selector, 0, 1, 82_125));
        start.mandateEnd = 82_126;
        refuses(start, abi.encodeWithSelector(IAdmission.MandateEndOutOfRange.selector, 82_126, 1, 82_125));
        (start.guardian, start.mandateEnd) = (address(0), 1);
        refuses(start, abi.encodeWithSelector(IAdmission.MandateEndOutOfRange.selector, 1, 0, 0));
    }

    function test_RevertIf_TooManyAccountsAreAllowed() external {
        IAdmission.Start memory start = admissionStart();
        start.allowed = new address[](33);
        refuses(start, abi.encodeWithSelector(IAdmission.TooManyAccounts.selector, 33, 32));
    }

    function test_Constructor_KeepsEverything() external view {
        assertEq(admission.governance(), address(timelock));
        assertEq(admission.governor(), address(governor));
        assertEq(address(admission.sets()), address(sets));
        assertEq(admission.maxMandateEpochs(), 82_125);
        assertEq(admission.maxAllowListEpochs(), 20_250);
        assertEq(admission.pauseEpochs(), 4);
        assertEq(admission.periodEpochs(), 20);
        assertEq(admission.pauses(), 2);
        assertEq(admission.cancellations(), 2);
        assertEq(admission.allowListUntil(), type(uint64).max);
        assertTrue(admission.isAllowed(validatorOf(0)));
        assertTrue(admission.isAllowed(validatorOf(1)));
        assertFalse(admission.isAllowed(validatorOf(2)));
        (address account, uint64 mandateEnd) = admission.guardian();
        assertEq(account, GUARDIAN);
        assertEq(mandateEnd, MANDATE_END);
    }

    /// @dev C161, C162, C165: an open network without a guardian, with the longest pause there may be.
    function test_Constructor_TakesNothingAtAll() external {
        IAdmission.Constants memory given = IAdmission.Constants(1575, 3150, 1, 10);
        IAdmission.Start memory start;
        wiring.admission = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectEmit(wiring.admission);
        emit IAdmission.AllowListSet(0);
        vm.expectEmit(wiring.admission);
        emit IAdmission.GuardianSet(address(0), 0);
        Admission open = new Admission(wiring, given, start);
        open.requireAdmitted(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IAdmission.MandateOver.selector, 0, 0));
        vm.prank(address(0));
        open.pause();
    }

    function refusesPauses(uint32 pauseEpochs, uint16 pauses, uint32 periodEpochs) private {
        IAdmission.Constants memory given = IAdmission.Constants(pauseEpochs, periodEpochs, pauses, 2);
        refuses(
            given, abi.encodeWithSelector(IAdmission.PausesOutOfRange.selector, pauseEpochs, pauses, periodEpochs, 1575)
        );
    }

    function refuses(IAdmission.Constants memory given, bytes memory reason) private {
        wiring.admission = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(reason);
        new Admission(wiring, given, admissionStart());
    }

    function refuses(IAdmission.Start memory start, bytes memory reason) private {
        wiring.admission = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(reason);
        new Admission(wiring, admissionConstants(), start);
    }
}
