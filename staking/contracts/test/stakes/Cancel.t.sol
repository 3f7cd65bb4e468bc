// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {SetsMock} from "./Mocks.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

contract StakesCancelTest is StakesFixture {
    function test_RevertIf_ThereIsNoSuchUnbonding() external {
        refuses(0, 1, abi.encodeWithSelector(IStakeManager.NoSuchUnbonding.selector, 1));
        refuses(0, 0, abi.encodeWithSelector(IStakeManager.NoSuchUnbonding.selector, 0));
    }

    /// @dev C71: once, and not after the payment.
    function test_RevertIf_ItWasCancelledOrPaid() external {
        uint64 first = unbond(0, 1 ether);
        uint64 second = unbond(0, 1 ether);
        cancel(0, first);
        refuses(0, first, abi.encodeWithSelector(IStakeManager.NoSuchUnbonding.selector, first));
        skipEpochs(2 + DELAY);
        stakes.withdraw(second);
        refuses(0, second, abi.encodeWithSelector(IStakeManager.NoSuchUnbonding.selector, second));
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NoSuchUnbonding.selector, first));
        stakes.withdraw(first);
        assertBooksBalance();
    }

    /// @dev C71: neither the operator nor the owner of another validator.
    function test_RevertIf_TheCallerIsNotTheOwner() external {
        uint64 id = exit(0);
        vm.prank(validatorOf(0));
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotOwner.selector, validatorOf(0), validatorOf(0)));
        stakes.cancel(id);
        refuses(1, id, abi.encodeWithSelector(IStakeManager.NotOwner.selector, validatorOf(0), withdrawalOf(1)));
    }

    /// @dev C75.
    function test_RevertIf_TheValidatorWasSlashed() external {
        uint64 id = unbond(0, 1 ether);
        slash(0, WAD / 10);
        refuses(0, id, abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
        settle(0, WAD / 10);
        refuses(0, id, abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
    }

    /// @dev C71: a validator does not come back with less than others must bring.
    function test_RevertIf_ItComesBackBelowTheMinimum() external {
        uint64 first = unbond(0, 5 ether);
        exit(0);
        refuses(0, first, abi.encodeWithSelector(IStakeManager.BondBelowMinimum.selector, 5 ether, MINIMUM));
    }

    /// @dev C71.
    function test_Cancel_WhenThePowerStillServes() external {
        sets.setBusy(true);
        uint64 id = unbond(0, 5000 ether);
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.revoke, (1, 30_000e9)));
        vm.expectEmit(address(stakes));
        emit IStakeManager.UnbondingCancelled(id, validatorOf(0), 5000 ether, 30_000 ether);
        cancel(0, id);
        assertEq(stakeOf(0).bonded, 30_000 ether);
        assertEq(stakes.unbondingOf(id).validator, address(0));
        assertBooksBalance();
    }

    /// @dev C71.
    function test_Cancel_WhenThePowerHasFallen() external {
        uint64 id = unbond(0, 5000 ether);
        skipEpochs(5);
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.raise, (validatorOf(0), 30_000e9)));
        cancel(0, id);
        assertBooksBalance();
    }

    /// @dev C71: as long as it is not paid; to leave again takes the whole delay again.
    function test_Cancel_WhenItIsDueAlready() external {
        uint64 id = exit(0);
        skipEpochs(2 + DELAY);
        cancel(0, id);
        assertEq(sets.target(validatorOf(0)), 30_000e9);
        uint64 again = exit(0);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotMatured.selector, again, 2 + DELAY, 2 * (2 + DELAY)));
        stakes.withdraw(again);
        assertBooksBalance();
    }

    /// @dev C71: a part that suffices brings a validator back, while the rest goes on leaving.
    function test_Cancel_WhenAPartBringsTheValidatorBack() external {
        uint64 part = unbond(0, 2000 ether);
        uint64 rest = exit(0);
        cancel(0, part);
        assertEq(stakeOf(0).bonded, 2000 ether);
        assertEq(stakeOf(0).unbonding, 28_000 ether);
        assertBooksBalance();
        skipEpochs(2 + DELAY);
        stakes.withdraw(rest);
        assertEq(token.balanceOf(withdrawalOf(0)), 28_000 ether);
        assertBooksBalance();
    }

    /// @dev C71: below a minimum that was raised since, a validator that has not exited gets nearer to it.
    function test_Cancel_WhenTheStakeIsBelowARaisedMinimum() external {
        uint64 id = unbond(0, 5 ether);
        setMinimum(50_000 ether);
        cancel(0, id);
        assertEq(stakeOf(0).bonded, 30_000 ether);
    }

    /// @dev C70, C71: what waits for power that fell with the cap revokes its own ticket alone.
    function test_Cancel_WhenPowerAboveAFallenCapStillServes() external {
        sets.setBusy(true);
        setCap(10_000 ether);
        stakes.refresh(validatorOf(0));
        uint64 kept = unbond(0, 10_000 ether);
        uint64 cancelled = unbond(0, 5000 ether);
        vm.expectCall(address(sets), abi.encodeWithSelector(SetsMock.revoke.selector, uint64(1)), 0);
        cancel(0, cancelled);
        (uint64 dueEpoch,) = stakes.dueOf(kept);
        assertEq(dueEpoch, type(uint64).max, "the power still serves");
        refreshOthers();
        assertBooksBalance();
    }

    /// @dev C70, C71: the cap fell between an unbonding and its cancellation.
    function test_Cancel_WhenTheCapFell() external {
        sets.setBusy(true);
        uint64 id = unbond(0, 5000 ether);
        setCap(10_000 ether);
        cancel(0, id);
        assertEq(sets.target(validatorOf(0)), 10_000e9);
        refreshOthers();
        assertBooksBalance();
    }

    /// @dev C71, C74: to cancel before a slash saves nothing, and neither does not to.
    function testFuzz_Cancel_ChangesNothingOfALoss(uint128 amount, uint256 fraction, bool cancels) external {
        uint64 id = unbond(0, uint128(bound(amount, 1, 29_000 ether)));
        if (cancels) cancel(0, id);
        fraction = bound(fraction, 0, WAD);
        assertEq(slash(0, fraction), 30_000 ether - 30_000 ether * (WAD - fraction) / WAD);
    }

    function refreshOthers() private {
        for (uint256 i = 1; i < 4; ++i) {
            stakes.refresh(validatorOf(i));
        }
    }

    function refuses(uint256 index, uint64 id, bytes memory why) private {
        vm.prank(withdrawalOf(index));
        vm.expectRevert(why);
        stakes.cancel(id);
    }
}
