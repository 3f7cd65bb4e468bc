// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Attestation keys as the code of contracts that nobody can call
/// @notice Reading 128 bytes of code costs less than half of reading them from storage, and writing them less, too. The
/// keys of one contract are numbered from 1 on, in the order in which they are written; a number says where its code
/// stands, since a contract that creates nothing else gives its first creation the nonce 1 (EIP-161).
library KeyCode {
    /// @dev The length of a key.
    uint256 private constant KEY_BYTES = 128;
    /// @dev Returns what follows it: the code of the contract.
    bytes private constant CREATION = hex"600b5981380380925939f3";

    /// @dev The key was written under another number: the contract has created something else.
    error WrongNumber(uint32 number);

    /// @dev Writes the next key; its first byte stops whoever calls it.
    function write(uint32 number, bytes memory key) internal {
        bytes memory creation = bytes.concat(CREATION, bytes1(0), key);
        address at;
        assembly ("memory-safe") {
            at := create(0, add(creation, 0x20), mload(creation))
        }
        if (at == address(0) || at != addressOf(number)) revert WrongNumber(number);
    }

    /// @dev The key of a number; zero for none.
    function read(uint32 number) internal view returns (bytes memory key) {
        key = new bytes(KEY_BYTES);
        address at = addressOf(number);
        assembly ("memory-safe") {
            extcodecopy(at, add(key, 0x20), 1, KEY_BYTES)
        }
    }

    /// @dev Where this contract's creation of a nonce stands: the last 20 bytes of the hash of the RLP of its address
    /// and the nonce, which is one byte below 128, and a byte that says how many follow, and these, from there on.
    function addressOf(uint32 nonce) internal view returns (address) {
        uint256 more = nonce < 0x80 ? 0 : Math.log256(nonce) + 1;
        uint256 number = nonce;
        if (more != 0) number = ((0x80 + more) << (8 * more)) | nonce;
        uint256 encoded = ((0xd6 + more) << 248) | (0x94 << 240) | (uint256(uint160(address(this))) << 80);
        encoded |= number << (72 - 8 * more);
        bytes32 hash;
        assembly ("memory-safe") {
            mstore(0x00, encoded)
            hash := keccak256(0x00, add(23, more))
        }
        return address(uint160(uint256(hash)));
    }
}
