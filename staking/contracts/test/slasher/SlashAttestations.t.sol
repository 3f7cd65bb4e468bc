// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SetsMock} from "./Mocks.sol";
import {SlasherFixture} from "./SlasherFixture.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";

/// @dev All signatures are real ones, of the real BLS verifier.
contract SlashAttestationsTest is SlasherFixture {
    bytes32 private constant A = bytes32(uint256(0xaa) * (type(uint256).max / 0xff));

    ISlasher.AttestationEvidence private evidence;

    function setUp() public override {
        super.setUp();
        evidence = attestationPair("A", "B");
    }

    /// @dev C95.
    function test_SlashAttestations_OfOneEpoch() external {
        vm.expectEmit(address(slasher));
        emit ISlasher.Slashed(validatorOf(1), EPOCH, REPORTER, 30);
        slasher.slashAttestations(evidence);
        assertSlashed(1, EPOCH, 30, 1);
        assertEq(slasher.slashedPower(EPOCH), 30);
    }

    /// @dev C95: it is an offence of the later epoch, whichever of the two stands first.
    function test_SlashAttestations_OfTwoEpochs() external {
        sets.putIn(12, 0, heldBy(1, 1, 35));
        uint256 before = vm.snapshotState();
        slasher.slashAttestations(attestationPair("A", "BOfEpoch12"));
        assertSlashed(1, 12, 35, 1);
        assertTrue(vm.revertToState(before));
        slasher.slashAttestations(attestationPair("AOfEpoch12", "B"));
        assertSlashed(1, 12, 35, 1);
    }

    /// @dev C87, C95: each by the place and the key of its epoch.
    function test_SlashAttestations_ByTwoKeysInTwoPlaces() external {
        sets.putIn(12, 0, heldBy(9, 4, 1));
        sets.putIn(12, 6, heldBy(1, 5, 30));
        evidence = attestationPair("A", "BOfEpoch12ByKey5");
        evidence.second.place = 6;
        slasher.slashAttestations(evidence);
        assertSlashed(1, 12, 30, 1);
    }

    /// @dev C86: the window is that of the later one.
    function test_SlashAttestations_InTheLastEpochOfTheWindow() external {
        sets.setEpoch(EPOCH + EVIDENCE_EPOCHS);
        slasher.slashAttestations(attestationPair("AOfEpoch9", "B"));
        assertSlashed(1, EPOCH, 30, 1);
    }

    /// @dev C91: with any gas, everything happens or nothing does, and a lack of it passes for no verdict.
    function test_SlashAttestations_UnderAnyGas() external {
        uint256 before = vm.snapshotState();
        (uint256 refused, uint256 done) = (0, 0);
        bytes memory call = abi.encodeCall(ISlasher.slashAttestations, (evidence));
        for (uint256 gas = 40_000; gas < 2_000_000; gas += 7919) {
            (bool success, bytes memory reason) = address(slasher).call{gas: gas}(call);
            if (success) {
                assertSlashed(1, EPOCH, 30, 1);
                ++done;
                assertTrue(vm.revertToState(before));
            } else {
                assertTrue(bytes4(reason) != ISlasher.InvalidSignature.selector, "a verdict for want of gas");
                assertEq(slasher.offenceOf(validatorOf(1)).power + stakes.slashCount(), 0, "half done");
                ++refused;
            }
        }
        assertGt(done, 0, "never enough");
        assertGt(refused, 0, "always enough");
    }

    /// @dev C88: votes and attestations are one life.
    function test_RevertIf_TheValidatorWasSlashedForVotes() external {
        slasher.slashVotes(pair("finalizeA", "finalizeB"));
        refusesAsSlashed();
    }

    function test_RevertIf_TheSameEvidenceComesAgain() external {
        slasher.slashAttestations(evidence);
        refusesAsSlashed();
        evidence.second = evidence.first;
        refusesAsSlashed();
        refuses(
            pair("finalizeA", "finalizeB"),
            abi.encodeWithSelector(ISlasher.AlreadySlashed.selector, validatorOf(1), EPOCH)
        );
    }

    function test_RevertIf_OneEpochIsInTheFuture() external {
        sets.setEpoch(11);
        bytes memory reason = abi.encodeWithSelector(ISlasher.FutureEpoch.selector, 12, 11);
        refusesAttestations(attestationPair("A", "BOfEpoch12"), reason);
        refusesAttestations(attestationPair("AOfEpoch12", "B"), reason);
        evidence.first.attestingEpoch = type(uint64).max;
        refusesAttestations(evidence, abi.encodeWithSelector(ISlasher.FutureEpoch.selector, type(uint64).max, 11));
    }

    function test_RevertIf_TheWindowIsOver() external {
        sets.setEpoch(EPOCH + EVIDENCE_EPOCHS + 1);
        bytes memory reason = abi.encodeWithSelector(ISlasher.EvidenceExpired.selector, EPOCH, 19, 18);
        refusesAttestations(evidence, reason);
        refusesAttestations(attestationPair("AOfEpoch9", "B"), reason);
        refusesAttestations(attestationPair("A", "BOfEpoch9"), reason);
    }

    function test_RevertIf_OneOfThePlacesIsFree() external {
        evidence.first.place = 4;
        refusesAttestations(evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, EPOCH, 4));
        evidence = attestationPair("A", "BOfEpoch12");
        evidence.second.place = 128;
        refusesAttestations(evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, 12, 128));
    }

    function test_RevertIf_TheSignersAreTwo() external {
        evidence = attestationPair("A", "BByKey2");
        evidence.second.place = 1;
        bytes memory reason =
            abi.encodeWithSelector(ISlasher.DifferentValidators.selector, validatorOf(1), validatorOf(2));
        refusesAttestations(evidence, reason);
    }

    /// @dev C87: the place was taken by another in between.
    function test_RevertIf_ThePlaceWasHeldByTwo() external {
        sets.putIn(12, 0, heldBy(9, 1, 30));
        bytes memory reason =
            abi.encodeWithSelector(ISlasher.DifferentValidators.selector, validatorOf(1), validatorOf(9));
        refusesAttestations(attestationPair("A", "BOfEpoch12"), reason);
    }

    /// @dev Two members that hold nothing are not one.
    function test_RevertIf_BothPlacesAreFree() external {
        (evidence.first.place, evidence.second.place) = (9, 9);
        refusesAttestations(evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, EPOCH, 9));
    }

    function test_RevertIf_BothSayTheSame() external {
        bytes memory reason = abi.encodeWithSelector(ISlasher.SameContent.selector, A);
        refusesAttestations(attestationPair("A", "A"), reason);
        // Saying it again as a member of a later set is what the rules ask for.
        refusesAttestations(attestationPair("A", "AOfEpoch12"), reason);
    }

    function test_RevertIf_TheyStandInTheOtherOrder() external {
        bytes memory reason = abi.encodeWithSelector(ISlasher.WrongOrder.selector);
        refusesAttestations(attestationPair("B", "A"), reason);
        refusesAttestations(attestationPair("BOfEpoch12", "A"), reason);
    }

    function test_RevertIf_OneIsOfAnotherKind() external {
        refusesSignature(attestationPair("A", "BOfKind2"), "B", 2);
        evidence.kind = 2;
        (bool success, bytes memory reason) = report();
        assertFalse(success);
        assertEq(bytes4(reason), ISlasher.InvalidSignature.selector);
    }

    function test_RevertIf_OneIsOfAnotherIndex() external {
        refusesSignature(attestationPair("A", "BOfIndex6"), "B", 2);
        evidence.index = 6;
        (bool success, bytes memory reason) = report();
        assertFalse(success);
        assertEq(bytes4(reason), ISlasher.InvalidSignature.selector);
    }

    function test_RevertIf_OneIsOfAnotherEpochThanItSays() external {
        evidence.second.attestingEpoch = 12;
        refusesSignature(evidence, "BOfEpoch12", 2);
    }

    function test_RevertIf_OneIsOfAnotherChainRollupOrDeployment() external {
        refusesSignature(attestationPair("A", "BOnOtherChain"), "B", 2);
        refusesSignature(attestationPair("A", "BOfOtherRollup"), "B", 2);
        refusesSignature(attestationPair("A", "BOfOtherDeployment"), "B", 2);
    }

    function test_RevertIf_AnotherSignedOneOfThem() external {
        refusesSignature(attestationPair("A", "BByKey2"), "B", 2);
    }

    /// @dev C87.
    function test_RevertIf_TheKeyIsAnotherThanThatOfTheEpoch() external {
        refusesSignature(attestationPair("A", "BOfEpoch12ByKey5"), "BOfEpoch12", 2);
        sets.putIn(12, 0, heldBy(1, 5, 30));
        refusesSignature(attestationPair("A", "BOfEpoch12"), "BOfEpoch12", 2);
    }

    /// @dev What is signed to prove possession has another tag, whatever the digest is.
    function test_RevertIf_OneIsAProofOfPossession() external {
        refusesSignature(attestationPair("A", "BAsPossession"), "B", 2);
    }

    function test_RevertIf_TheSignaturesAreSwapped() external {
        evidence.first.signature = attestationOf("B").signature;
        evidence.second.signature = attestationOf("A").signature;
        refusesSignature(evidence, "A", 1);
    }

    function test_RevertIf_ASignatureIsInfinity() external {
        evidence.second.signature = new bytes(256);
        refusesSignature(evidence, "B", 2);
    }

    function test_RevertIf_ASignatureIsNoPoint() external {
        evidence.first.signature[255] ^= 0x01;
        refusesSignature(evidence, "A", 1);
        evidence.first.signature = new bytes(0);
        refusesSignature(evidence, "A", 1);
    }

    function test_RevertIf_ASignatureHasAnotherLength() external {
        evidence.second.signature = bytes.concat(evidence.second.signature, hex"00");
        refusesSignature(evidence, "B", 2);
    }

    /// @dev A member of one place without a key in the vectors' sense.
    function test_RevertIf_TheMembersKeyIsInfinity() external {
        SetsMock.Held memory held = heldBy(1, 1, 30);
        held.attestationKey = new bytes(128);
        sets.putIn(EPOCH, 0, held);
        refusesSignature(evidence, "A", 1);
    }

    function report() private returns (bool, bytes memory) {
        return address(slasher).call{gas: 5_000_000}(abi.encodeCall(ISlasher.slashAttestations, (evidence)));
    }

    function refusesAsSlashed() private {
        refusesAttestations(evidence, abi.encodeWithSelector(ISlasher.AlreadySlashed.selector, validatorOf(1), EPOCH));
    }

    function refusesSignature(ISlasher.AttestationEvidence memory unsigned, string memory digestOf, uint8 number)
        private
    {
        bytes32 digest = attestationOf(digestOf).digest;
        refusesAttestations(unsigned, abi.encodeWithSelector(ISlasher.InvalidSignature.selector, number, digest));
    }
}
