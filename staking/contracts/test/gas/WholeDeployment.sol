// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EndToEndFixture} from "../slasher/EndToEndFixture.sol";
import {StakeVotes} from "../../src/StakeVotes.sol";
import {IValidatorRegistry} from "../../src/interfaces/IValidatorRegistry.sol";

/// @dev Says yes to all that registrations ask, so that a large state is built quickly.
contract YesToRegistrations {
    function isRegistrable(bytes32) external pure returns (bool) {
        return true;
    }

    function verify(bytes32, bytes32, bytes32, bytes32) external pure returns (bool) {
        return true;
    }

    function verifyPossession(bytes calldata, bytes32, bytes calldata) external pure returns (bool) {
        return true;
    }
}

/// @dev A whole deployment, all of it real, in epoch 13: 128 members, 10,000 that wait, and 10,000 accounts that have
/// delegated, half of them to one member, a thousand of whom have handed their votes to one account.
abstract contract WholeDeployment is EndToEndFixture {
    uint256 internal constant MOST = 8_000_000;
    /// What a delegation and an undelegation may cost.
    uint256 internal constant DELEGATION = 350_000;
    uint256 internal constant WAITING = 10_000;
    uint256 internal constant DELEGATORS = 10_000;
    uint256 internal constant VOTERS = 1000;
    uint128 internal constant BOND = 1000e18;
    uint128 internal constant SHARE = 1e18;
    /// A member that is no seed.
    uint256 internal constant MEMBER = 20;
    /// The member that half of the delegators have chosen.
    uint256 internal constant POPULAR = 30;
    /// The one on top of the smallest: a change of it moves most.
    uint256 internal constant SMALLEST = 133;
    address internal constant REPRESENTATIVE = address(0x4E94E5);

    /// @dev By the real calls, but for the verifiers.
    function setUp() public virtual override {
        super.setUp();
        bytes memory yes = address(new YesToRegistrations()).code;
        (bytes memory ed25519, bytes memory bls) = (wiring.ed25519.code, wiring.bls.code);
        vm.etch(wiring.ed25519, yes);
        vm.etch(wiring.bls, yes);
        IValidatorRegistry.Possession memory nothing;
        for (uint256 i = 0; i < 124 + WAITING; ++i) {
            registerWith(10 + i, BOND, nothing);
        }
        for (uint64 epoch = 0; epoch <= 12; ++epoch) {
            rollTo(epoch);
            while (sets.advance(200) == 200) {}
        }
        vm.etch(wiring.ed25519, ed25519);
        vm.etch(wiring.bls, bls);
        for (uint256 i = 0; i < DELEGATORS; ++i) {
            // Votes stand in many blocks, as they would.
            if (i % 400 == 0) vm.roll(block.number + 1);
            delegateFirst(delegatorOf(i), i < DELEGATORS / 2 ? POPULAR : 10 + i % 123);
            if (i < VOTERS) StakeVotes(wiring.votes).delegate(REPRESENTATIVE);
            vm.stopPrank();
        }
        rollTo(13);
    }

    function delegatorOf(uint256 number) internal pure returns (address) {
        return address(uint160(0xD00000 + number));
    }

    function measured(string memory group, string memory name) internal returns (uint256 gas) {
        gas = vm.snapshotGasLastCall(group, name);
        assertLt(gas, MOST, name);
    }

    function stakesCall(string memory name) internal returns (uint256) {
        return measured("StakeManager", name);
    }

    function delegateFirst(address account, uint256 validator) private {
        token.mint(account, SHARE);
        vm.startPrank(account);
        token.approve(address(stakes), SHARE);
        stakes.delegate(validatorOf(validator), SHARE);
    }
}
