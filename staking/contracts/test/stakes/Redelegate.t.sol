// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {SetsMock} from "./Mocks.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

/// @dev Alice has 5,000 tokens with validator 0.
contract StakesRedelegateTest is StakesFixture {
    function setUp() public override {
        super.setUp();
        delegate(ALICE, 0, 5000 ether);
    }

    function test_RevertIf_ItGoesToTheSameValidator() external {
        refuses(ALICE, 0, 1 ether, 0, abi.encodeWithSelector(IDelegation.SameValidator.selector, validatorOf(0)));
    }

    /// @dev C104: as an undelegation is refused.
    function test_RevertIf_ItMayNotLeave() external {
        bytes4 tooLittle = IStakeManager.AmountLeavesTooLittle.selector;
        refuses(ALICE, 0, 5001 ether, 1, abi.encodeWithSelector(tooLittle, 5000 ether, 5001 ether, 1 ether));
        refuses(BOB, 0, 1 ether, 1, abi.encodeWithSelector(tooLittle, 0, 1 ether, 1 ether));
        address owner = withdrawalOf(0);
        refuses(owner, 0, 1 ether, 1, abi.encodeWithSelector(IDelegation.OwnBond.selector, validatorOf(0), owner));
        slash(0, 1);
        bytes4 slashed = IStakeManager.AlreadySlashed.selector;
        refuses(ALICE, 0, 1 ether, 1, abi.encodeWithSelector(slashed, validatorOf(0)));
    }

    /// @dev C104: as a delegation to the other one would be refused now.
    function test_RevertIf_TheOtherTakesNone() external {
        refuses(ALICE, 0, 1 ether, 4, abi.encodeWithSelector(IStakeManager.NotRegistered.selector, validatorOf(4)));
        slash(1, 1);
        refuses(ALICE, 0, 1 ether, 1, abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(1)));
        suspend(2);
        refuses(ALICE, 0, 1 ether, 2, abi.encodeWithSelector(IDelegation.Suspended.selector, validatorOf(2)));
        bytes4 selector = IDelegation.DelegationBelowMinimum.selector;
        refuses(ALICE, 0, 1 ether - 1, 3, abi.encodeWithSelector(selector, 1 ether - 1, 1 ether));
        refuses(ALICE, 0, 0, 3, abi.encodeWithSelector(IStakeManager.ZeroAmount.selector));
        delegate(withdrawalOf(3), 0, 10 ether);
        address owner = withdrawalOf(3);
        refuses(owner, 0, 1 ether, 3, abi.encodeWithSelector(IDelegation.OwnBond.selector, validatorOf(3), owner));
    }

    /// @dev C104: it leaves as any other, joins by anyone's call, and no token moves.
    function test_Redelegate_WhenAllIsWell() external {
        vm.expectEmit(address(stakes));
        emit IDelegation.UndelegationBegun(1, validatorOf(0), ALICE, validatorOf(1), 2000 ether, 3000 ether, 1, DELAY);
        assertEq(redelegate(ALICE, 0, 2000 ether, 1), 1);
        assertEq(stakes.unbondingOf(1).destination, validatorOf(1));
        assertEq(neighbours.votesOf(ALICE), 3000 ether);
        skipEpochs(1 + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotMatured.selector, 1, 1 + DELAY, 2 + DELAY));
        stakes.withdraw(1);
        skipEpochs(1);
        uint256 balance = token.balanceOf(address(stakes));
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.raiseShared, (validatorOf(1), 29_000e9)));
        vm.expectEmit(address(stakes));
        emit IDelegation.Redelegated(1, validatorOf(1), ALICE, 2000 ether);
        vm.expectEmit(address(stakes));
        emit IDelegation.Delegated(validatorOf(1), ALICE, 2000 ether, 2000 ether);
        vm.prank(STRANGER);
        stakes.withdraw(1);
        assertEq(token.balanceOf(address(stakes)), balance);
        assertEq(stakes.positionOf(validatorOf(1), ALICE).since, 4 + DELAY);
        assertEq(positionOf(1, ALICE), 2000 ether);
        assertEq(neighbours.votesOf(ALICE), 5000 ether);
        assertEq(stakes.unbondingOf(1).destination, address(0));
        assertBooksBalance();
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NoSuchUnbonding.selector, 1));
        stakes.withdraw(1);
    }

    /// @dev C104: what it is worth then.
    function test_Redelegate_WhenTheFirstIsSlashedMeanwhile() external {
        uint64 id = redelegate(ALICE, 0, 2000 ether, 1);
        slash(0, WAD / 10);
        skipEpochs(2 + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotSettled.selector, validatorOf(0)));
        stakes.withdraw(id);
        settle(0, WAD / 4);
        stakes.withdraw(id);
        assertEq(positionOf(1, ALICE), 1500 ether);
        assertEq(stakeOf(1).assets, 28_500 ether);
        assertBooksBalance();
    }

    function test_Redelegate_WhenTheOtherIsSlashedMeanwhile() external {
        uint64 id = redelegate(ALICE, 0, 2000 ether, 1);
        slash(1, WAD / 10);
        paysInstead(id);
    }

    function test_Redelegate_WhenTheOtherLeavesMeanwhile() external {
        uint64 id = redelegate(ALICE, 0, 2000 ether, 1);
        exit(1);
        paysInstead(id);
    }

    function test_Redelegate_WhenTheOtherIsExpelledMeanwhile() external {
        uint64 id = redelegate(ALICE, 0, 2000 ether, 1);
        expel(1);
        paysInstead(id);
    }

    function test_Redelegate_WhenTheOtherIsSuspendedMeanwhile() external {
        uint64 id = redelegate(ALICE, 0, 2000 ether, 1);
        suspend(1);
        paysInstead(id);
    }

    function test_Redelegate_WhenTheOthersBondIsBelowTheMinimum() external {
        uint64 id = redelegate(ALICE, 0, 2000 ether, 1);
        setMinimum(27_000 ether + 1);
        paysInstead(id);
    }

    /// @dev C104: dust, below the minimum of then.
    function test_Redelegate_WhenItIsTooLittleByThen() external {
        uint64 id = redelegate(ALICE, 0, 2000 ether, 1);
        slash(0, WAD / 1000 * 999);
        settle(0, WAD / 10_000 * 9999);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        assertEq(token.balanceOf(ALICE), 0.2 ether);
        assertEq(positionOf(1, ALICE), 0);
        assertBooksBalance();
    }

    function test_Redelegate_WhenNothingIsLeftOfIt() external {
        uint64 id = redelegate(ALICE, 0, 2000 ether, 1);
        slash(0, WAD);
        settle(0, WAD);
        skipEpochs(2 + DELAY);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Withdrawn(id, validatorOf(0), ALICE, 0);
        stakes.withdraw(id);
        assertBooksBalance();
    }

    /// @dev C104: the other one does not have to take it at once; it grows what is there.
    function test_Redelegate_OnTopOfADelegation() external {
        delegate(ALICE, 1, 10 ether);
        uint64 first = redelegate(ALICE, 0, 0.5 ether, 1);
        uint64 second = redelegate(ALICE, 0, 4999.5 ether, 1);
        skipEpochs(2 + DELAY);
        stakes.withdraw(second);
        stakes.withdraw(first);
        assertEq(positionOf(1, ALICE), 5010 ether);
        assertBooksBalance();
    }

    function paysInstead(uint64 id) private {
        skipEpochs(2 + DELAY);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Withdrawn(id, validatorOf(0), ALICE, 2000 ether);
        stakes.withdraw(id);
        assertEq(token.balanceOf(ALICE), 2000 ether);
        assertEq(positionOf(1, ALICE), 0);
        assertEq(stakes.unbondingOf(id).destination, address(0));
        assertBooksBalance();
    }

    function refuses(address account, uint256 from, uint128 amount, uint256 to, bytes memory why) private {
        vm.prank(account);
        vm.expectRevert(why);
        stakes.redelegate(validatorOf(from), amount, validatorOf(to));
    }
}
