// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {StakeManager} from "../../src/StakeManager.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {TestToken} from "../../src/TestToken.sol";
import {ValidatorRegistry} from "../../src/ValidatorRegistry.sol";
import {ValidatorSets} from "../../src/ValidatorSets.sol";
import {Wiring} from "../../src/Wiring.sol";
import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev A verifier of signatures and keys that refuses nothing, at the places of both real ones.
contract YesToAll {
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

/// @dev The contracts of one deployment, all real but for the verifiers and for the slasher, which is an account. The
/// seeds 0 to 3 have 30, 27, 23 and 20 thousand tokens; any further ones, a little less each.
abstract contract StakesWorld is Test {
    uint64 public constant LENGTH = 32;
    /// @dev Evidence of 8 epochs, one epoch of delay for L1, and one more.
    uint32 public constant LEAST_DELAY = 10;
    address public constant REPORTER = address(0x4E904);
    address public constant TREASURY = address(0x7EA);
    address internal constant STRANGER = address(0x57A4);
    address internal constant GOVERNANCE = address(0x601);

    TestToken public token;
    StakingParameters public parameters;
    ValidatorRegistry public registry;
    ValidatorSets public sets;
    StakeManager public stakes;
    /// The attestation key of the last that registered: multiples of the generator, in order.
    bytes private lastKey = Bls12381.infinity();

    function deployWorld(address slasher, uint256 seedCount) internal {
        token = new TestToken();
        address verifier = address(new YesToAll());
        parameters = new StakingParameters(constants(), values());
        uint64 nonce = vm.getNonce(address(this));
        Wiring memory wiring = Wiring({
            token: address(token),
            parameters: address(parameters),
            registry: vm.computeCreateAddress(address(this), nonce),
            sets: vm.computeCreateAddress(address(this), nonce + 1),
            stakes: vm.computeCreateAddress(address(this), nonce + 2),
            slasher: slasher,
            ed25519: verifier,
            bls: verifier
        });
        registry = new ValidatorRegistry(wiring);
        sets = new ValidatorSets(wiring, uint64(block.number), LENGTH);
        stakes = new StakeManager(wiring);

        openWith(seedCount);
    }

    function openWith(uint256 seedCount) private {
        IStakeManager.Seed[] memory seeds = new IStakeManager.Seed[](seedCount);
        uint256 sum = 0;
        for (uint256 i = 0; i < seedCount; ++i) {
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
        return index < 4 ? amounts[index] : uint128(6000 ether - index * 10 ether);
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
            governance: GOVERNANCE
        });
    }

    /// @dev A set of three at least, so that exits wait now and then.
    function values() internal pure returns (IStakingParameters.Values memory) {
        return IStakingParameters.Values({
            minimumBond: 1000 ether,
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
