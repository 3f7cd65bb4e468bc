// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Wiring} from "./Wiring.sol";
import {IAdmission} from "./interfaces/IAdmission.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title Who may register now, and the guardian
/// @notice A young network may choose its validators, and a guardian may hold back what looks wrong for as long as a
/// vote takes. Both end by themselves, and nothing needs either (C165). It gates new registrations alone: no evidence,
/// no exit and no payment asks here.
contract Admission is IAdmission {
    /// @notice Longest mandate in L1 blocks: a year of 12-second blocks. Who is trusted longer is voted for again.
    uint64 public constant MAX_MANDATE_BLOCKS = 2_628_000;
    /// @notice Longest return of the allow-list in L1 blocks: 90 days.
    uint64 public constant MAX_ALLOW_LIST_BLOCKS = 648_000;
    /// @notice Longest pause in L1 blocks: a week.
    uint64 public constant MAX_PAUSE_BLOCKS = 50_400;
    /// @notice Shortest period in epochs: both acts are counted over more than the lag of the sets.
    uint32 public constant MIN_PERIOD_EPOCHS = 4;
    /// @notice Longest period in epochs: the longest unbonding delay.
    uint32 public constant MAX_PERIOD_EPOCHS = 8192;
    /// @notice Least cancellations in a period: with none there were no guardian.
    uint16 public constant MIN_CANCELLATIONS = 1;
    /// @notice Most cancellations in a period: who wants something again and again gets it.
    uint16 public constant MAX_CANCELLATIONS = 10;
    /// @notice Most accounts in one call: a proposal of nothing but such calls still executes within 8,000,000 gas.
    uint256 public constant MAX_ACCOUNTS = 32;

    /// @notice Does what was voted for: the timelock.
    address public immutable governance;
    /// @notice Cancels proposals for the guardian.
    address public immutable governor;
    /// @notice Divides L1 into epochs.
    IValidatorSets public immutable sets;
    /// @notice Longest mandate in epochs.
    uint64 public immutable maxMandateEpochs;
    /// @notice Longest return of the allow-list in epochs.
    uint64 public immutable maxAllowListEpochs;
    /// @notice Epochs of one pause.
    uint32 public immutable pauseEpochs;
    /// @notice Epochs of a period.
    uint32 public immutable periodEpochs;
    /// @notice Most pauses in a period.
    uint16 public immutable pauses;
    /// @notice Most cancellations in a period.
    uint16 public immutable cancellations;

    /// @inheritdoc IAdmission
    mapping(address account => bool) public isAllowed;
    /// @inheritdoc IAdmission
    uint64 public allowListUntil;
    /// @inheritdoc IAdmission
    uint64 public pausedUntil;
    address private _guardian;
    uint64 private _mandateEnd;
    Spent private _spent;

    modifier onlyGovernance() {
        if (msg.sender != governance) revert NotGovernance(msg.sender);
        _;
    }

    /// @param wiring Where the contracts of the deployment stand
    /// @param constants What is fixed from now on
    /// @param start What holds until governance sets something else
    constructor(Wiring memory wiring, Constants memory constants, Start memory start) {
        if (wiring.admission != address(this)) revert NotAtWiredAddress(wiring.admission, address(this));
        governance = IStakingParameters(wiring.parameters).governance();
        governor = wiring.governor;
        sets = IValidatorSets(wiring.sets);
        uint64 length = sets.epochLength();
        maxMandateEpochs = MAX_MANDATE_BLOCKS / length;
        maxAllowListEpochs = MAX_ALLOW_LIST_BLOCKS / length;
        _checkConstants(constants, uint32(MAX_PAUSE_BLOCKS / length));
        pauseEpochs = constants.pauseEpochs;
        periodEpochs = constants.periodEpochs;
        pauses = constants.pauses;
        cancellations = constants.cancellations;

        _setAllowListUntil(start.allowList ? type(uint64).max : 0);
        _setAllowed(start.allowed, true);
        _setGuardian(start.guardian, start.mandateEnd);
    }

    /// @inheritdoc IAdmission
    function setAllowList(uint64 untilEpoch) external onlyGovernance {
        // C161: who lifts it cannot bring it back for good.
        (uint64 least, uint64 most) = _after(maxAllowListEpochs);
        if (untilEpoch != 0 && (untilEpoch < least || untilEpoch > most)) {
            revert AllowListOutOfRange(untilEpoch, least, most);
        }
        _setAllowListUntil(untilEpoch);
    }

    /// @inheritdoc IAdmission
    function setAllowed(address[] calldata accounts, bool allowed) external onlyGovernance {
        _setAllowed(accounts, allowed);
    }

    /// @inheritdoc IAdmission
    function setGuardian(address account, uint64 mandateEnd) external onlyGovernance {
        _setGuardian(account, mandateEnd);
    }

    /// @inheritdoc IAdmission
    function pause() external {
        uint64 epoch = _requireGuardian(msg.sender);
        // C163: pauses neither overlap nor add up, so half of every period has none.
        if (epoch < pausedUntil) revert AlreadyPaused(pausedUntil);
        Spent memory now_ = _spentIn(epoch);
        if (now_.pauses == pauses) revert TooManyPauses(now_.period, pauses);
        ++now_.pauses;
        _spent = now_;
        pausedUntil = epoch + pauseEpochs;
        emit Paused(msg.sender, pausedUntil);
    }

    /// @inheritdoc IAdmission
    function unpause() external {
        // C163.
        uint64 epoch = _requireGuardian(msg.sender);
        if (epoch >= pausedUntil) revert NotPaused();
        pausedUntil = 0;
        emit Paused(msg.sender, 0);
    }

    /// @inheritdoc IAdmission
    function spendCancellation(address account) external {
        if (msg.sender != governor) revert NotGovernor(msg.sender);
        uint64 epoch = _requireGuardian(account);
        // C164.
        Spent memory now_ = _spentIn(epoch);
        if (now_.cancellations == cancellations) revert TooManyCancellations(now_.period, cancellations);
        ++now_.cancellations;
        _spent = now_;
        emit CancellationSpent(account, now_.period, now_.cancellations);
    }

    /// @inheritdoc IAdmission
    function requireAdmitted(address validator) external view {
        // C160, C161: both end by themselves.
        uint64 epoch = sets.currentEpoch();
        if (epoch < pausedUntil) revert RegistrationsPaused(pausedUntil);
        if (epoch < allowListUntil && !isAllowed[validator]) revert NotAllowed(validator);
    }

    /// @inheritdoc IAdmission
    function guardian() external view returns (address account, uint64 mandateEnd) {
        return (_guardian, _mandateEnd);
    }

    /// @inheritdoc IAdmission
    function spent() external view returns (Spent memory) {
        return _spent;
    }

    function _setAllowListUntil(uint64 untilEpoch) private {
        allowListUntil = untilEpoch;
        emit AllowListSet(untilEpoch);
    }

    function _setAllowed(address[] memory accounts, bool allowed) private {
        if (accounts.length > MAX_ACCOUNTS) revert TooManyAccounts(accounts.length, MAX_ACCOUNTS);
        for (uint256 i = 0; i < accounts.length; ++i) {
            isAllowed[accounts[i]] = allowed;
            emit AllowedSet(accounts[i], allowed);
        }
    }

    /// C162: nobody is guardian for ever, nor without an end.
    function _setGuardian(address account, uint64 mandateEnd) private {
        (uint64 least, uint64 most) = account == address(0) ? (0, 0) : _after(maxMandateEpochs);
        if (mandateEnd < least || mandateEnd > most) revert MandateEndOutOfRange(mandateEnd, least, most);
        (_guardian, _mandateEnd) = (account, mandateEnd);
        emit GuardianSet(account, mandateEnd);
    }

    /// The epochs in which something that begins now may end, if it lasts at most so long.
    function _after(uint64 epochs) private view returns (uint64 least, uint64 most) {
        uint64 epoch = sets.currentEpoch();
        return (epoch + 1, epoch + epochs);
    }

    /// C162: returns the current epoch.
    function _requireGuardian(address account) private view returns (uint64 epoch) {
        if (account != _guardian) revert NotGuardian(account);
        epoch = sets.currentEpoch();
        if (epoch >= _mandateEnd) revert MandateOver(_mandateEnd, epoch);
    }

    /// C163, C164: the counts of the period that an epoch lies in. Who becomes guardian takes over what is left.
    function _spentIn(uint64 epoch) private view returns (Spent memory now_) {
        uint64 period = epoch / periodEpochs;
        now_ = _spent;
        if (now_.period != period) now_ = Spent(period, 0, 0);
    }

    /// C163, C164.
    function _checkConstants(Constants memory constants, uint32 longest) private pure {
        uint32 period = constants.periodEpochs;
        if (period < MIN_PERIOD_EPOCHS || period > MAX_PERIOD_EPOCHS) {
            revert PeriodOutOfRange(period, MIN_PERIOD_EPOCHS, MAX_PERIOD_EPOCHS);
        }
        uint32 pause_ = constants.pauseEpochs;
        bool none = pause_ == 0 || constants.pauses == 0;
        if (none || pause_ > longest || uint256(pause_) * constants.pauses * 2 > period) {
            revert PausesOutOfRange(pause_, constants.pauses, period, longest);
        }
        uint16 most = constants.cancellations;
        if (most < MIN_CANCELLATIONS || most > MAX_CANCELLATIONS) {
            revert CancellationsOutOfRange(most, MIN_CANCELLATIONS, MAX_CANCELLATIONS);
        }
    }
}
