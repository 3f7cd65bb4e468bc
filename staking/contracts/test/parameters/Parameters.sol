// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {StakingParameters} from "../../src/StakingParameters.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";

/// @dev Values of a local network: evidence is taken for 8 epochs and L1 may be full for one more.
abstract contract ParametersFixture is Test {
    address internal constant GOVERNANCE = address(0x601);
    address internal constant TREASURY = address(0x7EA);

    function deploy() internal returns (StakingParameters) {
        return new StakingParameters(constants(), values());
    }

    function constants() internal pure returns (IStakingParameters.Constants memory) {
        return IStakingParameters.Constants({
            rollupChainId: 7682,
            powerUnit: 1e9,
            maxEpochLag: 2,
            maxOriginAge: 1,
            evidenceWindow: 5,
            inclusionDelay: 1,
            governanceEpochs: 4,
            governance: GOVERNANCE
        });
    }

    function values() internal pure returns (IStakingParameters.Values memory) {
        return IStakingParameters.Values({
            minimumBond: 1000e18,
            powerCap: 100_000e18,
            unbondingDelay: 12,
            keyRotationInterval: 2,
            maximumExitWait: 8,
            minimumSize: 4,
            entryBound: 1250,
            exitBound: 1250,
            replacementMargin: 500,
            treasury: TREASURY
        });
    }
}
