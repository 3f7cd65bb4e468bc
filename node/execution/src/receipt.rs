//! Receipts: what a transaction did, as its root commits to it and as wallets ask for it (rules X12 and X13).

use alloy_consensus::{Eip658Value, Receipt, ReceiptEnvelope, Transaction as _, TxReceipt, TxType};
use alloy_primitives::{Address, B256, Bloom, Bytes, Log, TxKind};
use alloy_rlp::{Decodable, RlpDecodable, RlpEncodable};
use revm::context_interface::result::{ExecutionResult, HaltReason};
use rota_proto::Transaction;

/// The receipt of a transaction with what RPC adds from its surroundings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionReceipt {
    /// What the header's `receiptsRoot` commits to: type, status, cumulative gas, bloom, logs.
    pub envelope: ReceiptEnvelope<Log>,
    /// The transaction's hash.
    pub transaction: B256,
    /// Who sent it.
    pub from: Address,
    /// Whom it calls; nobody if it creates a contract.
    pub to: Option<Address>,
    /// The contract it created, even if in vain.
    pub contract: Option<Address>,
    /// The gas it used, after refunds, at least the floor of EIP-7623.
    pub gas_used: u64,
    /// What it paid for each gas, in wei: base fee and tip.
    pub effective_gas_price_wei: u128,
    /// The index of its first log in the batch; the others follow.
    pub first_log: u64,
}

/// What a store keeps of a receipt; the bloom follows from the logs.
#[derive(RlpEncodable, RlpDecodable)]
struct Stored {
    kind: u8,
    success: bool,
    cumulative_gas_used: u64,
    transaction: B256,
    from: Address,
    to: TxKind,
    contract: Bytes,
    gas_used: u64,
    effective_gas_price_wei: u128,
    first_log: u64,
    logs: Vec<Log>,
}

/// Why bytes are no stored receipts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored receipts are damaged: {0}")]
pub struct ReceiptsDamaged(String);

impl TransactionReceipt {
    /// The receipt of a transaction that ran after others of its batch used `gas_before` and left `first_log` logs.
    pub(crate) fn new(
        transaction: &Transaction,
        result: ExecutionResult<HaltReason>,
        base_fee: u64,
        (gas_before, first_log): (u64, u64),
    ) -> Self {
        let gas_used = result.tx_gas_used();
        let envelope = transaction.envelope();
        let to = envelope.to();
        let receipt = Receipt {
            status: Eip658Value::Eip658(result.is_success()),
            cumulative_gas_used: gas_before + gas_used,
            // A reverted transaction leaves none; the EVM has dropped them by then.
            logs: result.into_logs(),
        };
        Self {
            envelope: ReceiptEnvelope::from_typed(envelope.tx_type(), receipt.with_bloom()),
            transaction: transaction.hash(),
            from: transaction.sender(),
            to,
            contract: to.is_none().then(|| transaction.sender().create(transaction.nonce())),
            gas_used,
            effective_gas_price_wei: envelope.effective_gas_price(Some(base_fee)),
            first_log,
        }
    }

    /// Whether it did what it was to do, rather than revert.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.envelope.status()
    }

    /// Its logs.
    #[must_use]
    pub fn logs(&self) -> &[Log] {
        self.envelope.logs()
    }

    /// The receipts of a batch as a store keeps them: an RLP list.
    #[must_use]
    pub fn encode_all(receipts: &[Self]) -> Vec<u8> {
        let stored: Vec<_> = receipts.iter().map(Self::stored).collect();
        alloy_rlp::encode(&stored)
    }

    /// Reads what [`encode_all`](Self::encode_all) wrote.
    ///
    /// # Errors
    /// [`ReceiptsDamaged`].
    pub fn decode_all(mut bytes: &[u8]) -> Result<Vec<Self>, ReceiptsDamaged> {
        let stored = Vec::<Stored>::decode(&mut bytes).map_err(|error| ReceiptsDamaged(error.to_string()))?;
        if !bytes.is_empty() {
            return Err(ReceiptsDamaged(format!("{} bytes follow", bytes.len())));
        }
        stored.into_iter().map(Self::restored).collect()
    }

    fn stored(&self) -> Stored {
        Stored {
            kind: self.envelope.tx_type().into(),
            success: self.is_success(),
            cumulative_gas_used: self.envelope.cumulative_gas_used(),
            transaction: self.transaction,
            from: self.from,
            to: self.to.into(),
            contract: self.contract.map(|contract| Bytes::copy_from_slice(contract.as_slice())).unwrap_or_default(),
            gas_used: self.gas_used,
            effective_gas_price_wei: self.effective_gas_price_wei,
            first_log: self.first_log,
            logs: self.logs().to_vec(),
        }
    }

    fn restored(stored: Stored) -> Result<Self, ReceiptsDamaged> {
        let kind = TxType::try_from(stored.kind).map_err(|error| ReceiptsDamaged(error.to_string()))?;
        let contract = match stored.contract.len() {
            0 => None,
            _ => Some(Address::try_from(stored.contract.as_ref()).map_err(|error| ReceiptsDamaged(error.to_string()))?),
        };
        let receipt = Receipt {
            status: Eip658Value::Eip658(stored.success),
            cumulative_gas_used: stored.cumulative_gas_used,
            logs: stored.logs,
        };
        Ok(Self {
            envelope: ReceiptEnvelope::from_typed(kind, receipt.with_bloom()),
            transaction: stored.transaction,
            from: stored.from,
            to: stored.to.into(),
            contract,
            gas_used: stored.gas_used,
            effective_gas_price_wei: stored.effective_gas_price_wei,
            first_log: stored.first_log,
        })
    }
}

/// The root and the bloom that a header holds for these receipts.
pub(crate) fn commitments(receipts: &[TransactionReceipt]) -> (B256, Bloom) {
    let root = alloy_consensus::proofs::ordered_trie_root_with_encoder(receipts, |receipt, out| {
        alloy_eips::Encodable2718::encode_2718(&receipt.envelope, out);
    });
    let bloom = receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | receipt.envelope.bloom());
    (root, bloom)
}
