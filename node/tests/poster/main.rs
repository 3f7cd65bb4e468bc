//! The poster, the tracker and the replay against a real L1 (anvil): the rules P of `node/src/poster/README.md`.

mod anvil;
mod crashes;
mod fees;
mod pack;
mod payload;
mod posting;
mod reorganizations;
mod replay;
mod world;
