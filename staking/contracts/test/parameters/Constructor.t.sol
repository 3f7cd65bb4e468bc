// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ParametersFixture} from "./Parameters.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";

contract ParametersConstructorTest is ParametersFixture {
    function test_RevertIf_TheRollupHasNoChainId() external {
        IStakingParameters.Constants memory given = constants();
        given.rollupChainId = 0;
        refuses(given, values(), abi.encodeWithSelector(IStakingParameters.ZeroRollupChainId.selector));
    }

    function test_RevertIf_ThePowerUnitIsZero() external {
        IStakingParameters.Constants memory given = constants();
        given.powerUnit = 0;
        refuses(given, values(), abi.encodeWithSelector(IStakingParameters.ZeroPowerUnit.selector));
    }

    function test_RevertIf_GovernanceIsZero() external {
        IStakingParameters.Constants memory given = constants();
        given.governance = address(0);
        refuses(given, values(), abi.encodeWithSelector(IStakingParameters.ZeroAddress.selector));
    }

    /// @dev C20, C23.
    function test_RevertIf_APartOfTheWindowIsZero() external {
        for (uint256 part = 0; part < 4; ++part) {
            uint32[4] memory parts = [uint32(2), 1, 5, 1];
            parts[part] = 0;
            refusesWindow(parts);
        }
    }

    /// @dev C23: no delay could be longer.
    function test_RevertIf_TheWindowLeavesNoRoomForADelay() external {
        refusesWindow([uint32(2730), 2730, 2730, 2]);
        refusesWindow([type(uint32).max, type(uint32).max, type(uint32).max, type(uint32).max]);
    }

    /// @dev C20, C23: a proposal takes some time, and leaves room below the longest delay.
    function test_RevertIf_TheTimeOfAProposalIsOutOfRange() external {
        bytes4 selector = IStakingParameters.GovernanceEpochsOutOfRange.selector;
        IStakingParameters.Constants memory given = constants();
        given.governanceEpochs = 0;
        refuses(given, values(), abi.encodeWithSelector(selector, 0, 1, 8191));
        given.governanceEpochs = 8192;
        refuses(given, values(), abi.encodeWithSelector(selector, 8192, 1, 8191));
    }

    /// @dev C23: the longer of the two decides, evidence with its delay or a proposal; 8,191 epochs leave one delay.
    function test_Constructor_KeepsTheDelayLongerThanAProposal() external {
        bytes4 selector = IStakingParameters.UnbondingDelayOutOfRange.selector;
        IStakingParameters.Constants memory given = constants();
        IStakingParameters.Values memory first = values();
        given.governanceEpochs = 9;
        first.unbondingDelay = 10;
        assertEq(new StakingParameters(given, first).governanceEpochs(), 9);
        given.governanceEpochs = 10;
        refuses(given, first, abi.encodeWithSelector(selector, 10, 11, 8192));
        given.governanceEpochs = 8191;
        first.unbondingDelay = 8191;
        refuses(given, first, abi.encodeWithSelector(selector, 8191, 8192, 8192));
        first.unbondingDelay = 8192;
        assertEq(new StakingParameters(given, first).governanceEpochs(), 8191);
    }

    /// @dev C22: the first values are checked like all others.
    function test_RevertIf_TheFirstValuesAreOutOfBounds() external {
        IStakingParameters.Values memory first = values();
        first.minimumBond = 0;
        refuses(
            constants(),
            first,
            abi.encodeWithSelector(IStakingParameters.MinimumBondOutOfRange.selector, 0, 1e9, 100_000e18)
        );
    }

    /// @dev C23: 8,192 is longer than 8,191 by the one epoch that it must be.
    function test_Constructor_TakesTheLongestWindow() external {
        IStakingParameters.Constants memory given = withWindow([uint32(2730), 2730, 2730, 1]);
        IStakingParameters.Values memory first = values();
        first.unbondingDelay = 8192;
        StakingParameters parameters = new StakingParameters(given, first);
        assertEq(parameters.evidenceEpochs(), 8190);
        assertEq(parameters.inclusionDelay(), 1);
    }

    /// @dev C20.
    function test_Constructor_KeepsEverything() external {
        vm.expectEmit();
        emit IStakingParameters.ParametersChanged(values());
        StakingParameters parameters = deploy();
        assertEq(parameters.rollupChainId(), 7682);
        assertEq(parameters.powerUnit(), 1e9);
        assertEq(parameters.maxEpochLag(), 2);
        assertEq(parameters.maxOriginAge(), 1);
        assertEq(parameters.evidenceWindow(), 5);
        assertEq(parameters.inclusionDelay(), 1);
        assertEq(parameters.governanceEpochs(), 4);
        assertEq(parameters.evidenceEpochs(), 8);
        assertEq(parameters.governance(), GOVERNANCE);
        assertEq(abi.encode(parameters.values()), abi.encode(values()));
    }

    function refusesWindow(uint32[4] memory parts) private {
        refuses(
            withWindow(parts),
            values(),
            abi.encodeWithSelector(IStakingParameters.WindowOutOfRange.selector, parts[0], parts[1], parts[2], parts[3])
        );
    }

    function refuses(
        IStakingParameters.Constants memory given,
        IStakingParameters.Values memory first,
        bytes memory reason
    ) private {
        vm.expectRevert(reason);
        new StakingParameters(given, first);
    }

    function withWindow(uint32[4] memory parts) private pure returns (IStakingParameters.Constants memory given) {
        given = constants();
        (given.maxEpochLag, given.maxOriginAge) = (parts[0], parts[1]);
        (given.evidenceWindow, given.inclusionDelay) = (parts[2], parts[3]);
    }
}
