// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {StakesFixture} from "./Stakes.sol";
import {SetsMock} from "./Mocks.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

/// @dev The minimum bond is 1,000 tokens, so the least delegation is one.
contract StakesDelegateTest is StakesFixture {
    uint256 private constant KEY = 0xA11CE;

    function test_RevertIf_TheValidatorNeverRegistered() external {
        refuses(ALICE, 4, 1 ether, abi.encodeWithSelector(IStakeManager.NotRegistered.selector, validatorOf(4)));
    }

    /// @dev C102.
    function test_RevertIf_TheValidatorWasSlashed() external {
        slash(0, WAD / 10);
        refuses(ALICE, 0, 1 ether, abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
        settle(0, WAD / 10);
        refuses(ALICE, 0, 1 ether, abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, validatorOf(0)));
    }

    /// @dev C102.
    function test_RevertIf_TheValidatorIsLeaving() external {
        exit(0);
        refuses(ALICE, 0, 1 ether, abi.encodeWithSelector(IStakeManager.Exited.selector, validatorOf(0)));
        expel(1);
        refuses(ALICE, 1, 1 ether, abi.encodeWithSelector(IDelegation.Expelled.selector, validatorOf(1)));
    }

    /// @dev C102, C109.
    function test_RevertIf_TheValidatorIsSuspended() external {
        suspend(0);
        refuses(ALICE, 0, 1 ether, abi.encodeWithSelector(IDelegation.Suspended.selector, validatorOf(0)));
    }

    /// @dev C102: of now, and only of its own.
    function test_RevertIf_TheOwnBondIsBelowTheMinimum() external {
        delegate(ALICE, 3, 10_000 ether);
        setMinimum(20_000 ether + 1);
        bytes4 selector = IStakeManager.BondBelowMinimum.selector;
        refuses(BOB, 3, 50 ether, abi.encodeWithSelector(selector, 20_000 ether, 20_000 ether + 1));
        delegate(BOB, 2, 50 ether);
    }

    /// @dev C100.
    function test_RevertIf_TheCallerIsTheOwner() external {
        bytes memory refusal = abi.encodeWithSelector(IDelegation.OwnBond.selector, validatorOf(0), withdrawalOf(0));
        refuses(withdrawalOf(0), 0, 1 ether, refusal);
        delegate(withdrawalOf(0), 1, 1 ether);
        assertEq(positionOf(1, withdrawalOf(0)), 1 ether);
    }

    /// @dev C102: a thousandth of the minimum bond of now, together with what is there.
    function test_RevertIf_ItIsBelowTheMinimum() external {
        bytes4 selector = IDelegation.DelegationBelowMinimum.selector;
        refuses(ALICE, 0, 1 ether - 1, abi.encodeWithSelector(selector, 1 ether - 1, 1 ether));
        delegate(ALICE, 0, 1 ether);
        delegate(ALICE, 0, 1);
        setMinimum(2000 ether);
        refuses(ALICE, 0, 0.5 ether, abi.encodeWithSelector(selector, 1.5 ether + 1, 2 ether));
        delegate(ALICE, 0, 1 ether);
        refuses(ALICE, 0, 0, abi.encodeWithSelector(IStakeManager.ZeroAmount.selector));
    }

    /// @dev C100: 96 bits, whatever comes.
    function test_RevertIf_ThePoolIsTooLarge() external {
        uint128 most = type(uint96).max - 30_000 ether;
        bytes4 selector = IDelegation.PoolTooLarge.selector;
        refuses(ALICE, 0, most + 1, abi.encodeWithSelector(selector, validatorOf(0), uint256(1) << 96));
        uint256 huge = uint256(type(uint128).max) + 30_000 ether;
        refuses(ALICE, 0, type(uint128).max, abi.encodeWithSelector(selector, validatorOf(0), huge));
        vm.expectRevert(abi.encodeWithSelector(selector, validatorOf(0), huge));
        stakes.topUp(validatorOf(0), type(uint128).max);
    }

    function test_RevertIf_TheCallerCannotPay() external {
        vm.prank(ALICE);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(stakes), 0, 1 ether)
        );
        stakes.delegate(validatorOf(0), 1 ether);
    }

    /// @dev C101: it counts from the epoch after next on, and votes.
    function test_Delegate_WhenAllIsWell() external {
        skipEpochs(3);
        fund(ALICE, 500 ether);
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.raiseShared, (validatorOf(0), 30_500e9)));
        vm.expectEmit(address(stakes));
        emit IDelegation.Delegated(validatorOf(0), ALICE, 500 ether, 500 ether);
        vm.prank(ALICE);
        stakes.delegate(validatorOf(0), 500 ether);
        assertEq(token.balanceOf(ALICE), 0);
        assertEq(neighbours.votesOf(ALICE), 500 ether, "C113: told at once");
        assertPosition(0, ALICE, IDelegation.Position(500 ether, 5, 0, 0));
        assertEq(stakeOf(0).own, 30_000 ether);
        assertEq(stakes.stakeEpochsUntil(validatorOf(0), 5), 5 * 30_000 ether);
        assertEq(stakes.stakeEpochsUntil(validatorOf(0), 7), 7 * 30_000 ether + 2 * 500 ether);
        assertBooksBalance();
    }

    /// @dev C67.
    function test_Delegate_WithAPermit() external {
        address owner = vm.addr(KEY);
        token.mint(owner, 5 ether);
        bytes32 typed = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 hash = keccak256(abi.encode(typed, owner, address(stakes), 5 ether, 0, block.timestamp));
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(KEY, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), hash)));
        vm.prank(owner);
        stakes.delegateWithPermit(validatorOf(0), 5 ether, block.timestamp, v, r, s);
        assertEq(positionOf(0, owner), 5 ether);
        vm.prank(owner);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AllowanceTooSmall.selector, owner, 0, 5 ether));
        stakes.delegateWithPermit(validatorOf(0), 5 ether, block.timestamp, v, r, s);
    }

    /// @dev C101: ten times the own bond counts, and the cap holds for all of it.
    function test_Delegate_WhenMoreThanCounts() external {
        setCap(1_000_000 ether);
        delegate(ALICE, 3, 180_000 ether);
        assertEq(sets.target(validatorOf(3)), 200_000e9);
        delegate(BOB, 3, 1 ether);
        assertEq(sets.target(validatorOf(3)), 200_000e9);
        topUp(3, 1 ether);
        assertEq(sets.target(validatorOf(3)), 200_002e9);
        setCap(50_000 ether);
        delegate(BOB, 3, 1 ether);
        assertEq(sets.target(validatorOf(3)), 50_000e9);
        vm.prank(withdrawalOf(3));
        stakes.unbond(validatorOf(3), 17_001 ether);
        assertEq(sets.target(validatorOf(3)), 30_000e9, "own bond of 3,000");
    }

    /// @dev C108: what a position can keep no more goes to the rewards, once; within an epoch nothing does.
    function test_Delegate_AgainAndAgain() external {
        delegate(ALICE, 0, 10 ether);
        delegate(ALICE, 0, 5 ether);
        assertPosition(0, ALICE, IDelegation.Position(15 ether, 2, 0, 0));
        skipEpochs(1);
        delegate(ALICE, 0, 1 ether);
        delegate(ALICE, 0, 1 ether);
        assertPosition(0, ALICE, IDelegation.Position(17 ether, 3, 15 ether, 2));
        assertEq(neighbours.stretchCount(), 0);
        skipEpochs(7);
        undelegate(ALICE, 0, 7 ether);
        assertPosition(0, ALICE, IDelegation.Position(10 ether, 10, 17 ether, 3));
        assertStretch(0, 15 ether, 2, 3);
        skipEpochs(1);
        undelegate(ALICE, 0, 10 ether);
        assertPosition(0, ALICE, IDelegation.Position(0, 11, 10 ether, 10));
        assertStretch(1, 17 ether, 3, 10);
        skipEpochs(1);
        delegate(ALICE, 0, 2 ether);
        assertStretch(2, 10 ether, 10, 11);
        skipEpochs(1);
        delegate(ALICE, 0, 2 ether);
        assertEq(neighbours.stretchCount(), 3, "nothing counted in between");
        assertPosition(0, ALICE, IDelegation.Position(4 ether, 13, 2 ether, 12));
    }

    /// @dev C100: the own bond is a position, too; a seed counts from the first epoch on.
    function test_Position_OfTheOwnBond() external {
        assertPosition(0, withdrawalOf(0), IDelegation.Position(30_000 ether, 0, 0, 0));
        register(4, 2000 ether);
        assertPosition(4, withdrawalOf(4), IDelegation.Position(2000 ether, 2, 0, 0));
        skipEpochs(1);
        topUp(4, 10 ether);
        assertPosition(4, withdrawalOf(4), IDelegation.Position(2010 ether, 3, 2000 ether, 2));
        uint64 id = unbond(4, 10 ether);
        assertPosition(4, withdrawalOf(4), IDelegation.Position(2000 ether, 3, 2000 ether, 2));
        skipEpochs(1);
        cancel(4, id);
        assertPosition(4, withdrawalOf(4), IDelegation.Position(2010 ether, 4, 2000 ether, 3));
        assertEq(neighbours.votesOf(withdrawalOf(4)), 2010 ether);
        assertEq(stakeOf(4).ownUnbonding, 0);
    }

    /// @dev C108: against a sum over all epochs.
    function testFuzz_StakeEpochs_AreTheSum(uint256 random) external {
        uint256[40] memory counted;
        for (uint64 epoch = 0; epoch < 30; ++epoch) {
            if (epoch != 0) skipEpochs(1);
            for (uint256 i = 0; i < random % 3; ++i) {
                random = uint256(keccak256(abi.encode(random)));
                uint128 amount = uint128(1 ether + (random >> 8) % 1000 ether);
                address account = random % 2 == 0 ? ALICE : BOB;
                uint96 position = positionOf(0, account);
                if ((random >> 1) % 2 == 0) delegate(account, 0, amount);
                else if (position != 0) undelegate(account, 0, position);
            }
            random = uint256(keccak256(abi.encode(random)));
            for (uint256 later = epoch + 2; later < 40; ++later) {
                counted[later] = stakeOf(0).bonded;
            }
        }
        counted[0] = counted[1] = 30_000 ether;
        uint256 sum = 0;
        for (uint64 epoch = 0; epoch < 40; ++epoch) {
            assertEq(stakes.stakeEpochsUntil(validatorOf(0), epoch), sum);
            sum += counted[epoch];
        }
        assertEq(stakes.stakeEpochsUntil(validatorOf(4), 40), 0);
        assertBooksBalance();
    }

    function assertStretch(uint256 index, uint96 amount, uint32 fromEpoch, uint32 untilEpoch) private view {
        assertEq(neighbours.stretchCount(), index + 1);
        (address validator, address account, uint96 kept, uint32 from, uint32 until) = neighbours.stretches(index);
        assertEq(validator, validatorOf(0));
        assertEq(account, ALICE);
        assertEq(kept, amount);
        assertEq(from, fromEpoch);
        assertEq(until, untilEpoch);
    }

    function assertPosition(uint256 index, address account, IDelegation.Position memory expected) private view {
        assertEq(abi.encode(stakes.positionOf(validatorOf(index), account)), abi.encode(expected), "position");
    }

    function refuses(address account, uint256 index, uint128 amount, bytes memory why) private {
        vm.prank(account);
        vm.expectRevert(why);
        stakes.delegate(validatorOf(index), amount);
    }
}
