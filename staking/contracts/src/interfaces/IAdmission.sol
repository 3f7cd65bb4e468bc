// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Who may register now, and the guardian
/// @notice The rules C160 to C165 cited here stand in `README.md`. Nothing here touches evidence, exits, payments, or
/// who is registered already.
interface IAdmission {
    /// @notice What is fixed at deployment (C163).
    /// @param pauseEpochs Epochs of one pause of registrations
    /// @param periodEpochs Epochs of a period, in which the guardian's acts are counted
    /// @param pauses Most pauses in a period
    /// @param cancellations Most cancellations in a period
    struct Constants {
        uint32 pauseEpochs;
        uint32 periodEpochs;
        uint16 pauses;
        uint16 cancellations;
    }

    /// @notice What holds at first.
    /// @param allowList Whether the allow-list is on, until governance lifts it
    /// @param allowed Who is on it
    /// @param guardian The first guardian; zero: none
    /// @param mandateEnd The first epoch in which it is guardian no more; zero without a guardian
    struct Start {
        bool allowList;
        address[] allowed;
        address guardian;
        uint64 mandateEnd;
    }

    /// @notice What the guardian has done in a period.
    struct Spent {
        uint64 period;
        uint16 pauses;
        uint16 cancellations;
    }

    /// @notice The allow-list gates registrations before this epoch; 0: it is lifted (C161).
    event AllowListSet(uint64 untilEpoch);
    /// @notice An account was put on the allow-list, or taken from it.
    event AllowedSet(address indexed account, bool allowed);
    /// @notice This account is the guardian before this epoch; zero: there is none (C162).
    event GuardianSet(address indexed guardian, uint64 mandateEnd);
    /// @notice No registrations before this epoch, by this guardian; 0: the pause is over (C163).
    event Paused(address indexed guardian, uint64 untilEpoch);
    /// @notice The guardian cancelled a proposal, its number `cancellations` in this period (C164).
    event CancellationSpent(address indexed guardian, uint64 period, uint16 cancellations);

    /// @notice The deployment was wired for another address than this one.
    error NotAtWiredAddress(address wired, address actual);
    /// @notice A pause is too long, or together they would close registrations for most of a period.
    error PausesOutOfRange(uint32 pauseEpochs, uint16 pauses, uint32 periodEpochs, uint32 longest);
    /// @notice A period has too few epochs, or too many.
    error PeriodOutOfRange(uint32 periodEpochs, uint32 least, uint32 most);
    /// @notice The guardian could cancel too much, or nothing.
    error CancellationsOutOfRange(uint16 cancellations, uint16 least, uint16 most);
    /// @notice Only governance may call this.
    error NotGovernance(address caller);
    /// @notice Only the governor may call this.
    error NotGovernor(address caller);
    /// @notice The caller is not the guardian.
    error NotGuardian(address caller);
    /// @notice The guardian's mandate is over.
    error MandateOver(uint64 mandateEnd, uint64 epoch);
    /// @notice A mandate ends in an epoch to come, not too far away; without a guardian it is 0.
    error MandateEndOutOfRange(uint64 mandateEnd, uint64 least, uint64 most);
    /// @notice The allow-list returns until an epoch to come, not too far away.
    error AllowListOutOfRange(uint64 untilEpoch, uint64 least, uint64 most);
    /// @notice Too many accounts in one call.
    error TooManyAccounts(uint256 accounts, uint256 limit);
    /// @notice Registrations are paused already.
    error AlreadyPaused(uint64 untilEpoch);
    /// @notice Registrations are not paused.
    error NotPaused();
    /// @notice The guardian has paused as often as it may in this period.
    error TooManyPauses(uint64 period, uint16 limit);
    /// @notice The guardian has cancelled as often as it may in this period.
    error TooManyCancellations(uint64 period, uint16 limit);
    /// @notice No registrations before this epoch.
    error RegistrationsPaused(uint64 untilEpoch);
    /// @notice The allow-list is on, and the account is not on it.
    error NotAllowed(address validator);

    /// @notice Lifts the allow-list (0), or brings it back before `untilEpoch`; only governance (C161).
    function setAllowList(uint64 untilEpoch) external;

    /// @notice Puts accounts on the allow-list, or takes them from it; only governance (C161).
    function setAllowed(address[] calldata accounts, bool allowed) external;

    /// @notice Makes an account the guardian before epoch `mandateEnd`, or renews its mandate; only governance. Zero
    /// and zero: there is none (C162).
    function setGuardian(address account, uint64 mandateEnd) external;

    /// @notice Pauses registrations for `pauseEpochs`, from this one on; only the guardian (C163).
    function pause() external;

    /// @notice Ends a pause; only the guardian (C163).
    function unpause() external;

    /// @notice Counts that an account cancels a proposal, or reverts if it may not; only the governor (C164).
    function spendCancellation(address account) external;

    /// @notice Returns if this account may register as a validator now, and reverts by name if not (C160).
    function requireAdmitted(address validator) external view;

    /// @notice The first epoch without an allow-list; the greatest `uint64` if governance has never lifted it.
    function allowListUntil() external view returns (uint64);

    /// @notice Whether an account is on the allow-list.
    function isAllowed(address account) external view returns (bool);

    /// @notice The guardian, and the first epoch in which it is guardian no more.
    function guardian() external view returns (address account, uint64 mandateEnd);

    /// @notice The first epoch in which registrations are not paused.
    function pausedUntil() external view returns (uint64);

    /// @notice What the guardian has done in the last period in which it did something.
    function spent() external view returns (Spent memory);
}
