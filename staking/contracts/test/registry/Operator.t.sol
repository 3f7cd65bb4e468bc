// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev C60: who manages a validator changes in two steps, and the owner of the stake has the last word.
contract OperatorTest is RegistryFixture {
    address private constant NEXT = address(0xE1);
    address private constant OTHER = address(0xE2);

    address private validator;
    address private owner;

    function setUp() public override {
        super.setUp();
        create(1);
        validator = validatorOf(1);
        owner = withdrawalOf(1);
    }

    function test_ProposeOperator_ChangesNothingYet() external {
        vm.expectEmit(address(registry));
        emit IValidatorRegistry.OperatorProposed(validator, NEXT, validator);
        propose(validator, NEXT);
        assertProposal(NEXT, false);
        assertEq(registry.operatorOf(validator), validator);
    }

    function test_AcceptOperator_MakesTheCallerTheOperator() external {
        propose(validator, NEXT);
        vm.expectEmit(address(registry));
        emit IValidatorRegistry.OperatorChanged(validator, NEXT);
        accept(NEXT);
        assertEq(registry.operatorOf(validator), NEXT);
        assertEq(registry.accountsOf(validator).operator, NEXT);
        assertProposal(address(0), false);
        // What belongs to others stays.
        assertEq(registry.withdrawalOf(validator), owner);
        assertEq(registry.submitterOf(validator), submitterOf(1));
    }

    function test_ProposeOperator_TheLastProposalOfTheOperatorCounts() external {
        propose(validator, NEXT);
        propose(validator, OTHER);
        refuseAccept(NEXT);
        accept(OTHER);
    }

    function test_ProposeOperator_ZeroTakesItBack() external {
        propose(validator, NEXT);
        propose(validator, address(0));
        refuseAccept(NEXT);
        refuseAccept(address(0));
        propose(owner, NEXT);
        propose(owner, address(0));
        refuseAccept(NEXT);
        // The owner's proposal is gone with it, so that the operator may propose again.
        propose(validator, NEXT);
        assertProposal(NEXT, false);
    }

    function test_RevertIf_AStrangerProposes() external {
        address[4] memory callers = [STRANGER, submitterOf(1), NEXT, STAKES];
        for (uint256 i = 0; i < callers.length; ++i) {
            vm.expectRevert(refusal(IValidatorRegistry.NotOperatorNorWithdrawal.selector, validator, callers[i]));
            propose(callers[i], callers[i]);
        }
    }

    function test_RevertIf_TheCallerWasNotAsked() external {
        refuseAccept(STRANGER);
        refuseAccept(owner);
        propose(validator, NEXT);
        refuseAccept(STRANGER);
        refuseAccept(validator);
        refuseAccept(owner);
    }

    function test_RevertIf_ThereIsNoSuchValidator() external {
        bytes memory expected = refusal(IValidatorRegistry.NotRegistered.selector, STRANGER);
        vm.expectRevert(expected);
        vm.prank(STRANGER);
        registry.proposeOperator(STRANGER, STRANGER);
        vm.expectRevert(expected);
        vm.prank(STRANGER);
        registry.acceptOperator(STRANGER);
    }

    /// @dev The operator's key is stolen: the thief sees the owner's proposal, or its acceptance, before it is mined,
    /// and can put nothing in its way.
    function test_AThiefOfTheOperatorKeyCannotKeepTheOwnerOut() external {
        propose(validator, OTHER);
        propose(owner, NEXT);
        assertProposal(NEXT, true);
        bytes memory expected = refusal(IValidatorRegistry.ProposedByWithdrawal.selector, validator, NEXT);
        vm.expectRevert(expected);
        propose(validator, OTHER);
        vm.expectRevert(expected);
        propose(validator, address(0));
        refuseAccept(OTHER);
        accept(NEXT);
        // Nor afterwards.
        vm.expectRevert(refusal(IValidatorRegistry.NotOperatorNorWithdrawal.selector, validator, validator));
        propose(validator, OTHER);
    }

    /// @dev Also when the thief was faster and has made itself the operator.
    function test_TheOwnerReplacesWhoeverIsTheOperator() external {
        propose(validator, OTHER);
        accept(OTHER);
        propose(owner, NEXT);
        vm.expectRevert(refusal(IValidatorRegistry.ProposedByWithdrawal.selector, validator, NEXT));
        propose(OTHER, OTHER);
        accept(NEXT);
        assertEq(registry.operatorOf(validator), NEXT);
    }

    function test_TheOwnerMayReplaceItsOwnProposal() external {
        propose(owner, OTHER);
        propose(owner, NEXT);
        refuseAccept(OTHER);
        accept(NEXT);
    }

    function test_TheOwnerMayBecomeTheOperator() external {
        propose(owner, owner);
        accept(owner);
        assertEq(registry.operatorOf(validator), owner);
        propose(owner, NEXT);
        assertProposal(NEXT, true);
    }

    function test_AnAcceptanceServesOnce() external {
        propose(validator, NEXT);
        accept(NEXT);
        propose(NEXT, OTHER);
        accept(OTHER);
        refuseAccept(NEXT);
    }

    /// @dev C62: whoever owns what is left of a slashed stake may still hand over the validator.
    function test_ASlashedValidatorMayBeHandedOver() external {
        slash(1);
        propose(owner, NEXT);
        accept(NEXT);
        assertEq(registry.operatorOf(validator), NEXT);
    }

    /// @dev C60: no call changes who owns the stake. The proposals here may hit any account, the owner included.
    function testFuzz_TheOwnerStaysTheOwner(address[8] calldata proposed) external {
        address operator = validator;
        for (uint256 i = 0; i < proposed.length; ++i) {
            if (proposed[i] == address(0) || proposed[i] == address(vm)) continue;
            propose(operator, proposed[i]);
            accept(proposed[i]);
            operator = proposed[i];
            assertEq(registry.operatorOf(validator), operator);
            assertEq(registry.withdrawalOf(validator), owner);
        }
    }

    function propose(address caller, address operator) private {
        vm.prank(caller);
        registry.proposeOperator(validator, operator);
    }

    function accept(address caller) private {
        vm.prank(caller);
        registry.acceptOperator(validator);
    }

    function refuseAccept(address caller) private {
        vm.expectRevert(refusal(IValidatorRegistry.NotProposed.selector, validator, caller));
        accept(caller);
    }

    function assertProposal(address operator, bool byWithdrawal) private view {
        (address proposed, bool byOwner) = registry.proposalOf(validator);
        assertEq(proposed, operator, "proposed");
        assertEq(byOwner, byWithdrawal, "by withdrawal");
    }
}
