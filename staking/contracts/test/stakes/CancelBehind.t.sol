// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EndToEndFixture} from "../slasher/EndToEndFixture.sol";

/// @dev The own bond of 30,000 carries the power of 60,000 delegated besides. With the real sets: a cancelled exit must
/// not let delegated stake overtake the power that stood on it.
contract StakesCancelBehindTest is EndToEndFixture {
    address private constant DELEGATOR = address(0xDE1);

    function setUp() public override {
        super.setUp();
        token.mint(DELEGATOR, 60_000 ether);
        vm.startPrank(DELEGATOR);
        token.approve(address(stakes), 60_000 ether);
        stakes.delegate(seedOf(1), 60_000 ether);
        vm.stopPrank();
        for (uint64 epoch = 1; epoch <= 8; ++epoch) {
            rollTo(epoch);
            while (sets.advance(100) == 100) {}
        }
        assertEq(sets.seatOf(seedOf(1)).power, 90_000e9, "all of it serves");
    }

    /// @dev C71, C72: exit, undelegation, cancellation. The undelegated stake is due when the power of it has left.
    function test_Cancel_WhenDelegatedStakeLeftBehindTheExit() external {
        address validator = seedOf(1);
        address owner = registry.withdrawalOf(validator);
        vm.prank(owner);
        uint64 exit = stakes.exit(validator);
        vm.prank(DELEGATOR);
        uint64 undelegation = stakes.undelegate(validator, 60_000 ether);
        vm.prank(owner);
        stakes.cancel(exit);
        for (uint64 epoch = 9; epoch < 60; ++epoch) {
            rollTo(epoch);
            while (sets.advance(100) == 100) {}
            (uint64 dueEpoch,) = stakes.dueOf(undelegation);
            if (dueEpoch == type(uint64).max) continue;
            // What the own bond of 30,000 does not carry serves in no epoch from the end of service on.
            uint64 end = dueEpoch - parameters.values().unbondingDelay;
            for (uint64 served = end; served <= epoch + 1; ++served) {
                assertLe(sets.powerOf(validator, served), 30_000e9, "power without stake");
            }
            if (epoch > end + 2) break;
        }
        assertEq(sets.seatOf(validator).target, 30_000e9);
        assertEq(stakes.stakeOf(validator).own, 30_000 ether);
    }
}
