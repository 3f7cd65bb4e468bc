// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IValidatorSets} from "../interfaces/IValidatorSets.sol";
import {Fifo} from "../structs/Fifo.sol";
import {IndexedHeap} from "../structs/IndexedHeap.sol";
import {Tournament} from "../structs/Tournament.sol";
import {SetHistory} from "./SetHistory.sol";

/// @title Who waits, who is a member, and what its power moves towards
/// @notice Of a member that is not being displaced, `target == power - pendingDown + pendingUp`; of one that is being
/// displaced, `power == pendingDown` and nothing is pending up (C36).
abstract contract Seats is SetHistory {
    using Fifo for Fifo.Line;
    using IndexedHeap for IndexedHeap.Heap;
    using SafeCast for uint256;
    using Tournament for Tournament.Tree;

    /// The greatest power that 128 members can have.
    uint64 private constant MOST_TARGET = type(uint64).max / 128;

    /// @dev `turn` is what an increase may still take before it goes back to the end of the line; it stands in the line
    /// while this is not 0. `lastTicket` is the last one that got in line (C107), `heldTickets` counts those that
    /// stepped aside (C40). `departures` holds the first epoch without it after each stay in the set.
    struct Standing {
        State state;
        uint8 place;
        uint16 openTickets;
        uint32 profile;
        uint64 power;
        uint64 target;
        uint64 pendingUp;
        uint64 pendingDown;
        uint64 turn;
        uint64 lastTicket;
        uint16 sharedTickets;
        uint16 heldTickets;
        uint32[] departures;
    }

    mapping(uint32 index => Standing) internal _standings;
    /// Those that wait and have a target, the largest on top, and of equal ones the one enrolled first.
    IndexedHeap.Heap internal _waiting;
    /// The members that are neither leaving nor being displaced, the smallest on top.
    Tournament.Tree internal _staying;
    /// The members whose power is to rise.
    Fifo.Line internal _increases;
    /// How many members there are.
    uint32 internal _members;
    /// The member that is being displaced, 0 for none.
    uint32 internal _displaced;
    /// The last member, removed, that holds its place until another enters; 0 for none (C46).
    uint32 internal _lingering;
    /// The ticket of the member that is being displaced.
    uint64 internal _displacement;

    /// @inheritdoc IValidatorSets
    function seatOf(address validator) external view returns (Seat memory) {
        Standing storage standing = _standings[_indexOf[validator]];
        return Seat({
            state: standing.state,
            place: standing.place,
            power: standing.power,
            target: standing.target,
            pendingUp: standing.pendingUp,
            pendingDown: standing.pendingDown,
            openTickets: standing.openTickets,
            sharedTickets: standing.sharedTickets
        });
    }

    /// A validator that was enrolled and not removed.
    function _enrolled(address validator) internal view returns (uint32 index, Standing storage standing) {
        index = _indexOf[validator];
        if (index == 0) revert NotEnrolled(validator);
        standing = _standings[index];
        if (standing.state == State.Removed) revert ValidatorRemoved(validator);
    }

    /// Gives a place to one that waits, with this power; what its target exceeds it by is added later.
    function _enter(uint32 index, uint64 power, uint64 effectiveEpoch) internal {
        Standing storage standing = _standings[index];
        if (_isFull()) revert NoFreePlace(_placeCount());
        uint8 place = _lowestFree();
        standing.state = State.Active;
        standing.place = place;
        standing.power = power;
        ++_members;
        _addUp(index, standing, standing.target - power);
        _staying.set(standing.place, _smallestFirst(standing.target, index));
        _recordPlace(effectiveEpoch, index, uint224(place) + 1);
        _recordTaken(effectiveEpoch, uint128(1) << place, 0, standing.profile);
        _recordPower(index, standing, 0, effectiveEpoch);

        // C46: now the last member, which was removed, can go.
        uint32 lingering = _lingering;
        if (lingering == 0) return;
        _lingering = 0;
        _vacate(lingering, _standings[lingering].power, effectiveEpoch);
    }

    /// C41: takes the place of a member whose power is, or becomes, 0; it waits again if it has a target.
    function _vacate(uint32 index, uint64 powerBefore, uint64 effectiveEpoch) internal {
        Standing storage standing = _standings[index];
        standing.power = 0;
        standing.pendingDown = 0;
        --_members;
        _dropUp(index, standing, standing.pendingUp);
        _staying.set(standing.place, 0);
        if (_displaced == index) _displaced = 0;
        standing.departures.push(uint256(effectiveEpoch).toUint32());
        _recordPlace(effectiveEpoch, index, 0);
        _recordTaken(effectiveEpoch, uint128(1) << standing.place, standing.profile, 0);
        _recordPower(index, standing, powerBefore, effectiveEpoch);
        if (standing.state == State.Removed) return;
        standing.state = State.Waiting;
        if (standing.target != 0) _waiting.set(index, standing.target);
    }

    /// C45, C46: takes a validator out of everything that could bring it back, and out of the set unless it is alone.
    function _expel(uint32 index, Standing storage standing, uint64 effectiveEpoch) internal {
        bool member = standing.state == State.Active;
        standing.state = State.Removed;
        standing.target = 0;
        if (!member) {
            _waiting.remove(index);
        } else if (_members == 1) {
            _lingering = index;
            _staying.set(standing.place, 0);
            _dropUp(index, standing, standing.pendingUp);
        } else {
            _vacate(index, standing.power, effectiveEpoch);
        }
    }

    /// C36: a higher target; of a member, the difference gets in line.
    function _raiseTarget(uint32 index, Standing storage standing, uint64 target) internal {
        uint64 difference = target - standing.target;
        if (difference == 0) return;
        _setTarget(index, standing, target);
        if (standing.state != State.Waiting && _displaced != index) _addUp(index, standing, difference);
    }

    /// A target, also 0, and what is in order of it.
    function _setTarget(uint32 index, Standing storage standing, uint64 target) internal {
        standing.target = target;
        if (standing.state == State.Waiting) {
            if (target == 0) _waiting.remove(index);
            else _waiting.set(index, target);
        } else if (_displaced != index) {
            if (target == 0) _staying.set(standing.place, 0);
            else _staying.set(standing.place, _smallestFirst(target, index));
        }
    }

    /// C39: what is added while a turn lasts, or while power is to be taken away, waits for the next turn. So nobody
    /// keeps the head of the line, and no power is added to what stands on stake that leaves.
    function _addUp(uint32 index, Standing storage standing, uint64 amount) internal {
        if (amount == 0) return;
        standing.pendingUp += amount;
        _lineUp(index, standing);
    }

    /// C39: a member gets in line once there is something to add and nothing to take away.
    function _lineUp(uint32 index, Standing storage standing) internal {
        uint64 pendingUp = standing.pendingUp;
        if (pendingUp == 0 || standing.turn != 0 || standing.pendingDown != 0) return;
        standing.turn = pendingUp;
        _increases.push(index);
    }

    function _dropUp(uint32 index, Standing storage standing, uint64 amount) internal {
        if (amount == 0) return;
        uint64 pendingUp = standing.pendingUp - amount;
        uint64 turn = standing.turn;
        standing.pendingUp = pendingUp;
        standing.turn = uint64(Math.min(turn, pendingUp));
        if (pendingUp == 0 && turn != 0) _increases.remove(index);
    }

    /// Writes the profile and the power of a member as they now are.
    function _recordPower(uint32 index, Standing storage standing, uint64 powerBefore, uint64 effectiveEpoch) internal {
        _recordPowerOf(_nameOf[index], index, standing, powerBefore, effectiveEpoch);
    }

    /// The same of a member whose name the caller has.
    function _recordPowerOf(
        address validator,
        uint32 index,
        Standing storage standing,
        uint64 powerBefore,
        uint64 effectiveEpoch
    ) internal {
        _record(
            Change({
                effectiveEpoch: effectiveEpoch,
                validator: validator,
                place: standing.place,
                index: index,
                profile: standing.profile,
                powerBefore: powerBefore,
                power: standing.power
            })
        );
    }

    function _isFull() internal view returns (bool) {
        return _members == _placeCount();
    }

    /// The key by which the smallest target is on top, and of equal ones the one enrolled last. In 85 bits: a target
    /// has at most 57, since the bounds of the cap let 128 of them fit 64 (C35), and numbers of validators do not come
    /// to 28 bits.
    function _smallestFirst(uint64 target, uint32 index) internal pure returns (uint256) {
        return (uint256(MOST_TARGET - target) << 28) | index;
    }

    /// The member that is on top of those that stay, 0 for none, and its target.
    function _smallest() internal view returns (uint32 index, uint64 target) {
        uint256 key = _staying.top();
        return (uint32(key & (1 << 28) - 1), MOST_TARGET - uint64(key >> 28));
    }

    /// The one that is on top of those that wait, 0 for none, and its target.
    function _largest() internal view returns (uint32 index, uint64 target) {
        return _waiting.first();
    }

    function _lowestFree() private view returns (uint8) {
        return uint8(_lowestOf(~uint256(_latestTaken())));
    }
}
