// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Signer} from "../Signer.sol";
import {Bls12381} from "../../src/crypto/Bls12381.sol";

contract Bls12381Test is Test, Signer {
    struct SumVector {
        string name;
        bytes a;
        bytes b;
        bytes sum;
        bytes opposite;
    }

    string private constant SUM_VECTOR = "SumVector(string name,bytes a,bytes b,bytes sum,bytes opposite)";

    function test_TheSumsOfNoble() external view {
        SumVector[] memory all = vectors();
        assertEq(all.length, 14, "sums");
        for (uint256 i = 0; i < all.length; ++i) {
            assertEq(Bls12381.add(all[i].a, all[i].b), all[i].sum, all[i].name);
            assertEq(Bls12381.negate(all[i].a), all[i].opposite, all[i].name);
        }
    }

    /// @dev What ValidatorSets builds on: a key that was added is taken away again, whatever stood there.
    function testFuzz_WhatIsAddedCanBeTakenAway(uint256 a, uint256 b) external view {
        bytes memory x = blsKeyOf(a);
        bytes memory y = blsKeyOf(b);
        assertEq(Bls12381.add(Bls12381.add(x, y), Bls12381.negate(y)), x);
        assertEq(Bls12381.add(y, Bls12381.negate(y)), Bls12381.infinity());
        assertEq(Bls12381.negate(Bls12381.negate(y)), y);
    }

    /// @dev Sums of keys are keys of sums.
    function testFuzz_SumsOfKeys(uint256 a, uint256 b) external view {
        a %= BLS_ORDER;
        b %= BLS_ORDER;
        bytes memory sum = Bls12381.add(blsKeyOf(a), blsKeyOf(b));
        assertEq(sum, blsKeyOf(addmod(a, b, BLS_ORDER)));
        assertEq(sum, Bls12381.add(blsKeyOf(b), blsKeyOf(a)));
    }

    function test_NothingGivenIsChanged() external view {
        bytes memory a = blsKeyOf(1);
        bytes memory b = blsKeyOf(2);
        Bls12381.add(a, b);
        Bls12381.negate(a);
        assertEq(a, BLS_GENERATOR);
        assertEq(b, blsKeyOf(2));
    }

    function test_RevertIf_ALengthIsAnother() external {
        bytes memory key = blsKeyOf(1);
        uint256[4] memory lengths = [uint256(0), 127, 129, 256];
        for (uint256 i = 0; i < lengths.length; ++i) {
            bytes memory other = new bytes(lengths[i]);
            bytes memory expected = abi.encodeWithSelector(Bls12381.PointLength.selector, lengths[i]);
            vm.expectRevert(expected);
            this.add(other, key);
            vm.expectRevert(expected);
            this.add(key, other);
            vm.expectRevert(expected);
            this.negate(other);
        }
    }

    function test_RevertIf_APointIsOffTheCurve() external {
        bytes memory key = blsKeyOf(1);
        bytes memory bad = bytes.concat(key);
        bad[127] ^= 0x01;
        vm.expectRevert(Bls12381.PointRefused.selector);
        this.add{gas: 100_000}(key, bad);
        vm.expectRevert(Bls12381.PointRefused.selector);
        this.add{gas: 100_000}(bad, key);
    }

    function test_RevertIf_YIsNotReduced() external {
        bytes memory low = bytes.concat(
            new bytes(80),
            hex"1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab"
        );
        vm.expectRevert(Bls12381.PointRefused.selector);
        this.negate(low);
        bytes memory high = new bytes(128);
        high[64] = 0x01;
        vm.expectRevert(Bls12381.PointRefused.selector);
        this.negate(high);
    }

    function add(bytes memory a, bytes memory b) external view returns (bytes memory) {
        return Bls12381.add(a, b);
    }

    function negate(bytes memory a) external pure returns (bytes memory) {
        return Bls12381.negate(a);
    }

    function vectors() private view returns (SumVector[] memory) {
        string memory file = vm.readFile("vectors/bls12381.json");
        return abi.decode(vm.parseJsonTypeArray(file, ".sums", SUM_VECTOR), (SumVector[]));
    }
}
