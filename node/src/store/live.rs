//! What a restart needs of views that are not final: candidates and certificates.

use std::collections::BTreeMap;

use alloy_primitives::{B256, Bytes};
use rota_consensus::Candidate;
use rota_proto::{BatchHeader, Certificate, Justification, Message, Round};

use super::{
    SledStore, StoreError, certificate_of,
    codec::{damaged, join, split},
    key, round_bytes, round_of,
};

impl SledStore {
    /// Makes a candidate durable: its header, its justification, its body.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_candidate(&self, candidate: &Candidate, body: &[u8]) -> Result<(), StoreError> {
        let header = candidate.header.encode();
        let justification = &candidate.justification;
        let encode = |certificate: &Certificate| Message::Certificate(certificate.clone()).encode();
        let parent = justification.parent.as_ref().map(encode).unwrap_or_default();
        let nullifications: Vec<Vec<u8>> = justification.nullifications.iter().map(encode).collect();
        let mut parts: Vec<&[u8]> = vec![&header, body, &parent];
        parts.extend(nullifications.iter().map(Vec::as_slice));
        let key = key(1, &[&round_bytes(candidate.round), candidate.header.hash().as_slice()]);
        self.live.insert(key, join(&parts))?;
        self.flush()
    }

    /// Keeps a certificate. It is durable with the next flush, which the driver makes before it signs anything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_certificate(&self, certificate: &Certificate) -> Result<(), StoreError> {
        let vote = certificate.vote;
        let key = key(2, &[&round_bytes(vote.round), &[vote.kind.code()], vote.batch.as_slice()]);
        self.live.insert(key, Message::Certificate(certificate.clone()).encode())?;
        Ok(())
    }

    /// The certificates of a round.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn certificates(&self, round: Round) -> Result<Vec<Certificate>, StoreError> {
        let records = self.live.scan_prefix(key(2, &[&round_bytes(round)]));
        records.map(|record| certificate_of("live", &record?.1)).collect()
    }

    /// A candidate's header and body, whatever its round.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn candidate(&self, round: Round, batch: B256) -> Result<Option<(Candidate, Bytes)>, StoreError> {
        let record = self.live.get(key(1, &[&round_bytes(round), batch.as_slice()]))?;
        record.map(|bytes| candidate_of(round, &bytes)).transpose()
    }

    /// Candidates from a round on, parents before children, and their bodies by the hash of their header.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn candidates_from(&self, round: Round) -> Result<(Vec<Candidate>, BTreeMap<B256, Bytes>), StoreError> {
        let (mut candidates, mut bodies) = (Vec::new(), BTreeMap::new());
        for record in self.live.range(key(1, &[&round_bytes(round)])..key(2, &[])) {
            let (key, bytes) = record?;
            let round = round_of(key.get(1..17).ok_or_else(|| damaged("live", "a candidate's key"))?)?;
            let (candidate, body) = candidate_of(round, &bytes)?;
            bodies.insert(candidate.header.hash(), body);
            candidates.push(candidate);
        }
        candidates.sort_by_key(|candidate| (candidate.header.height(), candidate.round));
        Ok((candidates, bodies))
    }

    /// Certificates from a round on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn certificates_from(&self, round: Round) -> Result<Vec<Certificate>, StoreError> {
        let records = self.live.range(key(2, &[&round_bytes(round)])..);
        records.map(|record| certificate_of("live", &record?.1)).collect()
    }

    /// Forgets candidates below a round, and certificates below another: those are kept for the evidence window.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn prune_live(&self, candidates: Round, certificates: Round) -> Result<(), StoreError> {
        for (kind, below) in [(1, candidates), (2, certificates)] {
            for record in self.live.range(key(kind, &[])..key(kind, &[&round_bytes(below)])) {
                self.live.remove(record?.0)?;
            }
        }
        Ok(())
    }
}

fn candidate_of(round: Round, bytes: &[u8]) -> Result<(Candidate, Bytes), StoreError> {
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
