// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {StakingConfig} from "./StakingConfig.sol";
import {BlsVerifier} from "../src/BlsVerifier.sol";
import {Digests} from "../src/Digests.sol";
import {Ed25519Verifier} from "../src/Ed25519Verifier.sol";
import {RotaInbox} from "../src/RotaInbox.sol";
import {Slasher} from "../src/Slasher.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {StakingParameters} from "../src/StakingParameters.sol";
import {TestToken} from "../src/TestToken.sol";
import {ValidatorRegistry} from "../src/ValidatorRegistry.sol";
import {ValidatorSets} from "../src/ValidatorSets.sol";
import {Wiring} from "../src/Wiring.sol";
import {IStakeManager} from "../src/interfaces/IStakeManager.sol";
import {IValidatorRegistry} from "../src/interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../src/interfaces/IValidatorSets.sol";

/// @title Deploys the staking contracts of one rollup and its inbox, wires them, and opens with the seeds
/// @notice Every contract is told where all the others stand before they do, so the deployer's nonces decide: it sends
/// nothing else in between. The keys of the seeds sign for the address of the `StakeManager`, which `addresses`
/// tells beforehand, with what each seed has to sign:
///
/// ```text
/// forge script script/DeployStaking.s.sol --rpc-url URL --sig 'addresses(string,string)' CONFIG OUT
/// forge script script/DeployStaking.s.sol --rpc-url URL --sig 'run(string,string)' CONFIG OUT --broadcast
/// ```
///
/// Both under `FOUNDRY_PROFILE=deploy`, the second with the deployer's key. It checks what it simulated; when the
/// transactions are mined, `verify` with `--sig 'verify(string)' CONFIG` checks what stands.
contract DeployStaking is StakingConfig {
    using SafeERC20 for IERC20;

    /// @notice Where everything will stand, or stands.
    struct Deployment {
        Wiring wiring;
        address inbox;
    }

    /// @notice The deployer has another nonce than the file says: all addresses would be others, and the seeds have
    /// signed for nothing.
    error WrongNonce(address deployer, uint64 expected, uint64 actual);
    /// @notice A contract stands elsewhere than planned, or names another one than it should.
    error WrongAddress(string what, address expected, address actual);
    /// @notice The stakes are not open: `open` was not mined, or failed.
    error NotOpened(address stakes);
    /// @notice Nobody would serve, or not everybody does who should.
    error WrongSeedCount(uint256 expected, uint256 actual);

    /// @notice Writes where the contracts will stand, and the digest that both keys of each seed have to sign.
    /// @param configFile The configuration; proofs of possession may be missing
    /// @param outputFile Where it is written to
    function addresses(string calldata configFile, string calldata outputFile) external {
        Config memory config = readConfig(vm.readFile(configFile), false);
        vm.writeJson(describePlan(config), outputFile);
    }

    /// @notice Deploys, opens, checks, and writes what a node must know.
    /// @param configFile The configuration
    /// @param outputFile Where it is written to; forge writes it before the transactions are mined
    function run(string calldata configFile, string calldata outputFile) external {
        Config memory config = readConfig(vm.readFile(configFile), true);
        uint64 nonce = vm.getNonce(config.deployer);
        if (nonce != config.nonce) revert WrongNonce(config.deployer, config.nonce, nonce);
        Deployment memory planned = plan(config);
        vm.startBroadcast(config.deployer);
        _deploy(config, planned);
        vm.stopBroadcast();
        check(config, planned);
        vm.writeJson(describe(config, planned), outputFile);
    }

    /// @notice Checks what stands on L1 after the deployment; reverts with what is wrong.
    /// @param configFile The configuration
    function verify(string calldata configFile) external view {
        Config memory config = readConfig(vm.readFile(configFile), true);
        check(config, plan(config));
    }

    /// @notice Where everything stands if the deployer sends nothing else: contracts in the order of their nonces.
    function plan(Config memory config) public pure returns (Deployment memory planned) {
        address deployer = config.deployer;
        uint256 nonce = config.nonce;
        Wiring memory wiring = planned.wiring;
        wiring.token = config.token == address(0) ? vm.computeCreateAddress(deployer, nonce++) : config.token;
        wiring.ed25519 = vm.computeCreateAddress(deployer, nonce++);
        wiring.bls = vm.computeCreateAddress(deployer, nonce++);
        wiring.parameters = vm.computeCreateAddress(deployer, nonce++);
        wiring.registry = vm.computeCreateAddress(deployer, nonce++);
        wiring.sets = vm.computeCreateAddress(deployer, nonce++);
        wiring.stakes = vm.computeCreateAddress(deployer, nonce++);
        wiring.slasher = vm.computeCreateAddress(deployer, nonce++);
        planned.inbox = vm.computeCreateAddress(deployer, nonce);
    }

    /// @notice Reads back that everything stands where it was planned and names what it should (C96).
    function check(Config memory config, Deployment memory planned) public view {
        Wiring memory wiring = planned.wiring;
        ValidatorRegistry registry = ValidatorRegistry(wiring.registry);
        _same("registry.parameters", wiring.parameters, address(registry.parameters()));
        _same("registry.sets", wiring.sets, address(registry.sets()));
        _same("registry.stakes", wiring.stakes, address(registry.stakes()));
        _same("registry.ed25519", wiring.ed25519, address(registry.ed25519()));
        _same("registry.bls", wiring.bls, address(registry.bls()));
        ValidatorSets sets = ValidatorSets(wiring.sets);
        _same("sets.parameters", wiring.parameters, address(sets.parameters()));
        _same("sets.registry", wiring.registry, sets.registry());
        _same("sets.stakes", wiring.stakes, sets.stakes());
        StakeManager stakes = StakeManager(wiring.stakes);
        _same("stakes.token", wiring.token, address(stakes.token()));
        _same("stakes.parameters", wiring.parameters, address(stakes.parameters()));
        _same("stakes.registry", wiring.registry, address(stakes.registry()));
        _same("stakes.sets", wiring.sets, address(stakes.sets()));
        _same("stakes.slasher", wiring.slasher, stakes.slasher());
        Slasher slasher = Slasher(wiring.slasher);
        _same("slasher.sets", wiring.sets, address(slasher.sets()));
        _same("slasher.stakes", wiring.stakes, address(slasher.stakes()));
        _same("slasher.ed25519", wiring.ed25519, address(slasher.ed25519()));
        _same("slasher.bls", wiring.bls, address(slasher.bls()));
        RotaInbox inbox = RotaInbox(planned.inbox);
        _same("inbox.registry", wiring.registry, address(inbox.registry()));
        _same("inbox.sets", wiring.sets, address(inbox.sets()));
        if (!stakes.isOpen()) revert NotOpened(wiring.stakes);
        uint256 members = sets.setOf(0).length;
        if (members != config.seeds.length) revert WrongSeedCount(config.seeds.length, members);
    }

    /// @notice The digest that both keys of a seed sign, for a deployment that is planned or stands.
    function possessionDigest(Config memory config, Deployment memory planned, uint256 index)
        public
        view
        returns (bytes32)
    {
        IStakeManager.Seed memory seed = config.seeds[index];
        IValidatorRegistry.Registration memory registration = seed.registration;
        return Digests.keyRegistration(
            Digests.separator(planned.wiring.stakes),
            config.constants.rollupChainId,
            seed.validator,
            registration.consensusKey,
            registration.attestationKey,
            0
        );
    }

    /// @notice What `addresses` writes.
    function describePlan(Config memory config) public returns (string memory json) {
        Deployment memory planned = plan(config);
        bytes32[] memory digests = new bytes32[](config.seeds.length);
        for (uint256 i = 0; i < digests.length; ++i) {
            digests[i] = possessionDigest(config, planned, i);
        }
        _describeAddresses("plan", planned);
        vm.serializeUint("plan", "l1ChainId", block.chainid);
        vm.serializeUint("plan", "nonce", config.nonce);
        return vm.serializeBytes32("plan", "possessionDigests", digests);
    }

    /// @notice What `run` writes.
    function describe(Config memory config, Deployment memory planned) public returns (string memory json) {
        _describeAddresses("deployment", planned);
        vm.serializeUint("deployment", "l1ChainId", block.chainid);
        vm.serializeUint("deployment", "rollupChainId", config.constants.rollupChainId);
        vm.serializeUint("deployment", "startBlock", config.startBlock);
        return vm.serializeUint("deployment", "epochLength", config.epochLength);
    }

    /// In the order of `plan`. Each contract but the verifiers also refuses to stand elsewhere.
    function _deploy(Config memory config, Deployment memory planned) private {
        Wiring memory wiring = planned.wiring;
        bool isTest = config.token == address(0);
        if (isTest) _same("token", wiring.token, address(new TestToken()));
        _same("ed25519", wiring.ed25519, address(new Ed25519Verifier()));
        _same("bls", wiring.bls, address(new BlsVerifier()));
        _same("parameters", wiring.parameters, address(new StakingParameters(config.constants, config.values)));
        _same("registry", wiring.registry, address(new ValidatorRegistry(wiring)));
        _same("sets", wiring.sets, address(new ValidatorSets(wiring, config.startBlock, config.epochLength)));
        _same("stakes", wiring.stakes, address(new StakeManager(wiring)));
        _same("slasher", wiring.slasher, address(new Slasher(wiring, config.slashing)));
        address inbox = address(new RotaInbox(IValidatorRegistry(wiring.registry), IValidatorSets(wiring.sets)));
        _same("inbox", planned.inbox, inbox);

        uint256 total = 0;
        for (uint256 i = 0; i < config.seeds.length; ++i) {
            total += config.seeds[i].amount;
            if (isTest) TestToken(wiring.token).mint(config.deployer, config.seeds[i].amount);
        }
        IERC20(wiring.token).forceApprove(wiring.stakes, total);
        StakeManager(wiring.stakes).open(config.seeds);
    }

    function _describeAddresses(string memory object, Deployment memory planned) private {
        Wiring memory wiring = planned.wiring;
        vm.serializeAddress(object, "token", wiring.token);
        vm.serializeAddress(object, "ed25519", wiring.ed25519);
        vm.serializeAddress(object, "bls", wiring.bls);
        vm.serializeAddress(object, "parameters", wiring.parameters);
        vm.serializeAddress(object, "registry", wiring.registry);
        vm.serializeAddress(object, "sets", wiring.sets);
        vm.serializeAddress(object, "stakes", wiring.stakes);
        vm.serializeAddress(object, "slasher", wiring.slasher);
        vm.serializeAddress(object, "inbox", planned.inbox);
    }

    /// C96: a mistake in the wiring is found before anything is staked.
    function _same(string memory what, address expected, address actual) private pure {
        if (actual != expected) revert WrongAddress(what, expected, actual);
    }
}
