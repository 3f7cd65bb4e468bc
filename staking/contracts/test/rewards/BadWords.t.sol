// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BadWordsTable} from "./BadWordsTable.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

/// @dev Forged, mutated, replayed, under-signed, of another epoch: each kind of attestation and leaf is refused by name
/// and changes nothing.
contract BadWordsTest is BadWordsTable {
    /// @dev What else would be refused is seen to be worth something: both words stand in between.
    function test_EveryKindOfBadWordIsRefusedByName() external {
        turns();
        epochs();
        signers();
        points();
        contents();
        elsewhere();
        facts();
        rewards.attest(0, root, total, signed(0, root, total));
        replays();
        laterSets();
        leavesBefore();
        rewards.bring(leaf, proofOf(other));
        leavesAfter();
        dishonestQuorums();
        rewards.bring(other, proofOf(leaf));
        assertEq(rewards.periodOf(0).broughtPoints, total);
        assertEq(refused, 57, "kinds of bad words");
        emit log_named_uint("kinds of bad attestations and leaves refused by name", refused);
    }

    /// @dev C127.
    function turns() private {
        badAttest("second period first", 1, root, total, signed(1, root, total), wrongPeriod(1, 0));
        badAttest(
            "last period of all",
            type(uint64).max,
            root,
            total,
            signed(0, root, total),
            wrongPeriod(type(uint64).max, 0)
        );
        rollTo(1);
        bytes memory reason = abi.encodeWithSelector(IRewards.PeriodNotOver.selector, 0, 1, 2);
        badAttest("not over", 0, root, total, signedIn(1, 0, root, total), reason);
        rollTo(NOW);
    }

    /// @dev C121.
    function epochs() private {
        bytes memory reason = abi.encodeWithSelector(IAttestationVerifier.AttestedBefore.selector, 0, 1);
        badAttest("set of an epoch before the last", 0, root, total, signedIn(0, 0, root, total), reason);
        reason = abi.encodeWithSelector(IAttestationVerifier.AttestedTooLate.selector, 6, 5);
        badAttest("set of too late an epoch", 0, root, total, signedIn(6, 0, root, total), reason);
        IAttestationVerifier.QuorumSignature memory quorum = signedIn(2, 0, root, total);
        quorum.attestingEpoch = 3;
        unsigned("dated later", 0, root, total, quorum);
        quorum.attestingEpoch = 1;
        unsigned("dated earlier", 0, root, total, quorum);
    }

    /// @dev C122, C123.
    function signers() private {
        IAttestationVerifier.QuorumSignature memory quorum = signed(0, root, total);
        quorum.signers = 0;
        badAttest("nobody", 0, root, total, quorum, abi.encodeWithSelector(IAttestationVerifier.NoSigners.selector));
        quorum.signers = ALL | (uint128(1) << 100);
        bytes memory reason = abi.encodeWithSelector(IAttestationVerifier.ForeignSigners.selector, uint128(1) << 100);
        badAttest("a place that nobody holds", 0, root, total, quorum, reason);
        quorum = by(ALL & ~uint128((1 << 50) - 1), ALL & ~uint128((1 << 50) - 1));
        reason = abi.encodeWithSelector(IAttestationVerifier.NoQuorum.selector, 1000, 1500);
        badAttest("exactly 2/3", 0, root, total, quorum, reason);
        quorum = by(1, 1);
        reason = abi.encodeWithSelector(IAttestationVerifier.NoQuorum.selector, 10, 1500);
        badAttest("one alone", 0, root, total, quorum, reason);
        quorum = by(ALL & ~uint128((1 << 50) - 1), ALL);
        unsigned("2/3, claimed for all", 0, root, total, quorum);
        unsigned("one missing, claimed for all", 0, root, total, by(ALL & ~uint128(1), ALL));
        unsigned("all, claimed for all but one", 0, root, total, by(ALL, ALL & ~uint128(1)));
        unsigned("another missing than claimed", 0, root, total, by(ALL & ~uint128(1), ALL & ~uint128(2)));
    }

    /// @dev C124.
    function points() private {
        IAttestationVerifier.QuorumSignature memory quorum = signed(0, root, total);
        quorum.signature = "";
        badAttest(
            "no signature",
            0,
            root,
            total,
            quorum,
            abi.encodeWithSelector(IAttestationVerifier.SignatureLength.selector, 0)
        );
        quorum.signature = new bytes(256);
        badAttest(
            "infinity", 0, root, total, quorum, abi.encodeWithSelector(IAttestationVerifier.InfiniteSignature.selector)
        );
        quorum.signature = vectorOf("x + p");
        badAttest(
            "not reduced",
            0,
            root,
            total,
            quorum,
            abi.encodeWithSelector(IAttestationVerifier.SignatureNotReduced.selector)
        );
        quorum.signature = vectorOf("y + 1");
        badAttest(
            "off the curve",
            0,
            root,
            total,
            quorum,
            abi.encodeWithSelector(IAttestationVerifier.SignatureOffCurve.selector)
        );
        bytes memory reason = abi.encodeWithSelector(IAttestationVerifier.SignatureOutsideSubgroup.selector);
        quorum.signature = vectorOf("torsion alone");
        badAttest("torsion", 0, root, total, quorum, reason);
        (, quorum.signature) =
            address(0x0d).staticcall(bytes.concat(signed(0, root, total).signature, quorum.signature));
        badAttest("torsion added", 0, root, total, quorum, reason);
        quorum.signature = vectorOf("twice");
        unsigned("of another fact", 0, root, total, quorum);
    }

    /// @dev C128: whatever else was signed.
    function contents() private {
        unsigned("another root", 0, keccak256("root"), total, signed(0, root, total));
        unsigned("fewer points", 0, root, total - 1, signed(0, root, total));
        unsigned("more points", 0, root, total + 1, signed(0, root, total));
        unsigned("no leaves", 0, 0, 0, signed(0, root, total));
        unsigned("of the next period", 0, root, total, signedIn(3, 1, root, total));
        IAttestationVerifier.QuorumSignature memory quorum = by(ALL, ALL);
        quorum.signature = signDigest(ALL, verifier.digestOf(3, 2, 0, content(root, total)));
        unsigned("of another kind", 0, root, total, quorum);
        quorum.signature = signDigest(ALL, verifier.digestOf(3, 1, 0, root));
        unsigned("the root alone", 0, root, total, quorum);
    }

    /// @dev C128.
    function elsewhere() private {
        IAttestationVerifier.QuorumSignature memory here = signed(0, root, total);
        vm.chainId(1);
        IAttestationVerifier.QuorumSignature memory quorum = signed(0, root, total);
        vm.chainId(31_337);
        unsigned("of another chain", 0, root, total, quorum);
        vm.chainId(1);
        unsigned("on another chain", 0, root, total, here);
        vm.chainId(31_337);
    }

    /// @dev C130.
    function facts() private {
        bytes memory reason = abi.encodeWithSelector(IRewards.TotalPointsTooHigh.selector, MOST + 1, MOST);
        badAttest("more points than power", 0, root, MOST + 1, signed(0, root, MOST + 1), reason);
        reason = abi.encodeWithSelector(IRewards.PointsWithoutLeaves.selector, 1);
        badAttest("points without leaves", 0, 0, 1, signed(0, 0, 1), reason);
    }

    /// @dev C127, C128.
    function replays() private {
        badAttest("again", 0, root, total, signedIn(4, 0, root, total), wrongPeriod(0, 1));
        badAttest("something else again", 0, root, total + 1, signed(0, root, total + 1), wrongPeriod(0, 1));
        unsigned("the last one as the next", 1, root, total, signed(0, root, total));
    }

    /// @dev C121: period 3 is about epoch 7, and sets up to that of 11 may sign, but it is epoch 9.
    function laterSets() private {
        rewards.attest(1, 0, 0, signedIn(3, 1, 0, 0));
        rewards.attest(2, 0, 0, signedIn(5, 2, 0, 0));
        bytes memory reason = abi.encodeWithSelector(IAttestationVerifier.AttestingEpochNotBegun.selector, 10, 9);
        badAttest("set of an epoch to come", 3, root, total, signedIn(10, 3, root, total), reason);
        reason = abi.encodeWithSelector(IRewards.PeriodNotOver.selector, 4, 9, 10);
        rewards.attest(3, 0, 0, signedIn(9, 3, 0, 0));
        badAttest("a period that goes on", 4, root, total, signedIn(9, 4, root, total), reason);
    }

    /// @dev C131.
    function leavesBefore() private {
        IRewards.Leaf memory forged = leaf;
        forged.period = 4;
        badLeaf(
            "of a period to come", forged, proofOf(other), abi.encodeWithSelector(IRewards.NotAttested.selector, 4, 4)
        );
        forged.period = 1;
        notInRoot("of a period without leaves", forged, proofOf(other));
        forged = leaf;
        forged.points += 1;
        notInRoot("more points", forged, proofOf(other));
        forged.points -= 2;
        notInRoot("fewer points", forged, proofOf(other));
        forged = leaf;
        forged.validator = nameOf(1);
        notInRoot("of another validator", forged, proofOf(other));
        forged = leaf;
        forged.done += 1;
        notInRoot("more done", forged, proofOf(other));
        forged = leaf;
        forged.duties -= 1;
        notInRoot("fewer duties", forged, proofOf(other));
        forged = leaf;
        forged.previousPeriodPlusOne = 1;
        notInRoot("another period before", forged, proofOf(other));
        notInRoot("no proof", leaf, new bytes32[](0));
        notInRoot("proof of the other", leaf, proofOf(leaf));
        bytes32[] memory proof = new bytes32[](2);
        proof[0] = rewards.leafHash(other);
        notInRoot("too long a proof", leaf, proof);
        (proof[0], proof[1]) = (proof[1], proof[0]);
        notInRoot("proof with something before", leaf, proof);
    }

    /// @dev C133.
    function leavesAfter() private {
        bytes memory reason = abi.encodeWithSelector(IRewards.AlreadyBrought.selector, nameOf(0), 0, 1);
        badLeaf("again", leaf, proofOf(other), reason);
    }

    /// @dev C130 to C133: what a quorum that lies may attest, and who gets nothing by it.
    function dishonestQuorums() private {
        rollTo(20);
        IRewards.Leaf memory lie = IRewards.Leaf(4, nameOf(0), 1, MOST_OF_ONE + 1, 100, 100);
        bytes memory reason =
            abi.encodeWithSelector(IRewards.TooManyPoints.selector, nameOf(0), MOST_OF_ONE + 1, MOST_OF_ONE);
        lied("points of others", lie, lie.points, reason);
        lie = IRewards.Leaf(5, address(this), 0, 1, 100, 100);
        reason = abi.encodeWithSelector(IRewards.TooManyPoints.selector, address(this), 1, 0);
        lied("points of no member", lie, 1, reason);
        lie = IRewards.Leaf(6, nameOf(0), 1, 5e6, 101, 100);
        lied("more done than duties", lie, 5e6, abi.encodeWithSelector(IRewards.MoreDoneThanDuties.selector, 101, 100));
        lie = IRewards.Leaf(7, nameOf(0), 7, 5e6, 100, 100);
        reason = abi.encodeWithSelector(IRewards.WrongPrevious.selector, nameOf(0), 7, 1);
        lied("one left out before", lie, 5e6, reason);
        lie = IRewards.Leaf(8, nameOf(0), 0, 5e6, 100, 100);
        lied("none before", lie, 5e6, abi.encodeWithSelector(IRewards.WrongPrevious.selector, nameOf(0), 0, 1));
        lie = IRewards.Leaf(9, nameOf(0), 1, 5e6, 100, 100);
        reason = abi.encodeWithSelector(IRewards.MorePointsThanAttested.selector, 9, 5e6, 5e6 - 1);
        lied("more than all leaves", lie, 5e6 - 1, reason);
    }

    function lied(string memory kind, IRewards.Leaf memory lie, uint96 points_, bytes memory reason) private {
        bytes32 hash = rewards.leafHash(lie);
        rewards.attest(lie.period, hash, points_, signedIn(lie.period * 2 + 2, lie.period, hash, points_));
        badLeaf(kind, lie, new bytes32[](0), reason);
    }
}
