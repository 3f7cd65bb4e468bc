//! The poster, the tracker and the replay against a real L1 (anvil): the rules P of `node/src/poster/README.md`, and E5
//! to E9 of `node/src/evidence/README.md`.

mod anvil;
mod court;
mod crashes;
mod evidence;
mod fees;
mod pack;
mod payload;
mod posting;
mod reorganizations;
mod replay;
mod sets;
mod world;
