// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What those who stake with a validator do, and what others decide about it
/// @notice The rules C100 to C113 cited here stand in `README.md`. A part of `IStakeManager`.
interface IDelegation {
    /// @notice What one account has bonded with one validator, in nominal units: its delegation, or, of the withdrawal
    /// account, the own bond (C100). One word of storage.
    /// @param amount What is bonded; it counts for rewards from epoch `since` on
    /// @param since The first epoch in which it counts
    /// @param previous What counts from epoch `previousSince` on, until `since`
    /// @param previousSince The first epoch in which that counts
    struct Position {
        uint96 amount;
        uint32 since;
        uint96 previous;
        uint32 previousSince;
    }

    /// @notice A delegation came or grew, by a payment, a reward or a redelegation; `position` is what it is since.
    event Delegated(address indexed validator, address indexed account, uint128 amount, uint128 position);
    /// @notice A delegation, or a part of one, is on its way out; `position` stays. If `to` is not zero, it is to go on
    /// to that validator.
    event UndelegationBegun(
        uint64 indexed id,
        address indexed validator,
        address indexed account,
        address to,
        uint128 amount,
        uint128 position,
        uint64 ticket,
        uint32 delay
    );
    /// @notice A redelegation has arrived: `amount` of the account is now with `to`.
    event Redelegated(uint64 indexed id, address indexed to, address indexed account, uint128 amount);
    /// @notice Tokens came for rewards; `reserve` is what there is for them since.
    event RewardsFunded(address indexed payer, uint128 amount, uint128 reserve);
    /// @notice The reserve paid a reward: to the account, or, if `validator` is not zero, to its position there.
    event RewardPaid(address indexed account, address indexed validator, uint128 amount);
    /// @notice The validator missed too much: it has no power until it resumes.
    event ValidatorSuspended(address indexed validator);
    /// @notice The validator is back.
    event ValidatorResumed(address indexed validator);
    /// @notice Governance sent the validator out, for ever.
    event ValidatorExpelled(address indexed validator);

    /// @notice The withdrawal account of a validator adds to its own bond or takes from it by other calls.
    error OwnBond(address validator, address account);
    /// @notice The validator is suspended: it takes no delegation.
    error Suspended(address validator);
    /// @notice The validator is not suspended.
    error NotSuspended(address validator);
    /// @notice The suspension lasts until `fromEpoch`.
    error NotResumable(address validator, uint64 epoch, uint64 fromEpoch);
    /// @notice The validator was sent out by governance and does not come back.
    error Expelled(address validator);
    /// @notice What would be delegated is below the minimum.
    error DelegationBelowMinimum(uint256 position, uint128 minimum);
    /// @notice The pool would be too large for its books, which have 96 bits.
    error PoolTooLarge(address validator, uint256 assets);
    /// @notice A redelegation goes to another validator.
    error SameValidator(address validator);
    /// @notice Only what an owner unbonds of its own bond can be cancelled.
    error NotOwnBond(uint64 id);
    /// @notice The caller is not the contract of rewards.
    error NotRewards(address caller);
    /// @notice The caller is not the contract of expulsions.
    error NotExpulsions(address caller);
    /// @notice There is less for rewards than was to be paid.
    error ReserveTooSmall(uint128 reserve, uint128 amount);

    /// @notice Adds to the caller's delegation to a validator, which then is at least a thousandth of the minimum bond
    /// (C101, C102). It counts from the epoch after next on. Reverts with `NotRegistered`, `AlreadySlashed`, `OwnBond`,
    /// `Expelled`, `Exited`, `Suspended`, `BondBelowMinimum` (the validator's own), `ZeroAmount`,
    /// `DelegationBelowMinimum`, `PoolTooLarge`, `WrongAmountReceived`, and as the token does.
    /// @param validator To whom
    /// @param amount How much
    function delegate(address validator, uint128 amount) external;

    /// @notice `delegate` with an EIP-2612 permit of the caller for exactly `amount` (C67).
    /// @param deadline Until when the permit may be used, in seconds of Unix time
    /// @param v The permit's signature: recovery id
    /// @param r Its first half
    /// @param s Its second half
    function delegateWithPermit(address validator, uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external;

    /// @notice Begins to take back the caller's delegation, or a part that leaves at least the minimum, from a
    /// validator that was not slashed, whatever else became of it (C103). Paid by `withdraw`; it cannot be cancelled.
    /// Reverts with `NotRegistered`, `AlreadySlashed`, `OwnBond`, `ZeroAmount`, `AmountLeavesTooLittle`.
    /// @param validator From whom
    /// @param amount How much
    /// @return id The number of the unbonding
    function undelegate(address validator, uint128 amount) external returns (uint64 id);

    /// @notice `undelegate` towards another validator: when it is due, `withdraw` puts what it is worth into the
    /// caller's delegation there, or pays the caller if that validator takes none then (C104). Reverts as `undelegate`
    /// does, with `SameValidator`, and as `delegate` to the other one would now.
    /// @param from From whom
    /// @param amount How much
    /// @param to To whom
    /// @return id The number of the unbonding
    function redelegate(address from, uint128 amount, address to) external returns (uint64 id);

    /// @notice Adds the caller's tokens to what there is for rewards (C111). Reverts with `ZeroAmount`,
    /// `WrongAmountReceived`, and as the token does.
    function fundRewards(uint128 amount) external;

    /// @notice Pays a reward; the rewards alone may (C111). Reverts with `NotRewards`, `ReserveTooSmall`.
    function payReward(address account, uint128 amount) external;

    /// @notice Adds a reward to the account's position; the rewards alone may (C111). Reverts with `NotRewards`,
    /// `ReserveTooSmall`, and as `delegate` does; of the withdrawal account as `topUp` does.
    function restakeReward(address validator, address account, uint128 amount) external;

    /// @notice Takes all power from a validator until it resumes; the rewards alone may (C109). Reverts with
    /// `NotRewards`, `NotRegistered`, `AlreadySlashed`, `Suspended`.
    function suspend(address validator) external;

    /// @notice Ends a suspension that has lasted long enough; operator or withdrawal account may (C109). Reverts with
    /// `NotRegistered`, `AlreadySlashed`, `NotOwnerNorOperator`, `NotSuspended`, `NotResumable`.
    function resume(address validator) external;

    /// @notice Sends a validator out, for ever: its own bond, if it has any still, exits (C110); the expulsions alone
    /// may. Reverts with `NotExpulsions`, `NotRegistered`, `AlreadySlashed`, `Expelled`.
    function expel(address validator) external;

    /// @notice What an account has bonded with a validator (C100).
    function positionOf(address validator, address account) external view returns (Position memory);

    /// @notice The sum, over all epochs before one, of all that counted of a validator's bonded stake (C108).
    function stakeEpochsUntil(address validator, uint64 epoch) external view returns (uint128);

    /// @notice Tokens held for rewards.
    function rewardReserve() external view returns (uint128);

    /// @notice How many times its own bond a validator's stake may count (C101).
    function MAX_LEVERAGE() external view returns (uint256);

    /// @notice The least delegation is the minimum bond divided by this (C102).
    function MINIMUM_DELEGATION_DIVISOR() external view returns (uint128);
}
