//! Writing final batches.

use alloy_primitives::{B256, Bytes};
use rota_execution::{Changes, Genesis, TransactionReceipt};
use rota_proto::{BatchHeader, Certificate, Epoch, Message, Round};
use sled::{
    Transactional,
    transaction::{ConflictableTransactionError, TransactionError, TransactionalTree},
};

use super::{
    FinalRecord, Head, SledStore, Store as _, StoreError, change_log::StateRecords, codec::join, key,
    pending::write_records, round_bytes,
};

/// Records of genesis that are written at once.
const GENESIS_PIECE: usize = 4_096;

/// What one transaction writes, put into bytes before it begins: sled may run it more than once.
#[derive(Default)]
struct Writes {
    state: StateRecords,
    chain: Vec<(Vec<u8>, Vec<u8>)>,
    head: Vec<u8>,
}

impl SledStore {
    /// The state goes in by pieces, for one transaction over it all would take ten times its size in memory; the head
    /// comes last, so that a crash between them begins anew.
    pub(super) fn write_genesis(&self, genesis: &Genesis) -> Result<(), StoreError> {
        let expected = genesis.header.hash();
        if let Some(first) = self.batch_by_height(0)? {
            let found = first.header.hash();
            return if found == expected { Ok(()) } else { Err(StoreError::OtherGenesis { found, expected }) };
        }
        match self.meta("genesis")? {
            None => self.put_meta("genesis", expected.as_slice())?,
            Some(begun) if begun == expected.as_slice() => {}
            Some(begun) => {
                return Err(StoreError::OtherGenesis {
                    found: B256::try_from(begun.as_slice()).unwrap_or_default(),
                    expected,
                });
            }
        }
        let mut state = Writes::default();
        state.changes(&genesis.changes);
        for piece in state.state.chunks(GENESIS_PIECE) {
            write_records(&self.state, piece.iter().map(|(key, value)| (key, value)))?;
            self.flush()?;
        }
        let mut writes = Writes::default();
        writes.batch(&genesis.header, &rota_proto::BatchBody::default().encode(), None);
        writes.head = head_bytes(&Head::of_genesis(&genesis.header));
        self.write_chain(&writes)?;
        self.flush()
    }

    /// All in one transaction; the changes of the state go into the change log.
    pub(super) fn write_final(
        &self,
        records: &[FinalRecord],
        round: Round,
        opens: Option<Epoch>,
    ) -> Result<(), StoreError> {
        let (Some(head), Some(last)) = (self.head()?, records.last()) else { return Ok(()) };
        let mut writes = Writes::default();
        for record in records {
            let header = record.executed.header();
            writes.changes(record.executed.changes());
            writes.batch(header, &record.body, record.finalization.as_ref());
            writes.receipts(header, record.executed.receipts());
        }
        let last = last.executed.header();
        let height = last.height().0;
        writes.head = head_bytes(&head.after(last, round, opens));
        let state = std::mem::take(&mut writes.state);
        self.pending.commit(height, state, || {
            self.write_chain(&writes)?;
            self.flush()
        })
    }

    fn write_chain(&self, writes: &Writes) -> Result<(), StoreError> {
        let done = (&self.chain, &self.meta).transaction(|(chain, meta): &(TransactionalTree, TransactionalTree)| {
            for (key, value) in &writes.chain {
                chain.insert(key.as_slice(), value.as_slice())?;
            }
            meta.insert("head".as_bytes(), writes.head.as_slice())?;
            Ok::<(), ConflictableTransactionError<()>>(())
        });
        done.map_err(|error| match error {
            TransactionError::Storage(error) => error.into(),
            TransactionError::Abort(()) => sled::Error::Unsupported("an abort".into()).into(),
        })
    }
}

impl Writes {
    fn changes(&mut self, changes: &Changes) {
        for (address, account) in &changes.accounts {
            let value = account.map(|account| Bytes::from(alloy_rlp::encode(account)));
            self.state.push((key(1, &[address.as_slice()]), value));
        }
        for ((address, slot), value) in &changes.slots {
            let stored = (!value.is_zero()).then(|| Bytes::from(value.to_be_bytes::<32>()));
            self.state.push((key(2, &[address.as_slice(), &slot.to_be_bytes::<32>()]), stored));
        }
        for (hash, code) in &changes.codes {
            self.state.push((key(3, &[hash.as_slice()]), Some(code.clone())));
        }
        for (node, record) in &changes.nodes {
            self.state.push((key(4, &[&node.encode()]), record.clone()));
        }
    }

    fn batch(&mut self, header: &BatchHeader, body: &[u8], finalization: Option<&Certificate>) {
        let height = header.height().0.to_be_bytes();
        let finalization = finalization.map(|certificate| Message::Certificate(certificate.clone()).encode());
        let record = join(&[&header.encode(), body, &finalization.unwrap_or_default()]);
        self.chain.push((key(1, &[&height]), record));
        self.chain.push((key(3, &[header.hash().as_slice()]), height.to_vec()));
    }

    fn receipts(&mut self, header: &BatchHeader, receipts: &[TransactionReceipt]) {
        let height = header.height().0.to_be_bytes();
        self.chain.push((key(2, &[&height]), TransactionReceipt::encode_all(receipts)));
        for (index, receipt) in (0u32..).zip(receipts) {
            let place = [height.as_slice(), &index.to_be_bytes()].concat();
            self.chain.push((key(4, &[receipt.transaction.as_slice()]), place));
        }
    }
}

fn head_bytes(head: &Head) -> Vec<u8> {
    join(&[&head.header.encode(), &round_bytes(head.round), &head.opening.encode()])
}
