// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {GovernorTimelockControl} from "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {ProposalsFixture} from "./ProposalsFixture.sol";
import {Admission} from "../../src/Admission.sol";
import {StakeVotes} from "../../src/StakeVotes.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";
import {IExpulsions} from "../../src/interfaces/IExpulsions.sol";
import {IStakeGovernor} from "../../src/interfaces/IStakeGovernor.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {FunderStub, PositionsStub} from "./Stubs.sol";

/// @dev C157: what governance can't do is refused when it is proposed.
contract ProposeTest is ProposalsFixture {
    /// @dev C156: a unit less than the threshold in the block before.
    function test_RevertIf_TheProposerHasTooFewVotes() external {
        stakes.bond(validatorOf(0), accountOf(7), uint96(THRESHOLD));
        Draft memory made = liftsAllowList();
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInsufficientProposerVotes.selector, accountOf(7), 0, THRESHOLD)
        );
        vm.prank(accountOf(7));
        governor.propose(made.targets, made.values, made.calls, made.description);
        mine(1);
        vm.prank(accountOf(7));
        governor.propose(made.targets, made.values, made.calls, made.description);
    }

    function test_RevertIf_TheLengthsDiffer() external {
        Draft memory made = liftsAllowList();
        made.values = new uint256[](0);
        refuses(made, abi.encodeWithSelector(IGovernor.GovernorInvalidProposalLength.selector, 1, 1, 0));
        made.values = new uint256[](1);
        made.calls = new bytes[](2);
        refuses(made, abi.encodeWithSelector(IGovernor.GovernorInvalidProposalLength.selector, 1, 2, 1));
        made = Draft(new address[](0), new uint256[](0), new bytes[](0), "");
        refuses(made, abi.encodeWithSelector(IGovernor.GovernorInvalidProposalLength.selector, 0, 0, 0));
    }

    function test_RevertIf_ItStandsAlready() external {
        uint256 id = propose(liftsAllowList());
        refuses(
            liftsAllowList(),
            abi.encodeWithSelector(
                IGovernor.GovernorUnexpectedProposalState.selector, id, IGovernor.ProposalState.Pending, bytes32(0)
            )
        );
    }

    function test_RevertIf_ACallSendsEther() external {
        Draft memory made = liftsAllowList();
        add(made, address(rewards), abi.encodeCall(FunderStub.setFunder, (STRANGER)));
        made.values[1] = 1;
        refuses(made, abi.encodeWithSelector(IStakeGovernor.ValueNotAllowed.selector, address(rewards), 1));
    }

    /// @dev Eight, and one more.
    function test_RevertIf_ThereAreTooManyCalls() external {
        Draft memory made = liftsAllowList();
        for (uint256 i = 0; i < 7; ++i) {
            add(made, address(admission), abi.encodeCall(IAdmission.setAllowList, (0)));
        }
        propose(made);
        add(made, address(admission), abi.encodeCall(IAdmission.setAllowList, (0)));
        refuses(made, abi.encodeWithSelector(IStakeGovernor.TooManyCalls.selector, 9, 8));
    }

    function test_RevertIf_ItExpelsTwo() external {
        Draft memory made = expels(0);
        add(made, address(expulsions), abi.encodeCall(IExpulsions.expel, (validatorOf(1))));
        refuses(made, abi.encodeWithSelector(IStakeGovernor.TooManyExpulsions.selector, 2, 1));
    }

    function test_RevertIf_TheCallHasNoSelector() external {
        refusesCall(address(parameters), "");
        refusesCall(address(admission), hex"000000");
        refusesCall(address(timelock), "");
    }

    /// @dev The guardian's and the governor's acts are not governance's.
    function test_RevertIf_TheCallBelongsToAnother() external {
        refusesCall(address(admission), abi.encodeCall(Admission.pause, ()));
        refusesCall(address(admission), abi.encodeCall(Admission.unpause, ()));
        refusesCall(address(admission), abi.encodeCall(Admission.spendCancellation, (GUARDIAN)));
        refusesCall(address(votes), abi.encodeCall(StakeVotes.bonded, (STRANGER, 1)));
        refusesCall(address(stakes), abi.encodeCall(PositionsStub.expel, (validatorOf(0))));
        refusesCall(STRANGER, abi.encodeCall(IStakingParameters.set, (values())));
        refusesCall(address(0), abi.encodeCall(IExpulsions.expel, (validatorOf(0))));
    }

    /// @dev Right calls at wrong doors.
    function test_RevertIf_TheTargetIsAnother() external {
        bytes[6] memory calls = [
            abi.encodeCall(IStakingParameters.set, (values())),
            abi.encodeCall(IAdmission.setAllowList, (0)),
            abi.encodeCall(IAdmission.setAllowed, (new address[](0), true)),
            abi.encodeCall(IAdmission.setGuardian, (STRANGER, 50)),
            abi.encodeCall(IExpulsions.expel, (validatorOf(0))),
            abi.encodeCall(FunderStub.setFunder, (STRANGER))
        ];
        address[4] memory doors = [address(parameters), address(admission), address(expulsions), address(rewards)];
        uint256[6] memory homes = [uint256(0), 1, 1, 1, 2, 3];
        for (uint256 i = 0; i < 6; ++i) {
            for (uint256 j = 0; j < 4; ++j) {
                if (homes[i] != j) refusesCall(doors[j], calls[i]);
            }
        }
    }

    /// @dev C159: the timelock administers itself, but no proposal reaches it.
    function test_RevertIf_ItReachesTheTimelock() external {
        refusesCall(address(timelock), abi.encodeCall(TimelockController.updateDelay, (0)));
        bytes32 role = timelock.PROPOSER_ROLE();
        refusesCall(address(timelock), abi.encodeCall(IAccessControl.grantRole, (role, STRANGER)));
        refusesCall(address(timelock), abi.encodeCall(IAccessControl.revokeRole, (role, address(governor))));
        refusesCall(
            address(timelock),
            abi.encodeCall(TimelockController.schedule, (STRANGER, 0, "", bytes32(0), bytes32(0), TIMELOCK))
        );
    }

    /// @dev C159: nor the governor's own calls.
    function test_RevertIf_ItReachesTheGovernor() external {
        refusesCall(address(governor), abi.encodeCall(Governor.relay, (STRANGER, 0, "")));
        refusesCall(address(governor), abi.encodeCall(GovernorTimelockControl.updateTimelock, (timelock)));
    }

    /// @dev C159: and by no other way: only the governor proposes to the timelock, and the timelock has no other admin.
    function test_RevertIf_AnybodyGoesAroundTheGovernor() external {
        bytes memory call = abi.encodeCall(IExpulsions.expel, (validatorOf(0)));
        bytes32 proposer = timelock.PROPOSER_ROLE();
        bytes memory refusal =
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, address(this), proposer);
        vm.expectRevert(refusal);
        timelock.schedule(address(expulsions), 0, call, bytes32(0), bytes32(0), TIMELOCK);
        bytes32 admin = timelock.DEFAULT_ADMIN_ROLE();
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, address(this), admin)
        );
        timelock.grantRole(proposer, address(this));
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorOnlyExecutor.selector, address(this)));
        governor.relay(address(expulsions), 0, call);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorOnlyExecutor.selector, address(this)));
        governor.updateTimelock(timelock);
        assertTrue(timelock.hasRole(timelock.EXECUTOR_ROLE(), address(0)));
        assertTrue(timelock.hasRole(proposer, address(governor)));
        assertTrue(timelock.hasRole(timelock.CANCELLER_ROLE(), address(governor)));
        assertFalse(timelock.hasRole(admin, address(this)));
        assertFalse(timelock.hasRole(admin, address(governor)));
    }

    /// @dev C157: nothing but the six.
    function testFuzz_RevertIf_TheCallIsAnother(uint256 door, bytes4 selector) external {
        address[8] memory doors = [
            address(parameters),
            address(admission),
            address(expulsions),
            address(rewards),
            address(votes),
            address(stakes),
            address(governor),
            address(timelock)
        ];
        vm.assume(selector != IStakingParameters.set.selector && selector != IExpulsions.expel.selector);
        vm.assume(selector != IAdmission.setAllowList.selector && selector != IAdmission.setAllowed.selector);
        vm.assume(selector != IAdmission.setGuardian.selector && selector != FunderStub.setFunder.selector);
        refusesCall(doors[door % 8], abi.encodePacked(selector, uint256(1), uint256(2)));
    }

    function refusesCall(address target, bytes memory call) private {
        bytes4 selector = call.length < 4 ? bytes4(0) : bytes4(call);
        refuses(draft(target, call), abi.encodeWithSelector(IStakeGovernor.CallNotAllowed.selector, target, selector));
        // Not either behind another one.
        Draft memory second = liftsAllowList();
        add(second, target, call);
        refuses(second, abi.encodeWithSelector(IStakeGovernor.CallNotAllowed.selector, target, selector));
    }

    function refuses(Draft memory made, bytes memory reason) private {
        vm.expectRevert(reason);
        propose(made);
    }
}
