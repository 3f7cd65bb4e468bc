// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {WholeDeployment} from "./WholeDeployment.sol";
import {Expulsions} from "../../src/Expulsions.sol";
import {AttestationVerifier} from "../../src/AttestationVerifier.sol";
import {Rewards} from "../../src/Rewards.sol";
import {StakeGovernor} from "../../src/StakeGovernor.sol";
import {StakeVotes} from "../../src/StakeVotes.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IExpulsions} from "../../src/interfaces/IExpulsions.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";

/// @dev What rewards, votes and proposals cost on a whole deployment, as transactions. It is epoch 20; periods have 4
/// epochs, and those before are attested.
/// forge-config: gas.isolate = false
contract EconomyGasTest is WholeDeployment {
    /// @dev A tree of 128 leaves: node i has the children 2i and 2i + 1, the root is node 1.
    struct LeafTree {
        IRewards.Leaf[128] leaves;
        bytes32[256] nodes;
        uint96 points;
    }

    uint64 private constant PERIOD_EPOCHS = 4;
    uint64 private constant VOTING_DELAY = 4;
    uint64 private constant VOTING_PERIOD = 64;
    uint256 private constant TIMELOCK = 32;
    address private constant G2ADD = address(0x0d);

    Rewards private rewards;
    StakeVotes private votes;
    StakeGovernor private governor;

    function setUp() public override {
        super.setUp();
        rewards = Rewards(wiring.rewards);
        votes = StakeVotes(wiring.votes);
        governor = StakeGovernor(payable(wiring.governor));
        token.mint(address(this), 1e24);
        token.approve(address(stakes), 1e24);
        stakes.fundRewards(1e24);
        vm.prank(rewards.funder());
        rewards.setRate(1000e18);
        vm.prank(validatorOf(POPULAR));
        rewards.setCommission(validatorOf(POPULAR), 500);
        rollTo(20);
        for (uint64 period = 0; period < 4; ++period) {
            attest(period, 0, 0, 0);
        }
    }

    /// forge-config: gas.isolate = true
    function test_Rewards() external {
        address popular = validatorOf(POPULAR);
        LeafTree memory tree = treeOf(4);
        attest(4, tree.nodes[1], tree.points, 0);
        rewardsCall("attest, all 128 signed");
        bring(tree, popular);
        rewardsCall("bring, the first leaf of a validator");
        rewards.claim(popular, delegatorOf(0));
        rewardsCall("claim, for the first time");
        rewards.claimCommission(popular);
        rewardsCall("claimCommission");
        rollTo(24);
        tree = treeOf(5);
        // The last of the places, so that enough power signs.
        attest(5, tree.nodes[1], tree.points, 42);
        rewardsCall("attest, 42 of 128 did not sign");
        bring(tree, popular);
        rewardsCall("bring");
        rewards.claim(popular, delegatorOf(0));
        rewardsCall("claim");
        vm.prank(delegatorOf(1));
        rewards.restake(popular, delegatorOf(1));
        rewardsCall("restake");
        vm.prank(validatorOf(MEMBER));
        rewards.setCommission(validatorOf(MEMBER), 500);
        rewardsCall("setCommission, a rise");
        vm.prank(validatorOf(MEMBER));
        rewards.setCommission(validatorOf(MEMBER), 100);
        rewardsCall("setCommission, a fall");
        vm.prank(rewards.funder());
        rewards.setRate(2000e18);
        rewardsCall("setRate");
    }

    /// @dev C140: a position that changes in every epoch leaves a stretch behind each time, and pays for it itself.
    /// forge-config: gas.isolate = true
    function test_KeptStretches() external {
        address popular = validatorOf(POPULAR);
        delegateMore(2);
        assertLt(stakesCall("delegate more"), DELEGATION);
        rollTo(21);
        delegateMore(2);
        assertLt(stakesCall("delegate more, and a stretch is kept"), DELEGATION);
        rollTo(22);
        vm.prank(delegatorOf(2));
        stakes.undelegate(popular, SHARE);
        assertLt(stakesCall("undelegate a part, and a stretch is kept"), DELEGATION);
        for (uint64 epoch = 23; epoch < 40; ++epoch) {
            rollTo(epoch);
            delegateMore(2);
        }
        rollTo(44);
        for (uint64 period = 4; period < 11; ++period) {
            attestOne(period, popular, true);
        }
        rewards.claim(popular, delegatorOf(2));
        rewardsCall("claim, 16 kept stretches");
    }

    /// forge-config: gas.isolate = true
    function test_Suspension() external {
        address validator = validatorOf(MEMBER);
        rollTo(32);
        for (uint64 period = 4; period < 7; ++period) {
            attestOne(period, validator, false);
        }
        rewardsCall("bring, the leaf that suspends");
        rollTo(40);
        vm.prank(validator);
        stakes.resume(validator);
        stakesCall("resume");
    }

    /// @dev C151, C153.
    /// forge-config: gas.isolate = true
    function test_Votes() external {
        address popular = validatorOf(POPULAR);
        vm.prank(delegatorOf(VOTERS));
        votes.delegate(REPRESENTATIVE);
        votesCall("delegate, for the first time");
        vm.prank(delegatorOf(VOTERS));
        votes.delegate(address(0x4E9));
        votesCall("delegate, to another");
        report(notarizeTwice(POPULAR, 19, placeOf(19, popular)));
        measured("Slasher", "slashVotes, of 5,000 delegators");
        votes.sync(popular, delegatorOf(5));
        votesCall("sync");
        rollTo(60);
        slasher.settle(popular);
        measured("Slasher", "settle, of 5,000 delegators");
        stakes.release(popular, delegatorOf(5));
        stakesCall("release, a delegator, synced before");
        stakes.release(popular, delegatorOf(6));
        stakesCall("release, a delegator");
    }

    /// forge-config: gas.isolate = true
    function test_Proposals() external {
        IStakingParameters.Values memory values = parameters.values();
        values.minimumSize = 5;
        pass(address(parameters), abi.encodeCall(IStakingParameters.set, (values)), true);
        governorCall("execute, the parameters");
        pass(wiring.expulsions, abi.encodeCall(IExpulsions.expel, (validatorOf(MEMBER))), false);
        governorCall("execute, an expulsion");
        (uint256 spent,) = Expulsions(wiring.expulsions).expelled();
        assertGt(spent, 0);
    }

    /// @dev A proposal's life, to its execution.
    function pass(address target, bytes memory call, bool measure) private {
        address[] memory targets = new address[](1);
        bytes[] memory calls = new bytes[](1);
        (targets[0], calls[0]) = (target, call);
        uint256[] memory nothing = new uint256[](1);
        address proposer = registry.withdrawalOf(seedOf(1));
        vm.prank(proposer);
        uint256 id = governor.propose(targets, nothing, calls, "A proposal");
        if (measure) governorCall("propose, one call");
        vm.roll(block.number + VOTING_DELAY + 1);
        vm.prank(REPRESENTATIVE);
        governor.castVote(id, 1);
        if (measure) governorCall("castVote, the first");
        vm.prank(registry.withdrawalOf(seedOf(2)));
        governor.castVote(id, 1);
        if (measure) governorCall("castVote");
        vm.prank(proposer);
        governor.castVote(id, 1);
        vm.roll(block.number + VOTING_PERIOD);
        bytes32 description = keccak256("A proposal");
        governor.queue(targets, nothing, calls, description);
        if (measure) governorCall("queue, one call");
        vm.warp(block.timestamp + TIMELOCK);
        governor.execute(targets, nothing, calls, description);
    }

    /// @dev By all members of the period's last epoch but those in so many of the last places.
    function attest(uint64 period, bytes32 root, uint96 points, uint256 absent) private {
        uint64 epoch = period * PERIOD_EPOCHS + PERIOD_EPOCHS - 1;
        (uint128 signers,) = sets.totalsOf(epoch);
        signers = uint128(uint256(signers) << absent) >> absent;
        AttestationVerifier verifier = AttestationVerifier(wiring.attestations);
        bytes32 digest = verifier.digestOf(epoch, 1, period, keccak256(abi.encode(root, points)));
        bytes memory signature = signedByAll(epoch, signers, digest);
        rewards.attest(period, root, points, IAttestationVerifier.QuorumSignature(epoch, signers, signature));
    }

    function signedByAll(uint64 epoch, uint128 signers, bytes32 digest) private view returns (bytes memory sum) {
        sum = new bytes(256);
        for (uint8 place = 0; place < 128; ++place) {
            if ((signers >> place) & 1 == 0) continue;
            (, sum) = G2ADD.staticcall(bytes.concat(sum, signedIn(epoch, place, digest)));
        }
    }

    /// @dev Seeds have the keys of the example.
    function signedIn(uint64 epoch, uint8 place, bytes32 digest) private view returns (bytes memory) {
        (address validator,,,) = sets.memberOf(epoch, place);
        for (uint256 number = 1; number <= 4; ++number) {
            if (validator != seedOf(number)) continue;
            uint256 hash = uint256(sha256(bytes(string.concat("attestation ", vm.toString(number)))));
            return blsSign(hash % (BLS_ORDER - 1) + 1, digest, ATTESTATION_TAG);
        }
        return signAttestation(uint160(validator) - 0xA0000, digest);
    }

    /// @dev Attests a period of which one validator alone has a leaf, and brings that in.
    function attestOne(uint64 period, address validator, bool good) private {
        uint64 previous = rewards.standingOf(validator).nextPeriod;
        uint96 points = good ? pointsOf(period, validator) : 0;
        IRewards.Leaf memory leaf = IRewards.Leaf(period, validator, previous, points, good ? 100 : 0, 100);
        attest(period, rewards.leafHash(leaf), points, 0);
        rewards.bring(leaf, new bytes32[](0));
    }

    function bring(LeafTree memory tree, address validator) private {
        for (uint256 i = 0; i < 128; ++i) {
            if (tree.leaves[i].validator != validator) continue;
            bytes32[] memory proof = new bytes32[](7);
            for (uint256 depth = 0; depth < 7; ++depth) {
                proof[depth] = tree.nodes[((128 + i) >> depth) ^ 1];
            }
            rewards.bring(tree.leaves[i], proof);
        }
    }

    /// @dev Everybody did everything.
    function treeOf(uint64 period) private view returns (LeafTree memory tree) {
        for (uint8 i = 0; i < 128; ++i) {
            (address validator,,,) = sets.memberOf(period * PERIOD_EPOCHS, i);
            uint64 previous = rewards.standingOf(validator).nextPeriod;
            uint96 points = pointsOf(period, validator);
            tree.leaves[i] = IRewards.Leaf(period, validator, previous, points, 100, 100);
            tree.nodes[128 + uint256(i)] = rewards.leafHash(tree.leaves[i]);
            tree.points += points;
        }
        for (uint256 i = 127; i > 0; --i) {
            (bytes32 left, bytes32 right) = (tree.nodes[2 * i], tree.nodes[2 * i + 1]);
            tree.nodes[i] = keccak256(left < right ? abi.encode(left, right) : abi.encode(right, left));
        }
    }

    function pointsOf(uint64 period, address validator) private view returns (uint96 points) {
        for (uint64 epoch = period * PERIOD_EPOCHS; epoch < (period + 1) * PERIOD_EPOCHS; ++epoch) {
            points += uint96(sets.powerOf(validator, epoch)) * 1e6;
        }
    }

    function delegateMore(uint256 number) private {
        token.mint(delegatorOf(number), 2 * SHARE);
        vm.startPrank(delegatorOf(number));
        token.approve(address(stakes), 2 * SHARE);
        stakes.delegate(validatorOf(POPULAR), 2 * SHARE);
        vm.stopPrank();
    }

    function placeOf(uint64 epoch, address validator) private view returns (uint8 place) {
        while (true) {
            (address holder,,,) = sets.memberOf(epoch, place);
            if (holder == validator) return place;
            ++place;
        }
    }

    function rewardsCall(string memory name) private {
        measured("Rewards", name);
    }

    function votesCall(string memory name) private {
        measured("StakeVotes", name);
    }

    function governorCall(string memory name) private {
        measured("StakeGovernor", name);
    }
}
