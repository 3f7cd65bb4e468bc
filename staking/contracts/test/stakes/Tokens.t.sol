// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {StakesFixture} from "./Stakes.sol";
import {FeeToken, HookToken, OldToken} from "./Mocks.sol";
import {TestToken} from "../../src/TestToken.sol";
import {IDelegation} from "../../src/interfaces/IDelegation.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

/// @dev Tokens that are not what they should be (C80, C81). The three have the same `mint`.
contract StakesTokensTest is StakesFixture {
    function setUp() public override {}

    /// @dev C80.
    function test_RevertIf_TheTokenTakesAFee() external {
        FeeToken fee = new FeeToken();
        begin(address(fee));
        fee.setCharging(true);
        fund(STRANGER, 100 ether);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.WrongAmountReceived.selector, 100 ether, 99 ether));
        vm.prank(STRANGER);
        stakes.topUp(validatorOf(0), 100 ether);

        fund(validatorOf(4), MINIMUM);
        vm.expectRevert(abi.encodeWithSelector(IStakeManager.WrongAmountReceived.selector, MINIMUM, 990 ether));
        vm.prank(validatorOf(4));
        stakes.register(registrationOf(4), possession(), MINIMUM);
    }

    /// @dev C80: a fee that comes later is paid by who is paid, and by nobody else.
    function test_Withdraw_WhenTheTokenBeginsToTakeAFee() external {
        FeeToken fee = new FeeToken();
        begin(address(fee));
        fee.setCharging(true);
        uint64 id = unbond(0, 100 ether);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        assertEq(fee.balanceOf(withdrawalOf(0)), 99 ether);
        assertEq(fee.balanceOf(address(stakes)), stakes.totalAssets());
    }

    /// @dev C81: every call that changes anything, from within a transfer out and from within a transfer in, before the
    /// balances change and after.
    function test_RevertIf_TheTokenCallsBack() external {
        HookToken hook = new HookToken();
        begin(address(hook));
        uint64 first = unbond(0, 100 ether);
        unbond(1, 100 ether);
        slash(3, WAD / 10);
        skipEpochs(2 + DELAY);
        fund(STRANGER, 1000 ether);

        bytes[] memory calls = callsBack(first + 1);
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 state = vm.snapshotState();
            hook.setHook(address(stakes), calls[i], i % 2 == 0);
            stakes.withdraw(first);
            checkRefused(hook);
            hook.setHook(address(stakes), calls[i], i % 2 == 1);
            vm.prank(STRANGER);
            stakes.topUp(validatorOf(0), 1 ether);
            checkRefused(hook);
            vm.revertToState(state);
        }
    }

    /// @dev C80: no return values, no permits, nothing moved for nothing.
    function test_OldTokensWork() external {
        OldToken old = new OldToken();
        begin(address(old));
        fund(validatorOf(4), MINIMUM);
        vm.prank(validatorOf(4));
        stakes.registerWithPermit(registrationOf(4), possession(), MINIMUM, 0, 0, 0, 0);
        uint64 id = exit(0);
        slash(0, WAD);
        settle(0, WAD);
        skipEpochs(2 + DELAY);
        stakes.withdraw(id);
        stakes.collect(TREASURY);
        assertEq(old.balanceOf(TREASURY), 22_500 ether);
    }

    function test_RevertIf_TooMuchIsMinted() external {
        TestToken test = new TestToken();
        uint256 most = test.MAX_MINT();
        vm.expectRevert(abi.encodeWithSelector(TestToken.MintAboveMaximum.selector, most + 1, most));
        test.mint(STRANGER, most + 1);
        vm.prank(STRANGER);
        test.mint(REPORTER, most);
        assertEq(test.balanceOf(REPORTER), most);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, STRANGER, 0, 1));
        vm.prank(STRANGER);
        test.transfer(REPORTER, 1);
    }

    function begin(address token_) private {
        deployStakes(token_);
        open();
    }

    function fund(address account, uint256 amount) internal override {
        HookToken(tokenAddress).mint(account, amount);
        vm.prank(account);
        (bool done,) = tokenAddress.call(abi.encodeCall(IERC20.approve, (address(stakes), amount)));
        assertTrue(done);
    }

    function callsBack(uint64 id) private pure returns (bytes[] memory calls) {
        calls = new bytes[](23);
        calls[0] = abi.encodeCall(IStakeManager.register, (registrationOf(4), possession(), MINIMUM));
        calls[1] = abi.encodeCall(IStakeManager.topUp, (validatorOf(0), 1));
        calls[2] = abi.encodeCall(IStakeManager.unbond, (validatorOf(0), 1));
        calls[3] = abi.encodeCall(IStakeManager.exit, (validatorOf(0)));
        calls[4] = abi.encodeCall(IStakeManager.cancel, (id));
        calls[5] = abi.encodeCall(IStakeManager.withdraw, (id));
        calls[6] = abi.encodeCall(IStakeManager.refresh, (validatorOf(0)));
        calls[7] = abi.encodeCall(IStakeManager.release, (validatorOf(3), withdrawalOf(3)));
        calls[8] = abi.encodeCall(IStakeManager.collect, (TREASURY));
        calls[9] = abi.encodeCall(IStakeManager.slash, (validatorOf(0), 1, REPORTER, 1));
        calls[10] = abi.encodeCall(IStakeManager.settle, (validatorOf(3), 1));
        calls[11] = abi.encodeCall(IStakeManager.topUpWithPermit, (validatorOf(0), 1, 0, 0, 0, 0));
        calls[12] = abi.encodeCall(IStakeManager.open, (seeds()));
        calls[13] = abi.encodeCall(IDelegation.delegate, (validatorOf(0), MINIMUM));
        calls[14] = abi.encodeCall(IDelegation.delegateWithPermit, (validatorOf(0), MINIMUM, 0, 0, 0, 0));
        calls[15] = abi.encodeCall(IDelegation.undelegate, (validatorOf(0), 1));
        calls[16] = abi.encodeCall(IDelegation.redelegate, (validatorOf(0), 1, validatorOf(1)));
        calls[17] = abi.encodeCall(IDelegation.fundRewards, (1));
        calls[18] = abi.encodeCall(IDelegation.payReward, (STRANGER, 1));
        calls[19] = abi.encodeCall(IDelegation.restakeReward, (validatorOf(0), STRANGER, 1));
        calls[20] = abi.encodeCall(IDelegation.suspend, (validatorOf(0)));
        calls[21] = abi.encodeCall(IDelegation.resume, (validatorOf(0)));
        calls[22] = abi.encodeCall(IDelegation.expel, (validatorOf(0)));
    }

    function checkRefused(HookToken hook) private view {
        assertEq(hook.answer(), abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
    }
}
