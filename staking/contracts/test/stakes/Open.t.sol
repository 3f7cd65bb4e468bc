// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StakesFixture} from "./Stakes.sol";
import {SetsMock} from "./Mocks.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {TestToken} from "../../src/TestToken.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

contract StakesOpenTest is StakesFixture {
    function setUp() public override {
        token = new TestToken();
        deployStakes(address(token));
    }

    /// @dev C83.
    function test_RevertIf_TheWiringNamesOtherStakes() external {
        address expected = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.WiredElsewhere.selector, address(stakes), expected));
        new StakeManager(wiring(address(stakes)));
    }

    function test_RevertIf_ThereIsNoToken() external {
        tokenAddress = STRANGER;
        address expected = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NoToken.selector, STRANGER));
        new StakeManager(wiring(expected));
    }

    /// @dev C65.
    function test_RevertIf_TheCallerIsNotTheDeployer() external {
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotDeployer.selector, STRANGER, address(this)));
        stakes.open(seeds());
    }

    /// @dev C65.
    function test_RevertIf_ItIsOpenAlready() external {
        open();
        vm.expectRevert(IStakeManager.AlreadyOpen.selector);
        stakes.open(seeds());
    }

    /// @dev C65.
    function test_RevertIf_EpochZeroIsOver() external {
        sets.setEpoch(1);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.NotInFirstEpoch.selector, 1));
        stakes.open(seeds());
    }

    /// @dev C65.
    function test_RevertIf_ThereAreNoSeeds() external {
        vm.expectRevert(IStakeManager.NoSeeds.selector);
        stakes.open(new IStakeManager.Seed[](0));
    }

    /// @dev C66.
    function test_RevertIf_ASeedHasTooLittle() external {
        IStakeManager.Seed[] memory list = seeds();
        list[2].amount = MINIMUM - 1;
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.BondBelowMinimum.selector, MINIMUM - 1, MINIMUM));
        stakes.open(list);
    }

    function test_RevertIf_ASeedStandsTwice() external {
        IStakeManager.Seed[] memory list = seeds();
        list[3] = list[0];
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AlreadyRegistered.selector, validatorOf(0)));
        stakes.open(list);
    }

    /// @dev C65: of every call, with what would be refused afterwards as well as with what would not.
    function test_RevertIf_AnythingIsCalledBeforeTheOpening() external {
        bytes[18] memory calls = [
            abi.encodeCall(IStakeManager.register, (registrationOf(4), possession(), MINIMUM)),
            abi.encodeCall(IStakeManager.registerWithPermit, (registrationOf(4), possession(), MINIMUM, 0, 0, 0, 0)),
            abi.encodeCall(IStakeManager.topUp, (validatorOf(0), 1)),
            abi.encodeCall(IStakeManager.topUpWithPermit, (validatorOf(0), 1, 0, 0, 0, 0)),
            abi.encodeCall(IStakeManager.unbond, (validatorOf(0), 1)),
            abi.encodeCall(IStakeManager.exit, (validatorOf(0))),
            abi.encodeCall(IStakeManager.cancel, (1)),
            abi.encodeCall(IStakeManager.withdraw, (1)),
            abi.encodeCall(IStakeManager.refresh, (validatorOf(0))),
            abi.encodeCall(IStakeManager.release, (validatorOf(0), withdrawalOf(0))),
            abi.encodeCall(IStakeManager.collect, (REPORTER)),
            abi.encodeCall(IStakeManager.slash, (validatorOf(0), 1, REPORTER, 1)),
            abi.encodeCall(IStakeManager.settle, (validatorOf(0), 1)),
            abi.encodeCall(IDelegation.delegate, (validatorOf(0), MINIMUM)),
            abi.encodeCall(IDelegation.undelegate, (validatorOf(0), 1)),
            abi.encodeCall(IDelegation.redelegate, (validatorOf(0), 1, validatorOf(1))),
            abi.encodeCall(IDelegation.fundRewards, (1)),
            abi.encodeCall(IDelegation.resume, (validatorOf(0)))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool done, bytes memory answer) = address(stakes).call(calls[i]);
            assertFalse(done);
            assertEq(answer, abi.encodeWithSelector(IStakeManager.NotOpen.selector));
        }
    }

    /// @dev C65, C66.
    function test_Open_WhenAllIsWell() external {
        fund(address(this), 100_000 ether);
        for (uint256 i = 0; i < 4; ++i) {
            vm.expectCall(address(sets), abi.encodeCall(SetsMock.seed, (validatorOf(i), powerOf(seeds()[i].amount))));
        }
        vm.expectEmit(address(stakes));
        emit IStakeManager.Bonded(validatorOf(0), address(this), 30_000 ether, 30_000 ether);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Opened(4, 100_000 ether);
        stakes.open(seeds());
        assertTrue(stakes.isOpen());
        assertEq(token.balanceOf(address(stakes)), 100_000 ether);
        assertEq(stakeOf(3).bonded, 20_000 ether);
        assertEq(registry.withdrawalOf(validatorOf(3)), withdrawalOf(3));
        assertBooksBalance();
    }

    /// @dev C65: another call of the deployer may name the same caller, and finds all as it was.
    function test_Open_WhenAnEarlierAttemptFailed() external {
        vm.expectRevert();
        stakes.open(seeds());
        assertFalse(stakes.isOpen());
        open();
        assertBooksBalance();
    }

    function test_Open_WhenASeedHasMoreThanTheCap() external {
        IStakeManager.Seed[] memory list = new IStakeManager.Seed[](1);
        list[0] = seeds()[0];
        list[0].amount = 2 * CAP;
        fund(address(this), 2 * CAP);
        stakes.open(list);
        assertEq(sets.target(validatorOf(0)), CAP / UNIT);
        assertBooksBalance();
    }
}
