//! Signatures: no honest key ever signs two votes that L1 would slash, across all its crashes.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use rota_proto::{Vote, VoteKind};

use crate::sim::{
    facts::{Checker, Fact, Scene},
    story::{NodeId, brief_vote},
};

/// What a key signed in a round.
#[derive(Debug, Default)]
struct Signed {
    notarize: Option<B256>,
    nullify: bool,
    finalize: Option<B256>,
}

/// Every signature that every honest key made.
#[derive(Debug, Default)]
pub struct Signatures {
    by: BTreeMap<(NodeId, u64, u64), Signed>,
}

impl Checker for Signatures {
    fn name(&self) -> &'static str {
        "signatures"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        if !scene.honest {
            return Ok(());
        }
        if let Fact::Refused(vote) = fact {
            return Err(format!("the core of n{} asked for {}, which its guard refused", scene.node, brief_vote(vote)));
        }
        if let Fact::Signed(vote) = fact { self.add(scene.node, vote) } else { Ok(()) }
    }
}

impl Signatures {
    fn add(&mut self, node: NodeId, vote: &Vote) -> Result<(), String> {
        let signed = self.by.entry((node, vote.round.epoch.0, vote.round.view.0)).or_default();
        let conflict = match vote.kind {
            VoteKind::Notarize => *signed.notarize.get_or_insert(vote.batch) != vote.batch,
            VoteKind::Nullify => {
                signed.nullify = true;
                signed.finalize.is_some()
            }
            VoteKind::Finalize => *signed.finalize.get_or_insert(vote.batch) != vote.batch || signed.nullify,
        };
        if conflict {
            return Err(format!("n{node} signed {} after {signed:?}", brief_vote(vote)));
        }
        Ok(())
    }
}
