//! The validator sets on L1: what their contract announces, and what it answers.

use alloy::{
    eips::BlockId,
    providers::Provider as _,
    rpc::types::{Block, Filter, Log, TransactionRequest},
};
use alloy_primitives::{Address, BloomInput, Bytes, U256, uint};
use alloy_sol_types::{SolCall, SolEvent as _};
use rota_proto::{ConsensusKey, Epoch, Place, VotingPower};
use rota_staking::{
    ChangeHash, ValidatorChange,
    bindings::{ValidatorRegistry, ValidatorSets, ValidatorSets::ValidatorChanged},
};

use super::{
    L1Client,
    chain::Chain,
    error::{L1Error, transport},
};
use crate::poster::Member;

/// Steps of one advance: with 128 members and 10,000 that wait it takes less gas than half of a small block has.
const STEPS: U256 = uint!(32_U256);

/// The call that goes on with the set that is being formed.
#[must_use]
pub fn advance() -> Bytes {
    ValidatorSets::advanceCall { steps: STEPS }.abi_encode().into()
}

impl L1Client {
    /// Whether an advance would change the set that is being formed, as of a block.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn may_advance(&self, at: BlockId) -> Result<bool, L1Error> {
        Ok(!self.chain.ask_sets(ValidatorSets::advanceCall { steps: STEPS }, at).await?.is_zero())
    }

    /// The members of an epoch as the contract has them at a block, which lies in the epoch before or later.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn members(&self, at: BlockId, epoch: u64) -> Result<Vec<Member>, L1Error> {
        let members = self.chain.ask_sets(ValidatorSets::setOfCall { epoch }, at).await?;
        Ok(members.iter().map(|member| Member { validator: member.validator, power: member.power }).collect())
    }

    /// The validator that a consensus key is registered for, now or before, as of a block.
    ///
    /// # Errors
    /// [`L1Error`].
    pub async fn validator_of(&self, key: &ConsensusKey, at: BlockId) -> Result<Option<Address>, L1Error> {
        let address = self.chain.settings.contracts.registry;
        let call = ValidatorRegistry::validatorOfKeyCall { consensusKey: key.to_bytes().into() };
        let request = TransactionRequest::default().to(address).input(call.abi_encode().into());
        let answer = self.chain.provider.call(request).block(at).await.map_err(transport)?;
        let validator = ValidatorRegistry::validatorOfKeyCall::abi_decode_returns(&answer)
            .map_err(|error| L1Error::NoRegistry { address, reason: error.to_string() })?;
        Ok((!validator.is_zero()).then_some(validator))
    }
}

impl Chain {
    /// Rule R10 of staking: where an epoch begins, and where the contracts were opened, what the contract says of all
    /// changes up to the next epoch. They are fixed, so the newest block answers for all later ones.
    pub(super) async fn change_hash(&self, number: u64) -> Result<Option<ChangeHash>, L1Error> {
        let settings = &self.settings;
        let Some(since) = number.checked_sub(settings.start_block) else { return Ok(None) };
        let epoch = since / settings.epoch_length.max(1);
        let begins = since.is_multiple_of(settings.epoch_length) && number > settings.opening_block;
        if !begins && number != settings.opening_block {
            return Ok(None);
        }
        self.ask_sets(ValidatorSets::changeHashOfCall { epoch: epoch + 1 }, BlockId::latest()).await.map(Some)
    }

    pub(super) async fn ask_sets<C: SolCall>(&self, call: C, at: BlockId) -> Result<C::Return, L1Error> {
        let address = self.settings.contracts.sets;
        let request = TransactionRequest::default().to(address).input(call.abi_encode().into());
        let answer = self.provider.call(request).block(at).await.map_err(transport)?;
        let unreadable = |error: alloy_sol_types::Error| L1Error::NoSets { address, reason: error.to_string() };
        C::abi_decode_returns(&answer).map_err(unreadable)
    }

    /// Whether a block's bloom does not exclude a change of the set.
    pub(super) fn may_announce(&self, block: &Block) -> bool {
        let bloom = &block.header.logs_bloom;
        bloom.contains_input(BloomInput::Raw(self.settings.contracts.sets.as_slice()))
            && bloom.contains_input(BloomInput::Raw(ValidatorChanged::SIGNATURE_HASH.as_slice()))
    }

    pub(super) fn changes(&self) -> Filter {
        Filter::new().address(self.settings.contracts.sets).event_signature(ValidatorChanged::SIGNATURE_HASH)
    }
}

pub(super) fn change(block: u64, log: &Log) -> Result<ValidatorChange, L1Error> {
    let unreadable = |reason: String| L1Error::Log { block, reason };
    let event = ValidatorChanged::decode_log(&log.inner).map_err(|error| unreadable(error.to_string()))?;
    let place = Place::new(event.place).ok_or_else(|| unreadable(format!("place {}", event.place)))?;
    Ok(ValidatorChange {
        effective_epoch: Epoch(event.effectiveEpoch),
        place,
        operator: event.validator,
        consensus_key: event.consensusKey,
        power: VotingPower(event.power),
        fee_recipient: event.feeRecipient,
    })
}
