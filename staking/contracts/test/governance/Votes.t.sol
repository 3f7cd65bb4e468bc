// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Vm} from "forge-std/Vm.sol";

import {GovernanceFixture} from "./GovernanceFixture.sol";
import {StakeVotes} from "../../src/StakeVotes.sol";
import {IEpochs} from "../../src/interfaces/IEpochs.sol";
import {IStakeVotes} from "../../src/interfaces/IStakeVotes.sol";
import {PowersStub} from "./Stubs.sol";

contract StakeVotesTest is GovernanceFixture {
    function test_RevertIf_ItStandsElsewhere() external {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IStakeVotes.NotAtWiredAddress.selector, address(votes), next));
        new StakeVotes(wiring);
    }

    function test_Constructor_NamesWhatItAsks() external view {
        assertEq(address(votes.stakes()), address(stakes));
        assertEq(address(votes.sets()), address(sets));
        assertEq(votes.powerUnit(), 1e9);
        assertEq(votes.CLOCK_MODE(), "mode=blocknumber&from=default");
        assertEq(votes.clock(), vm.getBlockNumber());
    }

    /// @dev C150.
    function testFuzz_RevertIf_TheCallerIsNotTheStakes(address caller) external {
        vm.assume(caller != address(stakes));
        bytes memory refusal = abi.encodeWithSelector(IStakeVotes.NotStakes.selector, caller);
        vm.startPrank(caller);
        vm.expectRevert(refusal);
        votes.bonded(caller, 1);
        vm.expectRevert(refusal);
        votes.unbonded(accountOf(0), 1);
        vm.expectRevert(refusal);
        votes.slashed(validatorOf(0), accountOf(0), 1);
        vm.stopPrank();
    }

    /// @dev C150, C151: bonded stake votes, without a word of its owner.
    function test_Bonded_VotesForItself() external {
        assertEq(votes.delegates(accountOf(0)), accountOf(0));
        assertEq(votes.getVotes(accountOf(0)), 30_000e18);
        assertEq(votes.unitsOf(accountOf(0)), 30_000e18);
        uint256 before = vm.getBlockNumber();
        mine(1);
        stakes.bond(validatorOf(1), accountOf(0), 5e18);
        stakes.bond(validatorOf(0), accountOf(0), 1e18);
        mine(1);
        assertEq(votes.getPastVotes(accountOf(0), before), 30_000e18);
        assertEq(votes.getPastVotes(accountOf(0), before + 1), 30_006e18);
        assertEq(votes.unitsOf(accountOf(0)), 30_006e18);
    }

    /// @dev C150: what unbonds has no votes from the end of that block on.
    function test_Unbonded_VotesNoMore() external {
        stakes.unbond(validatorOf(0), accountOf(0), 30_000e18);
        assertEq(votes.getVotes(accountOf(0)), 0);
        uint256 now_ = vm.getBlockNumber();
        mine(1);
        assertEq(votes.getPastVotes(accountOf(0), now_), 0);
        assertEq(votes.getPastVotes(accountOf(0), now_ - 1), 30_000e18);
    }

    /// @dev C151: there and back again, and nothing is lost or made.
    function test_Delegate_ThereAndBack() external {
        vm.expectEmit(address(votes));
        emit IVotes.DelegateChanged(accountOf(0), accountOf(0), accountOf(1));
        vm.expectEmit(address(votes));
        emit IVotes.DelegateVotesChanged(accountOf(0), 30_000e18, 0);
        vm.expectEmit(address(votes));
        emit IVotes.DelegateVotesChanged(accountOf(1), 27_000e18, 57_000e18);
        name(0, accountOf(1));
        holds(0, 0, 30_000e18);
        holds(1, 57_000e18, 27_000e18);

        stakes.bond(validatorOf(0), accountOf(0), 100e18);
        holds(0, 0, 30_100e18);
        holds(1, 57_100e18, 27_000e18);
        stakes.bond(validatorOf(1), accountOf(1), 10e18);
        holds(1, 57_110e18, 27_010e18);

        // Who has received speaks for the first time: only its own units move.
        name(1, accountOf(2));
        holds(1, 30_100e18, 27_010e18);
        holds(2, 50_010e18, 23_000e18);
        stakes.unbond(validatorOf(0), accountOf(0), 50e18);
        holds(1, 30_050e18, 27_010e18);

        name(0, accountOf(2));
        holds(1, 0, 27_010e18);
        holds(2, 80_060e18, 23_000e18);
        name(0, accountOf(0));
        holds(0, 30_050e18, 30_050e18);
        holds(2, 50_010e18, 23_000e18);
        name(1, address(0));
        holds(1, 27_010e18, 27_010e18);
        holds(2, 23_000e18, 23_000e18);
    }

    /// @dev C151: nobody's votes are thrown away; zero is oneself.
    function test_Delegate_ToNobodyIsToOneself() external {
        vm.expectEmit(address(votes));
        emit IVotes.DelegateChanged(accountOf(0), accountOf(0), accountOf(0));
        name(0, address(0));
        assertEq(votes.delegates(accountOf(0)), accountOf(0));
        holds(0, 30_000e18, 30_000e18);
        stakes.unbond(validatorOf(0), accountOf(0), 1e18);
        holds(0, 29_999e18, 29_999e18);
        assertEq(votes.getVotes(address(0)), 0);
    }

    /// @dev C151: OpenZeppelin's way by signature, with the same effect.
    function test_DelegateBySig() external {
        Vm.Wallet memory owner = vm.createWallet("owner");
        stakes.bond(validatorOf(0), owner.addr, 7e18);
        bytes32 digest = delegation(accountOf(3), 0, vm.getBlockTimestamp());
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(owner, digest);
        votes.delegateBySig(accountOf(3), 0, vm.getBlockTimestamp(), v, r, s);
        assertEq(votes.delegates(owner.addr), accountOf(3));
        assertEq(votes.getVotes(owner.addr), 0);
        holds(3, 20_007e18, 20_000e18);
        vm.expectRevert(abi.encodeWithSelector(Nonces.InvalidAccountNonce.selector, owner.addr, 1));
        votes.delegateBySig(accountOf(3), 0, vm.getBlockTimestamp(), v, r, s);
    }

    /// @dev C153.
    function test_RevertIf_ThereIsNothingToSync() external {
        vm.expectRevert(abi.encodeWithSelector(IStakeVotes.NotSlashed.selector, validatorOf(0)));
        votes.sync(validatorOf(0), accountOf(0));
        stakes.bond(validatorOf(0), accountOf(7), 5e18);
        stakes.slash(validatorOf(0), accountOf(0));
        nothingToSync(accountOf(0));
        nothingToSync(accountOf(1));
        votes.sync(validatorOf(0), accountOf(7));
        nothingToSync(accountOf(7));
        stakes.release(validatorOf(0), accountOf(7));
        nothingToSync(accountOf(7));
    }

    /// @dev C153: the owner's votes fall with the slash, a delegator's when anyone says so; other stakes vote on.
    function test_Slashed_TheOwnersVotesFallAtOnce() external {
        stakes.bond(validatorOf(0), accountOf(7), 5e18);
        stakes.bond(validatorOf(1), accountOf(7), 3e18);
        stakes.bond(validatorOf(1), accountOf(0), 2e18);
        vm.expectEmit(address(votes));
        emit IStakeVotes.VotesDropped(validatorOf(0), accountOf(0), 30_000e18);
        stakes.slash(validatorOf(0), accountOf(0));
        holds(0, 2e18, 2e18);
        holds(7, 8e18, 8e18);
        assertTrue(votes.isDropped(validatorOf(0), accountOf(0)));
        assertFalse(votes.isDropped(validatorOf(0), accountOf(7)));

        vm.expectEmit(address(votes));
        emit IStakeVotes.VotesDropped(validatorOf(0), accountOf(7), 5e18);
        vm.prank(STRANGER);
        votes.sync(validatorOf(0), accountOf(7));
        holds(7, 3e18, 3e18);
        assertFalse(votes.isDropped(validatorOf(1), accountOf(7)));
    }

    /// @dev C153: a release tells it, too; it counts once, in whichever order.
    function test_Slashed_CountsOnce() external {
        stakes.bond(validatorOf(0), accountOf(7), 5e18);
        stakes.bond(validatorOf(0), accountOf(8), 6e18);
        stakes.bond(validatorOf(1), accountOf(7), 3e18);
        stakes.slash(validatorOf(0), accountOf(0));
        votes.sync(validatorOf(0), accountOf(7));
        stakes.release(validatorOf(0), accountOf(7));
        holds(7, 3e18, 3e18);
        stakes.release(validatorOf(0), accountOf(8));
        holds(8, 0, 0);
        stakes.release(validatorOf(0), accountOf(0));
        holds(0, 0, 0);
    }

    /// @dev C151, C153: what is slashed is taken from whoever votes with it.
    function test_Slashed_WhenSomebodyElseVotes() external {
        stakes.bond(validatorOf(0), accountOf(7), 5e18);
        vm.prank(accountOf(7));
        votes.delegate(accountOf(3));
        holds(3, 20_005e18, 20_000e18);
        name(0, accountOf(3));
        holds(3, 50_005e18, 20_000e18);
        stakes.slash(validatorOf(0), accountOf(0));
        holds(3, 20_005e18, 20_000e18);
        votes.sync(validatorOf(0), accountOf(7));
        holds(3, 20_000e18, 20_000e18);
        name(3, accountOf(2));
        holds(3, 0, 20_000e18);
    }

    /// @dev C154: the power that served, in token units.
    function test_GetPastTotalSupply_IsThePowerThatServed() external {
        uint256 lastOfEpoch1 = START + 2 * LENGTH - 1;
        sets.setTotals(powers(50_000e9, 80_000e9, 2));
        mine(2 * LENGTH);
        assertEq(votes.getPastTotalSupply(lastOfEpoch1), 50_000e18);
        assertEq(votes.getPastTotalSupply(lastOfEpoch1 + 1), 80_000e18);
        uint256 now_ = vm.getBlockNumber();
        vm.expectRevert(abi.encodeWithSelector(Votes.ERC5805FutureLookup.selector, now_, now_));
        votes.getPastTotalSupply(now_);
        vm.expectRevert(abi.encodeWithSelector(IEpochs.BlockBeforeStart.selector, START - 1, START));
        votes.getPastTotalSupply(START - 1);
    }

    function powers(uint64 early, uint64 late, uint64 from) private pure returns (PowersStub.Power memory) {
        return PowersStub.Power(early, late, from, late);
    }

    function delegation(address delegatee, uint256 nonce, uint256 expiry) private view returns (bytes32) {
        bytes32 kind = keccak256("Delegation(address delegatee,uint256 nonce,uint256 expiry)");
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Rota Votes"),
                keccak256("1"),
                block.chainid,
                address(votes)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(kind, delegatee, nonce, expiry))));
    }

    function nothingToSync(address account) private {
        vm.expectRevert(abi.encodeWithSelector(IStakeVotes.NothingToSync.selector, validatorOf(0), account));
        votes.sync(validatorOf(0), account);
    }

    function name(uint256 index, address delegatee) private {
        vm.prank(accountOf(index));
        votes.delegate(delegatee);
    }

    function holds(uint256 index, uint256 votes_, uint256 units) private view {
        assertEq(votes.getVotes(accountOf(index)), votes_, "votes");
        assertEq(votes.unitsOf(accountOf(index)), units, "units");
    }
}
