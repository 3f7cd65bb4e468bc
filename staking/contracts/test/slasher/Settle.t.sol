// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SetsMock, StakesMock, YesVerifier} from "./Mocks.sol";
import {SlasherFixture} from "./SlasherFixture.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";

/// @dev What an offence costs in the end. Signatures play no part here, so all of them stand.
contract SettleTest is SlasherFixture {
    uint64 private constant SETTLEABLE = EPOCH + DISTANCE + EVIDENCE_EPOCHS + 1;

    function setUp() public override {
        super.setUp();
        wiring.ed25519 = address(new YesVerifier());
        slasher = deploySlasher(slasherConstants());
    }

    function test_RevertIf_TheValidatorWasNotSlashed() external {
        bytes memory reason = abi.encodeWithSelector(ISlasher.NotSlashed.selector, validatorOf(1));
        vm.expectRevert(reason);
        slasher.settle(validatorOf(1));
        vm.expectRevert(reason);
        slasher.penaltyOf(validatorOf(1));
        vm.expectRevert(reason);
        slasher.settleableEpoch(validatorOf(1));
    }

    /// @dev C94: in the last epoch in which a report could still raise the penalty.
    function test_RevertIf_AReportCouldStillRaiseThePenalty() external {
        sets.setTotal(EPOCH, 1000);
        report(1, EPOCH);
        for (uint64 epoch = NOW; epoch < SETTLEABLE; ++epoch) {
            sets.setEpoch(epoch);
            refusesToSettle(epoch);
        }
        // It could, and does.
        report(2, EPOCH + DISTANCE);
        sets.setEpoch(SETTLEABLE);
        settles(1, BASE + 3e18 * 57 / 1000);
    }

    /// @dev C93, C94: and from the next one on, none could: there is no gap between the two.
    function test_Settle_WhenNoReportCouldRaiseThePenalty() external {
        report(1, EPOCH);
        sets.setEpoch(SETTLEABLE);
        bytes memory reason =
            abi.encodeWithSelector(ISlasher.EvidenceExpired.selector, EPOCH + DISTANCE, SETTLEABLE, SETTLEABLE - 1);
        refuses(evidenceOf(2, EPOCH + DISTANCE), reason);
        report(2, EPOCH + DISTANCE + 1);
        settles(1, BASE + 3e18 * 30 / 100);
    }

    function test_RevertIf_ItWasSettledBefore() external {
        report(1, EPOCH);
        sets.setEpoch(SETTLEABLE);
        slasher.settle(validatorOf(1));
        for (uint64 later = 0; later < 2; ++later) {
            sets.setEpoch(SETTLEABLE + later * 1000);
            vm.expectRevert(abi.encodeWithSelector(ISlasher.AlreadySettled.selector, validatorOf(1)));
            slasher.settle(validatorOf(1));
        }
        assertEq(stakes.settlementCount(), 1);
    }

    /// @dev C91.
    function test_RevertIf_TheStakesRefuse() external {
        report(1, EPOCH);
        sets.setEpoch(SETTLEABLE);
        stakes.setRefuses(true);
        vm.expectRevert(StakesMock.Refused.selector);
        slasher.settle(validatorOf(1));
        assertFalse(slasher.offenceOf(validatorOf(1)).settled);
        stakes.setRefuses(false);
        settles(1, BASE + 3e18 * 30 / 100);
    }

    /// @dev C93: alone, it is the base and its own share, three times.
    function test_Settle_AnOffenceAlone() external {
        report(4, EPOCH);
        sets.setEpoch(SETTLEABLE);
        settles(4, BASE + 3e18 * 20 / 100);
    }

    /// @dev C93: a third and more of the power in one moment loses everything.
    function test_Settle_AThirdTogetherLosesAll() external {
        report(1, EPOCH);
        report(2, EPOCH);
        sets.setEpoch(SETTLEABLE);
        settles(1, 1e18);
        settles(2, 1e18);
    }

    /// @dev C93: also if somebody offends again and again over years: each pays for its own window.
    function test_Settle_OffencesFarApartAreCountedApart() external {
        report(3, EPOCH);
        sets.setEpoch(EPOCH + DISTANCE + 1);
        report(4, EPOCH + DISTANCE + 1);
        sets.setEpoch(1000);
        settles(3, BASE + 3e18 * 23 / 100);
        settles(4, BASE + 3e18 * 20 / 100);
    }

    /// @dev C92: whichever of its old offences each of two reports, while both serve, they are counted together.
    function test_Settle_AChosenOldOffenceIsCountedWithTheOthers() external {
        // One reports itself for the oldest epoch that is taken, the other is reported for what both did now.
        report(3, NOW - EVIDENCE_EPOCHS);
        sets.setEpoch(NOW + 1);
        report(4, NOW + 1);
        sets.setEpoch(1000);
        settles(3, 1e18);
        settles(4, 1e18);
    }

    /// @dev C92: a chosen offence of an epoch in which one had next to nothing does not make it small.
    function test_Settle_AChosenOffenceOfAWeakEpochCountsInFull() external {
        sets.putIn(EPOCH, 3, heldBy(4, 4, 1));
        report(4, EPOCH);
        sets.setEpoch(SETTLEABLE);
        settles(4, BASE + uint256(3e18 * 20 + 80) / 81);
    }

    /// @dev C93: there is no epoch before 0 to count from.
    function test_Settle_OffencesNearEpochZero() external {
        sets.setEpoch(1);
        report(3, 0);
        report(4, 1);
        assertEq(slasher.settleableEpoch(validatorOf(3)), 19);
        sets.setEpoch(20);
        settles(3, 1e18);
        settles(4, 1e18);
    }

    /// @dev Not reached with real sets: who offended had power.
    function test_Settle_AnEpochWithoutPower() external {
        report(4, EPOCH);
        sets.setTotal(EPOCH, 0);
        sets.setEpoch(SETTLEABLE);
        settles(4, 1e18);
    }

    /// @dev C93: more was slashed within the window than that epoch had in all.
    function test_Settle_NeverMoreThanAll() external {
        sets.setTotal(EPOCH, 1);
        for (uint256 number = 1; number <= 4; ++number) {
            report(number, EPOCH);
        }
        sets.setEpoch(SETTLEABLE);
        settles(1, 1e18);
    }

    /// @dev C93: rounded against the offender.
    function test_Settle_IsRoundedUp() external {
        sets.setTotal(EPOCH, 70);
        report(4, EPOCH);
        sets.setEpoch(SETTLEABLE);
        settles(4, BASE + 857_142_857_142_857_143);
    }

    function test_Settle_ByAnyone() external {
        report(4, EPOCH);
        sets.setEpoch(SETTLEABLE);
        vm.stopPrank();
        vm.startPrank(address(0xABBA));
        settles(4, BASE + 3e18 * 20 / 100);
    }

    /// @dev C93: offences of one epoch cost the same fraction, whatever was reported first, and all cost what the plain
    /// sum over the list of offences says.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_Settle_IsTheSameInEveryOrder(uint256 seed) external {
        uint256 count = 2 + seed % 9;
        sets.setEpoch(500);
        uint64[] memory epochs = new uint64[](count);
        for (uint256 i = 0; i < count; ++i) {
            epochs[i] = 492 + uint64(uint256(keccak256(abi.encode(seed, i))) % 9);
            sets.put(uint8(i), withoutKeys(i + 1, powerOf(seed, i)));
        }
        uint256 before = vm.snapshotState();
        uint256[] memory forwards = settleAll(epochs, false);
        assertTrue(vm.revertToState(before));
        uint256[] memory backwards = settleAll(epochs, true);
        assertEq(abi.encode(forwards), abi.encode(backwards), "order");
        for (uint256 i = 0; i < count; ++i) {
            assertEq(forwards[i], naive(seed, epochs, epochs[i], DISTANCE), "naive");
        }
    }

    /// @dev C93: sums over long windows, kept by bucket, are those of the plain list.
    /// forge-config: default.fuzz.runs = 32
    function testFuzz_Settle_LongWindowsAreSummedUpExactly(uint256 seed, uint64 distance, uint64 around) external {
        distance = uint64(bound(distance, 10, 8192));
        around = uint64(bound(around, 0, 20_000));
        ISlasher.Constants memory constants = slasherConstants();
        constants.correlationEpochs = uint32(distance);
        slasher = deploySlasher(constants);
        uint64[] memory epochs = new uint64[](12);
        for (uint256 i = 0; i < epochs.length; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, "epoch", i)));
            uint256 nearest = around > distance + 70 ? around - distance - 70 : 0;
            epochs[i] = uint64(i == 0 ? around : nearest + random % (2 * uint256(distance) + 140));
            sets.put(uint8(i), withoutKeys(i + 1, powerOf(seed, i)));
        }
        for (uint256 i = 0; i < epochs.length; ++i) {
            sets.setEpoch(epochs[i]);
            report(i + 1, epochs[i]);
        }
        assertEq(slasher.penaltyOf(validatorOf(1)), naive(seed, epochs, around, distance));
    }

    /// @dev A window of 16,385 epochs costs less than a million gas.
    function test_Settle_TheLongestWindowIsAffordable() external {
        ISlasher.Constants memory constants = slasherConstants();
        constants.correlationEpochs = 8192;
        slasher = deploySlasher(constants);
        sets.setEpoch(20_001);
        report(4, 20_001);
        sets.setTotal(20_001, 100);
        uint256 before = gasleft();
        slasher.penaltyOf(validatorOf(4));
        assertLt(before - gasleft(), 1_000_000);
    }

    function withoutKeys(uint256 number, uint64 power) private pure returns (SetsMock.Held memory) {
        return SetsMock.Held(validatorOf(number), 0, "", power);
    }

    function powerOf(uint256 seed, uint256 i) private pure returns (uint64) {
        return 1 + uint64(uint256(keccak256(abi.encode(seed, "power", i))) % 1000);
    }

    /// @dev The definition, over the list.
    function naive(uint256 seed, uint64[] memory epochs, uint64 epoch, uint64 distance) private view returns (uint256) {
        uint256 slashed = 0;
        for (uint256 i = 0; i < epochs.length; ++i) {
            uint64 apart = epochs[i] > epoch ? epochs[i] - epoch : epoch - epochs[i];
            if (apart <= distance) slashed += powerOf(seed, i);
        }
        (, uint256 total) = sets.totalsOf(epoch);
        uint256 fraction = BASE + (slashed * 3e18 + total - 1) / total;
        return fraction < 1e18 ? fraction : 1e18;
    }

    function settleAll(uint64[] memory epochs, bool backwards) private returns (uint256[] memory fractions) {
        uint256 count = epochs.length;
        fractions = new uint256[](count);
        sets.setEpoch(500);
        for (uint256 i = 0; i < count; ++i) {
            uint256 index = backwards ? count - 1 - i : i;
            report(index + 1, epochs[index]);
        }
        sets.setEpoch(600);
        for (uint256 i = 0; i < count; ++i) {
            uint256 index = backwards ? count - 1 - i : i;
            slasher.settle(validatorOf(index + 1));
            (, fractions[index],) = stakes.settlements(i);
        }
    }

    function evidenceOf(uint256 number, uint64 epoch) private pure returns (ISlasher.VoteEvidence memory) {
        return ISlasher.VoteEvidence(
            epoch,
            1,
            uint8(number - 1),
            ISlasher.SignedVote(1, bytes32(uint256(1)), 0, 0),
            ISlasher.SignedVote(1, bytes32(uint256(2)), 0, 0)
        );
    }

    function report(uint256 number, uint64 epoch) private {
        slasher.slashVotes(evidenceOf(number, epoch));
    }

    function refusesToSettle(uint64 epoch) private {
        vm.expectRevert(abi.encodeWithSelector(ISlasher.NotSettleable.selector, validatorOf(1), epoch, SETTLEABLE));
        slasher.settle(validatorOf(1));
    }

    function settles(uint256 number, uint256 fraction) private {
        assertEq(slasher.penaltyOf(validatorOf(number)), fraction, "penalty");
        uint64 epoch = slasher.offenceOf(validatorOf(number)).epoch;
        vm.expectEmit(address(slasher));
        emit ISlasher.Settled(validatorOf(number), epoch, fraction);
        slasher.settle(validatorOf(number));
        assertTrue(slasher.offenceOf(validatorOf(number)).settled);
        (address validator, uint256 taken, address caller) = stakes.settlements(stakes.settlementCount() - 1);
        assertEq(validator, validatorOf(number), "validator");
        assertEq(taken, fraction, "fraction");
        assertEq(caller, address(slasher), "caller");
    }
}
