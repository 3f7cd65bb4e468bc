// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Votes} from "@openzeppelin/contracts/governance/utils/Votes.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Wiring} from "./Wiring.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {IStakeVotes} from "./interfaces/IStakeVotes.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title The votes of bonded stake, in checkpoints by L1 block
/// @notice It holds no tokens and decides nothing: the stakes tell it what is bonded. No owner, no pause, no upgrade.
contract StakeVotes is Votes, IStakeVotes {
    using SafeCast for uint256;

    /// What an account has bonded, kept from the time on when it first says who votes for it, or others name it. Until
    /// then it is what its votes are.
    struct Holding {
        uint128 units;
        bool kept;
    }

    /// @notice Tells what is bonded.
    IStakeManager public immutable stakes;
    /// @notice Who serves in which epoch.
    IValidatorSets public immutable sets;
    /// @notice Votes of one unit of power.
    uint128 public immutable powerUnit;

    mapping(address account => Holding) private _holdings;
    /// @inheritdoc IStakeVotes
    mapping(address validator => mapping(address account => bool)) public isDropped;

    modifier onlyStakes() {
        if (msg.sender != address(stakes)) revert NotStakes(msg.sender);
        _;
    }

    /// @param wiring Where the contracts of the deployment stand
    constructor(Wiring memory wiring) EIP712("Rota Votes", "1") {
        if (wiring.votes != address(this)) revert NotAtWiredAddress(wiring.votes, address(this));
        stakes = IStakeManager(wiring.stakes);
        sets = IValidatorSets(wiring.sets);
        powerUnit = IStakingParameters(wiring.parameters).powerUnit();
    }

    /// @inheritdoc IStakeVotes
    function bonded(address account, uint128 amount) external onlyStakes {
        // C151: an account that has said nothing about its votes, and was not named, writes nothing but its checkpoint.
        Holding storage holding = _holdings[account];
        if (holding.kept) holding.units += amount;
        // C150: no checkpoint of a total, which every bond would pay for.
        _moveDelegateVotes(address(0), delegates(account), amount);
    }

    /// @inheritdoc IStakeVotes
    function unbonded(address account, uint128 amount) external onlyStakes {
        _drop(account, amount);
    }

    /// @inheritdoc IStakeVotes
    function slashed(address validator, address account, uint128 amount) external onlyStakes {
        // C153: once, whoever comes first; the stakes tell a slash and, later, each position that they release.
        if (!isDropped[validator][account]) _dropSlashed(validator, account, amount);
    }

    /// @inheritdoc IStakeVotes
    function sync(address validator, address account) external {
        // C153: a slashed position does not change until the stakes have told of it, so it is what was bonded.
        if (!stakes.isSlashed(validator)) revert NotSlashed(validator);
        uint96 amount = stakes.positionOf(validator, account).amount;
        if (amount == 0 || isDropped[validator][account]) revert NothingToSync(validator, account);
        _dropSlashed(validator, account, amount);
    }

    /// @inheritdoc IStakeVotes
    function unitsOf(address account) external view returns (uint256) {
        return _getVotingUnits(account);
    }

    /// @notice Who votes with an account's stake: itself until it says otherwise (C151).
    function delegates(address account) public view override returns (address) {
        address named = super.delegates(account);
        return named == address(0) ? account : named;
    }

    /// @notice The power that served at the end of a past L1 block, in token units (C154).
    /// @dev Votes are bonded stake, and stake above the caps or without a place gives no power: the sum of all votes
    /// can be more than this.
    function getPastTotalSupply(uint256 timepoint) public view override returns (uint256) {
        (, uint64 totalPower) = sets.totalsOf(sets.epochOf(_validateTimepoint(timepoint)));
        return uint256(totalPower) * powerUnit;
    }

    /// C151: naming nobody is naming oneself, so no votes ever vanish.
    function _delegate(address account, address delegatee) internal override {
        if (delegatee == address(0)) delegatee = account;
        _keepUnits(account);
        // From now on it may have votes that are not its own.
        _keepUnits(delegatee);
        super._delegate(account, delegatee);
    }

    /// C151: the votes of an account that has said nothing and was not named are its own, all of them.
    function _getVotingUnits(address account) internal view override returns (uint256) {
        Holding storage holding = _holdings[account];
        return holding.kept ? holding.units : getVotes(account);
    }

    function _keepUnits(address account) private {
        _holdings[account] = Holding(_getVotingUnits(account).toUint128(), true);
    }

    function _dropSlashed(address validator, address account, uint128 amount) private {
        isDropped[validator][account] = true;
        emit VotesDropped(validator, account, amount);
        _drop(account, amount);
    }

    /// C152: never more than was told as bonded, so nothing here refuses an unbonding or a slash.
    function _drop(address account, uint128 amount) private {
        Holding storage holding = _holdings[account];
        if (holding.kept) holding.units -= amount;
        _moveDelegateVotes(delegates(account), address(0), amount);
    }
}
