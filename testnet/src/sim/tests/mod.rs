//! What surrounds the nodes, part by part.

mod clocks;
mod continents;
mod l1;
mod links;
mod meter;
mod words;
