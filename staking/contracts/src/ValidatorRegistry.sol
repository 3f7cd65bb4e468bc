// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Digests} from "./Digests.sol";
import {Wiring} from "./Wiring.sol";
import {IBlsVerifier} from "./interfaces/IBlsVerifier.sol";
import {IEd25519Verifier} from "./interfaces/IEd25519Verifier.sol";
import {IStakeManager} from "./interfaces/IStakeManager.sol";
import {IStakingParameters} from "./interfaces/IStakingParameters.sol";
import {IValidatorRegistry} from "./interfaces/IValidatorRegistry.sol";
import {IValidatorSets} from "./interfaces/IValidatorSets.sol";

/// @title Keys and accounts of one rollup's validators
/// @notice See `IValidatorRegistry` for what each call means. It holds no tokens and has no owner, no pause and no
/// upgrade (C64).
contract ValidatorRegistry is IValidatorRegistry {
    using SafeCast for uint256;

    /// @notice The longest node address: a multiaddr with a DNS name of 253 characters fits.
    uint256 public constant MAX_NODE_ADDRESS_BYTES = 256;
    /// @notice The longest metadata: a name, a few links, a hash. It costs the logs of L1 some 8 gas a byte, for ever.
    uint256 public constant MAX_METADATA_BYTES = 1024;

    /// @dev `submitter` zero means the operator of the time.
    struct Identity {
        address operator;
        uint32 consensusKeySince;
        uint32 attestationKeySince;
        address withdrawal;
        address submitter;
        address feeRecipient;
        address proposed;
        bool proposedByWithdrawal;
        bytes32 consensusKey;
        bytes32 attestationKeyHash;
    }

    /// @notice What governance may set.
    IStakingParameters public immutable parameters;
    /// @notice Who serves in which epoch.
    IValidatorSets public immutable sets;
    /// @notice The one token holder: registers validators, and gives the signing domain its address.
    IStakeManager public immutable stakes;
    /// @notice Judges consensus keys.
    IEd25519Verifier public immutable ed25519;
    /// @notice Judges attestation keys.
    IBlsVerifier public immutable bls;

    /// @inheritdoc IValidatorRegistry
    mapping(bytes32 consensusKey => address) public validatorOfKey;
    /// @inheritdoc IValidatorRegistry
    mapping(bytes32 attestationKeyHash => address) public validatorOfAttestationKey;
    /// @inheritdoc IValidatorRegistry
    mapping(address operator => uint256) public nonceOf;
    mapping(address validator => Identity) private _identities;

    /// @param wiring Where the contracts of the deployment stand; none needs to be there yet
    constructor(Wiring memory wiring) {
        if (wiring.registry != address(this)) revert WiredElsewhere(wiring.registry, address(this));
        parameters = IStakingParameters(wiring.parameters);
        sets = IValidatorSets(wiring.sets);
        stakes = IStakeManager(wiring.stakes);
        ed25519 = IEd25519Verifier(wiring.ed25519);
        bls = IBlsVerifier(wiring.bls);
    }

    /// @inheritdoc IValidatorRegistry
    function create(address validator, Registration calldata registration, Possession calldata possession) external {
        if (msg.sender != address(stakes)) revert NotStakes(msg.sender);
        // C53: one registration in the life of an address, whatever became of its validator.
        Identity storage identity = _identities[validator];
        if (identity.operator != address(0)) revert AlreadyRegistered(validator);
        // C57: withdrawal and fee recipient must be named; the first never changes.
        if (validator == address(0) || registration.withdrawal == address(0)) revert ZeroAddress();
        if (registration.feeRecipient == address(0)) revert ZeroAddress();
        if (registration.withdrawal == address(stakes)) revert WithdrawalIsStakes(address(stakes));
        _checkMetadata(registration.nodeAddress, registration.metadata);

        identity.operator = validator;
        identity.withdrawal = registration.withdrawal;
        identity.submitter = registration.submitter;
        identity.feeRecipient = registration.feeRecipient;
        emit Registered(validator, registration.withdrawal, registration.submitter, registration.feeRecipient);
        uint32 epoch = uint256(sets.currentEpoch()).toUint32();
        _takeConsensusKey(validator, identity, registration.consensusKey, epoch);
        _takeAttestationKey(validator, identity, keccak256(registration.attestationKey), epoch);
        emit KeysChanged(validator, registration.consensusKey, registration.attestationKey);
        emit MetadataChanged(validator, registration.nodeAddress, registration.metadata);

        _prove(validator, registration.consensusKey, registration.attestationKey, possession);
        // C63: the sets keep what nodes read.
        sets.enroll(validator, registration.consensusKey, registration.attestationKey, registration.feeRecipient);
    }

    /// @inheritdoc IValidatorRegistry
    function rotateKeys(
        address validator,
        bytes32 consensusKey,
        bytes calldata attestationKey,
        Possession calldata possession
    ) external {
        Identity storage identity = _operated(validator);
        _requireNotTombstoned(validator);
        bytes32 attestationKeyHash = keccak256(attestationKey);
        bool newConsensusKey = consensusKey != identity.consensusKey;
        bool newAttestationKey = attestationKeyHash != identity.attestationKeyHash;
        if (!newConsensusKey && !newAttestationKey) revert KeysUnchanged(validator);

        // C58: each key stands for a while, so that nodes and L1 are not made to keep many.
        uint64 epoch = sets.currentEpoch();
        uint64 interval = parameters.values().keyRotationInterval;
        if (newConsensusKey) {
            uint64 firstEpoch = identity.consensusKeySince + interval;
            if (epoch < firstEpoch) revert ConsensusKeyTooYoung(epoch, firstEpoch);
            _takeConsensusKey(validator, identity, consensusKey, uint256(epoch).toUint32());
        }
        if (newAttestationKey) {
            uint64 firstEpoch = identity.attestationKeySince + interval;
            if (epoch < firstEpoch) revert AttestationKeyTooYoung(epoch, firstEpoch);
            _takeAttestationKey(validator, identity, attestationKeyHash, uint256(epoch).toUint32());
        }
        emit KeysChanged(validator, consensusKey, attestationKey);

        _prove(msg.sender, consensusKey, attestationKey, possession);
        sets.setKeys(validator, consensusKey, attestationKey);
    }

    /// @inheritdoc IValidatorRegistry
    function setFeeRecipient(address validator, address feeRecipient) external {
        Identity storage identity = _operated(validator);
        _requireNotTombstoned(validator);
        if (feeRecipient == address(0)) revert ZeroAddress();
        identity.feeRecipient = feeRecipient;
        emit FeeRecipientChanged(validator, feeRecipient);
        sets.setFeeRecipient(validator, feeRecipient);
    }

    /// @inheritdoc IValidatorRegistry
    function setSubmitter(address validator, address submitter) external {
        _operated(validator).submitter = submitter;
        emit SubmitterChanged(validator, submitter);
    }

    /// @inheritdoc IValidatorRegistry
    function setMetadata(address validator, string calldata nodeAddress, string calldata metadata) external {
        _operated(validator);
        _checkMetadata(nodeAddress, metadata);
        emit MetadataChanged(validator, nodeAddress, metadata);
    }

    /// @inheritdoc IValidatorRegistry
    function proposeOperator(address validator, address operator) external {
        Identity storage identity = _registered(validator);
        bool byWithdrawal = msg.sender == identity.withdrawal;
        if (!byWithdrawal) {
            if (msg.sender != identity.operator) revert NotOperatorNorWithdrawal(validator, msg.sender);
            // C60: a stolen operator key cannot put its own proposal before the owner's.
            if (identity.proposedByWithdrawal) revert ProposedByWithdrawal(validator, identity.proposed);
        }
        identity.proposed = operator;
        identity.proposedByWithdrawal = byWithdrawal && operator != address(0);
        emit OperatorProposed(validator, operator, msg.sender);
    }

    /// @inheritdoc IValidatorRegistry
    function acceptOperator(address validator) external {
        Identity storage identity = _registered(validator);
        address proposed = identity.proposed;
        if (proposed == address(0) || msg.sender != proposed) revert NotProposed(validator, msg.sender);
        identity.operator = msg.sender;
        identity.proposed = address(0);
        identity.proposedByWithdrawal = false;
        emit OperatorChanged(validator, msg.sender);
    }

    /// @inheritdoc IValidatorRegistry
    function accountsOf(address validator) external view returns (Accounts memory) {
        Identity storage identity = _identities[validator];
        return Accounts({
            operator: identity.operator,
            withdrawal: identity.withdrawal,
            submitter: _submitterOf(identity),
            feeRecipient: identity.feeRecipient
        });
    }

    /// @inheritdoc IValidatorRegistry
    function keysOf(address validator) external view returns (Keys memory) {
        Identity storage identity = _identities[validator];
        return Keys({
            consensusKey: identity.consensusKey,
            attestationKeyHash: identity.attestationKeyHash,
            consensusKeySince: identity.consensusKeySince,
            attestationKeySince: identity.attestationKeySince
        });
    }

    /// @inheritdoc IValidatorRegistry
    function operatorOf(address validator) external view returns (address) {
        return _identities[validator].operator;
    }

    /// @inheritdoc IValidatorRegistry
    function withdrawalOf(address validator) external view returns (address) {
        return _identities[validator].withdrawal;
    }

    /// @inheritdoc IValidatorRegistry
    function submitterOf(address validator) external view returns (address) {
        return _submitterOf(_identities[validator]);
    }

    /// @inheritdoc IValidatorRegistry
    function proposalOf(address validator) external view returns (address operator, bool byWithdrawal) {
        Identity storage identity = _identities[validator];
        return (identity.proposed, identity.proposedByWithdrawal);
    }

    /// @inheritdoc IValidatorRegistry
    function possessionDigest(address operator, bytes32 consensusKey, bytes memory attestationKey)
        public
        view
        returns (bytes32)
    {
        bytes32 separator = Digests.separator(address(stakes));
        uint64 rollup = parameters.rollupChainId();
        return Digests.keyRegistration(separator, rollup, operator, consensusKey, attestationKey, nonceOf[operator]);
    }

    /// C54: a key is spent once, whoever used it. A consensus key has one encoding, or it is not registrable.
    function _takeConsensusKey(address validator, Identity storage identity, bytes32 consensusKey, uint32 epoch)
        private
    {
        address user = validatorOfKey[consensusKey];
        if (user != address(0)) revert ConsensusKeyUsed(consensusKey, user);
        // C56: a key that verifiers could differ about is none.
        if (!ed25519.isRegistrable(consensusKey)) revert ConsensusKeyNotRegistrable(consensusKey);
        validatorOfKey[consensusKey] = validator;
        identity.consensusKey = consensusKey;
        identity.consensusKeySince = epoch;
    }

    /// C54: likewise; the verifier takes one encoding of a point alone, so the hash names the key.
    function _takeAttestationKey(address validator, Identity storage identity, bytes32 keyHash, uint32 epoch) private {
        address user = validatorOfAttestationKey[keyHash];
        if (user != address(0)) revert AttestationKeyUsed(keyHash, user);
        validatorOfAttestationKey[keyHash] = validator;
        identity.attestationKeyHash = keyHash;
        identity.attestationKeySince = epoch;
    }

    /// C55: both keys sign operator, both keys and a nonce. So a registration seen before it is mined serves nobody
    /// else, and an attestation key made of those of others (a rogue key) has no secret that could sign.
    function _prove(
        address operator,
        bytes32 consensusKey,
        bytes calldata attestationKey,
        Possession calldata possession
    ) private {
        bytes32 digest = possessionDigest(operator, consensusKey, attestationKey);
        ++nonceOf[operator];
        if (!ed25519.verify(consensusKey, digest, possession.r, possession.s)) {
            revert ConsensusKeyNotPossessed(consensusKey, digest);
        }
        if (!bls.verifyPossession(attestationKey, digest, possession.attestationSignature)) {
            revert AttestationKeyNotPossessed(keccak256(attestationKey), digest);
        }
    }

    function _registered(address validator) private view returns (Identity storage identity) {
        identity = _identities[validator];
        if (identity.operator == address(0)) revert NotRegistered(validator);
    }

    /// C59: the operator of now, whatever the validator's name.
    function _operated(address validator) private view returns (Identity storage identity) {
        identity = _registered(validator);
        if (msg.sender != identity.operator) revert NotOperator(validator, msg.sender);
    }

    /// C62: what the sets keep of a slashed validator is evidence, and nothing more.
    function _requireNotTombstoned(address validator) private view {
        if (stakes.isSlashed(validator)) revert Tombstoned(validator);
    }

    function _submitterOf(Identity storage identity) private view returns (address) {
        address submitter = identity.submitter;
        return submitter == address(0) ? identity.operator : submitter;
    }

    /// C61: the words stand in an event alone, so their price is that of a log; still each has a limit.
    function _checkMetadata(string calldata nodeAddress, string calldata metadata) private pure {
        uint256 length = bytes(nodeAddress).length;
        if (length > MAX_NODE_ADDRESS_BYTES) revert NodeAddressTooLong(length, MAX_NODE_ADDRESS_BYTES);
        length = bytes(metadata).length;
        if (length > MAX_METADATA_BYTES) revert MetadataTooLong(length, MAX_METADATA_BYTES);
    }
}
