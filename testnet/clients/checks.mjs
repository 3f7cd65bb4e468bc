// What viem.mjs and ethers.mjs share: arguments, one line a check, and an end with the reason.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

/** How long anything may take that a node has to do: Ethereum's blocks take 12 s. */
export const PATIENCE_MS = 30_000;

/** The interface that the tokens of erc20/ and contracts/ have in common, with the errors of either. */
export const TOKEN_ABI = [
  "function balanceOf(address) view returns (uint256)",
  "function symbol() view returns (string)",
  "function decimals() view returns (uint8)",
  "function transfer(address to, uint256 value) returns (bool)",
  "function mint(address[] holders, uint256 each)",
  "event Transfer(address indexed from, address indexed to, uint256 value)",
  "error InsufficientBalance(address holder, uint256 balance, uint256 needed)",
  "error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)",
];

/** The interface of contracts/Reverts.sol. */
export const REVERTS_ABI = [
  "function withReason() pure",
  "function withError() pure",
  "function withPanic(uint256 divisor) pure returns (uint256)",
  "error Shortfall(uint256 has, uint256 needs)",
];

/** Creation code of a contract in contracts/. */
export const creationCode = (name) =>
  `0x${readFileSync(new URL(`contracts/${name}.hex`, import.meta.url), "utf8").trim()}`;

/** Reads `--http`, `--ws`, `--key` and `--token`, or ROTA_HTTP, ROTA_WS, ROTA_KEY and ROTA_TOKEN. */
export function settings(script) {
  const usage = `usage: node ${script} --http URL[,URL..] --ws URL --key PRIVATE_KEY [--token ADDRESS]
  --http   nodes: transactions go to the first, what became of them is read from the last
  --ws     a node to subscribe to
  --key    private key of an account with at least 1 ETH
  --token  ERC-20 of which that account holds at least 1,000 units (default: one is deployed)
The same as environment: ROTA_HTTP, ROTA_WS, ROTA_KEY, ROTA_TOKEN`;
  const refuse = (reason) => {
    console.error(`${reason}\n${usage}`);
    process.exit(2);
  };
  const option = { type: "string" };
  const { ROTA_HTTP: http, ROTA_WS: ws, ROTA_KEY: key, ROTA_TOKEN: token } = process.env;
  let values;
  try {
    ({ values } = parseArgs({ options: { http: option, ws: option, key: option, token: option, help: { type: "boolean" } } }));
  } catch (error) {
    refuse(error.message);
  }
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const given = { http, ws, key, token, ...values };
  for (const name of ["http", "ws", "key"]) if (!given[name]) refuse(`--${name} is missing`);
  const urls = given.http.split(",");
  for (const url of urls) if (!/^https?:\/\//.test(url)) refuse(`--http ${url} is no http:// address`);
  if (!/^wss?:\/\//.test(given.ws)) refuse(`--ws ${given.ws} is no ws:// address`);
  if (!/^(0x)?[0-9a-fA-F]{64}$/.test(given.key)) refuse("--key is not 64 hex digits");
  if (given.token && !/^0x[0-9a-fA-F]{40}$/.test(given.token)) refuse(`--token ${given.token} is no address`);
  return { first: urls[0], last: urls.at(-1), urls, ws: given.ws, key: `0x${given.key.replace(/^0x/, "")}`, token: given.token };
}

let passed = 0;
const library = (script) => script.replace(/\.mjs$/, "");

/** Runs one check and prints one line; what `body` returns is the detail of the line. The first failure ends it all. */
export async function check(script, name, body) {
  const since = performance.now();
  try {
    const detail = await within(name, body());
    passed += 1;
    const took = `${Math.round(performance.now() - since)} ms`.padStart(8);
    console.log(`ok   ${library(script).padEnd(7)}${took}  ${name}${detail === undefined ? "" : `: ${detail}`}`);
  } catch (error) {
    console.log(`FAIL ${library(script).padEnd(7)}          ${name}`);
    console.error(error.shortMessage ?? error.message);
    console.error(error.stack);
    process.exit(1);
  }
}

/** Prints the count and ends, also with subscriptions open. */
export function finish(script) {
  console.log(`ok   ${library(script).padEnd(7)}          ${passed} checks passed`);
  process.exit(0);
}

/** Fails with `what` if the promise takes longer than PATIENCE_MS. */
export function within(what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: nothing after ${PATIENCE_MS / 1000} s`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Throws unless the two are equal; bigints, addresses in either case and plain values. */
export function same(actual, expected, what) {
  const plain = (value) => (typeof value === "string" ? value.toLowerCase() : value);
  if (plain(actual) !== plain(expected)) throw new Error(`${what}: ${actual}, expected ${expected}`);
}

/** Throws unless the fact holds. */
export function holds(fact, what) {
  if (!fact) throw new Error(what);
}

/** Awaits a promise that must fail, and returns its error. */
export async function fails(promise, what) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`${what} went through`);
}

/** Calls `read` until it returns something. */
export async function eventually(what, read) {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await read();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > until) throw new Error(`${what}: not after ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
