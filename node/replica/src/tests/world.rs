//! What surrounds the replicas of these tests: keys, an L1 whose blocks follow from their numbers, a genesis, wallets,
//! and the words of validators that are not there.

use std::{collections::BTreeMap, sync::Arc};

use alloy_consensus::{SignableTransaction, TxEip1559, TxEip7702, TxEnvelope};
use alloy_eips::{eip2718::Encodable2718 as _, eip7702::Authorization};
use alloy_primitives::{Address, B256, U256, keccak256};
use ed25519_dalek::{Signer as _, SigningKey};
use rota_execution::{Batch, BatchEnvironment, Budget, Execution, Facts, L1Block as OriginBlock, MemoryState};
use rota_proto::{
    BatchBody, BatchHeader, Certificate, ConsensusKey, Epoch, EpochSchedule, ExtraData, Justification, L1Origin,
    Message, Place, Proposal, Round, Signature, SignedVote, Signers, SigningDomain, Transaction, View, Vote,
    VotingPower,
};
use rota_staking::{Genesis, L1Block, Registry, ValidatorChange};
use serde_json::json;

pub(super) const ROLLUP: u64 = 7_682;
/// The devnet's stakes: any three of four are a quorum.
pub(super) const STAKES: [u64; 4] = [30, 27, 23, 20];
/// The block of the contract's deployment, which is the genesis origin; epochs have ten blocks.
pub(super) const ORIGIN: u64 = 100;
/// A second after the genesis origin, in milliseconds.
pub(super) const NOON_MS: u64 = 1_000 * (time_of(ORIGIN) + 1);

pub(super) const fn time_of(number: u64) -> u64 {
    1_700_000_000 + 12 * number
}

pub(super) fn domain() -> SigningDomain {
    SigningDomain::new(31_337, Address::repeat_byte(1), ROLLUP)
}

fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number + 1; 32])
}

pub(super) fn key(number: u8) -> ConsensusKey {
    ConsensusKey::from_bytes(secret(number).verifying_key().as_bytes()).expect("a key that was generated")
}

pub(super) fn place(number: u8) -> Place {
    Place::new(number).expect("below 128")
}

/// The place that leads a view.
pub(super) fn leader_of(replica: &crate::Replica, view: u64) -> u8 {
    let key = replica.leader_of(round(view)).expect("the registry knows the epoch");
    let set = replica.simplex().set(round(view).epoch).expect("our epoch");
    set.place_of(&key).expect("a leader has a place").into()
}

pub(super) const fn round(view: u64) -> Round {
    Round::new(Epoch(0), View(view))
}

/// A vote with the real signature of a validator.
pub(super) fn signed(vote: Vote, number: u8) -> SignedVote {
    let signature = secret(number).sign(domain().vote(&vote).as_slice());
    SignedVote { vote, signer: place(number), signature: Signature(signature.to_bytes()) }
}

/// The certificate that these validators sign.
pub(super) fn certificate(vote: Vote, numbers: &[u8]) -> Certificate {
    let signers: Signers = numbers.iter().map(|number| place(*number)).collect();
    let signatures = numbers.iter().map(|number| signed(vote, *number).signature).collect();
    Certificate { vote, signers, signatures }
}

pub(super) fn change(epoch: u64, number: u8, power: u64) -> ValidatorChange {
    ValidatorChange {
        effective_epoch: Epoch(epoch),
        place: place(number),
        operator: Address::repeat_byte(number),
        consensus_key: key(number).to_bytes().into(),
        power: VotingPower(power),
        fee_recipient: Address::repeat_byte(0x80 | number),
    }
}

pub(super) fn block_with(number: u64, changes: Vec<ValidatorChange>) -> L1Block {
    let hash = |number: u64| keccak256(format!("block {number}"));
    let prevrandao = keccak256(format!("randomness of block {number}"));
    L1Block {
        number,
        hash: hash(number),
        parent_hash: hash(number - 1),
        timestamp: time_of(number),
        prevrandao,
        changes,
        change_hash: None,
    }
}

pub(super) fn block(number: u64) -> L1Block {
    block_with(number, Vec::new())
}

pub(super) fn registry() -> Registry {
    let schedule = EpochSchedule::new(ORIGIN, 10).expect("good numbers");
    let origin = L1Origin { number: ORIGIN, hash: block(ORIGIN).hash };
    let seeds = STAKES.iter().zip(0..).map(|(power, number)| change(0, number, *power)).collect();
    let genesis = Genesis { rollup_chain_id: ROLLUP, schedule, origin };
    Registry::begin(genesis, &block_with(ORIGIN, seeds)).expect("a deployment").0
}

/// A genesis with ten funded wallets.
pub(super) fn genesis() -> rota_execution::Genesis {
    let mut alloc = serde_json::Map::new();
    for number in 0..10 {
        alloc.insert(Wallet::new(number).address.to_string(), json!({ "balance": "0xde0b6b3a7640000" }));
    }
    for (address, code) in rota_execution::system_contracts() {
        alloc.insert(address.to_string(), json!({ "balance": "0x0", "nonce": "0x1", "code": code }));
    }
    let origin = block(ORIGIN);
    let rota = json!({ "vault": Address::repeat_byte(0xee), "originNumber": ORIGIN, "originHash": origin.hash });
    let json = json!({
        "config": { "chainId": ROLLUP, "pragueTime": 0, "rota": rota },
        "nonce": "0x0",
        "timestamp": format!("{:#x}", origin.timestamp),
        "extraData": "0x",
        "gasLimit": "0x1c9c380",
        "difficulty": "0x0",
        "mixHash": origin.prevrandao,
        "coinbase": Address::ZERO,
        "alloc": alloc,
    });
    rota_execution::Genesis::parse(&json.to_string()).expect("a good genesis")
}

/// An account that sends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wallet {
    secret: B256,
    pub(super) address: Address,
}

impl Wallet {
    pub(super) fn new(number: u64) -> Self {
        let secret = keccak256(number.to_be_bytes());
        let probe = alloy_consensus::crypto::secp256k1::sign_message(secret, B256::ZERO).expect("a key");
        Self { secret, address: probe.recover_address_from_prehash(&B256::ZERO).expect("its own signature") }
    }

    /// A transfer of 1 wei.
    pub(super) fn sends(&self, nonce: u64) -> Arc<Transaction> {
        self.sends_with(nonce, 21_000, 1)
    }

    /// A transfer that may use so much gas and tips so many gwei.
    pub(super) fn sends_with(&self, nonce: u64, gas_limit: u64, tip_gwei: u128) -> Arc<Transaction> {
        let (to, value) = (Address::repeat_byte(0x11).into(), U256::ONE);
        let transfer = TxEip1559 {
            chain_id: ROLLUP,
            nonce,
            gas_limit,
            max_fee_per_gas: 20_000_000_000,
            max_priority_fee_per_gas: tip_gwei * 1_000_000_000,
            to,
            value,
            ..TxEip1559::default()
        };
        self.seal(transfer)
    }

    /// A call of nobody that delegates the account of another wallet, as that one authorized.
    pub(super) fn delegates(&self, nonce: u64, other: &Self) -> Arc<Transaction> {
        let authorization = Authorization { chain_id: U256::from(ROLLUP), address: Address::repeat_byte(9), nonce: 0 };
        let hash = authorization.signature_hash();
        self.seal(TxEip7702 {
            chain_id: ROLLUP,
            nonce,
            gas_limit: 100_000,
            max_fee_per_gas: 20_000_000_000,
            max_priority_fee_per_gas: 1_000_000_000,
            authorization_list: vec![authorization.into_signed(other.signature(hash))],
            ..TxEip7702::default()
        })
    }

    fn seal<T>(&self, transaction: T) -> Arc<Transaction>
    where
        T: SignableTransaction<alloy_primitives::Signature>,
        TxEnvelope: From<alloy_consensus::Signed<T>>,
    {
        let signature = self.signature(transaction.signature_hash());
        let bytes = TxEnvelope::from(transaction.into_signed(signature)).encoded_2718();
        Arc::new(Transaction::decode(&bytes).expect("a good transaction"))
    }

    fn signature(&self, hash: B256) -> alloy_primitives::Signature {
        alloy_consensus::crypto::secp256k1::sign_message(self.secret, hash).expect("a key")
    }
}

/// A batch that somebody else built.
#[derive(Clone, Debug)]
pub(super) struct Foreign {
    pub(super) header: BatchHeader,
    pub(super) body: BatchBody,
}

impl Foreign {
    pub(super) fn hash(&self) -> B256 {
        self.header.hash()
    }

    pub(super) fn body_message(&self) -> Message {
        Message::Body(rota_proto::BodyMessage { batch: self.hash(), transactions: self.body.encode() })
    }

    /// The proposal of its leader, justified by these.
    pub(super) fn proposed(&self, view: u64, leader: u8, because: Justification) -> Message {
        let vote = signed(Vote::notarize(round(view), self.hash()), leader);
        Message::Proposal(Box::new(Proposal { vote, header: self.header.clone(), justification: because }))
    }
}

/// Where a foreign batch stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    pub(super) origin: u64,
    pub(super) timestamp: u64,
    /// Whose fee recipient it names.
    pub(super) proposer: u8,
    /// The view of the parent's notarization, and who signed it.
    pub(super) parent_view: u64,
    pub(super) parent_signers: Signers,
}

/// On genesis, a second after noon, on the genesis origin.
pub(super) const fn on_genesis(proposer: u8) -> Site {
    let timestamp = NOON_MS / 1_000;
    Site { origin: ORIGIN, timestamp, proposer, parent_view: 0, parent_signers: Signers::NONE }
}

/// The execution of somebody else.
pub(super) struct Bench {
    execution: Execution,
    memory: MemoryState,
}

impl Bench {
    pub(super) fn new() -> Self {
        let genesis = genesis();
        let memory = MemoryState::genesis(&genesis);
        Self { execution: Execution::new(genesis.rules, genesis.header), memory }
    }

    /// A valid batch of epoch 0.
    pub(super) fn build(&mut self, parent: B256, site: Site, transactions: &[Arc<Transaction>]) -> Foreign {
        let l1 = block(site.origin);
        let extra = ExtraData {
            epoch: Epoch(0),
            origin_number: l1.number,
            parent_view: View(site.parent_view),
            parent_signers: site.parent_signers,
        };
        let origin = L1Origin { number: l1.number, hash: l1.hash };
        let environment = BatchEnvironment {
            parent,
            timestamp: site.timestamp,
            origin: OriginBlock { origin, timestamp: l1.timestamp, prevrandao: l1.prevrandao },
            beneficiary: Address::repeat_byte(0x80 | site.proposer),
            extra,
        };
        let mut chains = BTreeMap::<Address, Vec<_>>::new();
        for transaction in transactions {
            chains.entry(transaction.sender()).or_default().push(Arc::clone(transaction));
        }
        let chains = chains.into_values().map(Vec::into_iter);
        let built = self.execution.build(&self.memory, &environment, &Budget::default(), chains).expect("a good batch");
        assert_eq!(built.body.0.len(), transactions.len(), "{:?}", built.refused);
        Foreign { header: built.executed.header().clone(), body: built.body }
    }

    /// Makes a batch final.
    pub(super) fn finalize(&mut self, batch: B256) {
        for executed in self.execution.finalize(&batch).expect("it was built here") {
            self.memory.apply(&executed);
        }
    }

    /// Whether a batch follows the rules.
    pub(super) fn finds_valid(&mut self, batch: &Foreign) -> bool {
        let opened = Batch::open(self.execution.rules(), batch.header.clone(), &batch.body, |_| None);
        opened.is_ok_and(|opened| self.execution.check(&self.memory, opened, &Facts::default()).is_ok())
    }
}
