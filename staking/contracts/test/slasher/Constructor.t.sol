// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SlasherFixture} from "./SlasherFixture.sol";
import {Slasher} from "../../src/Slasher.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";

contract SlasherConstructorTest is SlasherFixture {
    ISlasher.Constants private constants;

    function setUp() public override {
        super.setUp();
        constants = slasherConstants();
    }

    function test_RevertIf_TheWiringNamesAnotherSlasher() external {
        wiring.slasher = address(0x51A5);
        address self = vm.computeCreateAddress(REPORTER, vm.getNonce(REPORTER));
        vm.expectRevert(abi.encodeWithSelector(ISlasher.NotTheSlasher.selector, address(0x51A5), self));
        new Slasher(wiring, constants);
    }

    /// @dev C85.
    function test_RevertIf_TheBasePenaltyIsOutOfRange() external {
        constants.basePenaltyBps = 0;
        refuses(abi.encodeWithSelector(ISlasher.BasePenaltyOutOfRange.selector, 0, 1, 10_000));
        constants.basePenaltyBps = 10_001;
        refuses(abi.encodeWithSelector(ISlasher.BasePenaltyOutOfRange.selector, 10_001, 1, 10_000));
    }

    /// @dev C85.
    function test_RevertIf_TheMultiplierIsOutOfRange() external {
        bytes4 selector = ISlasher.CorrelationMultiplierOutOfRange.selector;
        constants.correlationMultiplierBps = 9999;
        refuses(abi.encodeWithSelector(selector, 9999, 10_000, 1_000_000));
        constants.correlationMultiplierBps = 1_000_001;
        refuses(abi.encodeWithSelector(selector, 1_000_001, 10_000, 1_000_000));
    }

    /// @dev C85, C92: evidence is taken for 8 epochs, and who is slashed serves up to 2 more.
    function test_RevertIf_TheDistanceIsOutOfRange() external {
        bytes4 selector = ISlasher.CorrelationEpochsOutOfRange.selector;
        constants.correlationEpochs = 9;
        refuses(abi.encodeWithSelector(selector, 9, 10, 8192));
        constants.correlationEpochs = 8193;
        refuses(abi.encodeWithSelector(selector, 8193, 10, 8192));
    }

    /// @dev C85.
    function test_Constructor_TakesTheLeastAndTheGreatest() external {
        keeps(ISlasher.Constants(1, 10_000, 10, 0));
        keeps(ISlasher.Constants(10_000, 1_000_000, 8192, type(uint128).max));
    }

    function keeps(ISlasher.Constants memory given) private {
        Slasher deployed = deploySlasher(given);
        assertEq(deployed.basePenalty(), uint256(given.basePenaltyBps) * 1e14);
        assertEq(deployed.correlationMultiplierBps(), given.correlationMultiplierBps);
        assertEq(deployed.correlationEpochs(), given.correlationEpochs);
        assertEq(deployed.reporterCap(), given.reporterCap);
    }

    function refuses(bytes memory reason) private {
        wiring.slasher = vm.computeCreateAddress(REPORTER, vm.getNonce(REPORTER));
        vm.expectRevert(reason);
        new Slasher(wiring, constants);
    }
}
