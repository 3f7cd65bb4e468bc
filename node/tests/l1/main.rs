//! Several endpoints of a real L1 (anvil), of which some misbehave: the rules Z of `node/src/l1/README.md`.

mod detection;
mod failover;
mod proxy;
mod settings;
mod soak;
mod world;
