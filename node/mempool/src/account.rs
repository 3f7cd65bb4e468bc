//! What the pool needs to know of a sender.

use alloy_primitives::U256;

/// An account as the last final batch left it (rule M2). What notarized batches did since, the pool knows from their
/// transactions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// The nonce of its next transaction.
    pub nonce: u64,
    /// Its balance in wei.
    pub balance: U256,
    /// What code it has.
    pub code: AccountCode,
}

/// What code an account has: it decides whether the account may send, and how much may wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountCode {
    /// None: an account with a key.
    #[default]
    None,
    /// A delegation designator (EIP-7702): others may spend its balance without using its nonce.
    Delegation,
    /// A contract, which sends nothing (EIP-3607).
    Contract,
}

/// Where a transaction came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// From a peer.
    Remote,
    /// From a user of this node: protected from remote ones, kept in the journal (rules M10, M15).
    Local,
}
