//! Sets: in every epoch all honest nodes have the same set, and it is the one that the stakes on L1 make.

use std::collections::BTreeMap;

use crate::sim::{
    facts::{Checker, Fact, Scene},
    story::NodeId,
};

/// Seats and stakes, in order of place.
type Members = Vec<(NodeId, u64)>;

/// The first word on each epoch, and whose it was.
#[derive(Debug, Default)]
pub struct Sets {
    first: BTreeMap<u64, (Members, NodeId)>,
}

impl Checker for Sets {
    fn name(&self) -> &'static str {
        "sets"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let Fact::Set { epoch, members, stakes } = fact else { return Ok(()) };
        if !scene.honest {
            return Ok(());
        }
        let node = scene.node;
        let (first, by) = self.first.entry(*epoch).or_insert_with(|| (members.clone(), node));
        if first != members {
            return Err(format!("the set of epoch {epoch} is {first:?} at n{by} and {members:?} at n{node}"));
        }
        let staked = stakes.iter().copied().enumerate().filter(|(_, stake)| *stake > 0);
        if !staked.eq(members.iter().copied()) {
            return Err(format!("the set of epoch {epoch} is {members:?} at n{node}, and {stakes:?} are staked on L1"));
        }
        Ok(())
    }
}
