// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {Epochs} from "../Epochs.sol";
import {Bls12381} from "../crypto/Bls12381.sol";
import {IValidatorSets} from "../interfaces/IValidatorSets.sol";
import {KeyCode} from "./KeyCode.sol";
import {PackedPoint} from "./PackedPoint.sol";

/// @title What is recorded of the sets of all epochs
/// @notice It writes for an epoch in the future and reads of fixed ones; what is written, and when, is decided above.
/// Validators, profiles and attestation keys are numbered from 1, in the order in which they came.
abstract contract SetHistory is IValidatorSets, Epochs {
    using Checkpoints for Checkpoints.Trace224;
    using PackedPoint for PackedPoint.Point;
    using SafeCast for uint256;

    /// A place from an epoch on: who holds it, with which profile and power.
    struct Change {
        uint64 effectiveEpoch;
        address validator;
        uint8 place;
        uint32 index;
        uint32 profile;
        uint64 powerBefore;
        uint64 power;
    }

    /// How many places there are: the width of a certificate's bitmap.
    uint256 private constant _PLACES = 128;

    /// The last number given to each.
    uint32 private _lastValidator;
    uint32 private _lastProfile;
    uint32 private _lastAttestationKey;
    uint32 private _lastSum;
    mapping(address validator => uint32 index) internal _indexOf;
    mapping(uint32 index => address) internal _nameOf;
    mapping(uint32 number => Profile) internal _profileOf;

    /// Who holds a place from which epoch on: `attestation key << 128 | index << 96 | profile << 64 | power`, 0 while
    /// nobody does (C32). The keys stand in `KeyCode`.
    Checkpoints.Trace224[_PLACES] private _holders;
    /// Which place a validator holds from which epoch on: the place plus 1, 0 for none.
    mapping(uint32 index => Checkpoints.Trace224) private _placesHeld;
    /// From which epoch on: `total power << 160 | change hash` (C34, C35). Every change of a power writes it, so that
    /// all it has to say stands in one word.
    Checkpoints.Trace224 private _totals;
    /// From which epoch on: `taken places << 32 | number of the sum of keys` (C35), which change less often. The sum of
    /// number 0 is infinity, all zero.
    Checkpoints.Trace224 private _taken;
    mapping(uint32 number => PackedPoint.Point) private _sums;

    /// @inheritdoc IValidatorSets
    function setOf(uint64 epoch) external view returns (Member[] memory members) {
        uint32 key = _fixedEpoch(epoch);
        uint128 taken = _placesIn(_taken.upperLookupRecent(key));
        members = new Member[](_countBits(taken));
        uint256 count = 0;
        for (uint256 place = 0; place < _PLACES; ++place) {
            if ((taken >> place) & 1 == 0) continue;
            uint224 holder = _holders[place].upperLookupRecent(key);
            Profile storage profile = _profileOf[uint32(holder >> 64)];
            members[count++] = Member({
                place: uint8(place),
                validator: _nameOf[uint32(holder >> 96)],
                consensusKey: profile.consensusKey,
                power: uint64(holder),
                feeRecipient: profile.feeRecipient
            });
        }
    }

    /// @inheritdoc IValidatorSets
    function memberOf(uint64 epoch, uint8 place)
        external
        view
        returns (address validator, bytes32 consensusKey, bytes memory attestationKey, uint64 power)
    {
        uint32 key = _fixedEpoch(epoch);
        if (place >= _PLACES) revert NoSuchPlace(place, _PLACES);
        uint224 holder = _holders[place].upperLookupRecent(key);
        if (holder == 0) return (address(0), 0, "", 0);
        Profile storage profile = _profileOf[uint32(holder >> 64)];
        validator = _nameOf[uint32(holder >> 96)];
        consensusKey = profile.consensusKey;
        attestationKey = KeyCode.read(uint32(holder >> 128));
        power = uint64(holder);
    }

    /// @inheritdoc IValidatorSets
    function powerOf(address validator, uint64 epoch) external view returns (uint64 power) {
        uint32 key = _fixedEpoch(epoch);
        uint224 placePlusOne = _placesHeld[_indexOf[validator]].upperLookupRecent(key);
        return placePlusOne == 0 ? 0 : uint64(_holders[placePlusOne - 1].upperLookupRecent(key));
    }

    /// @inheritdoc IValidatorSets
    function totalsOf(uint64 epoch) external view returns (uint128 takenPlaces, uint64 totalPower) {
        uint32 key = _fixedEpoch(epoch);
        takenPlaces = _placesIn(_taken.upperLookupRecent(key));
        totalPower = _powerIn(_totals.upperLookupRecent(key));
    }

    /// @inheritdoc IValidatorSets
    function attestationKeySum(uint64 epoch) external view returns (bytes memory) {
        return _sumIn(_taken.upperLookupRecent(_fixedEpoch(epoch)));
    }

    /// @inheritdoc IValidatorSets
    function signersOf(uint64 epoch, uint128 signers)
        external
        view
        returns (uint128 takenPlaces, uint64 totalPower, uint64 power, bytes memory keySum)
    {
        uint32 key = _fixedEpoch(epoch);
        totalPower = _powerIn(_totals.upperLookupRecent(key));
        power = totalPower;
        uint224 takenAndSum = _taken.upperLookupRecent(key);
        takenPlaces = _placesIn(takenAndSum);
        keySum = _sumIn(takenAndSum);
        uint128 absent = takenPlaces & ~signers;
        // The absent are fewer, so they are taken out of the recorded sum (C35).
        bytes memory absentSum = Bls12381.infinity();
        for (; absent != 0; absent &= absent - 1) {
            uint224 holder = _holders[_lowestOf(absent)].upperLookupRecent(key);
            absentSum = Bls12381.add(absentSum, KeyCode.read(uint32(holder >> 128)));
            power -= uint64(holder);
        }
        keySum = Bls12381.add(keySum, Bls12381.negate(absentSum));
    }

    /// @inheritdoc IValidatorSets
    function changeHashOf(uint64 epoch) external view returns (bytes20) {
        return _hashIn(_totals.upperLookupRecent(_fixedEpoch(epoch)));
    }

    /// @inheritdoc IValidatorSets
    function PLACES() external view returns (uint256) {
        return _placeCount();
    }

    /// The places that are used; tests of full sets use fewer.
    function _placeCount() internal view virtual returns (uint256) {
        return _PLACES;
    }

    function _addValidator(address validator) internal returns (uint32 index) {
        index = ++_lastValidator;
        _indexOf[validator] = index;
        _nameOf[index] = validator;
    }

    /// C33: nothing is ever written over, so that the sets of the past keep the keys of their time.
    function _addProfile(bytes32 consensusKey, address feeRecipient, uint32 attestationKeyId)
        internal
        returns (uint32 number)
    {
        number = ++_lastProfile;
        _profileOf[number] = Profile(consensusKey, feeRecipient, attestationKeyId);
    }

    /// The number of an attestation key: that of the profile that it replaces, if the key is still the same.
    function _attestationKeyAfter(uint32 profile, bytes memory attestationKey) internal returns (uint32 number) {
        if (keccak256(attestationKey) == keccak256(_keyOf(profile))) return _profileOf[profile].attestationKeyId;
        return _addAttestationKey(attestationKey);
    }

    /// @dev The registry has judged the key. That it is a point of the curve is seen here again, since no member could
    /// leave or be removed whose key cannot be taken out of the sum.
    function _addAttestationKey(bytes memory attestationKey) internal returns (uint32 number) {
        Bls12381.add(attestationKey, Bls12381.infinity());
        number = ++_lastAttestationKey;
        KeyCode.write(number, attestationKey);
    }

    /// Writes and announces who holds a place from an epoch on (C32, C34, C35).
    function _record(Change memory change) internal {
        uint32 key = uint256(change.effectiveEpoch).toUint32();
        Profile memory profile = _profileOf[change.profile];
        _holders[change.place].push(key, _holderAfter(change, profile.attestationKeyId));

        uint224 totals = _totals.latest();
        uint64 total = _powerIn(totals) - change.powerBefore + change.power;
        bytes20 changeHash = _announce(_hashIn(totals), change, profile);
        _totals.push(key, (uint224(total) << 160) | uint160(changeHash));
    }

    /// Writes which place a validator holds from an epoch on.
    function _recordPlace(uint64 effectiveEpoch, uint32 index, uint224 placePlusOne) internal {
        _placesHeld[index].push(uint256(effectiveEpoch).toUint32(), placePlusOne);
    }

    /// C35: takes the key of one profile out of the sum and puts that of another in; 0 stands for none.
    /// @param turned The places, one bit each, that are taken from then on and were free, or the other way round
    function _recordTaken(uint64 effectiveEpoch, uint128 turned, uint32 leaving, uint32 entering) internal {
        uint32 key = uint256(effectiveEpoch).toUint32();
        (, uint32 lastKey, uint224 last) = _taken.latestCheckpoint();
        uint32 number = uint32(last);
        bytes memory sum = _sumIn(last);
        if (leaving != 0) sum = Bls12381.add(sum, Bls12381.negate(_keyOf(leaving)));
        if (entering != 0) sum = Bls12381.add(sum, _keyOf(entering));
        if (number == 0 || lastKey != key) number = ++_lastSum;
        _taken.push(key, (uint224(_placesIn(last) ^ turned) << 32) | number);
        _sums[number] = PackedPoint.pack(sum);
    }

    /// C31: the epoch in which what is done now takes effect.
    function _effectiveEpoch() internal view returns (uint64) {
        return currentEpoch() + LAG_EPOCHS;
    }

    /// The places that are taken in the set that is being formed.
    function _latestTaken() internal view returns (uint128) {
        return _placesIn(_taken.latest());
    }

    /// The power of the set that is being formed.
    function _latestTotal() internal view returns (uint64) {
        return _powerIn(_totals.latest());
    }

    /// Whether anything was recorded for an epoch after 0: then the seeds are known.
    function _seeded() internal view returns (bool) {
        (, uint32 lastKey,) = _totals.latestCheckpoint();
        return lastKey != 0;
    }

    /// C34: the event, and the hash that it adds to those before.
    function _announce(bytes20 previous, Change memory change, Profile memory profile) private returns (bytes20) {
        emit ValidatorChanged(
            change.effectiveEpoch,
            change.place,
            change.validator,
            profile.consensusKey,
            change.power,
            profile.feeRecipient
        );
        bytes32 hash = keccak256(
            abi.encode(
                previous,
                change.effectiveEpoch,
                change.place,
                change.validator,
                profile.consensusKey,
                change.power,
                profile.feeRecipient
            )
        );
        return bytes20(hash);
    }

    function _keyOf(uint32 profile) private view returns (bytes memory) {
        return KeyCode.read(_profileOf[profile].attestationKeyId);
    }

    /// The sum of keys of one word of `_taken`.
    function _sumIn(uint224 taken) private view returns (bytes memory) {
        return _sums[uint32(taken)].unpack();
    }

    /// The key of an epoch in the traces, if its set can no longer change (C31).
    function _fixedEpoch(uint64 epoch) private view returns (uint32) {
        uint64 lastFixedEpoch = currentEpoch() + LAG_EPOCHS - 1;
        if (epoch > lastFixedEpoch) revert EpochNotFixed(epoch, lastFixedEpoch);
        return uint256(epoch).toUint32();
    }

    /// What `_holders` has after a change.
    function _holderAfter(Change memory change, uint224 attestationKeyId) private pure returns (uint224) {
        if (change.power == 0) return 0;
        uint224 numbers = (attestationKeyId << 128) | (uint224(change.index) << 96) | (uint224(change.profile) << 64);
        return numbers | change.power;
    }

    /// The places of one word of `_taken`.
    function _placesIn(uint224 taken) private pure returns (uint128) {
        return uint128(taken >> 32);
    }

    /// The power of one word of `_totals`.
    function _powerIn(uint224 totals) private pure returns (uint64) {
        return uint64(totals >> 160);
    }

    /// The change hash of one word of `_totals`.
    function _hashIn(uint224 totals) private pure returns (bytes20) {
        return bytes20(uint160(totals));
    }

    /// The place of the lowest bit that is set.
    function _lowestOf(uint256 bits) internal pure returns (uint256) {
        return Math.log2(bits & (~bits + 1));
    }

    function _countBits(uint128 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }
}
