// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IDelegation} from "./IDelegation.sol";
import {IValidatorRegistry} from "./IValidatorRegistry.sol";

/// @title Holds all the stake of one rollup's validators
/// @notice The rules C65 to C84 and C100 to C113 cited here stand in `README.md`. A validator is named for ever by the
/// address that registered it. Amounts are in units of the token, epochs are those of the validator sets, fractions are
/// WAD (1e18 is all). Every call but `open` and the views is refused with `NotOpen` before the opening, and with
/// `ReentrancyGuardReentrantCall` from within another one.
interface IStakeManager is IDelegation {
    /// @notice What became of a validator's stake.
    /// `None`: never registered. `Live`: stakes, or has exited. `Slashed`: found guilty, everything is locked.
    /// `Settled`: the whole penalty is known, the rest is paid when it is due.
    enum Status {
        None,
        Live,
        Slashed,
        Settled
    }

    /// @notice The pool of one validator.
    /// @param bonded Nominal stake that is bonded, own and delegated
    /// @param unbonding Nominal stake in all its unbondings that are not paid yet
    /// @param assets Tokens held for both; of a live validator always their sum
    /// @param rate What one nominal unit is worth, WAD; 1e18 until a slash, then it only falls
    /// @param status Its state
    /// @param releaseEpoch Of a slashed one: the first epoch in which `release` may pay what is still bonded
    /// @param own Of `bonded`, the own bond: that of the withdrawal account; 0 once it has exited
    /// @param ownUnbonding Of `unbonding`, what belongs to the withdrawal account
    /// @param suspended Whether it has no power until it resumes (C109)
    /// @param expelled Whether governance sent it out, for ever (C110)
    struct Stake {
        uint128 bonded;
        uint128 unbonding;
        uint128 assets;
        uint64 rate;
        Status status;
        uint64 releaseEpoch;
        uint128 own;
        uint128 ownUnbonding;
        bool suspended;
        bool expelled;
    }

    /// @notice Stake on its way out.
    /// @param validator From whose pool; zero: there is no such unbonding (any more)
    /// @param delay Epochs from the end of service to the payment, fixed when it began
    /// @param ticket The ticket of the sets that says when its power has ceased to serve
    /// @param amount Nominal amount
    /// @param account Whose it is
    /// @param destination The validator it goes on to; zero: it is paid
    struct Unbonding {
        address validator;
        uint32 delay;
        uint64 ticket;
        uint128 amount;
        address account;
        address destination;
    }

    /// @notice A validator of the sets of the first two epochs; the deployer brings its stake.
    /// @param validator Its operator, and its name
    /// @param amount Its stake
    /// @param registration Its keys and accounts
    /// @param possession Proof of possession of both keys
    struct Seed {
        address validator;
        uint128 amount;
        IValidatorRegistry.Registration registration;
        IValidatorRegistry.Possession possession;
    }

    /// @notice The sets of epochs 0 and 1 stand; from now on anyone may stake.
    event Opened(uint256 validators, uint256 amount);
    /// @notice Own stake was added; `bonded` is the validator's own bond since.
    event Bonded(address indexed validator, address indexed payer, uint128 amount, uint128 bonded);
    /// @notice An unbonding of own stake began; `bonded` of it stays (0: an exit). The sets tell by `ticket` until when
    /// its power serves.
    event UnbondingBegun(
        uint64 indexed id, address indexed validator, uint128 amount, uint128 bonded, uint64 ticket, uint32 delay
    );
    /// @notice An unbonding was cancelled; `bonded` is the validator's own bond since.
    event UnbondingCancelled(uint64 indexed id, address indexed validator, uint128 amount, uint128 bonded);
    /// @notice An unbonding was paid: `amount` tokens, less than its nominal amount if the validator was slashed.
    event Withdrawn(uint64 indexed id, address indexed validator, address indexed account, uint128 amount);
    /// @notice A validator was slashed: `taken` tokens at once, of which `reward` are the reporter's.
    event Slashed(address indexed validator, address indexed reporter, uint256 fraction, uint128 taken, uint128 reward);
    /// @notice The whole penalty of a slashed validator is `fraction` of its stake; `taken` tokens more were taken.
    event Settled(address indexed validator, uint256 fraction, uint128 taken);
    /// @notice What remained of what an account had bonded with a slashed validator was paid.
    event Released(address indexed validator, address indexed account, uint128 amount);
    /// @notice An account may collect `amount` more.
    event Credited(address indexed account, uint128 amount);
    /// @notice An account was paid its credit.
    event Collected(address indexed account, uint128 amount);

    /// @notice The wiring names another address as the `StakeManager`.
    error WiredElsewhere(address stakes, address self);
    /// @notice There is no contract at the token's address.
    error NoToken(address token);
    /// @notice Only the account that deployed this contract opens it.
    error NotDeployer(address caller, address deployer);
    /// @notice It was opened before.
    error AlreadyOpen();
    /// @notice The sets of the first two epochs have no members yet.
    error NotOpen();
    /// @notice The seeds are the sets of epochs 0 and 1, so it is opened in epoch 0 or never.
    error NotInFirstEpoch(uint64 epoch);
    /// @notice A set is never empty, the first one neither.
    error NoSeeds();
    /// @notice The caller is not the slasher.
    error NotSlasher(address caller);
    /// @notice No validator has this name.
    error NotRegistered(address validator);
    /// @notice A validator with this name registered before.
    error AlreadyRegistered(address validator);
    /// @notice The validator has exited: nothing of its own is bonded.
    error Exited(address validator);
    /// @notice The validator was slashed: nothing enters, leaves or comes back.
    error AlreadySlashed(address validator);
    /// @notice The validator was not slashed.
    error NotSlashed(address validator);
    /// @notice The penalty of the validator is not settled yet.
    error NotSettled(address validator);
    /// @notice The penalty of the validator was settled before.
    error AlreadySettled(address validator);
    /// @notice The slashed validator holds a place still, since no other has come that could take over.
    error StillServing(address validator, uint64 epoch);
    /// @notice The caller is neither the withdrawal account nor the operator of the validator.
    error NotOwnerNorOperator(address validator, address caller);
    /// @notice The caller is not the withdrawal account of the validator.
    error NotOwner(address validator, address caller);
    /// @notice An amount is zero.
    error ZeroAmount();
    /// @notice The stake that would be bonded is below the minimum.
    error BondBelowMinimum(uint128 bond, uint128 minimumBond);
    /// @notice Of the bonded stake less than the minimum would stay; an exit takes all.
    error AmountLeavesTooLittle(uint128 bonded, uint128 amount, uint128 minimumBond);
    /// @notice There is no such unbonding: it never began, was cancelled or was paid.
    error NoSuchUnbonding(uint64 id);
    /// @notice The unbonding is not due: it is in `dueEpoch`, which is 2^64 - 1 while its power still serves.
    error NotMatured(uint64 id, uint64 epoch, uint64 dueEpoch);
    /// @notice The rest of a slashed stake is not due yet.
    error NotReleasable(address validator, uint64 epoch, uint64 releaseEpoch);
    /// @notice Nothing of the account is bonded with the validator.
    error NothingToRelease(address validator, address account);
    /// @notice The account has no credit.
    error NothingToCollect(address account);
    /// @notice A part would be greater than the whole.
    error FractionAboveOne(uint256 fraction);
    /// @notice The permit was not taken, and what the caller had allowed before is less than the amount.
    error AllowanceTooSmall(address payer, uint256 allowance, uint256 amount);
    /// @notice The transfer brought another amount than it should: the token takes a fee, or worse.
    error WrongAmountReceived(uint256 amount, uint256 received);

    /// @notice Registers the validators of the first two epochs and takes their stakes from the deployer, once, in
    /// epoch 0 (C65). Reverts with `NotDeployer`, `AlreadyOpen`, `NotInFirstEpoch`, `NoSeeds`, and as `register` does.
    /// @param seeds The validators, in the order of the places they take
    function open(Seed[] calldata seeds) external;

    /// @notice Registers the caller as validator and operator, with a bond taken from it (C66). It serves when the sets
    /// let it in. Reverts with `AlreadyRegistered`, `BondBelowMinimum`, `PoolTooLarge`, `WrongAmountReceived`, and as
    /// the admission, the registry and the token do.
    /// @param registration Keys and accounts
    /// @param possession Proof of possession of both keys
    /// @param amount The bond, at least the minimum
    function register(
        IValidatorRegistry.Registration calldata registration,
        IValidatorRegistry.Possession calldata possession,
        uint128 amount
    ) external;

    /// @notice `register` with an EIP-2612 permit of the caller for exactly `amount` (C67). A permit that is refused,
    /// because it was used already for instance, does no harm if the allowance suffices; else `AllowanceTooSmall`.
    /// @param deadline Until when the permit may be used, in seconds of Unix time
    /// @param v The permit's signature: recovery id
    /// @param r Its first half
    /// @param s Its second half
    function registerWithPermit(
        IValidatorRegistry.Registration calldata registration,
        IValidatorRegistry.Possession calldata possession,
        uint128 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Adds to the bonded stake of a validator. Anyone pays, the withdrawal account owns it, and it answers for
    /// what the validator did before, too (C68). Reverts with `NotRegistered`, `AlreadySlashed`, `Exited`,
    /// `ZeroAmount`, `WrongAmountReceived`, and as the token does.
    /// @param validator Whose stake grows
    /// @param amount By how much
    function topUp(address validator, uint128 amount) external;

    /// @notice `topUp` with an EIP-2612 permit of the caller for exactly `amount` (C67).
    /// @param deadline Until when the permit may be used, in seconds of Unix time
    /// @param v The permit's signature: recovery id
    /// @param r Its first half
    /// @param s Its second half
    function topUpWithPermit(address validator, uint128 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external;

    /// @notice Begins to unbond a part of the stake; the withdrawal account or the operator may (C69). Reverts with
    /// `NotRegistered`, `AlreadySlashed`, `Exited`, `NotOwnerNorOperator`, `ZeroAmount`, `AmountLeavesTooLittle`, and
    /// with `TooManyTickets` of the sets, while too many unbondings of the validator still serve.
    /// @param validator Whose stake it is
    /// @param amount How much of it, leaving at least the minimum
    /// @return id The number of the unbonding, from 1 on
    function unbond(address validator, uint128 amount) external returns (uint64 id);

    /// @notice Begins to unbond all of the stake: the validator leaves; the withdrawal account or the operator may
    /// (C69). Reverts with `NotRegistered`, `AlreadySlashed`, `Exited`, `NotOwnerNorOperator`.
    /// @param validator Who leaves
    /// @return id The number of the unbonding, from 1 on
    function exit(address validator) external returns (uint64 id);

    /// @notice Bonds an unbonding of the own bond again, as long as it is not paid; the withdrawal account alone may
    /// (C71). A validator that had exited comes back by it. Reverts with `NoSuchUnbonding`, `NotOwner`, `NotOwnBond`,
    /// `AlreadySlashed`, `Expelled`, `BondBelowMinimum`.
    /// @param id The number of the unbonding
    function cancel(uint64 id) external;

    /// @notice Pays an unbonding that is due to its account, or takes it on to where it goes (C104); anyone may (C72).
    /// Reverts with `NoSuchUnbonding`, `NotMatured`; of a slashed validator also with `NotSettled`, `StillServing`.
    /// @param id The number of the unbonding
    function withdraw(uint64 id) external;

    /// @notice Tells the sets what power the bonded stake gives since the cap was changed; anyone may (C70). Reverts
    /// with `NotRegistered`, `AlreadySlashed`, `Exited`.
    /// @param validator Whose power
    function refresh(address validator) external;

    /// @notice Pays what a slash left of what an account had bonded to it, when the penalty is settled and the delay
    /// over; anyone may (C78). Reverts with `NotRegistered`, `NotSlashed`, `NotSettled`, `NothingToRelease`,
    /// `NotReleasable`, `StillServing`.
    /// @param validator With whom
    /// @param account Whose stake
    function release(address validator, address account) external;

    /// @notice Pays an account its credit; anyone may (C79). Reverts with `NothingToCollect`.
    /// @param account Who is paid
    function collect(address account) external;

    /// @notice Takes the base penalty of a validator, locks the rest and removes it from the sets, once in its life;
    /// the slasher alone may (C74, C75). Reverts with `NotSlasher`, `NotRegistered`, `AlreadySlashed`,
    /// `FractionAboveOne`.
    /// @param validator The guilty
    /// @param baseFraction Which part of everything bonded and unbonding it loses, WAD
    /// @param reporter Who is credited a quarter of what the own bond loses
    /// @param reporterCap The most that the reporter is credited, in token units
    /// @return taken How many tokens were taken, the reporter's among them
    function slash(address validator, uint256 baseFraction, address reporter, uint128 reporterCap)
        external
        returns (uint128 taken);

    /// @notice Sets the whole penalty of a slashed validator, once, and unlocks the rest; the slasher alone may (C76).
    /// Less than the base penalty changes nothing of it. Reverts with `NotSlasher`, `NotRegistered`, `NotSlashed`,
    /// `AlreadySettled`, `FractionAboveOne`.
    /// @param validator The guilty
    /// @param totalFraction Which part of everything it loses, the base penalty included, WAD
    /// @return taken How many more tokens were taken
    function settle(address validator, uint256 totalFraction) external returns (uint128 taken);

    /// @notice Whether `open` was called.
    function isOpen() external view returns (bool);

    /// @notice The account that deployed this contract and opens it.
    function deployer() external view returns (address);

    /// @notice The stake of a validator; all zero for a stranger.
    function stakeOf(address validator) external view returns (Stake memory);

    /// @notice An unbonding; all zero if there is none.
    function unbondingOf(uint64 id) external view returns (Unbonding memory);

    /// @notice When an unbonding is due, and how many tokens it brings as things stand. Reverts with `NoSuchUnbonding`.
    /// @param id The number of the unbonding
    /// @return dueEpoch The first epoch in which it may be paid; 2^64 - 1 while its power still serves
    /// @return amount Tokens; a slash or a settlement may still lower them
    function dueOf(uint64 id) external view returns (uint64 dueEpoch, uint128 amount);

    /// @notice The number of the last unbonding that began; 0 before the first.
    function lastUnbonding() external view returns (uint64);

    /// @notice Whether the validator was slashed, settled or not.
    function isSlashed(address validator) external view returns (bool);

    /// @notice How many tokens an account may collect.
    function credit(address account) external view returns (uint128);

    /// @notice Tokens held for all validators together.
    function totalAssets() external view returns (uint128);

    /// @notice Tokens held for all credits together.
    function totalCredits() external view returns (uint128);
}
