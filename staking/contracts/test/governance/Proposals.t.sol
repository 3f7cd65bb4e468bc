// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {ProposalsFixture} from "./ProposalsFixture.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";
import {IExpulsions} from "../../src/interfaces/IExpulsions.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {FunderStub} from "./Stubs.sol";

/// @dev A whole life: proposed, voted for by snapshot, queued, executed by anyone.
contract ProposalsTest is ProposalsFixture {
    /// @dev C158: each state at its first and last block.
    function test_Proposal_GoesThroughAllStates() external {
        Draft memory made = liftsAllowList();
        uint256 id = propose(made);
        stands(id, IGovernor.ProposalState.Pending);
        mine(DELAY);
        stands(id, IGovernor.ProposalState.Pending);
        vm.expectRevert(unexpected(id, IGovernor.ProposalState.Pending, IGovernor.ProposalState.Active));
        vote(id, 0, FOR);
        mine(1);
        stands(id, IGovernor.ProposalState.Active);
        vote(id, 0, FOR);
        vm.expectRevert(unexpected(id, IGovernor.ProposalState.Active, IGovernor.ProposalState.Succeeded));
        queue(made);
        mine(PERIOD - 1);
        stands(id, IGovernor.ProposalState.Active);
        mine(1);
        stands(id, IGovernor.ProposalState.Succeeded);
        vm.expectRevert(unexpected(id, IGovernor.ProposalState.Succeeded, IGovernor.ProposalState.Queued));
        execute(made);
        queue(made);
        stands(id, IGovernor.ProposalState.Queued);
        vm.warp(vm.getBlockTimestamp() + TIMELOCK - 1);
        vm.expectPartialRevert(TimelockController.TimelockUnexpectedOperationState.selector);
        execute(made);
        vm.warp(vm.getBlockTimestamp() + 1);
        vm.prank(STRANGER);
        execute(made);
        stands(id, IGovernor.ProposalState.Executed);
        admission.requireAdmitted(STRANGER);
        vm.expectRevert(unexpected(id, IGovernor.ProposalState.Executed, IGovernor.ProposalState.Queued));
        execute(made);
    }

    /// @dev C157: the treasury is one of the parameters.
    function test_Proposal_SetsTheParameters() external {
        IStakingParameters.Values memory changed = values();
        (changed.minimumBond, changed.treasury) = (1250e18, address(0x7EA2));
        Draft memory made = setsParameters(changed);
        pass(made);
        mine(TIMELOCK / 12);
        vm.expectEmit(address(parameters));
        emit IStakingParameters.ParametersChanged(changed);
        execute(made);
        assertEq(abi.encode(parameters.values()), abi.encode(changed));
    }

    /// @dev C22, C23: the bounds are the parameters' own, so a proposal that breaks them can't be executed.
    function test_RevertIf_TheParametersAreOutOfBounds() external {
        IStakingParameters.Values memory changed = values();
        changed.unbondingDelay = 9;
        Draft memory made = setsParameters(changed);
        uint256 id = pass(made);
        mine(TIMELOCK / 12);
        vm.expectRevert(abi.encodeWithSelector(IStakingParameters.UnbondingDelayOutOfRange.selector, 9, 10, 8192));
        execute(made);
        stands(id, IGovernor.ProposalState.Queued);
    }

    function test_Proposal_SetsTheAllowList() external {
        address[] memory accounts = new address[](1);
        accounts[0] = STRANGER;
        enact(draft(address(admission), abi.encodeCall(IAdmission.setAllowed, (accounts, true))));
        admission.requireAdmitted(STRANGER);
        enact(liftsAllowList());
        assertEq(admission.allowListUntil(), 0);
        enact(draft(address(admission), abi.encodeCall(IAdmission.setAllowList, (40))));
        assertEq(admission.allowListUntil(), 40);
    }

    function test_Proposal_ReplacesTheGuardian() external {
        enact(replacesGuardian());
        (address account, uint64 mandateEnd) = admission.guardian();
        assertEq(account, STRANGER);
        assertEq(mandateEnd, 50);
    }

    function test_Proposal_ExpelsAValidator() external {
        sets.setPower(validatorOf(5), TOTAL / 10);
        Draft memory made = expels(5);
        pass(made);
        mine(TIMELOCK / 12);
        vm.expectEmit(address(expulsions));
        emit IExpulsions.Expelled(validatorOf(5), TOTAL / 10);
        execute(made);
        assertEq(stakes.expelled(0), validatorOf(5));
    }

    /// @dev C167: judged when it is executed.
    function test_RevertIf_AnExpulsionIsTooLarge() external {
        Draft memory made = expels(3);
        pass(made);
        mine(TIMELOCK / 12);
        vm.expectRevert(
            abi.encodeWithSelector(IExpulsions.ExpelsTooMuch.selector, validatorOf(3), TOTAL / 5, 0, TOTAL / 10)
        );
        execute(made);
    }

    function test_Proposal_SetsTheFunder() external {
        enact(draft(address(rewards), abi.encodeCall(FunderStub.setFunder, (STRANGER))));
        assertEq(rewards.funder(), STRANGER);
    }

    /// @dev C157: all six at once, all or nothing.
    function test_Proposal_DoesEverythingAtOnce() external {
        Draft memory made = setsParameters(values());
        add(made, address(admission), abi.encodeCall(IAdmission.setAllowList, (0)));
        add(made, address(admission), abi.encodeCall(IAdmission.setAllowed, (new address[](0), true)));
        add(made, address(admission), abi.encodeCall(IAdmission.setGuardian, (STRANGER, 50)));
        add(made, address(expulsions), abi.encodeCall(IExpulsions.expel, (validatorOf(5))));
        add(made, address(rewards), abi.encodeCall(FunderStub.setFunder, (STRANGER)));
        enact(made);
        assertEq(rewards.funder(), STRANGER);
        assertEq(stakes.expulsions(), 1);
    }

    /// @dev C158: votes are those at the end of the snapshot's block, whatever is bonded or unbonded later.
    function test_Votes_AreThoseOfTheSnapshot() external {
        Draft memory made = liftsAllowList();
        uint256 id = propose(made);
        mine(DELAY - 1);
        stakes.bond(validatorOf(0), accountOf(7), 1e18);
        mine(1);
        // This is the block of the snapshot.
        stakes.bond(validatorOf(0), accountOf(7), 2e18);
        mine(1);
        stakes.bond(validatorOf(0), accountOf(7), 4e18);
        stakes.unbond(validatorOf(1), accountOf(1), 27_000e18);
        vote(id, 7, AGAINST);
        vote(id, 1, FOR);
        vote(id, 2, ABSTAIN);
        (uint256 against, uint256 inFavour, uint256 abstained) = governor.proposalVotes(id);
        assertEq(against, 3e18);
        assertEq(inFavour, 27_000e18);
        assertEq(abstained, 23_000e18);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorAlreadyCastVote.selector, accountOf(7)));
        vote(id, 7, FOR);
    }

    /// @dev C156: for and abstaining count, against does not; a unit less is not enough.
    function test_Quorum_IsAShareOfThePower() external {
        assertEq(governor.quorum(vm.getBlockNumber() - 1), 25_000e18);
        sets.setTotal(1);
        assertEq(governor.quorum(vm.getBlockNumber() - 1), 250_000_000);
        sets.setTotal(50_000e9 * 2 + 4);
        uint256 id = propose(liftsAllowList());
        mine(DELAY + 1);
        // 25,000 tokens and one unit of power more.
        stakes.bond(validatorOf(0), accountOf(7), 1);
        vote(id, 3, FOR);
        mine(PERIOD);
        stands(id, IGovernor.ProposalState.Defeated);
    }

    /// @dev C156: exactly the quorum suffices, and one vote less does not.
    function test_Quorum_AtItsEdge() external {
        stakes.bond(validatorOf(0), accountOf(7), 25_000e18);
        stakes.bond(validatorOf(0), accountOf(8), 25_000e18 - 1);
        mine(1);
        Draft memory first = liftsAllowList();
        Draft memory second = replacesGuardian();
        (uint256 id, uint256 other) = (propose(first), propose(second));
        mine(DELAY + 1);
        vote(id, 7, FOR);
        vote(other, 8, FOR);
        mine(PERIOD);
        stands(id, IGovernor.ProposalState.Succeeded);
        stands(other, IGovernor.ProposalState.Defeated);
    }

    /// @dev C158: as many against as for is not enough.
    function test_Proposal_IsDefeatedByATie() external {
        stakes.bond(validatorOf(0), accountOf(7), 30_000e18);
        uint256 id = propose(liftsAllowList());
        mine(DELAY + 1);
        vote(id, 0, FOR);
        vote(id, 7, AGAINST);
        mine(PERIOD);
        stands(id, IGovernor.ProposalState.Defeated);
        vm.expectRevert(unexpected(id, IGovernor.ProposalState.Defeated, IGovernor.ProposalState.Succeeded));
        queue(liftsAllowList());
    }

    /// @dev C158: its proposer, as long as nobody can vote.
    function test_Cancel_ByTheProposer() external {
        Draft memory made = liftsAllowList();
        uint256 id = propose(made);
        bytes32 hash = keccak256(bytes(made.description));
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, id, STRANGER));
        vm.prank(STRANGER);
        governor.cancel(made.targets, made.values, made.calls, hash);
        vm.prank(accountOf(0));
        governor.cancel(made.targets, made.values, made.calls, hash);
        stands(id, IGovernor.ProposalState.Canceled);
        made.description = "Again";
        hash = keccak256(bytes(made.description));
        id = propose(made);
        mine(DELAY + 1);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, id, accountOf(0)));
        vm.prank(accountOf(0));
        governor.cancel(made.targets, made.values, made.calls, hash);
    }

    /// @dev C153: a third of the stake was slashed, its delegators synced. Together they want a proposal, with an ally
    /// who can still propose; nobody else votes. Before the slash that would have passed.
    function test_SlashedThird_CannotPassAProposalOnceSynced() external {
        address guilty = validatorOf(6);
        stakes.bond(guilty, accountOf(60), 5000e18);
        for (uint256 i = 61; i < 66; ++i) {
            stakes.bond(guilty, accountOf(i), 9000e18);
        }
        stakes.bond(validatorOf(0), accountOf(7), 1000e18);
        sets.setTotal(150_000e9);
        mine(1);
        Draft memory made = liftsAllowList();
        assertEq(uint256(together(made, "before")), uint256(IGovernor.ProposalState.Succeeded));

        stakes.slash(guilty, accountOf(60));
        for (uint256 i = 61; i < 66; ++i) {
            votes.sync(guilty, accountOf(i));
        }
        mine(1);
        assertEq(uint256(together(made, "after")), uint256(IGovernor.ProposalState.Defeated));
        (, uint256 inFavour,) = governor.proposalVotes(idOf(made, "after"));
        assertEq(inFavour, 1000e18);
        // Of themselves, they can't even propose.
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInsufficientProposerVotes.selector, accountOf(61), 0, THRESHOLD)
        );
        vm.prank(accountOf(61));
        governor.propose(made.targets, made.values, made.calls, "of themselves");
    }

    function together(Draft memory made, string memory description) private returns (IGovernor.ProposalState) {
        vm.prank(accountOf(7));
        uint256 id = governor.propose(made.targets, made.values, made.calls, description);
        mine(DELAY + 1);
        for (uint256 i = 60; i < 66; ++i) {
            vote(id, i, FOR);
        }
        vote(id, 7, FOR);
        mine(PERIOD);
        return governor.state(id);
    }

    function idOf(Draft memory made, string memory description) private view returns (uint256) {
        return governor.hashProposal(made.targets, made.values, made.calls, keccak256(bytes(description)));
    }

    function unexpected(uint256 id, IGovernor.ProposalState actual, IGovernor.ProposalState needed)
        private
        pure
        returns (bytes memory)
    {
        bytes32 bitmap = bytes32(1 << uint8(needed));
        return abi.encodeWithSelector(IGovernor.GovernorUnexpectedProposalState.selector, id, actual, bitmap);
    }
}
