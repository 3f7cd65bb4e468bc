// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SetsMock} from "./Mocks.sol";
import {SlasherFixture} from "./SlasherFixture.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";

/// @dev All signatures are real ones, so each refusal is for the one reason that it names.
contract VoteRefusalsTest is SlasherFixture {
    bytes32 private constant A = bytes32(uint256(0xaa) * (type(uint256).max / 0xff));

    ISlasher.VoteEvidence private evidence;

    function setUp() public override {
        super.setUp();
        evidence = pair("notarizeA", "notarizeB");
    }

    // C86: time.

    function test_RevertIf_TheEpochIsInTheFuture() external {
        sets.setEpoch(EPOCH - 1);
        refuses(evidence, abi.encodeWithSelector(ISlasher.FutureEpoch.selector, EPOCH, EPOCH - 1));
    }

    /// @dev No sum of epochs overflows before it.
    function test_RevertIf_TheEpochIsTheLastOfAll() external {
        evidence.epoch = type(uint64).max;
        refuses(evidence, abi.encodeWithSelector(ISlasher.FutureEpoch.selector, type(uint64).max, NOW));
    }

    function test_RevertIf_TheWindowIsOver() external {
        sets.setEpoch(EPOCH + EVIDENCE_EPOCHS + 1);
        refuses(evidence, abi.encodeWithSelector(ISlasher.EvidenceExpired.selector, EPOCH, 19, 18));
    }

    function test_RevertIf_TheWindowIsLongOver() external {
        sets.setEpoch(1e9);
        refuses(evidence, abi.encodeWithSelector(ISlasher.EvidenceExpired.selector, EPOCH, 1e9, 18));
    }

    // C87: the member.

    function test_RevertIf_ThePlaceIsFree() external {
        evidence.place = 4;
        refuses(evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, EPOCH, 4));
    }

    function test_RevertIf_ThereIsNoSuchPlace() external {
        evidence.place = 128;
        refuses(evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, EPOCH, 128));
        evidence.place = 255;
        refuses(evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, EPOCH, 255));
    }

    /// @dev It is a member in all other epochs.
    function test_RevertIf_TheSignerWasNoMemberInThatEpoch() external {
        sets.putIn(EPOCH, 0, noMember());
        refuses(evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, EPOCH, 0));
    }

    function test_RevertIf_TheMemberHadNoPower() external {
        sets.putIn(EPOCH, 0, heldBy(1, 1, 0));
        refuses(evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, EPOCH, 0));
    }

    // C88: one slash in a life.

    function test_RevertIf_TheSameEvidenceComesAgain() external {
        slasher.slashVotes(evidence);
        refusesAsSlashed(evidence);
    }

    function test_RevertIf_TheSamePairComesWithAnotherSignature() external {
        slasher.slashVotes(evidence);
        refusesAsSlashed(pair("notarizeAAgain", "notarizeB"));
    }

    function test_RevertIf_ItIsReportedForAnotherPair() external {
        slasher.slashVotes(evidence);
        refusesAsSlashed(pair("finalizeA", "finalizeB"));
        refusesAsSlashed(pair("nullify", "finalizeB"));
        refusesAsSlashed(pair("notarizeB", "notarizeC"));
    }

    function test_RevertIf_ItIsReportedForAnotherView() external {
        slasher.slashVotes(evidence);
        refusesAsSlashed(pair("notarizeAOfView4", "notarizeBOfView4"));
    }

    function test_RevertIf_ItIsReportedForAnotherEpoch() external {
        slasher.slashVotes(evidence);
        refusesAsSlashed(pair("notarizeAOfEpoch9", "notarizeBOfEpoch9"));
        refusesAsSlashed(pair("notarizeAOfEpoch12", "notarizeBOfEpoch12"));
    }

    function test_RevertIf_ItIsReportedByAnother() external {
        slasher.slashVotes(evidence);
        vm.stopPrank();
        vm.startPrank(address(0x4E92));
        refusesAsSlashed(evidence);
    }

    function test_RevertIf_ItWasSettledBefore() external {
        slasher.slashVotes(evidence);
        sets.setEpoch(29);
        slasher.settle(validatorOf(1));
        evidence = pair("notarizeA", "notarizeB");
        evidence.epoch = 29;
        refusesAsSlashed(evidence);
    }

    function test_RevertIf_ItHoldsAnotherPlaceWithOtherKeysNow() external {
        slasher.slashVotes(evidence);
        sets.putIn(12, 7, heldBy(1, 5, 30));
        evidence = pair("notarizeAOfEpoch12ByKey5", "notarizeBOfEpoch12ByKey5");
        evidence.place = 7;
        refusesAsSlashed(evidence);
    }

    /// @dev By name before the pair or a signature is looked at: a flood of late reports costs its senders the most.
    function test_RevertIf_ItIsReportedForNothingAtAll() external {
        slasher.slashVotes(evidence);
        ISlasher.SignedVote memory nothing;
        refusesAsSlashed(ISlasher.VoteEvidence(EPOCH, 0, 0, nothing, nothing));
        uint256 before = gasleft();
        try slasher.slashVotes(evidence) {} catch {}
        assertLt(before - gasleft(), 60_000, "gas");
    }

    // C89: the pair.

    function test_RevertIf_TheViewIsZero() external {
        refuses(pair("notarizeAOfView0", "notarizeBOfView0"), abi.encodeWithSelector(ISlasher.ZeroView.selector));
    }

    function test_RevertIf_TheKindIsZero() external {
        refuses(pair("kind0", "notarizeB"), abi.encodeWithSelector(ISlasher.UnknownKind.selector, 0));
        refuses(pair("notarizeB", "kind0"), abi.encodeWithSelector(ISlasher.UnknownKind.selector, 0));
    }

    function test_RevertIf_TheKindIsAboveThree() external {
        refuses(pair("finalizeB", "kind4"), abi.encodeWithSelector(ISlasher.UnknownKind.selector, 4));
        refuses(pair("kind4", "finalizeB"), abi.encodeWithSelector(ISlasher.UnknownKind.selector, 4));
    }

    /// @dev Two of one unknown kind are no offence, however they are signed.
    function test_RevertIf_BothAreOfAnUnknownKind() external {
        evidence = pair("kind4", "kind4");
        evidence.second.batch = bytes32(type(uint256).max);
        refuses(evidence, abi.encodeWithSelector(ISlasher.UnknownKind.selector, 4));
    }

    function test_RevertIf_ANullifyVoteNamesABatch() external {
        bytes memory reason = abi.encodeWithSelector(ISlasher.NullifyNamesBatch.selector, A);
        refuses(pair("nullifyNamingA", "finalizeB"), reason);
        refuses(pair("nullify", "nullifyNamingA"), reason);
    }

    function test_RevertIf_ANotarizationNamesNoBatch() external {
        refuses(pair("notarizeNothing", "notarizeB"), abi.encodeWithSelector(ISlasher.NoBatch.selector, 1));
    }

    function test_RevertIf_AFinalizationNamesNoBatch() external {
        bytes memory reason = abi.encodeWithSelector(ISlasher.NoBatch.selector, 3);
        refuses(pair("finalizeNothing", "finalizeB"), reason);
        refuses(pair("nullify", "finalizeNothing"), reason);
    }

    function test_RevertIf_BothAreTheSameVote() external {
        refuses(pair("notarizeA", "notarizeA"), abi.encodeWithSelector(ISlasher.SameVote.selector, 1, A));
        refuses(pair("finalizeA", "finalizeA"), abi.encodeWithSelector(ISlasher.SameVote.selector, 3, A));
        refuses(pair("nullify", "nullify"), abi.encodeWithSelector(ISlasher.SameVote.selector, 2, 0));
    }

    /// @dev Two valid signatures of one vote are one vote: they differ innocently.
    function test_RevertIf_BothAreTheSameVoteSignedTwice() external {
        refuses(pair("notarizeA", "notarizeAAgain"), abi.encodeWithSelector(ISlasher.SameVote.selector, 1, A));
    }

    function test_RevertIf_TheHashesStandInTheOtherOrder() external {
        bytes memory reason = abi.encodeWithSelector(ISlasher.WrongOrder.selector);
        refuses(pair("notarizeB", "notarizeA"), reason);
        refuses(pair("finalizeB", "finalizeA"), reason);
    }

    function test_RevertIf_TheKindsStandInTheOtherOrder() external {
        bytes memory reason = abi.encodeWithSelector(ISlasher.WrongOrder.selector);
        refuses(pair("finalizeA", "nullify"), reason);
        refuses(pair("nullify", "notarizeA"), reason);
    }

    /// @dev Whoever notarized may give the view up.
    function test_RevertIf_ItNotarizedAndNullified() external {
        refuses(pair("notarizeA", "nullify"), abi.encodeWithSelector(ISlasher.NotSlashable.selector, 1, 2));
    }

    /// @dev Whoever notarized may finalize what was notarized by the others, too.
    function test_RevertIf_ItNotarizedAndFinalized() external {
        bytes memory reason = abi.encodeWithSelector(ISlasher.NotSlashable.selector, 1, 3);
        refuses(pair("notarizeA", "finalizeA"), reason);
        refuses(pair("notarizeA", "finalizeB"), reason);
    }

    // C90: the signatures.

    function test_RevertIf_ASignatureIsForged() external {
        evidence.second.r = keccak256("r");
        evidence.second.s = bytes32(uint256(keccak256("s")) & ~uint256(0xff));
        refusesSignature(2);
    }

    function test_RevertIf_BothSignaturesAreEmpty() external {
        (evidence.first.r, evidence.first.s) = (0, 0);
        (evidence.second.r, evidence.second.s) = (0, 0);
        refusesSignature(1);
    }

    function testFuzz_RevertIf_OneBitOfASignatureDiffers(uint256 bit, bool ofFirst, bool ofR) external {
        ISlasher.SignedVote storage changed = ofFirst ? evidence.first : evidence.second;
        bytes32 flipped = bytes32(1 << (bit % 256));
        if (ofR) changed.r ^= flipped;
        else changed.s ^= flipped;
        refusesSignature(ofFirst ? 1 : 2);
    }

    function test_RevertIf_ABatchIsAnotherThanSigned() external {
        evidence.second.batch = bytes32(uint256(evidence.second.batch) + 1);
        (bool success, bytes memory reason) = address(slasher).call(abi.encodeCall(ISlasher.slashVotes, (evidence)));
        assertFalse(success);
        assertEq(bytes4(reason), ISlasher.InvalidSignature.selector);
        assertEq(stakes.slashCount(), 0);
    }

    function test_RevertIf_TheSignaturesAreSwapped() external {
        ISlasher.SignedVote memory first = signed("notarizeA");
        (evidence.first.r, evidence.first.s) = (evidence.second.r, evidence.second.s);
        (evidence.second.r, evidence.second.s) = (first.r, first.s);
        refusesSignature(1);
    }

    function test_RevertIf_TheHalvesOfASignatureAreSwapped() external {
        (evidence.second.r, evidence.second.s) = (evidence.second.s, evidence.second.r);
        refusesSignature(2);
    }

    function test_RevertIf_OneSignatureServesBothVotes() external {
        (evidence.second.r, evidence.second.s) = (evidence.first.r, evidence.first.s);
        refusesSignature(2);
    }

    /// @dev It stands under the cofactored rule, and for no node.
    function test_RevertIf_ASignatureHasTorsion() external {
        refusesSignature(pair("notarizeA", "notarizeBWithTorsion"), "notarizeB", 2);
    }

    function test_RevertIf_TheResponseIsNotReduced() external {
        refusesSignature(pair("notarizeA", "notarizeBWithLargeS"), "notarizeB", 2);
    }

    function test_RevertIf_AnotherSignedOneOfThem() external {
        refusesSignature(pair("notarizeA", "notarizeBByKey2"), "notarizeB", 2);
        refusesSignature(pair("notarizeAByKey2", "notarizeB"), "notarizeA", 1);
    }

    function test_RevertIf_AnotherSignedBoth() external {
        refusesSignature(pair("notarizeAByKey2", "notarizeBByKey2"), "notarizeA", 1);
    }

    /// @dev Two members that vote for different batches have done nothing.
    function test_RevertIf_ThePlaceIsThatOfAnother() external {
        evidence.place = 1;
        refusesSignature(1);
    }

    function test_RevertIf_AVoteIsOfAnotherKind() external {
        evidence = pair("finalizeA", "finalizeB");
        (evidence.first.r, evidence.first.s) = (signed("notarizeA").r, signed("notarizeA").s);
        refusesSignature(evidence, "finalizeA", 1);
    }

    function test_RevertIf_OneVoteIsOfAnotherView() external {
        refusesSignature(pair("notarizeA", "notarizeBOfView4"), "notarizeB", 2);
        evidence.view_ = 4;
        refusesSignature(evidence, "notarizeAOfView4", 1);
    }

    function test_RevertIf_OneVoteIsOfAnotherEpoch() external {
        refusesSignature(pair("notarizeA", "notarizeBOfEpoch11"), "notarizeB", 2);
    }

    /// @dev An old pair, dated into the window.
    function test_RevertIf_BothVotesAreOfAnotherEpoch() external {
        sets.setEpoch(EPOCH + EVIDENCE_EPOCHS + 1);
        evidence.epoch = 11;
        refusesSignature(evidence, "notarizeAOfEpoch11", 1);
    }

    function test_RevertIf_TheVotesAreOfAnotherChain() external {
        refusesSignature(pair("notarizeAOnOtherChain", "notarizeBOnOtherChain"), "notarizeA", 1);
        refusesSignature(pair("notarizeA", "notarizeBOnOtherChain"), "notarizeB", 2);
    }

    /// @dev After a split of L1, what was signed on one side is nothing on the other.
    function test_RevertIf_TheChainIsAnotherNow() external {
        vm.chainId(1);
        refusesSignature(evidence, "notarizeAOnOtherChain", 1);
        slasher.slashVotes(pair("notarizeAOnOtherChain", "notarizeBOnOtherChain"));
        assertEq(stakes.slashCount(), 1);
    }

    function test_RevertIf_TheVotesAreOfAnotherRollup() external {
        refusesSignature(pair("notarizeAOfOtherRollup", "notarizeBOfOtherRollup"), "notarizeA", 1);
        refusesSignature(pair("notarizeA", "notarizeBOfOtherRollup"), "notarizeB", 2);
    }

    function test_RevertIf_TheVotesAreOfAnotherDeployment() external {
        refusesSignature(pair("notarizeAOfOtherDeployment", "notarizeBOfOtherDeployment"), "notarizeA", 1);
        refusesSignature(pair("notarizeA", "notarizeBOfOtherDeployment"), "notarizeB", 2);
    }

    /// @dev C87: a key convicts for the epochs in which it was the member's, not before.
    function test_RevertIf_TheKeyIsALaterOne() external {
        sets.putIn(12, 0, heldBy(1, 5, 30));
        refusesSignature(pair("notarizeAByKey5", "notarizeBByKey5"), "notarizeA", 1);
    }

    /// @dev C87: nor after.
    function test_RevertIf_TheKeyIsAFormerOne() external {
        sets.putIn(12, 0, heldBy(1, 5, 30));
        refusesSignature(pair("notarizeAOfEpoch12", "notarizeBOfEpoch12"), "notarizeAOfEpoch12", 1);
        slasher.slashVotes(pair("notarizeAOfEpoch12ByKey5", "notarizeBOfEpoch12ByKey5"));
        assertSlashed(1, 12, 30, 1);
    }

    /// @dev C90: nothing but two votes of the accused slashes it, whatever stands in the evidence.
    function testFuzz_RevertIf_TheEvidenceIsNoise(ISlasher.VoteEvidence memory noise, uint256 near) external {
        if (near & 1 != 0) noise.epoch = EPOCH;
        if (near & 2 != 0) noise.place %= 4;
        if (near & 4 != 0) noise.view_ = 3;
        if (near & 8 != 0) (noise.first.kind, noise.second.kind) = (1, 1);
        if (near & 16 != 0 && noise.first.batch > noise.second.batch) {
            (noise.first.batch, noise.second.batch) = (noise.second.batch, noise.first.batch);
        }
        if (near & 32 != 0) noise.first = signed("notarizeA");
        (bool success,) = address(slasher).call(abi.encodeCall(ISlasher.slashVotes, (noise)));
        assertFalse(success);
        assertEq(stakes.slashCount(), 0);
    }

    function noMember() private pure returns (SetsMock.Held memory nobody) {}

    function refusesAsSlashed(ISlasher.VoteEvidence memory again) private {
        refuses(again, abi.encodeWithSelector(ISlasher.AlreadySlashed.selector, validatorOf(1), EPOCH));
    }

    /// @dev The votes are those of `notarizeA` and `notarizeB`, one signature is not.
    function refusesSignature(uint8 number) private {
        refusesSignature(evidence, number == 1 ? "notarizeA" : "notarizeB", number);
    }

    /// @dev The digest in the error is the one that should have been signed.
    function refusesSignature(ISlasher.VoteEvidence memory unsigned, string memory digestOf, uint8 number) private {
        bytes32 digest = voteOf(digestOf).digest;
        refuses(unsigned, abi.encodeWithSelector(ISlasher.InvalidSignature.selector, number, digest));
    }
}
