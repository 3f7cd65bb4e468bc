// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {RewardsHandler} from "./RewardsHandler.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev Does what anyone can do to the stakes, and keeps what must follow. A call that must work and does not, or works
/// and must not, fails here; what must hold at all times is checked by the test.
contract StakesHandler is RewardsHandler {
    uint256 public constant MOST = 20;

    uint256 public donated;
    mapping(uint64 epoch => bytes32) public fixedSet;
    uint64 public lastFixed;

    constructor() {
        deployWorld();
        for (uint256 i = 0; i < 4; ++i) {
            deposited[i] = seedAmount(i);
            for (uint64 epoch = 1; epoch <= 2; ++epoch) {
                countedUntil[i][epoch] = heldUntil[i][withdrawalOf(i)][epoch] = epoch * seedAmount(i);
            }
        }
        // Rewards from the first period on, or little would be claimed in a run.
        vm.prank(FUNDER);
        rewards.setRate(100 ether);
        fundReserve(5000 ether);
        fixedSet[0] = setHash(0);
        fixedSet[1] = setHash(1);
        lastFixed = 1;
    }

    function register(uint256 amount) external {
        if (joined == MOST) return;
        amount = bound(amount, parameters.values().minimumBond, 60_000 ether);
        deposited[joined] = uint128(amount);
        touch(joined);
        registerOne(joined++, uint128(amount));
        done("register");
    }

    function topUp(uint256 random, uint256 amount) external {
        uint256 index = touch(random % joined);
        if (!isBonded(index)) return;
        amount = bound(amount, 1, 20_000 ether);
        fund(STRANGER, amount);
        vm.prank(STRANGER);
        stakes.topUp(validatorOf(index), uint128(amount));
        deposited[index] += uint128(amount);
        done("topUp");
    }

    function unbond(uint256 random, uint256 amount, bool byOwner) external {
        uint256 index = touch(random % joined);
        uint128 minimumBond = parameters.values().minimumBond;
        uint128 own = stakeOf(index).own;
        if (!isBonded(index) || own <= minimumBond) return;
        amount = bound(amount, 1, own - minimumBond);
        vm.prank(byOwner ? withdrawalOf(index) : validatorOf(index));
        try stakes.unbond(validatorOf(index), uint128(amount)) returns (uint64 id) {
            remember(id, Request(index, withdrawalOf(index), 0, uint128(amount), 0));
            done("unbond");
        } catch (bytes memory why) {
            assertEq(bytes4(why), IValidatorSets.TooManyTickets.selector, "an unbonding was refused");
        }
    }

    function exit(uint256 random) external {
        uint256 index = touch(random % joined);
        if (!isBonded(index)) return;
        uint128 own = stakeOf(index).own;
        vm.prank(validatorOf(index));
        remember(stakes.exit(validatorOf(index)), Request(index, withdrawalOf(index), 0, own, 0));
        done("exit");
    }

    function cancel(uint256 random) external {
        uint64 id = someUnbonding(random);
        Request memory request = requests[id];
        if (request.amount == 0) return;
        IStakeManager.Stake memory stake = stakeOf(touch(request.index));
        bool tooLittle = stake.own == 0 && request.amount < parameters.values().minimumBond;
        bool allowed = stake.status == IStakeManager.Status.Live && !tooLittle && !stake.expelled
            && request.account == withdrawalOf(request.index);
        vm.prank(withdrawalOf(request.index));
        try stakes.cancel(id) {
            assertTrue(allowed, "cancelled after a slash or an expulsion, too little, or another's");
            delete requests[id];
            done("cancel");
        } catch {
            assertFalse(allowed, "a cancellation was refused");
        }
    }

    /// @dev Pays, or goes on, if and only if it is due, nothing twice, and exactly the part that the slash left.
    function withdraw(uint256 random) external {
        uint64 id = someUnbonding(random);
        Request memory request = requests[id];
        if (request.amount == 0) return;
        (uint64 dueEpoch, uint128 due) = stakes.dueOf(id);
        assertGe(dueEpoch, request.leastDue, "due before the delay is over");
        touch(request.to == 0 ? request.index : ALL);
        assertEq(due, uint256(request.amount) * stakeOf(request.index).rate / 1e18, "what it is worth");
        bool allowed = dueEpoch <= sets.currentEpoch() && !isLocked(request.index);
        bool goesOn = request.to != 0 && accepts(request.to - 1, request.account, due);
        uint256 before = token.balanceOf(request.account);
        uint128 reached = request.to == 0 ? 0 : positionOf(request.to - 1, request.account).amount;
        try stakes.withdraw(id) {
            assertTrue(allowed, "paid too early");
            assertEq(token.balanceOf(request.account) - before, goesOn ? 0 : due, "paid what it is worth");
            paid[request.index] += due;
            delete requests[id];
            if (goesOn) {
                assertEq(positionOf(request.to - 1, request.account).amount, reached + due, "arrived");
                deposited[request.to - 1] += due;
            }
            done(goesOn ? "a redelegation arrives" : request.to != 0 ? "a redelegation is paid" : "withdraw");
        } catch {
            assertFalse(allowed, "a payment that is due was refused");
        }
    }

    /// @dev C93, C94: if and only if no report can raise it any more, and once.
    function settle(uint256 random) external {
        uint256 index = touch(random % joined);
        address validator = validatorOf(index);
        IStakeManager.Stake memory before = stakeOf(index);
        bool allowed = before.status == IStakeManager.Status.Slashed
            && sets.currentEpoch() > offenceEpoch[index] + DISTANCE + EVIDENCE_EPOCHS;
        bytes32 others = othersThan(index);
        try slasher.settle(validator) {
            assertTrue(allowed, "settled too early, twice, or without a slash");
            uint256 nominal = uint256(before.bonded) + before.unbonding;
            uint256 left = nominal * (1e18 - slasher.penaltyOf(validator)) / 1e18;
            assertEq(stakeOf(index).assets, left < before.assets ? left : before.assets, "what the penalty leaves");
            taken[index] += before.assets - stakeOf(index).assets;
            assertEq(othersThan(index), others, "a settlement changes nothing of another");
            done("settle");
        } catch {
            assertFalse(allowed, "a settlement was refused");
        }
    }

    function release(uint256 random) external {
        (uint256 index, address account) = (random % joined, withdrawalOf(random % joined));
        if ((random >> 8) % 2 == 0) (index, account) = somePosition(random >> 16, true);
        touch(index);
        IStakeManager.Stake memory stake = stakeOf(index);
        uint256 nominal = positionOf(index, account).amount;
        bool over = sets.currentEpoch() >= stake.releaseEpoch;
        assertGe(stake.releaseEpoch, releaseFrom[index], "released before the delay is over");
        bool allowed = stakes.isSlashed(validatorOf(index)) && !isLocked(index) && nominal != 0 && over;
        uint256 before = token.balanceOf(account);
        try stakes.release(validatorOf(index), account) {
            assertTrue(allowed, "released too early");
            assertEq(token.balanceOf(account) - before, nominal * stake.rate / 1e18);
            paid[index] += uint128(nominal * stake.rate / 1e18);
            done(account == withdrawalOf(index) ? "release" : "release to a delegator");
        } catch {
            assertFalse(allowed, "a release that is due was refused");
        }
    }

    function collect(bool reporter) external {
        address account = reporter ? REPORTER : TREASURY;
        if (stakes.credit(account) == 0) return;
        stakes.collect(account);
        done("collect");
    }

    function refresh(uint256 random) external {
        uint256 index = touch(random % joined);
        if (!isBonded(index)) return;
        stakes.refresh(validatorOf(index));
        done("refresh");
    }

    function govern(uint256 minimumBond, uint256 powerCap, uint256 delay) external {
        // C25: it falls at will, and no run lasts so long that it rises twice.
        (uint256 most, uint64 fromBlock) = parameters.minimumBondRise();
        if (block.number < fromBlock) most = parameters.values().minimumBond;
        setValues(
            uint128(bound(minimumBond, 500 ether, most)),
            uint128(bound(powerCap, 2000 ether, 80_000 ether)),
            uint32(bound(delay, LEAST_DELAY, 3 * LEAST_DELAY))
        );
        done("govern");
    }

    function setFeeRecipient(uint256 random, address feeRecipient) external {
        uint256 index = touch(random % joined);
        if (feeRecipient == address(0) || stakes.isSlashed(validatorOf(index))) return;
        vm.prank(validatorOf(index));
        registry.setFeeRecipient(validatorOf(index), feeRecipient);
        done("setFeeRecipient");
    }

    function advance(uint256 steps) external {
        if (sets.advance(bound(steps, 1, 64)) != 0) done("advance");
    }

    function donate(uint256 amount) external {
        amount = bound(amount, 1, 1 ether);
        token.mint(address(stakes), amount);
        donated += amount;
        done("donate");
    }

    function mine(uint256 blocks) external {
        uint64 before = sets.currentEpoch();
        vm.roll(block.number + bound(blocks, 1, 5 * LENGTH));
        uint64 current = sets.currentEpoch();
        for (uint64 epoch = before; epoch < current; ++epoch) {
            count(epoch);
        }
        for (uint64 epoch = before + 1; epoch <= current; ++epoch) {
            fixedSet[epoch + 1] = setHash(epoch + 1);
        }
        lastFixed = current + 1;
        if (current == before) return;
        touch(ALL);
        done("an epoch begins");
    }

    /// @dev The nominal stake of a validator that is unbonding, by the requests; and what they are worth.
    function requested(uint256 index) external view returns (uint256 nominal, uint256 worth) {
        uint256 rate = stakeOf(index).rate;
        uint64[] storage ids = requestsOf[index];
        for (uint256 i = 0; i < ids.length; ++i) {
            uint256 amount = requests[ids[i]].amount;
            nominal += amount;
            worth += amount * rate / 1e18;
        }
    }

    /// @dev What was slashed is locked until it is settled, and while it serves.
    function isLocked(uint256 index) private view returns (bool) {
        IStakeManager.Status status = stakeOf(index).status;
        if (status == IStakeManager.Status.Live) return false;
        uint64 epoch = sets.currentEpoch();
        bool serves = sets.powerOf(validatorOf(index), epoch) + sets.powerOf(validatorOf(index), epoch + 1) != 0;
        return status == IStakeManager.Status.Slashed || serves;
    }

    /// @dev The first that is not paid, of 32 from a random one on.
    function someUnbonding(uint256 random) private view returns (uint64 id) {
        uint64 last = stakes.lastUnbonding();
        for (uint256 i = 0; i < 32 && last != 0; ++i) {
            id = uint64((random % last + i) % last) + 1;
            if (requests[id].amount != 0) return id;
        }
    }

    function setHash(uint64 epoch) private view returns (bytes32) {
        return keccak256(abi.encode(sets.setOf(epoch)));
    }
}
