// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IRotaInbox} from "./interfaces/IRotaInbox.sol";
import {IValidatorRegistry} from "./interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title An append-only, hash-linked inbox of final batches
/// @notice It does not read payloads and verifies no certificate: readers do (C17). No owner, no pause, no upgrade.
contract RotaInbox is IRotaInbox {
    /// @notice Most bytes of one payload: nodes relay no transaction above 131,072 bytes, call and signature included.
    uint256 public constant MAX_PAYLOAD_BYTES = 120_000;
    /// @notice Most batches of one entry: each has a state root that does not compress, so a payload holds fewer than
    /// 120,000 / 32 = 3,750. Without it one entry could claim all heights there are.
    uint256 public constant MAX_BATCHES = 4096;
    /// @notice The first height that is posted; height 0 is the genesis.
    uint64 public constant FIRST_HEIGHT = 1;

    /// @inheritdoc IRotaInbox
    IValidatorRegistry public immutable registry;
    /// @inheritdoc IRotaInbox
    IValidatorSets public immutable sets;

    Head private _head;

    /// @param registry_ Says who appends for a validator
    /// @param sets_ Say who is a member
    constructor(IValidatorRegistry registry_, IValidatorSets sets_) {
        if (address(registry_).code.length == 0) revert NoContract(address(registry_));
        if (address(sets_).code.length == 0) revert NoContract(address(sets_));
        registry = registry_;
        sets = sets_;
        _head = Head({link: 0, nextHeight: FIRST_HEIGHT, appendedAt: uint64(block.number)});
    }

    /// @inheritdoc IRotaInbox
    function append(address validator, Entry calldata entry, bytes calldata payload)
        external
        returns (bytes32 newLink)
    {
        // What a late backup will meet comes first, so that it learns why, and cheaply.
        _checkPosition(entry);
        _checkPayload(payload);
        _checkPoster(validator);

        newLink = keccak256(
            abi.encode(entry.parentLink, entry.firstHeight, entry.lastHeight, entry.lastBatchHash, keccak256(payload))
        );
        _head = Head({link: newLink, nextHeight: entry.lastHeight + 1, appendedAt: uint64(block.number)});
        emit Appended(entry.firstHeight, entry.lastHeight, newLink, entry.lastBatchHash, validator);
    }

    /// @inheritdoc IRotaInbox
    function head() external view returns (Head memory) {
        return _head;
    }

    /// @inheritdoc IRotaInbox
    function link() external view returns (bytes32) {
        return _head.link;
    }

    /// @inheritdoc IRotaInbox
    function nextHeight() external view returns (uint64) {
        return _head.nextHeight;
    }

    /// C12, C13: exactly the next height, on exactly this history.
    function _checkPosition(Entry calldata entry) private view {
        uint64 first = entry.firstHeight;
        uint64 next = _head.nextHeight;
        if (first < next) revert AlreadyPosted(first, next);
        if (first > next) revert HeightGap(first, next);
        if (entry.lastHeight < first) revert EmptyRange(first, entry.lastHeight);
        uint256 batches = uint256(entry.lastHeight) - first + 1;
        if (batches > MAX_BATCHES) revert TooManyBatches(batches, MAX_BATCHES);
        if (entry.parentLink != _head.link) revert WrongParent(entry.parentLink, _head.link);
    }

    /// C16: something to read, and no more than a transaction carries.
    function _checkPayload(bytes calldata payload) private pure {
        if (payload.length == 0) revert EmptyPayload();
        if (payload.length > MAX_PAYLOAD_BYTES) revert PayloadTooLarge(payload.length, MAX_PAYLOAD_BYTES);
    }

    /// C14, C15: the submitter of a member of the current set, in a transaction of its own.
    function _checkPoster(address validator) private view {
        // An account without code can only be the caller of the outermost call; with EIP-7702 the origin alone is no
        // proof of that, since such an account may run code that calls on.
        // forge-lint: disable-next-line(tx-origin)
        if (msg.sender != tx.origin || msg.sender.code.length != 0) revert NotTopLevel(msg.sender, tx.origin);
        if (registry.submitterOf(validator) != msg.sender) revert NotSubmitter(validator, msg.sender);
        uint64 epoch = sets.currentEpoch();
        if (sets.powerOf(validator, epoch) == 0) revert NotMember(validator, epoch);
    }
}
