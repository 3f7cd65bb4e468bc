//! Rewards on L1: what their contract has been told, and how it is told more.

use alloy::{eips::BlockId, providers::Provider as _, rpc::types::TransactionRequest};
use alloy_primitives::{Address, B256, Bytes, aliases::U96};
use alloy_sol_types::SolCall;
use rota_proto::{AttestationKey, Epoch, Place};
use rota_staking::{
    Leaf, Period,
    bindings::{IRewards, QuorumSignature, Rewards, ValidatorSets},
};

use super::{
    L1Client, L1Tip,
    error::{L1Error, transport},
};
use crate::{outlook::Earnings, rewards::QuorumWord};

/// The call that tells the set's word on a period.
#[must_use]
pub fn attest(word: &QuorumWord, period: &Period) -> Bytes {
    let quorum = QuorumSignature {
        attestingEpoch: word.attestation.attesting_epoch.0,
        signers: word.signers.0,
        signature: Bytes::copy_from_slice(&word.signature.0),
    };
    let total_points = U96::saturating_from(period.total_points());
    Rewards::attestCall { period: period.number, root: period.root(), totalPoints: total_points, quorum }
        .abi_encode()
        .into()
}

/// The call that brings a leaf in.
#[must_use]
pub fn bring(leaf: &Leaf, proof: &[B256]) -> Bytes {
    let leaf = IRewards::Leaf {
        period: leaf.period,
        validator: leaf.validator,
        previousPeriodPlusOne: leaf.previous_plus_one,
        points: U96::saturating_from(leaf.points),
        done: leaf.duties.done,
        duties: leaf.duties.due,
    };
    Rewards::bringCall { leaf, proof: proof.to_vec() }.abi_encode().into()
}

impl L1Client {
    /// The first period that L1 was not told of, as of a block.
    ///
    /// # Errors
    /// [`L1Error`]; [`L1Error::NoRewards`] if nothing there answers.
    pub async fn next_period(&self, at: BlockId) -> Result<u64, L1Error> {
        self.ask_rewards(Rewards::nextPeriodCall {}, at).await
    }

    /// The first period whose leaf of a validator may still be brought in, as of a block.
    ///
    /// # Errors
    /// [`L1Error`]; [`L1Error::NoRewards`] if nothing there answers.
    pub async fn next_leaf(&self, validator: Address, at: BlockId) -> Result<u64, L1Error> {
        let standing = self.ask_rewards(Rewards::standingOfCall { validator }, at).await?;
        Ok(standing.nextPeriod.into())
    }

    /// What a validator has earned and was not paid yet, as of a block.
    ///
    /// # Errors
    /// [`L1Error`]; [`L1Error::NoRewards`] if nothing there answers.
    pub async fn earnings(&self, validator: Address, tip: &L1Tip) -> Result<Earnings, L1Error> {
        let standing = self.ask_rewards(Rewards::standingOfCall { validator }, BlockId::hash(tip.hash)).await?;
        Ok(Earnings {
            validator,
            block: tip.number,
            stake: standing.owed.to(),
            commission: standing.commission.to(),
            next_period: standing.nextPeriod,
            bad_in_a_row: standing.badInARow,
            may_resume_from: (standing.mayResumeFrom != 0).then_some(standing.mayResumeFrom),
        })
    }

    /// The attestation key of whoever holds a place in an epoch; none if nobody does, or its key is none.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn attestation_key(
        &self,
        epoch: Epoch,
        place: Place,
        at: BlockId,
    ) -> Result<Option<AttestationKey>, L1Error> {
        let call = ValidatorSets::memberOfCall { epoch: epoch.0, place: place.number() };
        let member = self.chain.ask_sets(call, at).await?;
        let bytes: Option<&[u8; 128]> = member.attestationKey.as_ref().try_into().ok();
        Ok(bytes.and_then(|bytes| AttestationKey::from_bytes(bytes).ok()))
    }

    async fn ask_rewards<C: SolCall>(&self, call: C, at: BlockId) -> Result<C::Return, L1Error> {
        let address = self.chain.settings.contracts.rewards;
        let request = TransactionRequest::default().to(address).input(call.abi_encode().into());
        let answer = self.chain.provider.call(request).block(at).await.map_err(transport)?;
        let unreadable = |error: alloy_sol_types::Error| L1Error::NoRewards { address, reason: error.to_string() };
        C::abi_decode_returns(&answer).map_err(unreadable)
    }
}
