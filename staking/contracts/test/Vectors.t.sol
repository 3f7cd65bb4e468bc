// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {InboxFixture} from "./inbox/InboxFixture.sol";
import {SetsFixture} from "./sets/SetsFixture.sol";
import {IRotaInbox} from "../src/interfaces/IRotaInbox.sol";

contract VectorsTest is InboxFixture {
    string private vectors;

    function setUp() public override {
        super.setUp();
        vectors = vm.readFile("vectors/contracts.json");
    }

    /// @dev C13.
    function test_TheLinksAreThoseOfTheVectors() external {
        uint256 count = 0;
        for (; vm.keyExistsJson(vectors, at(count, "")); ++count) {
            IRotaInbox.Entry memory entry = IRotaInbox.Entry({
                firstHeight: uint64(vm.parseJsonUint(vectors, at(count, ".firstHeight"))),
                lastHeight: uint64(vm.parseJsonUint(vectors, at(count, ".lastHeight"))),
                parentLink: vm.parseJsonBytes32(vectors, at(count, ".parentLink")),
                lastBatchHash: vm.parseJsonBytes32(vectors, at(count, ".lastBatchHash"))
            });
            bytes memory payload = vm.parseJsonBytes(vectors, at(count, ".payload"));
            vm.prank(submitterOf(0), submitterOf(0));
            bytes32 link = inbox.append(operatorOf(0), entry, payload);
            assertEq(link, vm.parseJsonBytes32(vectors, at(count, ".link")));
        }
        assertGt(count, 1, "no vectors");
    }

    function test_TheLimitsAreThoseOfTheVectors() external view {
        assertEq(inbox.MAX_PAYLOAD_BYTES(), vm.parseJsonUint(vectors, ".maxPayloadBytes"));
        assertEq(inbox.MAX_BATCHES(), vm.parseJsonUint(vectors, ".maxBatches"));
        assertEq(inbox.FIRST_HEIGHT(), vm.parseJsonUint(vectors, ".firstHeight"));
    }

    function at(uint256 index, string memory field) private pure returns (string memory) {
        return string.concat(".links[", vm.toString(index), "]", field);
    }
}

contract SetVectorsTest is SetsFixture {
    /// @dev C30, C31.
    function test_TheBoundsAreThoseOfTheVectors() external view {
        string memory vectors = vm.readFile("vectors/contracts.json");
        assertEq(sets.PLACES(), vm.parseJsonUint(vectors, ".places"));
        assertEq(sets.LAG_EPOCHS(), vm.parseJsonUint(vectors, ".lagEpochs"));
        assertEq(sets.MIN_EPOCH_LENGTH(), vm.parseJsonUint(vectors, ".leastEpochLength"));
        assertEq(sets.MAX_EPOCH_LENGTH(), vm.parseJsonUint(vectors, ".mostEpochLength"));
    }
}
