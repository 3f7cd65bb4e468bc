// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Fixture} from "../Fixture.sol";
import {RotaStaking} from "../../src/RotaStaking.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

/// @dev Does what can be done, and keeps what was put in and paid out per validator.
contract StakesHandler is Fixture {
    uint256 public constant MOST = 24;

    uint256 public joined = 4;
    mapping(uint256 index => uint256) public depositedWei;
    mapping(uint256 index => uint64) public leftIn;
    mapping(uint256 index => bool) public hasLeft;
    mapping(uint64 epoch => bytes32) public fixedSet;
    uint64 public lastFixed;

    constructor(RotaStaking staking_) {
        staking = staking_;
        for (uint256 i = 0; i < 4; ++i) {
            depositedWei[i] = uint256(defaultSeeds()[i].stakeGwei) * 1 gwei;
        }
        rememberSets(0);
        lastFixed = 1;
    }

    function setUp() public override {}

    function registerOne(uint256 stakeGwei) external {
        if (joined == MOST) return;
        uint256 amountWei = bound(stakeGwei, MINIMUM_GWEI, 100e9) * 1 gwei;
        register(joined, amountWei);
        depositedWei[joined++] = amountWei;
    }

    function topUpOne(uint256 random, uint256 amountGwei) external {
        uint256 index = random % joined;
        if (hasLeft[index]) return;
        uint256 amountWei = bound(amountGwei, 1, 10e9) * 1 gwei;
        topUp(index, amountWei);
        depositedWei[index] += amountWei;
    }

    function leaveOne(uint256 random) external {
        uint256 index = random % joined;
        if (hasLeft[index] || activeCount() == 1) return;
        leave(index);
        hasLeft[index] = true;
        leftIn[index] = staking.currentEpoch();
    }

    function withdrawOne(uint256 random) external {
        uint256 index = random % joined;
        uint256 before = withdrawalOf(index).balance;
        bool matured = hasLeft[index] && staking.currentEpoch() >= leftIn[index] + 2 + DELAY;
        bool paid = before != 0;
        try staking.withdraw(operatorOf(index)) {
            assertTrue(matured && !paid, "paid too early or twice");
            assertEq(withdrawalOf(index).balance, depositedWei[index], "paid what was put in");
        } catch {
            assertFalse(matured && !paid, "a matured stake was refused");
        }
    }

    function mine(uint256 blocks) external {
        uint64 before = staking.currentEpoch();
        vm.roll(block.number + bound(blocks, 1, 3 * LENGTH));
        rememberSets(before);
    }

    /// @dev What is left of all that was put in.
    function owedWei() external view returns (uint256 sum) {
        for (uint256 i = 0; i < joined; ++i) {
            sum += depositedWei[i] - withdrawalOf(i).balance;
        }
    }

    function activeCount() public view returns (uint256 count) {
        for (uint256 i = 0; i < joined; ++i) {
            if (!hasLeft[i]) ++count;
        }
    }

    function rememberSets(uint64 before) private {
        uint64 current = staking.currentEpoch();
        if (fixedSet[0] == 0) fixedSet[0] = fixedSet[1] = setHash(0);
        for (uint64 epoch = before + 1; epoch <= current; ++epoch) {
            fixedSet[epoch + 1] = setHash(epoch + 1);
        }
        lastFixed = current + 1;
    }
}

/// @dev One handler, one invariant: what the contract owes it holds (C8), sets stand still (C3), none is empty (C7).
contract StakesTest is Fixture {
    StakesHandler private handler;

    function setUp() public override {
        super.setUp();
        handler = new StakesHandler(staking);
        bytes4[] memory selectors = new bytes4[](5);
        selectors[0] = StakesHandler.registerOne.selector;
        selectors[1] = StakesHandler.topUpOne.selector;
        selectors[2] = StakesHandler.leaveOne.selector;
        selectors[3] = StakesHandler.withdrawOne.selector;
        selectors[4] = StakesHandler.mine.selector;
        targetContract(address(handler));
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_StakesAndSetsHold() external view {
        assertEq(address(staking).balance, handler.owedWei(), "balance covers every claim");
        uint64 lastFixed = handler.lastFixed();
        for (uint64 epoch = lastFixed - 1; epoch <= lastFixed; ++epoch) {
            IRotaStaking.Member[] memory members = staking.setOf(epoch);
            assertGt(members.length, 0, "a set is never empty");
            assertEq(keccak256(abi.encode(members)), handler.fixedSet(epoch), "a fixed set changed");
        }
        checkLiveStakes();
    }

    function checkLiveStakes() private view {
        uint256 takenPlaces = 0;
        uint256 count = 0;
        for (uint256 i = 0; i < handler.joined(); ++i) {
            IRotaStaking.Validator memory validator = staking.validatorOf(operatorOf(i));
            uint256 paidWei = withdrawalOf(i).balance;
            assertEq(uint256(validator.stakeGwei) * 1 gwei, handler.depositedWei(i) - paidWei, "stake of each");
            if (validator.withdrawableEpoch == 0) {
                takenPlaces |= 1 << validator.place;
                ++count;
            }
        }
        uint256 bits = 0;
        for (; takenPlaces != 0; takenPlaces &= takenPlaces - 1) {
            ++bits;
        }
        assertEq(bits, count, "no place is held twice");
    }
}
