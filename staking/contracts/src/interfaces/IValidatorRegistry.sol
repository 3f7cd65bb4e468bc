// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Keys and accounts of one rollup's validators
/// @notice The rules C53 to C64 cited here stand in `README.md`. A validator is named for ever by the address that
/// registered it, its first operator. Keys and fee recipient reach the nodes through the validator sets and take effect
/// two epochs later; operator and submitter change at once.
interface IValidatorRegistry {
    /// @notice What a validator begins with.
    /// @param consensusKey The ed25519 key that votes, in its 32-byte encoding (RFC 8032)
    /// @param attestationKey The BLS12-381 key that tells L1 facts, a point of G1 in 128 bytes (EIP-2537)
    /// @param withdrawal The account that owns the stake and receives every payout; never changes
    /// @param submitter The account that appends to the inbox; zero: whoever is the operator
    /// @param feeRecipient The account on the rollup that receives priority fees
    /// @param nodeAddress Where its node listens, at most 256 bytes; not interpreted here
    /// @param metadata Words about the validator, at most 1,024 bytes; not interpreted here
    struct Registration {
        bytes32 consensusKey;
        bytes attestationKey;
        address withdrawal;
        address submitter;
        address feeRecipient;
        string nodeAddress;
        string metadata;
    }

    /// @notice Proof that the operator has both keys: each signs the digest of `possessionDigest` (C55).
    /// @param r The first 32 bytes of the consensus key's signature
    /// @param s Its last 32 bytes
    /// @param attestationSignature The attestation key's signature, a point of G2 in 256 bytes, with the tag of
    /// possession
    struct Possession {
        bytes32 r;
        bytes32 s;
        bytes attestationSignature;
    }

    /// @notice The accounts of a validator as they are now.
    /// @param operator Manages keys, submitter, fee recipient and metadata
    /// @param withdrawal Owns the stake
    /// @param submitter Appends to the inbox
    /// @param feeRecipient Receives priority fees on the rollup
    struct Accounts {
        address operator;
        address withdrawal;
        address submitter;
        address feeRecipient;
    }

    /// @notice The keys of a validator as they were registered last; the set of an epoch may still have older ones.
    /// @param consensusKey The ed25519 key
    /// @param attestationKeyHash The keccak256 of the BLS12-381 key
    /// @param consensusKeySince The epoch in which the consensus key was registered
    /// @param attestationKeySince The epoch in which the attestation key was registered
    struct Keys {
        bytes32 consensusKey;
        bytes32 attestationKeyHash;
        uint64 consensusKeySince;
        uint64 attestationKeySince;
    }

    /// @notice A validator has registered. `KeysChanged` and `MetadataChanged` follow in the same transaction.
    event Registered(address indexed validator, address indexed withdrawal, address submitter, address feeRecipient);
    /// @notice A validator has these keys from now on; they serve in the sets from the epoch after next on.
    event KeysChanged(address indexed validator, bytes32 indexed consensusKey, bytes attestationKey);
    /// @notice Another account is asked to become the operator; zero: nobody is any more.
    event OperatorProposed(address indexed validator, address indexed operator, address proposer);
    /// @notice Another account is the operator.
    event OperatorChanged(address indexed validator, address indexed operator);
    /// @notice Another account appends for this validator; zero: whoever is the operator.
    event SubmitterChanged(address indexed validator, address submitter);
    /// @notice Another account will receive priority fees.
    event FeeRecipientChanged(address indexed validator, address feeRecipient);
    /// @notice Where the node listens, and what the validator says about itself. The text stands in this event alone.
    event MetadataChanged(address indexed validator, string nodeAddress, string metadata);

    /// @notice The deployment names another registry than this one.
    error WiredElsewhere(address registry, address self);
    /// @notice The caller is not the stake manager.
    error NotStakes(address caller);
    /// @notice This address has registered before.
    error AlreadyRegistered(address validator);
    /// @notice No validator has this name.
    error NotRegistered(address validator);
    /// @notice The validator was slashed: its keys and fee recipient never matter again.
    error Tombstoned(address validator);
    /// @notice An account that must be named is zero.
    error ZeroAddress();
    /// @notice Stake paid to the contract that holds it would be nobody's.
    error WithdrawalIsStakes(address stakes);
    /// @notice The node address is too long.
    error NodeAddressTooLong(uint256 length, uint256 most);
    /// @notice The metadata is too long.
    error MetadataTooLong(uint256 length, uint256 most);
    /// @notice The consensus key was registered before, by this validator; it is spent for ever.
    error ConsensusKeyUsed(bytes32 consensusKey, address validator);
    /// @notice The attestation key was registered before, by this validator; it is spent for ever.
    error AttestationKeyUsed(bytes32 attestationKeyHash, address validator);
    /// @notice The consensus key is not one that nodes take (C19).
    error ConsensusKeyNotRegistrable(bytes32 consensusKey);
    /// @notice The consensus key did not sign this digest.
    error ConsensusKeyNotPossessed(bytes32 consensusKey, bytes32 digest);
    /// @notice The attestation key is no key, or did not sign this digest.
    error AttestationKeyNotPossessed(bytes32 attestationKeyHash, bytes32 digest);
    /// @notice A rotation that changes neither key.
    error KeysUnchanged(address validator);
    /// @notice The consensus key is too young to be rotated again.
    error ConsensusKeyTooYoung(uint64 epoch, uint64 firstEpoch);
    /// @notice The attestation key is too young to be rotated again.
    error AttestationKeyTooYoung(uint64 epoch, uint64 firstEpoch);
    /// @notice The caller is not the operator of this validator.
    error NotOperator(address validator, address caller);
    /// @notice The caller is neither the operator nor the withdrawal account of this validator.
    error NotOperatorNorWithdrawal(address validator, address caller);
    /// @notice The withdrawal account has proposed this operator, and alone can propose another.
    error ProposedByWithdrawal(address validator, address operator);
    /// @notice The caller is not asked to become the operator of this validator.
    error NotProposed(address validator, address caller);

    /// @notice Registers a validator with its keys and enrolls it in the sets; the stake manager alone may (C53 to
    /// C57).
    /// @param validator The account that registers: the operator and the name of the validator
    /// @param registration Its keys and accounts
    /// @param possession Signatures of both keys
    function create(address validator, Registration calldata registration, Possession calldata possession) external;

    /// @notice Replaces one key or both; the operator may, each key once in `keyRotationInterval` epochs (C58). They
    /// serve from the epoch after next on.
    /// @param validator The validator
    /// @param consensusKey Its new consensus key, or the one it has
    /// @param attestationKey Its new attestation key, or the one it has
    /// @param possession Signatures of both keys, also of one that stays
    function rotateKeys(
        address validator,
        bytes32 consensusKey,
        bytes calldata attestationKey,
        Possession calldata possession
    ) external;

    /// @notice Names another account for priority fees, from the epoch after next on; the operator may (C59).
    function setFeeRecipient(address validator, address feeRecipient) external;

    /// @notice Names another account that appends to the inbox, from this moment on; the operator may (C59).
    /// @param validator The validator
    /// @param submitter Zero: whoever is the operator
    function setSubmitter(address validator, address submitter) external;

    /// @notice Announces where the node listens and what the validator says about itself; the operator may (C59, C61).
    /// @param validator The validator
    /// @param nodeAddress At most 256 bytes
    /// @param metadata At most 1,024 bytes
    function setMetadata(address validator, string calldata nodeAddress, string calldata metadata) external;

    /// @notice Asks another account to become the operator; the operator or the withdrawal account may. A proposal of
    /// the withdrawal account is replaced by it alone (C60).
    /// @param validator The validator
    /// @param operator The account that is asked; zero takes a proposal back
    function proposeOperator(address validator, address operator) external;

    /// @notice Makes the caller the operator, who must have been asked (C60).
    function acceptOperator(address validator) external;

    /// @notice The accounts of a validator; all zero for a stranger.
    function accountsOf(address validator) external view returns (Accounts memory);

    /// @notice The keys of a validator; all zero for a stranger.
    function keysOf(address validator) external view returns (Keys memory);

    /// @notice The account that manages a validator; zero for a stranger.
    function operatorOf(address validator) external view returns (address);

    /// @notice The account that owns a validator's stake; zero for a stranger.
    function withdrawalOf(address validator) external view returns (address);

    /// @notice The account that appends for a validator; zero for a stranger.
    function submitterOf(address validator) external view returns (address);

    /// @notice Who is asked to become the operator, and whether the withdrawal account asked.
    function proposalOf(address validator) external view returns (address operator, bool byWithdrawal);

    /// @notice The validator that registered a consensus key, now or earlier; zero if it is free.
    function validatorOfKey(bytes32 consensusKey) external view returns (address);

    /// @notice The validator that registered an attestation key, now or earlier; zero if it is free.
    /// @param attestationKeyHash The keccak256 of its 128 bytes
    function validatorOfAttestationKey(bytes32 attestationKeyHash) external view returns (address);

    /// @notice How many times an operator has proven keys: the nonce of the next proof.
    function nonceOf(address operator) external view returns (uint256);

    /// @notice What both keys must sign now for this operator to register or rotate to them (C55).
    function possessionDigest(address operator, bytes32 consensusKey, bytes calldata attestationKey)
        external
        view
        returns (bytes32);
}
