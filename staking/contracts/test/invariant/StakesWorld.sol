// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {QuorumForRewards} from "../rewards/Mocks.sol";
import {Admission} from "../../src/Admission.sol";
import {Rewards} from "../../src/Rewards.sol";
import {Slasher} from "../../src/Slasher.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {StakeVotes} from "../../src/StakeVotes.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {TestToken} from "../../src/TestToken.sol";
import {ValidatorRegistry} from "../../src/ValidatorRegistry.sol";
import {ValidatorSets} from "../../src/ValidatorSets.sol";
import {Wiring} from "../../src/Wiring.sol";
import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev The verifiers of the slasher, which take what was told to them as signed: a signature is the hash of key and
/// digest.
contract SignedBefore {
    mapping(bytes32 signature => bool) public stands;

    function sign(bytes32 signature) external {
        stands[signature] = true;
    }

    function verify(bytes32 key, bytes32 digest, bytes32 r, bytes32 s) external view returns (bool) {
        return s == 0 && stands[r] && r == keccak256(abi.encode(key, digest));
    }

    function verify(bytes calldata key, bytes32 digest, bytes calldata signature) external view returns (bool) {
        bytes32 hash = keccak256(abi.encode(key, digest));
        return stands[hash] && keccak256(signature) == keccak256(abi.encode(hash));
    }
}

/// @dev The verifiers of the registry, which take any key and any proof that it is possessed.
contract YesToKeys {
    function verify(bytes32, bytes32, bytes32, bytes32) external pure returns (bool) {
        return true;
    }

    function isRegistrable(bytes32) external pure returns (bool) {
        return true;
    }

    function verifyPossession(bytes calldata, bytes32, bytes calldata) external pure returns (bool) {
        return true;
    }
}

/// @dev The contracts of one deployment, all real but for the verifiers, governance and expulsions. The seeds 0 to 3
/// have 30, 27, 23 and 20 thousand tokens. Evidence is taken for 8 epochs, and what is within 10 epochs counts
/// together. Periods of rewards have 3 epochs.
abstract contract StakesWorld is Test {
    uint64 public constant LENGTH = 32;
    uint64 public constant EVIDENCE_EPOCHS = 8;
    uint64 public constant DISTANCE = 10;
    uint256 public constant BASE = 0.05e18;
    /// @dev Evidence of 8 epochs, one epoch of delay for L1, and one more.
    uint32 public constant LEAST_DELAY = 10;
    address public constant REPORTER = address(0x4E904);
    address public constant TREASURY = address(0x7EA);
    address internal constant STRANGER = address(0x57A4);
    address internal constant GOVERNANCE = address(0x601);
    address internal constant EXPULSIONS = address(0xE4);
    address internal constant FUNDER = address(0xF0);
    uint64 internal constant PERIOD_EPOCHS = 3;
    uint16 public constant MOST_COMMISSION = 5000;
    uint16 public constant MOST_RISE = 1000;
    uint32 internal constant RISE_EPOCHS = 4;

    TestToken public token;
    StakingParameters public parameters;
    ValidatorRegistry public registry;
    ValidatorSets public sets;
    StakeManager public stakes;
    Slasher public slasher;
    Rewards public rewards;
    StakeVotes public votes;
    QuorumForRewards internal said;
    SignedBefore internal verifier;
    /// The attestation key of the last that registered: multiples of the generator, in order.
    bytes private lastKey = Bls12381.infinity();

    function deployWorld() internal {
        token = new TestToken();
        verifier = new SignedBefore();
        YesToKeys yes = new YesToKeys();
        parameters = new StakingParameters(constants(), values());
        said = new QuorumForRewards();
        uint64 nonce = vm.getNonce(address(this));
        Wiring memory wiring = Wiring({
            token: address(token),
            parameters: address(parameters),
            registry: vm.computeCreateAddress(address(this), nonce),
            sets: vm.computeCreateAddress(address(this), nonce + 1),
            stakes: vm.computeCreateAddress(address(this), nonce + 2),
            slasher: vm.computeCreateAddress(address(this), nonce + 3),
            ed25519: address(yes),
            bls: address(yes),
            attestations: address(said),
            rewards: address(0),
            votes: address(0),
            admission: address(0),
            expulsions: EXPULSIONS,
            governor: address(0)
        });
        wiring.rewards = vm.computeCreateAddress(address(this), nonce + 4);
        wiring.votes = vm.computeCreateAddress(address(this), nonce + 5);
        wiring.admission = vm.computeCreateAddress(address(this), nonce + 6);
        registry = new ValidatorRegistry(wiring);
        sets = new ValidatorSets(wiring, uint64(block.number), LENGTH);
        stakes = new StakeManager(wiring);
        (wiring.ed25519, wiring.bls) = (address(verifier), address(verifier));
        slasher = new Slasher(
            wiring,
            ISlasher.Constants({
                basePenaltyBps: 500,
                correlationMultiplierBps: 10_000,
                correlationEpochs: uint32(DISTANCE),
                reporterCap: 200 ether
            })
        );
        rewards = new Rewards(wiring, rewardConstants());
        votes = new StakeVotes(wiring);
        IAdmission.Start memory start;
        new Admission(wiring, IAdmission.Constants(8, 64, 2, 3), start);
        openWithSeeds();
    }

    function openWithSeeds() private {
        IStakeManager.Seed[] memory seeds = new IStakeManager.Seed[](4);
        uint256 sum = 0;
        for (uint256 i = 0; i < seeds.length; ++i) {
            seeds[i] = IStakeManager.Seed(validatorOf(i), seedAmount(i), newRegistration(i), possession());
            sum += seedAmount(i);
        }
        fund(address(this), sum);
        stakes.open(seeds);
    }

    function registerOne(uint256 index, uint128 amount) internal {
        fund(validatorOf(index), amount);
        IValidatorRegistry.Registration memory registration = newRegistration(index);
        vm.prank(validatorOf(index));
        stakes.register(registration, possession(), amount);
    }

    function fund(address account, uint256 amount) internal {
        token.mint(account, amount);
        vm.prank(account);
        token.approve(address(stakes), amount);
    }

    function setValues(uint128 minimumBond, uint128 powerCap, uint32 unbondingDelay) internal {
        IStakingParameters.Values memory changed = values();
        (changed.minimumBond, changed.powerCap, changed.unbondingDelay) = (minimumBond, powerCap, unbondingDelay);
        vm.prank(GOVERNANCE);
        parameters.set(changed);
    }

    function newRegistration(uint256 index) internal returns (IValidatorRegistry.Registration memory) {
        lastKey = Bls12381.add(lastKey, generator());
        return IValidatorRegistry.Registration({
            consensusKey: bytes32(0xC0000 + index),
            attestationKey: lastKey,
            withdrawal: withdrawalOf(index),
            submitter: address(0),
            feeRecipient: address(uint160(0xF0000 + index)),
            nodeAddress: "",
            metadata: ""
        });
    }

    function stakeOf(uint256 index) public view returns (IStakeManager.Stake memory) {
        return stakes.stakeOf(validatorOf(index));
    }

    function validatorOf(uint256 index) public pure returns (address) {
        return address(uint160(0xA0000 + index));
    }

    function withdrawalOf(uint256 index) public pure returns (address) {
        return address(uint160(0xB0000 + index));
    }

    function seedAmount(uint256 index) internal pure returns (uint128) {
        uint128[4] memory amounts = [uint128(30_000 ether), 27_000 ether, 23_000 ether, 20_000 ether];
        return amounts[index];
    }

    function possession() internal pure returns (IValidatorRegistry.Possession memory) {}

    function constants() internal pure returns (IStakingParameters.Constants memory) {
        return IStakingParameters.Constants({
            rollupChainId: 7682,
            powerUnit: 1e9,
            maxEpochLag: 2,
            maxOriginAge: 1,
            evidenceWindow: 5,
            inclusionDelay: 1,
            governanceEpochs: 4,
            governance: GOVERNANCE
        });
    }

    function rewardConstants() private pure returns (IRewards.Constants memory) {
        return IRewards.Constants({
            periodEpochs: uint32(PERIOD_EPOCHS),
            maxCommissionBps: MOST_COMMISSION,
            maxCommissionRiseBps: MOST_RISE,
            commissionInterval: RISE_EPOCHS,
            minimumPerformanceBps: 5000,
            badPeriods: 2,
            suspensionEpochs: 2,
            funder: FUNDER
        });
    }

    /// @dev A set of three at least, so that exits wait now and then.
    function values() internal pure returns (IStakingParameters.Values memory) {
        return IStakingParameters.Values({
            minimumBond: 1600 ether,
            powerCap: 50_000 ether,
            unbondingDelay: LEAST_DELAY,
            keyRotationInterval: 2,
            maximumExitWait: 8,
            minimumSize: 3,
            entryBound: 1250,
            exitBound: 1250,
            replacementMargin: 500,
            treasury: TREASURY
        });
    }

    /// @dev The generator of G1.
    function generator() private pure returns (bytes memory) {
        return hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
            hex"6c55e83ff97a1aeffb3af00adb22c6bb0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4"
            hex"fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
    }
}
