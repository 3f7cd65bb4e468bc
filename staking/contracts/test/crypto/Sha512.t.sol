// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Sha512} from "../../src/crypto/Sha512.sol";

contract Sha512Test is Test {
    /// @dev The examples of FIPS 180-4 (NIST, "SHA512.pdf").
    function test_TheExamplesOfTheStandard() external pure {
        (uint256 high, uint256 low) = Sha512.hash("abc");
        assertEq(high, 0xddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a);
        assertEq(low, 0x2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f);
        (high, low) = Sha512.hash(
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
            "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
        );
        assertEq(high, 0x8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018);
        assertEq(low, 0x501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909);
    }

    /// @dev One block holds 111 bytes beside its padding, two hold 239. The hashes are those of Python's hashlib.
    function test_EveryWayToFillTheLastBlock() external pure {
        check(
            0,
            0xcf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce,
            0x47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e
        );
        check(
            1,
            0xb8244d028981d693af7b456af8efa4cad63d282e19ff14942c246e50d9351d22,
            0x704a802a71c3580b6370de4ceb293c324a8423342557d4e5c38438f0e36910ee
        );
        check(
            111,
            0xa1a111449b198d9b1f538bad7f3fc1022b3a5b1a5e90a0bc860de8512746cbc3,
            0x1599e6c834de3a3235327af0b51ff57bf7acf1974a73014d9c3953812edc7c8d
        );
        check(
            112,
            0xc5fbd731d19d2ae1180f001be72c2c1aaba1d7b094b3748880e24593b8e117a7,
            0x50e11c1bd867cc2f96dace8c8b74abd2d5c4f236be444e77d30d1916174070b9
        );
        check(
            127,
            0xeab89674feaa34e27aebeeff3c0a4d70070bb872d5e9f186cf1dbbdee517b6e3,
            0x5724d629ff025a5b07185e911ada7e3c8acf830aa0e4f71777bd2d44f504f7f0
        );
        check(
            128,
            0x1dffd5e3adb71d45d2245939665521ae001a317a03720a45732ba1900ca3b835,
            0x1fc5c9b4ca513eba6f80bc7b1d1fdad4abd13491cb824d61b08d8c0e1561b3f7
        );
        check(
            239,
            0xcb4c7fd522756d5781ad3a4f590a1d862906b960e7720136cb3fb36b563caa1e,
            0xa5689134291fa79c80ccc2b4092b41df32ebdcb36dbe79db483440228c1622a8
        );
        check(
            240,
            0x6c48466c9f6c07e4ab762c696b7eeb35cfe236fca73683e5fab873ac3489b4d2,
            0xeb3d7afcce7e8165dbbf37aded3b5b0c889c0b7e0f1790a8330d8677429d91a5
        );
        check(
            1000,
            0x6cd2eda9bf9c0597129029b0054b81e433f6b8b7b499a75eb705efd74bac1941,
            0x49835b1d1a14c48be696e4d588456d512a22eae7aa1b57be2b56eae7d35e08cb
        );
    }

    function testFuzz_WhatLiesInMemoryIsNoPartOfTheMessage(bytes memory message, bytes memory before) external pure {
        (uint256 high, uint256 low) = Sha512.hash(message);
        bytes memory dirty = abi.encodePacked(before, bytes32(type(uint256).max));
        assembly ("memory-safe") {
            // Gives the memory back as it is.
            mstore(0x40, dirty)
        }
        (uint256 again, uint256 lowAgain) = Sha512.hash(message);
        assertEq(high, again);
        assertEq(low, lowAgain);
    }

    /// @dev The bytes 0, 1, 2, .., 255, 0, 1, ..
    function check(uint256 length, uint256 wantHigh, uint256 wantLow) private pure {
        bytes memory message = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            message[i] = bytes1(uint8(i % 256));
        }
        (uint256 high, uint256 low) = Sha512.hash(message);
        assertEq(high, wantHigh, vm.toString(length));
        assertEq(low, wantLow, vm.toString(length));
    }
}
