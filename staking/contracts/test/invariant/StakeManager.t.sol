// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {DelegatorsHandler} from "./DelegatorsHandler.sol";
import {StakesHandler} from "./StakesHandler.sol";
import {StakesWorld} from "./StakesWorld.sol";
import {RewardsHandler} from "./RewardsHandler.sol";
import {VotesHandler} from "./VotesHandler.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";

/// @dev One handler, one invariant, on the real contracts; the verifiers take what was told to them as signed. Each run
/// writes how often it did what, and `scripts/contracts` adds the runs up: nothing may never have happened.
contract StakeManagerInvariantTest is Test {
    uint256 private constant UNIT = 1e9;

    StakesHandler private handler;
    StakesWorld private world;
    string[43] private actions = [
        "register",
        "topUp",
        "unbond",
        "exit",
        "cancel",
        "withdraw",
        "vote",
        "votes slashed",
        "votes refused",
        "attestations slashed",
        "attestations refused",
        "settle",
        "release",
        "collect",
        "refresh",
        "govern",
        "setFeeRecipient",
        "advance",
        "donate",
        "delegate",
        "undelegate",
        "redelegate",
        "a redelegation arrives",
        "a redelegation is paid",
        "release to a delegator",
        "suspend",
        "resume",
        "expel",
        "delegateVotes",
        "sync",
        "fundRewards",
        "setRate",
        "attest",
        "attestation refused",
        "bring",
        "bring refused",
        "claim",
        "restake",
        "claimCommission",
        "setCommission",
        "setCommission refused",
        "an epoch begins",
        "runs"
    ];

    function setUp() external {
        handler = new StakesHandler();
        world = handler;
        string[32] memory names = [
            "register(uint256)",
            "topUp(uint256,uint256)",
            "unbond(uint256,uint256,bool)",
            "exit(uint256)",
            "cancel(uint256)",
            "withdraw(uint256)",
            "vote(uint256,uint8,bool)",
            "reportVotes(uint256,uint256)",
            "reportAttestations(uint256)",
            "settle(uint256)",
            "release(uint256)",
            "collect(bool)",
            "refresh(uint256)",
            "govern(uint256,uint256,uint256)",
            "setFeeRecipient(uint256,address)",
            "advance(uint256)",
            "donate(uint256)",
            "delegate(uint256,uint256)",
            "undelegate(uint256,uint256)",
            "redelegate(uint256,uint256)",
            "resume(uint256)",
            "expel(uint256)",
            "delegateVotes(uint256)",
            "sync(uint256)",
            "fundRewards(uint256)",
            "setRate(uint256)",
            "attestPeriods(uint256)",
            "bring(uint256)",
            "claim(uint256)",
            "restake(uint256)",
            "claimCommission(uint256)",
            "setCommission(uint256,uint256)"
        ];
        // Votes, reports and what takes time more often, and time passes often, or nothing would ever be due.
        bytes4[] memory selectors = new bytes4[](names.length + 26);
        for (uint256 i = 0; i < names.length; ++i) {
            selectors[i] = bytes4(keccak256(bytes(names[i])));
        }
        for (uint256 i = names.length; i < selectors.length; ++i) {
            selectors[i] = StakesHandler.mine.selector;
        }
        bytes4[18] memory often = [
            VotesHandler.vote.selector,
            VotesHandler.vote.selector,
            VotesHandler.reportVotes.selector,
            VotesHandler.reportVotes.selector,
            VotesHandler.reportVotes.selector,
            VotesHandler.reportAttestations.selector,
            VotesHandler.reportAttestations.selector,
            StakesHandler.settle.selector,
            StakesHandler.release.selector,
            StakesHandler.release.selector,
            StakesHandler.withdraw.selector,
            DelegatorsHandler.delegate.selector,
            DelegatorsHandler.delegate.selector,
            DelegatorsHandler.undelegate.selector,
            DelegatorsHandler.sync.selector,
            RewardsHandler.bring.selector,
            RewardsHandler.bring.selector,
            RewardsHandler.bring.selector
        ];
        for (uint256 i = 0; i < often.length; ++i) {
            selectors[names.length + i] = often[i];
        }
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    /// @dev After each call, of the validator that it was about and of another one; when time has passed, of four. Of
    /// what is about all of them, a third each time, in turn: what goes wrong there stays wrong.
    function invariant_StakesHold() external view {
        (uint256 touched, uint256 turn, uint256 joined) = (handler.touched(), handler.turn(), handler.joined());
        if (turn % 3 == 0) {
            checkBooks();
            checkReserve();
        } else if (turn % 3 == 1) {
            checkSets();
        } else {
            checkUnits(handler.delegatorOf(turn / 3));
            checkVotes(turn % 4 == 0 ? address(0x57A4) : handler.delegatorOf(turn));
        }
        if (touched < joined) {
            checkValidator(touched);
            checkValidator(turn % joined);
        } else {
            for (uint256 i = 0; i < 4; ++i) {
                checkValidator((turn + i) % joined);
            }
        }
    }

    /// @dev A line a run: how often each thing was done.
    function afterInvariant() external {
        string memory line = "";
        for (uint256 i = 0; i + 1 < actions.length; ++i) {
            line = string.concat(line, actions[i], "=", vm.toString(handler.successes(actions[i])), ",");
        }
        vm.writeLine("out/invariant-runs.txt", string.concat(line, "runs=1"));
    }

    function checkValidator(uint256 index) private view {
        checkPool(index);
        checkPositions(index);
        checkService(index);
        checkRewards(index);
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
        uint256 held = assets + credits + stakes.rewardReserve() + handler.donated();
        assertEq(world.token().balanceOf(address(stakes)), held, "balance");
    }

    /// @dev C73, C77, C82: a pool covers its own claims, and has what came less what was taken, paid and left as dust.
    function checkPool(uint256 index) private view {
        IStakeManager.Stake memory stake = world.stakeOf(index);
        (uint256 nominal, uint256 worth) = handler.requested(index);
        assertEq(stake.unbonding, nominal, "unbonding is the sum of the requests");
        uint256 claims = worth + uint256(stake.own) * stake.rate / 1e18;
        for (uint256 i = 0; i < handler.DELEGATORS(); ++i) {
            claims += uint256(positionOf(index, handler.delegatorOf(i)).amount) * stake.rate / 1e18;
        }
        assertGe(stake.assets, claims, "claims are covered");
        uint256 left = handler.deposited(index) - handler.taken(index) - handler.paid(index);
        if (stake.status == IStakeManager.Status.Live) {
            assertEq(stake.assets, nominal + stake.bonded, "a live pool has what it counts");
            assertEq(stake.rate, 1e18);
        }
        if (stake.bonded + nominal != 0) assertEq(stake.assets, left, "nothing else moves assets");
        else assertEq(stake.assets, 0, "an empty pool keeps nothing");
    }

    /// @dev C100, C108: bonded is the sum of the positions; what counted, of a pool and of each position, is the sum
    /// over all epochs; and whose bonded stake it is has the votes of it.
    function checkPositions(uint256 index) private view {
        IStakeManager.Stake memory stake = world.stakeOf(index);
        uint256 sum = stake.own;
        for (uint256 i = 0; i < handler.DELEGATORS(); ++i) {
            sum += checkPosition(index, handler.delegatorOf(i));
        }
        assertEq(checkPosition(index, world.withdrawalOf(index)), stake.own, "own bond");
        assertEq(stake.bonded, sum, "bonded is the sum of the positions");
        uint64 last = world.sets().currentEpoch() + 2;
        checkCounted(index, last);
        checkCounted(index, uint64(world.token().totalSupply() % last));
        address owner = world.withdrawalOf(index);
        uint256 own = world.stakes().isSlashed(world.validatorOf(index)) ? 0 : stake.own;
        assertEq(world.votes().unitsOf(owner), own, "own votes");
    }

    function checkPosition(uint256 index, address account) private view returns (uint256) {
        IDelegation.Position memory position = positionOf(index, account);
        uint64 last = world.sets().currentEpoch() + 2;
        uint256 kept = uint256(position.previous) * (position.since - position.previousSince);
        kept += uint256(position.amount) * (last - position.since);
        kept += handler.heldUntil(index, account, position.previousSince);
        assertEq(kept, handler.heldUntil(index, account, last), "a position says what counts");
        return position.amount;
    }

    function checkCounted(uint256 index, uint64 epoch) private view {
        uint128 counted = world.stakes().stakeEpochsUntil(world.validatorOf(index), epoch);
        assertEq(counted, handler.countedUntil(index, epoch), "what counted is the sum over all epochs");
    }

    /// @dev C150, C153: of a delegator, all that is bonded, but with a slashed validator of which the votes were told.
    function checkUnits(address account) private view {
        uint256 sum = 0;
        for (uint256 i = 0; i < handler.joined(); ++i) {
            if (!world.votes().isDropped(world.validatorOf(i), account)) sum += positionOf(i, account).amount;
        }
        assertEq(world.votes().unitsOf(account), sum, "votes are what is bonded");
    }

    /// @dev C151: the units of all who have handed their votes to an account, and its own if it has not.
    function checkVotes(address account) private view {
        uint256 sum = 0;
        for (uint256 i = 0; i < handler.DELEGATORS(); ++i) {
            address voter = handler.delegatorOf(i);
            if (world.votes().delegates(voter) == account) sum += world.votes().unitsOf(voter);
        }
        assertEq(world.votes().getVotes(account), sum, "no vote is lost or made by handing it on");
    }

    /// @dev C130: what was paid, what is owed and what is free is what came, and no more is owed than is allocated.
    function checkReserve() private view {
        uint128 reserve = world.stakes().rewardReserve();
        assertEq(reserve + handler.rewarded(), handler.funded(), "paid and not paid is what came");
        assertEq(world.rewards().allocated() + world.rewards().free(), reserve, "allocated and free");
        uint256 owed = 0;
        for (uint256 i = 0; i < handler.joined(); ++i) {
            IRewards.Standing memory standing = world.rewards().standingOf(world.validatorOf(i));
            owed += uint256(standing.owed) + standing.commission;
        }
        assertLe(owed, world.rewards().allocated(), "owed");
    }

    /// @dev C134, C135, C138: nobody gets more than the epochs say, all together no more than the validator's stake
    /// has earned, and a commission keeps its bounds.
    function checkRewards(uint256 index) private view {
        address validator = world.validatorOf(index);
        uint256 sum = 0;
        for (uint256 i = 0; i <= handler.DELEGATORS(); ++i) {
            address account = handler.accountOf(index, i);
            uint256 due = world.rewards().claimable(validator, account);
            sum += due;
            due += handler.claimed(index, account);
            assertLe(due * handler.PARTS(), handler.earned(index, account), "more than earned");
        }
        assertLe(sum, world.rewards().standingOf(validator).owed, "claimable");
        uint64 period = world.sets().currentEpoch() / 3;
        uint16 commission = world.rewards().commissionOf(validator, period + 1);
        assertLe(commission, world.MOST_COMMISSION());
        assertLe(commission, world.rewards().commissionOf(validator, period) + world.MOST_RISE(), "a slow rise");
    }

    function positionOf(uint256 index, address account) private view returns (IDelegation.Position memory) {
        return world.stakes().positionOf(world.validatorOf(index), account);
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
        assertLe(target, stake.own * 10 / UNIT, "C101: at most ten times the own bond");
        assertEq(target == 0, stake.own == 0 || stake.suspended, "who has an own bond has a target");
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
        uint256 power = 0;
        uint128 places = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            power += members[i].power;
            places |= uint128(1) << members[i].place;
        }
        (uint128 takenPlaces, uint64 totalPower) = world.sets().totalsOf(epoch);
        assertEq(totalPower, power, "total of the powers");
        assertEq(takenPlaces, places, "bitmap of the places");
        assertEq(keccak256(abi.encode(members)), handler.fixedSet(epoch), "a fixed set changed");
    }
}
