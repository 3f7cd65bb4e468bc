// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BadEvidenceTable} from "./BadEvidenceTable.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";

/// @dev Forged, mutated, replayed, swapped, expired, of another chain, of another epoch: each kind is refused by name,
/// and changes nothing. What every error is for in detail stands in `VoteRefusals` and `SlashAttestations`.
contract BadEvidenceTest is BadEvidenceTable {
    bytes32 private constant A = bytes32(uint256(0xaa) * (type(uint256).max / 0xff));
    uint256 private constant ORDER = 2 ** 252 + 27_742_317_777_372_353_535_851_937_790_883_648_493;

    /// @dev What else would be refused is seen to be worth something: the evidence that all of it is made from slashes.
    function test_EveryKindOfBadEvidenceIsRefusedByName() external {
        beside();
        pairs();
        signatures();
        swaps();
        elsewhere();
        rotations();
        again();
        facts();
        factSignatures();
        factBytes();
        assertEq(refused, 79, "kinds of bad evidence");
        emit log_named_uint("kinds of bad evidence refused by name", refused);

        uint256 before = vm.snapshotState();
        report(honest());
        assertTrue(stakes.isSlashed(seedOf(1)));
        assertTrue(vm.revertToState(before));
        slasher.slashAttestations(attestations("A", "B"));
        assertTrue(stakes.isSlashed(seedOf(1)));
    }

    /// @dev Epoch and place.
    function beside() private {
        ISlasher.VoteEvidence memory evidence = honest();
        evidence.epoch = 13;
        badVotes("future epoch", evidence, abi.encodeWithSelector(ISlasher.FutureEpoch.selector, 13, 12));
        evidence.epoch = type(uint64).max;
        badVotes("last epoch", evidence, abi.encodeWithSelector(ISlasher.FutureEpoch.selector, evidence.epoch, 12));
        evidence.epoch = 3;
        badVotes("expired", evidence, abi.encodeWithSelector(ISlasher.EvidenceExpired.selector, 3, 12, 11));
        evidence = pair(0, 0, "notarizeAOfEpoch0", "notarizeBOfEpoch0");
        badVotes("long expired", evidence, abi.encodeWithSelector(ISlasher.EvidenceExpired.selector, 0, 12, 8));
        evidence = honest();
        evidence.epoch = 11;
        unsignedVotes("old pair dated later", evidence, 1);
        evidence.epoch = 9;
        unsignedVotes("pair dated earlier", evidence, 1);
        evidence = honest();
        evidence.place = 5;
        badVotes("empty place", evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, 10, 5));
        evidence.place = 128;
        badVotes("place beyond the last", evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, 10, 128));
        evidence.place = 1;
        unsignedVotes("place of another member", evidence, 1);
        evidence = notarizeTwice(6, 5, NEWCOMER);
        badVotes("member only later", evidence, abi.encodeWithSelector(ISlasher.NoMember.selector, 5, NEWCOMER));
    }

    /// @dev What is no slashable pair, signed well.
    function pairs() private {
        bytes memory wrongOrder = abi.encodeWithSelector(ISlasher.WrongOrder.selector);
        ISlasher.VoteEvidence memory evidence = votes("notarizeAOfView0", "notarizeBOfView0");
        evidence.view_ = 0;
        badVotes("view 0", evidence, abi.encodeWithSelector(ISlasher.ZeroView.selector));
        badVotes("kind 0", votes("kind0", "notarizeB"), abi.encodeWithSelector(ISlasher.UnknownKind.selector, 0));
        badVotes("kind 4", votes("finalizeB", "kind4"), abi.encodeWithSelector(ISlasher.UnknownKind.selector, 4));
        evidence = votes("nullifyNamingA", "finalizeB");
        badVotes("nullify names a batch", evidence, abi.encodeWithSelector(ISlasher.NullifyNamesBatch.selector, A));
        evidence = votes("notarizeNothing", "notarizeB");
        badVotes("notarize names none", evidence, abi.encodeWithSelector(ISlasher.NoBatch.selector, 1));
        evidence = votes("nullify", "finalizeNothing");
        badVotes("finalize names none", evidence, abi.encodeWithSelector(ISlasher.NoBatch.selector, 3));
        evidence = votes("notarizeA", "notarizeA");
        badVotes("same vote twice", evidence, abi.encodeWithSelector(ISlasher.SameVote.selector, 1, A));
        evidence = votes("notarizeA", "notarizeAAgain");
        badVotes("same vote signed twice", evidence, abi.encodeWithSelector(ISlasher.SameVote.selector, 1, A));
        evidence = votes("nullify", "nullify");
        badVotes("same nullify vote", evidence, abi.encodeWithSelector(ISlasher.SameVote.selector, 2, 0));
        badVotes("hashes in the other order", votes("notarizeB", "notarizeA"), wrongOrder);
        badVotes("kinds in the other order", votes("finalizeA", "nullify"), wrongOrder);
        evidence = votes("notarizeA", "nullify");
        badVotes("notarize, nullify", evidence, abi.encodeWithSelector(ISlasher.NotSlashable.selector, 1, 2));
        evidence = votes("notarizeA", "finalizeA");
        badVotes("notarize, finalize", evidence, abi.encodeWithSelector(ISlasher.NotSlashable.selector, 1, 3));
        evidence = votes("notarizeA", "finalizeB");
        badVotes("notarize, finalize another", evidence, abi.encodeWithSelector(ISlasher.NotSlashable.selector, 1, 3));
    }

    /// @dev Forged and mutated.
    function signatures() private {
        ISlasher.VoteEvidence memory evidence = honest();
        evidence.second.r ^= bytes32(uint256(1));
        unsignedVotes("r with one bit changed", evidence, 2);
        evidence = honest();
        evidence.first.s ^= bytes32(uint256(1) << 255);
        unsignedVotes("s with one bit changed", evidence, 1);
        evidence = honest();
        (evidence.first.r, evidence.first.s) = (0, 0);
        unsignedVotes("no signature", evidence, 1);
        (evidence.first.r, evidence.first.s) = (keccak256("r"), bytes32(uint256(keccak256("s")) >> 8 << 8));
        unsignedVotes("forged signature", evidence, 1);
        unsignedVotes("s of the order and more", votes("notarizeA", "notarizeBWithLargeS"), 2);
        evidence = votes("notarizeA", "notarizeBWithLargeS");
        evidence.second.s = littleEndian(ORDER);
        unsignedVotes("s of the order", evidence, 2);
        unsignedVotes("r with torsion", votes("notarizeA", "notarizeBWithTorsion"), 2);
        unsignedVotes("r of small order", votes("notarizeA", "notarizeBWithSmallOrderR"), 2);
        evidence = honest();
        evidence.second.r = bytes32(type(uint256).max);
        unsignedVotes("r that is no point", evidence, 2);
        evidence = honest();
        evidence.second.batch = bytes32(uint256(evidence.second.batch) + 1);
        unsignedVotes("another batch than signed", evidence, 2);
        evidence = honest();
        evidence.view_ = 4;
        unsignedVotes("another view than signed", evidence, 1);
    }

    /// @dev Signatures that stand, but not there.
    function swaps() private {
        ISlasher.VoteEvidence memory evidence = honest();
        (evidence.first.r, evidence.second.r) = (evidence.second.r, evidence.first.r);
        (evidence.first.s, evidence.second.s) = (evidence.second.s, evidence.first.s);
        unsignedVotes("signatures swapped", evidence, 1);
        evidence = honest();
        (evidence.second.r, evidence.second.s) = (evidence.second.s, evidence.second.r);
        unsignedVotes("halves swapped", evidence, 2);
        evidence = honest();
        (evidence.second.r, evidence.second.s) = (evidence.first.r, evidence.first.s);
        unsignedVotes("one signature for both", evidence, 2);
        evidence = votes("finalizeA", "finalizeB");
        (evidence.first.r, evidence.first.s) = (signed("notarizeA").r, signed("notarizeA").s);
        unsignedVotes("notarize passed off as finalize", evidence, 1);
        unsignedVotes("one of another view", votes("notarizeA", "notarizeBOfView4"), 2);
        unsignedVotes("one of another epoch", votes("notarizeA", "notarizeBOfEpoch11"), 2);
        unsignedVotes("one by another member", votes("notarizeA", "notarizeBByKey2"), 2);
        unsignedVotes("both by another member", votes("notarizeAByKey2", "notarizeBByKey2"), 1);
        unsignedVotes("by nobody's key", votes("notarizeAByKey5", "notarizeBByKey5"), 1);
    }

    /// @dev Another chain, rollup, contract.
    function elsewhere() private {
        unsignedVotes("another chain", votes("notarizeAOnOtherChain", "notarizeBOnOtherChain"), 1);
        unsignedVotes("one of another chain", votes("notarizeA", "notarizeBOnOtherChain"), 2);
        unsignedVotes("another rollup", votes("notarizeAOfOtherRollup", "notarizeBOfOtherRollup"), 1);
        unsignedVotes("another contract", votes("notarizeAOfOtherDeployment", "notarizeBOfOtherDeployment"), 1);
    }

    /// @dev A key convicts for the epochs in which it was the member's.
    function rotations() private {
        unsignedVotes("key before it serves", notarizeTwice(7, 8, NEWCOMER), 1);
        unsignedVotes("key after it served", notarizeTwice(6, 9, NEWCOMER), 1);
    }

    /// @dev The member of place 3 was slashed for epoch 10.
    function again() private {
        bytes memory reason = abi.encodeWithSelector(ISlasher.AlreadySlashed.selector, seedOf(4), 10);
        badVotes("replayed", pair(10, 3, "notarizeAByKey4", "notarizeBByKey4"), reason);
        badVotes("replayed as another pair", pair(10, 3, "nullifyByKey4", "finalizeBByKey4"), reason);
        badVotes("replayed for another epoch", pair(12, 3, "notarizeAByKey4", "notarizeBByKey4"), reason);
        ISlasher.AttestationEvidence memory evidence = attestations("A", "B");
        (evidence.first.place, evidence.second.place) = (3, 3);
        badAttestations("attestations of one that is slashed", evidence, reason);
    }

    /// @dev Attestations: epoch, place, content.
    function facts() private {
        ISlasher.AttestationEvidence memory evidence = attestations("A", "B");
        evidence.second.attestingEpoch = 13;
        bytes memory reason = abi.encodeWithSelector(ISlasher.FutureEpoch.selector, 13, 12);
        badAttestations("attested in the future", evidence, reason);
        (evidence.first.attestingEpoch, evidence.second.attestingEpoch) = (3, 2);
        reason = abi.encodeWithSelector(ISlasher.EvidenceExpired.selector, 3, 12, 11);
        badAttestations("expired attestations", evidence, reason);
        evidence = attestations("A", "B");
        evidence.second.place = 9;
        reason = abi.encodeWithSelector(ISlasher.NoMember.selector, 10, 9);
        badAttestations("attested from an empty place", evidence, reason);
        evidence = attestations("A", "BByKey2");
        evidence.second.place = 1;
        reason = abi.encodeWithSelector(ISlasher.DifferentValidators.selector, seedOf(1), seedOf(2));
        badAttestations("attested by two", evidence, reason);
        reason = abi.encodeWithSelector(ISlasher.SameContent.selector, A);
        badAttestations("same attestation twice", attestations("A", "A"), reason);
        badAttestations("same content in two epochs", attestations("A", "AOfEpoch12"), reason);
        reason = abi.encodeWithSelector(ISlasher.WrongOrder.selector);
        badAttestations("attestations in the other order", attestations("B", "A"), reason);
    }

    /// @dev Attestations: signatures that stand for something else.
    function factSignatures() private {
        ISlasher.AttestationEvidence memory evidence = attestations("A", "B");
        (evidence.first.signature, evidence.second.signature) = (evidence.second.signature, evidence.first.signature);
        unsignedAttestations("attestation signatures swapped", evidence, 1);
        unsignedAttestations("one of another kind", attestations("A", "BOfKind2"), 2);
        evidence = attestations("A", "B");
        evidence.kind = 2;
        unsignedAttestations("another kind than signed", evidence, 1);
        unsignedAttestations("one of another index", attestations("A", "BOfIndex6"), 2);
        evidence = attestations("A", "B");
        evidence.second.attestingEpoch = 12;
        unsignedAttestations("another epoch than signed", evidence, 2);
        unsignedAttestations("attested on another chain", attestations("A", "BOnOtherChain"), 2);
        unsignedAttestations("attested for another rollup", attestations("A", "BOfOtherRollup"), 2);
        unsignedAttestations("attested to another contract", attestations("A", "BOfOtherDeployment"), 2);
        unsignedAttestations("attested by another's key", attestations("A", "BByKey2"), 2);
        unsignedAttestations("a proof of possession", attestations("A", "BAsPossession"), 2);
    }

    /// @dev Attestations: bytes that are no signature.
    function factBytes() private {
        ISlasher.AttestationEvidence memory evidence = attestations("A", "B");
        bytes memory signature = evidence.second.signature;
        evidence.second.signature = new bytes(256);
        unsignedAttestations("infinity", evidence, 2);
        unsignedAttestations("not in the subgroup", attestations("A", "BWithTorsion"), 2);
        unsignedAttestations("coordinate not reduced", attestations("A", "BWithLargeX"), 2);
        unsignedAttestations("opposite signature", attestations("A", "BOpposite"), 2);
        evidence.second.signature = bytes.concat(signature, hex"00");
        unsignedAttestations("trailing byte", evidence, 2);
        evidence.second.signature = bytes.concat(signature);
        evidence.second.signature[255] ^= 0x01;
        unsignedAttestations("not on the curve", evidence, 2);
        assembly ("memory-safe") {
            mstore(signature, 255)
        }
        evidence.second.signature = signature;
        unsignedAttestations("truncated", evidence, 2);
        evidence.second.signature = "";
        unsignedAttestations("no bytes", evidence, 2);
    }

    function littleEndian(uint256 value) private pure returns (bytes32 bytes_) {
        for (uint256 i = 0; i < 32; ++i) {
            bytes_ |= bytes32(((value >> (8 * i)) & 0xff) << (8 * (31 - i)));
        }
    }
}
