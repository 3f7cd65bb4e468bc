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
        measured("StakeVotes", "bonded, a new account (from the stakes)");
        asStakes();
        votes.bonded(accountOf(8), 1e18);
        measured("StakeVotes", "bonded, a known account (from the stakes)");
        mine(1);
        asStakes();
        votes.unbonded(accountOf(8), 1e18);
        measured("StakeVotes", "unbonded (from the stakes)");
        vm.prank(accountOf(2));
        votes.delegate(accountOf(1));
        mine(1);
        asStakes();
        votes.bonded(accountOf(2), 1e18);
        measured("StakeVotes", "bonded, somebody else votes (from the stakes)");
    }

    function test_EightCalls() external {
        Draft memory made = draft(address(admission), allows(0));
        for (uint160 i = 1; i < 8; ++i) {
            add(made, address(admission), allows(i));
        }
        uint256 id = propose(made);
        measured("StakeGovernor", "propose, eight calls, 256 accounts");
        mine(DELAY + 1);
        vote(id, 0, FOR);
        mine(PERIOD);
        queue(made);
        measured("StakeGovernor", "queue, eight calls, 256 accounts");
        mine(TIMELOCK / 12);
        execute(made);
        measured("StakeGovernor", "execute, eight calls, 256 accounts");
    }

    function test_Cancel() external {
        Draft memory made = liftsAllowList();
        propose(made);
        vm.prank(accountOf(0));
        governor.cancel(made.targets, made.values, made.calls, keccak256(bytes(made.description)));
        measured("StakeGovernor", "cancel");
        made.description = "Again";
        pass(made);
        cancelAsGuardian(made);
        measured("StakeGovernor", "cancelByGuardian");
    }

    function test_Guardian() external {
        vm.prank(GUARDIAN);
        admission.pause();
        measured("Admission", "pause");
        vm.prank(GUARDIAN);
        admission.unpause();
        measured("Admission", "unpause");
    }

    /// @dev As many as a call may have, each for the first time.
    function allows(uint160 number) private pure returns (bytes memory) {
        address[] memory accounts = new address[](32);
        for (uint160 i = 0; i < 32; ++i) {
            accounts[i] = address(0xC000 + 32 * number + i);
        }
        return abi.encodeCall(IAdmission.setAllowed, (accounts, true));
    }

    function measured(string memory group, string memory name) private {
        assertLt(vm.snapshotGasLastCall(group, name), 8_000_000, name);
    }

    function asStakes() private {
        vm.prank(address(stakes));
    }
}
