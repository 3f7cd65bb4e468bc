// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Tournament} from "../../src/structs/Tournament.sol";

/// @dev The greatest of 128 keys, against a list that is searched.
contract TournamentTest is Test {
    using Tournament for Tournament.Tree;

    uint256 private constant MOST = (1 << 85) - 1;

    Tournament.Tree private tree;
    uint256[128] private keys;

    function test_Top_WhenThereAreNoKeys() external {
        assertEq(tree.top(), 0);
        tree.set(5, 0);
        assertEq(tree.top(), 0);
    }

    /// @dev Each place wins once, the last one in a word and in a round too.
    function test_Top_WhereverTheGreatestStands() external {
        for (uint256 place = 0; place < 128; ++place) {
            tree.set(place, 1 + place);
            assertEq(tree.top(), 1 + place);
        }
        for (uint256 place = 127; place > 0; --place) {
            tree.set(place, 0);
            assertEq(tree.top(), place);
        }
    }

    function test_Top_OfTheGreatestKeys() external {
        tree.set(0, MOST - 1);
        tree.set(127, MOST);
        tree.set(126, MOST - 2);
        assertEq(tree.top(), MOST);
        tree.set(127, MOST - 3);
        assertEq(tree.top(), MOST - 1);
    }

    function testFuzz_Top_IsTheGreatest(uint256 random) external {
        for (uint256 i = 0; i < 100; ++i) {
            random = uint256(keccak256(abi.encode(random)));
            uint256 place = random % 128;
            uint256 key = random % 3 == 0 ? 0 : (random >> 8) & MOST;
            keys[place] = key;
            tree.set(place, key);
            uint256 greatest = 0;
            for (uint256 j = 0; j < 128; ++j) {
                if (keys[j] > greatest) greatest = keys[j];
            }
            assertEq(tree.top(), greatest);
        }
    }

    /// @dev A change writes 2 words at most, and one if it changes no winner of a group.
    function test_Set_WritesFewWords() external {
        for (uint256 place = 0; place < 128; ++place) {
            tree.set(place, 1000 + place);
        }
        assertEq(writesOf(127, 2000), 2);
        assertEq(writesOf(127, 1), 2);
        assertEq(writesOf(0, 1), 1);
        assertEq(writesOf(0, 1), 0);
    }

    function writesOf(uint256 place, uint256 key) private returns (uint256) {
        vm.record();
        tree.set(place, key);
        (, bytes32[] memory writes) = vm.accesses(address(this));
        return writes.length;
    }
}
