//! A slasher on anvil that believes every signature, and evidence against validators of a world.

use std::collections::BTreeMap;

use alloy::{eips::BlockId, providers::Provider as _, rpc::types::TransactionRequest};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{SolCall, sol};
use ed25519_dalek::Signer as _;
use eyre::{ContextCompat as _, Result, ensure};
use rota_node::evidence::{Kept, Piece, Progress};
use rota_proto::{
    ConsensusKey, Epoch, Place, Round, Signature, SignedVote, Strict, Validator, ValidatorSet, View, Vote, VotePair,
    VotingPower,
};
use rota_staking::Evidence;
use serde_json::json;

use crate::{
    anvil::Anvil,
    world::{World, on_l1},
};

const CREATION_CODE: &str = include_str!("../../../testnet/clients/contracts/ToySlasher.hex");

sol! {
    function seat(uint8 place, address validator) external;
    function close(uint64 upTo) external;
    function reports() external view returns (uint256);
}

/// A world whose L1 has a slasher.
pub(crate) async fn with_slasher(validators: usize) -> Result<(World, Anvil)> {
    let (mut world, anvil) = on_l1(validators).await?;
    let deployed = send(&anvil, None, CREATION_CODE.trim().parse::<Bytes>()?).await?;
    world.network.l1.slasher = Some(deployed.wrap_err("no contract was made")?);
    for index in 0..validators {
        world.seat(&anvil, index).await?;
    }
    Ok((world, anvil))
}

/// A transaction by anvil's first account, mined; the contract that it made.
async fn send(anvil: &Anvil, to: Option<Address>, input: Bytes) -> Result<Option<Address>> {
    let from = *anvil.provider.get_accounts().await?.first().wrap_err("anvil has no account")?;
    let transaction = json!([{ "from": from, "to": to, "input": input, "gas": "0x2dc6c0" }]);
    let hash: B256 = serde_json::from_value(anvil.call("eth_sendTransaction", transaction).await?)?;
    anvil.mine(1).await?;
    let receipt = anvil.provider.get_transaction_receipt(hash).await?.wrap_err("not mined")?;
    ensure!(receipt.status(), "reverted");
    Ok(receipt.contract_address)
}

impl World {
    fn slasher(&self) -> Result<Address> {
        self.network.l1.slasher.wrap_err("no slasher")
    }

    /// From now on the slasher knows who holds a place.
    pub(crate) async fn seat(&self, anvil: &Anvil, index: usize) -> Result<()> {
        self.seat_as(anvil, index, self.validator(index)).await
    }

    pub(crate) async fn seat_as(&self, anvil: &Anvil, index: usize, validator: Address) -> Result<()> {
        let input = seatCall { place: u8::try_from(index)?, validator }.abi_encode();
        send(anvil, Some(self.slasher()?), input.into()).await.map(drop)
    }

    /// From now on the slasher takes nothing of epochs below this one.
    pub(crate) async fn close(&self, anvil: &Anvil, epoch: u64) -> Result<()> {
        let input = closeCall { upTo: epoch }.abi_encode();
        send(anvil, Some(self.slasher()?), input.into()).await.map(drop)
    }

    /// The name of a validator.
    pub(crate) fn validator(&self, index: usize) -> Address {
        self.operators[index].address()
    }

    /// Two notarize votes of a validator in a view, really signed.
    pub(crate) fn piece(&self, index: usize, view: u64) -> Result<Piece> {
        let domain = self.network.domain();
        let place = |index: usize| u8::try_from(index).ok().and_then(Place::new).wrap_err("too many validators");
        let mut members = BTreeMap::new();
        for (index, key) in self.keys.iter().enumerate() {
            let (operator, power) = (self.validator(index), VotingPower(1));
            let consensus_key = ConsensusKey::from_bytes(&key.verifying_key().to_bytes())?;
            members.insert(place(index)?, Validator { operator, consensus_key, power, fee_recipient: operator });
        }
        let set = ValidatorSet::new(Epoch(0), members)?;
        let signed = |byte| -> Result<SignedVote> {
            let vote = Vote::notarize(Round::new(Epoch(0), View(view)), B256::repeat_byte(byte));
            let signature = Signature(self.keys[index].sign(domain.vote(&vote).as_slice()).to_bytes());
            Ok(SignedVote { vote, signer: place(index)?, signature })
        };
        let pair = VotePair::new(signed(1)?, signed(2)?).wrap_err("no pair")?;
        Ok(Piece::new(&Evidence::of_pair(&pair, &domain, &set, &Strict)?, true, view))
    }

    /// A node keeps evidence against a validator before it starts.
    pub(crate) fn accuse(&self, node: usize, accused: usize) -> Result<()> {
        let kept = self.book(node)?.keep(self.piece(accused, 9)?)?;
        ensure!(kept == Kept::New, "{kept:?}");
        Ok(())
    }

    /// How far the evidence that a node keeps against a validator has come, as its disk has it.
    pub(crate) fn progress(&self, node: usize, accused: usize) -> Result<Progress> {
        Ok(self.book(node)?.get(self.validator(accused)).wrap_err("it keeps none")?.progress)
    }

    /// Validators that the slasher has slashed, and the transactions it took.
    pub(crate) async fn slashed(&self, anvil: &Anvil) -> Result<(Vec<usize>, u64)> {
        let (l1, slasher) = (self.l1(anvil)?, self.slasher()?);
        let mut slashed = Vec::new();
        for index in 0..self.operators.len() {
            if l1.is_slashed(slasher, self.validator(index), BlockId::latest()).await? {
                slashed.push(index);
            }
        }
        let call = TransactionRequest::default().to(slasher).input(reportsCall {}.abi_encode().into());
        let count: U256 = reportsCall::abi_decode_returns(&anvil.provider.call(call).await?)?;
        Ok((slashed, count.saturating_to()))
    }

    /// Transactions that a validator's submitter has sent.
    pub(crate) async fn sent_by(&self, anvil: &Anvil, index: usize) -> Result<u64> {
        Ok(self.l1(anvil)?.account(self.validator(index), BlockId::latest()).await?.nonce)
    }
}
