// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {ValidatorSets} from "../../src/ValidatorSets.sol";
import {Wiring} from "../../src/Wiring.sol";

/// @dev Values without governance and without bounds.
contract ParametersMock {
    uint128 public constant powerUnit = 1e9;

    IStakingParameters.Values private _values;

    function set(IStakingParameters.Values memory newValues) external {
        _values = newValues;
    }

    function values() external view returns (IStakingParameters.Values memory) {
        return _values;
    }
}

/// @dev Sets with few places, so that a set can be full.
contract FewPlaces is ValidatorSets {
    uint256 private immutable _count;

    constructor(Wiring memory wiring, uint64 startBlock_, uint64 epochLength_, uint256 count)
        ValidatorSets(wiring, startBlock_, epochLength_)
    {
        _count = count;
    }

    function _placeCount() internal view override returns (uint256) {
        return _count;
    }
}

/// @dev This contract is registry and stakes. Four seeds with powers 300, 270, 230 and 200, L1 block 100, epochs of
/// 32: 125 may enter and 125 may leave in an epoch. The least power is 10, two others stay, an exit waits 8 epochs.
abstract contract SetsFixture is Test {
    uint64 internal constant START = 100;
    uint64 internal constant LENGTH = 32;
    uint64 internal constant STILL = type(uint64).max;
    bytes private constant GENERATOR = hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f"
        hex"c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
        hex"0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4"
        hex"fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";

    ParametersMock internal parameters;
    ValidatorSets internal sets;

    function setUp() public virtual {
        vm.roll(START);
        deploy(128);
        seedFour();
    }

    function deploy(uint256 places) internal {
        parameters = new ParametersMock();
        parameters.set(defaultValues());
        Wiring memory wiring = wiringFor(vm.computeCreateAddress(address(this), vm.getNonce(address(this))));
        sets = places == 128 ? new ValidatorSets(wiring, START, LENGTH) : new FewPlaces(wiring, START, LENGTH, places);
    }

    function wiringFor(address setsAddress) internal view returns (Wiring memory wiring) {
        wiring.parameters = address(parameters);
        wiring.registry = address(this);
        wiring.stakes = address(this);
        wiring.sets = setsAddress;
    }

    function defaultValues() internal pure returns (IStakingParameters.Values memory values) {
        values.minimumBond = 10e9;
        values.powerCap = 1e18;
        values.maximumExitWait = 8;
        values.minimumSize = 2;
        values.entryBound = 1250;
        values.exitBound = 1250;
        values.replacementMargin = 1000;
    }

    function seedFour() internal {
        uint64[4] memory powers = [uint64(300), 270, 230, 200];
        for (uint256 i = 0; i < 4; ++i) {
            enroll(i);
            sets.seed(nameOf(i), powers[i]);
        }
    }

    function nameOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xA0000 + index));
    }

    function recipientOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xD0000 + index));
    }

    function keyOf(uint256 index) internal pure returns (bytes32) {
        return keccak256(abi.encode("consensus key", index));
    }

    /// @dev A multiple of the generator, another for each index.
    function pointOf(uint256 index) internal view returns (bytes memory point) {
        bool done;
        (done, point) = address(0x0c).staticcall(abi.encodePacked(GENERATOR, index + 1));
        assertTrue(done && point.length == 128, "no precompile for G1");
    }

    function enroll(uint256 index) internal {
        sets.enroll(nameOf(index), keyOf(index), pointOf(index), recipientOf(index));
    }

    /// @dev A new validator with stake.
    function join(uint256 index, uint64 target) internal {
        enroll(index);
        raise(index, target);
    }

    function raise(uint256 index, uint64 target) internal {
        sets.raise(nameOf(index), target);
    }

    function lower(uint256 index, uint64 target) internal returns (uint64 ticket) {
        return sets.lower(nameOf(index), target);
    }

    function remove(uint256 index) internal {
        sets.remove(nameOf(index));
    }

    function seat(uint256 index) internal view returns (IValidatorSets.Seat memory) {
        return sets.seatOf(nameOf(index));
    }

    function power(uint256 index) internal view returns (uint64) {
        return seat(index).power;
    }

    function rollToEpoch(uint64 epoch) internal {
        vm.roll(uint256(START) + uint256(epoch) * LENGTH);
    }

    function nextEpoch() internal {
        rollToEpoch(sets.currentEpoch() + 1);
        sets.advance(100);
    }

    function assertPowers(uint64 first, uint64 second, uint64 third, uint64 fourth) internal view {
        assertEq(power(0), first, "first power");
        assertEq(power(1), second, "second power");
        assertEq(power(2), third, "third power");
        assertEq(power(3), fourth, "fourth power");
    }

    function assertSeat(uint256 index, IValidatorSets.State state, uint64 power_, uint64 target) internal view {
        IValidatorSets.Seat memory seat_ = seat(index);
        assertEq(uint256(seat_.state), uint256(state), "state");
        assertEq(seat_.power, power_, "power");
        assertEq(seat_.target, target, "target");
    }

    function setHash(uint64 epoch) internal view returns (bytes32) {
        return keccak256(abi.encode(sets.setOf(epoch)));
    }

    function sumOf(IValidatorSets.Member[] memory members, uint64 epoch) internal view returns (bytes memory sum) {
        sum = Bls12381.infinity();
        for (uint256 i = 0; i < members.length; ++i) {
            (,, bytes memory attestationKey,) = sets.memberOf(epoch, members[i].place);
            sum = Bls12381.add(sum, attestationKey);
        }
    }
}
