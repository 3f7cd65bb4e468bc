// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {SetsMock} from "./Mocks.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

/// @dev Alice has 5,000 tokens with validator 0, Bob has 3,000.
contract StakesUndelegateTest is StakesFixture {
    function setUp() public override {
        super.setUp();
        delegate(ALICE, 0, 5000 ether);
        delegate(BOB, 0, 3000 ether);
    }

    function test_RevertIf_TheValidatorNeverRegistered() external {
        refuses(ALICE, 4, 1, abi.encodeWithSelector(IStakeManager.NotRegistered.selector, validatorOf(4)));
    }

    /// @dev C75, C103.
    function test_RevertIf_TheValidatorWasSlashed() external {
        slash(0, WAD / 10);
        refuses(ALICE, 0, 1, abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
        settle(0, WAD / 10);
        refuses(ALICE, 0, 1, abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
    }

    /// @dev C100: and neither does the operator take from it.
    function test_RevertIf_TheCallerIsTheOwner() external {
        address owner = withdrawalOf(0);
        refuses(owner, 0, 1, abi.encodeWithSelector(IDelegation.OwnBond.selector, validatorOf(0), owner));
        bytes4 selector = IStakeManager.AmountLeavesTooLittle.selector;
        refuses(validatorOf(0), 0, 1, abi.encodeWithSelector(selector, 0, 1, 1 ether));
    }

    function test_RevertIf_TheAmountIsZero() external {
        refuses(ALICE, 0, 0, abi.encodeWithSelector(IStakeManager.ZeroAmount.selector));
        refuses(STRANGER, 0, 0, abi.encodeWithSelector(IStakeManager.ZeroAmount.selector));
    }

    /// @dev C103: all, or at least the minimum stays.
    function test_RevertIf_ItLeavesTooLittle() external {
        bytes4 selector = IStakeManager.AmountLeavesTooLittle.selector;
        uint128[3] memory amounts = [uint128(4999 ether + 1), 5000 ether + 1, type(uint128).max];
        for (uint256 i = 0; i < amounts.length; ++i) {
            refuses(ALICE, 0, amounts[i], abi.encodeWithSelector(selector, 5000 ether, amounts[i], 1 ether));
        }
        undelegate(ALICE, 0, 4999 ether);
        setMinimum(2000 ether);
        refuses(ALICE, 0, 0.5 ether, abi.encodeWithSelector(selector, 1 ether, 0.5 ether, 2 ether));
        undelegate(ALICE, 0, 1 ether);
        assertEq(positionOf(0, ALICE), 0);
    }

    /// @dev C103, C107.
    function test_Undelegate_WhenAllIsWell() external {
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.lowerShared, (validatorOf(0), 36_000e9)));
        vm.expectEmit(address(stakes));
        emit IDelegation.UndelegationBegun(1, validatorOf(0), ALICE, address(0), 2000 ether, 3000 ether, 1, DELAY);
        assertEq(undelegate(ALICE, 0, 2000 ether), 1);
        assertEq(stakeOf(0).unbonding, 2000 ether);
        assertEq(stakeOf(0).ownUnbonding, 0);
        assertEq(neighbours.votesOf(ALICE), 3000 ether);
        IStakeManager.Unbonding memory unbonding = stakes.unbondingOf(1);
        assertEq(unbonding.account, ALICE);
        assertEq(unbonding.destination, address(0));
        assertBooksBalance();

        skipEpochs(1 + DELAY);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotMatured.selector, 1, 1 + DELAY, 2 + DELAY));
        stakes.withdraw(1);
        skipEpochs(1);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Withdrawn(1, validatorOf(0), ALICE, 2000 ether);
        vm.prank(STRANGER);
        stakes.withdraw(1);
        assertEq(token.balanceOf(ALICE), 2000 ether);
        assertBooksBalance();
    }

    /// @dev C103: neither the delegator nor the owner undoes it.
    function test_RevertIf_ItIsCancelled() external {
        uint64 id = undelegate(ALICE, 0, 2000 ether);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotOwner.selector, validatorOf(0), ALICE));
        stakes.cancel(id);
        vm.prank(withdrawalOf(0));
        vm.expectRevert(abi.encodeWithSelector(IDelegation.NotOwnBond.selector, id));
        stakes.cancel(id);
    }

    /// @dev C103: whatever became of the validator.
    function test_Undelegate_WhenTheValidatorIsGone() external {
        suspend(0);
        undelegate(ALICE, 0, 1000 ether);
        exit(0);
        undelegate(ALICE, 0, 1000 ether);
        expel(0);
        uint64 id = undelegate(ALICE, 0, 3000 ether);
        assertEq(stakeOf(0).bonded, 3000 ether);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        assertEq(token.balanceOf(ALICE), 3000 ether);
        assertBooksBalance();
    }

    /// @dev C70, C103: what does not count has a ticket all the same.
    function test_Undelegate_WhenNoPowerFalls() external {
        sets.setBusy(true);
        setCap(1000 ether);
        stakes.refresh(validatorOf(0));
        uint64 id = undelegate(ALICE, 0, 2000 ether);
        skipEpochs(50);
        (uint64 dueEpoch,) = stakes.dueOf(id);
        assertEq(dueEpoch, type(uint64).max, "power that fell before serves still");
        for (uint256 i = 1; i < 4; ++i) {
            stakes.refresh(validatorOf(i));
        }
        assertBooksBalance();
    }

    /// @dev C73, C74: all answer alike, those who leave too.
    function test_Slash_TakesThePartOfAll() external {
        uint64 id = undelegate(BOB, 0, 1000 ether);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Slashed(validatorOf(0), REPORTER, WAD / 10, 3800 ether, 750 ether);
        assertEq(slash(0, WAD / 10), 3800 ether);
        assertEq(neighbours.votesOf(withdrawalOf(0)), 0, "the operator's votes fall at once");
        assertEq(neighbours.votesOf(ALICE), 5000 ether, "a delegator's when anyone tells");
        settle(0, WAD / 2);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        assertEq(token.balanceOf(BOB), 500 ether);

        vm.expectEmit(address(stakes));
        emit IStakeManager.Released(validatorOf(0), ALICE, 2500 ether);
        vm.prank(STRANGER);
        stakes.release(validatorOf(0), ALICE);
        assertEq(token.balanceOf(ALICE), 2500 ether);
        assertEq(neighbours.votesOf(ALICE), 0);
        assertEq(positionOf(0, ALICE), 0);
        assertBooksBalance();
        bytes memory refusal = abi.encodeWithSelector(IStakeManager.NothingToRelease.selector, validatorOf(0), ALICE);
        vm.expectRevert(refusal);
        stakes.release(validatorOf(0), ALICE);

        stakes.release(validatorOf(0), withdrawalOf(0));
        stakes.release(validatorOf(0), BOB);
        assertEq(stakeOf(0).assets, 0);
        assertEq(token.balanceOf(BOB), 1500 ether);
        assertBooksBalance();
    }

    /// @dev C79: of the own bond, bonded or unbonding, alone.
    function testFuzz_Slash_RewardsOfTheOwnBond(uint128 unbonding, uint256 fraction) external {
        unbond(0, uint128(bound(unbonding, 1, 29_000 ether)));
        undelegate(ALICE, 0, 1000 ether);
        fraction = bound(fraction, 0, WAD);
        slash(0, fraction);
        assertEq(stakes.credit(REPORTER), (30_000 ether - 30_000 ether * (WAD - fraction) / WAD) / 4);
        assertBooksBalance();
    }

    /// @dev C74: who has no own stake any more gives a reporter nothing, and delegators answer.
    function test_Slash_WhenTheOwnBondWasPaid() external {
        uint64 id = exit(0);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        assertEq(slash(0, WAD / 10), 800 ether);
        assertEq(stakes.credit(REPORTER), 0);
        assertBooksBalance();
    }

    /// @dev C77, C82: every claim is paid, rounded down, and the dust is the treasury's.
    function testFuzz_Slash_RoundsAgainstEverybody(uint96[3] calldata amounts, uint256 base, uint256 total) external {
        delegate(STRANGER, 0, 1 ether + amounts[0] % 1000 ether);
        undelegate(ALICE, 0, 1 + amounts[1] % 4999 ether);
        unbond(0, 1 + amounts[2] % 29_000 ether);
        slash(0, bound(base, 0, WAD));
        settle(0, bound(total, 0, WAD));
        skipEpochs(2 + DELAY);
        address[4] memory accounts = [ALICE, withdrawalOf(0), STRANGER, BOB];
        for (uint256 i = 0; i < accounts.length; ++i) {
            stakes.release(validatorOf(0), accounts[i]);
            assertBooksBalance();
        }
        stakes.withdraw(2);
        stakes.withdraw(1);
        assertEq(stakeOf(0).assets, 0);
        assertBooksBalance();
    }

    function refuses(address account, uint256 index, uint128 amount, bytes memory why) private {
        vm.prank(account);
        vm.expectRevert(why);
        stakes.undelegate(validatorOf(index), amount);
    }
}
