// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {ProposalsFixture} from "./ProposalsFixture.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";
import {IStakeGovernor} from "../../src/interfaces/IStakeGovernor.sol";

/// @dev C164.
contract CancelByGuardianTest is ProposalsFixture {
    function test_RevertIf_TheCallerIsNotTheGuardian() external {
        Draft memory made = liftsAllowList();
        pass(made);
        bytes32 hash = keccak256(bytes(made.description));
        vm.expectRevert(abi.encodeWithSelector(IAdmission.NotGuardian.selector, accountOf(0)));
        vm.prank(accountOf(0));
        governor.cancelByGuardian(made.targets, made.values, made.calls, hash);
    }

    /// @dev C162.
    function test_RevertIf_TheMandateIsOver() external {
        toEpoch(MANDATE_END - 3);
        Draft memory made = liftsAllowList();
        pass(made);
        toEpoch(MANDATE_END);
        refuses(made, abi.encodeWithSelector(IAdmission.MandateOver.selector, MANDATE_END, MANDATE_END));
    }

    /// @dev What is voted on is the voters' alone, what is done is done.
    function test_RevertIf_ItIsNotQueued() external {
        Draft memory made = liftsAllowList();
        uint256 id = uint256(keccak256(abi.encode(made.targets, made.values, made.calls, keccak256("A proposal"))));
        refuses(made, abi.encodeWithSelector(IGovernor.GovernorNonexistentProposal.selector, id));
        propose(made);
        refusesState(made, id, IGovernor.ProposalState.Pending);
        mine(DELAY + 1);
        refusesState(made, id, IGovernor.ProposalState.Active);
        vote(id, 0, FOR);
        mine(PERIOD);
        refusesState(made, id, IGovernor.ProposalState.Succeeded);
        queue(made);
        mine(TIMELOCK / 12);
        execute(made);
        refusesState(made, id, IGovernor.ProposalState.Executed);
    }

    /// @dev Whatever the call of it, and however often it is made.
    function test_RevertIf_ItOnlyReplacesTheGuardian() external {
        Draft memory made = replacesGuardian();
        uint256 id = pass(made);
        refuses(made, abi.encodeWithSelector(IStakeGovernor.ReplacesGuardian.selector, id));
        made = draft(address(admission), abi.encodeCall(IAdmission.setGuardian, (address(0), 0)));
        add(made, address(admission), abi.encodeCall(IAdmission.setGuardian, (STRANGER, 60)));
        id = pass(made);
        refuses(made, abi.encodeWithSelector(IStakeGovernor.ReplacesGuardian.selector, id));
        mine(TIMELOCK / 12);
        execute(made);
    }

    /// @dev Its own end does not cover for anything else.
    function test_CancelByGuardian_WhenItDoesMoreThanThat() external {
        Draft memory made = replacesGuardian();
        add(made, address(admission), abi.encodeCall(IAdmission.setAllowList, (0)));
        uint256 id = pass(made);
        cancelAsGuardian(made);
        stands(id, IGovernor.ProposalState.Canceled);
    }

    /// @dev It is gone from the timelock, too, also after its delay.
    function test_CancelByGuardian_IsForGood() external {
        Draft memory made = liftsAllowList();
        uint256 id = pass(made);
        mine(TIMELOCK / 12);
        vm.expectEmit(address(governor));
        emit IStakeGovernor.CanceledByGuardian(id, GUARDIAN);
        cancelAsGuardian(made);
        stands(id, IGovernor.ProposalState.Canceled);
        bytes32 salt = bytes20(address(governor)) ^ keccak256(bytes(made.description));
        bytes32 operation = timelock.hashOperationBatch(made.targets, made.values, made.calls, bytes32(0), salt);
        assertFalse(timelock.isOperation(operation));
        refusesState(made, id, IGovernor.ProposalState.Canceled);
        assertEq(abi.encode(admission.spent()), abi.encode(IAdmission.Spent(0, 0, 1)));
    }

    /// @dev Two in a period of twenty epochs; who votes three times in it has its way.
    function test_RevertIf_ItCancelsTooMuch() external {
        Draft memory made = liftsAllowList();
        for (uint256 i = 0; i < 2; ++i) {
            made.description = vm.toString(i);
            pass(made);
            cancelAsGuardian(made);
        }
        made.description = "third";
        uint256 id = pass(made);
        refuses(made, abi.encodeWithSelector(IAdmission.TooManyCancellations.selector, 0, 2));
        stands(id, IGovernor.ProposalState.Queued);
        mine(TIMELOCK / 12);
        execute(made);
    }

    function refusesState(Draft memory made, uint256 id, IGovernor.ProposalState actual) private {
        bytes32 queued = bytes32(1 << uint8(IGovernor.ProposalState.Queued));
        refuses(made, abi.encodeWithSelector(IGovernor.GovernorUnexpectedProposalState.selector, id, actual, queued));
    }

    function refuses(Draft memory made, bytes memory reason) private {
        vm.expectRevert(reason);
        cancelAsGuardian(made);
    }
}
