//! Innocence: no honest node holds evidence against an honest node.

use std::collections::BTreeSet;

use crate::sim::{
    facts::{Checker, Fact, Scene},
    story::NodeId,
};

/// Knows who is guilty.
#[derive(Debug)]
pub struct Innocence {
    guilty: BTreeSet<NodeId>,
}

impl Innocence {
    /// Everyone but these is innocent.
    #[must_use]
    pub const fn new(guilty: BTreeSet<NodeId>) -> Self {
        Self { guilty }
    }
}

impl Checker for Innocence {
    fn name(&self) -> &'static str {
        "innocence"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let Fact::Accuses(accused) = fact else { return Ok(()) };
        if !scene.honest || self.guilty.contains(accused) {
            return Ok(());
        }
        Err(format!("n{} holds evidence against n{accused}, who is honest", scene.node))
    }
}
