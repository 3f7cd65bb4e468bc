// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ParametersFixture} from "../parameters/Parameters.sol";
import {QuorumForRewards, RegistryForRewards, SetsForRewards, StakesForRewards} from "./Mocks.sol";
import {Rewards} from "../../src/Rewards.sol";
import {TestToken} from "../../src/TestToken.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev The real rewards and parameters; sets, stakes, registry and quorum are mocks. Periods have 4 epochs, and a
/// period may bring 1,000 tokens. Validators A and B have the powers 30 and 70 in all epochs below 400, so A earns at
/// most 120,000,000 of 400,000,000 points in a period. With A, ANN has staked 60 tokens and BEN 40, with B only CAT 5,
/// all from epoch 2 on. 1,000,000 tokens are there for rewards. It is epoch 0.
abstract contract RewardsFixture is ParametersFixture {
    uint32 internal constant L = 4;
    uint64 internal constant EPOCHS = 400;
    uint96 internal constant TOKEN = 1e18;
    uint96 internal constant RATE = 1000e18;
    uint96 internal constant A_POINTS = 120e6;
    uint96 internal constant B_POINTS = 280e6;
    uint96 internal constant MAX_POINTS = 400e6;
    uint64 internal constant DUTIES = 100;
    address internal constant FUNDER = address(0xF0);
    address internal constant A = address(0xA000);
    address internal constant B = address(0xB000);
    address internal constant ANN = address(0xA1);
    address internal constant BEN = address(0xBE);
    address internal constant CAT = address(0xCA);

    TestToken internal token;
    SetsForRewards internal sets;
    StakesForRewards internal stakes;
    QuorumForRewards internal attestations;
    Rewards internal rewards;
    Wiring internal wiring;

    function setUp() public virtual {
        token = new TestToken();
        sets = new SetsForRewards();
        stakes = new StakesForRewards();
        attestations = new QuorumForRewards();
        wiring.token = address(token);
        wiring.sets = address(sets);
        wiring.stakes = address(stakes);
        wiring.attestations = address(attestations);
        wiring.registry = address(new RegistryForRewards());
        wiring.parameters = address(deploy());
        rewards = deployRewards(rewardConstants());
        stakes.wire(token, sets, rewards);
        stakes.fund(1_000_000e18);
        vm.prank(FUNDER);
        rewards.setRate(RATE);
        serve(A, 30);
        serve(B, 70);
        stakes.change(A, ANN, 60 * TOKEN);
        stakes.change(A, BEN, 40 * TOKEN);
        stakes.change(B, CAT, 5 * TOKEN);
    }

    function deployRewards(IRewards.Constants memory some) internal returns (Rewards) {
        wiring.rewards = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        return new Rewards(wiring, some);
    }

    function serve(address validator, uint64 power) internal {
        sets.setPower(validator, 0, EPOCHS, power);
        sets.setSeat(validator, IValidatorSets.State.Active, power);
    }

    function rewardConstants() internal pure returns (IRewards.Constants memory) {
        return IRewards.Constants({
            periodEpochs: L,
            maxCommissionBps: 2500,
            maxCommissionRiseBps: 500,
            commissionInterval: 12,
            minimumPerformanceBps: 5000,
            badPeriods: 3,
            suspensionEpochs: 10,
            funder: FUNDER
        });
    }

    function noQuorum() internal pure returns (IAttestationVerifier.QuorumSignature memory quorum) {}

    function operatorOf(address validator) internal pure returns (address) {
        return address(uint160(validator) + 1);
    }

    function withdrawalOf(address validator) internal pure returns (address) {
        return address(uint160(validator) + 2);
    }

    /// @dev It is the first epoch after a period, or later already.
    function endPeriod(uint64 period) internal {
        uint64 end = (period + 1) * L;
        if (sets.currentEpoch() < end) sets.setEpoch(end);
    }

    /// @dev The quorum says it, and it is attested.
    function attest(uint64 period, bytes32 root, uint96 totalPoints) internal {
        say(period, root, totalPoints);
        rewards.attest(period, root, totalPoints, noQuorum());
    }

    function say(uint64 period, bytes32 root, uint96 totalPoints) internal {
        endPeriod(period);
        attestations.say(1, period, keccak256(abi.encode(root, totalPoints)), (period + 1) * L - 1);
    }

    /// @dev A leaf of a validator that did all its duties, as its turn is.
    function leafOf(address validator, uint64 period, uint96 points) internal view returns (IRewards.Leaf memory) {
        return IRewards.Leaf(period, validator, rewards.standingOf(validator).nextPeriod, points, DUTIES, DUTIES);
    }

    /// @dev Attests a period with one leaf and brings that in.
    function earn(IRewards.Leaf memory leaf) internal {
        attest(leaf.period, rewards.leafHash(leaf), leaf.points);
        rewards.bring(leaf, new bytes32[](0));
    }

    function earn(address validator, uint64 period, uint96 points) internal {
        earn(leafOf(validator, period, points));
    }

    /// @dev Attests a period with two leaves.
    function attestPair(IRewards.Leaf memory first, IRewards.Leaf memory second) internal {
        bytes32 root = pairHash(rewards.leafHash(first), rewards.leafHash(second));
        attest(first.period, root, first.points + second.points);
    }

    /// @dev The proof of the leaf beside another one.
    function beside(IRewards.Leaf memory other) internal view returns (bytes32[] memory proof) {
        proof = new bytes32[](1);
        proof[0] = rewards.leafHash(other);
    }

    function pairHash(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }
}
