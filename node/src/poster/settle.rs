//! How transactions of ours end (rule P11).

use super::{End, PostError, Publisher, Purpose, Record, chore::name_of, journal::Part};

impl Publisher {
    /// Rule P11: a transaction of ours is over.
    pub(super) fn settle(&mut self, end: End) -> Result<(), PostError> {
        let Some(Record { sent, hashes, .. }) = self.journal.record() else { return Ok(()) };
        let transaction = hashes.last().copied().unwrap_or_default();
        match (end, &sent.purpose) {
            (End::Done, Purpose::Append(entry)) => {
                tracing::info!(first = entry.first_height, last = entry.last_height, %transaction, "posted");
                self.metrics.transaction("posted");
            }
            (End::Done, Purpose::Part { entry, stream }) => {
                let transaction = self.mined.unwrap_or(transaction);
                tracing::info!(height = entry.first_height, %transaction, "a part of a long batch is on L1");
                self.metrics.transaction("part");
                let part = Part { stream: *stream, transaction };
                return Ok(self.journal.part_done(part)?);
            }
            (End::Done, Purpose::Slash(validator)) => {
                tracing::info!(%validator, %transaction, "evidence is on L1");
                self.metrics.transaction("evidence");
                self.docket.metrics.step("posted");
            }
            (End::Done, Purpose::Advance) => {
                tracing::info!(%transaction, "the sets went on");
                self.metrics.transaction("advanced");
            }
            (End::Done, Purpose::Chore(chore)) => {
                tracing::info!(?chore, %transaction, "L1 was told");
                self.metrics.transaction(name_of(*chore));
            }
            (End::Done, Purpose::Cancel) => self.metrics.transaction("called-back"),
            (End::Reverted, purpose) => {
                tracing::warn!(?purpose, %transaction, "reverted on L1: somebody else was first");
                self.metrics.failure("reverted");
            }
            (End::Overtaken, purpose) => {
                tracing::warn!(?purpose, nonce = sent.nonce, "another transaction of the submitter's took the nonce");
                self.metrics.failure("nonce-taken");
            }
            (End::Vanished, purpose) => {
                tracing::warn!(?purpose, nonce = sent.nonce, "L1 went back behind our transaction");
                self.metrics.failure("reorganized");
            }
        }
        Ok(self.journal.put(None)?)
    }
}
