//! Innocence: no honest node holds evidence against an honest one.

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
    /// Every seat but these is innocent.
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
        let Fact::Accuses { accused, epoch, view, offence } = fact else { return Ok(()) };
        if !scene.honest || self.guilty.contains(accused) {
            return Ok(());
        }
        Err(format!("n{} holds evidence of {offence} in {epoch}.{view} against n{accused}, who is honest", scene.node))
    }
}
