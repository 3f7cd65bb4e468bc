// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {CommonBase} from "forge-std/Base.sol";

import {HashToG2} from "../src/crypto/HashToG2.sol";

/// @dev Calls that forge 1.7 knows and forge-std 1.9 does not.
interface IEd25519Cheats {
    function publicKeyEd25519(bytes32 seed) external pure returns (bytes32);
    function signEd25519(bytes calldata namespace, bytes calldata message, bytes32 seed)
        external
        pure
        returns (bytes memory);
}

/// @dev Signs as validators do: ed25519 by forge, BLS12-381 by the precompiles of EIP-2537. A number names a key of
/// each kind. What noble signs stands in `vectors/` and is judged besides.
abstract contract Signer is CommonBase {
    bytes internal constant ATTESTATION_TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    bytes internal constant POSSESSION_TAG = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    uint256 internal constant BLS_ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;
    bytes internal constant BLS_GENERATOR = hex"00000000000000000000000000000000"
        hex"17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
        hex"6c55e83ff97a1aeffb3af00adb22c6bb0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4"
        hex"fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";

    address private constant G1MSM = address(0x0c);
    address private constant G2MSM = address(0x0e);

    function consensusKeyOf(uint256 number) internal pure returns (bytes32) {
        return IEd25519Cheats(VM_ADDRESS).publicKeyEd25519(_seed(number));
    }

    function signConsensus(uint256 number, bytes32 digest) internal pure returns (bytes32 r, bytes32 s) {
        bytes memory signature = IEd25519Cheats(VM_ADDRESS).signEd25519("", abi.encodePacked(digest), _seed(number));
        return abi.decode(signature, (bytes32, bytes32));
    }

    function attestationKeyOf(uint256 number) internal view returns (bytes memory) {
        return blsKeyOf(_secret(number));
    }

    function signAttestation(uint256 number, bytes32 digest) internal view returns (bytes memory) {
        return blsSign(_secret(number), digest, ATTESTATION_TAG);
    }

    function signPossession(uint256 number, bytes32 digest) internal view returns (bytes memory) {
        return blsSign(_secret(number), digest, POSSESSION_TAG);
    }

    function blsKeyOf(uint256 secret) internal view returns (bytes memory) {
        return _multiply(G1MSM, BLS_GENERATOR, secret);
    }

    function blsSign(uint256 secret, bytes32 digest, bytes memory tag) internal view returns (bytes memory) {
        return _multiply(G2MSM, HashToG2.hash(abi.encodePacked(digest), tag), secret);
    }

    function _multiply(address precompile, bytes memory point, uint256 scalar) private view returns (bytes memory) {
        (bool done, bytes memory product) = precompile.staticcall(abi.encodePacked(point, scalar));
        require(done && product.length == point.length, "no multiple");
        return product;
    }

    function _seed(uint256 number) private pure returns (bytes32) {
        return keccak256(abi.encode("consensus", number));
    }

    function _secret(uint256 number) private pure returns (uint256) {
        return uint256(keccak256(abi.encode("attestation", number))) % (BLS_ORDER - 1) + 1;
    }
}
