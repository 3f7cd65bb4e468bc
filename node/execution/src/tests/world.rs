//! A chain in memory with funded keys, a leader and checkers.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::{Header, SignableTransaction, TxEip1559, TxEip2930, TxEip7702, TxEnvelope, TxLegacy};
use alloy_eips::{
    eip2718::Encodable2718,
    eip2930::AccessList,
    eip7702::{Authorization, SignedAuthorization},
};
use alloy_primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy_trie::{TrieAccount, root};
use rota_proto::{BatchBody, BatchHeader, Epoch, ExtraData, L1Origin, Signers, Transaction, View};
use serde_json::json;

use crate::{
    Account, Batch, BatchEnvironment, Budget, Built, ExecutedBatch, Execution, ExecutionError, Facts, Genesis, Invalid,
    L1Block, MemoryState, StateView, system_contracts,
};

pub(super) const CHAIN_ID: u64 = 7682;
pub(super) const ETHER: u128 = 1_000_000_000_000_000_000;
pub(super) const GWEI: u128 = 1_000_000_000;
pub(super) const VAULT: Address = Address::repeat_byte(0xee);
pub(super) const BENEFICIARY: Address = Address::repeat_byte(0xbe);

/// A key with its account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    secret: B256,
    pub(super) address: Address,
}

impl Key {
    pub(super) fn new(number: u64) -> Self {
        let secret = keccak256(number.to_be_bytes());
        let address = sign(secret, B256::ZERO).recover_address_from_prehash(&B256::ZERO).unwrap();
        Self { secret, address }
    }

    /// Signs the transaction that `what` describes.
    pub(super) fn sends(&self, what: &Draft) -> Arc<Transaction> {
        let bytes = self.envelope(what).encoded_2718();
        Arc::new(Transaction::decode(&bytes).unwrap())
    }

    pub(super) fn authorizes(&self, target: Address, nonce: u64) -> SignedAuthorization {
        let authorization = Authorization { chain_id: U256::from(CHAIN_ID), address: target, nonce };
        let signature = sign(self.secret, authorization.signature_hash());
        authorization.into_signed(signature)
    }

    fn envelope(&self, what: &Draft) -> TxEnvelope {
        let Draft { nonce, to, value, input, gas_limit, max_fee, tip, .. } = what.clone();
        let (chain_id, access_list) = (what.chain_id, what.access_list.clone());
        let kind = to.into();
        let (max_fee_per_gas, max_priority_fee_per_gas, gas_price) = (max_fee, tip, max_fee);
        match what.kind {
            0 => {
                self.signed(TxLegacy { chain_id: Some(chain_id), nonce, gas_price, gas_limit, to: kind, value, input })
            }
            1 => self.signed(TxEip2930 { chain_id, nonce, gas_price, gas_limit, to: kind, value, access_list, input }),
            4 => {
                let (to, authorization_list) = (to.unwrap(), what.authorizations.clone());
                self.signed(TxEip7702 {
                    chain_id,
                    nonce,
                    gas_limit,
                    max_fee_per_gas,
                    max_priority_fee_per_gas,
                    to,
                    value,
                    access_list,
                    authorization_list,
                    input,
                })
            }
            _ => self.signed(TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas,
                max_priority_fee_per_gas,
                to: kind,
                value,
                access_list,
                input,
            }),
        }
    }

    fn signed<T: SignableTransaction<Signature>>(&self, transaction: T) -> TxEnvelope
    where
        TxEnvelope: From<alloy_consensus::Signed<T>>,
    {
        let signature = sign(self.secret, transaction.signature_hash());
        transaction.into_signed(signature).into()
    }
}

fn sign(secret: B256, hash: B256) -> Signature {
    alloy_consensus::crypto::secp256k1::sign_message(secret, hash).unwrap()
}

/// A transaction to be signed.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) kind: u8,
    pub(super) chain_id: u64,
    pub(super) nonce: u64,
    pub(super) to: Option<Address>,
    pub(super) value: U256,
    pub(super) input: Bytes,
    pub(super) gas_limit: u64,
    pub(super) max_fee: u128,
    pub(super) tip: u128,
    pub(super) access_list: AccessList,
    pub(super) authorizations: Vec<SignedAuthorization>,
}

/// A transfer of 1 wei to nobody in particular.
pub(super) fn draft(nonce: u64) -> Draft {
    Draft {
        kind: 2,
        chain_id: CHAIN_ID,
        nonce,
        to: Some(Address::repeat_byte(0x11)),
        value: U256::ONE,
        input: Bytes::new(),
        gas_limit: 21_000,
        max_fee: 10 * GWEI,
        tip: GWEI,
        access_list: AccessList::default(),
        authorizations: Vec::new(),
    }
}

/// A call with input and room to run.
pub(super) fn calling(nonce: u64, to: Address, input: impl Into<Bytes>) -> Draft {
    Draft { to: Some(to), value: U256::ZERO, input: input.into(), gas_limit: 500_000, ..draft(nonce) }
}

/// A creation.
pub(super) fn creating(nonce: u64, init: impl Into<Bytes>) -> Draft {
    Draft { to: None, ..calling(nonce, Address::ZERO, init) }
}

pub(super) fn l1(number: u64) -> L1Block {
    let hash = keccak256([b"l1".as_slice(), &number.to_be_bytes()].concat());
    L1Block { origin: L1Origin { number, hash }, timestamp: 900 + number, prevrandao: keccak256(hash) }
}

/// The JSON of a genesis with `keys` funded accounts of 1,000 ether and these accounts beside.
pub(super) fn genesis_json(keys: u64, more: &serde_json::Value) -> serde_json::Value {
    let mut alloc = serde_json::Map::new();
    for number in 0..keys {
        let balance = format!("{:#x}", 1_000 * ETHER);
        alloc.insert(Key::new(number).address.to_string(), json!({ "balance": balance }));
    }
    for (address, code) in system_contracts() {
        alloc.insert(address.to_string(), json!({ "balance": "0x0", "nonce": "0x1", "code": code }));
    }
    for (address, account) in more.as_object().into_iter().flatten() {
        alloc.insert(address.clone(), account.clone());
    }
    json!({
        "config": {
            "chainId": CHAIN_ID,
            "pragueTime": 0,
            "rota": { "vault": VAULT, "originNumber": 100, "originHash": l1(100).origin.hash, "epoch": 3 },
        },
        "nonce": "0x0",
        "timestamp": "0x3e8",
        "extraData": "0x",
        "gasLimit": "0x1c9c380",
        "difficulty": "0x0",
        "mixHash": l1(100).prevrandao,
        "coinbase": Address::ZERO,
        "baseFeePerGas": "0x3b9aca00",
        "alloc": alloc,
    })
}

/// A node's execution with its store.
#[derive(Debug)]
pub(super) struct World {
    pub(super) genesis: Genesis,
    pub(super) memory: MemoryState,
    pub(super) execution: Execution,
}

impl World {
    /// A chain of ten funded keys and these accounts beside.
    pub(super) fn with(more: &serde_json::Value) -> Self {
        Self::at(Genesis::parse(&genesis_json(10, more).to_string()).unwrap())
    }

    pub(super) fn new() -> Self {
        Self::with(&json!({}))
    }

    pub(super) fn at(genesis: Genesis) -> Self {
        let memory = MemoryState::genesis(&genesis);
        let execution = Execution::new(genesis.rules, genesis.header.clone());
        Self { genesis, memory, execution }
    }

    /// A second node that knows what is final here, and nothing else.
    pub(super) fn second(&self) -> Self {
        let execution = Execution::new(self.genesis.rules, self.execution.head().clone());
        Self { genesis: self.genesis.clone(), memory: self.memory.clone(), execution }
    }

    pub(super) fn genesis_hash(&self) -> B256 {
        self.genesis.header.hash()
    }

    /// The surroundings of a batch on `parent`, a second after it, on the parent's origin.
    pub(super) fn environment(&self, parent: B256) -> BatchEnvironment {
        let header = self.execution.header(&parent).unwrap();
        let origin = l1(header.origin().number);
        let extra = extra(origin.origin.number, header.height().0);
        BatchEnvironment { parent, timestamp: header.header().timestamp + 1, origin, beneficiary: BENEFICIARY, extra }
    }

    /// Builds on `parent` from transactions of any senders, each sender's in rising order.
    pub(super) fn build(&mut self, parent: B256, transactions: &[Arc<Transaction>]) -> Built {
        let environment = self.environment(parent);
        self.build_in(&environment, &Budget::default(), transactions).unwrap()
    }

    pub(super) fn build_in(
        &mut self,
        environment: &BatchEnvironment,
        budget: &Budget,
        transactions: &[Arc<Transaction>],
    ) -> Result<Built, ExecutionError> {
        let mut chains = BTreeMap::<_, Vec<_>>::new();
        for transaction in transactions {
            chains.entry(transaction.sender()).or_default().push(Arc::clone(transaction));
        }
        self.execution.build(&self.memory, environment, budget, chains.into_values().map(Vec::into_iter))
    }

    /// Builds on the last final batch and makes it final; nothing may be refused.
    pub(super) fn run(&mut self, transactions: &[Arc<Transaction>]) -> Arc<ExecutedBatch> {
        let built = self.build(self.execution.head().hash(), transactions);
        assert!(built.refused.is_empty(), "{:?}", built.refused);
        assert_eq!(built.executed.receipts().len(), transactions.len());
        self.finalize(built.executed.header().hash());
        built.executed
    }

    pub(super) fn finalize(&mut self, hash: B256) {
        for batch in self.execution.finalize(&hash).unwrap() {
            self.memory.apply(&batch);
        }
    }

    /// Checks a batch as a validator does who sees L1 and knows the proposer.
    pub(super) fn check(&mut self, header: &Header, body: &BatchBody) -> Result<Arc<ExecutedBatch>, ExecutionError> {
        let header = BatchHeader::new(header.clone()).unwrap();
        let facts = Facts { origin: Some(l1(header.origin().number)), beneficiary: Some(BENEFICIARY) };
        self.check_with(header, body, &facts)
    }

    pub(super) fn check_with(
        &mut self,
        header: BatchHeader,
        body: &BatchBody,
        facts: &Facts,
    ) -> Result<Arc<ExecutedBatch>, ExecutionError> {
        let batch = Batch::open(self.execution.rules(), header, body, |_| None).map_err(ExecutionError::Invalid)?;
        self.execution.check(&self.memory, batch, facts)
    }

    pub(super) fn account(&self, address: Address) -> Account {
        self.memory.account(&address).unwrap().unwrap_or_default()
    }

    pub(super) fn slot(&self, address: Address, slot: U256) -> U256 {
        self.memory.slot(&address, &slot).unwrap()
    }

    /// The coins of all accounts.
    pub(super) fn supply(&self) -> U256 {
        self.memory.accounts().map(|(_, account)| account.balance).sum()
    }
}

pub(super) fn extra(origin_number: u64, view: u64) -> ExtraData {
    ExtraData { epoch: Epoch(3), origin_number, parent_view: View(view), parent_signers: Signers(0b111) }
}

/// A batch of which only `fault` is wrong is invalid in just this way, and leaves nothing behind.
#[track_caller]
pub(super) fn refuses(checker: &mut World, header: &Header, body: &BatchBody, expected: &Invalid) {
    let refused = checker.check(header, body).map(|batch| batch.header().hash());
    assert_eq!(refused, Err(ExecutionError::Invalid(expected.clone())));
    assert!(checker.execution.unfinal(&header.hash_slow()).is_none());
}

/// The state root computed from nothing but the flat state, by another library.
pub(super) fn root_from_scratch(memory: &MemoryState) -> B256 {
    let mut storages = BTreeMap::<Address, Vec<(B256, U256)>>::new();
    for ((address, slot), value) in memory.slots() {
        storages.entry(*address).or_default().push((B256::from(*slot), *value));
    }
    root::state_root_unhashed(memory.accounts().map(|(address, account)| {
        let storage_root = root::storage_root_unhashed(storages.remove(address).unwrap_or_default());
        (*address, TrieAccount::new(account.nonce, account.balance, storage_root, account.code_hash))
    }))
}

/// A small generator with a seed (SplitMix64).
#[derive(Clone, Debug)]
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
