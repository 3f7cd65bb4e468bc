//! The invalid proposer: batches that break one rule and are right in everything else.

use alloy_consensus::Header;
use alloy_primitives::{Address, keccak256};
use rota_proto::{BatchBody, BatchHeader, ExtraData};
use rota_replica::{BuildOrder, Effect, Event, ReadyBatch};

use crate::sim::conduct::{Conduct, Deed, Hands};

/// How far ahead of its time it dates a batch, in seconds.
const AHEAD_S: u64 = 3_600;

/// What is wrong with its batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Another state than the transactions lead to.
    StateRoot,
    /// The transactions stand in the opposite order; batches with fewer than two are left as they are.
    Order,
    /// An L1 block that L1 does not have.
    OriginHash,
    /// An L1 block before the parent's.
    OldOrigin,
    /// A time before the parent's.
    TimeBeforeParent,
    /// A time that is far ahead.
    TimeAhead,
    /// A parent that nobody knows.
    Parent,
    /// Other signers than those of the parent's notarization.
    ParentSigners,
    /// A height is left out.
    Height,
    /// Another epoch.
    Epoch,
    /// The fees go to somebody else than the set says.
    Beneficiary,
}

impl Wrong {
    /// Everything that can be wrong.
    pub const ALL: [Self; 11] = [
        Self::StateRoot,
        Self::Order,
        Self::OriginHash,
        Self::OldOrigin,
        Self::TimeBeforeParent,
        Self::TimeAhead,
        Self::Parent,
        Self::ParentSigners,
        Self::Height,
        Self::Epoch,
        Self::Beneficiary,
    ];

    /// Puts the fault into what the batch is built from, where execution builds such a batch; says whether it did.
    fn bend_order(self, order: &mut BuildOrder, hands: &Hands<'_>) -> bool {
        let environment = &mut order.environment;
        let above = hands.replica.simplex().header(environment.parent).map(BatchHeader::origin);
        match self {
            // Only a block that is new to the chain can be one that L1 does not have.
            Self::OriginHash if above.is_none_or(|above| above.number >= environment.origin.origin.number) => {
                return false;
            }
            Self::OriginHash => environment.origin.origin.hash = keccak256(environment.origin.origin.hash),
            Self::TimeAhead => environment.timestamp += AHEAD_S,
            Self::ParentSigners => environment.extra.parent_signers.0 ^= 1,
            Self::Epoch => environment.extra.epoch = environment.extra.epoch.next(),
            Self::Beneficiary => environment.beneficiary = Address::repeat_byte(0xbe),
            Self::StateRoot | Self::Order | Self::OldOrigin | Self::TimeBeforeParent | Self::Parent | Self::Height => {
                return false;
            }
        }
        true
    }

    /// Puts the fault into the batch that was built; nothing if it is there already, or cannot be.
    fn bend(self, batch: &ReadyBatch, hands: &Hands<'_>) -> Option<ReadyBatch> {
        let (mut header, mut extra) = (batch.header.header().clone(), *batch.header.extra());
        let mut bent = batch.clone();
        let parent = hands.replica.simplex().header(batch.header.parent())?;
        match self {
            Self::StateRoot => header.state_root = keccak256(header.state_root),
            Self::Order if bent.transactions.len() < 2 => return None,
            Self::Order => {
                bent.transactions.reverse();
                let body = BatchBody::of(&bent.transactions);
                header.transactions_root = body.root();
                bent.body = body.encode();
            }
            Self::OldOrigin => name_origin_before(parent, &mut header, &mut extra, hands)?,
            Self::TimeBeforeParent => header.timestamp = parent.header().timestamp.checked_sub(1)?,
            Self::Parent => header.parent_hash = keccak256(header.parent_hash),
            Self::Height => header.number += 1,
            Self::OriginHash | Self::TimeAhead | Self::ParentSigners | Self::Epoch | Self::Beneficiary => return None,
        }
        header.extra_data = extra.encode();
        bent.header = BatchHeader::new(header).ok()?;
        Some(bent)
    }
}

/// Names the block before the parent's origin, with everything that L1 says of it.
fn name_origin_before(
    parent: &BatchHeader,
    header: &mut Header,
    extra: &mut ExtraData,
    hands: &Hands<'_>,
) -> Option<()> {
    let origin = hands.replica.registry().origin(parent.origin().number.checked_sub(1)?)?;
    extra.origin_number = origin.number;
    header.parent_beacon_block_root = Some(origin.hash);
    header.mix_hash = origin.prevrandao;
    Some(())
}

/// Believes in every batch that it builds, whatever is wrong with it, and proposes it. Withstood by judging what the
/// leader signed (J1, J4, J5 of consensus; B1 to B3 of replica; the rules of execution), and, where only a relay could
/// be at fault, by dropping the message (J3).
#[derive(Clone, Copy, Debug)]
pub struct InvalidProposer {
    wrong: Wrong,
}

impl InvalidProposer {
    /// All its batches have this fault.
    #[must_use]
    pub const fn with(wrong: Wrong) -> Self {
        Self { wrong }
    }
}

impl Conduct for InvalidProposer {
    fn name(&self) -> &'static str {
        "invalid_proposer"
    }

    fn words(&self) -> String {
        format!("InvalidProposer::with(Wrong::{:?})", self.wrong)
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn instead(&mut self, mut effect: Effect, hands: &mut Hands<'_>) -> Vec<Deed> {
        if let Effect::Build(order) = &mut effect {
            hands.outside.stats.deeds += u64::from(self.wrong.bend_order(order, hands));
        }
        vec![Deed::effect(effect)]
    }

    fn hear(&mut self, event: Event, hands: &mut Hands<'_>) -> (Vec<Deed>, Option<Event>) {
        let Event::Built { round, mut batch, refused } = event else { return (Vec::new(), Some(event)) };
        if let Some(bent) = self.wrong.bend(&batch, hands) {
            hands.outside.stats.deeds += 1;
            *batch = bent;
        }
        (Vec::new(), Some(Event::Built { round, batch, refused }))
    }
}
