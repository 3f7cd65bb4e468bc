// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {RewardsFixture} from "./RewardsFixture.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

/// @dev Random histories of the stakes of four accounts with two validators, of periods, leaves, commissions, claims
/// and restakings, against a model that writes down the stake of each account in each epoch and shares out each reward
/// epoch by epoch.
contract RewardsHistoriesTest is RewardsFixture {
    uint256 private constant STEPS = 80;
    uint256 private constant MOST_EPOCHS = 160;
    uint256 private constant FRACTION = 2 ** 64;
    address private constant DAN = address(0xDA);

    address[2] private validators = [A, B];
    address[4] private accounts = [ANN, BEN, CAT, DAN];
    uint96[2] private mostPoints = [A_POINTS, B_POINTS];

    /// The model: stake in each epoch, and what was earned, rounded up to fractions of a unit.
    mapping(address validator => mapping(address account => uint256[MOST_EPOCHS])) private stakeIn;
    mapping(address validator => mapping(address account => uint256)) private earned;
    /// What was paid or restaked, and how often something was rounded.
    mapping(address validator => mapping(address account => uint256)) private paid;
    mapping(address validator => mapping(address account => uint256)) private roundings;
    uint256 private shared;
    uint256 private restaked;

    /// The leaves of periods that were attested and not brought in yet, in order.
    IRewards.Leaf[][2] private leaves;
    bytes32[][2] private siblings;
    uint256[2] private brought;
    uint64[2] private lastWithLeaf;
    uint256 private dice;

    function setUp() public override {
        super.setUp();
        note(A, ANN, 60 * TOKEN);
        note(A, BEN, 40 * TOKEN);
        note(B, CAT, 5 * TOKEN);
    }

    /// @dev C130, C134 to C137, C139, C140: whatever happens in whatever order, everybody gets what the model says,
    /// less what is rounded, never more; and all together never more than was there.
    function testFuzz_EverybodyGetsItsShare(uint256 seed) external {
        dice = seed;
        for (uint256 i = 0; i < STEPS; ++i) {
            step();
            checkBooks();
        }
        bringAll();
        uint256 before = vm.snapshotState();
        bytes32 forwards = settle(false);
        vm.revertToState(before);
        assertEq(settle(true), forwards, "order of claims");
        checkShares();
        checkBooks();
    }

    function step() private {
        uint256 kind = roll(16);
        if (kind < 5) setEpoch(sets.currentEpoch() + 1 + uint64(roll(3)));
        else if (kind < 8) changeStake(roll(2), roll(4));
        else if (kind < 10) attestNext();
        else if (kind < 12) bringNext(roll(2));
        else if (kind < 14) claim(roll(2), roll(4));
        else if (kind < 15) restake(roll(2), roll(4));
        else setSomething(roll(2));
    }

    function setEpoch(uint64 epoch) private {
        if (epoch + 4 < MOST_EPOCHS) sets.setEpoch(epoch);
    }

    function changeStake(uint256 v, uint256 a) private {
        uint96 amount = roll(3) == 0 ? 0 : uint96(roll(1e24));
        stakes.change(validators[v], accounts[a], amount);
        note(validators[v], accounts[a], amount);
    }

    /// @dev With a leaf of each validator, of one, or of none.
    function attestNext() private {
        uint64 period = rewards.nextPeriod();
        if (sets.currentEpoch() < (period + 1) * L) return;
        uint96 total = 0;
        bytes32[2] memory hashes;
        for (uint256 v = 0; v < 2; ++v) {
            if (roll(4) == 0) continue;
            uint96 points = uint96(roll(mostPoints[v] + 1));
            IRewards.Leaf memory leaf = IRewards.Leaf(period, validators[v], lastWithLeaf[v], points, 1, 1);
            leaves[v].push(leaf);
            lastWithLeaf[v] = period + 1;
            hashes[v] = rewards.leafHash(leaf);
            total += points;
        }
        for (uint256 v = 0; v < 2; ++v) {
            if (hashes[v] != 0) siblings[v].push(hashes[1 - v]);
        }
        bytes32 root = hashes[0] | hashes[1];
        if (hashes[0] != 0 && hashes[1] != 0) root = pairHash(hashes[0], hashes[1]);
        attest(period, root, total);
    }

    function bringNext(uint256 v) private {
        if (brought[v] == leaves[v].length) return;
        IRewards.Leaf memory leaf = leaves[v][brought[v]];
        bytes32 sibling = siblings[v][brought[v]++];
        bytes32[] memory proof = new bytes32[](sibling == 0 ? 0 : 1);
        if (sibling != 0) proof[0] = sibling;
        rewards.bring(leaf, proof);
        shareOut(leaf);
    }

    function bringAll() private {
        for (uint256 i = 0; i < 50; ++i) {
            sets.setEpoch(sets.currentEpoch() < MOST_EPOCHS - 4 ? sets.currentEpoch() + 1 : sets.currentEpoch());
            attestNext();
            bringNext(0);
            bringNext(1);
        }
    }

    function claim(uint256 v, uint256 a) private {
        uint96 expected = rewards.claimable(validators[v], accounts[a]);
        uint256 before = token.balanceOf(accounts[a]);
        assertEq(rewards.claim(validators[v], accounts[a]), expected, "claimable");
        assertEq(token.balanceOf(accounts[a]), before + expected, "paid");
        notePaid(validators[v], accounts[a], expected);
    }

    function restake(uint256 v, uint256 a) private {
        address account = accounts[a];
        uint96 expected = rewards.claimable(validators[v], account);
        if (expected == 0) return;
        vm.prank(account);
        assertEq(rewards.restake(validators[v], account), expected, "claimable");
        notePaid(validators[v], account, expected);
        restaked += expected;
        note(validators[v], account, stakes.positionOf(validators[v], account).amount);
    }

    function setSomething(uint256 v) private {
        if (roll(2) == 0) {
            vm.prank(FUNDER);
            rewards.setRate(uint96(roll(1e24)));
            return;
        }
        vm.prank(operatorOf(validators[v]));
        try rewards.setCommission(validators[v], uint16(roll(800))) {} catch {}
    }

    /// @dev Everybody claims all that is left, forwards or backwards.
    function settle(bool backwards) private returns (bytes32 hash) {
        for (uint256 i = 0; i < 8; ++i) {
            uint256 at = backwards ? 7 - i : i;
            while (rewards.claimable(validators[at / 4], accounts[at % 4]) != 0) {
                claim(at / 4, at % 4);
            }
        }
        for (uint256 i = 0; i < 4; ++i) {
            hash = keccak256(abi.encode(hash, token.balanceOf(accounts[i])));
        }
    }

    /// @dev The model's word: epoch by epoch, account by account.
    function shareOut(IRewards.Leaf memory leaf) private {
        IRewards.Period memory period = rewards.periodOf(leaf.period);
        uint256 gross = uint256(period.pot) * leaf.points / period.maxPoints;
        uint256 commission = gross * rewards.commissionOf(leaf.validator, leaf.period) / 10_000;
        uint256 from = leaf.period * L;
        uint256 total = 0;
        for (uint256 epoch = from; epoch < from + L; ++epoch) {
            for (uint256 a = 0; a < 4; ++a) {
                total += stakeIn[leaf.validator][accounts[a]][epoch];
            }
        }
        if (total == 0) return;
        shared += gross - commission;
        for (uint256 a = 0; a < 4; ++a) {
            for (uint256 epoch = from; epoch < from + L; ++epoch) {
                uint256 stake = stakeIn[leaf.validator][accounts[a]][epoch];
                earned[
                    leaf.validator
                ][accounts[a]] += Math.mulDiv(gross - commission, stake * FRACTION, total, Math.Rounding.Ceil);
            }
        }
    }

    function checkShares() private view {
        uint256 all = 0;
        for (uint256 i = 0; i < 8; ++i) {
            (address validator, address account) = (validators[i / 4], accounts[i % 4]);
            uint256 due = earned[validator][account];
            uint256 got = paid[validator][account];
            assertLe(got * FRACTION, due, "more than earned");
            assertLe(due / FRACTION, got + roundings[validator][account], "less than earned");
            all += got;
        }
        assertLe(all, shared, "more than was shared");
    }

    /// @dev C130, C134.
    function checkBooks() private view {
        assertLe(rewards.allocated(), stakes.rewardReserve(), "allocated");
        assertEq(token.balanceOf(address(stakes)), stakes.rewardReserve() + restaked, "tokens");
        uint256 owed = 0;
        for (uint256 v = 0; v < 2; ++v) {
            IRewards.Standing memory standing = rewards.standingOf(validators[v]);
            uint256 claimable = 0;
            for (uint256 a = 0; a < 4; ++a) {
                claimable += rewards.claimable(validators[v], accounts[a]);
            }
            assertLe(claimable, standing.owed, "claimable");
            owed += uint256(standing.owed) + standing.commission;
        }
        assertLe(owed, rewards.allocated(), "owed");
    }

    /// @dev From the epoch after next on, the account has this stake.
    function note(address validator, address account, uint256 amount) private {
        for (uint256 epoch = sets.currentEpoch() + 2; epoch < MOST_EPOCHS; ++epoch) {
            stakeIn[validator][account][epoch] = amount;
        }
        roundings[validator][account] += 2;
    }

    function notePaid(address validator, address account, uint256 amount) private {
        paid[validator][account] += amount;
        // Position, previous stake and a kept stretch that is paid in part.
        roundings[validator][account] += 3;
    }

    function roll(uint256 sides) private returns (uint256) {
        dice = uint256(keccak256(abi.encode(dice)));
        return dice % sides;
    }
}
