// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Test} from "forge-std/Test.sol";

import {Deploy} from "../script/Deploy.s.sol";
import {RotaInbox} from "../src/RotaInbox.sol";
import {RotaStaking} from "../src/RotaStaking.sol";
import {IRotaStaking} from "../src/interfaces/IRotaStaking.sol";

contract DeployTest is Test {
    string private constant EXAMPLE = "script/deploy.example.json";

    Deploy private script;

    function setUp() external {
        script = new Deploy();
    }

    function test_RevertWhen_AFieldIsMissing() external {
        vm.expectRevert(abi.encodeWithSelector(Deploy.MissingField.selector, ".epochLength"));
        script.readParameters('{"rollupChainId": 1}');
        vm.expectRevert(abi.encodeWithSelector(Deploy.MissingField.selector, ".seeds[0].operator"));
        script.readSeeds('{"seeds": [{"stakeGwei": 1}]}');
    }

    function test_RevertWhen_ANumberDoesNotFit() external {
        uint256 tooLarge = uint256(type(uint64).max) + 1;
        string memory config = string.concat('{"rollupChainId": "', vm.toString(tooLarge), '"}');
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 64, tooLarge));
        script.readParameters(config);
    }

    function test_ItBeginsEpochZeroWithTheCurrentBlockWhenTheStartIsMissing() external {
        vm.roll(1234);
        IRotaStaking.Parameters memory parameters = script.readParameters(
            '{"rollupChainId": 1, "epochLength": 2, "withdrawalDelay": 3, "minimumStakeGwei": 4}'
        );
        assertEq(parameters.startBlock, 1234);
    }

    function test_ItReadsEveryFieldOfEverySeed() external view {
        IRotaStaking.Seed[] memory seeds = script.readSeeds(vm.readFile(EXAMPLE));
        assertEq(seeds.length, 2);
        assertEq(seeds[0].operator, address(0xA0001));
        assertEq(seeds[0].stakeGwei, 30e9);
        assertEq(seeds[0].registration.consensusKey, bytes32((uint256(0x11) << 248) + 1));
        assertEq(seeds[0].registration.withdrawal, address(0xB0001));
        assertEq(seeds[0].registration.submitter, address(0xC0001));
        assertEq(seeds[0].registration.feeRecipient, address(0xD0001));
        assertEq(seeds[1].operator, address(0xA0002));
        assertEq(seeds[1].registration.submitter, address(0));
    }

    function test_ItDeploysBothContractsAndWritesWhatANodeMustKnow() external {
        string memory output = "out/deploy.test.json";
        vm.deal(DEFAULT_SENDER, 100 ether);
        vm.roll(1);
        script.run(EXAMPLE, output);

        string memory json = vm.readFile(output);
        RotaStaking staking = RotaStaking(vm.parseJsonAddress(json, ".staking"));
        RotaInbox inbox = RotaInbox(vm.parseJsonAddress(json, ".inbox"));
        assertEq(address(inbox.staking()), address(staking));
        assertEq(address(staking).balance, 57 ether);
        assertEq(staking.setOf(0).length, 2);
        assertEq(vm.parseJsonUint(json, ".l1ChainId"), block.chainid);
        assertEq(vm.parseJsonUint(json, ".rollupChainId"), 7682);
        assertEq(vm.parseJsonUint(json, ".startBlock"), 1);
        assertEq(vm.parseJsonUint(json, ".epochLength"), 32);
        assertEq(vm.parseJsonUint(json, ".withdrawalDelay"), 4);
        assertEq(vm.parseJsonUint(json, ".minimumStakeGwei"), 1e9);
    }
}
