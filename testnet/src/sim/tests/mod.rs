//! What surrounds the nodes, part by part.

mod clocks;
mod l1;
mod links;
mod words;
