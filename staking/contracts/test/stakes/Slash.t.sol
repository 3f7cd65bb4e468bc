// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {SetsMock} from "./Mocks.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";

contract StakesSlashTest is StakesFixture {
    /// @dev C74.
    function testFuzz_RevertIf_TheCallerIsNotTheSlasher(address caller) external {
        vm.assume(caller != SLASHER);
        vm.startPrank(caller);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotSlasher.selector, caller));
        stakes.slash(validatorOf(0), 1, caller, 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotSlasher.selector, caller));
        stakes.settle(validatorOf(0), 1);
        vm.stopPrank();
    }

    function test_RevertIf_TheValidatorNeverRegistered() external {
        vm.startPrank(SLASHER);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotRegistered.selector, validatorOf(4)));
        stakes.slash(validatorOf(4), 1, REPORTER, 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotRegistered.selector, validatorOf(4)));
        stakes.settle(validatorOf(4), 1);
        vm.stopPrank();
    }

    /// @dev C74.
    function test_RevertIf_TheValidatorWasSlashedBefore() external {
        slash(0, WAD / 10);
        vm.startPrank(SLASHER);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
        stakes.slash(validatorOf(0), WAD / 10, REPORTER, 1);
        stakes.settle(validatorOf(0), WAD / 10);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
        stakes.slash(validatorOf(0), WAD / 10, REPORTER, 1);
        vm.stopPrank();
    }

    function test_RevertIf_ThePartIsGreaterThanTheWhole() external {
        vm.startPrank(SLASHER);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.FractionAboveOne.selector, WAD + 1));
        stakes.slash(validatorOf(0), WAD + 1, REPORTER, 1);
        stakes.slash(validatorOf(0), WAD, REPORTER, 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.FractionAboveOne.selector, type(uint256).max));
        stakes.settle(validatorOf(0), type(uint256).max);
        vm.stopPrank();
    }

    /// @dev C76.
    function test_RevertIf_ThereIsNothingToSettle() external {
        vm.startPrank(SLASHER);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotSlashed.selector, validatorOf(0)));
        stakes.settle(validatorOf(0), 1);
        stakes.slash(validatorOf(0), WAD / 10, REPORTER, 1);
        stakes.settle(validatorOf(0), WAD / 10);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AlreadySettled.selector, validatorOf(0)));
        stakes.settle(validatorOf(0), WAD / 10);
        vm.stopPrank();
    }

    /// @dev C73 to C75: bonded and unbonding lose the same part.
    function test_Slash_WhenAPartIsUnbonding() external {
        uint64 id = unbond(0, 5000 ether);
        skipEpochs(3);
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.remove, (validatorOf(0))));
        vm.expectEmit(address(stakes));
        emit IStakeManager.Slashed(validatorOf(0), REPORTER, WAD / 10, 3000 ether, 750 ether);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Credited(REPORTER, 750 ether);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Credited(TREASURY, 2250 ether);
        assertEq(slash(0, WAD / 10), 3000 ether);

        IStakeManager.Stake memory stake = stakeOf(0);
        assertTrue(stakes.isSlashed(validatorOf(0)));
        assertTrue(stake.status == IStakeManager.Status.Slashed);
        assertEq(stake.bonded, 25_000 ether);
        assertEq(stake.unbonding, 5000 ether);
        assertEq(stake.assets, 27_000 ether);
        assertEq(stake.rate, 0.9e18);
        assertEq(stake.releaseEpoch, 5 + DELAY);
        (, uint128 due) = stakes.dueOf(id);
        assertEq(due, 4500 ether);
        assertEq(stakes.totalCredits(), 3000 ether);
        assertBooksBalance();
    }

    /// @dev C74: exiting stake answers until it is paid, also when it is due.
    function test_Slash_WhenAllIsDueAndNotPaid() external {
        exit(0);
        skipEpochs(2 + DELAY);
        assertEq(slash(0, WAD / 2), 15_000 ether);
        assertBooksBalance();
    }

    /// @dev C74: nothing is left, and the validator is removed all the same.
    function test_Slash_WhenAllWasPaid() external {
        uint64 id = exit(0);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        assertEq(slash(0, WAD / 2), 0);
        assertTrue(sets.removed(validatorOf(0)));
        assertEq(settle(0, WAD), 0);
        assertEq(stakes.credit(REPORTER), 0);
        assertBooksBalance();
    }

    /// @dev C79: a quarter of the loss, and no more than the cap.
    function test_Slash_WhenTheReportersShareIsCapped() external {
        vm.prank(SLASHER);
        stakes.slash(validatorOf(0), WAD / 10, REPORTER, 100 ether);
        assertEq(stakes.credit(REPORTER), 100 ether);
        assertEq(stakes.credit(TREASURY), 2900 ether);
        vm.prank(SLASHER);
        stakes.slash(validatorOf(1), WAD / 10, REPORTER, 0);
        assertEq(stakes.credit(REPORTER), 100 ether);
    }

    /// @dev C79: whoever reports himself loses three quarters still.
    function testFuzz_Slash_ReportingOneselfCosts(uint256 fraction, uint128 cap) external {
        fraction = bound(fraction, 0, WAD);
        vm.prank(SLASHER);
        uint128 taken = stakes.slash(validatorOf(0), fraction, withdrawalOf(0), cap);
        uint128 reward = stakes.credit(withdrawalOf(0));
        assertLe(reward, taken / 4);
        assertLe(reward, cap);
        assertEq(stakes.credit(TREASURY), taken - reward);
        assertBooksBalance();
    }

    /// @dev C76.
    function test_Settle_WhenMoreIsTaken() external {
        uint64 id = unbond(0, 5000 ether);
        slash(0, WAD / 10);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Settled(validatorOf(0), WAD / 4, 4500 ether);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Credited(TREASURY, 4500 ether);
        assertEq(settle(0, WAD / 4), 4500 ether);
        IStakeManager.Stake memory stake = stakeOf(0);
        assertTrue(stake.status == IStakeManager.Status.Settled);
        assertTrue(stakes.isSlashed(validatorOf(0)));
        assertEq(stake.assets, 22_500 ether);
        assertEq(stakes.credit(REPORTER), 750 ether);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        stakes.release(validatorOf(0), withdrawalOf(0));
        assertEq(token.balanceOf(withdrawalOf(0)), 22_500 ether);
        assertBooksBalance();
    }

    /// @dev C73: the rate only falls.
    function testFuzz_Settle_NeverGivesBack(uint256 base, uint256 total) external {
        base = bound(base, 0, WAD);
        total = bound(total, 0, WAD);
        uint128 first = slash(0, base);
        uint128 second = settle(0, total);
        uint256 most = base > total ? base : total;
        assertEq(first + second, 30_000 ether - 30_000 ether * (WAD - most) / WAD);
        assertEq(stakeOf(0).rate, WAD - most);
        assertBooksBalance();
    }

    /// @dev C79: what was credited stays; what comes later goes to the treasury of then.
    function test_Settle_WhenTheTreasuryChanged() external {
        slash(0, WAD / 10);
        IStakingParameters.Values memory newValues = parameters.values();
        newValues.treasury = STRANGER;
        govern(newValues);
        settle(0, WAD / 5);
        assertEq(stakes.credit(TREASURY), 2250 ether);
        assertEq(stakes.credit(STRANGER), 3000 ether);
    }

    /// @dev C82: a slash of one changes nothing of another.
    function test_Slash_LeavesOthers() external {
        uint64 id = unbond(1, 1000 ether);
        bytes32 before = keccak256(abi.encode(stakeOf(1), stakeOf(2), stakeOf(3), stakes.unbondingOf(id)));
        slash(0, WAD / 3);
        settle(0, WAD / 2);
        assertEq(keccak256(abi.encode(stakeOf(1), stakeOf(2), stakeOf(3), stakes.unbondingOf(id))), before);
    }

    /// @dev C77, C82, C84: whatever the parts and the penalties, every claim is paid, rounded down, and the treasury
    /// has the dust: at most one unit for each claim.
    function testFuzz_Slash_RoundsAgainstTheOwner(uint128[5] calldata amounts, uint256 base, uint256 total) external {
        uint64[5] memory ids;
        uint128[6] memory parts;
        for (uint256 i = 0; i < 5; ++i) {
            uint128 most = (stakeOf(0).bonded - MINIMUM) / 2;
            parts[i] = uint128(bound(amounts[i], 1, most));
            ids[i] = unbond(0, parts[i]);
        }
        parts[5] = stakeOf(0).bonded;
        base = bound(base, 0, WAD);
        total = bound(total, base, WAD);
        uint128 taken = slash(0, base);
        taken += settle(0, total);
        skipEpochs(2 + DELAY);

        uint256 paid = 0;
        for (uint256 i = 0; i < 5; ++i) {
            stakes.withdraw(ids[i]);
            paid += uint256(parts[i]) * (WAD - total) / WAD;
            assertEq(token.balanceOf(withdrawalOf(0)), paid);
            assertBooksBalance();
        }
        stakes.release(validatorOf(0), withdrawalOf(0));
        paid += uint256(parts[5]) * (WAD - total) / WAD;
        assertEq(token.balanceOf(withdrawalOf(0)), paid);
        assertEq(stakeOf(0).assets, 0);
        uint256 dust = 30_000 ether - paid - taken;
        assertLe(dust, 6);
        assertEq(stakes.totalCredits(), taken + dust);
        assertBooksBalance();
    }
}
