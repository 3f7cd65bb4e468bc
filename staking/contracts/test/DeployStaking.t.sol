// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Test} from "forge-std/Test.sol";

import {DeployStaking} from "../script/DeployStaking.s.sol";
import {StakingConfig} from "../script/StakingConfig.sol";
import {Admission} from "../src/Admission.sol";
import {AttestationVerifier} from "../src/AttestationVerifier.sol";
import {Expulsions} from "../src/Expulsions.sol";
import {Rewards} from "../src/Rewards.sol";
import {RotaInbox} from "../src/RotaInbox.sol";
import {Slasher} from "../src/Slasher.sol";
import {StakeGovernor} from "../src/StakeGovernor.sol";
import {StakeManager} from "../src/StakeManager.sol";
import {StakingParameters} from "../src/StakingParameters.sol";
import {TestToken} from "../src/TestToken.sol";
import {ValidatorSets} from "../src/ValidatorSets.sol";
import {Wiring} from "../src/Wiring.sol";
import {IRotaInbox} from "../src/interfaces/IRotaInbox.sol";
import {IStakeManager} from "../src/interfaces/IStakeManager.sol";
import {IValidatorRegistry} from "../src/interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../src/interfaces/IValidatorSets.sol";

contract DeployStakingTest is Test {
    string private constant EXAMPLE = "script/deploy-staking.example.json";
    /// @dev The first account of anvil, which the example is signed for, and the first seed.
    address private constant DEPLOYER = 0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266;
    address private constant FIRST_SEED = 0x70997970C51812dc3A010C7d01b50e0d17dc79C8;
    address private constant GUARDIAN = 0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f;
    uint64 private constant START = 100;

    DeployStaking private script;
    string private example;

    function setUp() external {
        vm.chainId(31_337);
        vm.roll(START);
        script = new DeployStaking();
        example = vm.readFile(EXAMPLE);
    }

    function test_RevertIf_AFieldIsMissing() external {
        vm.expectRevert(abi.encodeWithSelector(StakingConfig.MissingField.selector, ".deployer"));
        script.readConfig('{"nonce": 0}', true);
        string memory without = vm.replace(example, '"attestationSignature"', '"forgotten"');
        string memory path = ".seeds[0].possession.attestationSignature";
        vm.expectRevert(abi.encodeWithSelector(StakingConfig.MissingField.selector, path));
        script.readConfig(without, true);
        without = vm.replace(example, '"possession"', '"forgotten"');
        vm.expectRevert(abi.encodeWithSelector(StakingConfig.MissingField.selector, ".seeds[0].possession.r"));
        script.readConfig(without, true);
        assertEq(script.readConfig(without, false).seeds.length, 4);
    }

    function test_RevertIf_ANumberDoesNotFit() external {
        string memory large = vm.replace(example, '"minimumSize": 4', '"minimumSize": 65536');
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 16, 65_536));
        script.readConfig(large, true);
    }

    function test_RevertIf_TheNonceIsAnother() external {
        vm.setNonce(DEPLOYER, 1);
        vm.expectRevert(abi.encodeWithSelector(DeployStaking.WrongNonce.selector, DEPLOYER, 0, 1));
        script.run(EXAMPLE, "out/RevertIf_TheNonceIsAnother.json");
        assertEq(vm.getNonce(DEPLOYER), 1);
    }

    /// @dev Possession is proven for one deployment on one chain, so nobody's seeds can be copied to another.
    function test_RevertIf_TheSeedsSignedForAnotherChain() external {
        vm.chainId(1);
        vm.expectPartialRevert(IValidatorRegistry.ConsensusKeyNotPossessed.selector);
        script.run(EXAMPLE, "out/RevertIf_TheSeedsSignedForAnotherChain.json");
    }

    /// @dev C96.
    function test_RevertIf_AContractNamesAnother() external {
        script.run(EXAMPLE, "out/RevertIf_AContractNamesAnother.json");
        StakingConfig.Config memory config = script.readConfig(example, true);
        DeployStaking.Deployment memory planned = script.plan(config);
        script.verify(EXAMPLE);
        address registry = planned.wiring.registry;
        vm.etch(address(0xBAD), registry.code);
        planned.wiring.slasher = address(0xBAD);
        vm.expectRevert(
            abi.encodeWithSelector(
                DeployStaking.WrongAddress.selector,
                "stakes.slasher",
                address(0xBAD),
                StakeManager(planned.wiring.stakes).slasher()
            )
        );
        script.check(config, planned);
        planned = script.plan(config);
        config.seeds = new IStakeManager.Seed[](3);
        vm.expectRevert(abi.encodeWithSelector(DeployStaking.WrongSeedCount.selector, 3, 4));
        script.check(config, planned);
    }

    function test_ReadConfig_BeginsWithTheCurrentBlockWhenTheStartIsMissing() external view {
        assertEq(script.readConfig(example, true).startBlock, START);
        string memory given = vm.replace(example, '"nonce": 0', '"nonce": 0, "startBlock": 98');
        assertEq(script.readConfig(given, true).startBlock, 98);
    }

    function test_ReadConfig_ReadsEveryField() external view {
        string memory given =
            vm.replace(example, '"nonce": 0', '"nonce": 7, "token": "0x00000000000000000000000000000000000070cE"');
        StakingConfig.Config memory config = script.readConfig(given, true);
        assertEq(config.deployer, DEPLOYER);
        assertEq(config.nonce, 7);
        assertEq(config.token, address(0x70cE));
        assertEq(config.epochLength, 32);
        // Every struct is made of numbers and addresses: their encodings are compared as wholes.
        assertEq(abi.encode(config.constants), abi.encode(7682, 1e9, 2, 1, 5, 1, 4, address(0)));
        assertEq(
            abi.encode(config.values), abi.encode(1000e18, 100_000e18, 12, 2, 8, 4, 1250, 1250, 500, address(0xdead))
        );
        assertEq(abi.encode(config.slashing), abi.encode(500, 30_000, 10, 1000e18));
        assertEq(config.attestationEpochs, 16);
        assertEq(abi.encode(config.rewards), abi.encode(4, 2500, 500, 16, 5000, 3, 8, DEPLOYER));
        assertEq(abi.encode(config.admission), abi.encode(8, 64, 2, 3));
        assertFalse(config.admissionStart.allowList);
        assertEq(config.admissionStart.allowed.length, 0);
        assertEq(config.admissionStart.guardian, GUARDIAN);
        assertEq(config.admissionStart.mandateEnd, 5000);
        assertEq(abi.encode(config.governor), abi.encode(4, 64, 1, 2000, 1000e18));
        assertEq(config.timelockDelay, 32);
        assertEq(config.seeds.length, 4);
        IStakeManager.Seed memory seed = config.seeds[0];
        assertEq(seed.validator, FIRST_SEED);
        assertEq(seed.amount, 30_000e18);
        assertEq(seed.registration.consensusKey, vm.parseJsonBytes32(example, ".seeds[0].consensusKey"));
        assertEq(seed.registration.attestationKey.length, 128);
        assertEq(seed.registration.withdrawal, 0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc);
        assertEq(seed.registration.submitter, address(0));
        assertEq(seed.registration.feeRecipient, address(0xd0001));
        assertEq(seed.registration.nodeAddress, "/ip4/127.0.0.1/tcp/26656");
        assertEq(seed.registration.metadata, "");
        assertEq(seed.possession.r, vm.parseJsonBytes32(example, ".seeds[0].possession.r"));
        assertEq(seed.possession.s, vm.parseJsonBytes32(example, ".seeds[0].possession.s"));
        assertEq(seed.possession.attestationSignature.length, 256);
    }

    /// @dev What is planned is what comes, and the seeds sign before anything stands.
    function test_Addresses_AreThoseOfTheDeployment() external {
        script.addresses(EXAMPLE, "out/deploy-staking.plan.json");
        script.run(EXAMPLE, "out/Addresses_AreThoseOfTheDeployment.json");
        string memory plan = vm.readFile("out/deploy-staking.plan.json");
        string memory done = vm.readFile("out/Addresses_AreThoseOfTheDeployment.json");
        string[16] memory names = [
            "token",
            "ed25519",
            "bls",
            "parameters",
            "registry",
            "sets",
            "stakes",
            "slasher",
            "attestations",
            "rewards",
            "votes",
            "admission",
            "expulsions",
            "timelock",
            "governor",
            "inbox"
        ];
        for (uint256 i = 0; i < names.length; ++i) {
            string memory path = string.concat(".", names[i]);
            address planned = vm.parseJsonAddress(plan, path);
            assertEq(planned, vm.parseJsonAddress(done, path), names[i]);
            assertGt(planned.code.length, 0, names[i]);
            assertLe(planned.code.length, 24_576, names[i]);
        }
        assertEq(vm.parseJsonBytes32Array(plan, ".possessionDigests").length, 4);
    }

    function test_Run_OpensWithTheSeedsOfTheExample() external {
        script.run(EXAMPLE, "out/Run_OpensWithTheSeedsOfTheExample.json");
        string memory json = vm.readFile("out/Run_OpensWithTheSeedsOfTheExample.json");
        assertEq(vm.parseJsonUint(json, ".l1ChainId"), 31_337);
        assertEq(vm.parseJsonUint(json, ".rollupChainId"), 7682);
        assertEq(vm.parseJsonUint(json, ".startBlock"), START);
        assertEq(vm.parseJsonUint(json, ".epochLength"), 32);

        StakeManager stakes = StakeManager(vm.parseJsonAddress(json, ".stakes"));
        TestToken token = TestToken(vm.parseJsonAddress(json, ".token"));
        assertTrue(stakes.isOpen());
        assertEq(token.balanceOf(address(stakes)), 100_000e18);
        assertEq(token.balanceOf(DEPLOYER), 0);
        ValidatorSets sets = ValidatorSets(vm.parseJsonAddress(json, ".sets"));
        for (uint64 epoch = 0; epoch < 2; ++epoch) {
            IValidatorSets.Member[] memory members = sets.setOf(epoch);
            assertEq(members.length, 4);
            assertEq(members[0].validator, FIRST_SEED);
            assertEq(members[0].power, 30_000e9);
            (, uint64 total) = sets.totalsOf(epoch);
            assertEq(total, 100_000e9);
        }
        Rewards rewards = Rewards(vm.parseJsonAddress(json, ".rewards"));
        assertEq(rewards.periodEpochs(), 4);
        assertEq(rewards.funder(), DEPLOYER);
        assertEq(AttestationVerifier(vm.parseJsonAddress(json, ".attestations")).attestationEpochs(), 16);
        Slasher slasher = Slasher(vm.parseJsonAddress(json, ".slasher"));
        assertEq(slasher.basePenalty(), 0.05e18);
        assertEq(slasher.correlationEpochs(), 10);
    }

    /// @dev C159: what is voted for is done by a timelock that obeys the governor alone.
    function test_Run_GovernanceIsTheTimelock() external {
        script.run(EXAMPLE, "out/Run_GovernanceIsTheTimelock.json");
        string memory json = vm.readFile("out/Run_GovernanceIsTheTimelock.json");
        TimelockController timelock = TimelockController(payable(vm.parseJsonAddress(json, ".timelock")));
        assertEq(timelock.getMinDelay(), 32);
        assertEq(StakingParameters(vm.parseJsonAddress(json, ".parameters")).governance(), address(timelock));
        StakeGovernor governor = StakeGovernor(payable(vm.parseJsonAddress(json, ".governor")));
        assertEq(governor.delayEpochs(), 4);
        Admission admission = Admission(vm.parseJsonAddress(json, ".admission"));
        admission.requireAdmitted(DEPLOYER);
        (address guardian, uint64 mandateEnd) = admission.guardian();
        assertEq(guardian, GUARDIAN);
        assertEq(mandateEnd, 5000);
        assertEq(Expulsions(vm.parseJsonAddress(json, ".expulsions")).windowEpochs(), 6751);

        // Who has a role that it should not have is found out.
        bytes32 proposer = timelock.PROPOSER_ROLE();
        vm.prank(address(timelock));
        timelock.grantRole(proposer, DEPLOYER);
        bytes4 selector = DeployStaking.WrongRole.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, address(timelock), proposer, DEPLOYER));
        script.verify(EXAMPLE);
    }

    /// @dev C14: submitter, epoch and power reach the inbox, from two contracts.
    function test_Run_TheInboxTakesAnEntryOfASeed() external {
        script.run(EXAMPLE, "out/Run_TheInboxTakesAnEntryOfASeed.json");
        string memory json = vm.readFile("out/Run_TheInboxTakesAnEntryOfASeed.json");
        RotaInbox inbox = RotaInbox(vm.parseJsonAddress(json, ".inbox"));
        IRotaInbox.Entry memory entry = IRotaInbox.Entry(1, 1, 0, keccak256("batch"));
        vm.prank(DEPLOYER, DEPLOYER);
        vm.expectRevert(abi.encodeWithSelector(IRotaInbox.NotSubmitter.selector, FIRST_SEED, DEPLOYER));
        inbox.append(FIRST_SEED, entry, hex"00");
        vm.prank(FIRST_SEED, FIRST_SEED);
        inbox.append(FIRST_SEED, entry, hex"00");
        assertEq(inbox.nextHeight(), 2);
    }

    /// @dev One transaction less, so all addresses but the token's are others: the seeds must sign anew.
    function test_Plan_OfATokenThatIsGiven() external view {
        StakingConfig.Config memory config = script.readConfig(example, true);
        Wiring memory own = script.plan(config).wiring;
        config.token = address(0x70CE);
        Wiring memory given = script.plan(config).wiring;
        assertEq(given.token, address(0x70CE));
        assertEq(given.ed25519, own.token);
        assertEq(given.stakes, own.sets);
        assertEq(given.slasher, own.stakes);
        assertEq(given.governor, script.plan(script.readConfig(example, true)).timelock);
    }
}
