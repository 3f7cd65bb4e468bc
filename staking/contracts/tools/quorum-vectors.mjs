#!/usr/bin/env node
// Writes attestations of a set of 100 validators, good and bad, made with @noble/curves:
// tools/quorum-vectors.mjs FILE. The same bytes every time.

import { writeFileSync } from "node:fs";

import {
  ATTESTATION_TAG, G2, ORDER, P, POSSESSION_TAG,
  encodeG1, encodeG2, hex, keyOf, outside, secretOf, signatureOf, verifies,
} from "./bls12381.mjs";
import { attestationDigest, text } from "./digests.mjs";

const DOMAIN = { chainId: 31337n, stakes: "0x00000000000000000000000000000000005a4e50", rollupChainId: 7682n };
const MEMBERS = 100;

/** The members of places 0 to 49 have the power 10, those of 50 to 99 have 20: exactly 2/3 of all 1500. */
const POWERS = Array.from({ length: MEMBERS }, (_, place) => (place < 50 ? 10 : 20));
const SECRETS = Array.from({ length: MEMBERS }, (_, place) => secretOf(`quorum ${place}`));
const ALL = SECRETS.map((_, place) => place);

/** What nearly all of them attest. */
const FACT = { attestingEpoch: 5, kind: 1, index: 3, content: hex(text("content")) };

const without = (...absent) => ALL.filter((place) => !absent.includes(place));
const from = (first, end = MEMBERS) => ALL.slice(first, end);
const bits = (places) => places.reduce((sum, place) => sum | (1n << BigInt(place)), 0n);
const sumOfSecrets = (places) => places.reduce((sum, place) => (sum + SECRETS[place]) % ORDER, 0n);

function must(fact, why) {
  if (!fact) throw new Error(why);
}

/** The sum of the signatures of some places: that of the sum of their secrets. */
function pointBy(places, fact = FACT, domain = DOMAIN, tag = ATTESTATION_TAG) {
  return signatureOf(sumOfSecrets(places), attestationDigest(domain, fact), tag);
}

const entry = (name, signers, signature, fact = FACT) => ({
  name,
  attestingEpoch: fact.attestingEpoch,
  kind: fact.kind,
  index: fact.index,
  content: fact.content,
  signers: `0x${bits(signers).toString(16).padStart(32, "0")}`,
  signature,
});

/** Attestations that stand; noble takes each for the sum of the keys. */
function good() {
  const one = (name, signers, fact = FACT) => {
    const point = pointBy(signers, fact);
    const key = signers.map((place) => keyOf(SECRETS[place])).reduce((a, b) => a.add(b));
    must(verifies(key, attestationDigest(DOMAIN, fact), point, ATTESTATION_TAG), `noble refuses ${name}`);
    return entry(name, signers, encodeG2(point), fact);
  };
  return [
    one("all", ALL),
    one("all but place 0", without(0)),
    one("all but place 99", without(99)),
    one("all but 10", from(10)),
    one("all but 10 of the larger", from(0, 90)),
    one("all but 33", from(33)),
    one("all but 49: one more than 2/3", from(49)),
    one("every third of the smaller absent", ALL.filter((place) => place >= 50 || place % 3 !== 0)),
    one("another kind and index", ALL, { ...FACT, kind: 255, index: 2 ** 32 }),
    one("an epoch later", without(7), { ...FACT, attestingEpoch: 6 }),
  ];
}

/** Attestations that are refused, with the name of the error. */
function bad() {
  const whole = pointBy(ALL);
  const s = encodeG2(whole);
  const parts = s.slice(2).match(/.{128}/g);
  const torsion = outside(G2, G2.Fp.create({ c0: 5n, c1: 7n }));
  const one = (name, error, signers, signature, fact = FACT) => ({ ...entry(name, signers, signature, fact), error });
  const wrong = (name, signature, signers = ALL) => one(name, "WrongSignature", signers, signature);
  const elsewhere = (change) => encodeG2(pointBy(ALL, FACT, { ...DOMAIN, ...change }));
  const otherwise = (change) => encodeG2(pointBy(ALL, { ...FACT, ...change }));
  const rogue = secretOf("rogue");

  return [
    one("nobody", "NoSigners", [], s),
    one("a place that nobody holds, alone", "ForeignSigners", [100], s),
    one("a place that nobody holds, beside all", "ForeignSigners", [...ALL, 100], s),
    one("the last place, beside all", "ForeignSigners", [...ALL, 127], s),
    one("exactly 2/3", "NoQuorum", from(50), encodeG2(pointBy(from(50)))),
    one("exactly 2/3, otherwise composed", "NoQuorum", from(0, 75), encodeG2(pointBy(from(0, 75)))),
    one("one member", "NoQuorum", [99], encodeG2(pointBy([99]))),
    one("the signature of all, claimed for half", "NoQuorum", from(50), s),

    one("no bytes", "SignatureLength", ALL, "0x"),
    one("255 bytes", "SignatureLength", ALL, s.slice(0, -2)),
    one("257 bytes", "SignatureLength", ALL, `${s}00`),
    one("compressed", "SignatureLength", ALL, hex(whole.toBytes(true))),
    one("infinity", "InfiniteSignature", ALL, encodeG2(G2.ZERO)),
    one("infinity written as p", "SignatureNotReduced", ALL, `0x${P.toString(16).padStart(128, "0").repeat(4)}`),
    one("x + p", "SignatureNotReduced", ALL, encodeG2(whole, { x: P, y: 0n })),
    one("y + p", "SignatureNotReduced", ALL, encodeG2(whole, { x: 0n, y: P })),
    one("a bit before x", "SignatureNotReduced", ALL, encodeG2(whole, { x: 1n << 511n, y: 0n })),
    one("a byte before y", "SignatureNotReduced", ALL, encodeG2(whole, { x: 0n, y: 1n << 384n })),
    one("x + 1", "SignatureOffCurve", ALL, encodeG2(whole, { x: 1n, y: 0n })),
    one("y + 1", "SignatureOffCurve", ALL, encodeG2(whole, { x: 0n, y: 1n })),
    one("x and y swapped", "SignatureOffCurve", ALL, `0x${parts[2]}${parts[3]}${parts[0]}${parts[1]}`),
    one("the parts of both swapped", "SignatureOffCurve", ALL, `0x${parts[1]}${parts[0]}${parts[3]}${parts[2]}`),
    one("a point outside the subgroup", "SignatureOutsideSubgroup", ALL, encodeG2(torsion.point)),
    one("torsion added", "SignatureOutsideSubgroup", ALL, encodeG2(whole.add(torsion.torsion))),
    one("torsion alone", "SignatureOutsideSubgroup", ALL, encodeG2(torsion.torsion)),

    wrong("all but one signed, all claimed", encodeG2(pointBy(without(3)))),
    wrong("all signed, all but one claimed", s, without(3)),
    wrong("another is absent than claimed", encodeG2(pointBy(without(4))), without(3)),
    wrong("one signed twice, another not at all", encodeG2(pointBy(without(3)).add(pointBy([4])))),
    wrong("one alone, all claimed", encodeG2(pointBy([0]))),
    wrong("another's signature", encodeG2(signatureOf(rogue, attestationDigest(DOMAIN, FACT), ATTESTATION_TAG))),
    wrong("another's signature added",
      encodeG2(whole.add(signatureOf(rogue, attestationDigest(DOMAIN, FACT), ATTESTATION_TAG)))),
    wrong("the opposite", encodeG2(whole.negate())),
    wrong("twice", encodeG2(whole.double())),
    wrong("as a proof of possession", encodeG2(pointBy(ALL, FACT, DOMAIN, POSSESSION_TAG))),
    wrong("of another kind", otherwise({ kind: 2 })),
    wrong("of another index", otherwise({ index: 4 })),
    wrong("of other content", otherwise({ content: hex(text("other content")) })),
    wrong("as members of another epoch", otherwise({ attestingEpoch: 4 })),
    wrong("of another chain", elsewhere({ chainId: 1n })),
    wrong("of another rollup", elsewhere({ rollupChainId: 7683n })),
    wrong("of another deployment", elsewhere({ stakes: "0x00000000000000000000000000000000005a4e51" })),
  ];
}

function members() {
  return SECRETS.map((secret, place) => ({
    power: POWERS[place],
    secret: `0x${secret.toString(16).padStart(64, "0")}`,
    key: encodeG1(keyOf(secret)),
  }));
}

/** One entry a line. */
function pretty(sections) {
  const list = (entries) => `[\n${entries.map((one) => `    ${JSON.stringify(one)}`).join(",\n")}\n  ]`;
  const value = (one) => (Array.isArray(one) ? list(one) : JSON.stringify(one));
  return `{\n${Object.entries(sections).map(([name, one]) => `  "${name}": ${value(one)}`).join(",\n")}\n}\n`;
}

const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: tools/quorum-vectors.mjs FILE\n");
  process.exitCode = 2;
} else {
  writeFileSync(file, pretty({
    chainId: Number(DOMAIN.chainId),
    stakes: DOMAIN.stakes,
    rollupChainId: Number(DOMAIN.rollupChainId),
    sum: encodeG1(SECRETS.map(keyOf).reduce((a, b) => a.add(b))),
    members: members(),
    good: good(),
    bad: bad(),
  }));
}
