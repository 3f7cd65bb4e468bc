// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {StakesFixture} from "./Stakes.sol";
import {RegistryMock, SetsMock} from "./Mocks.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

contract StakesRegisterTest is StakesFixture {
    uint256 private constant KEY = 0x5EC4E7;
    bytes32 private constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    address private owner = vm.addr(KEY);
    uint8 private v;
    bytes32 private r;
    bytes32 private s;

    /// @dev C66.
    function test_RevertIf_TheBondIsBelowTheMinimum() external {
        fund(validatorOf(4), MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.BondBelowMinimum.selector, MINIMUM - 1, MINIMUM));
        vm.prank(validatorOf(4));
        stakes.register(registrationOf(4), possession(), MINIMUM - 1);
    }

    /// @dev C66: for ever, whatever became of it.
    function test_RevertIf_TheCallerRegisteredBefore() external {
        register(4, MINIMUM);
        refusesToRegisterAgain(4);
        uint64 id = exit(4);
        refusesToRegisterAgain(4);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        refusesToRegisterAgain(4);
        slash(0, WAD);
        refusesToRegisterAgain(0);
    }

    /// @dev C56: what the registry refuses takes no token.
    function test_RevertIf_TheRegistryRefuses() external {
        registry.setOperator(validatorOf(4), STRANGER);
        fund(validatorOf(4), MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(RegistryMock.Registered.selector, validatorOf(4)));
        vm.prank(validatorOf(4));
        stakes.register(registrationOf(4), possession(), MINIMUM);
    }

    function test_RevertIf_TheTokensAreNotAllowed() external {
        token.mint(validatorOf(4), MINIMUM);
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(stakes), 0, MINIMUM)
        );
        vm.prank(validatorOf(4));
        stakes.register(registrationOf(4), possession(), MINIMUM);
        assertEq(stakeOf(4).bonded, 0);
    }

    /// @dev C66.
    function test_Register_WhenAllIsWell() external {
        vm.expectCall(
            address(registry), abi.encodeCall(RegistryMock.create, (validatorOf(4), registrationOf(4), possession()))
        );
        vm.expectCall(address(sets), abi.encodeCall(SetsMock.raise, (validatorOf(4), 5000e9)));
        fund(validatorOf(4), 5000 ether);
        vm.expectEmit(address(stakes));
        emit IStakeManager.Bonded(validatorOf(4), validatorOf(4), 5000 ether, 5000 ether);
        vm.prank(validatorOf(4));
        stakes.register(registrationOf(4), possession(), 5000 ether);

        IStakeManager.Stake memory stake = stakeOf(4);
        assertEq(stake.bonded, 5000 ether);
        assertEq(stake.unbonding, 0);
        assertEq(stake.rate, WAD);
        assertTrue(stake.status == IStakeManager.Status.Live);
        assertFalse(stakes.isSlashed(validatorOf(4)));
        assertBooksBalance();
    }

    /// @dev C70, C73: nominal stake is what came, power at most the cap's.
    function testFuzz_Register_WhateverTheBond(uint128 amount) external {
        amount = uint128(bound(amount, MINIMUM, 1_000_000 ether));
        register(4, amount);
        assertEq(stakeOf(4).bonded, amount);
        assertBooksBalance();
    }

    /// @dev C80: nobody's bond is worth less or more for tokens that came without a call.
    function test_Register_WhenTokensWereDonated() external {
        token.mint(address(stakes), 7 ether);
        register(4, MINIMUM);
        assertEq(stakeOf(4).assets, MINIMUM);
        assertEq(stakes.totalAssets(), 101_000 ether);
        assertEq(token.balanceOf(address(stakes)), 101_007 ether);
    }

    /// @dev C67.
    function test_RegisterWithPermit_WhenThePermitIsNew() external {
        signPermit(MINIMUM);
        vm.prank(owner);
        stakes.registerWithPermit(registrationOf(4), possession(), MINIMUM, block.timestamp, v, r, s);
        assertEq(stakes.stakeOf(owner).bonded, MINIMUM);
        assertEq(token.allowance(owner, address(stakes)), 0);
    }

    /// @dev C67: whoever sees the transaction may use its permit first.
    function test_RegisterWithPermit_WhenThePermitWasUsedByAnother() external {
        signPermit(MINIMUM);
        vm.prank(STRANGER);
        token.permit(owner, address(stakes), MINIMUM, block.timestamp, v, r, s);
        vm.prank(owner);
        stakes.registerWithPermit(registrationOf(4), possession(), MINIMUM, block.timestamp, v, r, s);
        assertEq(stakes.stakeOf(owner).bonded, MINIMUM);
    }

    /// @dev C67.
    function test_RevertIf_ThePermitIsRefusedAndNothingWasAllowed() external {
        signPermit(MINIMUM);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AllowanceTooSmall.selector, owner, 0, MINIMUM));
        vm.prank(owner);
        stakes.registerWithPermit(registrationOf(4), possession(), MINIMUM, block.timestamp - 1, v, r, s);
    }

    /// @dev C67: the permit of another gives a caller nothing.
    function test_RevertIf_ThePermitIsOfAnother() external {
        signPermit(MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AllowanceTooSmall.selector, STRANGER, 0, MINIMUM));
        vm.prank(STRANGER);
        stakes.registerWithPermit(registrationOf(4), possession(), MINIMUM, block.timestamp, v, r, s);
    }

    /// @dev C67, C68.
    function test_TopUpWithPermit_WhenThePermitWasUsedByAnother() external {
        signPermit(5 ether);
        token.permit(owner, address(stakes), 5 ether, block.timestamp, v, r, s);
        vm.prank(owner);
        stakes.topUpWithPermit(validatorOf(0), 5 ether, block.timestamp, v, r, s);
        assertEq(stakeOf(0).bonded, 30_005 ether);
    }

    function refusesToRegisterAgain(uint256 index) private {
        fund(validatorOf(index), MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.AlreadyRegistered.selector, validatorOf(index)));
        vm.prank(validatorOf(index));
        stakes.register(registrationOf(99), possession(), MINIMUM);
    }

    function signPermit(uint256 amount) private {
        token.mint(owner, amount);
        bytes32 hash =
            keccak256(abi.encode(PERMIT, owner, address(stakes), amount, token.nonces(owner), block.timestamp));
        (v, r, s) = vm.sign(KEY, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), hash)));
    }
}
