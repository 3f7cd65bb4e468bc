// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Script} from "forge-std/Script.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {RotaInbox} from "../src/RotaInbox.sol";
import {RotaStaking} from "../src/RotaStaking.sol";
import {IRotaStaking} from "../src/interfaces/IRotaStaking.sol";

/// @title Deploys the contracts of one rollup and wires them
/// @notice Reads the parameters and seed validators from a JSON file (`deploy.example.json` beside this one shows every
/// field) and writes the addresses, with what a node must know to read them, to another.
contract Deploy is Script {
    using SafeCast for uint256;

    /// @notice A field of the parameter file is missing.
    error MissingField(string path);

    /// @param configFile The parameters and seed validators
    /// @param outputFile Where the addresses go; forge writes it before the transactions are mined
    function run(string calldata configFile, string calldata outputFile) external {
        string memory config = vm.readFile(configFile);
        IRotaStaking.Parameters memory parameters = readParameters(config);
        IRotaStaking.Seed[] memory seeds = readSeeds(config);

        vm.startBroadcast();
        (RotaStaking staking, RotaInbox inbox) = deploy(parameters, seeds);
        vm.stopBroadcast();

        vm.writeJson(describe(staking, inbox), outputFile);
    }

    /// @notice Deploys both contracts; the caller pays the seeds' stakes.
    function deploy(IRotaStaking.Parameters memory parameters, IRotaStaking.Seed[] memory seeds)
        public
        returns (RotaStaking staking, RotaInbox inbox)
    {
        uint256 stakeWei = 0;
        for (uint256 i = 0; i < seeds.length; ++i) {
            stakeWei += uint256(seeds[i].stakeGwei) * 1 gwei;
        }
        staking = new RotaStaking{value: stakeWei}(parameters, seeds);
        inbox = new RotaInbox(staking);
    }

    /// @notice The parameters; without `startBlock`, epoch 0 begins with the current L1 block.
    function readParameters(string memory config) public view returns (IRotaStaking.Parameters memory) {
        bool started = vm.keyExistsJson(config, ".startBlock");
        return IRotaStaking.Parameters({
            rollupChainId: _uint64(config, ".rollupChainId"),
            startBlock: started ? _uint64(config, ".startBlock") : block.number.toUint64(),
            epochLength: _uint64(config, ".epochLength"),
            withdrawalDelay: _uint64(config, ".withdrawalDelay"),
            minimumStakeGwei: _uint64(config, ".minimumStakeGwei")
        });
    }

    /// @notice The seed validators, in the order of the places they will take.
    function readSeeds(string memory config) public view returns (IRotaStaking.Seed[] memory seeds) {
        uint256 count = 0;
        while (vm.keyExistsJson(config, _seed(count))) ++count;
        seeds = new IRotaStaking.Seed[](count);
        for (uint256 i = 0; i < count; ++i) {
            string memory path = _seed(i);
            seeds[i] = IRotaStaking.Seed({
                operator: _address(config, string.concat(path, ".operator")),
                stakeGwei: _uint64(config, string.concat(path, ".stakeGwei")),
                registration: IRotaStaking.Registration({
                    consensusKey: vm.parseJsonBytes32(config, _present(config, string.concat(path, ".consensusKey"))),
                    withdrawal: _address(config, string.concat(path, ".withdrawal")),
                    submitter: _address(config, string.concat(path, ".submitter")),
                    feeRecipient: _address(config, string.concat(path, ".feeRecipient"))
                })
            });
        }
    }

    /// @notice What is written to the output file.
    function describe(RotaStaking staking, RotaInbox inbox) public returns (string memory json) {
        string memory object = "deployment";
        vm.serializeUint(object, "l1ChainId", block.chainid);
        vm.serializeUint(object, "rollupChainId", staking.rollupChainId());
        vm.serializeUint(object, "startBlock", staking.startBlock());
        vm.serializeUint(object, "epochLength", staking.epochLength());
        vm.serializeUint(object, "withdrawalDelay", staking.withdrawalDelay());
        vm.serializeUint(object, "minimumStakeGwei", staking.minimumStakeGwei());
        vm.serializeAddress(object, "staking", address(staking));
        return vm.serializeAddress(object, "inbox", address(inbox));
    }

    function _seed(uint256 index) private pure returns (string memory) {
        return string.concat(".seeds[", vm.toString(index), "]");
    }

    function _uint64(string memory config, string memory path) private view returns (uint64) {
        return vm.parseJsonUint(config, _present(config, path)).toUint64();
    }

    function _address(string memory config, string memory path) private view returns (address) {
        return vm.parseJsonAddress(config, _present(config, path));
    }

    function _present(string memory config, string memory path) private view returns (string memory) {
        if (!vm.keyExistsJson(config, path)) revert MissingField(path);
        return path;
    }
}
