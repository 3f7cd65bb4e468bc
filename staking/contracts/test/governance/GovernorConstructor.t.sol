// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {GovernanceFixture} from "./GovernanceFixture.sol";
import {StakeGovernor} from "../../src/StakeGovernor.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {IStakeGovernor} from "../../src/interfaces/IStakeGovernor.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";

contract GovernorConstructorTest is GovernanceFixture {
    IStakeGovernor.Constants private given = governorConstants();

    function test_RevertIf_ItStandsElsewhere() external {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IStakeGovernor.NotAtWiredAddress.selector, address(governor), next));
        new StakeGovernor(wiring, timelock, given);
    }

    /// @dev C159: the one timelock that the parameters obey.
    function test_RevertIf_TheTimelockIsAnother() external {
        TimelockController other = newTimelock(TIMELOCK);
        refuses(
            other, abi.encodeWithSelector(IStakeGovernor.NotAtWiredAddress.selector, address(timelock), address(other))
        );
    }

    /// @dev C156.
    function test_RevertIf_TheQuorumIsOutOfRange() external {
        given.quorumBps = 999;
        refuses(abi.encodeWithSelector(IStakeGovernor.QuorumOutOfRange.selector, 999, 1000, 5000));
        given.quorumBps = 5001;
        refuses(abi.encodeWithSelector(IStakeGovernor.QuorumOutOfRange.selector, 5001, 1000, 5000));
    }

    /// @dev C156: a unit of power to ten minimum bonds.
    function test_RevertIf_TheThresholdIsOutOfRange() external {
        bytes4 selector = IStakeGovernor.ProposalThresholdOutOfRange.selector;
        given.proposalThreshold = 1e9 - 1;
        refuses(abi.encodeWithSelector(selector, 1e9 - 1, 1e9, 10_000e18));
        given.proposalThreshold = 10_000e18 + 1;
        refuses(abi.encodeWithSelector(selector, 10_000e18 + 1, 1e9, 10_000e18));
    }

    /// @dev C155.
    function test_RevertIf_ADelayIsOutOfRange() external {
        given.votingDelay = 0;
        refuses(abi.encodeWithSelector(IStakeGovernor.VotingDelayOutOfRange.selector, 0, 1, 50_400));
        given.votingDelay = 50_401;
        refuses(abi.encodeWithSelector(IStakeGovernor.VotingDelayOutOfRange.selector, 50_401, 1, 50_400));
        given = governorConstants();
        given.votingPeriod = 3;
        refuses(abi.encodeWithSelector(IStakeGovernor.VotingPeriodOutOfRange.selector, 3, 4, 100_800));
        given.votingPeriod = 100_801;
        refuses(abi.encodeWithSelector(IStakeGovernor.VotingPeriodOutOfRange.selector, 100_801, 4, 100_800));
        given = governorConstants();
        given.secondsPerBlock = 0;
        refuses(abi.encodeWithSelector(IStakeGovernor.SecondsPerBlockOutOfRange.selector, 0, 1, 12));
        given.secondsPerBlock = 13;
        refuses(abi.encodeWithSelector(IStakeGovernor.SecondsPerBlockOutOfRange.selector, 13, 1, 12));
    }

    /// @dev C155: no proposal executes in the block that queues it, none waits for a lifetime.
    function test_RevertIf_TheTimelockIsOutOfRange() external {
        refusesTimelock(0);
        refusesTimelock(1_209_601);
    }

    /// @dev C155: 4 + 119 + 5 blocks are the four epochs that the parameters have for it; one block more is too long.
    function test_RevertIf_TheDelaysAreLongerThanTheParametersSay() external {
        given.votingPeriod = 120;
        refuses(abi.encodeWithSelector(IStakeGovernor.DelaysTooLong.selector, 5, 4));
        given.votingPeriod = 119;
        assertEq(create(timelock, "").delayEpochs(), 4);
        // The timelock's seconds are counted in blocks, rounded up.
        given.secondsPerBlock = 11;
        refuses(abi.encodeWithSelector(IStakeGovernor.DelaysTooLong.selector, 5, 4));
        (given.votingPeriod, given.secondsPerBlock) = (64, 1);
        assertEq(create(timelock, "").delayEpochs(), 4);
        given.votingPeriod = 65;
        refuses(abi.encodeWithSelector(IStakeGovernor.DelaysTooLong.selector, 5, 4));
    }

    /// @dev C155, C156.
    function test_Constructor_KeepsEverything() external view {
        assertEq(governor.name(), "Rota Governor");
        assertEq(governor.votingDelay(), DELAY);
        assertEq(governor.votingPeriod(), PERIOD);
        assertEq(governor.proposalThreshold(), THRESHOLD);
        assertEq(governor.quorumBps(), 2500);
        assertEq(governor.secondsPerBlock(), 12);
        assertEq(governor.delayEpochs(), 3);
        assertEq(governor.timelock(), address(timelock));
        assertEq(address(governor.token()), address(votes));
        assertEq(address(governor.parameters()), address(parameters));
        assertEq(address(governor.admission()), address(admission));
        assertEq(address(governor.expulsions()), address(expulsions));
        assertEq(governor.rewards(), address(rewards));
        assertEq(governor.CLOCK_MODE(), "mode=blocknumber&from=default");
        assertEq(governor.clock(), vm.getBlockNumber());
    }

    /// @dev C23, C155: whatever is set, stake waits longer than any proposal that it voted for; here for 4 epochs, and
    /// for evidence of 9. If proposals take longer than evidence, they decide.
    function test_Parameters_KeepTheDelayLongerThanAProposal() external {
        IStakingParameters.Constants memory fixed_ = constants();
        IStakingParameters.Values memory first = values();
        (fixed_.governanceEpochs, first.unbondingDelay) = (30, 30);
        vm.expectRevert(abi.encodeWithSelector(IStakingParameters.UnbondingDelayOutOfRange.selector, 30, 31, 8192));
        new StakingParameters(fixed_, first);
        first.unbondingDelay = 31;
        StakingParameters set = new StakingParameters(fixed_, first);
        assertEq(set.governanceEpochs(), 30);
        first.unbondingDelay = 30;
        vm.expectRevert(abi.encodeWithSelector(IStakingParameters.UnbondingDelayOutOfRange.selector, 30, 31, 8192));
        vm.prank(GOVERNANCE);
        set.set(first);
    }

    function refusesTimelock(uint256 delay) private {
        TimelockController other = newTimelock(delay);
        vm.mockCall(address(parameters), abi.encodeCall(IStakingParameters.governance, ()), abi.encode(address(other)));
        refuses(other, abi.encodeWithSelector(IStakeGovernor.TimelockOutOfRange.selector, delay, 1, 1_209_600));
        vm.clearMockedCalls();
    }

    function refuses(bytes memory reason) private {
        refuses(timelock, reason);
    }

    function refuses(TimelockController timelock_, bytes memory reason) private {
        create(timelock_, reason);
    }

    function create(TimelockController timelock_, bytes memory reason) private returns (StakeGovernor) {
        wiring.governor = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        if (reason.length > 0) vm.expectRevert(reason);
        return new StakeGovernor(wiring, timelock_, given);
    }
}
