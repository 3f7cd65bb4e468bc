// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev Falling: lower and servedUntil (C36, C37, C38). Each epoch gives 12.5% of the power at its beginning.
contract LowerTest is SetsFixture {
    function test_Lower_WhenTheBudgetSuffices() external {
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(2, 0, nameOf(0), keyOf(0), 200, recipientOf(0));
        uint64 ticket = lower(0, 200);
        assertEq(sets.servedUntil(ticket), 2);
        assertEq(sets.forming().exitLeft, 25);
        assertEq(sets.powerOf(nameOf(0), 1), 300, "C31");
        rollToEpoch(1);
        assertEq(sets.powerOf(nameOf(0), 2), 200);
    }

    function test_Lower_WhenTheBudgetIsUsedUp() external {
        uint64 ticket = lower(0, 20);
        assertSeat(0, IValidatorSets.State.Active, 175, 20);
        assertEq(seat(0).pendingDown, 155);
        assertEq(sets.servedUntil(ticket), STILL);
        assertEq(sets.ticketOf(ticket).left, 155);
        assertEq(sets.ticketOf(ticket).validator, nameOf(0));
        assertEq(sets.ticketOf(ticket).requestedEpoch, 0);
        nextEpoch();
        // C37: 12.5% of 875, rounded down.
        assertEq(power(0), 66);
        assertEq(sets.servedUntil(ticket), STILL);
        nextEpoch();
        assertSeat(0, IValidatorSets.State.Active, 20, 20);
        assertEq(sets.servedUntil(ticket), 4);
        assertEq(seat(0).openTickets, 0);
    }

    /// @dev C38: first come, first served.
    function test_Lower_WhenOthersCameBefore() external {
        uint64 first = lower(0, 200);
        uint64 second = lower(1, 200);
        uint64 third = lower(2, 229);
        assertPowers(200, 245, 230, 200);
        assertEq(sets.servedUntil(first), 2);
        assertEq(sets.servedUntil(second), STILL);
        assertEq(sets.servedUntil(third), STILL);
        nextEpoch();
        assertPowers(200, 200, 229, 200);
        assertEq(sets.servedUntil(second), 3);
        assertEq(sets.servedUntil(third), 3);
    }

    /// @dev C36: what has not been added yet never served.
    function test_Lower_WhenAnIncreaseWaits() external {
        raise(0, 500);
        assertEq(seat(0).pendingUp, 75);
        uint64 ticket = lower(0, 450);
        assertEq(sets.servedUntil(ticket), 2);
        assertEq(seat(0).pendingUp, 25);
        assertEq(power(0), 425);
        ticket = lower(0, 400);
        assertEq(sets.servedUntil(ticket), 2, "25 of it by the budget");
        assertSeat(0, IValidatorSets.State.Active, 400, 400);
        assertEq(seat(0).pendingUp, 0);
        nextEpoch();
        assertEq(power(0), 400, "nothing is left in line");
    }

    function test_Lower_WhenNothingChanges() external {
        uint64 ticket = lower(0, 300);
        assertEq(sets.servedUntil(ticket), 2, "C38: never before the epoch after next");
        assertEq(seat(0).openTickets, 0);
    }

    /// @dev C38: what takes nothing away, because it never served, still ends after those that came before.
    function test_Lower_WhenAnIncreaseAndAnEarlierTicketWait() external {
        raise(1, 395);
        uint64 first = lower(0, 100);
        raise(0, 150);
        assertEq(seat(0).pendingUp, 50);
        uint64 second = lower(0, 100);
        assertEq(seat(0).pendingUp, 0);
        assertEq(sets.servedUntil(second), STILL);
        assertEq(sets.ticketOf(second).left, 0);
        assertEq(seat(0).openTickets, 2);
        nextEpoch();
        assertEq(sets.servedUntil(first), 3);
        assertEq(sets.servedUntil(second), 3);
        assertEq(seat(0).openTickets, 0);
    }

    /// @dev C38: what a ticket has once told it tells for ever, also when the line comes to it after the stay.
    function test_Lower_WhenTheStayEndsBeforeTheLineComesToIt() external {
        allowSmall();
        raise(1, 395);
        lower(0, 1);
        uint64 exit = lower(0, 0);
        raise(0, 5);
        uint64 last = lower(0, 0);
        assertEq(sets.ticketOf(last).left, 0, "the budget was used up, so that nothing was added");
        lower(1, 1);
        nextEpoch();
        assertEq(power(0), 50);
        rollToEpoch(2);
        while (power(0) != 0) {
            sets.advance(1);
        }
        assertEq(sets.servedUntil(exit), 4);
        assertEq(sets.servedUntil(last), 4);
        assertEq(seat(0).openTickets, 1);
        nextEpoch();
        assertEq(seat(0).openTickets, 0);
        assertEq(sets.servedUntil(last), 4);
    }

    /// @dev The cap was raised, and then stake taken away.
    function test_Lower_WhenTheTargetIsHigher() external {
        uint64 ticket = lower(0, 310);
        assertEq(sets.servedUntil(ticket), 2);
        assertSeat(0, IValidatorSets.State.Active, 310, 310);
    }

    function test_Lower_WhenItWaits() external {
        join(4, 9);
        rollToEpoch(3);
        uint64 ticket = lower(4, 5);
        assertEq(sets.servedUntil(ticket), 5);
        assertSeat(4, IValidatorSets.State.Waiting, 0, 5);
        ticket = lower(4, 0);
        assertEq(sets.servedUntil(ticket), 5);
        assertEq(sets.forming().waiting, 0);
        raise(4, 20);
        assertSeat(4, IValidatorSets.State.Active, 20, 20);
    }

    function test_RevertIf_SixteenTicketsAreOpen() external {
        lower(1, 145);
        for (uint64 i = 1; i <= 16; ++i) {
            lower(0, 300 - i);
        }
        assertEq(seat(0).openTickets, 16);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.TooManyTickets.selector, nameOf(0), 16, 16));
        lower(0, 283);
        lower(2, 229);
    }

    /// @dev C40: small tickets keep nobody from leaving, and 16 exits, undone in between, are kept for that.
    function test_Lower_WhenSixteenTicketsAreOpenAndItLeaves() external {
        allowSmall();
        raise(0, 316);
        lower(1, 145);
        uint64[16] memory small;
        for (uint64 i = 0; i < 16; ++i) {
            small[i] = lower(0, 315 - i);
        }
        for (uint64 i = 0; i < 16; ++i) {
            assertEq(seat(0).openTickets, 16);
            lower(0, 0);
            sets.revoke(small[i], type(uint64).max);
            assertEq(seat(0).target, 1);
        }
        uint64 exit = lower(0, 0);
        assertEq(seat(0).openTickets, 17);
        nextEpoch();
        nextEpoch();
        nextEpoch();
        nextEpoch();
        assertSeat(0, IValidatorSets.State.Waiting, 0, 0);
        assertLt(sets.servedUntil(exit), STILL);
    }

    /// @dev C48: and no more than that.
    function test_RevertIf_ThirtyTwoTicketsAreOpen() external {
        allowSmall();
        lower(1, 145);
        uint64 target = 300;
        for (uint256 i = 0; i < 16; ++i) {
            lower(0, --target);
        }
        for (uint256 i = 0; i < 16; ++i) {
            lower(0, 0);
            raise(0, 1);
            // Nothing of it has served, yet the next ticket is no sooner over than those before it.
            assertEq(seat(0).pendingUp, 1);
        }
        assertEq(seat(0).openTickets, 32);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.TooManyTickets.selector, nameOf(0), 32, 32));
        lower(0, 0);
    }

    function test_Lower_WhenManyTicketsTakeNothingAway() external {
        for (uint256 i = 0; i < 40; ++i) {
            lower(0, 300);
        }
        assertEq(seat(0).openTickets, 0);
    }

    function test_RevertIf_NotEnrolled() external {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NotEnrolled.selector, nameOf(9)));
        lower(9, 0);
    }

    function test_RevertIf_Removed() external {
        remove(0);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.ValidatorRemoved.selector, nameOf(0)));
        lower(0, 0);
    }

    function test_RevertIf_TheTicketIsUnknown() external {
        bytes memory refusal = abi.encodeWithSelector(IValidatorSets.UnknownTicket.selector, 1);
        vm.expectRevert(refusal);
        sets.servedUntil(1);
        vm.expectRevert(refusal);
        sets.ticketOf(1);
        vm.expectRevert(refusal);
        sets.revoke(1, type(uint64).max);
    }

    function allowSmall() private {
        IStakingParameters.Values memory values = defaultValues();
        values.minimumBond = 1e9;
        parameters.set(values);
    }

    /// @dev C37: whatever is asked for, no set differs from the one before by more than the bounds.
    function testFuzz_TheBoundsHold(uint256 random) external {
        uint64 totalBefore = 1000;
        for (uint64 epoch = 0; epoch < 12; ++epoch) {
            rollToEpoch(epoch);
            for (uint256 i = 0; i < 6; ++i) {
                random = uint256(keccak256(abi.encode(random)));
                uint64 target = 10 + uint64((random >> 8) % 2000);
                uint256 index = (random >> 128) % 4;
                if (random % 2 == 0) raise(index, target);
                else if (seat(index).openTickets < 16) lower(index, target);
            }
            uint64 up = 0;
            uint64 down = 0;
            rollToEpoch(epoch + 1);
            for (uint256 i = 0; i < 4; ++i) {
                uint64 before = sets.powerOf(nameOf(i), epoch + 1);
                uint64 afterwards = sets.powerOf(nameOf(i), epoch + 2);
                if (afterwards > before) up += afterwards - before;
                else down += before - afterwards;
            }
            assertLe(up, totalBefore * 1250 / 10_000, "entry bound");
            assertLe(down, totalBefore * 1250 / 10_000, "exit bound");
            (, totalBefore) = sets.totalsOf(epoch + 2);
        }
    }
}
