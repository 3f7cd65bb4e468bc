// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEpochs} from "./IEpochs.sol";

/// @title Who serves, and with how much power, in each epoch of one rollup
/// @notice A validator is named for ever by the address that registered it. Powers are in units of power, `uint64`. The
/// rules C30 to C49 cited here stand in `README.md`.
/// @dev Nodes fold `ValidatorChanged` and repeat no rule of selection; `setOf` and `changeHashOf` let them compare.
interface IValidatorSets is IEpochs {
    /// @notice Where a validator stands in the set that is being formed.
    /// None: never enrolled. Waiting: no member. Active: a member. Removed: slashed, for ever.
    enum State {
        None,
        Waiting,
        Active,
        Removed
    }

    /// @notice What nodes read of a validator beside its power.
    /// @param consensusKey The ed25519 public key that votes, in its 32-byte encoding (RFC 8032)
    /// @param feeRecipient The account on the rollup that receives priority fees
    /// @param attestationKeyId The number of its BLS12-381 key here
    struct Profile {
        bytes32 consensusKey;
        address feeRecipient;
        uint32 attestationKeyId;
    }

    /// @notice One taken place in the set of an epoch.
    struct Member {
        uint8 place;
        address validator;
        bytes32 consensusKey;
        uint64 power;
        address feeRecipient;
    }

    /// @notice A validator as it stands now in the set that is being formed.
    /// @param state Its state
    /// @param place The numbered place it holds; without meaning while its power is 0
    /// @param power Its power; 0: it holds no place
    /// @param target The power that its stake gives, towards which its power moves; 0: it leaves, or has left
    /// @param pendingUp Power that waits to be added, within the entry bound
    /// @param pendingDown Power that waits to be taken away, within the exit bound
    /// @param openTickets Of its own tickets, how many are not served yet
    /// @param sharedTickets Of those that its delegators share, how many are not served yet
    struct Seat {
        State state;
        uint8 place;
        uint64 power;
        uint64 target;
        uint64 pendingUp;
        uint64 pendingDown;
        uint16 openTickets;
        uint16 sharedTickets;
    }

    /// @notice A decrease of power, first come first served (C38).
    /// @param validator Whose power
    /// @param left Power that is still to be taken away for it
    /// @param requestedEpoch The epoch in which it was made
    struct Ticket {
        address validator;
        uint64 left;
        uint64 requestedEpoch;
    }

    /// @notice The set that is being formed: that of epoch `epoch + 2`, as it stands after the last call.
    /// @param epoch The epoch of the budgets: that of the last call that looked at one
    /// @param entryBudget Power that might enter or rise in that epoch
    /// @param entryLeft What is left of that
    /// @param exitLeft Power that might still leave or fall in that epoch
    /// @param totalPower Power of all members
    /// @param takenPlaces One bit per place
    /// @param members How many members there are
    /// @param waiting Validators that wait for a place
    /// @param displaced The member that is being displaced, or zero
    struct Forming {
        uint64 epoch;
        uint64 entryBudget;
        uint64 entryLeft;
        uint64 exitLeft;
        uint64 totalPower;
        uint128 takenPlaces;
        uint256 members;
        uint256 waiting;
        address displaced;
    }

    /// @notice From `effectiveEpoch` on, `place` holds this validator with this power (C34).
    /// @param effectiveEpoch Two epochs after the change was made; 0 for the seeds
    /// @param place The numbered place, below 128
    /// @param validator The validator's name
    /// @param consensusKey The key that votes
    /// @param power Its power; 0 means that the validator leaves the place
    /// @param feeRecipient The account on the rollup that receives priority fees
    event ValidatorChanged(
        uint64 indexed effectiveEpoch,
        uint8 indexed place,
        address indexed validator,
        bytes32 consensusKey,
        uint64 power,
        address feeRecipient
    );

    /// @notice The smallest member loses its place, within the exit bound: to a larger one that waits, or because its
    /// stake is below the minimum (C44).
    event DisplacementBegun(address indexed validator, uint64 ticket);

    /// @notice The deployment was wired for another address than this one.
    error NotAtWiredAddress(address wired, address actual);
    /// @notice An address of the wiring, or a validator's name, is zero.
    error ZeroAddress();
    /// @notice Only the registry may call this.
    error NotRegistry(address caller);
    /// @notice Only the stakes may call this.
    error NotStakes(address caller);
    /// @notice The validator is enrolled.
    error AlreadyEnrolled(address validator);
    /// @notice No validator of this name is enrolled.
    error NotEnrolled(address validator);
    /// @notice The validator was removed; it never comes back.
    error ValidatorRemoved(address validator);
    /// @notice Seeds are set in epoch 0, before anything else has changed.
    error SeedingIsOver(uint64 epoch);
    /// @notice The validator has stake, or a place, already.
    error AlreadySeeded(address validator);
    /// @notice A seed without power.
    error ZeroPower(address validator);
    /// @notice All places are taken.
    error NoFreePlace(uint256 places);
    /// @notice Too many decreases of this validator are not served yet; it can still leave (C40).
    error TooManyTickets(address validator, uint256 open, uint256 limit);
    /// @notice There is no such ticket (any more).
    error UnknownTicket(uint64 ticket);
    /// @notice The set of this epoch may still change.
    error EpochNotFixed(uint64 epoch, uint64 lastFixedEpoch);
    /// @notice There is no such place.
    error NoSuchPlace(uint8 place, uint256 places);

    /// @notice Makes a validator known, without stake (C33); only the registry.
    /// @param validator Its name
    /// @param consensusKey Its ed25519 key
    /// @param attestationKey Its BLS12-381 key: a point of G1 in the 128 bytes of EIP-2537, judged by the registry
    /// @param feeRecipient Its account on the rollup
    function enroll(address validator, bytes32 consensusKey, bytes calldata attestationKey, address feeRecipient)
        external;

    /// @notice Replaces the keys of a validator from the epoch after next on (C33); only the registry.
    function setKeys(address validator, bytes32 consensusKey, bytes calldata attestationKey) external;

    /// @notice Replaces the fee recipient of a validator from the epoch after next on (C33); only the registry.
    function setFeeRecipient(address validator, address feeRecipient) external;

    /// @notice Gives an enrolled validator a place in the sets of epochs 0 and 1 (C49); only the stakes, in epoch 0.
    function seed(address validator, uint64 power) external;

    /// @notice The stake of a validator now gives more power (C36); only the stakes. A target that is lower is taken
    /// as `lower` would, without a limit of tickets.
    function raise(address validator, uint64 target) external;

    /// @notice The stake of a validator now gives less power; 0: it leaves (C36, C38); only the stakes. A target that
    /// is higher is taken as `raise` would.
    /// @return ticket By which `servedUntil` tells when the difference serves no more; never 0
    function lower(address validator, uint64 target) external returns (uint64 ticket);

    /// @notice `raise` for what many bring: it does no step for others, and raises the power at once if nobody else has
    /// a right to the entry budget before (C105); only the stakes.
    function raiseShared(address validator, uint64 target) external;

    /// @notice `lower` for what many take: it does no step for others, has no limit, and may share the ticket (C106,
    /// C107); only the stakes. Its ticket must not be revoked.
    /// @return ticket By which `servedUntil` tells when the difference serves no more; never 0
    function lowerShared(address validator, uint64 target) external returns (uint64 ticket);

    /// @notice What a ticket has not taken away yet stays: the target rises by it. The ticket is gone (C38). If the
    /// target would then be above `most`, nothing happens, and the ticket goes on (C71); only the stakes.
    function revoke(uint64 ticket, uint64 most) external;

    /// @notice Takes a validator out at once, without bound and for ever (C45, C46); only the stakes.
    function remove(address validator) external;

    /// @notice Does what there is to do on the set that is being formed; anyone may (C47).
    /// @param steps The most steps that are done
    /// @return done The steps that were done; fewer: nothing is left to do in this epoch
    function advance(uint256 steps) external returns (uint256 done);

    /// @notice The first epoch in which the power of a ticket serves no more; the greatest `uint64` while it still
    /// serves (C38).
    function servedUntil(uint64 ticket) external view returns (uint64 epoch);

    /// @notice A ticket that was not revoked.
    function ticketOf(uint64 ticket) external view returns (Ticket memory);

    /// @notice A validator in the set that is being formed.
    function seatOf(address validator) external view returns (Seat memory);

    /// @notice The set that is being formed.
    function forming() external view returns (Forming memory);

    /// @notice The set of any epoch up to the next one, in order of place (C31).
    function setOf(uint64 epoch) external view returns (Member[] memory members);

    /// @notice Who holds a place in the set of any epoch up to the next one; all zero and empty if nobody does (C31).
    /// @return validator Its name
    /// @return consensusKey Its ed25519 key in that epoch
    /// @return attestationKey Its BLS12-381 key in that epoch, in the 128 bytes of EIP-2537
    /// @return power Its power in that epoch
    function memberOf(uint64 epoch, uint8 place)
        external
        view
        returns (address validator, bytes32 consensusKey, bytes memory attestationKey, uint64 power);

    /// @notice The power of a validator in the set of any epoch up to the next one; 0 if it is no member (C31).
    function powerOf(address validator, uint64 epoch) external view returns (uint64 power);

    /// @notice The taken places, one bit each, and the power of all members of any epoch up to the next one (C35).
    function totalsOf(uint64 epoch) external view returns (uint128 takenPlaces, uint64 totalPower);

    /// @notice The sum of the attestation keys of all members of any epoch up to the next one, in the 128 bytes of
    /// EIP-2537 (C35).
    function attestationKeySum(uint64 epoch) external view returns (bytes memory);

    /// @notice What those who sign for an epoch's set weigh, in any epoch up to the next one (C35).
    /// @param signers One bit per place; free places count nothing
    /// @return takenPlaces The taken places, one bit each
    /// @return totalPower The power of all members
    /// @return power The power of those who sign
    /// @return keySum The sum of the attestation keys of those who sign, in the 128 bytes of EIP-2537
    function signersOf(uint64 epoch, uint128 signers)
        external
        view
        returns (uint128 takenPlaces, uint64 totalPower, uint64 power, bytes memory keySum);

    /// @notice The hash over all changes that are effective in an epoch up to the next one; 0 before the first (C34).
    function changeHashOf(uint64 epoch) external view returns (bytes20);

    /// @notice How many places a set has.
    function PLACES() external view returns (uint256);
}
