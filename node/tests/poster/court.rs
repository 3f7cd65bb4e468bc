//! Evidence against validators of a world, whose votes are really signed, and what the slasher on its L1 made of it.

use std::collections::BTreeMap;

use alloy::{eips::BlockId, providers::Provider as _, rpc::types::Filter};
use alloy_primitives::{Address, B256};
use alloy_sol_types::SolEvent as _;
use ed25519_dalek::Signer as _;
use eyre::{ContextCompat as _, Result, ensure};
use rota_node::evidence::{Kept, Piece, Progress};
use rota_proto::{
    ConsensusKey, Epoch, Place, Round, Signature, SignedVote, Strict, Validator, ValidatorSet, View, Vote, VotePair,
    VotingPower,
};
use rota_staking::{Evidence, bindings::Slasher::Slashed};

use crate::{anvil::Anvil, world::World};

impl World {
    /// The name of a validator.
    pub(crate) fn validator(&self, index: usize) -> Address {
        self.operators[index].address()
    }

    /// Two notarize votes of a validator in a view of epoch 0, really signed.
    pub(crate) fn piece(&self, index: usize, view: u64) -> Result<Piece> {
        self.piece_of(Epoch(0), index, view)
    }

    pub(crate) fn piece_of(&self, epoch: Epoch, index: usize, view: u64) -> Result<Piece> {
        let domain = self.network.domain();
        let place = |index: usize| u8::try_from(index).ok().and_then(Place::new).wrap_err("too many validators");
        let mut members = BTreeMap::new();
        for (index, key) in self.keys.iter().enumerate() {
            let (operator, power) = (self.validator(index), VotingPower(1));
            let consensus_key = ConsensusKey::from_bytes(&key.verifying_key().to_bytes())?;
            members.insert(place(index)?, Validator { operator, consensus_key, power, fee_recipient: operator });
        }
        let set = ValidatorSet::new(epoch, members)?;
        let signed = |byte| -> Result<SignedVote> {
            let vote = Vote::notarize(Round::new(epoch, View(view)), B256::repeat_byte(byte));
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

    /// Validators that the slasher has slashed, in order.
    pub(crate) async fn slashed(&self, anvil: &Anvil) -> Result<Vec<usize>> {
        let filter = Filter::new().address(self.network.l1.contracts.slasher).event_signature(Slashed::SIGNATURE_HASH);
        let logs = anvil.provider.get_logs(&filter.from_block(0)).await?;
        let of_log = |log: &alloy::rpc::types::Log| {
            let validator = Slashed::decode_log(&log.inner)?.validator;
            let mut operators = self.operators.iter();
            operators.position(|operator| operator.address() == validator).wrap_err("who is that?")
        };
        logs.iter().map(of_log).collect()
    }

    /// Transactions that a validator's submitter has sent.
    pub(crate) async fn sent_by(&self, anvil: &Anvil, index: usize) -> Result<u64> {
        Ok(self.l1(anvil)?.account(self.validator(index), BlockId::latest()).await?.nonce)
    }
}
