//! Reading and writing fixed-width, big-endian fields.

use alloy_primitives::B256;
use rota_proto::{Epoch, Round, Signature, View};

/// What is left to read of an encoding. Every reader gives `None` past the end.
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl Reader<'_> {
    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn hash(&mut self) -> Option<B256> {
        self.array().map(B256::from)
    }

    pub(crate) fn signature(&mut self) -> Option<Signature> {
        self.array().map(Signature)
    }

    pub(crate) fn round(&mut self) -> Option<Round> {
        Some(Round::new(Epoch(self.u64()?), View(self.u64()?)))
    }
}

/// Appends a round: epoch, then view, 8 bytes each.
pub(crate) fn put_round(bytes: &mut Vec<u8>, round: Round) {
    bytes.extend_from_slice(&round.epoch.0.to_be_bytes());
    bytes.extend_from_slice(&round.view.0.to_be_bytes());
}
