#!/usr/bin/env -S node --liftoff-only
// The compiler of the npm package `solc`, dressed as the native program that forge calls with `--version` or
// `--standard-json`. (WebAssembly's baseline compiler starts the 9 MB module seconds sooner.)
"use strict";
const { readFileSync } = require("node:fs");

/** Sources above the project's folder, such as node_modules, are not in forge's input: they are read from here. */
const find = (name) => {
  try {
    return { contents: readFileSync(name, "utf8") };
  } catch (error) {
    return { error: error.message };
  }
};

const [command] = process.argv.slice(2).filter((argument) => ["--version", "--standard-json"].includes(argument));
const compiler = require("solc");
if (command === "--version") {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${compiler.version()}`);
} else if (command === "--standard-json") {
  process.stdout.write(compiler.compile(readFileSync(0, "utf8"), { import: find }));
} else {
  console.error(`only --version and --standard-json are understood, not: ${process.argv.slice(2).join(" ")}`);
  process.exitCode = 1;
}
