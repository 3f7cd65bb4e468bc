#!/usr/bin/env node
// Writes the example of a deployment, with seeds whose possession is proven: tools/deployment-example.mjs FILE. It is
// deployable as it stands by the first account of a fresh anvil. The same bytes every time.

import { writeFileSync } from "node:fs";

import { createAddress, keysOf, possession } from "./digests.mjs";

/** Accounts 0 to 8 of anvil's and hardhat's well-known mnemonic. */
const ACCOUNTS = [
  "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
  "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
  "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65", "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
  "0x976EA74026E726554dB657fA54763abd0C3a0aa9", "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
  "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f",
];
const CHAIN_ID = 31337n;
const ROLLUP_CHAIN_ID = 7682;
/** The fifth contract after the token: see `script/DeployStaking.s.sol`. */
const NONCE_OF_STAKES = 6;
/** Stakes of a local network, each below a third. */
const THOUSANDS = [30, 27, 23, 20];

export const DOMAIN = {
  chainId: CHAIN_ID,
  stakes: createAddress(ACCOUNTS[0], NONCE_OF_STAKES),
  rollupChainId: BigInt(ROLLUP_CHAIN_ID),
};

const tokens = (count) => (BigInt(count) * 10n ** 18n).toString();

function seed(thousands, i) {
  const number = i + 1;
  const validator = ACCOUNTS[number];
  const { consensusKey, attestationKey } = keysOf(number);
  return {
    validator,
    amount: tokens(thousands * 1000),
    consensusKey,
    attestationKey,
    withdrawal: ACCOUNTS[number + THOUSANDS.length],
    submitter: `0x${"0".repeat(40)}`,
    feeRecipient: `0x${(0xd0000 + number).toString(16).padStart(40, "0")}`,
    nodeAddress: `/ip4/127.0.0.1/tcp/${26656 + 10 * i}`,
    metadata: "",
    possession: possession(DOMAIN, validator, number),
  };
}

export function example() {
  return {
    deployer: ACCOUNTS[0],
    nonce: 0,
    epochLength: 32,
    parameters: {
      rollupChainId: ROLLUP_CHAIN_ID,
      powerUnit: "1000000000",
      maxEpochLag: 2,
      maxOriginAge: 1,
      evidenceWindow: 5,
      inclusionDelay: 1,
      governanceEpochs: 4,
      minimumBond: tokens(1000),
      powerCap: tokens(100_000),
      unbondingDelay: 12,
      keyRotationInterval: 2,
      maximumExitWait: 8,
      minimumSize: 4,
      entryBound: 1250,
      exitBound: 1250,
      replacementMargin: 500,
      treasury: `0x${"0".repeat(36)}dead`,
    },
    slasher: {
      basePenaltyBps: 500,
      correlationMultiplierBps: 30_000,
      correlationEpochs: 10,
      reporterCap: tokens(1000),
    },
    attestations: {
      attestationEpochs: 16,
    },
    rewards: {
      periodEpochs: 4,
      maxCommissionBps: 2500,
      maxCommissionRiseBps: 500,
      commissionInterval: 16,
      minimumPerformanceBps: 5000,
      badPeriods: 3,
      suspensionEpochs: 8,
      funder: ACCOUNTS[0],
    },
    admission: {
      allowList: false,
      allowed: [],
      guardian: ACCOUNTS[8],
      mandateEnd: 5000,
      pauseEpochs: 8,
      periodEpochs: 64,
      pauses: 2,
      cancellations: 3,
    },
    governor: {
      votingDelay: 4,
      votingPeriod: 64,
      secondsPerBlock: 1,
      quorumBps: 2000,
      proposalThreshold: tokens(1000),
      timelockDelay: 32,
    },
    seeds: THOUSANDS.map(seed),
  };
}

if (import.meta.filename === process.argv[1]) {
  const [file] = process.argv.slice(2);
  if (file === undefined) {
    process.stderr.write("usage: tools/deployment-example.mjs FILE\n");
    process.exitCode = 2;
  } else {
    writeFileSync(file, `${JSON.stringify(example(), null, 2)}\n`);
  }
}
