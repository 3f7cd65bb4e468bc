// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {GovernanceFixture} from "./GovernanceFixture.sol";
import {Expulsions} from "../../src/Expulsions.sol";
import {IExpulsions} from "../../src/interfaces/IExpulsions.sol";
import {PositionsStub, PowersStub} from "./Stubs.sol";

contract ExpulsionsTest is GovernanceFixture {
    uint64 private constant TENTH = TOTAL / 10;

    function test_RevertIf_ItStandsElsewhere() external {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IExpulsions.NotAtWiredAddress.selector, address(expulsions), next));
        new Expulsions(wiring);
    }

    /// @dev C167: 216,000 blocks in epochs of 32, and one; in epochs that do not divide them, one more than that.
    function test_Constructor_CountsTheWindowInEpochs() external {
        assertEq(expulsions.windowEpochs(), WINDOW);
        assertEq(expulsions.governance(), address(timelock));
        assertEq(address(expulsions.sets()), address(sets));
        assertEq(address(expulsions.stakes()), address(stakes));
        windowOf(7200, 31);
        windowOf(7199, 32);
    }

    /// @dev C166.
    function testFuzz_RevertIf_TheCallerIsNotGovernance(address caller) external {
        vm.assume(caller != address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IExpulsions.NotGovernance.selector, caller));
        vm.prank(caller);
        expulsions.expel(validatorOf(0));
    }

    /// @dev C166.
    function test_Expel_BeginsTheExit() external {
        sets.setPower(validatorOf(5), TENTH);
        vm.expectEmit(address(expulsions));
        emit IExpulsions.Expelled(validatorOf(5), TENTH);
        expel(5);
        assertEq(stakes.expelled(0), validatorOf(5));
        window(TENTH, TENTH);
    }

    /// @dev C166: what the stakes refuse counts for nothing.
    function test_RevertIf_TheStakesRefuse() external {
        sets.setPower(validatorOf(5), TENTH);
        stakes.slash(validatorOf(5), accountOf(5));
        vm.expectRevert(abi.encodeWithSelector(PositionsStub.NotLive.selector, validatorOf(5)));
        expel(5);
        window(0, TENTH);
    }

    /// @dev C167: a tenth of the power, and one unit more.
    function test_RevertIf_ItIsMoreThanATenth() external {
        sets.setPower(validatorOf(5), TENTH + 1);
        refuses(5, TENTH + 1, 0, TENTH);
        sets.setPower(validatorOf(5), TENTH - 5);
        sets.setPower(validatorOf(6), 6);
        expel(5);
        refuses(6, 6, TENTH - 5, TENTH);
        sets.setPower(validatorOf(6), 5);
        expel(6);
        sets.setPower(validatorOf(7), 1);
        refuses(7, 1, TENTH, TENTH);
    }

    /// @dev C167: the last epoch in which it counts, and the first in which it does not.
    function test_Expel_WhenTheWindowHasPassed() external {
        toEpoch(5);
        sets.setPower(validatorOf(5), TENTH);
        sets.setPower(validatorOf(6), 1);
        expel(5);
        toEpoch(5 + WINDOW - 1);
        refuses(6, 1, TENTH, TENTH);
        toEpoch(5 + WINDOW);
        window(0, TENTH);
        expel(6);
        window(1, TENTH);
    }

    /// @dev C167: between the first and the last block of 30 days nothing is left out.
    function test_Expel_WhenTheWindowBeginsWithinAnEpoch() external {
        toEpoch(6);
        mine(LENGTH - 1);
        sets.setPower(validatorOf(5), TENTH);
        sets.setPower(validatorOf(6), 1);
        expel(5);
        mine(216_000 - 1);
        refuses(6, 1, TENTH, TENTH);
    }

    /// @dev C167: who has no power takes nothing of the window.
    function test_Expel_WithoutPower() external {
        sets.setPower(validatorOf(5), TENTH);
        expel(5);
        vm.expectEmit(address(expulsions));
        emit IExpulsions.Expelled(validatorOf(6), 0);
        expel(6);
        window(TENTH, TENTH);
    }

    /// @dev C167: whatever it has in the current set, the next, or the one that is being formed.
    function test_Expel_CountsTheGreatestOfItsPowers() external {
        counts(PowersStub.Power({early: 7, late: 5, lateFrom: 11, forming: 3}), 7);
        counts(PowersStub.Power({early: 5, late: 7, lateFrom: 11, forming: 3}), 7);
        counts(PowersStub.Power({early: 0, late: 0, lateFrom: 0, forming: 7}), 7);
        counts(PowersStub.Power({early: 7, late: 0, lateFrom: 10, forming: 0}), 0);
    }

    /// @dev C167: of the lesser of two totals.
    function test_Expel_TakesTheLesserTotal() external {
        toEpoch(10);
        sets.setTotals(PowersStub.Power(TOTAL, TOTAL / 2, 11, 0));
        window(0, TENTH / 2);
        sets.setTotals(PowersStub.Power(TOTAL / 2 + 9, TOTAL, 11, 0));
        window(0, TENTH / 2);
    }

    /// @dev C167: against a sum over all that was ever expelled.
    function testFuzz_Expel_NeverMoreThanATenthInAnyWindow(uint256 seed) external {
        uint64[] memory epochs = new uint64[](60);
        uint64[] memory powers = new uint64[](60);
        uint64 epoch = 0;
        for (uint256 i = 0; i < 60; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            epoch += uint64(jump(seed));
            toEpoch(epoch);
            powers[i] = uint64((seed >> 128) % (TENTH / 2));
            epochs[i] = epoch;
            uint256 spent = 0;
            for (uint256 j = 0; j < i; ++j) {
                if (epochs[j] + WINDOW > epoch) spent += powers[j];
            }
            window(spent, TENTH);
            sets.setPower(validatorOf(5), powers[i]);
            if (powers[i] != 0 && spent + powers[i] > TENTH) {
                refuses(5, powers[i], spent, TENTH);
                powers[i] = 0;
            } else {
                expel(5);
            }
        }
    }

    /// @dev Within an epoch, by little, to the edges of the window, or far beyond.
    function jump(uint256 seed) private pure returns (uint256) {
        uint256 kind = seed % 8;
        if (kind < 2) return 0;
        if (kind < 5) return (seed >> 8) % 2000;
        if (kind < 7) return WINDOW - 1 + (seed >> 8) % 3;
        return 2 * WINDOW;
    }

    function counts(PowersStub.Power memory power, uint64 expected) private {
        toEpoch(10);
        sets.setPowers(validatorOf(5), power);
        assertEq(expulsions.countedPowerOf(validatorOf(5)), expected);
        vm.expectEmit(address(expulsions));
        emit IExpulsions.Expelled(validatorOf(5), expected);
        expel(5);
    }

    function window(uint256 spent, uint256 most) private view {
        (uint256 spent_, uint256 most_) = expulsions.expelled();
        assertEq(spent_, spent, "spent");
        assertEq(most_, most, "most");
    }

    function refuses(uint256 index, uint64 power, uint256 spent, uint256 most) private {
        vm.expectRevert(
            abi.encodeWithSelector(IExpulsions.ExpelsTooMuch.selector, validatorOf(index), power, spent, most)
        );
        expel(index);
    }

    function expel(uint256 index) private {
        asGovernance();
        expulsions.expel(validatorOf(index));
    }

    function windowOf(uint64 length, uint32 expected) private {
        wiring.sets = address(new PowersStub(uint64(vm.getBlockNumber()), length));
        wiring.expulsions = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        assertEq(new Expulsions(wiring).windowEpochs(), expected);
    }
}
