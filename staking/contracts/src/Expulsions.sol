// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {SET_WINDOW_BLOCKS} from "./SetWindow.sol";
import {Wiring} from "./Wiring.sol";
import {IExpulsions} from "./interfaces/IExpulsions.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title Exits that governance begins
/// @notice Governance may send a validator out, but can't exchange the set: what it sends out in a month is a tenth of
/// the power at most. Stake that is sent out is unbonded as by an exit, and paid as such.
contract Expulsions is IExpulsions {
    using Checkpoints for Checkpoints.Trace224;
    using SafeCast for uint256;

    /// @notice What the window holds at least, in L1 blocks: 30 days of 12-second blocks.
    uint64 public constant WINDOW_BLOCKS = SET_WINDOW_BLOCKS;
    /// @notice The share of the power that may be expelled within a window: one in so many.
    uint256 public constant SHARE_DIVISOR = 10;

    /// @notice Does what was voted for: the timelock.
    address public immutable governance;
    /// @notice Who serves in which epoch.
    IValidatorSets public immutable sets;
    /// @notice Begins the exits.
    IStakeManager public immutable stakes;
    /// @inheritdoc IExpulsions
    uint32 public immutable windowEpochs;

    /// By epoch, all power that was expelled up to it.
    Checkpoints.Trace224 private _expelled;

    /// @param wiring Where the contracts of the deployment stand
    constructor(Wiring memory wiring) {
        if (wiring.expulsions != address(this)) revert NotAtWiredAddress(wiring.expulsions, address(this));
        governance = IStakingParameters(wiring.parameters).governance();
        sets = IValidatorSets(wiring.sets);
        stakes = IStakeManager(wiring.stakes);
        // C167: 30 days from within an epoch end within another one, which therefore counts, too.
        windowEpochs = (Math.ceilDiv(WINDOW_BLOCKS, sets.epochLength()) + 1).toUint32();
    }

    /// @inheritdoc IExpulsions
    function expel(address validator) external {
        // C166.
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        uint64 power = countedPowerOf(validator);
        // C167: who has no power may always be sent out, also if others have used the window up.
        if (power != 0) {
            (uint256 spent, uint256 most) = expelled();
            if (spent + power > most) revert ExpelsTooMuch(validator, power, spent, most);
            _expelled.push(uint256(sets.currentEpoch()).toUint32(), _expelled.latest() + power);
        }
        emit Expelled(validator, power);
        stakes.expel(validator);
    }

    /// @inheritdoc IExpulsions
    function expelled() public view returns (uint256 spent, uint256 most) {
        uint64 epoch = sets.currentEpoch();
        // What was expelled up to the last epoch before the window has left it.
        uint256 before = epoch < windowEpochs ? 0 : _expelled.upperLookup(uint256(epoch - windowEpochs).toUint32());
        spent = _expelled.latest() - before;
        (, uint64 total) = sets.totalsOf(epoch);
        (, uint64 nextTotal) = sets.totalsOf(epoch + 1);
        most = Math.min(total, nextTotal) / SHARE_DIVISOR;
    }

    /// @inheritdoc IExpulsions
    function countedPowerOf(address validator) public view returns (uint64) {
        uint64 epoch = sets.currentEpoch();
        // C167: what it has in any set that is fixed or being formed. So nobody's power is caught between two of them.
        uint256 fixed_ = Math.max(sets.powerOf(validator, epoch), sets.powerOf(validator, epoch + 1));
        return uint64(Math.max(fixed_, sets.seatOf(validator).power));
    }
}
