// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {SetsFixture} from "./SetsFixture.sol";
import {SetsModel} from "./SetsModel.sol";

/// @dev Random histories against three oracles: the model, the fold of the events as a node does it, and what was seen
/// when each set became fixed.
contract HistoriesTest is SetsFixture {
    uint256 private constant STEPS = 80;
    uint256 private constant PLACES = 5;
    uint256 private constant MOST_VALIDATORS = 14;

    struct Folded {
        uint64 effectiveEpoch;
        IValidatorSets.Member member;
    }

    SetsModel private model;
    IStakingParameters.Values private values;
    uint256 private enrolled;
    /// In one history of four the last members, too, are removed.
    bool private harsh;
    /// Those that may be revoked, and those that many share; by the sets and by the model.
    uint64[2][] private tickets;
    uint64[2][] private shared;
    Folded[] private folded;
    mapping(uint256 index => bool) private removed;
    mapping(uint256 index => bytes) private attestationKeyOf;
    mapping(uint64 epoch => bytes32) private observed;
    mapping(uint64 epoch => bytes20) private changeHashes;
    mapping(uint64 epoch => bytes) private sums;

    function setUp() public override {
        vm.roll(START);
        vm.recordLogs();
        deploy(PLACES);
        model = new SetsModel(PLACES, sets.STEPS_PER_CALL());
        values = defaultValues();
        model.set(values);
        uint64[4] memory powers = [uint64(300), 270, 230, 200];
        for (uint256 i = 0; i < 4; ++i) {
            enrollNext();
            sets.seed(nameOf(i), powers[i]);
            model.seed(i, powers[i]);
        }
        observe(0);
        observe(1);
        compare();
    }

    /// forge-config: default.fuzz.runs = 48
    function testFuzz_TheSetsAreThoseOfTheModel(uint256 seed) external {
        harsh = seed % 4 == 0;
        for (uint256 step = 0; step < STEPS; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            act(seed % 40, seed >> 8);
            compare();
        }
        pass(2 * LENGTH);
        for (uint64 epoch = 0; epoch <= sets.currentEpoch() + 1; ++epoch) {
            assertEq(setHash(epoch), observed[epoch], "C31: a fixed set changed");
            assertEq(sets.changeHashOf(epoch), changeHashes[epoch], "C31");
            assertEq(sets.attestationKeySum(epoch), sums[epoch], "C31");
        }
    }

    function act(uint256 choice, uint256 random) private {
        uint64 target = uint64(random % 5 == 0 ? random % 20 : 1 + random % 600);
        uint256 index = (random >> 32) % enrolled;
        random >>= 64;
        if (choice < 8) pass(random % (3 * LENGTH / 2));
        else if (choice < 11) joinNext(target);
        else if (choice < 17) raiseOne(index, target);
        else if (choice == 28 || (harsh && choice == 22)) removeOne(index);
        else if (choice < 23) lowerOne(index, target);
        else if (choice < 25) lowerOne(index, 0);
        else if (choice < 28) revokeOne(random);
        else if (choice == 29) changeRules(random);
        else if (choice == 30) changeProfile(index, random);
        else if (choice >= 37) raiseSharedOne(index, 1 + target / 8);
        else if (choice >= 32) lowerSharedOne(index, random % 4 == 0 ? target / 8 : 1 + target % 8);
        else assertEq(sets.advance(random % 12), model.advance(sets.currentEpoch(), random % 12), "steps");
    }

    function joinNext(uint64 target) private {
        if (enrolled == MOST_VALIDATORS) return;
        uint256 index = enrolled;
        enrollNext();
        sets.raise(nameOf(index), target);
        model.raise(sets.currentEpoch(), index, target);
    }

    function raiseOne(uint256 index, uint64 target) private {
        uint64 higher = seat(index).target + target;
        if (removed[index]) return;
        sets.raise(nameOf(index), higher);
        model.raise(sets.currentEpoch(), index, higher);
    }

    function lowerOne(uint256 index, uint64 target) private {
        if (removed[index] || seat(index).openTickets >= 16) return;
        uint64 ticket = sets.lower(nameOf(index), target);
        tickets.push([ticket, uint64(model.lower(sets.currentEpoch(), index, target))]);
    }

    function raiseSharedOne(uint256 index, uint64 target) private {
        if (removed[index]) return;
        uint64 higher = seat(index).target + target;
        sets.raiseShared(nameOf(index), higher);
        model.raiseShared(sets.currentEpoch(), index, higher);
    }

    /// @dev Mostly small ones, of which many fit in an epoch; by 0, too, and now and then to 0.
    function lowerSharedOne(uint256 index, uint64 fall) private {
        if (removed[index]) return;
        uint64 target = seat(index).target;
        target = fall % 16 == 15 || fall > target ? 0 : target - fall;
        uint64 ticket = sets.lowerShared(nameOf(index), target);
        shared.push([ticket, uint64(model.lowerShared(sets.currentEpoch(), index, target))]);
    }

    /// @dev As the stakes do it: what was taken away comes back by a raise.
    function revokeOne(uint256 random) private {
        if (tickets.length == 0) return;
        uint256 at = random % tickets.length;
        (uint64 ticket, uint64 modelled) = (tickets[at][0], tickets[at][1]);
        address validator = sets.ticketOf(ticket).validator;
        uint256 index = uint160(validator) - uint160(nameOf(0));
        if (removed[index]) return;
        tickets[at] = tickets[tickets.length - 1];
        tickets.pop();
        uint64 epoch = sets.currentEpoch();
        sets.revoke(ticket, type(uint64).max);
        model.revoke(epoch, modelled);
        compare();
        uint64 target = seat(index).target + uint64((random >> 32) % 100);
        sets.raise(validator, target);
        model.raise(epoch, index, target);
    }

    function removeOne(uint256 index) private {
        if (removed[index] || (!harsh && sets.forming().members < 3)) return;
        removed[index] = true;
        sets.remove(nameOf(index));
        model.remove(sets.currentEpoch(), index);
    }

    function changeRules(uint256 random) private {
        values.minimumBond = [uint128(1e9), 10e9, 150e9, 250e9][random % 4];
        values.minimumSize = uint16(1 + (random >> 8) % 5);
        values.maximumExitWait = uint32(1 + (random >> 16) % 6);
        values.entryBound = [uint16(1), 700, 1250, 1250][(random >> 24) % 4];
        values.exitBound = [uint16(1), 700, 1250, 1250][(random >> 32) % 4];
        values.replacementMargin = [uint16(0), 1000][(random >> 40) % 2];
        parameters.set(values);
        model.set(values);
    }

    function changeProfile(uint256 index, uint256 random) private {
        if (removed[index]) return;
        if (random % 2 == 0) {
            sets.setFeeRecipient(nameOf(index), address(uint160(random)));
        } else {
            uint256 other = 100 + (random >> 8) % 50;
            sets.setKeys(nameOf(index), keyOf(other), pointOf(other));
            attestationKeyOf[index] = pointOf(other);
        }
    }

    function enrollNext() private {
        enroll(enrolled);
        model.enroll();
        attestationKeyOf[enrolled] = pointOf(enrolled);
        ++enrolled;
    }

    /// @dev Moves L1 on, and looks at each set when it becomes fixed.
    function pass(uint256 blocks) private {
        uint64 before = sets.currentEpoch();
        vm.roll(block.number + blocks);
        for (uint64 epoch = before + 1; epoch <= sets.currentEpoch(); ++epoch) {
            observe(epoch + 1);
            checkBounds(epoch + 1);
        }
    }

    /// @dev The set that was being formed, by the model and by the events.
    function observe(uint64 epoch) private {
        drainLogs();
        IValidatorSets.Member[] memory members = sets.setOf(epoch);
        observed[epoch] = keccak256(abi.encode(members));
        changeHashes[epoch] = sets.changeHashOf(epoch);
        sums[epoch] = sets.attestationKeySum(epoch);
        assertGt(members.length, 0, "C46: an empty set");
        assertEq(members.length, model.members(), "members");
        assertEq(observed[epoch], foldHash(epoch), "C34: the fold of the events");

        bytes memory sum = Bls12381.infinity();
        uint128 taken = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            uint256 index = uint160(members[i].validator) - uint160(nameOf(0));
            IValidatorSets.Seat memory seat_ = model.seatOf(index);
            assertEq(members[i].place, seat_.place, "place");
            assertEq(members[i].power, seat_.power, "power");
            assertEq(sets.powerOf(members[i].validator, epoch), seat_.power, "power of one");
            taken |= uint128(1) << seat_.place;
            sum = Bls12381.add(sum, attestationKeyOf[index]);
        }
        assertEq(sums[epoch], sum, "C35: sum of keys");
        (uint128 takenPlaces, uint64 total) = sets.totalsOf(epoch);
        assertEq(takenPlaces, taken, "C35: taken places");
        assertEq(total, model.total(), "C35: total power");
    }

    /// @dev C37: but for removals, no set differs from the one before by more than the bounds, whatever they were.
    function checkBounds(uint64 epoch) private view {
        (, uint64 total) = sets.totalsOf(epoch - 1);
        uint64 up = 0;
        uint64 down = 0;
        for (uint256 i = 0; i < enrolled; ++i) {
            uint64 before = sets.powerOf(nameOf(i), epoch - 1);
            uint64 afterwards = sets.powerOf(nameOf(i), epoch);
            if (afterwards > before) up += afterwards - before;
            else if (!removed[i]) down += before - afterwards;
        }
        uint64 most = total * 1250 / 10_000 > 1 ? total * 1250 / 10_000 : 1;
        assertLe(up, most, "C37: entry bound");
        assertLe(down, most, "C37: exit bound");
    }

    function compare() private view {
        uint256 displaced = 0;
        for (uint256 i = 0; i < enrolled; ++i) {
            IValidatorSets.Seat memory actual = seat(i);
            IValidatorSets.Seat memory expected = model.seatOf(i);
            assertEq(uint256(actual.state), uint256(expected.state), "state");
            assertEq(actual.power, expected.power, "power");
            assertEq(actual.target, expected.target, "target");
            assertEq(actual.pendingUp, expected.pendingUp, "pending up");
            assertEq(actual.openTickets, expected.openTickets, "open tickets");
            assertEq(actual.sharedTickets, expected.sharedTickets, "shared tickets");
            if (actual.state != IValidatorSets.State.Active) continue;
            assertEq(actual.pendingDown, expected.pendingDown, "pending down");
            assertEq(actual.place, expected.place, "place");
            if (model.isDisplaced(i)) {
                ++displaced;
                assertEq(sets.forming().displaced, nameOf(i), "displaced");
                assertEq(actual.pendingDown, actual.power, "C36");
                assertEq(actual.pendingUp, 0, "C36");
            } else {
                assertEq(actual.target, actual.power - actual.pendingDown + actual.pendingUp, "C36");
            }
        }
        if (displaced == 0) assertTrue(noneDisplaced(), "nobody is displaced");
        for (uint256 i = 0; i < tickets.length; ++i) {
            assertEq(sets.servedUntil(tickets[i][0]), model.servedUntil(tickets[i][1]), "C38: served until");
        }
        for (uint256 i = 0; i < shared.length; ++i) {
            assertEq(sets.servedUntil(shared[i][0]), model.servedUntil(shared[i][1]), "C107: served until");
        }
        IValidatorSets.Forming memory forming = sets.forming();
        assertEq(forming.epoch, model.budgetEpoch(), "epoch");
        assertEq(forming.entryBudget, model.entry(), "entry budget");
        assertEq(forming.entryLeft, model.entryLeft(), "entry left");
        assertEq(forming.exitLeft, model.exitLeft(), "exit left");
        assertEq(forming.members, model.members(), "members");
        assertEq(forming.totalPower, model.total(), "total power");
    }

    /// @dev Or one that was removed as the last member while it was displaced.
    function noneDisplaced() private view returns (bool) {
        address displaced = sets.forming().displaced;
        return displaced == address(0) || sets.seatOf(displaced).state == IValidatorSets.State.Removed;
    }

    /// @dev What a node does: the last change of a place that is effective by then holds.
    function foldHash(uint64 epoch) private view returns (bytes32) {
        IValidatorSets.Member[PLACES] memory held;
        uint256 count = 0;
        bytes20 hash = 0;
        for (uint256 i = 0; i < folded.length && folded[i].effectiveEpoch <= epoch; ++i) {
            IValidatorSets.Member memory member = folded[i].member;
            if (held[member.place].power == 0 && member.power != 0) ++count;
            if (held[member.place].power != 0 && member.power == 0) --count;
            held[member.place] = member;
            hash = bytes20(
                keccak256(
                    abi.encode(
                        hash,
                        folded[i].effectiveEpoch,
                        member.place,
                        member.validator,
                        member.consensusKey,
                        member.power,
                        member.feeRecipient
                    )
                )
            );
        }
        assertEq(sets.changeHashOf(epoch), hash, "C34: change hash");
        IValidatorSets.Member[] memory members = new IValidatorSets.Member[](count);
        count = 0;
        for (uint256 place = 0; place < PLACES; ++place) {
            if (held[place].power != 0) members[count++] = held[place];
        }
        return keccak256(abi.encode(members));
    }

    function drainLogs() private {
        Vm.Log[] memory entries = vm.getRecordedLogs();
        for (uint256 i = 0; i < entries.length; ++i) {
            if (entries[i].topics[0] != IValidatorSets.ValidatorChanged.selector) continue;
            (bytes32 consensusKey, uint64 power_, address feeRecipient) =
                abi.decode(entries[i].data, (bytes32, uint64, address));
            uint64 effectiveEpoch = uint64(uint256(entries[i].topics[1]));
            if (folded.length != 0) {
                assertLe(folded[folded.length - 1].effectiveEpoch, effectiveEpoch, "C34: events out of order");
            }
            Folded storage change = folded.push();
            change.effectiveEpoch = effectiveEpoch;
            change.member = IValidatorSets.Member(
                uint8(uint256(entries[i].topics[2])),
                address(uint160(uint256(entries[i].topics[3]))),
                consensusKey,
                power_,
                feeRecipient
            );
        }
    }
}
