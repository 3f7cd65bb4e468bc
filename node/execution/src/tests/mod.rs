//! Tests, one file a subject, and the small world they play in.

mod assembly;
mod calls;
mod contracts;
mod fees;
mod fuzz;
mod genesis;
mod histories;
mod invalid;
mod limits;
mod prague;
mod receipts;
mod tree;
mod world;
