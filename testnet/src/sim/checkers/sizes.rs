//! Sizes: what a core holds is bounded by the views that are not final and by its limits.

use crate::sim::facts::{Checker, Fact, Scene};

/// Votes are taken so many views ahead.
const VIEWS_AHEAD: u64 = 32;
/// Proposals of so many views are kept though nobody certified them.
const STRAY_VIEWS: u64 = 64;
/// Batches known of one view: two by its leader, and one that a certificate names.
const BATCHES_PER_VIEW: u64 = 3;
/// Pieces that are asked for at a time.
const WANTED: usize = 256;

/// Compares with the bounds.
#[derive(Debug, Default)]
pub struct Sizes;

impl Checker for Sizes {
    fn name(&self) -> &'static str {
        "sizes"
    }

    fn see(&mut self, scene: Scene, fact: &Fact) -> Result<(), String> {
        let Fact::Sizes { sizes: [views, batches, wanted], unfinal_views } = fact else { return Ok(()) };
        // The last final view, those since, and those ahead.
        let views_max = unfinal_views + VIEWS_AHEAD + 2;
        let batches_max = BATCHES_PER_VIEW * (unfinal_views.min(&STRAY_VIEWS) + VIEWS_AHEAD + 1) + unfinal_views;
        let node = scene.node;
        if *views as u64 > views_max {
            return Err(format!("n{node} holds {views} views, {unfinal_views} of which are not final"));
        }
        if *batches as u64 > batches_max {
            return Err(format!("n{node} holds {batches} batches of {unfinal_views} views that are not final"));
        }
        if *wanted > WANTED {
            return Err(format!("n{node} wants {wanted} pieces"));
        }
        Ok(())
    }
}
