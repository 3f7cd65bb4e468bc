// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {SetsFixture} from "../sets/SetsFixture.sol";

/// @dev What a call costs at most, with all storage cold, 128 members and 10,000 validators that wait (C47). Each is
/// measured on that state, as the first one of a new epoch. Most of these calls come from other contracts, so intrinsic
/// gas and calldata are not in it, whatever the profile.
/// forge-config: gas.isolate = false
contract SetsGasTest is SetsFixture {
    uint256 private constant WAITING = 10_000;
    uint256 private constant MOST = 8_000_000;

    function setUp() public override {
        vm.roll(START);
        deploy(128);
        for (uint256 i = 0; i < 128; ++i) {
            enroll(i);
            sets.seed(nameOf(i), uint64(1000 + i));
        }
        // Larger and larger ones, so that each climbs from the bottom of the heap to the top.
        for (uint256 i = 0; i < WAITING; ++i) {
            join(128 + i, uint64(10 + i / 15));
        }
        nextEpoch();
    }

    function test_NoCallCostsMoreThanItMay() external {
        assertEq(sets.forming().members, 128);
        assertEq(sets.forming().waiting, WAITING);
        enroll(20_000);
        uint256 start = vm.snapshotState();
        measureSingle();
        vm.revertToState(start);
        measureEntries();
        vm.revertToState(start);
        measureExits();
        vm.revertToState(start);
        measureBacklog();
    }

    function measureSingle() private {
        begin();
        measure("enroll", abi.encodeCall(sets.enroll, (nameOf(20_001), keyOf(1), pointOf(7), recipientOf(1))));
        measure("setKeys", abi.encodeCall(sets.setKeys, (nameOf(64), keyOf(7), pointOf(7))));
        measure("setFeeRecipient", abi.encodeCall(sets.setFeeRecipient, (nameOf(64), address(1))));
        measure("raise: first stake, waits on top of 10,000", abi.encodeCall(sets.raise, (nameOf(20_000), 900)));
        measure("raise: from the bottom to the top of 10,000", abi.encodeCall(sets.raise, (nameOf(128), 900)));
        measure("raise: displaces the smallest, and enters", abi.encodeCall(sets.raise, (nameOf(20_000), 1200)));
        measure("raise: a member", abi.encodeCall(sets.raise, (nameOf(0), 1100)));
        measure("lower: a member", abi.encodeCall(sets.lower, (nameOf(127), 1001)));
        measure("lower: a member leaves, the largest enters", abi.encodeCall(sets.lower, (nameOf(127), 0)));
        measure("lower: the one on top of 10,000 leaves", abi.encodeCall(sets.lower, (largest(), 0)));
        measure("remove: a member", abi.encodeCall(sets.remove, (nameOf(0))));
        measure("remove: the one on top of 10,000", abi.encodeCall(sets.remove, (largest())));
        measure("advance: nothing to do", abi.encodeCall(sets.advance, (8)));
    }

    /// @dev Eight free places, and eight that enter.
    function measureEntries() private {
        for (uint256 i = 0; i < 8; ++i) {
            remove(i * 16);
        }
        begin();
        measure("raise: 8 enter before it", abi.encodeCall(sets.raise, (nameOf(127), 1128)));
    }

    /// @dev Eight exits that fit into one epoch, after one in which nearly nothing could leave.
    function measureExits() private {
        IStakingParameters.Values memory values = defaultValues();
        values.exitBound = 0;
        parameters.set(values);
        nextEpoch();
        for (uint256 i = 0; i < 8; ++i) {
            lower(i * 15, 0);
        }
        parameters.set(defaultValues());
        begin();
        measure("lower: 8 members leave before it", abi.encodeCall(sets.lower, (nameOf(126), 1000)));
    }

    /// @dev As many tickets as there can be.
    function measureBacklog() private {
        IStakingParameters.Values memory values = defaultValues();
        values.exitBound = 0;
        parameters.set(values);
        nextEpoch();
        for (uint256 i = 0; i < 128; ++i) {
            for (uint64 j = 1; j <= 16; ++j) {
                lower(i, uint64(1000 + i) - j);
            }
        }
        parameters.set(defaultValues());
        begin();
        measure("lower: 2,047 tickets before it", abi.encodeCall(sets.lower, (nameOf(126), 0)));
        measure("advance: 100 steps on 2,047 tickets", abi.encodeCall(sets.advance, (100)));
        measure("remove: one with 16 tickets", abi.encodeCall(sets.remove, (nameOf(5))));
    }

    /// @dev The next epoch, before its first call.
    function begin() private {
        rollToEpoch(sets.currentEpoch() + 1);
    }

    function largest() private pure returns (address) {
        return nameOf(128 + WAITING - WAITING % 15);
    }

    function measure(string memory name, bytes memory call) private {
        uint256 state = vm.snapshotState();
        vm.cool(address(sets));
        vm.cool(address(parameters));
        uint256 before = gasleft();
        (bool done,) = address(sets).call(call);
        uint256 spent = before - gasleft();
        assertTrue(done, name);
        vm.snapshotValue("ValidatorSets", name, spent);
        assertLt(spent, MOST, name);
        vm.revertToState(state);
    }
}
