// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {GovernanceFixture} from "./GovernanceFixture.sol";

/// @dev C150 to C153: whatever is bonded, unbonded, handed on, slashed, synced and released, in whatever order, an
/// account has the votes of all bonded stake of those who named it, now and at every block before; and nothing that it
/// does makes a bond, an unbonding or a slash fail (C152).
contract StakeVotesHistoryTest is GovernanceFixture {
    uint256 private constant ACCOUNTS = 6;
    uint256 private constant VALIDATORS = 3;
    uint256 private constant STEPS = 40;

    mapping(address account => address) private named;
    mapping(address validator => mapping(address account => uint256)) private bondedBy;
    mapping(address validator => mapping(address account => bool)) private dropped;
    mapping(address validator => bool) private slashed;
    mapping(uint256 blockNumber => mapping(address account => uint256)) private recorded;

    function setUp() public override {
        vm.roll(START);
        deployGovernance();
    }

    function testFuzz_Votes_AreTheBondedStakeOfThoseWhoNamed(uint256 seed) external {
        for (uint256 step = 0; step < STEPS; ++step) {
            seed = uint256(keccak256(abi.encode(seed)));
            act(seed);
            compare();
            if (seed >> 250 < 24) mine(1 + (seed >> 200) % 3);
        }
        uint256 end = vm.getBlockNumber();
        for (uint256 number = START; number < end; ++number) {
            for (uint256 i = 0; i < ACCOUNTS; ++i) {
                assertEq(votes.getPastVotes(accountOf(i), number), recorded[number][accountOf(i)], "past votes");
            }
        }
    }

    function act(uint256 seed) private {
        uint256 kind = seed % 16;
        address account = accountOf((seed >> 8) % ACCOUNTS);
        address validator = validatorOf((seed >> 16) % VALIDATORS);
        uint256 amount = 1 + (seed >> 24) % 1e24;
        uint256 mine_ = bondedBy[validator][account];
        if (kind < 5) {
            if (slashed[validator]) return;
            stakes.bond(validator, account, uint96(amount));
            bondedBy[validator][account] += amount;
        } else if (kind < 8) {
            if (slashed[validator] || mine_ == 0) return;
            amount = 1 + amount % mine_;
            stakes.unbond(validator, account, uint96(amount));
            bondedBy[validator][account] -= amount;
        } else if (kind < 12) {
            // Sometimes to nobody, which is to oneself.
            uint256 to = (seed >> 32) % (ACCOUNTS + 1);
            vm.prank(account);
            votes.delegate(to == ACCOUNTS ? address(0) : accountOf(to));
            named[account] = to == ACCOUNTS ? account : accountOf(to);
        } else if (kind == 12 && !slashed[validator] && seed >> 252 == 0) {
            stakes.slash(validator, account);
            slashed[validator] = true;
            dropped[validator][account] = true;
        } else if (kind == 13 && slashed[validator] && mine_ != 0 && !dropped[validator][account]) {
            votes.sync(validator, account);
            dropped[validator][account] = true;
        } else if (kind > 13 && slashed[validator]) {
            stakes.release(validator, account);
            dropped[validator][account] = true;
            bondedBy[validator][account] = 0;
        }
    }

    function compare() private {
        uint256 number = vm.getBlockNumber();
        uint256[ACCOUNTS] memory expected;
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            address account = accountOf(i);
            uint256 units = 0;
            for (uint256 j = 0; j < VALIDATORS; ++j) {
                if (!dropped[validatorOf(j)][account]) units += bondedBy[validatorOf(j)][account];
            }
            assertEq(votes.unitsOf(account), units, "units");
            address voter = named[account] == address(0) ? account : named[account];
            assertEq(votes.delegates(account), voter, "delegatee");
            expected[uint160(voter) - 0xA000] += units;
        }
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            assertEq(votes.getVotes(accountOf(i)), expected[i], "votes");
            // Blocks in which nothing happens have the votes of the one before.
            for (uint256 later = 0; later < 4; ++later) {
                recorded[number + later][accountOf(i)] = expected[i];
            }
        }
    }
}
