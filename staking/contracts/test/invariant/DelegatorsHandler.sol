// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {VotesHandler} from "./VotesHandler.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

/// @dev Three accounts delegate, leave, move on and hand on their votes; expulsions do what they may. Who takes a
/// delegation when is written down here a second time, and what counted in which epoch is added up epoch by epoch.
abstract contract DelegatorsHandler is VotesHandler {
    /// What is remembered of an unbonding, from outside. `to` is the number of where it goes plus 1.
    struct Request {
        uint256 index;
        address account;
        uint256 to;
        uint128 amount;
        uint64 leastDue;
    }

    uint256 public constant DELEGATORS = 3;

    mapping(uint256 index => uint128) public deposited;
    mapping(uint256 index => uint128) public paid;
    mapping(uint64 id => Request) internal requests;
    mapping(uint256 index => uint64[] ids) internal requestsOf;
    /// What counted until an epoch, of a pool and of a position.
    mapping(uint256 index => mapping(uint64 epoch => uint256)) public countedUntil;
    mapping(uint256 index => mapping(address account => mapping(uint64 epoch => uint256))) public heldUntil;

    function delegate(uint256 random, uint256 amount) external {
        uint256 index = touch(random % joined);
        address account = delegatorOf(random >> 8);
        amount = bound(amount, 1, (random >> 16) % 4 == 0 ? 100_000 ether : 5000 ether);
        fund(account, amount);
        bool allowed = accepts(index, account, amount);
        vm.prank(account);
        try stakes.delegate(validatorOf(index), uint128(amount)) {
            assertTrue(allowed, "a delegation was taken");
            deposited[index] += uint128(amount);
            done("delegate");
        } catch {
            assertFalse(allowed, "a delegation was refused");
        }
    }

    /// @dev All or a part; whatever became of the validator, but for a slash.
    function undelegate(uint256 random, uint256 amount) external {
        (uint256 index, address account) = somePosition(random, false);
        amount = leaving(touch(index), account, amount);
        if (amount == 0) return;
        vm.prank(account);
        uint64 id = stakes.undelegate(validatorOf(index), uint128(amount));
        remember(id, Request(index, account, 0, uint128(amount), 0));
        done("undelegate");
    }

    function redelegate(uint256 random, uint256 amount) external {
        (uint256 index, address account) = somePosition(random, false);
        uint256 to = (random >> 16) % joined;
        amount = leaving(touch(index), account, amount);
        if (amount == 0) return;
        bool allowed = to != index && accepts(to, account, amount);
        vm.prank(account);
        try stakes.redelegate(validatorOf(index), uint128(amount), validatorOf(to)) returns (uint64 id) {
            assertTrue(allowed, "a redelegation was taken");
            remember(id, Request(index, account, to + 1, uint128(amount), 0));
            done("redelegate");
        } catch {
            assertFalse(allowed, "a redelegation was refused");
        }
    }

    function resume(uint256 random) external {
        uint256 index = touch(random % joined);
        IStakeManager.Stake memory stake = stakeOf(index);
        bool allowed = stake.status == IStakeManager.Status.Live && stake.suspended
            && sets.currentEpoch() >= rewards.mayResumeFrom(validatorOf(index));
        vm.prank(validatorOf(index));
        try stakes.resume(validatorOf(index)) {
            assertTrue(allowed, "resumed too early");
            done("resume");
        } catch {
            assertFalse(allowed, "a return was refused");
        }
    }

    /// @dev Seldom, or nobody would be left to offend.
    function expel(uint256 random) external {
        uint256 index = touch((random >> 8) % joined);
        IStakeManager.Stake memory stake = stakeOf(index);
        if (random % 12 != 0 || stake.status != IStakeManager.Status.Live || stake.expelled) return;
        vm.prank(EXPULSIONS);
        stakes.expel(validatorOf(index));
        if (stake.own != 0) {
            remember(stakes.lastUnbonding(), Request(index, withdrawalOf(index), 0, stake.own, 0));
        }
        done("expel");
    }

    /// @dev To one of them, to somebody else, or back to itself.
    function delegateVotes(uint256 random) external {
        address to = (random >> 8) % 4 == 0 ? STRANGER : delegatorOf(random >> 16);
        vm.prank(delegatorOf(random));
        votes.delegate((random >> 8) % 8 == 1 ? address(0) : to);
        done("delegateVotes");
    }

    /// @dev C153: of a slashed position, once.
    function sync(uint256 random) external {
        (uint256 index, address account) = somePosition(random, random % 8 != 0);
        address validator = validatorOf(touch(index));
        bool allowed = stakes.isSlashed(validator) && positionOf(index, account).amount != 0
            && !votes.isDropped(validator, account);
        try votes.sync(validator, account) {
            assertTrue(allowed, "votes were dropped");
            done("sync");
        } catch {
            assertFalse(allowed, "votes were not dropped");
        }
    }

    function delegatorOf(uint256 random) public pure returns (address) {
        return address(uint160(0xD0000 + random % DELEGATORS));
    }

    /// @dev C102, a second time.
    function accepts(uint256 index, address account, uint256 amount) internal view returns (bool) {
        IStakeManager.Stake memory stake = stakeOf(index);
        uint128 minimumBond = parameters.values().minimumBond;
        return isBonded(index) && !stake.suspended && !stake.expelled && stake.own >= minimumBond && amount != 0
            && positionOf(index, account).amount + amount >= minimumBond / 1000;
    }

    function isBonded(uint256 index) internal view returns (bool) {
        IStakeManager.Stake memory stake = stakeOf(index);
        return stake.status == IStakeManager.Status.Live && stake.own != 0;
    }

    function positionOf(uint256 index, address account) internal view returns (IDelegation.Position memory) {
        return stakes.positionOf(validatorOf(index), account);
    }

    function remember(uint64 id, Request memory request) internal {
        request.leastDue = sets.currentEpoch() + 2 + parameters.values().unbondingDelay;
        requests[id] = request;
        requestsOf[request.index].push(id);
    }

    /// @dev The first delegation, from a random validator on, with one that was slashed or not; else any that is none.
    function somePosition(uint256 random, bool slashed) internal view returns (uint256 index, address account) {
        for (uint256 i = 0; i < joined; ++i) {
            index = (random % joined + i) % joined;
            if (stakes.isSlashed(validatorOf(index)) != slashed) continue;
            for (uint256 j = 0; j < DELEGATORS; ++j) {
                account = delegatorOf((random >> 8) % DELEGATORS + j);
                if (positionOf(index, account).amount != 0) return (index, account);
            }
        }
        return (index, delegatorOf(random >> 8));
    }

    /// @dev What is bonded at the end of an epoch counts two epochs later.
    function count(uint64 epoch) internal {
        for (uint256 i = 0; i < joined; ++i) {
            countedUntil[i][epoch + 3] = countedUntil[i][epoch + 2] + stakeOf(i).bonded;
            for (uint256 j = 0; j <= DELEGATORS; ++j) {
                address account = j == DELEGATORS ? withdrawalOf(i) : delegatorOf(j);
                mapping(uint64 => uint256) storage held = heldUntil[i][account];
                held[epoch + 3] = held[epoch + 2] + positionOf(i, account).amount;
            }
        }
    }

    /// @dev What may leave: all, half of the times, or a part that leaves the minimum; 0: nothing may.
    function leaving(uint256 index, address account, uint256 amount) private view returns (uint256) {
        uint256 position = positionOf(index, account).amount;
        if (stakes.isSlashed(validatorOf(index))) return 0;
        uint256 minimum = parameters.values().minimumBond / 1000;
        if (amount % 2 == 0 || position <= minimum) return position;
        return bound(amount, 1, position - minimum);
    }
}
