//! An entry whose one batch is longer than a transaction: its stream goes to L1 in parts first (rule P3).

use alloy_primitives::{B256, Bytes, keccak256};

use super::{
    Payload, PostError, Publisher,
    payload::{PART_BYTES, STREAM_BYTES_MAX},
};

/// What has to be sent next for an entry.
#[derive(Debug)]
pub(super) enum Next {
    /// The entry.
    Append(Payload),
    /// A part of its stream.
    Part {
        /// keccak256 of the stream.
        stream: B256,
        /// The part.
        bytes: Bytes,
    },
    /// Nothing: the parts are on L1, and not all in final blocks. An entry names them by hash, so none may vanish.
    AwaitFinal,
}

impl Publisher {
    /// The next transaction of an entry with this stream.
    pub(super) async fn next_of(&mut self, stream: &Bytes) -> Result<Next, PostError> {
        if stream.len() <= STREAM_BYTES_MAX {
            return Ok(Next::Append(Payload::Whole(stream.clone())));
        }
        let id = keccak256(stream);
        let known: Vec<B256> = self.journal.parts(id).collect();
        let mut all_final = true;
        for (index, part) in stream.chunks(PART_BYTES).enumerate() {
            let block = match known.get(index) {
                Some(transaction) => self.l1.mined_in(*transaction).await?,
                None => None,
            };
            let Some(block) = block else {
                if index < known.len() {
                    self.journal.keep_parts(index)?;
                }
                return Ok(Next::Part { stream: id, bytes: stream.slice_ref(part) });
            };
            all_final &= block <= self.final_number;
        }
        Ok(if all_final { Next::Append(Payload::InParts(known)) } else { Next::AwaitFinal })
    }
}
