// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Script} from "forge-std/Script.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IAdmission} from "../src/interfaces/IAdmission.sol";
import {IRewards} from "../src/interfaces/IRewards.sol";
import {ISlasher} from "../src/interfaces/ISlasher.sol";
import {IStakeGovernor} from "../src/interfaces/IStakeGovernor.sol";
import {IStakeManager} from "../src/interfaces/IStakeManager.sol";
import {IStakingParameters} from "../src/interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "../src/interfaces/IValidatorRegistry.sol";

/// @title What a deployment of the staking contracts is told, read from a JSON file
/// @notice `deploy-staking.example.json` beside this one shows every field but the two that may be left out: `token`
/// (then a test token is deployed) and `startBlock` (then epoch 0 begins with the current L1 block). Amounts are
/// in the smallest units of the token, and strings, since JSON's numbers end at 2^53.
abstract contract StakingConfig is Script {
    using SafeCast for uint256;

    /// @param deployer The account that deploys, brings the seeds' stakes and opens
    /// @param nonce Its nonce before the first transaction: it decides on all addresses, and so on what the seeds sign
    /// @param token The token to stake; zero: a test token is deployed
    /// @param constants What is fixed of the parameters; their governance is the timelock, whose address follows
    /// @param attestationEpochs Epochs after the one that an attestation is about whose sets may sign it
    /// @param timelockDelay Seconds from the queueing of a proposal to its execution
    struct Config {
        address deployer;
        uint64 nonce;
        address token;
        uint64 startBlock;
        uint64 epochLength;
        IStakingParameters.Constants constants;
        IStakingParameters.Values values;
        ISlasher.Constants slashing;
        uint64 attestationEpochs;
        IRewards.Constants rewards;
        IAdmission.Constants admission;
        IAdmission.Start admissionStart;
        IStakeGovernor.Constants governor;
        uint256 timelockDelay;
        IStakeManager.Seed[] seeds;
    }

    /// @notice A field of the file is missing.
    error MissingField(string path);

    /// @notice All of the file; without `needed` the seeds' proofs of possession may be missing.
    function readConfig(string memory config, bool needed) public view returns (Config memory read) {
        bool started = vm.keyExistsJson(config, ".startBlock");
        bool tokenIsGiven = vm.keyExistsJson(config, ".token");
        read.deployer = _address(config, ".deployer");
        read.nonce = _uint(config, ".nonce").toUint64();
        read.token = tokenIsGiven ? _address(config, ".token") : address(0);
        read.startBlock = (started ? _uint(config, ".startBlock") : block.number).toUint64();
        read.epochLength = _uint(config, ".epochLength").toUint64();
        read.constants = _readConstants(config);
        read.values = _readValues(config);
        read.slashing = _readSlashing(config);
        read.attestationEpochs = _uint(config, ".attestations.attestationEpochs").toUint64();
        read.rewards = _readRewards(config);
        read.admission = _readAdmission(config);
        read.admissionStart = _readAdmissionStart(config);
        read.governor = _readGovernor(config);
        read.timelockDelay = _uint(config, ".governor.timelockDelay");
        read.seeds = _readSeeds(config, needed);
    }

    /// Governance is the timelock, whose address follows from the nonces.
    function _readConstants(string memory config) private view returns (IStakingParameters.Constants memory) {
        return IStakingParameters.Constants({
            rollupChainId: _uint(config, ".parameters.rollupChainId").toUint64(),
            powerUnit: _uint(config, ".parameters.powerUnit").toUint128(),
            maxEpochLag: _uint(config, ".parameters.maxEpochLag").toUint32(),
            maxOriginAge: _uint(config, ".parameters.maxOriginAge").toUint32(),
            evidenceWindow: _uint(config, ".parameters.evidenceWindow").toUint32(),
            inclusionDelay: _uint(config, ".parameters.inclusionDelay").toUint32(),
            governanceEpochs: _uint(config, ".parameters.governanceEpochs").toUint32(),
            governance: address(0)
        });
    }

    function _readValues(string memory config) private view returns (IStakingParameters.Values memory) {
        return IStakingParameters.Values({
            minimumBond: _uint(config, ".parameters.minimumBond").toUint128(),
            powerCap: _uint(config, ".parameters.powerCap").toUint128(),
            unbondingDelay: _uint(config, ".parameters.unbondingDelay").toUint32(),
            keyRotationInterval: _uint(config, ".parameters.keyRotationInterval").toUint32(),
            maximumExitWait: _uint(config, ".parameters.maximumExitWait").toUint32(),
            minimumSize: _uint(config, ".parameters.minimumSize").toUint16(),
            entryBound: _uint(config, ".parameters.entryBound").toUint16(),
            exitBound: _uint(config, ".parameters.exitBound").toUint16(),
            replacementMargin: _uint(config, ".parameters.replacementMargin").toUint16(),
            treasury: _address(config, ".parameters.treasury")
        });
    }

    function _readSlashing(string memory config) private view returns (ISlasher.Constants memory) {
        return ISlasher.Constants({
            basePenaltyBps: _uint(config, ".slasher.basePenaltyBps").toUint16(),
            correlationMultiplierBps: _uint(config, ".slasher.correlationMultiplierBps").toUint32(),
            correlationEpochs: _uint(config, ".slasher.correlationEpochs").toUint32(),
            reporterCap: _uint(config, ".slasher.reporterCap").toUint128()
        });
    }

    function _readRewards(string memory config) private view returns (IRewards.Constants memory) {
        return IRewards.Constants({
            periodEpochs: _uint(config, ".rewards.periodEpochs").toUint32(),
            maxCommissionBps: _uint(config, ".rewards.maxCommissionBps").toUint16(),
            maxCommissionRiseBps: _uint(config, ".rewards.maxCommissionRiseBps").toUint16(),
            commissionInterval: _uint(config, ".rewards.commissionInterval").toUint32(),
            minimumPerformanceBps: _uint(config, ".rewards.minimumPerformanceBps").toUint16(),
            badPeriods: _uint(config, ".rewards.badPeriods").toUint8(),
            suspensionEpochs: _uint(config, ".rewards.suspensionEpochs").toUint32(),
            funder: _address(config, ".rewards.funder")
        });
    }

    function _readAdmission(string memory config) private view returns (IAdmission.Constants memory) {
        return IAdmission.Constants({
            pauseEpochs: _uint(config, ".admission.pauseEpochs").toUint32(),
            periodEpochs: _uint(config, ".admission.periodEpochs").toUint32(),
            pauses: _uint(config, ".admission.pauses").toUint16(),
            cancellations: _uint(config, ".admission.cancellations").toUint16()
        });
    }

    function _readAdmissionStart(string memory config) private view returns (IAdmission.Start memory) {
        return IAdmission.Start({
            allowList: vm.parseJsonBool(config, _present(config, ".admission.allowList")),
            allowed: vm.parseJsonAddressArray(config, _present(config, ".admission.allowed")),
            guardian: _address(config, ".admission.guardian"),
            mandateEnd: _uint(config, ".admission.mandateEnd").toUint64()
        });
    }

    function _readGovernor(string memory config) private view returns (IStakeGovernor.Constants memory) {
        return IStakeGovernor.Constants({
            votingDelay: _uint(config, ".governor.votingDelay").toUint32(),
            votingPeriod: _uint(config, ".governor.votingPeriod").toUint32(),
            secondsPerBlock: _uint(config, ".governor.secondsPerBlock").toUint32(),
            quorumBps: _uint(config, ".governor.quorumBps").toUint16(),
            proposalThreshold: _uint(config, ".governor.proposalThreshold").toUint128()
        });
    }

    /// The seeds, in the order of the places they will take.
    function _readSeeds(string memory config, bool needed) private view returns (IStakeManager.Seed[] memory seeds) {
        uint256 count = 0;
        while (vm.keyExistsJson(config, _seed(count))) ++count;
        seeds = new IStakeManager.Seed[](count);
        for (uint256 i = 0; i < count; ++i) {
            string memory path = _seed(i);
            seeds[i].validator = _address(config, string.concat(path, ".validator"));
            seeds[i].amount = _uint(config, string.concat(path, ".amount")).toUint128();
            seeds[i].registration = _readRegistration(config, path);
            string memory possession = string.concat(path, ".possession");
            if (needed || vm.keyExistsJson(config, possession)) {
                seeds[i].possession = _readPossession(config, possession);
            }
        }
    }

    function _readRegistration(string memory config, string memory path)
        private
        view
        returns (IValidatorRegistry.Registration memory)
    {
        return IValidatorRegistry.Registration({
            consensusKey: _bytes32(config, string.concat(path, ".consensusKey")),
            attestationKey: _bytes(config, string.concat(path, ".attestationKey")),
            withdrawal: _address(config, string.concat(path, ".withdrawal")),
            submitter: _address(config, string.concat(path, ".submitter")),
            feeRecipient: _address(config, string.concat(path, ".feeRecipient")),
            nodeAddress: _string(config, string.concat(path, ".nodeAddress")),
            metadata: _string(config, string.concat(path, ".metadata"))
        });
    }

    function _readPossession(string memory config, string memory path)
        private
        view
        returns (IValidatorRegistry.Possession memory)
    {
        return IValidatorRegistry.Possession({
            r: _bytes32(config, string.concat(path, ".r")),
            s: _bytes32(config, string.concat(path, ".s")),
            attestationSignature: _bytes(config, string.concat(path, ".attestationSignature"))
        });
    }

    function _seed(uint256 index) private pure returns (string memory) {
        return string.concat(".seeds[", vm.toString(index), "]");
    }

    function _uint(string memory config, string memory path) private view returns (uint256) {
        return vm.parseJsonUint(config, _present(config, path));
    }

    function _address(string memory config, string memory path) private view returns (address) {
        return vm.parseJsonAddress(config, _present(config, path));
    }

    function _bytes32(string memory config, string memory path) private view returns (bytes32) {
        return vm.parseJsonBytes32(config, _present(config, path));
    }

    function _bytes(string memory config, string memory path) private view returns (bytes memory) {
        return vm.parseJsonBytes(config, _present(config, path));
    }

    function _string(string memory config, string memory path) private view returns (string memory) {
        return vm.parseJsonString(config, _present(config, path));
    }

    function _present(string memory config, string memory path) private view returns (string memory) {
        if (!vm.keyExistsJson(config, path)) revert MissingField(path);
        return path;
    }
}
