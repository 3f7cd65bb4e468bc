// An ordinary viem client against real nodes: transfers, tokens, events, heads, replacement, reverts, fees.
import {
  createPublicClient, createWalletClient, defineChain, http, parseAbi, parseEther, webSocket,
  BaseError, ContractFunctionRevertedError, InsufficientFundsError, NonceTooLowError,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import {
  REVERTS_ABI, TOKEN_ABI, PATIENCE_MS, check as checked, creationCode, eventually, fails, finish, holds, same, settings, within,
} from "./checks.mjs";

const script = "viem.mjs";
const check = (name, body) => checked(script, name, body);
const { first, last, urls, ws, key, token: givenToken } = settings(script);
const tokenAbi = parseAbi(TOKEN_ABI);
const revertsAbi = parseAbi(REVERTS_ABI);
const account = privateKeyToAccount(key);
const stranger = privateKeyToAccount(generatePrivateKey());

const id = await createPublicClient({ transport: http(first) }).getChainId();
const chain = defineChain({
  id, name: "chain under test", nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 }, rpcUrls: { default: { http: urls } },
});
const reader = (transport) => createPublicClient({ chain, transport, pollingInterval: 50 });
const [near, far, live] = [reader(http(first)), reader(http(last, { batch: true })), reader(webSocket(ws))];
const wallet = createWalletClient({ account, chain, transport: http(first) });
const wait = (hash, more = {}) => far.waitForTransactionReceipt({ hash, timeout: PATIENCE_MS, ...more });
/** Waits until every node asked later has it, so that each check begins on one state. */
const succeeded = async (hash) => {
  const [receipt] = await Promise.all([wait(hash), ...[near, live].map((node) => node.waitForTransactionReceipt({ hash, timeout: PATIENCE_MS }))]);
  same(receipt.status, "success", `status of ${hash}`);
  return receipt;
};

/** viem does not say when a subscription stands: a later request on the same connection has been answered by then. */
const subscribed = async () => {
  await live.getBlockNumber({ cacheTime: 0 });
  await new Promise((resolve) => setTimeout(resolve, 100));
};

const heads = [];
const transfers = [];
let token;
let tokenReceipt;
let reverts;

await check("all nodes are on one chain with one genesis", async () => {
  const genesis = [];
  for (const url of urls) {
    same(await reader(http(url)).getChainId(), id, `chain id of ${url}`);
    genesis.push((await reader(http(url)).getBlock({ blockNumber: 0n })).hash);
  }
  holds(new Set(genesis).size === 1, `genesis blocks ${genesis}`);
  return `chain ${id}, ${urls.length} nodes`;
});

await check("new heads over WebSocket", async () => {
  live.watchBlocks({ onBlock: (block) => heads.push(block), onError: (error) => console.error(`heads: ${error.message}`) });
  await subscribed();
  // A chain that makes blocks only for transactions needs one.
  await succeeded(await wallet.sendTransaction({ to: account.address, value: 0n }));
  const head = await eventually("a head", () => heads[0]);
  return `block ${head.number}`;
});

await check("fees: history, suggestion, estimate", async () => {
  const history = await near.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] });
  const blocks = history.gasUsedRatio.length;
  holds(blocks > 0 && blocks <= 4, `fee history of ${blocks} blocks`);
  same(history.baseFeePerGas.length, blocks + 1, "base fees in the history");
  holds(history.reward?.every((rewards) => rewards.length === 2), "two rewards a block");
  const { maxFeePerGas, maxPriorityFeePerGas } = await near.estimateFeesPerGas();
  holds(maxFeePerGas >= maxPriorityFeePerGas, "fee cap below the tip");
  same(await near.estimateGas({ account, to: stranger.address, value: 1n }), 21_000n, "gas of a transfer");
  return `fee cap ${maxFeePerGas} wei`;
});

await check("a transfer through the first node is read from the last", async () => {
  const value = parseEther("0.25");
  const hash = await wallet.sendTransaction({ to: stranger.address, value });
  const receipt = await succeeded(hash);
  same(receipt.gasUsed, 21_000n, "gas used");
  same(await far.getBalance({ address: stranger.address }), value, "balance of the receiver");
  const nearReceipt = await near.getTransactionReceipt({ hash });
  same(nearReceipt.blockHash, receipt.blockHash, "block hash on both nodes");
  const block = await far.getBlock({ blockHash: receipt.blockHash, includeTransactions: true });
  same(block.transactions[receipt.transactionIndex].hash, hash, "transaction in its block");
  const transaction = await far.getTransaction({ hash });
  same(transaction.from, account.address, "sender recovered");
  same(transaction.value, value, "value");
  return `block ${receipt.blockNumber}`;
});

await check("transactions of types 0, 1, 2 and 4", async () => {
  const gasPrice = await near.getGasPrice() * 2n;
  const to = account.address;
  const types = [];
  types.push((await succeeded(await wallet.sendTransaction({ to, type: "legacy", gasPrice }))).type);
  types.push((await succeeded(await wallet.sendTransaction({ to, type: "eip2930", gasPrice, accessList: [] }))).type);
  types.push((await succeeded(await wallet.sendTransaction({ to, type: "eip1559" }))).type);
  const delegate = "0x00000000000000000000000000000000000000aa";
  const authorization = await stranger.signAuthorization({ chainId: id, nonce: 0, address: delegate });
  types.push((await succeeded(await wallet.sendTransaction({ to, authorizationList: [authorization], gas: 100_000n }))).type);
  same(types.join(), "legacy,eip2930,eip1559,eip7702", "types of the receipts");
  same(await far.getCode({ address: stranger.address }), `0xef0100${delegate.slice(2)}`, "delegation of the stranger");
});

await check("the token", async () => {
  token = givenToken;
  if (!token) {
    const deployed = await succeeded(await wallet.deployContract({ abi: tokenAbi, bytecode: creationCode("LoadToken") }));
    token = deployed.contractAddress;
    const args = [[account.address], 1_000_000n];
    await succeeded(await wallet.writeContract({ address: token, abi: tokenAbi, functionName: "mint", args }));
  }
  const read = (functionName, args) => far.readContract({ address: token, abi: tokenAbi, functionName, args });
  holds((await read("balanceOf", [account.address])) >= 1_000n, "fewer than 1,000 units");
  return `${await read("symbol")} at ${token}`;
});

await check("a token transfer, its event over WebSocket and in the logs", async () => {
  live.watchContractEvent({
    address: token, abi: tokenAbi, eventName: "Transfer", args: { to: stranger.address },
    onLogs: (logs) => transfers.push(...logs), onError: (error) => console.error(`events: ${error.message}`),
  });
  await subscribed();
  const before = await far.readContract({ address: token, abi: tokenAbi, functionName: "balanceOf", args: [stranger.address] });
  const call = { address: token, abi: tokenAbi, functionName: "transfer", args: [stranger.address, 42n] };
  const gas = await near.estimateContractGas({ ...call, account });
  holds(gas > 21_000n && gas < 100_000n, `estimate ${gas}`);
  const { request, result } = await near.simulateContract({ ...call, account });
  same(result, true, "simulated result");
  tokenReceipt = await succeeded(await wallet.writeContract(request));
  holds(tokenReceipt.gasUsed <= gas, `gas used ${tokenReceipt.gasUsed}, estimated ${gas}`);
  const after = await far.readContract({ address: token, abi: tokenAbi, functionName: "balanceOf", args: [stranger.address] });
  same(after - before, 42n, "tokens received");
  const event = await eventually("the event", () => transfers.find((log) => log.transactionHash === tokenReceipt.transactionHash));
  same(event.args.value, 42n, "value in the event");
  same(event.blockHash, tokenReceipt.blockHash, "block of the event");
  return `${tokenReceipt.gasUsed} gas`;
});

await check("logs by range, by block and by topic", async () => {
  const { blockNumber, blockHash, transactionHash } = tokenReceipt;
  const filter = { address: token, event: tokenAbi.find((item) => item.name === "Transfer"), args: { from: account.address, to: stranger.address } };
  for (const where of [{ fromBlock: blockNumber, toBlock: "latest" }, { blockHash }]) {
    const logs = await far.getLogs({ ...filter, ...where });
    same(logs.length, 1, "logs found");
    same(logs[0].transactionHash, transactionHash, "transaction of the log");
  }
  same((await far.getLogs({ ...filter, args: { from: stranger.address }, fromBlock: blockNumber })).length, 0, "logs from the stranger");
});

await check("the head of a block seen over WebSocket is the block of the receipt", async () => {
  const head = await eventually("its head", () => heads.find((block) => block.number === tokenReceipt.blockNumber));
  same(head.hash, tokenReceipt.blockHash, "hash of the head");
  const numbers = heads.map((block) => block.number);
  holds(numbers.every((number, place) => place === 0 || number === numbers[place - 1] + 1n), `heads ${numbers}`);
  return `${heads.length} heads in order`;
});

await check("revert reasons reach the caller", async () => {
  reverts = (await succeeded(await wallet.deployContract({ abi: revertsAbi, bytecode: creationCode("Reverts") }))).contractAddress;
  const reason = async (functionName, args) => {
    const error = await fails(near.readContract({ address: reverts, abi: revertsAbi, functionName, args }), functionName);
    return error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  };
  same((await reason("withReason")).reason, "the reason given", "reason");
  const { data } = await reason("withError");
  same(`${data.errorName}(${data.args})`, "Shortfall(7,12)", "custom error");
  same((await reason("withPanic", [0n])).data.args[0], 18n, "panic code of a division by zero");
  const call = { address: token, abi: tokenAbi, functionName: "transfer", args: [account.address, 1_000n] };
  const short = await fails(near.estimateContractGas({ ...call, account: stranger }), "a transfer beyond the balance");
  holds(/InsufficientBalance/.test(short.message), `estimate refused with: ${short.message}`);
});

await check("a reverted transaction is included and pays", async () => {
  const hash = await wallet.writeContract({ address: reverts, abi: revertsAbi, functionName: "withReason", gas: 100_000n });
  const receipt = await wait(hash);
  same(receipt.status, "reverted", "status");
  holds(receipt.gasUsed > 21_000n && receipt.gasUsed < 100_000n, `gas used ${receipt.gasUsed}`);
});

await check("a replaced transaction: the higher price wins, the waiting client learns it", async () => {
  // With a nonce missing before it the first one has to wait, however fast the chain is.
  const nonce = await near.getTransactionCount({ address: account.address, blockTag: "pending" });
  const fees = await near.estimateFeesPerGas();
  const [tip, cap] = [fees.maxPriorityFeePerGas + 1_000_000_000n, fees.maxFeePerGas * 3n + 1_000_000_000n];
  const send = (price, value, at) => wallet.sendTransaction({
    to: stranger.address, value, nonce: at, gas: 21_000n, maxPriorityFeePerGas: tip * price, maxFeePerGas: cap * price,
  });
  const replaced = await send(2n, 1n, nonce + 1);
  const low = await fails(send(2n, 2n, nonce + 1), "a replacement at the same price");
  holds(/underpriced/.test(low.message), `refused with: ${low.message}`);
  let replacement;
  const waiting = near.waitForTransactionReceipt({ hash: replaced, timeout: PATIENCE_MS, onReplaced: (event) => (replacement = event) });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const hash = await send(4n, 3n, nonce + 1);
  await send(2n, 0n, nonce);
  same((await succeeded(hash)).transactionHash, hash, "the replacement");
  same((await within("the wait for the replaced one", waiting)).transactionHash, hash, "receipt given to the waiting client");
  same(replacement?.reason, "replaced", "reason told");
});

await check("errors have the words that wallets know", async () => {
  const low = await fails(wallet.sendTransaction({ to: stranger.address, nonce: 0, gas: 21_000n }), "a used nonce");
  holds(low.walk((cause) => cause instanceof NonceTooLowError), `a used nonce: ${low.message}`);
  const poor = createWalletClient({ account: privateKeyToAccount(generatePrivateKey()), chain, transport: http(first) });
  const broke = await fails(poor.sendTransaction({ to: stranger.address, value: parseEther("1"), gas: 21_000n }), "an empty purse");
  holds(broke instanceof BaseError && broke.walk((cause) => cause instanceof InsufficientFundsError), `an empty purse: ${broke.message}`);
  const unknown = await fails(near.request({ method: "rota_noSuchMethod" }), "an unknown method");
  same(unknown.walk((cause) => cause.code === -32601)?.code, -32601, "code of an unknown method");
});

await check("a transaction sent over WebSocket", async () => {
  const wired = createWalletClient({ account, chain, transport: webSocket(ws) });
  await succeeded(await wired.sendTransaction({ to: stranger.address, value: 1n }));
});

finish(script);
