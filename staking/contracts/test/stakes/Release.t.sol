// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

contract StakesReleaseTest is StakesFixture {
    function test_RevertIf_TheValidatorNeverRegistered() external {
        refuses(4, abi.encodeWithSelector(IStakeManager.NotRegistered.selector, validatorOf(4)));
    }

    /// @dev C78.
    function test_RevertIf_TheValidatorWasNotSlashed() external {
        skipEpochs(100);
        refuses(0, abi.encodeWithSelector(IStakeManager.NotSlashed.selector, validatorOf(0)));
        exit(0);
        refuses(0, abi.encodeWithSelector(IStakeManager.NotSlashed.selector, validatorOf(0)));
    }

    /// @dev C75.
    function test_RevertIf_ThePenaltyIsNotSettled() external {
        slash(0, WAD / 10);
        skipEpochs(100);
        refuses(0, abi.encodeWithSelector(IStakeManager.NotSettled.selector, validatorOf(0)));
    }

    /// @dev C78: as if it had left in the epoch of the slash, with the delay of then.
    function test_RevertIf_TheDelayIsNotOver() external {
        skipEpochs(3);
        slash(0, WAD / 10);
        setDelay(10);
        settle(0, WAD / 10);
        skipEpochs(1 + DELAY);
        refuses(0, abi.encodeWithSelector(IStakeManager.NotReleasable.selector, validatorOf(0), 4 + DELAY, 5 + DELAY));
        skipEpochs(1);
        stakes.release(validatorOf(0), withdrawalOf(0));
    }

    /// @dev C78.
    function test_RevertIf_NothingIsBonded() external {
        exit(0);
        slash(0, WAD / 10);
        settle(0, WAD / 10);
        skipEpochs(2 + DELAY);
        refuses(0, abi.encodeWithSelector(IStakeManager.NothingToRelease.selector, validatorOf(0), withdrawalOf(0)));
    }

    /// @dev C78.
    function test_RevertIf_ItWasReleasedBefore() external {
        slashAndWait();
        stakes.release(validatorOf(0), withdrawalOf(0));
        refuses(0, abi.encodeWithSelector(IStakeManager.NothingToRelease.selector, validatorOf(0), withdrawalOf(0)));
        assertBooksBalance();
    }

    /// @dev C78.
    function test_Release_WhenAnybodyCalls() external {
        slashAndWait();
        vm.expectEmit(address(stakes));
        emit IStakeManager.Released(validatorOf(0), withdrawalOf(0), 24_000 ether);
        vm.prank(STRANGER);
        stakes.release(validatorOf(0), withdrawalOf(0));
        assertEq(token.balanceOf(withdrawalOf(0)), 24_000 ether);
        assertEq(stakeOf(0).bonded, 0);
        assertBooksBalance();
    }

    function test_RevertIf_ThereIsNoCredit() external {
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NothingToCollect.selector, REPORTER));
        stakes.collect(REPORTER);
    }

    /// @dev C79.
    function test_Collect_WhenAnybodyCalls() external {
        slash(0, WAD / 10);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Collected(REPORTER, 750 ether);
        vm.prank(STRANGER);
        stakes.collect(REPORTER);
        assertEq(token.balanceOf(REPORTER), 750 ether);
        assertEq(stakes.totalCredits(), 2250 ether);
        assertBooksBalance();
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NothingToCollect.selector, REPORTER));
        stakes.collect(REPORTER);
        stakes.collect(TREASURY);
        assertEq(token.balanceOf(TREASURY), 2250 ether);
        assertBooksBalance();
    }

    function slashAndWait() private {
        slash(0, WAD / 10);
        settle(0, WAD / 5);
        skipEpochs(2 + DELAY);
    }

    function refuses(uint256 index, bytes memory why) private {
        vm.expectRevert(why);
        stakes.release(validatorOf(index), withdrawalOf(index));
    }
}
