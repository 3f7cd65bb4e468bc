// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ParametersFixture} from "../parameters/Parameters.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {TestToken} from "../../src/TestToken.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {RegistryMock, SetsMock} from "./Mocks.sol";
import {Neighbours} from "./Neighbours.sol";

/// @dev Four seed validators, 0 to 3, of 30, 27, 23 and 20 thousand tokens; 4 and later are strangers. Registry and
/// sets are mocks, so that these tests say what the stakes themselves do; `test/invariant` has the real ones.
abstract contract StakesFixture is ParametersFixture {
    uint128 internal constant MINIMUM = 1000 ether;
    uint128 internal constant CAP = 100_000 ether;
    uint128 internal constant UNIT = 1e9;
    uint32 internal constant DELAY = 12;
    uint256 internal constant WAD = 1e18;
    address internal constant SLASHER = address(0x51A54E7);
    address internal constant REPORTER = address(0x4E904);
    address internal constant STRANGER = address(0x57A4);
    address internal constant EXPULSIONS = address(0xE4);
    address internal constant ALICE = address(0xA11CE);
    address internal constant BOB = address(0xB0B);

    TestToken internal token;
    SetsMock internal sets;
    RegistryMock internal registry;
    Neighbours internal neighbours;
    StakingParameters internal parameters;
    StakeManager internal stakes;
    address internal tokenAddress;

    function setUp() public virtual {
        token = new TestToken();
        deployStakes(address(token));
        open();
    }

    /// @dev Nothing is opened yet.
    function deployStakes(address token_) internal {
        sets = new SetsMock();
        registry = new RegistryMock();
        neighbours = new Neighbours();
        parameters = deploy();
        tokenAddress = token_;
        address expected = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        stakes = new StakeManager(wiring(expected));
    }

    function wiring(address stakes_) internal view returns (Wiring memory) {
        return Wiring({
            token: tokenAddress,
            parameters: address(parameters),
            registry: address(registry),
            sets: address(sets),
            stakes: stakes_,
            slasher: SLASHER,
            ed25519: address(0),
            bls: address(0),
            attestations: address(0),
            rewards: address(neighbours),
            votes: address(neighbours),
            admission: address(neighbours),
            expulsions: EXPULSIONS,
            governor: address(0)
        });
    }

    function open() internal {
        fund(address(this), 100_000 ether);
        stakes.open(seeds());
    }

    function seeds() internal pure returns (IStakeManager.Seed[] memory list) {
        uint128[4] memory amounts = [uint128(30_000 ether), 27_000 ether, 23_000 ether, 20_000 ether];
        list = new IStakeManager.Seed[](4);
        for (uint256 i = 0; i < 4; ++i) {
            list[i] = IStakeManager.Seed(validatorOf(i), amounts[i], registrationOf(i), possession());
        }
    }

    /// @dev Gives an account tokens that the stakes may take.
    function fund(address account, uint256 amount) internal virtual {
        token.mint(account, amount);
        vm.prank(account);
        token.approve(address(stakes), amount);
    }

    function register(uint256 index, uint128 amount) internal {
        fund(validatorOf(index), amount);
        vm.prank(validatorOf(index));
        stakes.register(registrationOf(index), possession(), amount);
    }

    function topUp(uint256 index, uint128 amount) internal {
        fund(STRANGER, amount);
        vm.prank(STRANGER);
        stakes.topUp(validatorOf(index), amount);
    }

    function unbond(uint256 index, uint128 amount) internal returns (uint64) {
        vm.prank(validatorOf(index));
        return stakes.unbond(validatorOf(index), amount);
    }

    function exit(uint256 index) internal returns (uint64) {
        vm.prank(validatorOf(index));
        return stakes.exit(validatorOf(index));
    }

    function cancel(uint256 index, uint64 id) internal {
        vm.prank(withdrawalOf(index));
        stakes.cancel(id);
    }

    function slash(uint256 index, uint256 fraction) internal returns (uint128) {
        vm.prank(SLASHER);
        return stakes.slash(validatorOf(index), fraction, REPORTER, type(uint128).max);
    }

    function settle(uint256 index, uint256 fraction) internal returns (uint128) {
        vm.prank(SLASHER);
        return stakes.settle(validatorOf(index), fraction);
    }

    function delegate(address account, uint256 index, uint128 amount) internal {
        fund(account, amount);
        vm.prank(account);
        stakes.delegate(validatorOf(index), amount);
    }

    function undelegate(address account, uint256 index, uint128 amount) internal returns (uint64) {
        vm.prank(account);
        return stakes.undelegate(validatorOf(index), amount);
    }

    function redelegate(address account, uint256 index, uint128 amount, uint256 to) internal returns (uint64) {
        vm.prank(account);
        return stakes.redelegate(validatorOf(index), amount, validatorOf(to));
    }

    function suspend(uint256 index) internal {
        vm.prank(address(neighbours));
        stakes.suspend(validatorOf(index));
    }

    function expel(uint256 index) internal {
        vm.prank(EXPULSIONS);
        stakes.expel(validatorOf(index));
    }

    function skipEpochs(uint64 epochs) internal {
        sets.setEpoch(sets.currentEpoch() + epochs);
    }

    function govern(IStakingParameters.Values memory newValues) internal {
        vm.prank(GOVERNANCE);
        parameters.set(newValues);
    }

    function setCap(uint128 powerCap) internal {
        IStakingParameters.Values memory newValues = parameters.values();
        newValues.powerCap = powerCap;
        govern(newValues);
    }

    /// @dev C25: it rises by a quarter in 30 days of blocks, which pass here as often as it takes.
    function setMinimum(uint128 minimumBond) internal {
        IStakingParameters.Values memory newValues = parameters.values();
        while (newValues.minimumBond != minimumBond) {
            (uint256 most, uint64 fromBlock) = parameters.minimumBondRise();
            if (vm.getBlockNumber() < fromBlock) vm.roll(fromBlock);
            newValues.minimumBond = minimumBond < most ? minimumBond : uint128(most);
            govern(newValues);
        }
    }

    function setDelay(uint32 unbondingDelay) internal {
        IStakingParameters.Values memory newValues = parameters.values();
        newValues.unbondingDelay = unbondingDelay;
        govern(newValues);
    }

    function stakeOf(uint256 index) internal view returns (IStakeManager.Stake memory) {
        return stakes.stakeOf(validatorOf(index));
    }

    function positionOf(uint256 index, address account) internal view returns (uint96) {
        return stakes.positionOf(validatorOf(index), account).amount;
    }

    /// @dev C84, C100: of the stakes of validators 0 to 15, with Alice, Bob and the stranger as delegators.
    function assertBooksBalance() internal view {
        uint256 assets = 0;
        for (uint256 i = 0; i < 16; ++i) {
            IStakeManager.Stake memory stake = stakeOf(i);
            assets += stake.assets;
            assertEq(positionOf(i, withdrawalOf(i)), stake.own, "the own bond is the owner's position");
            uint256 delegated = positionOf(i, ALICE) + positionOf(i, BOB) + positionOf(i, STRANGER);
            assertEq(stake.bonded, delegated + stake.own, "bonded is the sum of the positions");
            assertLe(stake.ownUnbonding, stake.unbonding);
            if (stake.status != IStakeManager.Status.Live) continue;
            assertEq(stake.assets, stake.bonded + stake.unbonding, "a live pool has what it counts");
            assertEq(sets.target(validatorOf(i)), powerOf(stake), "the sets aim at the power of the stake");
        }
        assertEq(stakes.totalAssets(), assets, "total of the pools");
        uint256 held = assets + stakes.totalCredits() + stakes.rewardReserve();
        assertEq(token.balanceOf(address(stakes)), held, "balance");
    }

    /// @dev C101.
    function powerOf(IStakeManager.Stake memory stake) internal view returns (uint64) {
        if (stake.suspended) return 0;
        uint128 counts = stake.own * 10 < stake.bonded ? stake.own * 10 : stake.bonded;
        return powerOf(counts);
    }

    function powerOf(uint128 bonded) internal view returns (uint64) {
        uint128 powerCap = parameters.values().powerCap;
        return uint64((bonded < powerCap ? bonded : powerCap) / UNIT);
    }

    function validatorOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xA0000 + index));
    }

    function withdrawalOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xB0000 + index));
    }

    function registrationOf(uint256 index) internal pure returns (IValidatorRegistry.Registration memory) {
        return IValidatorRegistry.Registration({
            consensusKey: bytes32(0xC0000 + index),
            attestationKey: abi.encode(index),
            withdrawal: withdrawalOf(index),
            submitter: address(0),
            feeRecipient: address(uint160(0xF0000 + index)),
            nodeAddress: "",
            metadata: ""
        });
    }

    function possession() internal pure returns (IValidatorRegistry.Possession memory) {}
}
