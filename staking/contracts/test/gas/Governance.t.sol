// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ProposalsFixture} from "../governance/ProposalsFixture.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";

/// @dev What voters, proposers and the guardian pay, as whole transactions. What they call is real; what that asks,
/// sets and stakes, answers from one word of storage.
contract GovernanceGasTest is ProposalsFixture {
    /// @dev C150: what a bond pays for votes, beside its own transaction.
    function test_Votes() external {
        stakes.bond(validatorOf(0), accountOf(8), 1e18);
        mine(1);
        asStakes();
        votes.bonded(accountOf(7), 1e18);
        vm.snapshotGasLastCall("StakeVotes", "bonded, a new account (from the stakes)");
        asStakes();
        votes.bonded(accountOf(8), 1e18);
        vm.snapshotGasLastCall("StakeVotes", "bonded, a known account (from the stakes)");
        mine(1);
        asStakes();
        votes.unbonded(accountOf(8), 1e18);
        vm.snapshotGasLastCall("StakeVotes", "unbonded (from the stakes)");
        mine(1);
        vm.prank(accountOf(2));
        votes.delegate(accountOf(0));
        vm.snapshotGasLastCall("StakeVotes", "delegate, for the first time");
        mine(1);
        vm.prank(accountOf(2));
        votes.delegate(accountOf(1));
        vm.snapshotGasLastCall("StakeVotes", "delegate, to another");
        mine(1);
        asStakes();
        votes.bonded(accountOf(2), 1e18);
        vm.snapshotGasLastCall("StakeVotes", "bonded, somebody else votes (from the stakes)");
        stakes.bond(validatorOf(3), accountOf(7), 1e18);
        stakes.slash(validatorOf(3), accountOf(3));
        mine(1);
        votes.sync(validatorOf(3), accountOf(7));
        vm.snapshotGasLastCall("StakeVotes", "sync");
    }

    function test_Proposal() external {
        Draft memory made = setsParameters(values());
        uint256 id = propose(made);
        vm.snapshotGasLastCall("StakeGovernor", "propose, one call");
        mine(DELAY + 1);
        vote(id, 0, FOR);
        vm.snapshotGasLastCall("StakeGovernor", "castVote, the first");
        vote(id, 1, FOR);
        vm.snapshotGasLastCall("StakeGovernor", "castVote");
        mine(PERIOD);
        queue(made);
        vm.snapshotGasLastCall("StakeGovernor", "queue, one call");
        mine(TIMELOCK / 12);
        execute(made);
        vm.snapshotGasLastCall("StakeGovernor", "execute, the parameters");
    }

    function test_EightCalls() external {
        Draft memory made = expels(5);
        sets.setPower(validatorOf(5), TOTAL / 10);
        address[] memory accounts = new address[](100);
        for (uint160 i = 0; i < 100; ++i) {
            accounts[i] = address(0xC000 + i);
        }
        for (uint256 i = 0; i < 7; ++i) {
            add(made, address(admission), abi.encodeCall(IAdmission.setAllowed, (accounts, i % 2 == 0)));
        }
        uint256 id = propose(made);
        vm.snapshotGasLastCall("StakeGovernor", "propose, eight calls, 700 accounts");
        mine(DELAY + 1);
        vote(id, 0, FOR);
        mine(PERIOD);
        queue(made);
        vm.snapshotGasLastCall("StakeGovernor", "queue, eight calls, 700 accounts");
        mine(TIMELOCK / 12);
        execute(made);
        vm.snapshotGasLastCall("StakeGovernor", "execute, eight calls, 700 accounts");
    }

    function test_Cancel() external {
        Draft memory made = liftsAllowList();
        propose(made);
        vm.prank(accountOf(0));
        governor.cancel(made.targets, made.values, made.calls, keccak256(bytes(made.description)));
        vm.snapshotGasLastCall("StakeGovernor", "cancel");
        made.description = "Again";
        pass(made);
        cancelAsGuardian(made);
        vm.snapshotGasLastCall("StakeGovernor", "cancelByGuardian");
    }

    function test_Guardian() external {
        vm.prank(GUARDIAN);
        admission.pause();
        vm.snapshotGasLastCall("Admission", "pause");
        vm.prank(GUARDIAN);
        admission.unpause();
        vm.snapshotGasLastCall("Admission", "unpause");
    }

    function test_Expel() external {
        sets.setPower(validatorOf(5), TOTAL / 10);
        enact(expels(5));
        vm.snapshotGasLastCall("StakeGovernor", "execute, an expulsion (without the stakes' part)");
    }

    function asStakes() private {
        vm.prank(address(stakes));
    }
}
