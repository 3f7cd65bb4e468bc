// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {StakesWorld} from "./StakesWorld.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev Does what anyone can do to the stakes, plays the slasher with any fractions, and keeps what must follow. A call
/// that must work and does not, or works and must not, fails here; what must hold at all times is checked below.
contract StakesHandler is StakesWorld {
    /// What is remembered of an unbonding, from outside.
    struct Request {
        uint256 index;
        uint128 amount;
        uint64 leastDue;
    }

    uint256 public constant MOST = 20;

    uint256 public joined = 4;
    uint256 public donated;
    mapping(uint256 index => uint128) public deposited;
    mapping(uint256 index => uint128) public taken;
    mapping(uint64 id => Request) private requests;
    mapping(uint64 epoch => bytes32) public fixedSet;
    uint64 public lastFixed;

    constructor() {
        deployWorld(address(this), 4);
        for (uint256 i = 0; i < 4; ++i) {
            deposited[i] = seedAmount(i);
        }
        fixedSet[0] = setHash(0);
        fixedSet[1] = setHash(1);
        lastFixed = 1;
    }

    function register(uint256 amount) external {
        if (joined == MOST) return;
        amount = bound(amount, parameters.values().minimumBond, 60_000 ether);
        deposited[joined] = uint128(amount);
        registerOne(joined++, uint128(amount));
    }

    function topUp(uint256 random, uint256 amount) external {
        uint256 index = random % joined;
        if (!isBonded(index)) return;
        amount = bound(amount, 1, 20_000 ether);
        fund(STRANGER, amount);
        vm.prank(STRANGER);
        stakes.topUp(validatorOf(index), uint128(amount));
        deposited[index] += uint128(amount);
    }

    function unbond(uint256 random, uint256 amount, bool byOwner) external {
        uint256 index = random % joined;
        uint128 minimumBond = parameters.values().minimumBond;
        uint128 bonded = stakeOf(index).bonded;
        if (!isBonded(index) || bonded <= minimumBond) return;
        amount = bound(amount, 1, bonded - minimumBond);
        vm.prank(byOwner ? withdrawalOf(index) : validatorOf(index));
        try stakes.unbond(validatorOf(index), uint128(amount)) returns (uint64 id) {
            remember(id, index, uint128(amount));
        } catch (bytes memory why) {
            assertEq(bytes4(why), IValidatorSets.TooManyTickets.selector, "an unbonding was refused");
        }
    }

    function exit(uint256 random) external {
        uint256 index = random % joined;
        if (!isBonded(index)) return;
        uint128 bonded = stakeOf(index).bonded;
        vm.prank(validatorOf(index));
        remember(stakes.exit(validatorOf(index)), index, bonded);
    }

    function cancel(uint256 random) external {
        uint64 id = someUnbonding(random);
        Request memory request = requests[id];
        if (request.amount == 0) return;
        IStakeManager.Stake memory stake = stakeOf(request.index);
        bool tooLittle = stake.bonded == 0 && request.amount < parameters.values().minimumBond;
        bool allowed = stake.status == IStakeManager.Status.Live && !tooLittle;
        vm.prank(withdrawalOf(request.index));
        try stakes.cancel(id) {
            assertTrue(allowed, "cancelled after a slash, or too little");
            delete requests[id];
        } catch {
            assertFalse(allowed, "a cancellation was refused");
        }
    }

    /// @dev Pays if and only if it is due, nothing twice, and exactly the part that the slash left.
    function withdraw(uint256 random) external {
        uint64 id = someUnbonding(random);
        Request memory request = requests[id];
        if (request.amount == 0) return;
        (uint64 dueEpoch, uint128 due) = stakes.dueOf(id);
        assertGe(dueEpoch, request.leastDue, "due before the delay is over");
        bool allowed = dueEpoch <= sets.currentEpoch() && !isLocked(request.index);
        uint256 before = token.balanceOf(withdrawalOf(request.index));
        try stakes.withdraw(id) {
            assertTrue(allowed, "paid too early");
            uint256 paid = token.balanceOf(withdrawalOf(request.index)) - before;
            assertEq(paid, due);
            assertEq(paid, uint256(request.amount) * stakeOf(request.index).rate / 1e18, "paid what it is worth");
            delete requests[id];
        } catch {
            assertFalse(allowed, "a payment that is due was refused");
        }
    }

    /// @dev Anything bonded, unbonding or due answers, in the same part, and nobody else does.
    function slash(uint256 random, uint256 fraction) external {
        // One history in a few has a slash at all, and most of those leave something.
        if (random % 3 != 0) return;
        uint256 index = (random / 3) % joined;
        IStakeManager.Stake memory before = stakeOf(index);
        if (before.status != IStakeManager.Status.Live) return;
        fraction = fraction % 5 == 0 ? 1e18 : bound(fraction, 0, 1e18);
        bytes32 others = othersThan(index);
        uint128 loss = stakes.slash(validatorOf(index), fraction, REPORTER, 1000 ether);
        taken[index] += loss;
        uint256 nominal = uint256(before.bonded) + before.unbonding;
        assertEq(loss, nominal - nominal * (1e18 - fraction) / 1e18, "all of it answers");
        assertEq(othersThan(index), others, "a slash changes nothing of another");
    }

    function settle(uint256 random, uint256 fraction) external {
        uint256 index = random % joined;
        if (stakeOf(index).status != IStakeManager.Status.Slashed) return;
        bytes32 others = othersThan(index);
        taken[index] += stakes.settle(validatorOf(index), bound(fraction, 0, 1e18));
        assertEq(othersThan(index), others, "a settlement changes nothing of another");
    }

    function release(uint256 random) external {
        uint256 index = random % joined;
        IStakeManager.Stake memory stake = stakeOf(index);
        bool slashed = stakes.isSlashed(validatorOf(index));
        bool over = sets.currentEpoch() >= stake.releaseEpoch;
        bool allowed = slashed && !isLocked(index) && stake.bonded != 0 && over;
        uint256 before = token.balanceOf(withdrawalOf(index));
        try stakes.release(validatorOf(index)) {
            assertTrue(allowed, "released too early");
            uint256 paid = token.balanceOf(withdrawalOf(index)) - before;
            assertEq(paid, uint256(stake.bonded) * stake.rate / 1e18);
        } catch {
            assertFalse(allowed, "a release that is due was refused");
        }
    }

    function collect(bool reporter) external {
        address account = reporter ? REPORTER : TREASURY;
        if (stakes.credit(account) != 0) stakes.collect(account);
    }

    function refresh(uint256 random) external {
        uint256 index = random % joined;
        if (!isBonded(index)) return;
        stakes.refresh(validatorOf(index));
    }

    function govern(uint256 minimumBond, uint256 powerCap, uint256 delay) external {
        setValues(
            uint128(bound(minimumBond, 500 ether, 2000 ether)),
            uint128(bound(powerCap, 2000 ether, 80_000 ether)),
            uint32(bound(delay, LEAST_DELAY, 3 * LEAST_DELAY))
        );
    }

    function setFeeRecipient(uint256 random, address feeRecipient) external {
        uint256 index = random % joined;
        if (feeRecipient == address(0) || stakes.isSlashed(validatorOf(index))) return;
        vm.prank(validatorOf(index));
        registry.setFeeRecipient(validatorOf(index), feeRecipient);
    }

    function advance(uint256 steps) external {
        sets.advance(bound(steps, 1, 64));
    }

    function donate(uint256 amount) external {
        amount = bound(amount, 1, 1 ether);
        token.mint(address(stakes), amount);
        donated += amount;
    }

    function mine(uint256 blocks) external {
        uint64 before = sets.currentEpoch();
        vm.roll(block.number + bound(blocks, 1, 5 * LENGTH));
        uint64 current = sets.currentEpoch();
        for (uint64 epoch = before + 1; epoch <= current; ++epoch) {
            fixedSet[epoch + 1] = setHash(epoch + 1);
        }
        lastFixed = current + 1;
    }

    /// @dev The nominal stake of a validator that is unbonding, by the requests; and what they are worth.
    function requested(uint256 index) external view returns (uint256 nominal, uint256 worth) {
        uint256 rate = stakeOf(index).rate;
        for (uint64 id = 1; id <= stakes.lastUnbonding(); ++id) {
            Request memory request = requests[id];
            if (request.index != index) continue;
            nominal += request.amount;
            worth += request.amount * rate / 1e18;
        }
    }

    function isBonded(uint256 index) private view returns (bool) {
        IStakeManager.Stake memory stake = stakeOf(index);
        return stake.status == IStakeManager.Status.Live && stake.bonded != 0;
    }

    /// @dev What was slashed is locked until it is settled, and while it serves.
    function isLocked(uint256 index) private view returns (bool) {
        IStakeManager.Status status = stakeOf(index).status;
        if (status == IStakeManager.Status.Live) return false;
        uint64 epoch = sets.currentEpoch();
        bool serves = sets.powerOf(validatorOf(index), epoch) + sets.powerOf(validatorOf(index), epoch + 1) != 0;
        return status == IStakeManager.Status.Slashed || serves;
    }

    function remember(uint64 id, uint256 index, uint128 amount) private {
        uint64 leastDue = sets.currentEpoch() + 2 + parameters.values().unbondingDelay;
        requests[id] = Request(index, amount, leastDue);
    }

    function someUnbonding(uint256 random) private view returns (uint64) {
        uint64 last = stakes.lastUnbonding();
        return last == 0 ? 0 : uint64(random % last) + 1;
    }

    function othersThan(uint256 index) private view returns (bytes32 hash) {
        for (uint256 i = 0; i < joined; ++i) {
            if (i != index) hash = keccak256(abi.encode(hash, stakeOf(i)));
        }
        for (uint64 id = 1; id <= stakes.lastUnbonding(); ++id) {
            hash = keccak256(abi.encode(hash, stakes.unbondingOf(id)));
        }
    }

    function setHash(uint64 epoch) private view returns (bytes32) {
        return keccak256(abi.encode(sets.setOf(epoch)));
    }
}

/// @dev One handler, one invariant, on the real sets and registry; the verifiers say yes to all.
contract StakeManagerInvariantTest is Test {
    uint256 private constant UNIT = 1e9;

    StakesHandler private handler;
    StakesWorld private world;

    function setUp() external {
        handler = new StakesHandler();
        world = handler;
        string[15] memory names = [
            "register(uint256)",
            "topUp(uint256,uint256)",
            "unbond(uint256,uint256,bool)",
            "exit(uint256)",
            "cancel(uint256)",
            "withdraw(uint256)",
            "slash(uint256,uint256)",
            "settle(uint256,uint256)",
            "release(uint256)",
            "collect(bool)",
            "refresh(uint256)",
            "govern(uint256,uint256,uint256)",
            "setFeeRecipient(uint256,address)",
            "advance(uint256)",
            "donate(uint256)"
        ];
        bytes4[] memory selectors = new bytes4[](names.length + 3);
        for (uint256 i = 0; i < names.length; ++i) {
            selectors[i] = bytes4(keccak256(bytes(names[i])));
        }
        // Time passes often, or nothing would ever be due.
        for (uint256 i = names.length; i < selectors.length; ++i) {
            selectors[i] = StakesHandler.mine.selector;
        }
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_StakesHold() external view {
        checkBooks();
        checkSets();
        for (uint256 i = 0; i < handler.joined(); ++i) {
            checkPool(i);
            checkService(i);
        }
    }

    /// @dev C84: every token is an asset of one pool, the credit of one account, or a gift.
    function checkBooks() private view {
        uint256 assets = 0;
        for (uint256 i = 0; i < handler.joined(); ++i) {
            assets += world.stakeOf(i).assets;
        }
        IStakeManager stakes = world.stakes();
        assertEq(stakes.totalAssets(), assets, "total of the pools");
        uint256 credits = stakes.credit(world.REPORTER()) + stakes.credit(world.TREASURY());
        assertEq(stakes.totalCredits(), credits, "total of the credits");
        assertEq(world.token().balanceOf(address(stakes)), assets + credits + handler.donated(), "balance");
    }

    /// @dev C73, C77, C82: a pool covers its own claims, and has what came less what was taken, paid and left as dust.
    function checkPool(uint256 index) private view {
        IStakeManager.Stake memory stake = world.stakeOf(index);
        (uint256 nominal, uint256 worth) = handler.requested(index);
        assertEq(stake.unbonding, nominal, "unbonding is the sum of the requests");
        uint256 claims = worth + uint256(stake.bonded) * stake.rate / 1e18;
        assertGe(stake.assets, claims, "claims are covered");
        uint256 paid = world.token().balanceOf(world.withdrawalOf(index));
        uint256 left = handler.deposited(index) - handler.taken(index) - paid;
        if (stake.status == IStakeManager.Status.Live) {
            assertEq(stake.assets, nominal + stake.bonded, "a live pool has what it counts");
            assertEq(stake.rate, 1e18);
        }
        if (stake.bonded + nominal != 0) assertEq(stake.assets, left, "nothing else moves assets");
        else assertEq(stake.assets, 0, "an empty pool keeps nothing");
    }

    /// @dev C69 to C72: the sets aim at no more power than is bonded, and whatever power served within the time of
    /// evidence stands on stake that is still here, but for less than one unit of power.
    function checkService(uint256 index) private view {
        IStakeManager.Stake memory stake = world.stakeOf(index);
        if (stake.status != IStakeManager.Status.Live) return;
        address validator = world.validatorOf(index);
        IValidatorSets sets = world.sets();
        uint64 target = sets.seatOf(validator).target;
        assertLe(target, stake.bonded / UNIT, "no power for stake that is not bonded");
        assertEq(target == 0, stake.bonded == 0, "who is bonded has a target");
        uint256 locked = uint256(stake.bonded) + stake.unbonding + UNIT - 1;
        uint64 last = sets.currentEpoch() + 1;
        uint64 first = last > world.LEAST_DELAY() ? last - world.LEAST_DELAY() : 0;
        for (uint64 epoch = first; epoch <= last; ++epoch) {
            assertLe(sets.powerOf(validator, epoch) * UNIT, locked, "power that can still be judged stands on stake");
        }
    }

    /// @dev C31, C46: the set of a begun epoch never changes, and none is empty.
    function checkSets() private view {
        uint64 last = handler.lastFixed();
        checkSet(last);
        checkSet(last - 1);
        // Of the older ones another one each time.
        checkSet(uint64(world.token().totalSupply() % last));
    }

    function checkSet(uint64 epoch) private view {
        IValidatorSets.Member[] memory members = world.sets().setOf(epoch);
        assertGt(members.length, 0, "a set is never empty");
        assertEq(keccak256(abi.encode(members)), handler.fixedSet(epoch), "a fixed set changed");
    }
}
