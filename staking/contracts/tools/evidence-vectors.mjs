#!/usr/bin/env node
// Writes signed votes and attestations, honest and not, of which the slasher's tests make evidence:
// tools/evidence-vectors.mjs FILE. The keys and the domain are those of the deployment that is the example, so the same
// signatures serve against the real contracts. The same bytes every time.

import { writeFileSync } from "node:fs";

import { ED25519_TORSION_SUBGROUP, ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concatBytes, hexToBytes } from "@noble/hashes/utils.js";

import { ATTESTATION_TAG, G2, P, POSSESSION_TAG, encodeG2, hex, outside, signatureOf, unhex } from "./bls12381.mjs";
import { DOMAIN } from "./deployment-example.mjs";
import { attestationDigest, halves, keysOf, voteDigest } from "./digests.mjs";

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;

const repeat = (byte, count) => `0x${byte.toString(16).padStart(2, "0").repeat(count)}`;
const [A, B, C] = [0xaa, 0xbb, 0xcc].map((byte) => repeat(byte, 32));
const NONE = repeat(0, 32);
const [NOTARIZE, NULLIFY, FINALIZE] = [1, 2, 3];

const OTHER_CHAIN = { ...DOMAIN, chainId: 1n };
const OTHER_ROLLUP = { ...DOMAIN, rollupChainId: 7683n };
const OTHER_DEPLOYMENT = { ...DOMAIN, stakes: repeat(0x5a, 20) };

/** Little-endian, 32 bytes. */
const number = (bytes) => BigInt(hex(bytes.slice().reverse()));
const bytes32 = (value) => hexToBytes(value.toString(16).padStart(64, "0")).reverse();

function must(fact, why) {
  if (!fact) throw new Error(why);
}

const signOnce = (digest, seed) => ed25519.sign(unhex(digest), seed);

/** Another signature of the same digest: with another nonce, and with `torsion` added to r. */
function signAgain(digest, seed, torsion = Point.ZERO) {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const nonce = number(sha512(concatBytes(seed, unhex(digest))).slice(0, 32)) % ORDER;
  const r = Point.BASE.multiply(nonce).add(torsion).toBytes();
  const k = number(sha512(concatBytes(r, pointBytes, unhex(digest)))) % ORDER;
  return concatBytes(r, bytes32((nonce + k * scalar) % ORDER));
}

/** A vote in view 3 of epoch 10 by the keys of number 1, unless `given` says otherwise. */
function vote(kind, batch, { keys = 1, epoch = 10, view = 3, domain = DOMAIN, sign = signOnce } = {}) {
  const { seed } = keysOf(keys);
  const digest = voteDigest(domain, { epoch, view, kind, batch });
  const signature = sign(digest, seed);
  return { epoch, viewNumber: view, kind, batch, digest, ...halves(signature) };
}

/** With the nonce 0, r is of small order, and the equation holds all the same. */
function withSmallOrderR(digest, seed) {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const r = Point.ZERO.toBytes();
  const k = number(sha512(concatBytes(r, pointBytes, unhex(digest)))) % ORDER;
  return concatBytes(r, bytes32((k * scalar) % ORDER));
}

const withTorsion = (digest, seed) => signAgain(digest, seed, Point.fromHex(ED25519_TORSION_SUBGROUP[1]));

function withLargeS(digest, seed) {
  const signature = signOnce(digest, seed);
  return concatBytes(signature.slice(0, 32), bytes32(number(signature.slice(32)) + ORDER));
}

/** The votes of a round that can make a pair. */
function round(suffix, given) {
  return {
    [`notarizeA${suffix}`]: vote(NOTARIZE, A, given),
    [`notarizeB${suffix}`]: vote(NOTARIZE, B, given),
    [`nullify${suffix}`]: vote(NULLIFY, NONE, given),
    [`finalizeA${suffix}`]: vote(FINALIZE, A, given),
    [`finalizeB${suffix}`]: vote(FINALIZE, B, given),
  };
}

function votes() {
  const again = vote(NOTARIZE, A, { sign: signAgain });
  must(again.r !== vote(NOTARIZE, A).r, "the other signature is the same");
  const signature = unhex(again.r + again.s.slice(2));
  must(ed25519.verify(signature, unhex(again.digest), unhex(keysOf(1).consensusKey)), "the other one does not stand");
  return {
    ...round("", {}),
    notarizeC: vote(NOTARIZE, C),
    notarizeAAgain: again,
    notarizeBWithTorsion: vote(NOTARIZE, B, { sign: withTorsion }),
    notarizeBWithLargeS: vote(NOTARIZE, B, { sign: withLargeS }),
    notarizeBWithSmallOrderR: vote(NOTARIZE, B, { sign: withSmallOrderR }),
    ...round("OfView4", { view: 4 }),
    ...round("OfView0", { view: 0 }),
    ...round("OfEpoch0", { epoch: 0 }),
    ...round("OfEpoch1", { epoch: 1 }),
    ...round("OfEpoch2", { epoch: 2 }),
    ...round("OfEpoch9", { epoch: 9 }),
    ...round("OfEpoch11", { epoch: 11 }),
    ...round("OfEpoch12", { epoch: 12 }),
    ...round("OfEpoch18", { epoch: 18 }),
    ...round("OfEpoch40", { epoch: 40 }),
    ...round("OfEpoch1000", { epoch: 1000 }),
    ...round("ByKey2", { keys: 2 }),
    ...round("ByKey3", { keys: 3 }),
    ...round("ByKey4", { keys: 4 }),
    ...round("OfEpoch11ByKey2", { epoch: 11, keys: 2 }),
    ...round("OfEpoch20ByKey2", { epoch: 20, keys: 2 }),
    ...round("OfEpoch21ByKey3", { epoch: 21, keys: 3 }),
    ...round("ByKey5", { keys: 5 }),
    ...round("OfEpoch12ByKey5", { epoch: 12, keys: 5 }),
    ...round("OnOtherChain", { domain: OTHER_CHAIN }),
    ...round("OfOtherRollup", { domain: OTHER_ROLLUP }),
    ...round("OfOtherDeployment", { domain: OTHER_DEPLOYMENT }),
    kind0: vote(0, A),
    kind4: vote(4, A),
    nullifyNamingA: vote(NULLIFY, A),
    notarizeNothing: vote(NOTARIZE, NONE),
    finalizeNothing: vote(FINALIZE, NONE),
  };
}

/** An attestation of kind 1 and index 5 in epoch 10 by the keys of number 1, unless `given` says otherwise. */
function attestation(content, given = {}) {
  const { keys, attestingEpoch, kind, index, domain, tag, encode } = {
    keys: 1, attestingEpoch: 10, kind: 1, index: 5, domain: DOMAIN, tag: ATTESTATION_TAG, encode: encodeG2, ...given,
  };
  const digest = attestationDigest(domain, { attestingEpoch, kind, index, content });
  const signature = encode(signatureOf(keysOf(keys).secret, digest, tag));
  return { attestingEpoch, kind, index, content, digest, signature };
}

function attestations() {
  const { torsion } = outside(G2, G2.Fp.create({ c0: 5n, c1: 7n }));
  return {
    A: attestation(A),
    B: attestation(B),
    AOfEpoch9: attestation(A, { attestingEpoch: 9 }),
    BOfEpoch9: attestation(B, { attestingEpoch: 9 }),
    AOfEpoch12: attestation(A, { attestingEpoch: 12 }),
    BOfEpoch12: attestation(B, { attestingEpoch: 12 }),
    BOfEpoch12ByKey5: attestation(B, { attestingEpoch: 12, keys: 5 }),
    BOfKind2: attestation(B, { kind: 2 }),
    BOfIndex6: attestation(B, { index: 6 }),
    BByKey2: attestation(B, { keys: 2 }),
    BOnOtherChain: attestation(B, { domain: OTHER_CHAIN }),
    BOfOtherRollup: attestation(B, { domain: OTHER_ROLLUP }),
    BOfOtherDeployment: attestation(B, { domain: OTHER_DEPLOYMENT }),
    BAsPossession: attestation(B, { tag: POSSESSION_TAG }),
    BWithTorsion: attestation(B, { encode: (signature) => encodeG2(signature.add(torsion)) }),
    BWithLargeX: attestation(B, { encode: (signature) => encodeG2(signature, { x: P, y: 0n }) }),
    BOpposite: attestation(B, { encode: (signature) => encodeG2(signature.negate()) }),
  };
}

const plain = (_, value) => (typeof value === "bigint" ? Number(value) : value);

function vectors() {
  const keys = [1, 2, 3, 4, 5].map((one) => {
    const { consensusKey, attestationKey } = keysOf(one);
    return { consensusKey, attestationKey };
  });
  return { ...DOMAIN, keys, votes: votes(), attestations: attestations() };
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: tools/evidence-vectors.mjs FILE\n");
  process.exitCode = 2;
} else {
  writeFileSync(file, `${JSON.stringify(vectors(), plain, 2)}\n`);
}
