// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

import {ParametersFixture} from "../parameters/Parameters.sol";
import {Admission} from "../../src/Admission.sol";
import {Expulsions} from "../../src/Expulsions.sol";
import {StakeGovernor} from "../../src/StakeGovernor.sol";
import {StakeVotes} from "../../src/StakeVotes.sol";
import {StakingParameters} from "../../src/StakingParameters.sol";
import {Wiring} from "../../src/Wiring.sol";
import {IAdmission} from "../../src/interfaces/IAdmission.sol";
import {IStakeGovernor} from "../../src/interfaces/IStakeGovernor.sol";
import {IStakingParameters} from "../../src/interfaces/IStakingParameters.sol";
import {FunderStub, PositionsStub, PowersStub} from "./Stubs.sol";

/// @dev Governance with everything of its own real. Four validators, 0 to 3, whose accounts have bonded 30, 27, 23 and
/// 20 thousand tokens, and have as much power. Epochs of 32 blocks of 12 seconds.
abstract contract GovernanceFixture is ParametersFixture {
    uint64 internal constant LENGTH = 32;
    uint64 internal constant START = 1000;
    uint32 internal constant DELAY = 4;
    uint32 internal constant PERIOD = 64;
    uint256 internal constant TIMELOCK = 60;
    uint64 internal constant MANDATE_END = 100;
    /// @dev 30 days of blocks in epochs, and one.
    uint64 internal constant WINDOW = 6751;
    uint128 internal constant THRESHOLD = 1000e18;
    uint64 internal constant TOTAL = 100_000e9;
    address internal constant GUARDIAN = address(0x6A4D);
    address internal constant STRANGER = address(0x57A4);

    Wiring internal wiring;
    PowersStub internal sets;
    PositionsStub internal stakes;
    FunderStub internal rewards;
    StakingParameters internal parameters;
    StakeVotes internal votes;
    Admission internal admission;
    Expulsions internal expulsions;
    TimelockController internal timelock;
    StakeGovernor internal governor;

    function setUp() public virtual {
        vm.roll(START);
        vm.warp(1_800_000_000);
        deployGovernance();
        uint96[4] memory amounts = [uint96(30_000e18), 27_000e18, 23_000e18, 20_000e18];
        for (uint256 i = 0; i < 4; ++i) {
            stakes.bond(validatorOf(i), accountOf(i), amounts[i]);
            sets.setPower(validatorOf(i), uint64(amounts[i] / 1e9));
        }
        sets.setTotal(TOTAL);
        mine(1);
    }

    function deployGovernance() internal {
        sets = new PowersStub(START, LENGTH);
        stakes = new PositionsStub();
        uint64 nonce = vm.getNonce(address(this));
        wiring.sets = address(sets);
        wiring.stakes = address(stakes);
        wiring.parameters = vm.computeCreateAddress(address(this), nonce);
        wiring.rewards = vm.computeCreateAddress(address(this), nonce + 1);
        wiring.votes = vm.computeCreateAddress(address(this), nonce + 2);
        wiring.admission = vm.computeCreateAddress(address(this), nonce + 3);
        wiring.expulsions = vm.computeCreateAddress(address(this), nonce + 4);
        address timelock_ = vm.computeCreateAddress(address(this), nonce + 5);
        wiring.governor = vm.computeCreateAddress(address(this), nonce + 6);

        IStakingParameters.Constants memory fixed_ = constants();
        fixed_.governance = timelock_;
        parameters = new StakingParameters(fixed_, values());
        rewards = new FunderStub(timelock_);
        votes = new StakeVotes(wiring);
        admission = new Admission(wiring, admissionConstants(), admissionStart());
        expulsions = new Expulsions(wiring);
        timelock = newTimelock(TIMELOCK);
        governor = new StakeGovernor(wiring, timelock, governorConstants());
        stakes.setVotes(votes);
    }

    function newTimelock(uint256 delay) internal returns (TimelockController) {
        address[] memory proposers = new address[](1);
        proposers[0] = wiring.governor;
        return new TimelockController(delay, proposers, new address[](1), address(0));
    }

    function governorConstants() internal pure returns (IStakeGovernor.Constants memory) {
        return IStakeGovernor.Constants({
            votingDelay: DELAY, votingPeriod: PERIOD, secondsPerBlock: 12, quorumBps: 2500, proposalThreshold: THRESHOLD
        });
    }

    function admissionConstants() internal pure returns (IAdmission.Constants memory) {
        return IAdmission.Constants({pauseEpochs: 4, periodEpochs: 20, pauses: 2, cancellations: 2});
    }

    /// @dev The list is on; validators 0 and 1 stand on it.
    function admissionStart() internal view virtual returns (IAdmission.Start memory start) {
        start.allowList = true;
        start.allowed = new address[](2);
        (start.allowed[0], start.allowed[1]) = (validatorOf(0), validatorOf(1));
        (start.guardian, start.mandateEnd) = (guardian(), MANDATE_END);
    }

    function guardian() internal view virtual returns (address) {
        return GUARDIAN;
    }

    function validatorOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xB000 + index));
    }

    function accountOf(uint256 index) internal pure returns (address) {
        return address(uint160(0xA000 + index));
    }

    /// @dev Blocks of 12 seconds.
    function mine(uint256 blocks) internal {
        vm.roll(vm.getBlockNumber() + blocks);
        vm.warp(vm.getBlockTimestamp() + 12 * blocks);
    }

    /// @dev To the first block of an epoch, if that has not begun.
    function toEpoch(uint64 epoch) internal {
        uint256 first = START + uint256(epoch) * LENGTH;
        if (first > vm.getBlockNumber()) mine(first - vm.getBlockNumber());
    }

    function asGovernance() internal {
        vm.prank(address(timelock));
    }
}
