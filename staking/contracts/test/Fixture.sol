// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {RotaInbox} from "../src/RotaInbox.sol";
import {RotaStaking} from "../src/RotaStaking.sol";
import {IRotaStaking} from "../src/interfaces/IRotaStaking.sol";

/// @dev Four seed validators with 30, 27, 23 and 20 ether, as on a local network, at L1 block 100 in epochs of 32.
abstract contract Fixture is Test {
    uint64 internal constant START = 100;
    uint64 internal constant LENGTH = 32;
    uint64 internal constant DELAY = 4;
    uint64 internal constant MINIMUM_GWEI = 1e9;

    RotaStaking internal staking;
    RotaInbox internal inbox;

    function setUp() public virtual {
        vm.roll(START);
        staking = deployStaking(defaultParameters(), defaultSeeds());
        inbox = new RotaInbox(staking);
    }

    function defaultParameters() internal pure returns (IRotaStaking.Parameters memory) {
        return IRotaStaking.Parameters({
            rollupChainId: 7682,
            startBlock: START,
            epochLength: LENGTH,
            withdrawalDelay: DELAY,
            minimumStakeGwei: MINIMUM_GWEI
        });
    }

    function defaultSeeds() internal pure returns (IRotaStaking.Seed[] memory seeds) {
        seeds = new IRotaStaking.Seed[](4);
        seeds[0] = seedOf(0, 30e9);
        seeds[1] = seedOf(1, 27e9);
        seeds[2] = seedOf(2, 23e9);
        seeds[3] = seedOf(3, 20e9);
    }

    function seedOf(uint256 index, uint64 stakeGwei) internal pure returns (IRotaStaking.Seed memory) {
        return IRotaStaking.Seed(operatorOf(index), stakeGwei, registrationOf(index));
    }

    function deployStaking(IRotaStaking.Parameters memory parameters, IRotaStaking.Seed[] memory seeds)
        internal
        returns (RotaStaking)
    {
        uint256 stakeWei = 0;
        for (uint256 i = 0; i < seeds.length; ++i) {
            stakeWei += uint256(seeds[i].stakeGwei) * 1 gwei;
        }
        vm.deal(address(this), stakeWei);
        return new RotaStaking{value: stakeWei}(parameters, seeds);
    }

    function registrationOf(uint256 index) internal pure returns (IRotaStaking.Registration memory) {
        return IRotaStaking.Registration({
            consensusKey: keyOf(index),
            withdrawal: withdrawalOf(index),
            submitter: submitterOf(index),
            feeRecipient: recipientOf(index)
        });
    }

    function operatorOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xA0000 + index));
    }

    function withdrawalOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xB0000 + index));
    }

    function submitterOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xC0000 + index));
    }

    function recipientOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xD0000 + index));
    }

    function keyOf(uint256 index) internal pure returns (bytes32) {
        return keccak256(abi.encode("consensus key", index));
    }

    /// @dev The first L1 block of an epoch.
    function firstBlock(uint64 epoch) internal pure returns (uint256) {
        return uint256(START) + uint256(epoch) * LENGTH;
    }

    function rollToEpoch(uint64 epoch) internal {
        vm.roll(firstBlock(epoch));
    }

    function register(uint256 index, uint256 stakeWei) internal returns (uint8 place) {
        vm.deal(operatorOf(index), stakeWei);
        vm.prank(operatorOf(index));
        return staking.register{value: stakeWei}(registrationOf(index));
    }

    function topUp(uint256 index, uint256 amountWei) internal {
        vm.deal(address(this), amountWei);
        staking.topUp{value: amountWei}(operatorOf(index));
    }

    function leave(uint256 index) internal {
        vm.prank(operatorOf(index));
        staking.leave(operatorOf(index));
    }

    function expectChange(uint64 effectiveEpoch, uint8 place, uint256 index, uint64 power) internal {
        vm.expectEmit(address(staking));
        emit IRotaStaking.ValidatorChanged(
            effectiveEpoch, place, operatorOf(index), keyOf(index), power, recipientOf(index)
        );
    }

    function assertMember(IRotaStaking.Member memory member, uint8 place, uint256 index, uint64 power) internal pure {
        assertEq(member.place, place, "place");
        assertEq(member.validator, operatorOf(index), "validator");
        assertEq(member.consensusKey, keyOf(index), "consensus key");
        assertEq(member.power, power, "power");
        assertEq(member.feeRecipient, recipientOf(index), "fee recipient");
    }

    function setHash(uint64 epoch) internal view returns (bytes32) {
        return keccak256(abi.encode(staking.setOf(epoch)));
    }
}
