#!/usr/bin/env node
// Writes golden vectors of what keys sign, hashed here step by step (EIP-712): tools/digest-vectors.mjs FILE. Checks
// them against those of proto, where both have some. The same bytes every time.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { ed25519 } from "@noble/curves/ed25519.js";

import { ATTESTATION_TAG, POSSESSION_TAG, encodeG2, hex, keyOf, signatureOf, unhex, verifies } from "./bls12381.mjs";
import {
  ATTESTATION_TYPE, KEY_REGISTRATION_TYPE, VOTE_TYPE, attestationDigest, keysOf, possessionDigest, separatorOf, text,
  voteDigest,
} from "./digests.mjs";

const PROTO = fileURLToPath(new URL("../../../proto/vectors/sign-bytes.json", import.meta.url));

const CHAIN_ID = 31337n;
const ROLLUP_CHAIN_ID = 7682n;
/** The staking contract in proto's vectors, and another one. */
const STAKES = `0x${"5a".repeat(20)}`;
const ANOTHER = `0x${"a5".repeat(20)}`;
const U64 = 2n ** 64n - 1n;
const U256 = 2n ** 256n - 1n;

const repeat = (byte, count) => `0x${byte.toString(16).padStart(2, "0").repeat(count)}`;

function must(fact, why) {
  if (!fact) throw new Error(why);
}

/** A domain of the vectors and the rollup of what is signed in it, as the digests take them. */
const within = ({ chainId, verifyingContract: stakes }, rollupChainId) => ({ chainId, stakes, rollupChainId });
const vote = (domain, struct) => voteDigest(within(domain, struct.rollupChainId), struct);
const keyRegistration = (domain, struct) => possessionDigest(within(domain, struct.rollupChainId), struct);
const attestation = (domain, struct) => attestationDigest(within(domain, struct.rollupChainId), struct);
const separator = (domain) => hex(separatorOf(within(domain)));

/** The secret of an attestation key as one word, and the key's compressed form, for Rust. */
const secretAndCompressed = ({ secret }) => ({
  attestationSecret: `0x${secret.toString(16).padStart(64, "0")}`,
  compressedAttestationKey: hex(keyOf(secret).toBytes(true)),
});

function votesOf(domain) {
  const batch = hex(text("batch"));
  return [
    { rollupChainId: ROLLUP_CHAIN_ID, epoch: 7n, view: 3n, kind: 1, batch },
    { rollupChainId: ROLLUP_CHAIN_ID, epoch: 7n, view: 3n, kind: 2, batch: repeat(0, 32) },
    { rollupChainId: ROLLUP_CHAIN_ID, epoch: 7n, view: 3n, kind: 3, batch },
    { rollupChainId: U64, epoch: U64, view: U64, kind: 255, batch: repeat(255, 32) },
  ].map((one) => ({ ...one, digest: vote(domain, one) }));
}

function registrationsOf(domain) {
  // Number, operator, keys (consensus, attestation), nonce: four registrations, rotations by the first, extremes.
  const cases = [
    ...[1, 2, 3, 4].map((number) => [repeat(0x0f + number, 20), number, number, 0n]),
    [repeat(0x10, 20), 5, 1, 1n],
    [repeat(0x10, 20), 5, 5, 2n],
    [repeat(0xee, 20), 6, 6, U256],
    // The first, as another one would send it.
    [repeat(0xbb, 20), 1, 1, 0n],
  ];
  return cases.map(([operator, consensus, attestation_, nonce]) => {
    const { seed, consensusKey } = keysOf(consensus);
    const keys = keysOf(attestation_);
    const { secret, attestationKey } = keys;
    const struct = { rollupChainId: ROLLUP_CHAIN_ID, operator, consensusKey, attestationKey, nonce };
    const digest_ = keyRegistration(domain, struct);
    const possession = signatureOf(secret, digest_, POSSESSION_TAG);
    must(verifies(keyOf(secret), digest_, possession, POSSESSION_TAG), "noble refuses a possession");
    return {
      ...struct, digest: digest_, consensusSeed: hex(seed),
      consensusSignature: hex(ed25519.sign(unhex(digest_), seed)),
      ...secretAndCompressed(keys),
      attestationSignature: encodeG2(possession),
      compressedAttestationSignature: hex(possession.toBytes(true)),
    };
  });
}

function attestationsOf(domain) {
  const content = hex(text("content"));
  const cases = [
    { rollupChainId: ROLLUP_CHAIN_ID, attestingEpoch: 7n, kind: 1, index: 1n, content },
    { rollupChainId: ROLLUP_CHAIN_ID, attestingEpoch: 7n, kind: 1, index: 1n, content: hex(text("another content")) },
    { rollupChainId: ROLLUP_CHAIN_ID, attestingEpoch: 8n, kind: 1, index: 1n, content },
    { rollupChainId: ROLLUP_CHAIN_ID, attestingEpoch: 7n, kind: 2, index: 1n, content },
    { rollupChainId: U64, attestingEpoch: U64, kind: 255, index: U64, content: repeat(255, 32) },
    { rollupChainId: 0n, attestingEpoch: 0n, kind: 0, index: 0n, content: repeat(0, 32) },
  ];
  return cases.map((struct, i) => {
    const keys = keysOf((i % 4) + 1);
    const { attestationSecret, compressedAttestationKey } = secretAndCompressed(keys);
    const digest_ = attestation(domain, struct);
    const signature = signatureOf(keys.secret, digest_, ATTESTATION_TAG);
    return {
      ...struct, digest: digest_, attestationSecret, attestationKey: keys.attestationKey, compressedAttestationKey,
      signature: encodeG2(signature), compressedSignature: hex(signature.toBytes(true)),
    };
  });
}

function checkAgainstProto() {
  const { domain, rollupChainId, votes } = JSON.parse(readFileSync(PROTO, "utf8"));
  must(separator(domain) === domain.separator, "proto has another separator");
  must(votes.length > 0, "proto has no votes");
  for (const one of votes) {
    must(vote(domain, { ...one, rollupChainId }) === one.digest, `proto has another digest: ${one.digest}`);
    must(hex(ed25519.getPublicKey(unhex(one.secretSeed))) === one.consensusKey, "proto has another key");
  }
}

/** Numbers of 64 bits and more are decimal strings, as in proto's vectors. */
const plain = (_, value) => (typeof value === "bigint" ? value.toString() : value);

function vectors() {
  const domains = [
    { chainId: CHAIN_ID, verifyingContract: STAKES },
    { chainId: 1n, verifyingContract: STAKES },
    { chainId: CHAIN_ID, verifyingContract: ANOTHER },
    { chainId: U64, verifyingContract: repeat(255, 20) },
  ].map((domain) => ({ ...domain, separator: separator(domain) }));
  const [domain] = domains;
  return {
    name: "Rota",
    version: "1",
    domains,
    types: { vote: VOTE_TYPE, keyRegistration: KEY_REGISTRATION_TYPE, attestation: ATTESTATION_TYPE },
    tags: { attestation: ATTESTATION_TAG, possession: POSSESSION_TAG },
    votes: votesOf(domain),
    keyRegistrations: registrationsOf(domain),
    attestations: attestationsOf(domain),
  };
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: tools/digest-vectors.mjs FILE\n");
  process.exitCode = 2;
} else {
  checkAgainstProto();
  writeFileSync(file, `${JSON.stringify(vectors(), plain, 2)}\n`);
}
