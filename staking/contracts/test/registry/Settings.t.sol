// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BlsVerifier} from "../../src/BlsVerifier.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "../../src/interfaces/IValidatorSets.sol";
import {RegistryFixture} from "./RegistryFixture.sol";

/// @dev C59: what the operator sets.
contract SettingsTest is RegistryFixture {
    address private constant ANOTHER = address(0xE1);

    address private validator;

    function setUp() public override {
        super.setUp();
        create(1);
        validator = validatorOf(1);
    }

    function test_SetFeeRecipient_TellsTheSets() external {
        vm.expectCall(SETS, abi.encodeCall(IValidatorSets.setFeeRecipient, (validator, ANOTHER)), 1);
        vm.expectEmit(address(registry));
        emit IValidatorRegistry.FeeRecipientChanged(validator, ANOTHER);
        vm.prank(validator);
        registry.setFeeRecipient(validator, ANOTHER);
        assertEq(registry.accountsOf(validator).feeRecipient, ANOTHER);
    }

    /// @dev C57.
    function test_RevertIf_TheFeeRecipientIsZero() external {
        vm.expectRevert(IValidatorRegistry.ZeroAddress.selector);
        vm.prank(validator);
        registry.setFeeRecipient(validator, address(0));
    }

    /// @dev C62.
    function test_RevertIf_ASlashedValidatorSetsAFeeRecipient() external {
        slash(1);
        vm.expectRevert(refusal(IValidatorRegistry.Tombstoned.selector, validator));
        vm.prank(validator);
        registry.setFeeRecipient(validator, ANOTHER);
    }

    function test_SetSubmitter_NamesItAtOnce() external {
        vm.expectEmit(address(registry));
        emit IValidatorRegistry.SubmitterChanged(validator, ANOTHER);
        vm.prank(validator);
        registry.setSubmitter(validator, ANOTHER);
        assertEq(registry.submitterOf(validator), ANOTHER);
        assertEq(registry.accountsOf(validator).submitter, ANOTHER);
    }

    /// @dev C59: with no submitter named, a stolen operator key stops submitting when the operator is replaced.
    function test_SetSubmitter_ZeroIsWhoeverIsTheOperator() external {
        vm.prank(validator);
        registry.setSubmitter(validator, address(0));
        assertEq(registry.submitterOf(validator), validator);
        handOver(1, ANOTHER);
        assertEq(registry.submitterOf(validator), ANOTHER);
    }

    function test_SetMetadata_AnnouncesIt() external {
        vm.expectEmit(address(registry));
        emit IValidatorRegistry.MetadataChanged(validator, "/ip4/192.0.2.1/tcp/26656", "name");
        vm.prank(validator);
        registry.setMetadata(validator, "/ip4/192.0.2.1/tcp/26656", "name");
    }

    /// @dev C61: at the limits, and one past each.
    function test_RevertIf_TheWordsAreTooLong() external {
        vm.startPrank(validator);
        registry.setMetadata(validator, string(new bytes(256)), string(new bytes(1024)));
        vm.expectRevert(abi.encodeWithSelector(IValidatorRegistry.NodeAddressTooLong.selector, 257, 256));
        registry.setMetadata(validator, string(new bytes(257)), "");
        vm.expectRevert(abi.encodeWithSelector(IValidatorRegistry.MetadataTooLong.selector, 1025, 1024));
        registry.setMetadata(validator, "", string(new bytes(1025)));
    }

    /// @dev C59: not the owner of the stake, not the submitter, not another operator.
    function test_RevertIf_TheCallerIsNotTheOperator() external {
        create(2);
        address[5] memory callers = [STRANGER, withdrawalOf(1), submitterOf(1), validatorOf(2), STAKES];
        for (uint256 i = 0; i < callers.length; ++i) {
            refused(callers[i], refusal(IValidatorRegistry.NotOperator.selector, validator, callers[i]));
        }
    }

    /// @dev C60: nor who was the operator and gave the validator its name.
    function test_RevertIf_TheCallerWasTheOperator() external {
        handOver(1, ANOTHER);
        refused(validator, refusal(IValidatorRegistry.NotOperator.selector, validator, validator));
        vm.prank(ANOTHER);
        registry.setSubmitter(validator, ANOTHER);
    }

    function test_RevertIf_ThereIsNoSuchValidator() external {
        validator = STRANGER;
        refused(STRANGER, refusal(IValidatorRegistry.NotRegistered.selector, STRANGER));
    }

    /// @dev C62: a slashed validator serves on for up to two epochs, and may be posted for.
    function test_ASlashedValidatorMayStillNameItsSubmitter() external {
        slash(1);
        vm.startPrank(validator);
        registry.setSubmitter(validator, ANOTHER);
        registry.setMetadata(validator, "", "slashed");
        assertEq(registry.submitterOf(validator), ANOTHER);
    }

    function refused(address caller, bytes memory expected) private {
        vm.startPrank(caller);
        vm.expectRevert(expected);
        registry.setFeeRecipient(validator, ANOTHER);
        vm.expectRevert(expected);
        registry.setSubmitter(validator, ANOTHER);
        vm.expectRevert(expected);
        registry.setMetadata(validator, "", "");
        vm.stopPrank();
    }

    /// @dev C64: neither registry nor verifier knows any of the calls by which others could change them.
    function test_NobodyOwnsPausesOrUpgradesThem() external {
        string[5] memory calls = [
            "owner()", "pause()", "transferOwnership(address)", "upgradeTo(address)", "upgradeToAndCall(address,bytes)"
        ];
        address[2] memory contracts = [address(registry), address(new BlsVerifier())];
        for (uint256 i = 0; i < contracts.length; ++i) {
            for (uint256 j = 0; j < calls.length; ++j) {
                (bool known,) = contracts[i].call(abi.encodeWithSignature(calls[j], address(this), new bytes(0)));
                assertFalse(known, calls[j]);
            }
        }
    }
}
