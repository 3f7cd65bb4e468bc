// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {QuorumFixture} from "./QuorumFixture.sol";
import {AttestationVerifier} from "../../src/AttestationVerifier.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IAttestationVerifier} from "../../src/interfaces/IAttestationVerifier.sol";

contract AttestationVerifierConstructorTest is QuorumFixture {
    /// @dev C120, C126.
    function test_Constructor_WhenAllIsWell() external view {
        assertEq(address(verifier.sets()), address(sets));
        assertEq(verifier.stakes(), stakes);
        assertEq(verifier.rollupChainId(), 7682);
        assertEq(verifier.attestationEpochs(), K);
    }

    /// @dev C121: one to 64 epochs.
    function testFuzz_Constructor_HowLongAttestationsAreTaken(uint64 epochs) external {
        epochs = epochs % 70;
        Wiring memory wiring = wiringOf(address(sets));
        wiring.attestations = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        if (epochs < 1 || epochs > 64) {
            vm.expectRevert(
                abi.encodeWithSelector(IAttestationVerifier.AttestationEpochsOutOfRange.selector, epochs, 1, 64)
            );
        }
        new AttestationVerifier(wiring, epochs);
    }

    /// @dev C126.
    function test_RevertWhen_ItIsWiredElsewhere() external {
        Wiring memory wiring = wiringOf(address(sets));
        address self = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.expectRevert(abi.encodeWithSelector(IAttestationVerifier.WiredElsewhere.selector, address(0), self));
        new AttestationVerifier(wiring, K);
    }
}
