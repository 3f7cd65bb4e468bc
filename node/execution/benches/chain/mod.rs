//! A chain with its leader, part-way through a run of random transfers: what the benches of execution and of the node
//! measure on.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope, crypto::secp256k1::sign_message};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use rota_execution::{BatchEnvironment, Budget, Built, Execution, Genesis, L1Block, MemoryState, system_contracts};
use rota_proto::{Epoch, ExtraData, L1Origin, Signers, Transaction, View};
use serde_json::json;

const ACCOUNTS: u64 = 100_000;
const SENDERS: u64 = 1_000;
pub(crate) const TRANSFERS: u64 = 150;
const TOKEN: Address = Address::repeat_byte(0xcc);

/// A chain with its leader.
pub(crate) struct Chain {
    pub(crate) genesis: Genesis,
    pub(crate) memory: MemoryState,
    pub(crate) execution: Execution,
    keys: Vec<(B256, Address)>,
    nonces: Vec<u64>,
    random: u64,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let keys: Vec<_> = (0..SENDERS).map(key).collect();
        let mut alloc = serde_json::Map::new();
        let funded = json!({ "balance": format!("{:#x}", 1_000_000_000_000_000_000_000u128) });
        for (_, address) in &keys {
            alloc.insert(address.to_string(), funded.clone());
        }
        for number in SENDERS..ACCOUNTS {
            alloc.insert(account(number).to_string(), funded.clone());
        }
        for (address, code) in system_contracts() {
            alloc.insert(address.to_string(), json!({ "balance": "0x0", "nonce": "0x1", "code": code }));
        }
        alloc.insert(TOKEN.to_string(), token(&keys));
        let json = json!({
            "config": {
                "chainId": 7682, "pragueTime": 0,
                "rota": { "vault": Address::repeat_byte(0xee), "originNumber": 1, "originHash": B256::ZERO },
            },
            "nonce": "0x0", "timestamp": "0x0", "extraData": "0x", "gasLimit": "0x1c9c380", "difficulty": "0x0",
            "mixHash": B256::ZERO, "coinbase": Address::ZERO, "alloc": alloc,
        });
        let genesis = Genesis::parse(&json.to_string()).unwrap();
        let memory = MemoryState::genesis(&genesis);
        let execution = Execution::new(genesis.rules, genesis.header.clone());
        Self { genesis, memory, execution, keys, nonces: vec![0; SENDERS as usize], random: 1 }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % bound
    }

    /// The bytes of the next transfers, from random senders to random accounts.
    pub(crate) fn transfers(&mut self, tokens: bool) -> Vec<Bytes> {
        (0..TRANSFERS)
            .map(|_| {
                let sender = self.below(SENDERS) as usize;
                let to = account(SENDERS + self.below(10_000));
                let nonce = self.nonces[sender];
                self.nonces[sender] += 1;
                signed(self.keys[sender].0, nonce, to, tokens)
            })
            .collect()
    }

    pub(crate) fn environment(&self) -> BatchEnvironment {
        let head = self.execution.head();
        let origin = L1Origin { number: 1, hash: B256::ZERO };
        BatchEnvironment {
            parent: head.hash(),
            timestamp: head.header().timestamp + 1,
            origin: L1Block { origin, timestamp: 0, prevrandao: B256::ZERO },
            beneficiary: Address::repeat_byte(0xbe),
            extra: ExtraData { epoch: Epoch(0), origin_number: 1, parent_view: View(1), parent_signers: Signers(1) },
        }
    }

    pub(crate) fn build(&mut self, pool: &[Arc<Transaction>]) -> Built {
        let environment = self.environment();
        self.execution.build(&self.memory, &environment, &Budget::default(), chains(pool)).unwrap()
    }

    pub(crate) fn finalize(&mut self, built: &Built) {
        for batch in self.execution.finalize(&built.executed.header().hash()).unwrap() {
            self.memory.apply(&batch);
        }
    }
}

fn key(number: u64) -> (B256, Address) {
    let secret = keccak256(number.to_be_bytes());
    let address = sign_message(secret, B256::ZERO).unwrap().recover_address_from_prehash(&B256::ZERO).unwrap();
    (secret, address)
}

fn account(number: u64) -> Address {
    Address::from_word(keccak256([b'a', b'c'].into_iter().chain(number.to_be_bytes()).collect::<Vec<_>>()))
}

/// A token that moves the second word of its input from the caller to the first, and logs it; each sender has plenty.
fn token(keys: &[(B256, Address)]) -> serde_json::Value {
    let topic = keccak256("Transfer(address,address,uint256)");
    // amount, balance; if less, revert; sstore(caller, balance - amount); sstore(to, sload(to) + amount);
    // mstore(0, amount); log3(0, 32, Transfer, caller, to); stop
    let code = format!("0x6024353354818110604357819003335560043580548201815590_5f52337f{topic:x}60205fa3005b5f5ffd");
    let code = code.replace('_', "");
    let storage: BTreeMap<_, _> =
        keys.iter().map(|(_, owner)| (owner.into_word(), B256::from(U256::from(1u64 << 50)))).collect();
    json!({ "balance": "0x0", "nonce": "0x1", "code": code, "storage": storage })
}

fn signed(secret: B256, nonce: u64, to: Address, tokens: bool) -> Bytes {
    let input = [&[0xa9, 0x05, 0x9c, 0xbb][..], to.into_word().as_slice(), B256::with_last_byte(1).as_slice()].concat();
    let transaction = TxEip1559 {
        chain_id: 7682,
        nonce,
        gas_limit: if tokens { 60_000 } else { 21_000 },
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(if tokens { TOKEN } else { to }),
        value: U256::from(u8::from(!tokens)),
        access_list: Default::default(),
        input: if tokens { input.into() } else { Bytes::new() },
    };
    let signature = sign_message(secret, transaction.signature_hash()).unwrap();
    TxEnvelope::from(transaction.into_signed(signature)).encoded_2718().into()
}

pub(crate) fn recover(bytes: &[Bytes]) -> Vec<Arc<Transaction>> {
    bytes.iter().map(|bytes| Arc::new(Transaction::decode(bytes).unwrap())).collect()
}

pub(crate) fn chains(pool: &[Arc<Transaction>]) -> Vec<std::vec::IntoIter<Arc<Transaction>>> {
    let mut chains = BTreeMap::<Address, Vec<_>>::new();
    for transaction in pool {
        chains.entry(transaction.sender()).or_default().push(Arc::clone(transaction));
    }
    chains.into_values().map(Vec::into_iter).collect()
}
