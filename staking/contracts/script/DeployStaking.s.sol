// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {StakingConfig} from "./StakingConfig.sol";
import {Admission} from "../src/Admission.sol";
import {AttestationVerifier} from "../src/AttestationVerifier.sol";
import {BlsVerifier} from "../src/BlsVerifier.sol";
import {Digests} from "../src/Digests.sol";
import {Ed25519Verifier} from "../src/Ed25519Verifier.sol";
import {Expulsions} from "../src/Expulsions.sol";
import {Rewards} from "../src/Rewards.sol";
import {RotaInbox} from "../src/RotaInbox.sol";
import {Slasher} from "../src/Slasher.sol";
import {StakeGovernor} from "../src/StakeGovernor.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {StakeVotes} from "../src/StakeVotes.sol";
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
        address timelock;
        address inbox;
    }

    /// @notice The deployer has another nonce than the file says: all addresses would be others, and the seeds have
    /// signed for nothing.
    error WrongNonce(address deployer, uint64 expected, uint64 actual);
    /// @notice A contract stands elsewhere than planned, or names another one than it should.
    error WrongAddress(string what, address expected, address actual);
    /// @notice The timelock obeys somebody else than the governor, or not it, or not everybody may make it execute.
    error WrongRole(address timelock, bytes32 role, address account);
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
        wiring.attestations = vm.computeCreateAddress(deployer, nonce++);
        wiring.rewards = vm.computeCreateAddress(deployer, nonce++);
        wiring.votes = vm.computeCreateAddress(deployer, nonce++);
        wiring.admission = vm.computeCreateAddress(deployer, nonce++);
        wiring.expulsions = vm.computeCreateAddress(deployer, nonce++);
        planned.timelock = vm.computeCreateAddress(deployer, nonce++);
        wiring.governor = vm.computeCreateAddress(deployer, nonce++);
        planned.inbox = vm.computeCreateAddress(deployer, nonce);
    }

    /// @notice Reads back that everything stands where it was planned and names what it should (C96).
    function check(Config memory config, Deployment memory planned) public view {
        _checkSets(planned.wiring);
        _checkStakes(planned.wiring);
        _checkRewards(planned);
        _checkGovernance(planned);
        _checkTimelock(config, planned);
        RotaInbox inbox = RotaInbox(planned.inbox);
        _same("inbox.registry", planned.wiring.registry, address(inbox.registry()));
        _same("inbox.sets", planned.wiring.sets, address(inbox.sets()));
        StakeManager stakes = StakeManager(planned.wiring.stakes);
        if (!stakes.isOpen()) revert NotOpened(address(stakes));
        uint256 members = ValidatorSets(planned.wiring.sets).setOf(0).length;
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

    /// In the order of `plan`. Each contract but the verifiers and the timelock also refuses to stand elsewhere.
    function _deploy(Config memory config, Deployment memory planned) private {
        Wiring memory wiring = planned.wiring;
        config.constants.governance = planned.timelock;
        if (config.token == address(0)) _same("token", wiring.token, address(new TestToken()));
        _same("ed25519", wiring.ed25519, address(new Ed25519Verifier()));
        _same("bls", wiring.bls, address(new BlsVerifier()));
        _same("parameters", wiring.parameters, address(new StakingParameters(config.constants, config.values)));
        _same("registry", wiring.registry, address(new ValidatorRegistry(wiring)));
        _same("sets", wiring.sets, address(new ValidatorSets(wiring, config.startBlock, config.epochLength)));
        _same("stakes", wiring.stakes, address(new StakeManager(wiring)));
        _same("slasher", wiring.slasher, address(new Slasher(wiring, config.slashing)));
        address attestations = address(new AttestationVerifier(wiring, config.attestationEpochs));
        _same("attestations", wiring.attestations, attestations);
        _same("rewards", wiring.rewards, address(new Rewards(wiring, config.rewards)));
        _deployGovernance(config, planned);
        address inbox = address(new RotaInbox(IValidatorRegistry(wiring.registry), IValidatorSets(wiring.sets)));
        _same("inbox", planned.inbox, inbox);
        _open(config, wiring);
    }

    /// The timelock has no admin but itself, obeys the governor alone, and anyone makes it execute.
    function _deployGovernance(Config memory config, Deployment memory planned) private {
        Wiring memory wiring = planned.wiring;
        _same("votes", wiring.votes, address(new StakeVotes(wiring)));
        _same("admission", wiring.admission, address(new Admission(wiring, config.admission, config.admissionStart)));
        _same("expulsions", wiring.expulsions, address(new Expulsions(wiring)));
        address[] memory proposers = new address[](1);
        proposers[0] = wiring.governor;
        address[] memory anyone = new address[](1);
        TimelockController timelock = new TimelockController(config.timelockDelay, proposers, anyone, address(0));
        _same("timelock", planned.timelock, address(timelock));
        _same("governor", wiring.governor, address(new StakeGovernor(wiring, timelock, config.governor)));
    }

    /// With the seeds, whose stakes the deployer brings.
    function _open(Config memory config, Wiring memory wiring) private {
        uint256 total = 0;
        for (uint256 i = 0; i < config.seeds.length; ++i) {
            total += config.seeds[i].amount;
            if (config.token == address(0)) TestToken(wiring.token).mint(config.deployer, config.seeds[i].amount);
        }
        IERC20(wiring.token).forceApprove(wiring.stakes, total);
        StakeManager(wiring.stakes).open(config.seeds);
    }

    function _checkSets(Wiring memory wiring) private view {
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
    }

    function _checkStakes(Wiring memory wiring) private view {
        StakeManager stakes = StakeManager(wiring.stakes);
        _same("stakes.token", wiring.token, address(stakes.token()));
        _same("stakes.parameters", wiring.parameters, address(stakes.parameters()));
        _same("stakes.registry", wiring.registry, address(stakes.registry()));
        _same("stakes.sets", wiring.sets, address(stakes.sets()));
        _same("stakes.slasher", wiring.slasher, stakes.slasher());
        _same("stakes.rewards", wiring.rewards, address(stakes.rewards()));
        _same("stakes.votes", wiring.votes, address(stakes.votes()));
        _same("stakes.admission", wiring.admission, address(stakes.admission()));
        _same("stakes.expulsions", wiring.expulsions, stakes.expulsions());
        Slasher slasher = Slasher(wiring.slasher);
        _same("slasher.sets", wiring.sets, address(slasher.sets()));
        _same("slasher.stakes", wiring.stakes, address(slasher.stakes()));
        _same("slasher.ed25519", wiring.ed25519, address(slasher.ed25519()));
        _same("slasher.bls", wiring.bls, address(slasher.bls()));
    }

    function _checkRewards(Deployment memory planned) private view {
        Wiring memory wiring = planned.wiring;
        AttestationVerifier attestations = AttestationVerifier(wiring.attestations);
        _same("attestations.sets", wiring.sets, address(attestations.sets()));
        _same("attestations.stakes", wiring.stakes, attestations.stakes());
        Rewards rewards = Rewards(wiring.rewards);
        _same("rewards.attestations", wiring.attestations, address(rewards.attestations()));
        _same("rewards.governance", planned.timelock, rewards.governance());
        _same("rewards.sets", wiring.sets, address(rewards.sets()));
        _same("rewards.registry", wiring.registry, address(rewards.registry()));
        _same("rewards.stakes", wiring.stakes, address(rewards.stakes()));
    }

    function _checkGovernance(Deployment memory planned) private view {
        Wiring memory wiring = planned.wiring;
        _same("parameters.governance", planned.timelock, StakingParameters(wiring.parameters).governance());
        StakeVotes votes = StakeVotes(wiring.votes);
        _same("votes.stakes", wiring.stakes, address(votes.stakes()));
        _same("votes.sets", wiring.sets, address(votes.sets()));
        Admission admission = Admission(wiring.admission);
        _same("admission.governance", planned.timelock, admission.governance());
        _same("admission.governor", wiring.governor, admission.governor());
        _same("admission.sets", wiring.sets, address(admission.sets()));
        Expulsions expulsions = Expulsions(wiring.expulsions);
        _same("expulsions.governance", planned.timelock, expulsions.governance());
        _same("expulsions.sets", wiring.sets, address(expulsions.sets()));
        _same("expulsions.stakes", wiring.stakes, address(expulsions.stakes()));
        StakeGovernor governor = StakeGovernor(payable(wiring.governor));
        _same("governor.timelock", planned.timelock, governor.timelock());
        _same("governor.token", wiring.votes, address(governor.token()));
        _same("governor.parameters", wiring.parameters, address(governor.parameters()));
        _same("governor.admission", wiring.admission, address(governor.admission()));
        _same("governor.expulsions", wiring.expulsions, address(governor.expulsions()));
        _same("governor.rewards", wiring.rewards, governor.rewards());
    }

    /// C159.
    function _checkTimelock(Config memory config, Deployment memory planned) private view {
        TimelockController timelock = TimelockController(payable(planned.timelock));
        bytes32 admin = timelock.DEFAULT_ADMIN_ROLE();
        _role(timelock, timelock.PROPOSER_ROLE(), planned.wiring.governor, true);
        _role(timelock, timelock.CANCELLER_ROLE(), planned.wiring.governor, true);
        _role(timelock, timelock.EXECUTOR_ROLE(), address(0), true);
        _role(timelock, admin, planned.timelock, true);
        _role(timelock, admin, config.deployer, false);
        _role(timelock, timelock.PROPOSER_ROLE(), config.deployer, false);
    }

    function _role(TimelockController timelock, bytes32 role, address account, bool needed) private view {
        if (timelock.hasRole(role, account) != needed) revert WrongRole(address(timelock), role, account);
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
        vm.serializeAddress(object, "attestations", wiring.attestations);
        vm.serializeAddress(object, "rewards", wiring.rewards);
        vm.serializeAddress(object, "votes", wiring.votes);
        vm.serializeAddress(object, "admission", wiring.admission);
        vm.serializeAddress(object, "expulsions", wiring.expulsions);
        vm.serializeAddress(object, "timelock", planned.timelock);
        vm.serializeAddress(object, "governor", wiring.governor);
        vm.serializeAddress(object, "inbox", planned.inbox);
    }

    /// C96: a mistake in the wiring is found before anything is staked.
    function _same(string memory what, address expected, address actual) private pure {
        if (actual != expected) revert WrongAddress(what, expected, actual);
    }
}
