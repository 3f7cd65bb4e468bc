// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SlasherFixture} from "./SlasherFixture.sol";
import {StakesMock} from "./Mocks.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";

/// @dev What is slashed, and what follows from it. What is refused stands in `VoteRefusals.t.sol`.
contract SlashVotesTest is SlasherFixture {
    /// @dev C89.
    function test_SlashVotes_TwoNotarizations() external {
        slashes(pair("notarizeA", "notarizeB"));
    }

    /// @dev C89.
    function test_SlashVotes_TwoFinalizations() external {
        slashes(pair("finalizeA", "finalizeB"));
    }

    /// @dev C89.
    function test_SlashVotes_NullifyAndFinalize() external {
        slashes(pair("nullify", "finalizeA"));
    }

    /// @dev C90: another signature of the same vote is one, too.
    function test_SlashVotes_AnotherSignatureOfTheFirstVote() external {
        slashes(pair("notarizeAAgain", "notarizeB"));
    }

    /// @dev C86: the last epoch in which evidence is taken.
    function test_SlashVotes_InTheLastEpochOfTheWindow() external {
        sets.setEpoch(EPOCH + EVIDENCE_EPOCHS);
        slashes(pair("notarizeA", "notarizeB"));
    }

    /// @dev C86: the epoch that has just begun.
    function test_SlashVotes_InTheCurrentEpoch() external {
        sets.setEpoch(EPOCH);
        slashes(pair("notarizeA", "notarizeB"));
    }

    /// @dev C86: there is no epoch before 0 to count from.
    function test_SlashVotes_OfEpochZero() external {
        sets.setEpoch(0);
        slasher.slashVotes(pair("notarizeAOfEpoch0", "notarizeBOfEpoch0"));
        assertSlashed(1, 0, 30, 1);
    }

    /// @dev C87: the set, the place and the key of the time, whatever became of the member since.
    function test_SlashVotes_AMemberThatHasLeftSince() external {
        for (uint64 epoch = EPOCH + 1; epoch < EPOCH + 8; ++epoch) {
            sets.putIn(epoch, 0, heldBy(9, 5, 44));
        }
        slashes(pair("notarizeA", "notarizeB"));
    }

    /// @dev C87: keys that were rotated since still convict.
    function test_SlashVotes_AKeyThatWasRotatedSince() external {
        sets.putIn(11, 0, heldBy(1, 5, 30));
        sets.putIn(12, 0, heldBy(1, 5, 30));
        slashes(pair("notarizeA", "notarizeB"));
    }

    /// @dev C88: others are judged still, each once.
    function test_SlashVotes_OneAfterAnother() external {
        slasher.slashVotes(pair("notarizeA", "notarizeB"));
        ISlasher.VoteEvidence memory evidence = pair("notarizeAByKey2", "notarizeBByKey2");
        evidence.place = 1;
        slasher.slashVotes(evidence);
        assertSlashed(2, EPOCH, 27, 2);
        assertEq(slasher.slashedPower(EPOCH), 57);
    }

    /// @dev C91: whoever sends it is the reporter; who copies a report from the mempool gets what it brings, and the
    /// first one a refusal by name.
    function test_SlashVotes_ACopiedReportCounts() external {
        address copier = address(0xC0B1);
        ISlasher.VoteEvidence memory evidence = pair("notarizeA", "notarizeB");
        vm.stopPrank();
        vm.startPrank(copier);
        slasher.slashVotes(evidence);
        (,, address reporter,,) = stakes.slashes(0);
        assertEq(reporter, copier);
        vm.stopPrank();
        vm.startPrank(REPORTER);
        refuses(evidence, abi.encodeWithSelector(ISlasher.AlreadySlashed.selector, validatorOf(1), EPOCH));
    }

    /// @dev C91: it may be the offender itself. What that brings is the stakes' rule: less than it costs.
    function test_SlashVotes_AReportOfOneself() external {
        vm.stopPrank();
        vm.startPrank(validatorOf(1));
        slasher.slashVotes(pair("notarizeA", "notarizeB"));
        (,, address reporter,,) = stakes.slashes(0);
        assertEq(reporter, validatorOf(1));
        assertEq(slasher.offenceOf(validatorOf(1)).power, 30);
    }

    /// @dev C92: an offence of an epoch with little power counts with the power that the offender has now.
    function test_SlashVotes_CountsThePowerOfNowIfThatIsMore() external {
        sets.putIn(EPOCH, 0, heldBy(1, 1, 1));
        slasher.slashVotes(pair("notarizeA", "notarizeB"));
        assertSlashed(1, EPOCH, 30, 1);
        assertEq(slasher.slashedPower(EPOCH), 30);
    }

    /// @dev C92: and with that of then, if it has less or none by now.
    function test_SlashVotes_CountsThePowerOfThenIfThatIsMore() external {
        sets.putIn(NOW, 0, heldBy(1, 1, 1));
        slasher.slashVotes(pair("notarizeA", "notarizeB"));
        assertSlashed(1, EPOCH, 30, 1);
    }

    /// @dev C91: if the stakes refuse, nothing is remembered.
    function test_RevertIf_TheStakesRefuse() external {
        stakes.setRefuses(true);
        refuses(pair("notarizeA", "notarizeB"), abi.encodeWithSelector(StakesMock.Refused.selector));
        assertEq(slasher.offenceOf(validatorOf(1)).power, 0);
        assertEq(slasher.slashedPower(EPOCH), 0);
        stakes.setRefuses(false);
        slashes(pair("notarizeA", "notarizeB"));
    }

    /// @dev C91: with any gas, everything happens or nothing does, and a lack of it passes for no verdict.
    function test_SlashVotes_UnderAnyGas() external {
        ISlasher.VoteEvidence memory evidence = pair("notarizeA", "notarizeB");
        uint256 before = vm.snapshotState();
        (uint256 refused, uint256 done) = (0, 0);
        for (uint256 gas = 20_000; gas < 800_000; gas += 4999) {
            (bool success, bytes memory reason) =
                address(slasher).call{gas: gas}(abi.encodeCall(ISlasher.slashVotes, (evidence)));
            if (success) {
                assertSlashed(1, EPOCH, 30, 1);
                ++done;
                assertTrue(vm.revertToState(before));
            } else {
                assertEq(reason.length, 0, "an error that is none of the evidence's");
                assertEq(slasher.offenceOf(validatorOf(1)).power + stakes.slashCount(), 0, "half done");
                ++refused;
            }
        }
        assertGt(done, 0, "never enough");
        assertGt(refused, 0, "always enough");
    }

    function slashes(ISlasher.VoteEvidence memory evidence) private {
        vm.expectEmit(address(slasher));
        emit ISlasher.Slashed(validatorOf(1), EPOCH, REPORTER, 30);
        slasher.slashVotes(evidence);
        assertSlashed(1, EPOCH, 30, 1);
        assertEq(slasher.slashedPower(EPOCH), 30);
    }
}
