// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {QuorumFixture} from "../attestations/QuorumFixture.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";

/// @dev What the execution of a verification costs, calldata and the intrinsic gas of a transaction left out (C125).
/// Each test makes one call only, so that every account and slot is cold.
/// forge-config: gas.isolate = false
contract QuorumGasTest is QuorumFixture {
    uint256 private constant MOST = 200_000;
    uint256 private constant MOST_PER_ABSENT = 12_000;

    function test_Gas_WhenAllSigned() external {
        assertLe(execution(0), MOST);
    }

    function test_Gas_WhenOneIsAbsent() external {
        assertLe(execution(1), MOST + MOST_PER_ABSENT);
    }

    function test_Gas_WhenTenAreAbsent() external {
        assertLe(execution(10), MOST + 10 * MOST_PER_ABSENT);
    }

    function test_Gas_WhenAThirdIsAbsent() external {
        assertLe(execution(33), MOST + 33 * MOST_PER_ABSENT);
    }

    function execution(uint256 absent) private returns (uint256) {
        IAttestationVerifier.QuorumSignature memory quorum =
            quorumWithout(uint128((1 << absent) - 1), NOW, keccak256("content"));
        vm.cool(address(sets));
        vm.cool(address(verifier));
        verifier.requireQuorum(1, 3, keccak256("content"), NOW, quorum);
        string memory count = vm.toString(absent);
        return vm.snapshotGasLastCall(
            "AttestationVerifier", string.concat("requireQuorum, of 100 members ", count, " absent (execution)")
        );
    }
}
