// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SetsMock, YesVerifier} from "./Mocks.sol";
import {SlasherFixture} from "./SlasherFixture.sol";
import {ISlasher} from "../../src/interfaces/ISlasher.sol";

/// @dev Which offences count together (C93), at every edge of the sum: the slasher adds up buckets of 64 epochs, and
/// epochs alone where the window begins or ends within one. Each offence has a power of its own, a power of two, so
/// that a sum tells which ones are in it. Signatures play no part here, so all of them stand.
contract WindowTest is SlasherFixture {
    uint64 private constant BUCKET = 64;
    uint64 private constant TOTAL = 3 << 20;

    /// The offences of one case, and how many there are.
    uint64[] private epochs;

    function setUp() public override {
        super.setUp();
        wiring.ed25519 = address(new YesVerifier());
    }

    /// @dev The window's first epoch is each of two before to two after the first of a bucket, and windows are shorter
    /// than a bucket, as long as one, and longer.
    function test_Penalty_WhenTheWindowBeginsAtABucketsEdge() external {
        uint64[8] memory distances = [uint64(10), 31, 32, 33, 63, 64, 95, 96];
        for (uint256 i = 0; i < distances.length; ++i) {
            for (uint64 first = 10 * BUCKET - 2; first <= 10 * BUCKET + 2; ++first) {
                check(first + distances[i], distances[i]);
            }
        }
    }

    /// @dev The same of its end: the last epoch is each of two before to two after the last of a bucket.
    function test_Penalty_WhenTheWindowEndsAtABucketsEdge() external {
        uint64[8] memory distances = [uint64(10), 31, 32, 33, 63, 64, 95, 96];
        for (uint256 i = 0; i < distances.length; ++i) {
            for (uint64 last = 10 * BUCKET - 3; last <= 10 * BUCKET + 1; ++last) {
                check(last - distances[i], distances[i]);
            }
        }
    }

    /// @dev There is no epoch before 0: there the window may begin and end with a bucket.
    function test_Penalty_WhenTheWindowBeginsWithEpochZero() external {
        for (uint64 distance = 61; distance <= 66; ++distance) {
            for (uint64 around = 0; around <= 3; ++around) {
                check(around, distance);
                check(distance - 1 + around, distance);
            }
        }
    }

    /// @dev A slasher of its own, an offence at the window's middle and at most twelve about its edges, and the plain
    /// sum over their list.
    function check(uint64 around, uint64 distance) private {
        uint256 before = vm.snapshotState();
        ISlasher.Constants memory constants = slasherConstants();
        constants.basePenaltyBps = 1;
        constants.correlationMultiplierBps = 10_000;
        constants.correlationEpochs = uint32(distance);
        slasher = deploySlasher(constants);

        uint64 first = around > distance ? around - distance : 0;
        uint64 end = around + distance + 1;
        delete epochs;
        epochs.push(around);
        addAbout(first);
        addAbout(end);
        // The edges of the buckets that the window has part of, the first and the last.
        addAbout((first + BUCKET - 1) / BUCKET * BUCKET);
        addAbout(end / BUCKET * BUCKET);

        sets.setTotal(around, TOTAL);
        uint256 slashed = 0;
        for (uint256 i = 0; i < epochs.length; ++i) {
            uint64 power = uint64(1) << uint64(i);
            sets.put(uint8(i), SetsMock.Held(validatorOf(i + 1), 0, "", power));
            sets.setEpoch(epochs[i]);
            slasher.slashVotes(evidenceAgainst(uint8(i), epochs[i]));
            if (epochs[i] + distance >= around && epochs[i] <= around + distance) slashed += power;
        }
        string memory where = string.concat(vm.toString(around), " +- ", vm.toString(distance));
        assertEq(slasher.penaltyOf(validatorOf(1)), 1e14 + (slashed * 1e18 + TOTAL - 1) / TOTAL, where);
        assertTrue(vm.revertToState(before));
    }

    /// @dev One before an edge, the one behind it, and one after that.
    function addAbout(uint64 edge) private {
        if (edge != 0) epochs.push(edge - 1);
        epochs.push(edge);
        epochs.push(edge + 1);
    }

    function evidenceAgainst(uint8 place, uint64 epoch) private pure returns (ISlasher.VoteEvidence memory) {
        return ISlasher.VoteEvidence(
            epoch,
            1,
            place,
            ISlasher.SignedVote(1, bytes32(uint256(1)), 0, 0),
            ISlasher.SignedVote(1, bytes32(uint256(2)), 0, 0)
        );
    }
}
