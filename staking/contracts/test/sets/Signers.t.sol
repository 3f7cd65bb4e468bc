// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SetsFixture} from "./SetsFixture.sol";
import {Bls12381} from "../../src/crypto/Bls12381.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {KeyCode} from "../../src/sets/KeyCode.sol";

contract SignersTest is SetsFixture {
    /// @dev C35: whoever signs, whatever has happened, sums over the members say the same.
    function testFuzz_SignersOf_AreTheSumOfTheMembers(uint128 signers, uint8 epoch) external {
        lower(0, 100);
        sets.setKeys(nameOf(1), keyOf(1), pointOf(50));
        rollToEpoch(2);
        sets.remove(nameOf(2));
        join(7, 90);
        rollToEpoch(5);
        epoch = epoch % 7;
        (uint128 taken, uint64 total) = sets.totalsOf(epoch);
        if (signers % 3 != 0) signers |= ~uint128(7);
        uint64 power = 0;
        bytes memory sum = Bls12381.infinity();
        for (uint8 place = 0; place < 128; ++place) {
            if ((taken & signers) >> place & 1 == 0) continue;
            (,, bytes memory key, uint64 one) = sets.memberOf(epoch, place);
            sum = Bls12381.add(sum, key);
            power += one;
        }
        (uint128 takenPlaces, uint64 totalPower, uint64 signing, bytes memory keySum) = sets.signersOf(epoch, signers);
        assertEq(takenPlaces, taken, "places");
        assertEq(totalPower, total, "total");
        assertEq(signing, power, "power");
        assertEq(keySum, sum, "keys");
    }

    /// @dev C31.
    function test_RevertIf_TheEpochIsNotFixed() external {
        vm.expectRevert(abi.encodeWithSelector(IValidatorSets.EpochNotFixed.selector, 2, 1));
        sets.signersOf(2, 1);
    }

    /// @dev C33: a number says where the code of its key stands, whatever its length in RLP.
    function testFuzz_KeyCode_AddressOf(uint32 nonce, uint8 shift) external view {
        nonce = nonce >> (shift % 32);
        vm.assume(nonce != 0);
        assertEq(KeyCode.addressOf(nonce), vm.computeCreateAddress(address(this), nonce));
    }

    /// @dev C33.
    function test_KeyCode_WhenKeysAreWritten() external {
        Keys keys = new Keys();
        bytes memory nothing = new bytes(128);
        for (uint32 number = 1; number < 300; ++number) {
            assertEq(keys.read(number), nothing);
            bytes memory key = abi.encode(number, keccak256(abi.encode(number)), uint256(number) << 200, 0);
            keys.write(number, key);
            assertEq(keys.read(number), key);
            assertEq(keys.addressOf(number).code.length, 129);
            (bool success, bytes memory answer) = keys.addressOf(number).call("");
            assertTrue(success && answer.length == 0, "only stops");
        }
        assertEq(keys.read(0), nothing);
        vm.expectRevert(abi.encodeWithSelector(KeyCode.WrongNumber.selector, 299));
        keys.write(299, nothing);
    }
}

contract Keys {
    function write(uint32 number, bytes calldata key) external {
        KeyCode.write(number, key);
    }

    function read(uint32 number) external view returns (bytes memory) {
        return KeyCode.read(number);
    }

    function addressOf(uint32 number) external view returns (address) {
        return KeyCode.addressOf(number);
    }
}
