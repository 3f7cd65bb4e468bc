//! What a restart needs of views that are not final: candidates and certificates.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use rota_consensus::Candidate;
use rota_proto::{BatchHeader, Certificate, Justification, Message, Round};

use super::{
    StoreError, certificate_of,
    codec::{damaged, join, split},
    key, round_bytes, round_of,
};
use crate::store::sort_candidates;

/// The tree `live`. Nothing here flushes.
#[derive(Clone, Debug)]
pub(super) struct LiveTree(pub(super) sled::Tree);

impl LiveTree {
    pub(super) fn put_candidate(&self, candidate: &Candidate, body: &[u8]) -> Result<(), StoreError> {
        let header = candidate.header.encode();
        let justification = &candidate.justification;
        let encode = |certificate: &Certificate| Message::Certificate(certificate.clone()).encode();
        let parent = justification.parent.as_ref().map(encode).unwrap_or_default();
        let nullifications: Vec<Vec<u8>> = justification.nullifications.iter().map(encode).collect();
        let mut parts: Vec<&[u8]> = vec![&header, body, &parent];
        parts.extend(nullifications.iter().map(Vec::as_slice));
        let key = key(1, &[&round_bytes(candidate.round), candidate.header.hash().as_slice()]);
        self.0.insert(key, join(&parts))?;
        Ok(())
    }

    pub(super) fn put_certificate(&self, certificate: &Certificate) -> Result<(), StoreError> {
        let vote = certificate.vote;
        let key = key(2, &[&round_bytes(vote.round), &[vote.kind.code()], vote.batch.as_slice()]);
        self.0.insert(key, Message::Certificate(certificate.clone()).encode())?;
        Ok(())
    }

    pub(super) fn certificates(&self, round: Round) -> Result<Vec<Certificate>, StoreError> {
        let records = self.0.scan_prefix(key(2, &[&round_bytes(round)]));
        records.map(|record| certificate_of("live", &record?.1)).collect()
    }

    pub(super) fn candidate(&self, round: Round, batch: B256) -> Result<Option<(Candidate, Bytes)>, StoreError> {
        let record = self.0.get(key(1, &[&round_bytes(round), batch.as_slice()]))?;
        record.map(|bytes| candidate_of(round, &bytes)).transpose()
    }

    pub(super) fn candidates_from(&self, round: Round) -> Result<(Vec<Candidate>, BTreeMap<B256, Bytes>), StoreError> {
        let (mut candidates, mut bodies) = (Vec::new(), BTreeMap::new());
        for record in self.0.range(key(1, &[&round_bytes(round)])..key(2, &[])) {
            let (key, bytes) = record?;
            let round = round_of(key.get(1..17).ok_or_else(|| damaged("live", "a candidate's key"))?)?;
            let (candidate, body) = candidate_of(round, &bytes)?;
            bodies.insert(candidate.header.hash(), body);
            candidates.push(candidate);
        }
        sort_candidates(&mut candidates);
        Ok((candidates, bodies))
    }

    pub(super) fn certificates_from(&self, round: Round) -> Result<Vec<Certificate>, StoreError> {
        let records = self.0.range(key(2, &[&round_bytes(round)])..);
        records.map(|record| certificate_of("live", &record?.1)).collect()
    }

    pub(super) fn prune(&self, candidates: Round, certificates: Round) -> Result<(), StoreError> {
        for (kind, below) in [(1, candidates), (2, certificates)] {
            for record in self.0.range(key(kind, &[])..key(kind, &[&round_bytes(below)])) {
                self.0.remove(record?.0)?;
            }
        }
        Ok(())
    }
}

pub(super) fn candidate_of(round: Round, bytes: &[u8]) -> Result<(Candidate, Bytes), StoreError> {
    let parts = split("live", bytes)?;
    let [header, body, parent, nullifications @ ..] = parts.as_slice() else {
        return Err(damaged("live", "a candidate's parts"));
    };
    let header = BatchHeader::decode(header).map_err(|error| damaged("live", error))?;
    let parent = if parent.is_empty() { None } else { Some(certificate_of("live", parent)?) };
    let nullifications = nullifications.iter().map(|bytes| certificate_of("live", bytes)).collect::<Result<_, _>>()?;
    let justification = Justification { parent, nullifications };
    Ok((Candidate { round, header, justification }, Bytes::copy_from_slice(body)))
}
