//! Memory: no honest node meets a vote of its own that its guard's record does not hold.

use crate::sim::{
    facts::{Checker, Fact, Scene},
    story::brief_vote,
};

/// Watches for cores that learn from others what they themselves signed.
#[derive(Debug, Default)]
pub struct Memory;

impl Checker for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let Fact::OldRecord(vote) = fact else { return Ok(()) };
        if scene.honest {
            return Err(format!("the record of n{} lacks {}, which it signed", scene.node, brief_vote(vote)));
        }
        Ok(())
    }
}
