// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {GovernanceFixture} from "./GovernanceFixture.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";
import {IExpulsions} from "../../src/interfaces/IExpulsions.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";

/// @dev A proposal's life, step by step.
abstract contract ProposalsFixture is GovernanceFixture {
    struct Draft {
        address[] targets;
        uint256[] values;
        bytes[] calls;
        string description;
    }

    uint8 internal constant AGAINST = 0;
    uint8 internal constant FOR = 1;
    uint8 internal constant ABSTAIN = 2;

    function draft(address target, bytes memory call) internal pure returns (Draft memory made) {
        made = Draft(new address[](0), new uint256[](0), new bytes[](0), "A proposal");
        add(made, target, call);
    }

    function add(Draft memory made, address target, bytes memory call) internal pure {
        uint256 count = made.targets.length;
        address[] memory targets = new address[](count + 1);
        bytes[] memory calls = new bytes[](count + 1);
        for (uint256 i = 0; i < count; ++i) {
            (targets[i], calls[i]) = (made.targets[i], made.calls[i]);
        }
        (targets[count], calls[count]) = (target, call);
        (made.targets, made.values, made.calls) = (targets, new uint256[](count + 1), calls);
    }

    function liftsAllowList() internal view returns (Draft memory) {
        return draft(address(admission), abi.encodeCall(IAdmission.setAllowList, (0)));
    }

    function replacesGuardian() internal view returns (Draft memory) {
        return draft(address(admission), abi.encodeCall(IAdmission.setGuardian, (STRANGER, 50)));
    }

    function expels(uint256 index) internal view returns (Draft memory) {
        return draft(address(expulsions), abi.encodeCall(IExpulsions.expel, (validatorOf(index))));
    }

    function setsParameters(IStakingParameters.Values memory changed) internal view returns (Draft memory) {
        return draft(address(parameters), abi.encodeCall(IStakingParameters.set, (changed)));
    }

    function propose(Draft memory made) internal returns (uint256 id) {
        vm.prank(accountOf(0));
        return governor.propose(made.targets, made.values, made.calls, made.description);
    }

    function vote(uint256 id, uint256 index, uint8 support) internal {
        vm.prank(accountOf(index));
        governor.castVote(id, support);
    }

    function queue(Draft memory made) internal {
        governor.queue(made.targets, made.values, made.calls, keccak256(bytes(made.description)));
    }

    function execute(Draft memory made) internal {
        governor.execute(made.targets, made.values, made.calls, keccak256(bytes(made.description)));
    }

    function cancelAsGuardian(Draft memory made) internal {
        vm.prank(guardian());
        governor.cancelByGuardian(made.targets, made.values, made.calls, keccak256(bytes(made.description)));
    }

    /// @dev Proposed, voted for by 57 % and queued.
    function pass(Draft memory made) internal returns (uint256 id) {
        id = propose(made);
        mine(DELAY + 1);
        vote(id, 0, FOR);
        vote(id, 1, FOR);
        mine(PERIOD);
        queue(made);
    }

    /// @dev All of it.
    function enact(Draft memory made) internal returns (uint256 id) {
        id = pass(made);
        mine(TIMELOCK / 12);
        execute(made);
    }

    function stands(uint256 id, IGovernor.ProposalState expected) internal view {
        assertEq(uint256(governor.state(id)), uint256(expected), "state");
    }
}
