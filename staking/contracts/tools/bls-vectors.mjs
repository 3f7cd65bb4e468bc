#!/usr/bin/env node
// Writes the vectors of BLS12-381, made with @noble/curves: tools/bls-vectors.mjs FILE. The same bytes every time.

import { writeFileSync } from "node:fs";

import { keccak_256 } from "@noble/hashes/sha3.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";

import {
  ATTESTATION_TAG, G1, G2, ORDER, P, POSSESSION_TAG,
  encodeG1, encodeG2, hashToG2, hex, keyOf, outside, secretOf, signatureOf, unhex, verifies,
} from "./bls12381.mjs";

/** RFC 9380, appendix J.10.1: message, and of the point x.c0, x.c1, y.c0, y.c1. */
const RFC_TAG = "QUUX-V01-CS02-with-BLS12381G2_XMD:SHA-256_SSWU_RO_";
const RFC_HASHES = [
  [
    "",
    "0141ebfbdca40eb85b87142e130ab689c673cf60f1a3e98d69335266f30d9b8d4ac44c1038e9dcdd5393faf5c41fb78a",
    "05cb8437535e20ecffaef7752baddf98034139c38452458baeefab379ba13dff5bf5dd71b72418717047f5b0f37da03d",
    "0503921d7f6a12805e72940b963c0cf3471c7b2a524950ca195d11062ee75ec076daf2d4bc358c4b190c0c98064fdd92",
    "12424ac32561493f3fe3c260708a12b7c620e7be00099a974e259ddc7d1f6395c3c811cdd19f1e8dbf3e9ecfdcbab8d6",
  ],
  [
    "abc",
    "02c2d18e033b960562aae3cab37a27ce00d80ccd5ba4b7fe0e7a210245129dbec7780ccc7954725f4168aff2787776e6",
    "139cddbccdc5e91b9623efd38c49f81a6f83f175e80b06fc374de9eb4b41dfe4ca3a230ed250fbe3a2acf73a41177fd8",
    "1787327b68159716a37440985269cf584bcb1e621d3a7202be6ea05c4cfe244aeb197642555a0645fb87bf7466b2ba48",
    "00aa65dae3c8d732d10ecd2c50f8a1baf3001578f71c694e03866e9f3d49ac1e1ce70dd94a733534f106d4cec0eddd16",
  ],
  [
    "abcdef0123456789",
    "121982811d2491fde9ba7ed31ef9ca474f0e1501297f68c298e9f4c0028add35aea8bb83d53c08cfc007c1e005723cd0",
    "190d119345b94fbd15497bcba94ecf7db2cbfd1e1fe7da034d26cbba169fb3968288b3fafb265f9ebd380512a71c3f2c",
    "05571a0f8d3c08d094576981f4a3b8eda0a8e771fcdcc8ecceaf1356a6acf17574518acb506e435b639353c2e14827c8",
    "0bb5e7572275c567462d91807de765611490205a941a5a6af3b1691bfe596c31225d3aabdf15faff860cb4ef17c7c3be",
  ],
  [
    `q128_${"q".repeat(128)}`,
    "19a84dd7248a1066f737cc34502ee5555bd3c19f2ecdb3c7d9e24dc65d4e25e50d83f0f77105e955d78f4762d33c17da",
    "0934aba516a52d8ae479939a91998299c76d39cc0c035cd18813bec433f587e2d7a4fef038260eef0cef4d02aae3eb91",
    "14f81cd421617428bc3b9fe25afbb751d934a00493524bc4e065635b0555084dd54679df1536101b2c979c0152d09192",
    "09bcccfa036b4847c9950780733633f13619994394c23ff0b32fa6b795844f4a0673e20282d07bc69641cee04f5e5662",
  ],
  [
    `a512_${"a".repeat(512)}`,
    "01a6ba2f9a11fa5598b2d8ace0fbe0a0eacb65deceb476fbbcb64fd24557c2f4b18ecfc5663e54ae16a84f5ab7f62534",
    "11fca2ff525572795a801eed17eb12785887c7b63fb77a42be46ce4a34131d71f7a73e95fee3f812aea3de78b4d01569",
    "0b6798718c8aed24bc19cb27f866f1c9effcdbf92397ad6448b5c9db90d2b9da6cbabf48adc1adf59a1a28344e79d57e",
    "03a47f8e6d1763ba0cad63d6114c0accbef65707825a511b251a660a9b3994249ae4e63fac38b23da0c398689ee2ab52",
  ],
];

const digestOf = (name) => hex(keccak_256(utf8ToBytes(name)));

function must(fact, why) {
  if (!fact) throw new Error(why);
}

function hashes() {
  const published = RFC_HASHES.map(([message, ...parts]) => {
    const point = `0x${parts.map((part) => part.padStart(128, "0")).join("")}`;
    const noble = encodeG2(hashToG2(utf8ToBytes(message), RFC_TAG));
    must(point === noble, `noble disagrees with RFC 9380 about ${message}`);
    const name = `RFC 9380 J.10.1, ${message.length} bytes`;
    return { name, message: hex(utf8ToBytes(message)), tag: RFC_TAG, point };
  });
  const tags = [ATTESTATION_TAG, POSSESSION_TAG, "T".repeat(255)];
  const own = ["first", "second"].flatMap((name) =>
    tags.map((tag) => {
      const message = digestOf(name);
      const point = encodeG2(hashToG2(unhex(message), tag));
      return { name: `${name} digest, tag of ${tag.length}`, message, tag, point };
    }),
  );
  return [...published, ...own];
}

function sums() {
  const [a, b] = [keyOf(secretOf("a")), keyOf(secretOf("b"))];
  const sum = (name, left, right) => ({
    name, a: encodeG1(left), b: encodeG1(right), sum: encodeG1(left.add(right)), opposite: encodeG1(left.negate()),
  });
  return [
    sum("two keys", a, b),
    sum("the other way round", b, a),
    sum("twice the same", a, a),
    sum("opposites", a, a.negate()),
    sum("a key and infinity", a, G1.ZERO),
    sum("infinity and a key", G1.ZERO, b),
    sum("infinities", G1.ZERO, G1.ZERO),
    sum("generators", G1.BASE, G1.BASE),
    // Some of their opposites borrow from the upper word of y, some do not.
    ...Array.from({ length: 6 }, (_, i) => sum(`random ${i}`, keyOf(secretOf(`a${i}`)), keyOf(secretOf(`b${i}`)))),
  ];
}

/** What the contract must say of a key, a digest and a signature. */
function signatures() {
  const secret = secretOf("validator");
  const key = keyOf(secret);
  const other = keyOf(secretOf("another validator"));
  const digest = digestOf("first");
  const attestation = signatureOf(secret, digest, ATTESTATION_TAG);
  const possession = signatureOf(secret, digest, POSSESSION_TAG);
  must(verifies(key, digest, attestation, ATTESTATION_TAG), "noble refuses an attestation");
  must(verifies(key, digest, possession, POSSESSION_TAG), "noble refuses a possession");
  must(!verifies(key, digest, possession, ATTESTATION_TAG), "noble takes a possession for an attestation");

  const k = encodeG1(key);
  const s = encodeG2(attestation);
  const g1 = outside(G1, 5n);
  const g2 = outside(G2, G2.Fp.create({ c0: 5n, c1: 7n }));
  const infinityKey = encodeG1(G1.ZERO);
  const infinitySignature = encodeG2(G2.ZERO);
  const refused = (name, key_, signature, digest_ = digest) => ({
    name, key: key_, digest: digest_, signature, attestation: false, possession: false,
  });
  const signed = (tag) => encodeG2(signatureOf(secret, digest, tag));
  const parts = s.slice(2).match(/.{128}/g);
  const halves = k.slice(2).match(/.{128}/g);
  const secrets = ["one", "two", "three"].map(secretOf);
  const sumOfKeys = secrets.map(keyOf).reduce((a, b) => a.add(b));
  const signatureBy = (some) =>
    some.map((one) => signatureOf(one, digest, ATTESTATION_TAG)).reduce((a, b) => a.add(b));

  return [
    { name: "attestation", key: k, digest, signature: s, attestation: true, possession: false },
    { name: "possession", key: k, digest, signature: encodeG2(possession), attestation: false, possession: true },
    { name: "sum of three", key: encodeG1(sumOfKeys), digest, signature: encodeG2(signatureBy(secrets)),
      attestation: true, possession: false },
    { name: "opposite key, opposite signature: that of the opposite secret", key: encodeG1(key.negate()), digest,
      signature: encodeG2(attestation.negate()), attestation: true, possession: false },
    { name: "key of the secret 1", key: encodeG1(G1.BASE), digest,
      signature: encodeG2(signatureOf(1n, digest, ATTESTATION_TAG)), attestation: true, possession: false },

    refused("sum of three, signed by two", encodeG1(sumOfKeys), encodeG2(signatureBy(secrets.slice(1)))),
    refused("another digest", k, s, digestOf("second")),
    refused("another key", encodeG1(other), s),
    refused("another tag: basic scheme", k, signed("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_")),
    refused("another tag: augmented scheme", k, signed("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_AUG_")),
    refused("another tag: of the RFC", k, signed(RFC_TAG)),
    refused("another tag: empty suite", k, signed("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_")),

    refused("infinite key, infinite signature: the pairings cancel", infinityKey, infinitySignature),
    refused("infinite key", infinityKey, s),
    refused("infinite signature", k, infinitySignature),
    refused("infinity written as p", `0x${P.toString(16).padStart(128, "0").repeat(2)}`, infinitySignature),
    refused("signature infinity written as p", k, `0x${P.toString(16).padStart(128, "0").repeat(4)}`),

    refused("key outside the subgroup", encodeG1(g1.point), s),
    refused("key with torsion added", encodeG1(key.add(g1.torsion)), s),
    refused("key of torsion alone", encodeG1(g1.torsion), s),
    refused("key of order 3: (0, 2)", encodeG1(G1.fromAffine({ x: 0n, y: 2n })), s),
    refused("signature outside the subgroup", k, encodeG2(g2.point)),
    refused("signature with torsion added", k, encodeG2(attestation.add(g2.torsion))),
    refused("signature of torsion alone", k, encodeG2(g2.torsion)),
    refused("key and signature of torsion alone", encodeG1(g1.torsion), encodeG2(g2.torsion)),

    refused("key off the curve, y + 1", encodeG1(key, { x: 0n, y: 1n }), s),
    refused("key off the curve, x + 1", encodeG1(key, { x: 1n, y: 0n }), s),
    refused("signature off the curve, y + 1", k, encodeG2(attestation, { x: 0n, y: 1n })),
    refused("signature off the curve, x + 1", k, encodeG2(attestation, { x: 1n, y: 0n })),
    refused("key (0, 0) but for one bit", `0x${"00".repeat(127)}01`, s),

    refused("key with x + p", encodeG1(key, { x: P, y: 0n }), s),
    refused("key with y + p", encodeG1(key, { x: 0n, y: P }), s),
    refused("signature with x + p", k, encodeG2(attestation, { x: P, y: 0n })),
    refused("signature with y + p", k, encodeG2(attestation, { x: 0n, y: P })),
    refused("key with a byte before x", encodeG1(key, { x: 1n << 384n, y: 0n }), s),
    refused("key with a bit before y", encodeG1(key, { x: 0n, y: 1n << 511n }), s),
    refused("signature with a bit before x", k, encodeG2(attestation, { x: 1n << 511n, y: 0n })),

    refused("opposite key", encodeG1(key.negate()), s),
    refused("opposite signature", k, encodeG2(attestation.negate())),
    refused("key with x and y swapped", `0x${halves[1]}${halves[0]}`, s),
    refused("signature with the parts of x and y swapped", k, `0x${parts[1]}${parts[0]}${parts[3]}${parts[2]}`),
    refused("signature with x and y swapped", k, `0x${parts[2]}${parts[3]}${parts[0]}${parts[1]}`),
    refused("signature times two", k, encodeG2(attestation.double())),

    refused("no key", "0x", s),
    refused("no signature", k, "0x"),
    refused("compressed key", hex(key.toBytes(true)), s),
    refused("key of 96 bytes", hex(key.toBytes(false)), s),
    refused("compressed signature", k, hex(attestation.toBytes(true))),
    refused("key of 127 bytes", k.slice(0, -2), s),
    refused("key of 129 bytes", `${k}00`, s),
    refused("signature of 255 bytes", k, s.slice(0, -2)),
    refused("signature of 257 bytes", k, `${s}00`),
    refused("key and signature with the border between them moved", k.slice(0, -2), `0x${k.slice(-2)}${s.slice(2)}`),
  ];
}

/** Keys in all their forms: Rust reads the compressed ones. */
function keys() {
  return ["validator", "another validator", "one"].map((name) => {
    const secret = secretOf(name);
    const digest = digestOf("first");
    const signature = signatureOf(secret, digest, ATTESTATION_TAG);
    return {
      name,
      secret: `0x${secret.toString(16).padStart(64, "0")}`,
      key: encodeG1(keyOf(secret)),
      compressedKey: hex(keyOf(secret).toBytes(true)),
      digest,
      signature: encodeG2(signature),
      compressedSignature: hex(signature.toBytes(true)),
    };
  });
}

/** One entry a line. */
function pretty(sections) {
  const list = (entries) => `[\n${entries.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n")}\n  ]`;
  return `{\n${Object.entries(sections).map(([name, entries]) => `  "${name}": ${list(entries)}`).join(",\n")}\n}\n`;
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: tools/bls-vectors.mjs FILE\n");
  process.exitCode = 2;
} else {
  writeFileSync(file, pretty({ hashes: hashes(), sums: sums(), signatures: signatures(), keys: keys() }));
}
