//! The network end to end: a real anvil, real `rota` processes, real sockets. Each test proves a promise to users or
//! operators. They run one after the other: each wants the machine for itself.
//!
//! The program is the one that cargo built for these tests, which is why they live beside it.

mod attestations;
mod changes;
mod clients;
mod crashes;
mod epochs;
mod evidence;
mod exits;
mod hostile;
mod second_starts;
mod signers;
mod stakes;
mod support;
mod tour;
