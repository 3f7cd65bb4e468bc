// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BadWordsTable} from "./BadWordsTable.sol";
import {StakesForRewards} from "./Mocks.sol";
import {Rewards} from "../../src/Rewards.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";
import {IRewards} from "../../src/interfaces/IRewards.sol";

/// @dev What calls cost where periods are the longest, 32 epochs, without the intrinsic gas of a transaction and its
/// calldata; rewards, verifier and sets are real and cold, the stakes are a mock.
contract RewardsGasTest is BadWordsTable {
    function setUp() public override {
        super.setUp();
        Wiring memory wiring = wiringOf(address(sets));
        wiring.registry = address(rewards.registry());
        wiring.attestations = address(verifier);
        wiring.rewards = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        StakesForRewards mock = StakesForRewards(stakes);
        rewards = new Rewards(wiring, IRewards.Constants(32, 1000, 100, 32, 5000, 3, 10, address(this)));
        mock.wire(mock.token(), mock.sets(), rewards);
        rewards.setRate(1e21);
        rollTo(33);
        leaf.points = 15e6;
    }

    function test_Gas_WhenThePeriodIsTheLongest() external {
        IAttestationVerifier.QuorumSignature memory quorum = signedIn(33, 0, root, total);
        bytes32[] memory proof = proofOf(other);
        vm.cool(address(sets));
        vm.cool(address(rewards));
        rewards.attest(0, root, total, quorum);
        report("attest", 700_000);
        vm.cool(address(sets));
        vm.cool(address(rewards));
        rewards.bring(leaf, proof);
        report("bring", 500_000);
        vm.cool(address(rewards));
        rewards.claim(nameOf(0), address(this));
        report("claim", 150_000);
        rollTo(70);
        vm.cool(address(rewards));
        vm.prank(stakes);
        rewards.keepStretch(nameOf(0), address(0xCA), 1e18, 40, 50);
        report("keepStretch, the first one", 40_000);
        vm.cool(address(rewards));
        vm.prank(stakes);
        rewards.keepStretch(nameOf(0), address(0xCA), 1e18, 50, 51);
        report("keepStretch, another one", 40_000);
    }

    function report(string memory name, uint256 most) private {
        uint256 gas = vm.lastCallGas().gasTotalUsed;
        emit log_named_uint(name, gas);
        assertLe(gas, most, name);
    }
}
