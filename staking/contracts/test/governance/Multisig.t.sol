// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";
import {Vm} from "forge-std/Vm.sol";

import {ProposalsFixture} from "./ProposalsFixture.sol";
import {Multisig} from "./Multisig.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";
import {IStakeGovernor} from "../../src/interfaces/IStakeGovernor.sol";

/// @dev C162 to C164 with a guardian of two out of three, who really sign.
contract MultisigGuardianTest is ProposalsFixture {
    Vm.Wallet[3] private owners;
    Multisig private multisig;

    function setUp() public override {
        bytes[] memory signers = new bytes[](3);
        for (uint256 i = 0; i < 3; ++i) {
            owners[i] = vm.createWallet(string.concat("owner ", vm.toString(i)));
            signers[i] = abi.encodePacked(owners[i].addr);
        }
        multisig = new Multisig(signers, 2);
        super.setUp();
    }

    function test_TwoOfThree_PauseAndUnpause() external {
        bytes memory call = abi.encodeCall(IAdmission.pause, ());
        refuses(address(admission), call, signed(address(admission), call, [true, false, false]));
        multisig.execute(address(admission), call, signed(address(admission), call, [true, false, true]));
        vm.expectRevert(abi.encodeWithSelector(IAdmission.RegistrationsPaused.selector, 4));
        admission.requireAdmitted(validatorOf(0));
        call = abi.encodeCall(IAdmission.unpause, ());
        multisig.execute(address(admission), call, signed(address(admission), call, [false, true, true]));
        admission.requireAdmitted(validatorOf(0));
    }

    /// @dev The same signatures are good for one call.
    function test_TwoOfThree_CannotBeReplayed() external {
        bytes memory call = abi.encodeCall(IAdmission.pause, ());
        bytes memory signatures = signed(address(admission), call, [true, true, false]);
        multisig.execute(address(admission), call, signatures);
        toEpoch(4);
        refuses(address(admission), call, signatures);
    }

    function test_TwoOfThree_CancelAProposalButNotTheirReplacement() external {
        Draft memory made = liftsAllowList();
        uint256 id = pass(made);
        bytes memory call = cancellation(made);
        refuses(address(governor), call, signed(address(governor), call, [false, false, true]));
        multisig.execute(address(governor), call, signed(address(governor), call, [true, true, true]));
        stands(id, IGovernor.ProposalState.Canceled);

        made = replacesGuardian();
        id = pass(made);
        call = cancellation(made);
        bytes memory signatures = signed(address(governor), call, [true, true, false]);
        vm.expectRevert(abi.encodeWithSelector(IStakeGovernor.ReplacesGuardian.selector, id));
        multisig.execute(address(governor), call, signatures);
        mine(TIMELOCK / 12);
        execute(made);

        call = abi.encodeCall(IAdmission.pause, ());
        signatures = signed(address(admission), call, [true, true, true]);
        vm.expectRevert(abi.encodeWithSelector(IAdmission.NotGuardian.selector, address(multisig)));
        multisig.execute(address(admission), call, signatures);
    }

    function cancellation(Draft memory made) private pure returns (bytes memory) {
        bytes32 hash = keccak256(bytes(made.description));
        return abi.encodeCall(IStakeGovernor.cancelByGuardian, (made.targets, made.values, made.calls, hash));
    }

    function refuses(address target, bytes memory call, bytes memory signatures) private {
        bytes32 digest = multisig.digestOf(target, call, multisig.nonce());
        vm.expectRevert(abi.encodeWithSelector(Multisig.NotSigned.selector, digest));
        multisig.execute(target, call, signatures);
    }

    /// @dev By those whose turn it is, in the order of the hashes of their names, as the multisigner wants it.
    function signed(address target, bytes memory call, bool[3] memory who) private returns (bytes memory) {
        bytes32 digest = multisig.digestOf(target, call, multisig.nonce());
        uint256 count = 0;
        for (uint256 i = 0; i < 3; ++i) {
            if (who[i]) ++count;
        }
        bytes[] memory signers = new bytes[](count);
        bytes[] memory signatures = new bytes[](count);
        uint256 at = 0;
        for (uint256 i = 0; i < 3; ++i) {
            if (!who[i]) continue;
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(owners[i], digest);
            (signers[at], signatures[at]) = (abi.encodePacked(owners[i].addr), abi.encodePacked(r, s, v));
            for (uint256 j = at++; j > 0 && keccak256(signers[j - 1]) > keccak256(signers[j]); --j) {
                (signers[j - 1], signers[j]) = (signers[j], signers[j - 1]);
                (signatures[j - 1], signatures[j]) = (signatures[j], signatures[j - 1]);
            }
        }
        return abi.encode(signers, signatures);
    }

    function guardian() internal view override returns (address) {
        return address(multisig);
    }
}
