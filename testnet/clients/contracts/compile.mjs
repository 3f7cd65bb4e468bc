// Compiles the contracts of this folder to `<Name>.hex`, the creation code that rota-load and the client scripts use.
//   node contracts/compile.mjs          writes the files
//   node contracts/compile.mjs --check  fails when a file on disk is not what its source compiles to
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const solc = createRequire(import.meta.url)("solc");
const folder = dirname(fileURLToPath(import.meta.url));
const names = ["Disperse", "LoadToken", "Reverts"];

const input = {
  language: "Solidity",
  sources: Object.fromEntries(names.map((name) => [`${name}.sol`, { content: readFileSync(join(folder, `${name}.sol`), "utf8") }])),
  settings: {
    // Paris knows no PUSH0: the load tool should work against old nodes too.
    evmVersion: "paris",
    optimizer: { enabled: true, runs: 10_000 },
    // Without the metadata hash the code depends on nothing but source and compiler.
    metadata: { bytecodeHash: "none", appendCBOR: false },
    outputSelection: { "*": { "*": ["evm.bytecode.object"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
for (const { severity, formattedMessage } of output.errors ?? []) {
  console.error(formattedMessage);
  if (severity === "error") process.exit(1);
}

let stale = 0;
for (const name of names) {
  const path = join(folder, `${name}.hex`);
  const hex = `${output.contracts[`${name}.sol`][name].evm.bytecode.object}\n`;
  if (process.argv.includes("--check")) {
    if (readFileSync(path, "utf8") === hex) continue;
    console.error(`${name}.hex is not what ${name}.sol compiles to: run node contracts/compile.mjs`);
    stale += 1;
  } else {
    writeFileSync(path, hex);
    console.log(`${name}.hex: ${(hex.length - 1) / 2} bytes`);
  }
}
process.exit(stale === 0 ? 0 : 1);
