//! Genesis: the state and the header that the chain begins with, from a geth-style `genesis.json` (rules X1 to X3).

use std::collections::BTreeMap;

use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, EMPTY_ROOT_HASH, Header, constants::EMPTY_WITHDRAWALS};
use alloy_eips::{
    eip2935::{HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE},
    eip4788::{BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE},
    eip7685::EMPTY_REQUESTS_HASH,
};
use alloy_genesis::GenesisAccount;
use alloy_primitives::{Address, B64, B256, Bloom, Bytes, KECCAK256_EMPTY, U256, keccak256};
use rota_proto::{BatchHeader, Epoch, ExtraData, HeaderError, ORIGIN_NUMBER_MAX, Signers, View};
use serde::{Deserialize, Serialize};

use crate::{
    Account, ChainRules, Changes, MemoryState, StateError,
    limits::{BASE_FEE_MAX, GAS_LIMIT_MAX, GAS_LIMIT_MIN, SUPPLY_BITS_MAX},
    trie::{self, AccountEdit, Child, Edit, SlotEdit},
};

/// Rota's own settings: the object `rota` in the `config` of a genesis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotaConfig {
    /// The base fee changes by at most this part of itself at twice the target. At several batches a second the 8 of
    /// Ethereum would run away from wallets.
    #[serde(default = "default_denominator")]
    pub base_fee_denominator: u64,
    /// The gas limit as a multiple of the gas target.
    #[serde(default = "default_elasticity")]
    pub elasticity: u64,
    /// The lowest base fee, in wei per gas.
    #[serde(default = "default_minimum_base_fee")]
    pub minimum_base_fee_wei: u64,
    /// Who is credited the base fee.
    pub vault: Address,
    /// The epoch that genesis opens: the one its L1 origin lies in.
    #[serde(default)]
    pub epoch: u64,
    /// The number of the L1 block that genesis builds on.
    pub origin_number: u64,
    /// The hash of that block.
    pub origin_hash: B256,
}

const fn default_denominator() -> u64 {
    250
}

const fn default_elasticity() -> u64 {
    2
}

const fn default_minimum_base_fee() -> u64 {
    1_000_000
}

/// The largest elasticity: with it and [`BASE_FEE_MAX`], no step of the base fee leaves 64 bits.
const ELASTICITY_MAX: u64 = 16;

/// Why a genesis is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Not the JSON of a genesis.
    #[error("genesis is no valid JSON: {0}")]
    Json(String),
    /// `config.rota` is missing or wrong.
    #[error("genesis: config.rota: {0}")]
    Config(String),
    /// A field that Rota fixes holds something else.
    #[error("genesis: {field} must be {expected}")]
    Fixed {
        /// The field.
        field: &'static str,
        /// What it must hold.
        expected: String,
    },
    /// A number lies outside its bounds.
    #[error("genesis: {field} is {value}, outside {least} to {most}")]
    Bounds {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: u128,
        /// The least it may hold.
        least: u128,
        /// The most it may hold.
        most: u128,
    },
    /// A system contract is not in `alloc`, or has other code.
    #[error("genesis: alloc must hold the system contract {0} with its code")]
    SystemContract(Address),
    /// An account that holds nothing, which EIP-161 takes for absent.
    #[error("genesis: account {0} has no nonce, balance or code")]
    EmptyAccount(Address),
    /// Storage under an address where a contract could still be created (EIP-7610).
    #[error("genesis: account {0} has storage, but neither code nor a nonce")]
    StorageWithoutCode(Address),
    /// More coins than arithmetic in 128 bits bears.
    #[error("genesis: all balances together need {0} bits; {SUPPLY_BITS_MAX} are allowed")]
    Supply(usize),
    /// The header is refused.
    #[error("genesis: {0}")]
    Header(#[from] HeaderError),
}

/// A chain's beginning.
#[derive(Clone, Debug)]
pub struct Genesis {
    /// The numbers it fixes.
    pub rules: ChainRules,
    /// The batch of height 0.
    pub header: BatchHeader,
    /// The whole state, as changes of an empty one.
    pub changes: Changes,
}

/// The contracts that every genesis must hold, with their code: block hashes (EIP-2935), L1 origins (EIP-4788).
#[must_use]
pub fn system_contracts() -> [(Address, Bytes); 2] {
    [(HISTORY_STORAGE_ADDRESS, HISTORY_STORAGE_CODE.clone()), (BEACON_ROOTS_ADDRESS, BEACON_ROOTS_CODE.clone())]
}

impl Genesis {
    /// Reads the JSON of a genesis (rules X1 to X3).
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn parse(json: &str) -> Result<Self, GenesisError> {
        Self::new(&serde_json::from_str(json).map_err(|error| GenesisError::Json(error.to_string()))?)
    }

    /// Checks a genesis and computes its state and header.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn new(genesis: &alloy_genesis::Genesis) -> Result<Self, GenesisError> {
        let rota = genesis.config.extra_fields.get("rota").ok_or_else(|| GenesisError::Config("is missing".into()))?;
        let rota: RotaConfig =
            serde_json::from_value(rota.clone()).map_err(|error| GenesisError::Config(error.to_string()))?;
        check_fixed(genesis)?;
        check_bounds(genesis, &rota)?;
        check_accounts(&genesis.alloc)?;
        let (changes, state_root) = state(&genesis.alloc);
        let header = header(genesis, &rota, state_root)?;
        let rules = ChainRules {
            chain_id: genesis.config.chain_id,
            gas_limit: genesis.gas_limit,
            base_fee_denominator: rota.base_fee_denominator,
            elasticity: rota.elasticity,
            minimum_base_fee_wei: rota.minimum_base_fee_wei,
            vault: rota.vault,
        };
        Ok(Self { rules, header, changes })
    }
}

/// Rule X1: the fork is Prague from the start, and the header's fixed fields are at rest.
fn check_fixed(genesis: &alloy_genesis::Genesis) -> Result<(), GenesisError> {
    let config = &genesis.config;
    let later = [
        ("config.osakaTime", config.osaka_time),
        ("config.amsterdamTime", config.amsterdam_time),
        ("config.bogotaTime", config.bogota_time),
        ("config.bpo1Time", config.bpo1_time),
        ("config.bpo2Time", config.bpo2_time),
        ("config.bpo3Time", config.bpo3_time),
        ("config.bpo4Time", config.bpo4_time),
        ("config.bpo5Time", config.bpo5_time),
    ];
    let absent = later.into_iter().map(|(field, time)| (field, time.is_none(), "absent"));
    let fixed = [
        ("config.pragueTime", config.prague_time == Some(0), "0"),
        ("nonce", genesis.nonce == 0, "0"),
        ("difficulty", genesis.difficulty.is_zero(), "0"),
        ("number", genesis.number.unwrap_or(0) == 0, "0 or absent"),
        ("parentHash", genesis.parent_hash.unwrap_or_default().is_zero(), "0 or absent"),
        ("extraData", genesis.extra_data.is_empty(), "empty, for Rota fills it"),
        ("blobGasUsed", genesis.blob_gas_used.unwrap_or(0) == 0, "0 or absent"),
        ("excessBlobGas", genesis.excess_blob_gas.unwrap_or(0) == 0, "0 or absent"),
        ("slotNumber", genesis.slot_number.is_none(), "absent"),
    ];
    match fixed.into_iter().chain(absent).find(|(_, holds, _)| !holds) {
        Some((field, _, expected)) => Err(GenesisError::Fixed { field, expected: expected.into() }),
        None => Ok(()),
    }
}

/// Rule X2: the numbers lie where arithmetic and machines bear them.
fn check_bounds(genesis: &alloy_genesis::Genesis, rota: &RotaConfig) -> Result<(), GenesisError> {
    if rota.vault.is_zero() {
        return Err(GenesisError::Fixed { field: "config.rota.vault", expected: "an account, not zero".into() });
    }
    let minimum = u128::from(rota.minimum_base_fee_wei);
    let base_fee = genesis.base_fee_per_gas.unwrap_or(minimum);
    let bounds = [
        ("config.chainId", genesis.config.chain_id.into(), 1, u64::MAX.into()),
        ("gasLimit", genesis.gas_limit.into(), GAS_LIMIT_MIN.into(), GAS_LIMIT_MAX.into()),
        ("config.rota.baseFeeDenominator", rota.base_fee_denominator.into(), 1, u32::MAX.into()),
        ("config.rota.elasticity", rota.elasticity.into(), 1, ELASTICITY_MAX.into()),
        ("config.rota.minimumBaseFeeWei", minimum, 1, BASE_FEE_MAX.into()),
        ("baseFeePerGas", base_fee, minimum, BASE_FEE_MAX.into()),
        ("config.rota.originNumber", rota.origin_number.into(), 0, ORIGIN_NUMBER_MAX.into()),
        ("config.rota.epoch", rota.epoch.into(), 0, Epoch::MAX.0.into()),
    ];
    match bounds.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
        Some((field, value, least, most)) => Err(GenesisError::Bounds { field, value, least, most }),
        None => Ok(()),
    }
}

/// Rule X3: what no execution could have left behind does not stand in the first state either.
fn check_accounts(alloc: &BTreeMap<Address, GenesisAccount>) -> Result<(), GenesisError> {
    for (address, code) in system_contracts() {
        if alloc.get(&address).and_then(|account| account.code.as_ref()) != Some(&code) {
            return Err(GenesisError::SystemContract(address));
        }
    }
    let mut supply = U256::ZERO;
    for (address, entry) in alloc {
        let account = account(entry);
        if account.is_empty() {
            return Err(GenesisError::EmptyAccount(*address));
        }
        if account.code_hash == KECCAK256_EMPTY && account.nonce == 0 && slots(entry).next().is_some() {
            return Err(GenesisError::StorageWithoutCode(*address));
        }
        supply = supply.saturating_add(account.balance);
    }
    if supply.bit_len() > SUPPLY_BITS_MAX {
        return Err(GenesisError::Supply(supply.bit_len()));
    }
    Ok(())
}

fn account(entry: &GenesisAccount) -> Account {
    let code_hash = entry.code.as_ref().map_or(KECCAK256_EMPTY, keccak256);
    Account { nonce: entry.nonce.unwrap_or(0), balance: entry.balance, code_hash }
}

fn slots(entry: &GenesisAccount) -> impl Iterator<Item = (U256, U256)> {
    let stored = entry.storage.iter().flatten();
    stored
        .map(|(slot, value)| (U256::from_be_bytes(slot.0), U256::from_be_bytes(value.0)))
        .filter(|(_, value)| !value.is_zero())
}

/// The whole first state and its root.
fn state(alloc: &BTreeMap<Address, GenesisAccount>) -> (Changes, B256) {
    let mut changes = Changes::default();
    let mut codes = BTreeMap::new();
    let mut edits = Vec::with_capacity(alloc.len());
    for (address, entry) in alloc {
        let account = account(entry);
        changes.accounts.push((*address, Some(account)));
        changes.slots.extend(slots(entry).map(|(slot, value)| ((*address, slot), value)));
        if let Some(code) = entry.code.as_ref().filter(|code| !code.is_empty()) {
            codes.insert(account.code_hash, code.clone());
        }
        let slot_edits = slots(entry).map(|(slot, value)| SlotEdit::new(slot, value)).collect();
        edits.push(AccountEdit::new(*address, Some(account), slot_edits));
    }
    changes.codes = codes.into_iter().collect();
    edits.sort_unstable_by(|a, b| a.key().cmp(b.key()));
    let updated: Result<_, StateError> = trie::update(&MemoryState::default(), &Child::Empty, (0, 0), &edits);
    let updated = updated.expect("an empty trie is not read");
    changes.nodes = updated.nodes;
    (changes, updated.root.root_hash())
}

fn header(genesis: &alloy_genesis::Genesis, rota: &RotaConfig, state_root: B256) -> Result<BatchHeader, GenesisError> {
    let extra = ExtraData {
        epoch: Epoch(rota.epoch),
        origin_number: rota.origin_number,
        parent_view: View::ZERO,
        parent_signers: Signers::NONE,
    };
    let base_fee = genesis
        .base_fee_per_gas
        .map_or(rota.minimum_base_fee_wei, |fee| u64::try_from(fee).expect("checked to be at most BASE_FEE_MAX"));
    Ok(BatchHeader::new(Header {
        parent_hash: B256::ZERO,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: genesis.coinbase,
        state_root,
        transactions_root: EMPTY_ROOT_HASH,
        receipts_root: EMPTY_ROOT_HASH,
        logs_bloom: Bloom::ZERO,
        difficulty: U256::ZERO,
        number: 0,
        gas_limit: genesis.gas_limit,
        gas_used: 0,
        timestamp: genesis.timestamp,
        extra_data: extra.encode(),
        mix_hash: genesis.mix_hash,
        nonce: B64::ZERO,
        base_fee_per_gas: Some(base_fee),
        withdrawals_root: Some(EMPTY_WITHDRAWALS),
        blob_gas_used: Some(0),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(rota.origin_hash),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        block_access_list_hash: None,
        slot_number: None,
    })?)
}
