// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Vm.sol";

import {Fixture} from "../Fixture.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

/// @dev Random histories against two oracles that know no epochs on chain: a plain list of places, copied at the end of
/// each epoch, and the fold of the events as a node does it.
contract LagTest is Fixture {
    uint256 private constant STEPS = 48;
    uint256 private constant PLACES = 12;

    struct Place {
        address validator;
        uint64 power;
    }

    struct Change {
        uint64 effectiveEpoch;
        uint8 place;
        address validator;
        bytes32 consensusKey;
        uint64 power;
        address feeRecipient;
    }

    Place[PLACES] private places;
    uint256[] private active;
    uint256 private nextIndex = 4;
    uint64 private changes;
    Change[] private folded;
    mapping(uint64 epoch => bytes32) private expected;
    mapping(uint64 epoch => bytes32) private observed;

    function setUp() public override {
        vm.recordLogs();
        super.setUp();
        for (uint256 i = 0; i < 4; ++i) {
            places[i] = Place(operatorOf(i), defaultSeeds()[i].stakeGwei);
            active.push(i);
        }
        expected[0] = expected[1] = placesHash();
        observed[0] = setHash(0);
        observed[1] = setHash(1);
        drainLogs();
    }

    function testFuzz_AChangeIsVisibleExactlyTwoEpochsLater(uint256 seed) external {
        for (uint256 step = 0; step < STEPS; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 choice = seed % 8;
            if (choice < 2) tryRegister(seed >> 8);
            else if (choice < 4) tryLeave(seed >> 8);
            else if (choice < 6) tryTopUp(seed >> 8);
            else advance((seed >> 8) % (2 * LENGTH));
            checkPast(seed >> 128);
        }
        advance(2 * LENGTH);
        for (uint64 epoch = 0; epoch <= staking.currentEpoch() + 1; ++epoch) {
            checkFixed(epoch);
        }
    }

    /// @dev Moves L1 on, and looks at each set when it becomes fixed.
    function advance(uint256 blocks) private {
        uint64 before = staking.currentEpoch();
        vm.roll(block.number + blocks);
        drainLogs();
        for (uint64 epoch = before + 1; epoch <= staking.currentEpoch(); ++epoch) {
            // Nothing happened between, so the places at the end of `epoch - 1` are those of now.
            expected[epoch + 1] = placesHash();
            observed[epoch + 1] = setHash(epoch + 1);
            checkFixed(epoch + 1);
        }
    }

    /// @dev The last fixed set is the one a mistake would change first, so it is looked at every other time.
    function checkPast(uint256 random) private view {
        uint64 lastFixed = staking.currentEpoch() + 1;
        checkFixed(random % 2 == 0 ? lastFixed : uint64((random >> 1) % (uint256(lastFixed) + 1)));
    }

    function checkFixed(uint64 epoch) private view {
        IRotaStaking.Member[] memory members = staking.setOf(epoch);
        assertEq(keccak256(abi.encode(members)), observed[epoch], "a fixed set changed");
        assertEq(keccak256(abi.encode(members)), foldHash(epoch), "the fold of the events differs");

        Place[PLACES] memory held;
        for (uint256 i = 0; i < members.length; ++i) {
            held[members[i].place] = Place(members[i].validator, members[i].power);
            assertEq(staking.powerOf(members[i].validator, epoch), members[i].power, "power of a member");
        }
        assertEq(keccak256(abi.encode(held)), expected[epoch], "not the places of two epochs before");
        assertGt(members.length, 0, "an empty set");
    }

    function tryRegister(uint256 random) private {
        if (active.length == PLACES) return;
        uint64 stakeGwei = MINIMUM_GWEI + uint64(random % 50e9);
        uint256 index = nextIndex++;
        uint8 place = register(index, uint256(stakeGwei) * 1 gwei);
        for (uint256 lower = 0; lower < place; ++lower) {
            assertTrue(places[lower].validator != address(0), "a lower place was free");
        }
        assertEq(places[place].validator, address(0), "the place was taken");
        places[place] = Place(operatorOf(index), stakeGwei);
        active.push(index);
        ++changes;
    }

    function tryLeave(uint256 random) private {
        if (active.length == 1) return;
        uint256 at = random % active.length;
        uint256 index = active[at];
        leave(index);
        delete places[staking.validatorOf(operatorOf(index)).place];
        active[at] = active[active.length - 1];
        active.pop();
        ++changes;
    }

    function tryTopUp(uint256 random) private {
        uint256 index = active[random % active.length];
        uint64 addedGwei = 1 + uint64((random >> 8) % 9e9);
        topUp(index, uint256(addedGwei) * 1 gwei);
        places[staking.validatorOf(operatorOf(index)).place].power += addedGwei;
        ++changes;
    }

    function placesHash() private view returns (bytes32) {
        Place[PLACES] memory copied = places;
        return keccak256(abi.encode(copied));
    }

    /// @dev What a node does: the last change of a place that is effective by then holds.
    function foldHash(uint64 epoch) private view returns (bytes32) {
        IRotaStaking.Member[PLACES] memory held;
        uint256 count = 0;
        for (uint256 i = 0; i < folded.length && folded[i].effectiveEpoch <= epoch; ++i) {
            Change memory change = folded[i];
            if (held[change.place].power == 0 && change.power != 0) ++count;
            if (held[change.place].power != 0 && change.power == 0) --count;
            held[change.place] = IRotaStaking.Member(
                change.place, change.validator, change.consensusKey, change.power, change.feeRecipient
            );
        }
        IRotaStaking.Member[] memory members = new IRotaStaking.Member[](count);
        count = 0;
        for (uint256 place = 0; place < PLACES; ++place) {
            if (held[place].power != 0) members[count++] = held[place];
        }
        return keccak256(abi.encode(members));
    }

    function drainLogs() private {
        Vm.Log[] memory entries = vm.getRecordedLogs();
        for (uint256 i = 0; i < entries.length; ++i) {
            if (entries[i].topics[0] != IRotaStaking.ValidatorChanged.selector) continue;
            (bytes32 consensusKey, uint64 power, address feeRecipient) =
                abi.decode(entries[i].data, (bytes32, uint64, address));
            uint64 effectiveEpoch = uint64(uint256(entries[i].topics[1]));
            assertTrue(
                folded.length == 0 || folded[folded.length - 1].effectiveEpoch <= effectiveEpoch,
                "events out of order of epoch"
            );
            folded.push(
                Change({
                    effectiveEpoch: effectiveEpoch,
                    place: uint8(uint256(entries[i].topics[2])),
                    validator: address(uint160(uint256(entries[i].topics[3]))),
                    consensusKey: consensusKey,
                    power: power,
                    feeRecipient: feeRecipient
                })
            );
        }
        assertEq(folded.length, 4 + changes, "one event for each change");
    }
}
