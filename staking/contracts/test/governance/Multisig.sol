// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MultiSignerERC7913} from "@openzeppelin/contracts/utils/cryptography/signers/MultiSignerERC7913.sol";

/// @dev An m-of-n account: anyone brings a call that m of its signers have signed, for this account, chain and turn.
/// OpenZeppelin's multisigner judges the signatures.
contract Multisig is MultiSignerERC7913, EIP712 {
    bytes32 private constant CALL_TYPEHASH = keccak256("Call(address target,bytes data,uint256 nonce)");

    uint256 public nonce;

    error NotSigned(bytes32 digest);

    constructor(bytes[] memory signers, uint64 threshold_) MultiSignerERC7913(signers, threshold_) EIP712("M", "1") {}

    function execute(address target, bytes calldata data, bytes calldata signatures) external {
        bytes32 digest = digestOf(target, data, nonce++);
        if (!_rawSignatureValidation(digest, signatures)) revert NotSigned(digest);
        Address.functionCall(target, data);
    }

    function digestOf(address target, bytes calldata data, uint256 nonce_) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CALL_TYPEHASH, target, keccak256(data), nonce_)));
    }
}
