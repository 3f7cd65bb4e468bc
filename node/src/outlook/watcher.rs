//! The task that looks at L1 now and then (rules O1, O2).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use alloy::eips::BlockId;
use alloy_primitives::{Address, B256, U256};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rota_proto::{ConsensusKey, EpochSchedule};
use rota_staking::Leaf;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Earnings, Metrics, Notice, Outlook, Standing};
use crate::{
    config::{ConfigError, NetworkToml},
    l1::{BLOCKS_PER_QUERY, L1Client, L1Error, L1Tip},
    rewards::{LedgerError, stored_period},
    store::{Store, StoreError},
    trouble::Trouble,
};

/// Proposals that are kept, the newest.
const PROPOSALS_MAX: usize = 64;

/// Polls of L1 between two looks.
const POLLS_PER_LOOK: u32 = 8;

/// Times that L1's blocks are searched in one look.
const SEARCHES_PER_LOOK: usize = 4;

/// Questions to L1 at a time.
const QUESTIONS_AT_ONCE: usize = 8;

/// Final blocks without a proposal after which it is kept that there was none.
const KEPT_AFTER: u64 = 1_000;

/// Looks between two at what all members have earned, if no period was attested meanwhile.
const LOOKS_PER_SURVEY: u32 = 40;

/// What was found so far, under this name in the store.
const FOUND: &str = "outlook/proposals";

/// What the watcher is made of.
pub struct Parts {
    /// Where it keeps what it found, and the periods of rewards.
    pub store: Arc<dyn Store>,
    /// L1.
    pub l1: L1Client,
    /// The key that this node signs with.
    pub consensus_key: Option<ConsensusKey>,
    /// What is counted.
    pub metrics: Metrics,
}

/// Why a look came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum OutlookError {
    /// L1 could not be asked.
    #[error(transparent)]
    L1(#[from] L1Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A period cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The network's settings cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Proposals of final blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    /// The first block that was not searched.
    next: u64,
    notices: Vec<Notice>,
}

/// The task.
pub struct Watcher {
    parts: Parts,
    schedule: EpochSchedule,
    found: Found,
    /// How far the search had come when it was kept last.
    kept: u64,
    /// Proposals that are over, how they ended, and the block as of which that was seen first.
    over: BTreeMap<U256, (Standing, u64)>,
    /// The block of the last look, if nothing was left to be searched then.
    seen: Option<B256>,
    outlook: watch::Sender<Arc<Outlook>>,
    /// Looks since all members were looked at.
    looks: u32,
    trouble: Trouble,
}

impl Watcher {
    /// A watcher that has looked at nothing yet, and where its outlook is read. What it finds in the store that it
    /// cannot read is found anew on L1.
    ///
    /// # Errors
    /// [`OutlookError`].
    pub fn new(parts: Parts, network: &NetworkToml) -> Result<(Self, watch::Receiver<Arc<Outlook>>), OutlookError> {
        let found = parts.store.meta(FOUND)?.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let found = found.unwrap_or_else(|| Found { next: network.l1.opening_block, notices: Vec::new() });
        let (outlook, reader) = watch::channel(Arc::default());
        let schedule = network.registry()?.schedule;
        let kept = found.next;
        Ok((
            Self {
                parts,
                schedule,
                found,
                kept,
                over: BTreeMap::new(),
                seen: None,
                outlook,
                looks: 0,
                trouble: Trouble::default(),
            },
            reader,
        ))
    }

    /// Runs until the node stops; it may stop at any point.
    pub async fn run(mut self, poll: Duration, mut shutdown: watch::Receiver<bool>) {
        loop {
            if let Err(error) = self.look().await
                && self.trouble.is_news(&error)
            {
                tracing::warn!(%error, "rewards and proposals on L1 cannot be seen: trying again");
            }
            let polls = if self.seen.is_none() { 1 } else { POLLS_PER_LOOK };
            tokio::select! {
                _ = shutdown.changed() => return,
                () = tokio::time::sleep(poll * polls) => {}
            }
        }
    }

    /// O1: looks at L1 as of its newest block, if it has not seen that.
    ///
    /// # Errors
    /// [`OutlookError`]; the outlook stays as it was, and the next look tries again.
    pub async fn look(&mut self) -> Result<(), OutlookError> {
        let tip = self.parts.l1.tip().await?;
        if self.seen == Some(tip.hash) {
            return Ok(());
        }
        if self.search().await? {
            return Ok(());
        }
        let proposals = self.standings(&tip).await?;
        let next_period = self.parts.l1.next_period(BlockId::hash(tip.hash)).await?;
        let own = self.own_name(&tip).await?;
        let earnings = self.earnings(&tip, next_period, own).await?;
        let outlook = Outlook { block: tip.number, next_period, earnings, proposals };

        let leaf = self.leaf(next_period, own)?;
        let earned = outlook.earnings.iter().find(|earnings| Some(earnings.validator) == own);
        self.parts.metrics.show(&outlook, earned, leaf.as_ref());
        self.outlook.send_replace(Arc::new(outlook));
        self.seen = Some(tip.hash);
        Ok(())
    }

    /// O2: searches final blocks for proposals, from where the last search ended. True if there are more of them.
    async fn search(&mut self) -> Result<bool, OutlookError> {
        let last = self.parts.l1.final_number().await?;
        let mut found = self.found.clone();
        for _ in 0..SEARCHES_PER_LOOK {
            if found.next > last {
                break;
            }
            let to = last.min(found.next + BLOCKS_PER_QUERY - 1);
            let made = self.parts.l1.proposals(found.next, to).await?;
            found.notices.extend(made.iter().map(super::Proposal::notice));
            found.next = to + 1;
        }
        let surplus = found.notices.len().saturating_sub(PROPOSALS_MAX);
        found.notices.drain(..surplus);
        let is_news = found.notices != self.found.notices;
        self.found = found;
        if is_news || self.found.next - self.kept >= KEPT_AFTER {
            let json = serde_json::to_vec(&self.found);
            let unwritten = |error: serde_json::Error| StoreError::Damaged { tree: FOUND, reason: error.to_string() };
            self.parts.store.put_meta(FOUND, &json.map_err(unwritten)?)?;
            self.kept = self.found.next;
        }
        Ok(self.found.next <= last)
    }

    /// How each proposal stands. What is over as of a final block stays so.
    async fn standings(&mut self, tip: &L1Tip) -> Result<Vec<(Notice, Standing)>, L1Error> {
        let standing = async |notice: &Notice| match self.over.get(&notice.id) {
            Some((standing, block)) if *block < self.found.next => Ok((notice.clone(), *standing)),
            Some(_) | None => {
                let standing = self.parts.l1.standing(notice.id, notice.snapshot, tip).await?;
                Ok((notice.clone(), standing))
            }
        };
        let proposals = stream::iter(&self.found.notices).map(standing).buffered(QUESTIONS_AT_ONCE);
        let proposals: Vec<(Notice, Standing)> = proposals.try_collect().await?;
        let over = proposals.iter().filter(|(_, standing)| !standing.state.is_open());
        let over = over.map(|(notice, standing)| {
            let known = self.over.get(&notice.id).filter(|(known, _)| known == standing);
            (notice.id, known.copied().unwrap_or((*standing, tip.number)))
        });
        self.over = over.collect();
        Ok(proposals)
    }

    /// O2: our own validator's always, those of the others when they may have changed.
    async fn earnings(
        &mut self,
        tip: &L1Tip,
        next_period: u64,
        own: Option<Address>,
    ) -> Result<Vec<Earnings>, L1Error> {
        let known = self.outlook.borrow().clone();
        let is_survey = known.earnings.is_empty() || known.next_period != next_period || self.looks >= LOOKS_PER_SURVEY;
        let mut validators: Vec<Address> = known.earnings.iter().map(|earnings| earnings.validator).collect();
        if is_survey {
            let epoch = self.schedule.epoch_of(tip.number).unwrap_or_default();
            let members = self.parts.l1.members(BlockId::hash(tip.hash), epoch.0).await?;
            validators = members.iter().map(|member| member.validator).collect();
        }
        validators.extend(own.filter(|own| !validators.contains(own)));
        let earnings = async |validator| {
            let known = known.earnings.iter().find(|earnings| earnings.validator == validator);
            match known.filter(|_| !is_survey && own != Some(validator)) {
                Some(known) => Ok(*known),
                None => self.parts.l1.earnings(validator, tip).await,
            }
        };
        let earnings = stream::iter(validators).map(earnings).buffered(QUESTIONS_AT_ONCE).try_collect().await?;
        // A survey that failed is made at the next look.
        self.looks = if is_survey { 0 } else { self.looks + 1 };
        Ok(earnings)
    }

    /// O4: our validator, if the key is registered.
    async fn own_name(&self, tip: &L1Tip) -> Result<Option<Address>, L1Error> {
        match &self.parts.consensus_key {
            Some(key) => self.parts.l1.validator_of(key, BlockId::hash(tip.hash)).await,
            None => Ok(None),
        }
    }

    /// O4: what we found of our validator in the last period that L1 was told of; nothing done if there is no leaf.
    fn leaf(&self, next_period: u64, own: Option<Address>) -> Result<Option<Leaf>, LedgerError> {
        let (Some(own), Some(number)) = (own, next_period.checked_sub(1)) else { return Ok(None) };
        let period = stored_period(self.parts.store.as_ref(), number)?;
        Ok(period.and_then(|period| period.leaves().iter().find(|leaf| leaf.validator == own).copied()))
    }
}
