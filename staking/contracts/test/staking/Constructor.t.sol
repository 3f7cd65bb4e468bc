// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Fixture} from "../Fixture.sol";
import {RotaStaking} from "../../src/RotaStaking.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

contract ConstructorTest is Fixture {
    IRotaStaking.Parameters private parameters;

    function setUp() public override {
        super.setUp();
        parameters = defaultParameters();
    }

    function test_RevertWhen_TheRollupChainIdIsZero() external {
        parameters.rollupChainId = 0;
        refuses(abi.encodeWithSelector(IRotaStaking.ZeroRollupChainId.selector));
    }

    function test_RevertWhen_TheMinimumStakeIsZero() external {
        parameters.minimumStakeGwei = 0;
        refuses(abi.encodeWithSelector(IRotaStaking.ZeroMinimumStake.selector));
    }

    /// @dev C1.
    function test_RevertWhen_TheEpochLengthIsOutsideItsBounds() external {
        parameters.epochLength = 3;
        refuses(abi.encodeWithSelector(IRotaStaking.EpochLengthOutOfRange.selector, 3, 4, 7200));
        parameters.epochLength = 7201;
        refuses(abi.encodeWithSelector(IRotaStaking.EpochLengthOutOfRange.selector, 7201, 4, 7200));
    }

    /// @dev C8.
    function test_RevertWhen_TheWithdrawalDelayIsOutsideItsBounds() external {
        parameters.withdrawalDelay = 0;
        refuses(abi.encodeWithSelector(IRotaStaking.WithdrawalDelayOutOfRange.selector, 0, 1, 1024));
        parameters.withdrawalDelay = 1025;
        refuses(abi.encodeWithSelector(IRotaStaking.WithdrawalDelayOutOfRange.selector, 1025, 1, 1024));
    }

    /// @dev C1.
    function test_RevertWhen_TheCurrentBlockIsNotInEpochZero() external {
        vm.roll(START - 1);
        refuses(abi.encodeWithSelector(IRotaStaking.NotInFirstEpoch.selector, START - 1, START, LENGTH));
        vm.roll(START + LENGTH);
        refuses(abi.encodeWithSelector(IRotaStaking.NotInFirstEpoch.selector, START + LENGTH, START, LENGTH));
    }

    function test_RevertWhen_ThereAreNoSeeds() external {
        vm.expectRevert(IRotaStaking.NoSeeds.selector);
        new RotaStaking(parameters, new IRotaStaking.Seed[](0));
    }

    function test_RevertWhen_TheValueIsNotTheSumOfTheStakes() external {
        vm.deal(address(this), 101 ether);
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.SeedStakeMismatch.selector, 100 ether - 1, 100 ether));
        new RotaStaking{value: 100 ether - 1}(parameters, defaultSeeds());
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.SeedStakeMismatch.selector, 100 ether + 1, 100 ether));
        new RotaStaking{value: 100 ether + 1}(parameters, defaultSeeds());
    }

    function test_RevertWhen_ASeedCannotBeRegistered() external {
        IRotaStaking.Seed[] memory seeds = defaultSeeds();
        seeds[1].operator = address(0);
        refuses(seeds, abi.encodeWithSelector(IRotaStaking.ZeroAddress.selector));

        seeds = defaultSeeds();
        seeds[2].stakeGwei = MINIMUM_GWEI - 1;
        refuses(seeds, abi.encodeWithSelector(IRotaStaking.StakeBelowMinimum.selector, MINIMUM_GWEI - 1, MINIMUM_GWEI));

        seeds = defaultSeeds();
        seeds[3].operator = operatorOf(0);
        refuses(seeds, abi.encodeWithSelector(IRotaStaking.AlreadyRegistered.selector, operatorOf(0)));

        seeds = defaultSeeds();
        seeds[3].registration.consensusKey = keyOf(1);
        refuses(seeds, abi.encodeWithSelector(IRotaStaking.ConsensusKeyUsed.selector, keyOf(1), operatorOf(1)));
    }

    function test_RevertWhen_ThereAreMoreSeedsThanPlaces() external {
        refuses(manySeeds(129), abi.encodeWithSelector(IRotaStaking.NoFreePlace.selector, 128));
    }

    function test_ItKeepsTheParametersAtBothEndsOfTheirBounds() external {
        parameters.epochLength = 4;
        parameters.withdrawalDelay = 1;
        vm.roll(START + 3);
        RotaStaking least = deployStaking(parameters, defaultSeeds());
        assertEq(least.rollupChainId(), 7682);
        assertEq(least.startBlock(), START);
        assertEq(least.deploymentBlock(), START + 3);
        assertEq(least.epochLength(), 4);
        assertEq(least.withdrawalDelay(), 1);
        assertEq(least.minimumStakeGwei(), MINIMUM_GWEI);

        parameters.epochLength = 7200;
        parameters.withdrawalDelay = 1024;
        RotaStaking most = deployStaking(parameters, defaultSeeds());
        assertEq(most.epochLength(), 7200);
        assertEq(most.withdrawalDelay(), 1024);
    }

    /// @dev C10.
    function test_ItAnnouncesTheSeedsForEpochZero() external {
        staking = RotaStaking(vm.computeCreateAddress(address(this), vm.getNonce(address(this))));
        expectChange(0, 0, 0, 30e9);
        expectChange(0, 1, 1, 27e9);
        expectChange(0, 2, 2, 23e9);
        expectChange(0, 3, 3, 20e9);
        assertEq(address(deployStaking(parameters, defaultSeeds())), address(staking));
    }

    function test_ItMakesTheSeedsTheSetsOfEpochsZeroAndOne() external view {
        for (uint64 epoch = 0; epoch < 2; ++epoch) {
            IRotaStaking.Member[] memory members = staking.setOf(epoch);
            assertEq(members.length, 4);
            assertMember(members[0], 0, 0, 30e9);
            assertMember(members[1], 1, 1, 27e9);
            assertMember(members[2], 2, 2, 23e9);
            assertMember(members[3], 3, 3, 20e9);
        }
    }

    /// @dev C4, C8.
    function test_ItHoldsTheStakesOfUpTo128Seeds() external {
        staking = deployStaking(parameters, manySeeds(128));
        assertEq(address(staking).balance, 128 ether);
        IRotaStaking.Member[] memory members = staking.setOf(0);
        assertEq(members.length, 128);
        for (uint256 i = 0; i < 128; ++i) {
            assertMember(members[i], uint8(i), i, 1e9);
        }
    }

    function manySeeds(uint256 count) private pure returns (IRotaStaking.Seed[] memory seeds) {
        seeds = new IRotaStaking.Seed[](count);
        for (uint256 i = 0; i < count; ++i) {
            seeds[i] = seedOf(i, 1e9);
        }
    }

    function refuses(bytes memory reason) private {
        refuses(defaultSeeds(), reason);
    }

    function refuses(IRotaStaking.Seed[] memory seeds, bytes memory reason) private {
        uint256 stakeWei = 0;
        for (uint256 i = 0; i < seeds.length; ++i) {
            stakeWei += uint256(seeds[i].stakeGwei) * 1 gwei;
        }
        vm.deal(address(this), stakeWei);
        vm.expectRevert(reason);
        new RotaStaking{value: stakeWei}(parameters, seeds);
    }
}
