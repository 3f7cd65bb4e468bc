// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IValidatorRegistry} from "./IValidatorRegistry.sol";
import {IValidatorSets} from "./IValidatorSets.sol";

/// @title Where the final batches of one rollup stand on L1, each height once, without a gap
/// @notice The contract keeps a link and a height; the batches themselves are calldata. The rules C12 to C17 cited
/// here stand in `README.md`.
interface IRotaInbox {
    /// @notice What an append says about its payload.
    /// @param firstHeight The height of the first batch in it
    /// @param lastHeight The height of the last batch in it
    /// @param parentLink The link that this entry follows
    /// @param lastBatchHash The hash of the batch at `lastHeight`
    struct Entry {
        uint64 firstHeight;
        uint64 lastHeight;
        bytes32 parentLink;
        bytes32 lastBatchHash;
    }

    /// @notice Where the next entry goes.
    /// @param link The link of the last entry; zero before the first
    /// @param nextHeight The height that the next entry must begin with
    /// @param appendedAt The L1 block of the last append; that of the deployment before the first
    struct Head {
        bytes32 link;
        uint64 nextHeight;
        uint64 appendedAt;
    }

    /// @notice The batches of these heights stand in the calldata of this transaction.
    /// @param firstHeight The height of the first batch
    /// @param lastHeight The height of the last batch
    /// @param link The link of this entry (C13)
    /// @param lastBatchHash The hash of the batch at `lastHeight`
    /// @param poster The validator for which it was appended
    event Appended(
        uint64 indexed firstHeight, uint64 lastHeight, bytes32 link, bytes32 lastBatchHash, address indexed poster
    );

    /// @notice An address given as the registry or the sets has no code.
    error NoContract(address account);
    /// @notice Some or all of these heights stand here already: another validator was first.
    error AlreadyPosted(uint64 firstHeight, uint64 nextHeight);
    /// @notice The heights between the head and this entry are missing.
    error HeightGap(uint64 firstHeight, uint64 nextHeight);
    /// @notice The entry ends before it begins.
    error EmptyRange(uint64 firstHeight, uint64 lastHeight);
    /// @notice The entry claims more batches than one payload can hold.
    error TooManyBatches(uint256 batches, uint256 limit);
    /// @notice The entry follows another history of the same height.
    error WrongParent(bytes32 parentLink, bytes32 link);
    /// @notice The payload is empty.
    error EmptyPayload();
    /// @notice The payload is larger than a transaction can carry.
    error PayloadTooLarge(uint256 size, uint256 limit);
    /// @notice The call is not the transaction itself, so its payload need not stand in any calldata.
    error NotTopLevel(address caller, address origin);
    /// @notice The caller is not the submitter of this validator.
    error NotSubmitter(address validator, address caller);
    /// @notice The validator is no member of the set of the current L1 epoch.
    error NotMember(address validator, uint64 epoch);

    /// @notice Appends final batches for a validator; its submitter may, in a transaction of its own (C12 to C16).
    /// @param validator The member of the current set for which the caller submits
    /// @param entry What the payload holds
    /// @param payload The compressed batches; the contract only hashes it
    /// @return link The new link (C13)
    function append(address validator, Entry calldata entry, bytes calldata payload) external returns (bytes32 link);

    /// @notice The contract that says who appends for a validator.
    function registry() external view returns (IValidatorRegistry);

    /// @notice The contract that says who is a member of the set of an epoch.
    function sets() external view returns (IValidatorSets);

    /// @notice Link, next height and time of the last append, read together.
    function head() external view returns (Head memory);

    /// @notice The link of the last entry; zero before the first.
    function link() external view returns (bytes32);

    /// @notice The height that the next entry must begin with.
    function nextHeight() external view returns (uint64);
}
