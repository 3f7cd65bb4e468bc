// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EndToEndFixture} from "./EndToEndFixture.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev From two signatures to lost stake, and what remains of it, with all contracts as they are deployed.
contract EndToEndTest is EndToEndFixture {
    /// @dev C89: each of the three, on a fresh deployment.
    function test_EachOfTheThreePairsIsSlashed() external {
        rollTo(12);
        uint256 before = vm.snapshotState();
        string[2][3] memory pairs = [["notarizeA", "notarizeB"], ["finalizeA", "finalizeB"], ["nullify", "finalizeA"]];
        for (uint256 i = 0; i < pairs.length; ++i) {
            report(pair(10, 0, pairs[i][0], pairs[i][1]));
            assertTrue(stakes.isSlashed(seedOf(1)));
            assertTrue(vm.revertToState(before));
        }
    }

    /// @dev From the report to the release: 5% at once, 90% at settlement, 5% back.
    function test_OneOffenceFromReportToRelease() external {
        address offender = seedOf(1);
        address withdrawal = registry.withdrawalOf(offender);
        rollTo(12);
        reportSeed(1);
        assertEq(stakes.credit(REPORTER), 375e18, "a quarter of the base penalty");
        assertEq(stakes.credit(TREASURY), 1125e18, "the rest");
        assertEq(stakes.stakeOf(offender).assets, 28_500e18);

        // C88: tombstoned. It serves the epochs that are fixed already.
        rollTo(13);
        assertEq(sets.powerOf(offender, 13), 30_000e9);
        assertEq(sets.powerOf(offender, 14), 0);

        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotSettled.selector, offender));
        stakes.release(offender, withdrawal);
        rollTo(28);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.NotSettleable.selector, offender, 28, 29));
        slasher.settle(offender);
        rollTo(29);
        slasher.settle(offender);
        assertEq(stakes.stakeOf(offender).assets, 1500e18);
        stakes.release(offender, withdrawal);
        assertEq(token.balanceOf(withdrawal), 1500e18);
        assertEq(stakes.credit(TREASURY), 1125e18 + 27_000e18);
        assertEq(stakes.totalAssets(), 70_000e18, "nobody else lost anything");

        stakes.collect(REPORTER);
        stakes.collect(TREASURY);
        assertEq(token.balanceOf(address(stakes)), 70_000e18);
    }

    /// @dev C93: in whatever order, both lose all they have.
    function test_MoreThanAThirdTogetherLosesAll() external {
        rollTo(12);
        reportSeed(2);
        rollTo(13);
        reportSeed(1);
        rollTo(29);
        slasher.settle(seedOf(1));
        slasher.settle(seedOf(2));
        assertEq(stakes.stakeOf(seedOf(1)).assets, 0);
        assertEq(stakes.stakeOf(seedOf(2)).assets, 0);
        assertEq(stakes.totalAssets(), 43_000e18);
        rollTo(40);
        stakes.release(seedOf(1), registry.withdrawalOf(seedOf(1)));
        assertEq(token.balanceOf(registry.withdrawalOf(seedOf(1))), 0);
    }

    /// @dev C88.
    function test_RevertIf_ItIsReportedAgain() external {
        rollTo(12);
        reportSeed(1);
        bytes memory reason = abi.encodeWithSelector(ISlasher.AlreadySlashed.selector, seedOf(1), 10);
        ISlasher.VoteEvidence memory again = pair(10, 0, "finalizeA", "finalizeB");
        vm.expectRevert(reason);
        slasher.slashVotes(again);
        again = pair(12, 0, "notarizeAOfEpoch12", "notarizeBOfEpoch12");
        vm.expectRevert(abi.encodeWithSelector(ISlasher.AlreadySlashed.selector, seedOf(1), 10));
        slasher.slashVotes(again);
    }

    /// @dev Stake on its way out is slashed like all other, and stays until all is settled.
    function test_WhoHasExitedIsSlashedUntilItIsPaid() external {
        address offender = seedOf(1);
        address withdrawal = registry.withdrawalOf(offender);
        vm.prank(withdrawal);
        uint64 id = stakes.exit(offender);
        for (uint64 epoch = 1; epoch <= 17; ++epoch) {
            rollTo(epoch);
            sets.advance(100);
        }
        assertEq(sets.powerOf(offender, 18), 0, "it has left");
        report(pair(9, 0, "notarizeAOfEpoch9", "notarizeBOfEpoch9"));
        assertEq(stakes.stakeOf(offender).assets, 28_500e18);

        rollTo(100);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotSettled.selector, offender));
        stakes.withdraw(id);
        vm.prank(withdrawal);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AlreadySlashed.selector, offender));
        stakes.cancel(id);
        slasher.settle(offender);
        stakes.withdraw(id);
        (, uint64 total) = sets.totalsOf(9);
        assertEq(total, 100_000e9);
        assertEq(token.balanceOf(withdrawal), 1500e18);
    }

    /// @dev C23: when stake is paid, no evidence against it would be taken any more, with the inclusion delay to spare.
    function test_NoStakeIsPaidWhileEvidenceIsTaken() external {
        address validator = seedOf(1);
        vm.prank(validator);
        uint64 id = stakes.exit(validator);
        uint64 lastServed = 0;
        for (uint64 epoch = 0; epoch <= 60; ++epoch) {
            rollTo(epoch);
            sets.advance(100);
            if (sets.powerOf(validator, epoch) != 0) lastServed = epoch;
            (uint64 due,) = stakes.dueOf(id);
            if (due <= epoch) break;
        }
        uint64 lastEvidence = lastServed + parameters.evidenceEpochs();
        assertGt(sets.currentEpoch(), lastEvidence + parameters.inclusionDelay());
        stakes.withdraw(id);
        assertEq(token.balanceOf(registry.withdrawalOf(validator)), 30_000e18);
    }

    /// @dev C91: it may, and loses three quarters of what anyone's report takes at once, and the rest as well.
    function test_WhoReportsItselfLoses() external {
        address offender = seedOf(1);
        rollTo(12);
        ISlasher.VoteEvidence memory evidence = pair(10, 0, "notarizeA", "notarizeB");
        vm.prank(offender);
        slasher.slashVotes(evidence);
        rollTo(40);
        slasher.settle(offender);
        stakes.release(offender, registry.withdrawalOf(offender));
        uint256 kept = stakes.credit(offender) + token.balanceOf(registry.withdrawalOf(offender));
        assertEq(kept, 375e18 + 1500e18);
    }

    /// @dev C87: a validator that registers, is let in, rotates its keys and offends with either.
    function test_KeysConvictForTheEpochsInWhichTheyServed() external {
        register(6, 10_000e18);
        rollTo(2);
        assertEq(sets.powerOf(validatorOf(6), 2), 10_000e9);
        rotate(6, 7);
        rollTo(4);
        uint8 place = placeOf(4, validatorOf(6));

        ISlasher.VoteEvidence memory evidence = notarizeTwice(6, 4, place);
        vm.expectPartialRevert(ISlasher.InvalidSignature.selector);
        slasher.slashVotes(evidence);
        evidence = notarizeTwice(7, 3, place);
        vm.expectPartialRevert(ISlasher.InvalidSignature.selector);
        slasher.slashVotes(evidence);

        uint256 before = vm.snapshotState();
        report(notarizeTwice(6, 3, place));
        assertTrue(stakes.isSlashed(validatorOf(6)));
        assertTrue(vm.revertToState(before));
        report(notarizeTwice(7, 4, place));
        assertTrue(stakes.isSlashed(validatorOf(6)));
    }

    /// @dev C87: nobody is convicted for an epoch in which it was no member.
    function test_RevertIf_ItWasNoMemberYet() external {
        register(6, 10_000e18);
        rollTo(2);
        uint8 place = placeOf(2, validatorOf(6));
        ISlasher.VoteEvidence memory evidence = notarizeTwice(6, 1, place);
        vm.expectRevert(abi.encodeWithSelector(ISlasher.NoMember.selector, 1, place));
        slasher.slashVotes(evidence);
        report(notarizeTwice(6, 2, place));
    }

    /// @dev C95.
    function test_TwoAttestationsAreSlashed() external {
        rollTo(12);
        ISlasher.AttestationEvidence memory evidence;
        (evidence.kind, evidence.index) = (1, 5);
        evidence.first = attested("A", 10);
        evidence.second = attested("BOfEpoch12", 12);
        vm.prank(REPORTER);
        slasher.slashAttestations(evidence);
        assertTrue(stakes.isSlashed(seedOf(1)));
        assertEq(slasher.offenceOf(seedOf(1)).epoch, 12);
        assertEq(stakes.credit(REPORTER), 375e18);
    }

    /// @dev Every member is slashed: the last one keeps its place until another comes, and its stake is locked.
    function test_TheLastMemberIsSlashedToo() external {
        rollTo(12);
        for (uint256 number = 1; number <= 4; ++number) {
            reportSeed(number);
        }
        rollTo(14);
        assertEq(sets.setOf(14).length, 1, "a set is never empty");
        rollTo(40);
        slasher.settle(seedOf(4));
        address last = seedOf(4);
        address withdrawal = registry.withdrawalOf(last);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.StillServing.selector, last, 40));
        stakes.release(last, withdrawal);
        assertEq(stakes.totalAssets(), 95_000e18 - 19_000e18);
    }

    /// @dev C21, C24: whatever governance sets, evidence is taken.
    function test_GovernanceStopsNoReport() external {
        IStakingParameters.Values memory values = parameters.values();
        values.minimumBond = 1250e18;
        (values.unbondingDelay, values.maximumExitWait, values.minimumSize) = (8192, 256, 100);
        (values.entryBound, values.exitBound) = (10, 10);
        values.treasury = address(stakes);
        vm.prank(parameters.governance());
        parameters.set(values);
        rollTo(12);
        reportSeed(1);
        rollTo(14);
        assertEq(sets.powerOf(seedOf(1), 14), 0);
        rollTo(29);
        slasher.settle(seedOf(1));
        assertEq(stakes.stakeOf(seedOf(1)).assets, 1500e18);
    }

    /// @dev C91: with any gas, all contracts have done all of it or none has done anything.
    function test_AllOrNothingUnderAnyGas() external {
        rollTo(12);
        address offender = seedOf(1);
        bytes memory call = abi.encodeCall(ISlasher.slashVotes, (pair(10, 0, "notarizeA", "notarizeB")));
        uint256 before = vm.snapshotState();
        (uint256 refused, uint256 done) = (0, 0);
        for (uint256 gas = 30_000; gas < 2_000_000; gas += 17_977) {
            (bool success, bytes memory reason) = address(slasher).call{gas: gas}(call);
            bool slashed = slasher.offenceOf(offender).power != 0;
            assertEq(slashed, success, "the slasher");
            assertEq(stakes.isSlashed(offender), success, "the stakes");
            assertEq(stakes.stakeOf(offender).assets, success ? 28_500e18 : 30_000e18, "the assets");
            assertEq(sets.forming().totalPower, success ? 70_000e9 : 100_000e9, "the set");
            if (success) {
                ++done;
                assertTrue(vm.revertToState(before));
            } else {
                assertTrue(bytes4(reason) != ISlasher.InvalidSignature.selector, "a verdict for want of gas");
                ++refused;
            }
        }
        assertGt(done, 0, "never enough");
        assertGt(refused, 0, "always enough");
    }

    /// @dev No one but the slasher takes anything.
    function test_RevertIf_AnotherSlashesOrSettles() external {
        rollTo(12);
        address offender = seedOf(1);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotSlasher.selector, address(this)));
        stakes.slash(offender, 1e18, address(this), type(uint128).max);
        reportSeed(1);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotSlasher.selector, address(this)));
        stakes.settle(offender, 0);
    }

    function rotate(uint256 number, uint256 keys) private {
        address validator = validatorOf(number);
        (bytes32 consensusKey, bytes memory attestationKey) = (consensusKeyOf(keys), attestationKeyOf(keys));
        IValidatorRegistry.Possession memory possession = possessionOf(validator, keys, 1);
        vm.prank(validator);
        registry.rotateKeys(validator, consensusKey, attestationKey, possession);
    }

    function placeOf(uint64 epoch, address validator) private view returns (uint8 place) {
        for (; place < 128; ++place) {
            (address holder,,,) = sets.memberOf(epoch, place);
            if (holder == validator) return place;
        }
        revert("no member");
    }

    function attested(string memory name, uint64 epoch) private view returns (ISlasher.SignedAttestation memory) {
        string memory path = string.concat(".attestations.", name);
        return ISlasher.SignedAttestation(
            epoch,
            0,
            vm.parseJsonBytes32(vectors, string.concat(path, ".content")),
            vm.parseJsonBytes(vectors, string.concat(path, ".signature"))
        );
    }
}
