// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev The smallest member loses its place (C44): four places, all taken, and a margin of a tenth.
contract DisplaceTest is SetsFixture {
    function setUp() public override {
        vm.roll(START);
        deploy(4);
        seedFour();
    }

    function test_Displace_WhenALargerOneWaits() external {
        enroll(4);
        vm.expectEmit(address(sets));
        emit IValidatorSets.DisplacementBegun(nameOf(3), 1);
        raise(4, 221);
        assertSeat(3, IValidatorSets.State.Active, 75, 200);
        assertEq(sets.forming().displaced, nameOf(3));
        nextEpoch();
        assertSeat(3, IValidatorSets.State.Waiting, 0, 200);
        assertEq(sets.forming().displaced, address(0));
        assertSeat(4, IValidatorSets.State.Active, 109, 221);
        assertEq(seat(4).place, 3);
        nextEpoch();
        nextEpoch();
        assertSeat(4, IValidatorSets.State.Active, 221, 221);
        assertEq(sets.forming().displaced, address(0), "the displaced one does not exceed it");
    }

    function test_Displace_WhenTheMarginIsNotExceeded() external {
        join(4, 220);
        assertEq(sets.forming().displaced, address(0));
        raise(4, 221);
        assertEq(sets.forming().displaced, nameOf(3));
    }

    /// @dev The budget, not the number, bounds how fast members change.
    function test_Displace_WhenSeveralLargerOnesWait() external {
        join(4, 1000);
        join(5, 900);
        assertEq(sets.forming().displaced, nameOf(3));
        nextEpoch();
        assertSeat(4, IValidatorSets.State.Active, 109, 1000);
        assertEq(sets.forming().displaced, nameOf(2), "the next one");
        assertEq(power(2), 230 - 34);
    }

    function test_Displace_WhenItHadAnIncreaseInLine() external {
        raise(0, 425);
        raise(3, 210);
        assertEq(seat(3).pendingUp, 10);
        join(4, 500);
        assertEq(seat(3).pendingUp, 0);
        assertSeat(3, IValidatorSets.State.Active, 75, 210);
        nextEpoch();
        assertSeat(3, IValidatorSets.State.Waiting, 0, 210);
        assertEq(seat(3).power, 0);
    }

    function test_Displace_WhenItAddsStakeMeanwhile() external {
        join(4, 221);
        raise(3, 400);
        assertSeat(3, IValidatorSets.State.Active, 75, 400);
        assertEq(seat(3).pendingUp, 0);
        nextEpoch();
        assertSeat(3, IValidatorSets.State.Active, 109, 400);
        assertSeat(4, IValidatorSets.State.Waiting, 0, 221);
    }

    /// @dev C44: stake that is taken out of a member that is being displaced serves until it has left.
    function test_Displace_WhenItUnbondsMeanwhile() external {
        join(4, 221);
        uint64 ticket = lower(3, 150);
        assertSeat(3, IValidatorSets.State.Active, 75, 150);
        assertEq(sets.servedUntil(ticket), STILL);
        nextEpoch();
        assertEq(sets.servedUntil(ticket), 3);
        assertSeat(3, IValidatorSets.State.Waiting, 0, 150);
    }

    function test_Displace_WhenItExitsMeanwhile() external {
        join(4, 221);
        uint64 ticket = lower(3, 0);
        nextEpoch();
        assertEq(sets.servedUntil(ticket), 3);
        assertSeat(3, IValidatorSets.State.Waiting, 0, 0);
        assertEq(sets.forming().waiting, 0);
    }

    function test_Displace_WhenItComesBackAfterwards() external {
        join(4, 221);
        uint64 ticket = lower(3, 150);
        nextEpoch();
        remove(0);
        nextEpoch();
        assertSeat(3, IValidatorSets.State.Active, 76, 150);
        assertEq(sets.servedUntil(ticket), 3, "its first stay has ended, and the ticket with it");
        ticket = lower(3, 140);
        nextEpoch();
        assertEq(sets.servedUntil(ticket), 4);
    }

    /// @dev What an older ticket leaves goes with the displacement.
    function test_Displace_WhenAnOlderTicketIsRevoked() external {
        lower(0, 200);
        uint64 older = lower(3, 150);
        assertEq(sets.ticketOf(older).left, 25);
        join(4, 400);
        assertEq(seat(3).pendingDown, 175);
        sets.revoke(older, type(uint64).max);
        raise(3, 200);
        assertSeat(3, IValidatorSets.State.Active, 175, 200);
        assertEq(seat(3).pendingDown, 175);
        nextEpoch();
        nextEpoch();
        assertSeat(3, IValidatorSets.State.Waiting, 0, 200);
        assertEq(seat(3).openTickets, 0);
    }

    /// @dev The displacement had nothing to take away and is through, when the ticket that took all is revoked.
    function test_Displace_WhenAllOfItWasAnothersAndIsRevoked() external {
        IStakingParameters.Values memory values = defaultValues();
        values.minimumSize = 4;
        parameters.set(values);
        uint64 part = lower(3, 120);
        uint64 exit = lower(3, 0);
        sets.revoke(part, type(uint64).max);
        raise(0, 425);
        raise(3, 80);
        join(4, 400);
        // Its exit is held, too few others are there, and the entry budget is used up.
        assertSeat(3, IValidatorSets.State.Active, 120, 80);
        assertEq(seat(3).pendingDown, 120);
        assertEq(seat(3).pendingUp, 80);

        values.minimumSize = 3;
        parameters.set(values);
        sets.advance(10);
        assertEq(sets.forming().displaced, nameOf(3));
        assertEq(sets.ticketOf(exit).left, 75);
        assertSeat(3, IValidatorSets.State.Active, 75, 80);
        assertEq(seat(3).openTickets, 2);
        remove(0);
        rollToEpoch(1);
        sets.advance(1);
        assertEq(seat(3).openTickets, 2, "C38: the exit waits again, and the displacement behind it");

        sets.revoke(exit, type(uint64).max);
        assertSeat(3, IValidatorSets.State.Active, 75, 155);
        assertEq(seat(3).pendingDown, 75);
        assertEq(seat(3).openTickets, 1, "now it takes all");
        for (uint256 i = 0; i < 3; ++i) {
            nextEpoch();
        }
        assertEq(sets.forming().displaced, address(0));
        assertEq(seat(3).pendingDown, 0);
    }

    function test_Displace_WhenItIsRemovedMeanwhile() external {
        join(4, 221);
        remove(3);
        assertSeat(3, IValidatorSets.State.Removed, 0, 0);
        assertEq(sets.forming().displaced, address(0));
        sets.advance(10);
        assertSeat(4, IValidatorSets.State.Active, 125, 221);
        nextEpoch();
        assertPowers(300, 270, 230, 0);
    }

    /// @dev C44: also with free places, a member below the minimum goes; not below the minimum size.
    function test_Displace_WhenTheMinimumWasRaised() external {
        IStakingParameters.Values memory values = defaultValues();
        values.minimumBond = 280e9;
        values.maximumExitWait = 100;
        parameters.set(values);
        for (uint256 i = 0; i < 12; ++i) {
            nextEpoch();
        }
        assertPowers(300, 270, 0, 0);
        assertSeat(3, IValidatorSets.State.Waiting, 0, 200);
        assertEq(sets.forming().displaced, address(0));
        raise(2, 280);
        assertGt(power(2), 0);
    }

    function test_Displace_WhenTooFewAreLeftMeanwhile() external {
        join(4, 221);
        assertEq(power(3), 75);
        remove(0);
        remove(1);
        remove(4);
        nextEpoch();
        assertSeat(3, IValidatorSets.State.Active, 75, 200);
        for (uint256 i = 0; i < 11; ++i) {
            nextEpoch();
        }
        // It waited as an exit does, left, and entered again.
        assertEq(sets.forming().displaced, address(0));
        assertSeat(3, IValidatorSets.State.Active, power(3), 200);
        assertGt(power(3), 0);
        assertEq(seat(3).pendingDown, 0);
    }
}
