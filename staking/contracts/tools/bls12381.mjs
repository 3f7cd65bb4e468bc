// BLS12-381 for the tools here, by @noble/curves: keys in G1, signatures in G2, points in the bytes of EIP-2537.

import { bls12_381 as curve } from "@noble/curves/bls12-381.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

export const G1 = curve.G1.Point;
export const G2 = curve.G2.Point;
export const P = G1.Fp.ORDER;
export const ORDER = G1.Fn.ORDER;

export const ATTESTATION_TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
export const POSSESSION_TAG = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

export const hex = (bytes) => `0x${bytesToHex(bytes)}`;
export const unhex = (text) => hexToBytes(text.slice(2));

/** A field element: 64 bytes, whatever the number is. */
const field = (number) => number.toString(16).padStart(128, "0");

/** A point of G1: x || y. `more` is added to the coordinates, to write a point in a way that is none. */
export function encodeG1(point, more = { x: 0n, y: 0n }) {
  if (point.is0()) return `0x${"00".repeat(128)}`;
  const { x, y } = point.toAffine();
  return `0x${field(x + more.x)}${field(y + more.y)}`;
}

/** A point of G2: the two parts of x, the two of y. `more` is added to the first part of each. */
export function encodeG2(point, more = { x: 0n, y: 0n }) {
  if (point.is0()) return `0x${"00".repeat(256)}`;
  const { x, y } = point.toAffine();
  return `0x${field(x.c0 + more.x)}${field(x.c1)}${field(y.c0 + more.y)}${field(y.c1)}`;
}

/** A secret key that a name stands for. */
export function secretOf(name) {
  return (BigInt(hex(sha256(utf8ToBytes(name)))) % (ORDER - 1n)) + 1n;
}

export const hashToG2 = (message, tag) => curve.G2.hashToCurve(message, { DST: tag });

/** The key of a secret, and what it signs: points. */
export const keyOf = (secret) => G1.BASE.multiply(secret);
export const signatureOf = (secret, digest, tag) => hashToG2(unhex(digest), tag).multiply(secret);

/** noble's own verdict, which the tools compare theirs with. */
export function verifies(key, digest, signature, tag) {
  return curve.longSignatures.verify(signature, hashToG2(unhex(digest), tag), key);
}

/** A point of the curve outside the subgroup of prime order, and one whose order is no multiple of that prime. */
export function outside(Point, x) {
  const { Fp } = Point;
  for (; ; x = Fp.add(x, Fp.ONE)) {
    let y;
    try {
      y = Fp.sqrt(Fp.add(Fp.mul(Fp.sqr(x), x), Point === G1 ? 4n : Fp.create({ c0: 4n, c1: 4n })));
    } catch {
      continue;
    }
    const point = Point.fromAffine({ x, y });
    if (point.isTorsionFree()) continue;
    return { point, torsion: point.multiplyUnsafe(ORDER - 1n).add(point) };
  }
}
