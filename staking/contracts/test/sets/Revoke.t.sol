// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";

/// @dev A cancelled unbonding: revoke, then raise (C38).
contract RevokeTest is SetsFixture {
    function test_Revoke_WhenNothingWasTakenAway() external {
        lower(1, 145);
        uint64 ticket = lower(0, 200);
        sets.revoke(ticket, type(uint64).max);
        assertSeat(0, IValidatorSets.State.Active, 300, 300);
        assertEq(seat(0).pendingDown, 0);
        assertEq(seat(0).openTickets, 0);
        nextEpoch();
        assertEq(power(0), 300);
    }

    function test_Revoke_WhenAPartWasTakenAway() external {
        uint64 ticket = lower(0, 100);
        assertEq(power(0), 175);
        sets.revoke(ticket, type(uint64).max);
        assertSeat(0, IValidatorSets.State.Active, 175, 175);
        raise(0, 300);
        assertSeat(0, IValidatorSets.State.Active, 300, 300);
        nextEpoch();
        assertEq(power(0), 300, "nothing of it is left in line");
    }

    function test_Revoke_WhenAllWasTakenAway() external {
        uint64 ticket = lower(0, 200);
        sets.revoke(ticket, type(uint64).max);
        assertSeat(0, IValidatorSets.State.Active, 200, 200);
        raise(0, 300);
        assertEq(power(0), 300);
    }

    /// @dev C38: those behind it move up.
    function test_Revoke_WhenOthersStandBehindIt() external {
        uint64 first = lower(0, 100);
        uint64 second = lower(1, 200);
        nextEpoch();
        assertEq(sets.servedUntil(first), 3);
        assertEq(power(1), 270 - 34);
        uint64 third = lower(2, 100);
        sets.revoke(second, type(uint64).max);
        raise(1, 270);
        nextEpoch();
        assertPowers(100, 270, 230 - 100, 200);
        assertEq(sets.servedUntil(third), STILL);
    }

    function test_Revoke_WhenItWasLeaving() external {
        uint64 ticket = lower(0, 0);
        assertSeat(0, IValidatorSets.State.Active, 175, 0);
        sets.revoke(ticket, type(uint64).max);
        raise(0, 300);
        assertSeat(0, IValidatorSets.State.Active, 300, 300);
    }

    function test_Revoke_WhenItHasLeft() external {
        uint64 ticket = lower(0, 0);
        nextEpoch();
        nextEpoch();
        assertSeat(0, IValidatorSets.State.Waiting, 0, 0);
        assertEq(sets.servedUntil(ticket), 4);
        sets.revoke(ticket, type(uint64).max);
        raise(0, 60);
        assertSeat(0, IValidatorSets.State.Active, 60, 60);
    }

    /// @dev One of two was revoked while the other takes the last power away: the member leaves, waits, and comes back.
    function test_Revoke_WhenAnotherTakesTheLastPower() external {
        uint64 partly = lower(0, 200);
        lower(0, 0);
        assertSeat(0, IValidatorSets.State.Active, 175, 0);
        sets.revoke(partly, type(uint64).max);
        raise(0, 100);
        assertSeat(0, IValidatorSets.State.Active, 175, 100);
        assertEq(seat(0).pendingDown, 175);
        assertEq(seat(0).pendingUp, 100, "it waits until that has been taken away");
        nextEpoch();
        nextEpoch();
        nextEpoch();
        assertSeat(0, IValidatorSets.State.Active, 100, 100);
    }

    function test_RevertIf_RevokedTwice() external {
        uint64 ticket = lower(0, 200);
        sets.revoke(ticket, type(uint64).max);
        bytes memory refusal = abi.encodeWithSelector(IValidatorSets.UnknownTicket.selector, ticket);
        vm.expectRevert(refusal);
        sets.revoke(ticket, type(uint64).max);
        vm.expectRevert(refusal);
        sets.servedUntil(ticket);
    }

    function test_RevertIf_TheValidatorWasRemoved() external {
        uint64 ticket = lower(0, 100);
        remove(0);
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.ValidatorRemoved.selector, nameOf(0)));
        sets.revoke(ticket, type(uint64).max);
    }
}
