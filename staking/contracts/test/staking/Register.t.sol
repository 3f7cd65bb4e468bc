// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Fixture} from "../Fixture.sol";
import {IRotaStaking} from "../../src/interfaces/IRotaStaking.sol";

contract RegisterTest is Fixture {
    uint64 private constant MOST_GWEI = type(uint64).max / 128;

    function test_RevertWhen_AnAccountIsZero() external {
        IRotaStaking.Registration memory registration = registrationOf(4);
        registration.withdrawal = address(0);
        refuses(registration, 1 ether, abi.encodeWithSelector(IRotaStaking.ZeroAddress.selector));

        registration = registrationOf(4);
        registration.feeRecipient = address(0);
        refuses(registration, 1 ether, abi.encodeWithSelector(IRotaStaking.ZeroAddress.selector));
    }

    function test_RevertWhen_TheConsensusKeyIsZero() external {
        IRotaStaking.Registration memory registration = registrationOf(4);
        registration.consensusKey = 0;
        refuses(registration, 1 ether, abi.encodeWithSelector(IRotaStaking.ZeroConsensusKey.selector));
    }

    function test_RevertGiven_TheOperatorHasRegisteredBefore() external {
        register(4, 1 ether);
        refuses(
            registrationOf(5), 1 ether, abi.encodeWithSelector(IRotaStaking.AlreadyRegistered.selector, operatorOf(4))
        );
        exit(4);
        refuses(
            registrationOf(5), 1 ether, abi.encodeWithSelector(IRotaStaking.AlreadyRegistered.selector, operatorOf(4))
        );
    }

    function test_RevertGiven_TheConsensusKeyWasRegisteredBefore() external {
        bytes memory reason = abi.encodeWithSelector(IRotaStaking.ConsensusKeyUsed.selector, keyOf(0), operatorOf(0));
        refuses(registrationOf(0), 1 ether, reason);
        exit(0);
        refuses(registrationOf(0), 1 ether, reason);
    }

    function test_RevertWhen_TheValueIsNotWholeGwei() external {
        bytes memory reason = abi.encodeWithSelector(IRotaStaking.NotWholeGwei.selector, 1 ether + 1);
        refuses(registrationOf(4), 1 ether + 1, reason);
    }

    function test_RevertWhen_TheValueIsBelowTheMinimum() external {
        refuses(
            registrationOf(4),
            1 ether - 1 gwei,
            abi.encodeWithSelector(IRotaStaking.StakeBelowMinimum.selector, MINIMUM_GWEI - 1, MINIMUM_GWEI)
        );
    }

    function test_RevertWhen_TheValueIsAboveTheMaximum() external {
        uint256 tooMuch = uint256(MOST_GWEI) + 1;
        refuses(
            registrationOf(4),
            tooMuch * 1 gwei,
            abi.encodeWithSelector(IRotaStaking.StakeAboveMaximum.selector, tooMuch, MOST_GWEI)
        );
    }

    function test_RevertGiven_AllPlacesAreTaken() external {
        for (uint256 i = 4; i < 128; ++i) {
            register(i, 1 ether);
        }
        vm.deal(operatorOf(128), 1 ether);
        vm.expectRevert(abi.encodeWithSelector(IRotaStaking.NoFreePlace.selector, 128));
        vm.prank(operatorOf(128));
        staking.register{value: 1 ether}(registrationOf(128));

        leave(77);
        assertEq(register(128, 1 ether), 77, "the place that became free");
    }

    function test_ItTakesTheLowestFreePlace() external {
        assertEq(register(4, 1 ether), 4);
        leave(2);
        leave(1);
        assertEq(register(5, 1 ether), 1);
        assertEq(register(6, 1 ether), 2);
        assertEq(register(7, 1 ether), 5);
    }

    function test_ItTakesThePlaceOfOneThatLeftInTheSameEpoch() external {
        leave(1);
        register(4, 5 ether);
        rollToEpoch(2);
        assertMember(staking.setOf(1)[1], 1, 1, 27e9);
        assertMember(staking.setOf(2)[1], 1, 4, 5e9);
        assertEq(staking.powerOf(operatorOf(1), 1), 27e9);
        assertEq(staking.powerOf(operatorOf(1), 2), 0);
        assertEq(staking.powerOf(operatorOf(4), 1), 0);
        assertEq(staking.powerOf(operatorOf(4), 2), 5e9);
    }

    function test_ItAnnouncesTheEpochAfterNext() external {
        vm.roll(firstBlock(3) + LENGTH - 1);
        vm.expectEmit(address(staking));
        emit IRotaStaking.Registered(operatorOf(4), withdrawalOf(4), submitterOf(4));
        expectChange(5, 4, 4, 2e9);
        register(4, 2 ether);
    }

    function test_ItStoresTheValidator() external {
        register(4, 2 ether);
        IRotaStaking.Validator memory validator = staking.validatorOf(operatorOf(4));
        assertEq(validator.consensusKey, keyOf(4));
        assertEq(validator.withdrawal, withdrawalOf(4));
        assertEq(validator.stakeGwei, 2e9);
        assertEq(validator.place, 4);
        assertEq(validator.feeRecipient, recipientOf(4));
        assertEq(validator.withdrawableEpoch, 0);
        assertEq(validator.submitter, submitterOf(4));
        assertEq(staking.validatorOfKey(keyOf(4)), operatorOf(4));
        assertEq(staking.submitterOf(operatorOf(4)), submitterOf(4));
        assertEq(address(staking).balance, 102 ether);
    }

    function test_ItNamesTheOperatorAsSubmitterWhenNoneIsGiven() external {
        IRotaStaking.Registration memory registration = registrationOf(4);
        registration.submitter = address(0);
        vm.deal(operatorOf(4), 1 ether);
        vm.prank(operatorOf(4));
        staking.register{value: 1 ether}(registration);
        assertEq(staking.submitterOf(operatorOf(4)), operatorOf(4));
    }

    function test_ItTakesTheLeastAndTheGreatestStake() external {
        expectChange(2, 4, 4, MINIMUM_GWEI);
        register(4, 1 ether);
        expectChange(2, 5, 5, MOST_GWEI);
        register(5, uint256(MOST_GWEI) * 1 gwei);
    }

    function exit(uint256 index) private {
        leave(index);
        rollToEpoch(staking.validatorOf(operatorOf(index)).withdrawableEpoch);
        staking.withdraw(operatorOf(index));
    }

    function refuses(IRotaStaking.Registration memory registration, uint256 stakeWei, bytes memory reason) private {
        vm.deal(operatorOf(4), stakeWei);
        vm.expectRevert(reason);
        vm.prank(operatorOf(4));
        staking.register{value: stakeWei}(registration);
    }
}
