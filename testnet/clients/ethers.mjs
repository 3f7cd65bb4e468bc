// An ordinary ethers client against real nodes: transfers, tokens, events, heads, replacement, reverts, fees.
import {
  Contract, ContractFactory, FetchRequest, Interface, JsonRpcProvider, Network, Wallet, WebSocketProvider, isError, parseEther,
} from "ethers";
import {
  REVERTS_ABI, TOKEN_ABI, PATIENCE_MS, check as checked, creationCode, eventually, fails, finish, holds, same, settings, within,
} from "./checks.mjs";

const script = "ethers.mjs";
const check = (name, body) => checked(script, name, body);
const { first, last, urls, ws, key, token: givenToken } = settings(script);

const network = Network.from((await new JsonRpcProvider(first).getNetwork()).chainId);
// Without the cache: it keeps "no receipt yet" for 250 ms, and on a chain that makes blocks only for transactions no
// later block would make ethers ask again.
const options = { staticNetwork: network, cacheTimeout: -1 };
const provider = (url) => {
  const connected = new JsonRpcProvider(new FetchRequest(url), network, options);
  connected.pollingInterval = 50;
  return connected;
};
const [near, far] = [provider(first), provider(last)];
const live = new WebSocketProvider(ws, network, options);
const wallet = new Wallet(key, near);
const stranger = Wallet.createRandom();

const wait = (hash) => far.waitForTransaction(hash, 1, PATIENCE_MS);
/** Waits until every node asked later has it, so that each check begins on one state. */
const succeeded = async (response) => {
  const { hash } = await response;
  const [receipt] = await Promise.all([wait(hash), ...[near, live].map((node) => node.waitForTransaction(hash, 1, PATIENCE_MS))]);
  same(receipt.status, 1, `status of ${receipt.hash}`);
  return receipt;
};

const heads = [];
const events = [];
let token;
let tokenReceipt;
let reverts;

await check("all nodes are on one chain with one genesis", async () => {
  const genesis = await Promise.all(urls.map(async (url) => (await provider(url).getBlock(0)).hash));
  holds(new Set(genesis).size === 1, `genesis blocks ${genesis}`);
  for (const url of urls) same(BigInt(await provider(url).send("eth_chainId", [])), network.chainId, `chain id of ${url}`);
  return `chain ${network.chainId}, ${urls.length} nodes`;
});

await check("new heads over WebSocket", async () => {
  await live.on("block", (number) => heads.push(number));
  // The subscription stands once a request after it on the same connection is answered.
  await live.getBlockNumber();
  // A chain that makes blocks only for transactions needs one.
  await succeeded(wallet.sendTransaction({ to: wallet.address, value: 0n }));
  return `block ${await eventually("a head", () => heads[0])}`;
});

await check("fees: suggestion, history, estimate", async () => {
  const { maxFeePerGas, maxPriorityFeePerGas } = await near.getFeeData();
  holds(maxFeePerGas >= maxPriorityFeePerGas, "fee cap below the tip");
  const history = await near.send("eth_feeHistory", ["0x2", "latest", [50]]);
  same(history.baseFeePerGas.length, history.gasUsedRatio.length + 1, "base fees in the history");
  same(await near.estimateGas({ from: wallet.address, to: stranger.address, value: 1n }), 21_000n, "gas of a transfer");
  return `fee cap ${maxFeePerGas} wei`;
});

await check("a transfer through the first node is read from the last", async () => {
  const value = parseEther("0.25");
  const response = await wallet.sendTransaction({ to: stranger.address, value });
  const receipt = await succeeded(response);
  same(receipt.gasUsed, 21_000n, "gas used");
  same(await far.getBalance(stranger.address), value, "balance of the receiver");
  same((await response.wait(1, PATIENCE_MS)).blockHash, receipt.blockHash, "block hash on both nodes");
  const block = await far.getBlock(receipt.blockHash, true);
  same(block.getPrefetchedTransaction(receipt.index).hash, receipt.hash, "transaction in its block");
  same((await far.getTransaction(receipt.hash)).from, wallet.address, "sender recovered");
  return `block ${receipt.blockNumber}`;
});

await check("transactions of types 0, 1 and 2", async () => {
  const gasPrice = BigInt(await near.send("eth_gasPrice", [])) * 2n;
  const to = wallet.address;
  for (const request of [{ type: 0, gasPrice }, { type: 1, gasPrice, accessList: [] }, { type: 2 }]) {
    same((await succeeded(wallet.sendTransaction({ to, ...request }))).type, request.type, "type of the receipt");
  }
});

await check("the token", async () => {
  let address = givenToken;
  if (!address) {
    const factory = new ContractFactory(TOKEN_ABI, creationCode("LoadToken"), wallet);
    const deployed = await factory.deploy();
    await succeeded(Promise.resolve(deployed.deploymentTransaction()));
    address = await deployed.getAddress();
    await succeeded(deployed.mint([wallet.address], 1_000_000n));
  }
  token = new Contract(address, TOKEN_ABI, wallet);
  holds((await token.connect(far).balanceOf(wallet.address)) >= 1_000n, "fewer than 1,000 units");
  return `${await token.connect(far).symbol()} at ${address}`;
});

await check("a token transfer, its event over WebSocket and in the logs", async () => {
  const watched = token.connect(live);
  await watched.on(watched.filters.Transfer(null, stranger.address), (...heard) => events.push(heard.at(-1)));
  await live.getBlockNumber();
  const gas = await token.transfer.estimateGas(stranger.address, 42n);
  holds(gas > 21_000n && gas < 100_000n, `estimate ${gas}`);
  same(await token.transfer.staticCall(stranger.address, 42n), true, "simulated result");
  tokenReceipt = await succeeded(token.transfer(stranger.address, 42n));
  same(await token.connect(far).balanceOf(stranger.address), 42n, "tokens received");
  const event = await eventually("the event", () => events.find(({ log }) => log.transactionHash === tokenReceipt.hash));
  same(event.args.value, 42n, "value in the event");
  same(event.log.blockHash, tokenReceipt.blockHash, "block of the event");
  return `${tokenReceipt.gasUsed} gas`;
});

await check("logs by range and by block", async () => {
  const remote = token.connect(far);
  const filter = remote.filters.Transfer(wallet.address, stranger.address);
  const { address, topics } = { address: await token.getAddress(), topics: await filter.getTopicFilter() };
  for (const where of [{ fromBlock: tokenReceipt.blockNumber, toBlock: "latest" }, { blockHash: tokenReceipt.blockHash }]) {
    const logs = await far.getLogs({ address, topics, ...where });
    same(logs.length, 1, "logs found");
    same(logs[0].transactionHash, tokenReceipt.hash, "transaction of the log");
  }
  const none = await remote.queryFilter(remote.filters.Transfer(stranger.address), tokenReceipt.blockNumber);
  same(none.length, 0, "logs from the stranger");
});

await check("heads seen over WebSocket come in order, the token's block among them", async () => {
  await eventually("its head", () => heads.includes(tokenReceipt.blockNumber));
  holds(heads.every((number, place) => place === 0 || number === heads[place - 1] + 1), `heads ${heads}`);
  return `${heads.length} heads`;
});

await check("revert reasons reach the caller", async () => {
  const deployed = await new ContractFactory(REVERTS_ABI, creationCode("Reverts"), wallet).deploy();
  await succeeded(Promise.resolve(deployed.deploymentTransaction()));
  reverts = new Contract(await deployed.getAddress(), REVERTS_ABI, wallet);
  const reason = await fails(reverts.withReason(), "withReason");
  holds(isError(reason, "CALL_EXCEPTION"), `withReason: ${reason.message}`);
  same(reason.reason, "the reason given", "reason");
  const custom = await fails(reverts.withError(), "withError");
  same(`${custom.revert.name}(${custom.revert.args})`, "Shortfall(7,12)", "custom error");
  const panic = await fails(reverts.withPanic(0n), "withPanic");
  holds(/DIVIDE_BY_ZERO/.test(panic.reason), `panic: ${panic.reason}`);
  const short = await fails(token.connect(far).transfer.staticCall(stranger.address, 1_000n, { from: stranger.address }), "a transfer beyond the balance");
  const parsed = short.revert ?? new Interface(TOKEN_ABI).parseError(short.data);
  holds(/InsufficientBalance$/.test(parsed.name), `refused with: ${short.message}`);
});

await check("a reverted transaction is included and pays", async () => {
  const response = await wallet.sendTransaction({ to: await reverts.getAddress(), data: reverts.interface.encodeFunctionData("withReason"), gasLimit: 100_000n });
  const receipt = await wait(response.hash);
  same(receipt.status, 0, "status");
  const error = await fails(response.wait(1, PATIENCE_MS), "waiting for a reverted transaction");
  holds(isError(error, "CALL_EXCEPTION"), `the wait ended with: ${error.message}`);
});

await check("a replaced transaction: the higher price wins, the waiting client learns it", async () => {
  // With a nonce missing before it the first one has to wait, however fast the chain is.
  const nonce = await near.getTransactionCount(wallet.address, "pending");
  const fees = await near.getFeeData();
  const [tip, cap] = [fees.maxPriorityFeePerGas + 1_000_000_000n, fees.maxFeePerGas * 3n + 1_000_000_000n];
  const send = (price, value, at) => wallet.sendTransaction({
    to: stranger.address, value, nonce: at, gasLimit: 21_000n, maxPriorityFeePerGas: tip * price, maxFeePerGas: cap * price,
  });
  const replaced = await send(2n, 1n, nonce + 1);
  const low = await fails(send(2n, 2n, nonce + 1), "a replacement at the same price");
  holds(isError(low, "REPLACEMENT_UNDERPRICED"), `refused with: ${low.message}`);
  // Looks for a replacement from the last block that cannot contain one.
  const watched = replaced.replaceableTransaction(await near.getBlockNumber());
  const waiting = fails(within("the wait for the replaced one", watched.wait(1, PATIENCE_MS)), "waiting for a replaced transaction");
  const replacement = await send(4n, 3n, nonce + 1);
  await send(2n, 0n, nonce);
  same((await succeeded(Promise.resolve(replacement))).hash, replacement.hash, "the replacement");
  // ethers looks for the replacement when it hears of a block, and a chain without work makes none.
  const pause = () => new Promise((resolve) => setTimeout(resolve, 300));
  let error;
  for (waiting.then((ended) => (error = ended)); error === undefined; await pause()) {
    await succeeded(wallet.sendTransaction({ to: wallet.address, value: 0n }));
  }
  holds(isError(error, "TRANSACTION_REPLACED"), `the wait ended with: ${error.message}`);
  same(error.replacement.hash, replacement.hash, "replacement told");
});

await check("errors have the words that wallets know", async () => {
  const low = await fails(wallet.sendTransaction({ to: stranger.address, nonce: 0, gasLimit: 21_000n }), "a used nonce");
  holds(isError(low, "NONCE_EXPIRED"), `a used nonce: ${low.message}`);
  const poor = Wallet.createRandom().connect(near);
  const broke = await fails(poor.sendTransaction({ to: wallet.address, value: parseEther("1"), gasLimit: 21_000n }), "an empty purse");
  holds(isError(broke, "INSUFFICIENT_FUNDS"), `an empty purse: ${broke.message}`);
});

await check("a transaction sent over WebSocket", async () => {
  await succeeded(wallet.connect(live).sendTransaction({ to: stranger.address, value: 1n }));
});

finish(script);
