// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAttestationVerifier} from "./IAttestationVerifier.sol";

/// @title Who earned what, and who missed too much
/// @notice The rules C127 to C146 cited here stand in `README.md`. Rewards are shared out in periods of a fixed number
/// of epochs: period p is the epochs from `p * periodEpochs` on. The tokens lie with the stakes. Amounts are in token
/// units, shares in basis points (1/10,000).
interface IRewards {
    /// @notice What is fixed at deployment.
    /// @param periodEpochs Epochs of a period
    /// @param maxCommissionBps Greatest commission
    /// @param maxCommissionRiseBps By how much a commission rises at most at a time
    /// @param commissionInterval Epochs from one rise of a commission to the next
    /// @param minimumPerformanceBps Share of its duties that a validator must do
    /// @param badPeriods How many periods below that in a row put a validator out of the set
    /// @param suspensionEpochs For how many epochs it stays out at least
    /// @param funder Who sets the rate at first
    struct Constants {
        uint32 periodEpochs;
        uint16 maxCommissionBps;
        uint16 maxCommissionRiseBps;
        uint32 commissionInterval;
        uint16 minimumPerformanceBps;
        uint8 badPeriods;
        uint32 suspensionEpochs;
        address funder;
    }

    /// @notice What a period brought one validator: a leaf of the period's tree (C131).
    /// @param period The number of the period
    /// @param validator Whose
    /// @param previousPeriodPlusOne The number plus 1 of the last period before in which it has a leaf; 0: none
    /// @param points What it earned: at most 1,000,000 for each unit of its power in each epoch
    /// @param done Duties that it did
    /// @param duties Duties that it had
    struct Leaf {
        uint64 period;
        address validator;
        uint64 previousPeriodPlusOne;
        uint96 points;
        uint64 done;
        uint64 duties;
    }

    /// @notice A period that was attested.
    /// @param root The root of the tree of its leaves
    /// @param totalPoints The points of all leaves
    /// @param maxPoints The points that all validators could have earned
    /// @param pot What is shared out for `maxPoints`
    /// @param broughtPoints Of `totalPoints`, those whose leaves were brought in
    struct Period {
        bytes32 root;
        uint96 totalPoints;
        uint96 maxPoints;
        uint96 pot;
        uint96 broughtPoints;
    }

    /// @notice What stands about a validator.
    /// @param owed What those who staked with it earned and were not paid yet
    /// @param commission What its commission brought its withdrawal account and was not paid yet
    /// @param nextPeriod All periods before this one are accounted for; 0: no leaf was brought in yet
    /// @param badInARow Leaves below the least performance since the last one that was not
    /// @param mayResumeFrom The first epoch in which it may return after a suspension; 0: it was never suspended
    /// @param nextRiseEpoch The first epoch in which its commission may rise
    struct Standing {
        uint96 owed;
        uint96 commission;
        uint32 nextPeriod;
        uint8 badInARow;
        uint64 mayResumeFrom;
        uint64 nextRiseEpoch;
    }

    /// @notice A period was attested: `pot` is what all points that could have been earned would bring, `allocated`
    /// what those that were earned bring. The rest stays for later periods.
    event PeriodAttested(
        uint64 indexed period, bytes32 root, uint96 totalPoints, uint96 maxPoints, uint96 pot, uint96 allocated
    );
    /// @notice A leaf was brought in: `reward` is for the stake of then, `commission` for the withdrawal account.
    event LeafBrought(
        uint64 indexed period,
        address indexed validator,
        uint96 points,
        uint64 done,
        uint64 duties,
        uint96 reward,
        uint96 commission
    );
    /// @notice A validator missed too much in too many periods in a row; from `mayResumeFrom` on it may return.
    event Suspended(address indexed validator, uint64 indexed period, uint64 mayResumeFrom);
    /// @notice An account was paid what its stake with a validator earned.
    event Claimed(address indexed validator, address indexed account, uint96 amount);
    /// @notice An account bonded what its stake with a validator earned.
    event Restaked(address indexed validator, address indexed account, uint96 amount);
    /// @notice The withdrawal account of a validator was paid the commission.
    event CommissionClaimed(address indexed validator, address indexed withdrawal, uint96 amount);
    /// @notice The commission of a validator from a period on.
    event CommissionSet(address indexed validator, uint16 commissionBps, uint64 indexed fromPeriod);
    /// @notice What a period may bring all validators together, from the next attestation on.
    event RateSet(uint96 ratePerPeriod);
    /// @notice Another account sets the rate; also emitted at deployment.
    event FunderSet(address indexed funder);

    /// @notice The wiring names another address as the rewards.
    error WiredElsewhere(address rewards, address self);
    /// @notice An address is zero.
    error ZeroAddress();
    /// @notice A constant is below its least or above its most; `index` is its place in `Constants`, from 0 on.
    error ConstantOutOfRange(uint256 index, uint256 value, uint256 least, uint256 most);
    /// @notice The caller is not the stakes.
    error NotStakes(address caller);
    /// @notice The caller is not governance.
    error NotGovernance(address caller);
    /// @notice The caller is not the funder.
    error NotFunder(address caller);
    /// @notice The caller is not the operator of the validator.
    error NotOperator(address validator, address caller);
    /// @notice Only the account itself bonds what it earned.
    error NotAccount(address account, address caller);

    /// @notice Periods are attested in order.
    error WrongPeriod(uint64 period, uint64 nextPeriod);
    /// @notice The period is over in this epoch.
    error PeriodNotOver(uint64 period, uint64 currentEpoch, uint64 endEpoch);
    /// @notice More points than the powers of the period allow.
    error TotalPointsTooHigh(uint96 totalPoints, uint96 maxPoints);
    /// @notice Points that nobody could bring in.
    error PointsWithoutLeaves(uint96 totalPoints);

    /// @notice The period was not attested yet.
    error NotAttested(uint64 period, uint64 nextPeriod);
    /// @notice The leaf, or one of a later period, was brought in before.
    error AlreadyBrought(address validator, uint64 period, uint64 nextPeriod);
    /// @notice The root of the period has no such leaf, or the proof is none.
    error NotInRoot(uint64 period, bytes32 leaf);
    /// @notice The leaves of a validator are brought in in order; `expected` stands here.
    error WrongPrevious(address validator, uint64 previousPeriodPlusOne, uint64 expected);
    /// @notice More was done than there was to do.
    error MoreDoneThanDuties(uint64 done, uint64 duties);
    /// @notice More points than the power of the validator in the period allows.
    error TooManyPoints(address validator, uint96 points, uint256 most);
    /// @notice More points than all leaves of the period have that are still to come.
    error MorePointsThanAttested(uint64 period, uint96 points, uint96 left);

    /// @notice The commission is above the greatest.
    error CommissionTooHigh(uint16 commissionBps, uint16 most);
    /// @notice The commission rises by too much at a time.
    error RiseTooLarge(uint16 commissionBps, uint256 most);
    /// @notice The last rise was too short a time ago.
    error RiseTooSoon(uint64 currentEpoch, uint64 nextRiseEpoch);
    /// @notice There is no commission to be paid.
    error NoCommission(address validator);
    /// @notice There is nothing that could be bonded.
    error NothingToRestake(address validator, address account);

    /// @notice Takes the quorum's word for what a period brought, once it is over, in order; anyone may (C127 to C130).
    /// Reverts with `WrongPeriod`, `PeriodNotOver`, `PointsWithoutLeaves`, `TotalPointsTooHigh`, and as
    /// `IAttestationVerifier.requireQuorum` does.
    /// @param period The number of the period
    /// @param root The root of the tree of its leaves; zero: it has none
    /// @param totalPoints The points of all leaves
    /// @param quorum The quorum's signature of kind 1, index `period` and content
    /// `keccak256(abi.encode(root, totalPoints))`, about the last epoch of the period
    function attest(
        uint64 period,
        bytes32 root,
        uint96 totalPoints,
        IAttestationVerifier.QuorumSignature calldata quorum
    ) external;

    /// @notice Brings in what a period brought one validator, once, and of a validator in order; anyone may (C131 to
    /// C134, C141). Reverts with `NotAttested`, `AlreadyBrought`, `NotInRoot`, `WrongPrevious`, `MoreDoneThanDuties`,
    /// `TooManyPoints`, `MorePointsThanAttested`.
    /// @param leaf The leaf
    /// @param proof The hashes beside the leaf's path to the root, from below (pairs are hashed in order of value)
    function bring(Leaf calldata leaf, bytes32[] calldata proof) external;

    /// @notice Pays an account what its stake with a validator has earned so far; anyone may, also for nothing (C136).
    /// @return amount What was paid
    function claim(address validator, address account) external returns (uint96 amount);

    /// @notice Bonds what the caller's stake with a validator has earned so far, with that validator (C137). Reverts
    /// with `NotAccount`, `NothingToRestake`, and as the stakes do.
    /// @param account The caller
    /// @return amount What was bonded
    function restake(address validator, address account) external returns (uint96 amount);

    /// @notice Pays the withdrawal account of a validator its commission; anyone may (C139). Reverts with
    /// `NoCommission`.
    /// @return amount What was paid
    function claimCommission(address validator) external returns (uint96 amount);

    /// @notice Sets the commission of a validator from the first period on that begins in two epochs or later; only its
    /// operator (C138). Reverts with `NotOperator`, `CommissionTooHigh`, `RiseTooLarge`, `RiseTooSoon`.
    function setCommission(address validator, uint16 commissionBps) external;

    /// @notice Sets what a period may bring all validators together; only the funder (C129). Reverts with `NotFunder`.
    function setRate(uint96 ratePerPeriod_) external;

    /// @notice Sets who sets the rate; only governance (C144). Reverts with `NotGovernance`, `ZeroAddress`.
    function setFunder(address account) external;

    /// @notice Keeps a stretch of a position that the stakes keep no more, so that what it earned stays claimable; only
    /// the stakes (C140). Reverts with `NotStakes` and for no other reason.
    /// @param validator Whose pool
    /// @param account Whose position
    /// @param amount Nominal stake
    /// @param fromEpoch The first epoch of the stretch
    /// @param untilEpoch The first epoch after it
    function keepStretch(address validator, address account, uint96 amount, uint32 fromEpoch, uint32 untilEpoch)
        external;

    /// @notice What `claim` would pay now.
    function claimable(address validator, address account) external view returns (uint96);

    /// @notice A period; all zero if it was not attested yet.
    function periodOf(uint64 period) external view returns (Period memory);

    /// @notice What stands about a validator.
    function standingOf(address validator) external view returns (Standing memory);

    /// @notice The commission of a validator in a period, as far as it is known now.
    function commissionOf(address validator, uint64 period) external view returns (uint16 commissionBps);

    /// @notice The first epoch in which a validator may return after a suspension; 0: it was never suspended.
    function mayResumeFrom(address validator) external view returns (uint64 epoch);

    /// @notice The hash of a leaf, as it stands in the tree: hashed twice, so that no inner node passes for a leaf.
    function leafHash(Leaf calldata leaf) external pure returns (bytes32);

    /// @notice The next period to be attested.
    function nextPeriod() external view returns (uint64);

    /// @notice Of the reserve, what attested periods have brought and was not paid yet.
    function allocated() external view returns (uint128);

    /// @notice Of the reserve, what periods to come may bring.
    function free() external view returns (uint128);

    /// @notice What a period may bring all validators together.
    function ratePerPeriod() external view returns (uint96);

    /// @notice Who sets the rate.
    function funder() external view returns (address);
}
