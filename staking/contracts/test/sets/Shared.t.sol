// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev Rises and falls by many: raiseShared and lowerShared (C105 to C107). Each epoch gives 125 up and 125 down.
contract SharedTest is SetsFixture {
    function test_RaiseShared_WhenNobodyIsBefore() external {
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(2, 0, nameOf(0), keyOf(0), 425, recipientOf(0));
        raiseShared(0, 425);
        assertSeat(0, IValidatorSets.State.Active, 425, 425);
        assertEq(seat(0).pendingUp, 0);
        assertEq(sets.forming().entryLeft, 0);
        raiseShared(0, 425);
        raiseShared(1, 271);
        assertSeat(1, IValidatorSets.State.Active, 270, 271);
    }

    /// @dev C105: all at once or none, so that it costs the same.
    function test_RaiseShared_WhenTheBudgetDoesNotSuffice() external {
        raiseShared(0, 426);
        assertSeat(0, IValidatorSets.State.Active, 300, 426);
        assertEq(seat(0).pendingUp, 126);
        sets.advance(1);
        assertEq(power(0), 425);
        raiseShared(0, 430);
        assertEq(seat(0).pendingUp, 5);
    }

    /// @dev C39, C105: first come, first served; and it does nothing for those before.
    function test_RaiseShared_WhenOthersCameBefore() external {
        raise(1, 400);
        assertSeat(1, IValidatorSets.State.Active, 395, 400);
        rollToEpoch(1);
        raiseShared(0, 310);
        assertPowers(300, 395, 230, 200);
        assertEq(sets.advance(10), 2);
        assertPowers(310, 400, 230, 200);
    }

    /// @dev C43: in even epochs who enters has the first right, in odd ones who rises.
    function test_RaiseShared_WhenOneWaitsToEnter() external {
        raise(1, 395);
        join(4, 50);
        rollToEpoch(1);
        raiseShared(0, 301);
        assertEq(power(0), 301);
        rollToEpoch(2);
        raiseShared(0, 302);
        assertEq(power(0), 301);
        sets.advance(1);
        assertEq(power(4), 50);
        sets.advance(1);
        assertEq(power(0), 302);
    }

    function test_RaiseShared_WhenItWaits() external {
        join(4, 5);
        raiseShared(4, 9);
        assertSeat(4, IValidatorSets.State.Waiting, 0, 9);
        raiseShared(4, 20);
        assertSeat(4, IValidatorSets.State.Waiting, 0, 20);
        sets.advance(1);
        assertSeat(4, IValidatorSets.State.Active, 20, 20);
    }

    /// @dev C39: nothing rises while something of it is to be taken away.
    function test_RaiseShared_WhenSomethingFalls() external {
        lower(0, 100);
        raiseShared(0, 110);
        assertSeat(0, IValidatorSets.State.Active, 175, 110);
        assertEq(seat(0).pendingUp, 10);
        assertEq(seat(0).pendingDown, 75);
    }

    /// @dev The cap has fallen: as many tickets as it takes.
    function test_RaiseShared_WhenTheTargetIsLower() external {
        useUpExits();
        for (uint64 i = 1; i <= 20; ++i) {
            raiseShared(0, 300 - i);
        }
        assertEq(seat(0).openTickets, 20);
    }

    /// @dev C106.
    function test_LowerShared_WhenNobodyIsBefore() external {
        vm.expectEmit(address(sets));
        emit IValidatorSets.ValidatorChanged(2, 0, nameOf(0), keyOf(0), 290, recipientOf(0));
        uint64 ticket = lowerShared(0, 290);
        assertEq(sets.servedUntil(ticket), 2);
        assertEq(sets.forming().exitLeft, 115);
        assertEq(seat(0).sharedTickets, 0);
        IValidatorSets.Ticket memory resolved = sets.ticketOf(ticket);
        assertEq(resolved.validator, nameOf(0));
        assertEq(resolved.left, 0);
        assertEq(resolved.requestedEpoch, 0);
        rollToEpoch(7);
        assertEq(sets.servedUntil(ticket), 2, "told for ever");
        assertEq(sets.servedUntil(lowerShared(0, 290)), 9, "nothing to take");
        sets.revoke(ticket, type(uint64).max);
        assertSeat(0, IValidatorSets.State.Active, 290, 290);
    }

    function test_RevertIf_TheResolvedTicketIsOfNobody() external {
        uint64 ticket = lowerShared(0, 290) + 9;
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.UnknownTicket.selector, ticket));
        sets.servedUntil(ticket);
    }

    function test_LowerShared_WhenItWaits() external {
        join(4, 9);
        rollToEpoch(3);
        uint64 ticket = lowerShared(4, 5);
        assertEq(sets.servedUntil(ticket), 5);
        assertSeat(4, IValidatorSets.State.Waiting, 0, 5);
    }

    /// @dev C106: all at once or none; the rest is done by whoever works.
    function test_LowerShared_WhenTheBudgetDoesNotSuffice() external {
        uint64 ticket = lowerShared(0, 174);
        assertSeat(0, IValidatorSets.State.Active, 300, 174);
        assertEq(seat(0).sharedTickets, 1);
        assertEq(sets.servedUntil(ticket), STILL);
        sets.advance(1);
        assertEq(power(0), 175);
        nextEpoch();
        assertEq(sets.servedUntil(ticket), 3);
    }

    /// @dev C106: no more than one epoch gives, and nothing for others.
    function test_LowerShared_WhenOthersCameBefore() external {
        uint64 first = lower(1, 140);
        rollToEpoch(1);
        uint64 second = lowerShared(0, 299);
        assertPowers(300, 145, 230, 200);
        assertEq(sets.advance(10), 2);
        assertPowers(299, 140, 230, 200);
        assertEq(sets.servedUntil(first), 3);
        assertEq(sets.servedUntil(second), 3);
    }

    /// @dev C107.
    function test_LowerShared_WhenItIsTheSameEpoch() external {
        useUpExits();
        uint64 ticket = lowerShared(0, 290);
        for (uint64 i = 1; i <= 90; ++i) {
            assertEq(lowerShared(0, 290 - i), ticket);
        }
        assertEq(seat(0).sharedTickets, 1);
        assertEq(sets.ticketOf(ticket).left, 100);
        rollToEpoch(1);
        assertEq(lowerShared(0, 180), ticket + 1);
        assertEq(sets.servedUntil(ticket), STILL);
        sets.advance(1);
        assertEq(sets.servedUntil(ticket), 3);
        assertEq(sets.servedUntil(ticket + 1), STILL);
    }

    /// @dev C107: one of which a part was taken is joined as well.
    function test_LowerShared_WhenTheTicketIsServedInPart() external {
        uint64 ticket = lowerShared(0, 100);
        sets.advance(1);
        assertEq(sets.ticketOf(ticket).left, 75);
        assertEq(lowerShared(0, 90), ticket);
        assertEq(sets.ticketOf(ticket).left, 85);
    }

    /// @dev C38, C107: the latest of the validator alone; else what came last would be served before.
    function test_LowerShared_WhenAnotherTicketIsLater() external {
        useUpExits();
        uint64 first = lowerShared(0, 290);
        uint64 own = lower(0, 280);
        uint64 second = lowerShared(0, 280);
        assertTrue(second > own && own > first);
        assertEq(seat(0).sharedTickets, 2);
        assertEq(seat(0).openTickets, 1);
        assertEq(lowerShared(0, 279), second);
        nextEpoch();
        nextEpoch();
        assertEq(sets.servedUntil(own), sets.servedUntil(second));
    }

    /// @dev C107: however many epochs they wait for, many who leave have 16 tickets.
    function test_LowerShared_WhenThereAreSixteen() external {
        lower(1, 100);
        IStakingParameters.Values memory values = defaultValues();
        values.exitBound = 0;
        parameters.set(values);
        uint64 ticket;
        for (uint64 epoch = 1; epoch <= 16; ++epoch) {
            rollToEpoch(epoch);
            uint64 next = lowerShared(0, 300 - epoch);
            assertEq(next, epoch == 1 ? next : ticket + 1);
            ticket = next;
        }
        for (uint64 epoch = 17; epoch <= 30; ++epoch) {
            rollToEpoch(epoch);
            assertEq(lowerShared(0, 300 - epoch), ticket);
        }
        assertEq(seat(0).sharedTickets, 16);
        // The owner leaves as if they were not there.
        for (uint64 i = 1; i <= 16; ++i) {
            lower(0, 270 - i);
        }
        lower(0, 0);
        assertEq(seat(0).openTickets, 17);
    }

    /// @dev C107: beyond 16 there are only those that were made behind one of the owner, and they count as his.
    function test_RevertIf_SharedTicketsWereMadeBehindOwnOnesAgainAndAgain() external {
        useUpExits();
        uint64 target = 300;
        for (uint256 i = 0; i < 32; ++i) {
            lowerShared(0, --target);
            if (i < 31) sets.revoke(lower(0, target - 1), type(uint64).max);
        }
        assertEq(seat(0).sharedTickets, 32);
        bytes memory refusal = abi.encodeWithSelector(IValidatorSets.TooManyTickets.selector, nameOf(0), 16, 16);
        vm.expectRevert(refusal);
        lower(0, target - 1);
        // Delegators and the owner leave all the same.
        lowerShared(0, --target);
        lower(0, 0);
    }

    /// @dev C107: who takes the last power may have to wait for others; those who left before him shall not.
    function test_LowerShared_WhenItTakesAll() external {
        useUpExits();
        uint64 part = lowerShared(0, 290);
        uint64 all = lowerShared(0, 0);
        assertTrue(part != all);
        assertEq(lowerShared(0, 0), all, "and who comes then waits with him");
        assertEq(seat(0).sharedTickets, 2);
    }

    /// @dev C38, C40: what takes nothing away is not served before an exit of the same validator that waits.
    function test_Lower_WhenAnExitWaitsForOthers() external {
        IStakingParameters.Values memory values = defaultValues();
        values.minimumSize = 4;
        parameters.set(values);
        uint64 exit = lower(3, 0);
        uint64 shared = lowerShared(3, 0);
        uint64 own = lower(3, 0);
        sets.advance(10);
        for (uint256 epoch = 0; epoch < 6; ++epoch) {
            nextEpoch();
            assertEq(sets.servedUntil(shared), STILL, "its power serves still");
            assertEq(sets.servedUntil(own), STILL);
        }
        assertEq(power(3), 200);
        for (uint256 epoch = 0; epoch < 4; ++epoch) {
            nextEpoch();
        }
        assertEq(power(3), 0);
        assertEq(sets.servedUntil(shared), sets.servedUntil(exit));
        assertEq(sets.servedUntil(own), sets.servedUntil(exit));
        assertEq(seat(3).openTickets + seat(3).sharedTickets, 0);
    }

    /// @dev C44: it ends with the stay.
    function test_LowerShared_WhenItIsDisplaced() external {
        useUpExits();
        IStakingParameters.Values memory values = defaultValues();
        values.minimumBond = 210e9;
        parameters.set(values);
        sets.advance(1);
        assertEq(sets.forming().displaced, nameOf(1));
        uint64 ticket = lowerShared(1, 100);
        assertEq(seat(1).sharedTickets, 0);
        while (power(1) != 0) {
            assertEq(sets.servedUntil(ticket), STILL);
            nextEpoch();
        }
        assertEq(sets.servedUntil(ticket), sets.currentEpoch() + 2);
    }

    function test_LowerShared_WhenTheTargetIsHigher() external {
        uint64 ticket = lowerShared(0, 310);
        assertEq(sets.servedUntil(ticket), 2);
        assertSeat(0, IValidatorSets.State.Active, 300, 310);
    }

    function test_RevertIf_NotTheStakes() external {
        vm.startPrank(address(1));
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NotStakes.selector, address(1)));
        sets.raiseShared(nameOf(0), 1);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.NotStakes.selector, address(1)));
        sets.lowerShared(nameOf(0), 1);
    }

    function test_RevertIf_Removed() external {
        remove(0);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.ValidatorRemoved.selector, nameOf(0)));
        sets.raiseShared(nameOf(0), 400);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.ValidatorRemoved.selector, nameOf(0)));
        sets.lowerShared(nameOf(0), 0);
    }

    /// @dev Nothing more may leave in epoch 0.
    function useUpExits() private {
        lower(1, 145);
    }

    function raiseShared(uint256 index, uint64 target) private {
        sets.raiseShared(nameOf(index), target);
    }

    function lowerShared(uint256 index, uint64 target) private returns (uint64) {
        return sets.lowerShared(nameOf(index), target);
    }
}
