// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title What keys of Rota sign: EIP-712 digests of 32 bytes
/// @notice A digest is `keccak256(0x1901 || separator || hash of the struct)`. The domain has the name "Rota", the
/// version "1", the chain id of L1 and, as verifying contract, the `StakeManager` of the deployment; every struct names
/// the rollup besides. So two deployments share no digest. Rule C50 of `README.md`; golden vectors, which Rust reads
/// too, stand in `vectors/digests.json`.
library Digests {
    bytes32 internal constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant VOTE_TYPE =
        keccak256("Vote(uint64 rollupChainId,uint64 epoch,uint64 view,uint8 kind,bytes32 batch)");
    bytes32 internal constant KEY_REGISTRATION_TYPE = keccak256(
        "KeyRegistration(uint64 rollupChainId,address operator,bytes32 consensusKey,bytes attestationKey,uint256 nonce)"
    );
    bytes32 internal constant ATTESTATION_TYPE =
        keccak256("Attestation(uint64 rollupChainId,uint64 attestingEpoch,uint8 kind,uint64 index,bytes32 content)");

    bytes32 private constant NAME = keccak256("Rota");
    bytes32 private constant VERSION = keccak256("1");

    /// @notice The separator of a deployment's domain, with the chain id of now: after a split of L1, the two sides
    /// share no digest.
    /// @param stakes The address of its `StakeManager`
    function separator(address stakes) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, NAME, VERSION, block.chainid, stakes));
    }

    /// @notice What a consensus key signs in a round.
    /// @param separator_ The domain of the deployment
    /// @param rollupChainId The chain id of the rollup
    /// @param epoch The epoch of the round
    /// @param view_ Its view, from 1 on
    /// @param kind 1 notarize, 2 nullify, 3 finalize
    /// @param batch The hash of the batch; zero for nullify
    function vote(bytes32 separator_, uint64 rollupChainId, uint64 epoch, uint64 view_, uint8 kind, bytes32 batch)
        internal
        pure
        returns (bytes32)
    {
        return _digest(separator_, keccak256(abi.encode(VOTE_TYPE, rollupChainId, epoch, view_, kind, batch)));
    }

    /// @notice What both keys of a validator sign to prove that its operator has them.
    /// @param separator_ The domain of the deployment
    /// @param rollupChainId The chain id of the rollup
    /// @param operator The account that registers or rotates the keys
    /// @param consensusKey The ed25519 key
    /// @param attestationKey The BLS12-381 key, 128 bytes (EIP-2537)
    /// @param nonce How many times this operator has proven keys before
    function keyRegistration(
        bytes32 separator_,
        uint64 rollupChainId,
        address operator,
        bytes32 consensusKey,
        bytes memory attestationKey,
        uint256 nonce
    ) internal pure returns (bytes32) {
        bytes32 attestationKeyHash = keccak256(attestationKey);
        return _digest(
            separator_,
            keccak256(
                abi.encode(KEY_REGISTRATION_TYPE, rollupChainId, operator, consensusKey, attestationKeyHash, nonce)
            )
        );
    }

    /// @notice What an attestation key signs to tell L1 a fact.
    /// @param separator_ The domain of the deployment
    /// @param rollupChainId The chain id of the rollup
    /// @param attestingEpoch The epoch as whose member the validator signs
    /// @param kind What sort of fact it is
    /// @param index Which one of its kind
    /// @param content The hash of what is said
    function attestation(
        bytes32 separator_,
        uint64 rollupChainId,
        uint64 attestingEpoch,
        uint8 kind,
        uint64 index,
        bytes32 content
    ) internal pure returns (bytes32) {
        return _digest(
            separator_, keccak256(abi.encode(ATTESTATION_TYPE, rollupChainId, attestingEpoch, kind, index, content))
        );
    }

    function _digest(bytes32 separator_, bytes32 structHash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator_, structHash));
    }
}
