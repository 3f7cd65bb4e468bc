// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {DelegatorsHandler} from "./DelegatorsHandler.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";
import {QuorumForRewards} from "../rewards/Mocks.sol";

/// @dev Periods are attested and their leaves brought in, good ones and bad ones; whose stake it is gets paid or bonds
/// it. What everybody has earned is written down a second time, by what its stake counted in each period.
abstract contract RewardsHandler is DelegatorsHandler {
    /// A leaf of a period that was attested.
    struct Grown {
        IRewards.Leaf leaf;
        bytes32[] proof;
    }

    /// @dev What is earned is noted in these parts of a token unit, rounded up.
    uint256 public constant PARTS = 2 ** 64;
    /// @dev A run makes no more roundings than this; a payment makes three at most, a change of a position two.
    uint256 public constant ROUNDINGS = 1024;
    uint64 private constant DUTIES = 100;

    /// Tokens that came for rewards, and those that were paid or bonded.
    uint256 public funded;
    uint256 public rewarded;
    mapping(uint256 index => mapping(address account => uint256)) public earned;
    mapping(uint256 index => mapping(address account => uint256)) public claimed;
    mapping(uint256 index => Grown[]) private leaves;
    mapping(uint256 index => uint256) private brought;
    mapping(uint256 index => uint256) private commissions;
    mapping(uint256 index => uint64) private nextRise;

    function fundRewards(uint256 amount) external {
        fundReserve(bound(amount, 1, 1000 ether));
        done("fundRewards");
    }

    function setRate(uint256 rate) external {
        vm.prank(FUNDER);
        rewards.setRate(uint96(bound(rate, 0, 500 ether)));
        done("setRate");
    }

    /// @dev All that are over; one that the quorum did not sign is refused.
    function attestPeriods(uint256 random) external {
        IAttestationVerifier.QuorumSignature memory quorum;
        for (uint64 i = 0; i < 4; ++i) {
            uint64 period = rewards.nextPeriod();
            if (sets.currentEpoch() < (period + 1) * PERIOD_EPOCHS) return;
            bytes32 root = bytes32(random | 1);
            if (random % 16 == 0) {
                vm.expectRevert(QuorumForRewards.NotSaid.selector);
                rewards.attest(period, root, 1, quorum);
                done("attestation refused");
                return;
            }
            uint96 points;
            (root, points) = grow(period, uint256(keccak256(abi.encode(random, period))));
            said.say(1, period, keccak256(abi.encode(root, points)), (period + 1) * PERIOD_EPOCHS - 1);
            (uint128 before, uint128 free) = (rewards.allocated(), rewards.free());
            rewards.attest(period, root, points, quorum);
            IRewards.Period memory made = rewards.periodOf(period);
            assertEq(made.pot, Math.min(rewards.ratePerPeriod(), free), "pot");
            uint256 allocated = uint256(made.pot) * points / made.maxPoints;
            assertEq(rewards.allocated(), before + allocated, "what was missed stays free");
            done("attest");
        }
    }

    /// @dev Of one validator, in order; one out of turn, or again, is refused.
    function bring(uint256 random) external {
        uint256 index = touch(random % joined);
        for (uint256 i = 0; i < 6; ++i) {
            uint256 next = brought[index];
            bool early = (random >> 8) % 2 == 0;
            if ((random >> 16) % 8 == 0 && (early ? next + 1 < leaves[index].length : next != 0)) {
                Grown memory out = leaves[index][early ? next + 1 : next - 1];
                try rewards.bring(out.leaf, out.proof) {
                    assertTrue(false, "a leaf was taken out of turn");
                } catch {
                    done("bring refused");
                }
            }
            if (next == leaves[index].length) return;
            brought[index] = next + 1;
            bringOne(index, leaves[index][next]);
        }
    }

    /// @dev Until nothing is left: then the account has what the epochs say, less what was rounded.
    function claim(uint256 random) external {
        (uint256 index, address account) = someAccount(random);
        touch(index);
        uint256 before = token.balanceOf(account);
        uint256 sum = 0;
        // One pays 16 kept stretches; there are no more than 96, one for an epoch.
        for (uint256 i = 0; i < 6; ++i) {
            uint96 amount = rewards.claimable(validatorOf(index), account);
            assertEq(rewards.claim(validatorOf(index), account), amount, "claimable");
            sum += amount;
        }
        assertEq(token.balanceOf(account) - before, sum, "claimed");
        claimed[index][account] += sum;
        rewarded += sum;
        uint256 due = earned[index][account] / PARTS;
        assertLe(due, claimed[index][account] + ROUNDINGS, "less than earned");
        if (sum != 0) done("claim");
    }

    function restake(uint256 random) external {
        (uint256 index, address account) = someAccount(random);
        touch(index);
        uint96 amount = rewards.claimable(validatorOf(index), account);
        if (amount == 0) return;
        bool allowed = account == withdrawalOf(index) ? isBonded(index) : accepts(index, account, amount);
        uint96 before = positionOf(index, account).amount;
        vm.prank(account);
        try rewards.restake(validatorOf(index), account) returns (uint96 restaked) {
            assertTrue(allowed, "restaked");
            assertEq(restaked, amount, "restaked another amount");
            assertEq(positionOf(index, account).amount, before + amount, "position");
            deposited[index] += amount;
            claimed[index][account] += amount;
            rewarded += amount;
            done("restake");
        } catch {
            assertFalse(allowed, "a restaking was refused");
        }
    }

    function claimCommission(uint256 random) external {
        uint256 index = touch(random % joined);
        uint96 amount = rewards.standingOf(validatorOf(index)).commission;
        if (amount == 0) return;
        uint256 before = token.balanceOf(withdrawalOf(index));
        rewards.claimCommission(validatorOf(index));
        assertEq(token.balanceOf(withdrawalOf(index)) - before, amount, "commission");
        rewarded += amount;
        done("claimCommission");
    }

    /// @dev C138, a second time.
    function setCommission(uint256 random, uint256 bps) external {
        uint256 index = touch(random % joined);
        uint256 last = commissions[index];
        bps = bound(bps, 0, 2 * MOST_RISE + last);
        bool rises = bps > last;
        bool allowed =
            bps <= MOST_COMMISSION && (!rises || (bps <= last + MOST_RISE && sets.currentEpoch() >= nextRise[index]));
        vm.prank(validatorOf(index));
        try rewards.setCommission(validatorOf(index), uint16(bps)) {
            assertTrue(allowed, "a commission was set");
            commissions[index] = bps;
            if (rises) nextRise[index] = sets.currentEpoch() + RISE_EPOCHS;
            done("setCommission");
        } catch {
            assertFalse(allowed, "a commission was refused");
            done("setCommission refused");
        }
    }

    function fundReserve(uint256 amount) internal {
        fund(STRANGER, amount);
        vm.prank(STRANGER);
        stakes.fundRewards(uint128(amount));
        funded += amount;
    }

    /// @dev What it shares out, epoch by epoch; and nobody is put out who did well in any of the last two.
    function bringOne(uint256 index, Grown memory grown) private {
        IRewards.Leaf memory leaf = grown.leaf;
        bool before = stakeOf(index).suspended;
        rewards.bring(leaf, grown.proof);
        done("bring");
        shareOut(index, leaf);
        if (!stakeOf(index).suspended || before) return;
        uint256 at = brought[index];
        assertTrue(leaf.done == 0 && leaves[index][at - 2].leaf.done == 0, "suspended without two bad leaves");
        assertGt(rewards.mayResumeFrom(leaf.validator), sets.currentEpoch(), "back at once");
        done("suspend");
    }

    function shareOut(uint256 index, IRewards.Leaf memory leaf) private {
        IRewards.Period memory period = rewards.periodOf(leaf.period);
        uint256 amount = uint256(period.pot) * leaf.points / period.maxPoints;
        amount -= amount * rewards.commissionOf(leaf.validator, leaf.period) / 10_000;
        uint64 begin = leaf.period * PERIOD_EPOCHS;
        uint64 end = begin + PERIOD_EPOCHS;
        uint256 all = countedUntil[index][end] - countedUntil[index][begin];
        if (all == 0 || amount == 0) return;
        for (uint256 i = 0; i <= DELEGATORS; ++i) {
            address account = accountOf(index, i);
            uint256 stake = heldUntil[index][account][end] - heldUntil[index][account][begin];
            earned[index][account] += Math.mulDiv(amount * PARTS, stake, all, Math.Rounding.Ceil);
        }
    }

    /// @dev The leaves of most validators, and the root over them: node i has the children 2i and 2i + 1.
    function grow(uint64 period, uint256 random) private returns (bytes32 root, uint96 points) {
        uint256[] memory indices = new uint256[](joined);
        uint256 count = 0;
        for (uint256 i = 0; i < joined; ++i) {
            if (mostPoints(period, i) != 0 && (random >> i) % 8 != 0) indices[count++] = i;
        }
        if (count == 0) return (0, 0);
        bytes32[] memory nodes = new bytes32[](2 * count);
        for (uint256 i = 0; i < count; ++i) {
            IRewards.Leaf memory leaf = plant(period, indices[i], random);
            points += leaf.points;
            nodes[count + i] = rewards.leafHash(leaf);
        }
        for (uint256 i = count - 1; i > 0; --i) {
            (bytes32 left, bytes32 right) = (nodes[2 * i], nodes[2 * i + 1]);
            nodes[i] = left < right ? keccak256(abi.encode(left, right)) : keccak256(abi.encode(right, left));
        }
        for (uint256 i = 0; i < count; ++i) {
            bytes32[] storage proof = leaves[indices[i]][leaves[indices[i]].length - 1].proof;
            for (uint256 at = count + i; at > 1; at /= 2) {
                proof.push(nodes[at ^ 1]);
            }
        }
        return (nodes[1], points);
    }

    /// @dev The next leaf of a validator. Some are bad more often than others.
    function plant(uint64 period, uint256 index, uint256 random) private returns (IRewards.Leaf memory leaf) {
        bool bad = (random >> (2 * index + 32)) % 4 == 0 || (index % 4 == 3 && random % 2 == 0);
        uint256 length = leaves[index].length;
        leaf.period = period;
        leaf.validator = validatorOf(index);
        leaf.previousPeriodPlusOne = length == 0 ? 0 : leaves[index][length - 1].leaf.period + 1;
        leaf.points = uint96(mostPoints(period, index) * ((random >> (index + 128)) & 0xff) / 0xff);
        leaf.done = bad ? 0 : DUTIES;
        leaf.duties = DUTIES;
        leaves[index].push().leaf = leaf;
    }

    function mostPoints(uint64 period, uint256 index) private view returns (uint256 points) {
        for (uint64 epoch = period * PERIOD_EPOCHS; epoch < (period + 1) * PERIOD_EPOCHS; ++epoch) {
            points += uint256(sets.powerOf(validatorOf(index), epoch)) * 1e6;
        }
    }

    /// @dev The delegators and the owner of a validator.
    function accountOf(uint256 index, uint256 number) public pure returns (address) {
        return number == DELEGATORS ? withdrawalOf(index) : delegatorOf(number);
    }

    /// @dev One that can claim something, if one of 16 can.
    function someAccount(uint256 random) private view returns (uint256 index, address account) {
        for (uint256 i = 0; i < 16; ++i) {
            index = (random % joined + i) % joined;
            account = accountOf(index, ((random >> 16) + i / 4) % (DELEGATORS + 1));
            if (rewards.claimable(validatorOf(index), account) != 0) break;
        }
    }

    /// @dev With what others have earned, too.
    function othersThan(uint256 index) internal view virtual override returns (bytes32 hash) {
        hash = super.othersThan(index);
        for (uint256 i = 0; i < joined; ++i) {
            if (i == index) continue;
            hash = keccak256(abi.encode(hash, rewards.standingOf(validatorOf(i))));
            for (uint256 j = 0; j <= DELEGATORS; ++j) {
                hash = keccak256(abi.encode(hash, rewards.claimable(validatorOf(i), accountOf(i, j))));
            }
        }
    }
}
