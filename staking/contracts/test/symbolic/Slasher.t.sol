// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Answers} from "./Answers.sol";
import {Digests} from "../../src/Digests.sol";
import {Slasher} from "../../src/Slasher.sol";
import {Wiring} from "../../src/Wiring.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";

/// @dev For all evidence of votes, all epochs, and all votes that the one member ever signed, of which there are at
/// most two; digests collide nowhere. Run by `scripts/contracts prove`.
contract SlasherProof is Test {
    struct SignedOnce {
        uint64 epoch;
        uint64 view_;
        uint8 kind;
        bytes32 batch;
    }

    Answers private answers;
    Slasher private slasher;

    function setUp() external {
        answers = new Answers();
        Wiring memory wiring;
        wiring.parameters = wiring.sets = wiring.stakes = wiring.ed25519 = wiring.bls = address(answers);
        // Halmos numbers new contracts.
        wiring.slasher = address(uint160(address(answers)) + 1);
        slasher = new Slasher(wiring, ISlasher.Constants(500, 30_000, 10, 1000e18));
    }

    /// @dev C90: one vote is no evidence, whatever is made of it.
    function check_NoSlashWithOneVote(ISlasher.VoteEvidence memory evidence, uint64 epoch, SignedOnce memory only)
        external
    {
        answers.setEpoch(epoch);
        sign(only);
        assert(!slashes(evidence));
        assert(answers.slashes() == 0);
    }

    /// @dev C86, C89: two votes are, only if they conflict in one round that evidence is taken for.
    function check_NoSlashWithoutTwoVotesThatConflict(
        ISlasher.VoteEvidence memory evidence,
        uint64 epoch,
        SignedOnce memory one,
        SignedOnce memory other
    ) external {
        answers.setEpoch(epoch);
        sign(one);
        sign(other);
        if (!slashes(evidence)) return;
        assert(one.epoch == other.epoch && one.view_ == other.view_ && one.view_ != 0);
        assert(conflict(one, other) || conflict(other, one));
        assert(one.epoch <= epoch && epoch - one.epoch <= 8);
    }

    /// @dev C88: any two reports, everything signed.
    function check_NoSecondSlash(
        ISlasher.VoteEvidence memory first,
        ISlasher.VoteEvidence memory second,
        uint64 epoch,
        uint64 later
    ) external {
        answers.setYes();
        answers.setEpoch(epoch);
        vm.assume(slashes(first));
        answers.setEpoch(later);
        assert(!slashes(second));
        assert(answers.slashes() == 1);
    }

    function sign(SignedOnce memory vote) private {
        bytes32 separator = Digests.separator(address(answers));
        answers.sign(Digests.vote(separator, 7682, vote.epoch, vote.view_, vote.kind, vote.batch));
    }

    function slashes(ISlasher.VoteEvidence memory evidence) private returns (bool success) {
        (success,) = address(slasher).call(abi.encodeCall(ISlasher.slashVotes, (evidence)));
    }

    function conflict(SignedOnce memory one, SignedOnce memory other) private pure returns (bool) {
        if (one.kind == other.kind) return (one.kind == 1 || one.kind == 3) && one.batch != other.batch;
        return one.kind == 2 && other.kind == 3;
    }
}
