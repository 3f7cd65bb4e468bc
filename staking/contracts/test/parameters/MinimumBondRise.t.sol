// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ParametersFixture} from "./Parameters.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";

contract MinimumBondRiseTest is ParametersFixture {
    uint64 private constant INTERVAL = 216_000;
    uint64 private constant START = 100;

    StakingParameters private parameters;

    function setUp() external {
        vm.roll(START);
        parameters = deploy();
    }

    /// @dev C25: a quarter, and one unit more.
    function test_RevertIf_ItRisesByMoreThanAQuarter() external {
        refuses(1250e18 + 1, 1250e18, 0);
        refuses(100_000e18, 1250e18, 0);
        set(1250e18);
    }

    /// @dev C25: the last block in which it may not rise, and the first in which it may; by however little it rose.
    function test_RevertIf_ItRoseLessThanTheIntervalAgo() external {
        set(1000e18 + 1);
        assertEq(parameters.RISE_INTERVAL_BLOCKS(), INTERVAL);
        refuses(1000e18 + 2, 1250e18 + 2, START + INTERVAL);
        vm.roll(START + INTERVAL - 1);
        refuses(1250e18, 1250e18 + 2, START + INTERVAL);
        vm.roll(START + INTERVAL);
        refuses(1250e18 + 3, 1250e18 + 2, START + INTERVAL);
        set(1250e18 + 2);
        refuses(1250e18 + 3, 1562.5e18 + 3, START + 2 * INTERVAL);
    }

    /// @dev C25: it counts from what holds now, so what it was before it fell is no value to come back to.
    function test_RevertIf_ItRisesToWhatItWasBeforeItFell() external {
        set(500e18);
        refuses(1000e18, 625e18, 0);
        set(625e18);
        set(400e18);
        refuses(401e18, 500e18, START + INTERVAL);
        vm.roll(START + INTERVAL);
        refuses(625e18, 500e18, START + INTERVAL);
        set(500e18);
    }

    /// @dev C22, C25: what is out of bounds is refused as that, however fast it rises.
    function test_RevertIf_ItRisesAboveTheCap() external {
        IStakingParameters.Values memory changed = values();
        changed.minimumBond = 100_000e18 + 1;
        vm.expectRevert(
            abi.encodeWithSelector(IStakingParameters.MinimumBondOutOfRange.selector, 100_000e18 + 1, 1e9, 100_000e18)
        );
        vm.prank(GOVERNANCE);
        parameters.set(changed);
    }

    /// @dev C25: all else changes at any time, also the cap that it is bounded by.
    function test_Set_WhenItFallsOrStays() external {
        set(1250e18);
        IStakingParameters.Values memory changed = values();
        (changed.minimumBond, changed.powerCap, changed.minimumSize) = (1250e18, 1250e18, 100);
        vm.prank(GOVERNANCE);
        parameters.set(changed);
        set(1250e18);
        set(1e9);
        rise(1.25e9, START + INTERVAL);
    }

    /// @dev C25: a quarter of 1, 2 or 3 is nothing, and so it is rounded up.
    function test_Set_WhenItIsTheLeastThereIs() external {
        IStakingParameters.Constants memory given = constants();
        IStakingParameters.Values memory first = values();
        (given.powerUnit, first.minimumBond, first.powerCap) = (1, 1, 100);
        parameters = new StakingParameters(given, first);
        rise(2, 0);
        first.minimumBond = 2;
        vm.prank(GOVERNANCE);
        parameters.set(first);
        rise(3, START + INTERVAL);
    }

    /// @dev C25: a rise of the greatest there is would leave 128 bits.
    function test_View_OfTheGreatestThereIs() external {
        IStakingParameters.Constants memory given = constants();
        IStakingParameters.Values memory first = values();
        (given.powerUnit, first.minimumBond) = (1 << 80, type(uint128).max);
        first.powerCap = type(uint128).max;
        parameters = new StakingParameters(given, first);
        rise(uint256(type(uint128).max) + (1 << 126), 0);
    }

    /// @dev C25: the first values are free, and so is the time of the first rise.
    function test_View_BeforeTheFirstRise() external {
        rise(1250e18, 0);
        set(1100e18);
        rise(1375e18, START + INTERVAL);
    }

    /// @dev C25: whatever governance tries, it never gets above what one rise an interval gives, and no faster.
    function testFuzz_Set_NeverRisesFaster(uint256[24] memory random) external {
        uint256 most = 1000e18;
        uint256 lastRise = 0;
        for (uint256 i = 0; i < random.length; ++i) {
            vm.roll(vm.getBlockNumber() + random[i] % 80_000);
            IStakingParameters.Values memory changed = values();
            uint256 before = parameters.values().minimumBond;
            changed.minimumBond = uint128(bound(random[i] >> 64, before * 3 / 4, before * 4 / 3));
            vm.prank(GOVERNANCE);
            try parameters.set(changed) {}
            catch {
                assertEq(parameters.values().minimumBond, before, "all or nothing");
                continue;
            }
            if (changed.minimumBond <= before) continue;
            assertTrue(lastRise == 0 || vm.getBlockNumber() >= lastRise + INTERVAL, "one rise an interval");
            lastRise = vm.getBlockNumber();
            most += most / 4 + 1;
            assertLe(changed.minimumBond, before + before / 4 + 1, "by a quarter at most");
            assertLe(changed.minimumBond, most, "no more than by these rises");
        }
    }

    function set(uint128 minimumBond) private {
        IStakingParameters.Values memory changed = values();
        changed.minimumBond = minimumBond;
        vm.prank(GOVERNANCE);
        parameters.set(changed);
        assertEq(abi.encode(parameters.values()), abi.encode(changed));
    }

    function refuses(uint128 minimumBond, uint256 most, uint64 fromBlock) private {
        IStakingParameters.Values memory changed = values();
        changed.minimumBond = minimumBond;
        vm.expectRevert(
            abi.encodeWithSelector(IStakingParameters.MinimumBondRisesTooFast.selector, minimumBond, most, fromBlock)
        );
        vm.prank(GOVERNANCE);
        parameters.set(changed);
        rise(most, fromBlock);
    }

    function rise(uint256 most, uint64 fromBlock) private view {
        (uint256 sayMost, uint64 sayFromBlock) = parameters.minimumBondRise();
        assertEq(sayMost, most);
        assertEq(sayFromBlock, fromBlock);
    }
}
