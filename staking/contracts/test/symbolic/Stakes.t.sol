// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {Answers, IHalmos} from "./Answers.sol";
import {StakeManager} from "../../src/StakeManager.sol";
import {TestToken} from "../../src/TestToken.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IStakeManager} from "../../src/interfaces/IStakeManager.sol";

/// @dev One validator with 10,000 tokens, of which some or all unbond; for all amounts, delays, epochs and callers. Run
/// by `scripts/contracts prove`.
contract StakesProof is Test {
    IHalmos private constant HALMOS = IHalmos(address(0xF3993A62377BCd56AE39D773740A5390411E8BC9));
    uint128 private constant BOND = 10_000e18;
    address private constant SLASHER = address(0x51A5);

    Answers private answers;
    TestToken private token;
    StakeManager private stakes;
    address private validator;
    address private withdrawal;

    function setUp() external {
        answers = new Answers();
        token = new TestToken();
        (validator, withdrawal) = (answers.VALIDATOR(), answers.WITHDRAWAL());
        Wiring memory wiring;
        wiring.parameters = wiring.registry = wiring.sets = address(answers);
        wiring.rewards = wiring.votes = wiring.admission = address(answers);
        (wiring.token, wiring.slasher) = (address(token), SLASHER);
        // Halmos numbers new contracts.
        wiring.stakes = address(uint160(address(token)) + 1);
        stakes = new StakeManager(wiring);
        token.mint(address(this), BOND);
        token.approve(address(stakes), BOND);
        IStakeManager.Seed[] memory seeds = new IStakeManager.Seed[](1);
        (seeds[0].validator, seeds[0].amount) = (validator, BOND);
        seeds[0].registration.withdrawal = withdrawal;
        stakes.open(seeds);
    }

    /// @dev C69, C72: an exit is paid when its delay is over since its power has ceased to serve, by the delay that
    /// held when it began, whatever holds later.
    function check_NoEarlyExit(uint32 delay, uint32 delayLater, uint64 served, uint64 epoch) external {
        uint64 id = exitWith(delay);
        answers.setDelay(delayLater);
        itIs(epoch, served);
        (bool paid,) = address(stakes).call(abi.encodeCall(IStakeManager.withdraw, (id)));
        if (paid) assert(served != type(uint64).max && epoch >= uint256(served) + delay);
    }

    /// @dev The same of a part of any size.
    function check_NoEarlyExitOfAPart(uint128 amount, uint32 delay, uint64 served, uint64 epoch) external {
        answers.setDelay(delay);
        vm.prank(withdrawal);
        (bool begun,) = address(stakes).call(abi.encodeCall(IStakeManager.unbond, (validator, amount)));
        vm.assume(begun);
        itIs(epoch, served);
        (bool paid,) = address(stakes).call(abi.encodeCall(IStakeManager.withdraw, (1)));
        if (paid) assert(served != type(uint64).max && epoch >= uint256(served) + delay);
    }

    /// @dev No one call of anything by anyone takes tokens out before that. Arrays have one item and bytes none: no
    /// call that brings any gets as far as to pay.
    /// @custom:halmos --default-array-lengths 1 --default-bytes-lengths 0
    function check_NothingElsePaysEarly(address caller, uint32 delay, uint64 served, uint64 epoch) external {
        exitWith(delay);
        itIs(epoch, served);
        vm.assume(served == type(uint64).max || epoch < uint256(served) + delay);
        vm.assume(caller != address(stakes));
        bytes memory anything = HALMOS.createCalldata("StakeManager");
        vm.prank(caller);
        (bool success,) = address(stakes).call(anything);
        success;
        assert(token.balanceOf(address(stakes)) >= BOND);
    }

    /// @dev C74: nobody but the slasher takes a part of a stake, or sets a status.
    /// @custom:halmos --default-array-lengths 1 --default-bytes-lengths 0
    function check_NoSlashButByTheSlasher(address caller) external {
        vm.assume(caller != SLASHER);
        bytes memory anything = HALMOS.createCalldata("StakeManager");
        vm.prank(caller);
        (bool success,) = address(stakes).call(anything);
        success;
        IStakeManager.Stake memory stake = stakes.stakeOf(validator);
        assert(stake.status == IStakeManager.Status.Live && stake.rate == 1e18);
        assert(stake.assets >= BOND);
    }

    /// @dev C74: once, whatever the second fraction, reporter and cap are.
    function check_NoSecondSlash(uint256 base, uint256 again, address reporter, uint128 cap) external {
        vm.startPrank(SLASHER);
        (bool first,) = address(stakes).call(abi.encodeCall(IStakeManager.slash, (validator, base, reporter, cap)));
        vm.assume(first);
        (bool second,) = address(stakes).call(abi.encodeCall(IStakeManager.slash, (validator, again, reporter, cap)));
        assert(!second);
    }

    /// @dev In any epoch but the last one that there is, of 2^64.
    function itIs(uint64 epoch, uint64 served) private {
        vm.assume(epoch != type(uint64).max);
        answers.setEpoch(epoch);
        answers.setServed(served);
    }

    function exitWith(uint32 delay) private returns (uint64) {
        answers.setDelay(delay);
        vm.prank(withdrawal);
        return stakes.exit(validator);
    }
}
