use rota_proto::{Certificate, Verified};

mod certificates;
mod coming_back;
mod config;
mod epoch;
mod finalize;
mod fuzz;
mod leader;
mod listening;
mod network;
mod node;
mod notarize;
mod propose;
mod random;
mod repair;
mod startup;
mod text;
mod timers;
mod tree;
mod votes;
mod words;

/// A certificate as the core takes it.
type Certified = Verified<Certificate>;
