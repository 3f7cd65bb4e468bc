// What keys of Rota sign, hashed step by step (EIP-712), and whose keys the tools here sign with.

import { ed25519 } from "@noble/curves/ed25519.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

import { POSSESSION_TAG, encodeG1, encodeG2, hex, keyOf, secretOf, signatureOf, unhex } from "./bls12381.mjs";

const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
export const VOTE_TYPE = "Vote(uint64 rollupChainId,uint64 epoch,uint64 view,uint8 kind,bytes32 batch)";
export const KEY_REGISTRATION_TYPE =
  "KeyRegistration(uint64 rollupChainId,address operator,bytes32 consensusKey,bytes attestationKey,uint256 nonce)";
export const ATTESTATION_TYPE =
  "Attestation(uint64 rollupChainId,uint64 attestingEpoch,uint8 kind,uint64 index,bytes32 content)";

const keccak = (...parts) => keccak_256(concatBytes(...parts));
/** A number or a short hex value as one word, its bytes at the end. */
const word = (value) => hexToBytes(BigInt(value).toString(16).padStart(64, "0"));
export const text = (value) => keccak(utf8ToBytes(value));

/** Of a domain {chainId, stakes, rollupChainId}, the third of which is no part of it. */
export function separatorOf({ chainId, stakes }) {
  return keccak(text(DOMAIN_TYPE), text("Rota"), text("1"), word(chainId), word(stakes));
}

function digest(domain, type, ...words) {
  return hex(keccak(hexToBytes("1901"), separatorOf(domain), keccak(text(type), ...words)));
}

export function voteDigest(domain, { epoch, view, kind, batch }) {
  return digest(domain, VOTE_TYPE, ...[domain.rollupChainId, epoch, view, kind, batch].map(word));
}

export function attestationDigest(domain, { attestingEpoch, kind, index, content }) {
  return digest(domain, ATTESTATION_TYPE, ...[domain.rollupChainId, attestingEpoch, kind, index, content].map(word));
}

export function possessionDigest(domain, { operator, consensusKey, attestationKey, nonce }) {
  return digest(
    domain, KEY_REGISTRATION_TYPE,
    word(domain.rollupChainId), word(operator), unhex(consensusKey), keccak(unhex(attestationKey)), word(nonce),
  );
}

/** The keys of a number: an ed25519 seed of 32 times that byte, as in proto, and a secret of BLS12-381. */
export function keysOf(number) {
  const seed = new Uint8Array(32).fill(number);
  const secret = secretOf(`attestation ${number}`);
  return {
    seed, secret, consensusKey: hex(ed25519.getPublicKey(seed)), attestationKey: encodeG1(keyOf(secret)),
  };
}

/** The two halves of an ed25519 signature. */
export function halves(signature) {
  return { r: hex(signature.slice(0, 32)), s: hex(signature.slice(32)) };
}

/** The first proof of an operator that it has the keys of a number. */
export function possession(domain, operator, number) {
  const { seed, secret, consensusKey, attestationKey } = keysOf(number);
  const signed = possessionDigest(domain, { operator, consensusKey, attestationKey, nonce: 0n });
  return {
    ...halves(ed25519.sign(unhex(signed), seed)),
    attestationSignature: encodeG2(signatureOf(secret, signed, POSSESSION_TAG)),
  };
}

/** The address of the contract that an account deploys with this nonce, which is below 128. */
export function createAddress(deployer, nonce) {
  const account = unhex(deployer);
  const rlp = concatBytes(Uint8Array.of(0xc0 + 22, 0x80 + 20), account, Uint8Array.of(nonce === 0 ? 0x80 : nonce));
  return hex(keccak_256(rlp).slice(12));
}
