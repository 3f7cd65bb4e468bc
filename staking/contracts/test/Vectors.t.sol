// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Fixture} from "./Fixture.sol";
import {IRotaInbox} from "../src/interfaces/IRotaInbox.sol";

contract VectorsTest is Fixture {
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
        assertEq(staking.PLACES(), vm.parseJsonUint(vectors, ".places"));
        assertEq(staking.LAG_EPOCHS(), vm.parseJsonUint(vectors, ".lagEpochs"));
        assertEq(staking.MIN_EPOCH_LENGTH(), vm.parseJsonUint(vectors, ".leastEpochLength"));
        assertEq(staking.MAX_EPOCH_LENGTH(), vm.parseJsonUint(vectors, ".mostEpochLength"));
        assertEq(1 gwei, vm.parseJsonUint(vectors, ".weiPerPower"));
    }

    function at(uint256 index, string memory field) private pure returns (string memory) {
        return string.concat(".links[", vm.toString(index), "]", field);
    }
}
