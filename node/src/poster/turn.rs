//! Whose turn it is to post (rules P5 and P6).

use alloy_primitives::{Address, B256, U256, keccak256};

use super::ChoreName;

/// A member of the set of the current L1 epoch, as the staking contract tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The validator: its operator's account.
    pub validator: Address,
    /// Its power.
    pub power: u64,
}

/// What the order is drawn from: everyone who sees the same head of the inbox draws the same order, and the link, which
/// covers the last payload, makes another of it after each entry.
#[must_use]
pub fn seed(rollup_chain_id: u64, epoch: u64, link: B256, next_height: u64) -> B256 {
    let mut bytes = b"rota/poster".to_vec();
    for number in [rollup_chain_id, epoch, next_height] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(link.as_slice());
    keccak256(bytes)
}

/// What the order of those who may report a validator is drawn from. Not from the evidence: two nodes may hold two
/// pieces against one validator. With each epoch of L1 there is another order, so that nobody gains by choosing a name
/// whose judges are its friends.
#[must_use]
pub fn charge_seed(rollup_chain_id: u64, epoch: u64, accused: Address) -> B256 {
    let mut bytes = b"rota/evidence".to_vec();
    for number in [rollup_chain_id, epoch] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(accused.as_slice());
    keccak256(bytes)
}

/// What the order of those who may advance the sets in an epoch of L1 is drawn from.
#[must_use]
pub fn advance_seed(rollup_chain_id: u64, epoch: u64) -> B256 {
    let mut bytes = b"rota/advance".to_vec();
    for number in [rollup_chain_id, epoch] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    keccak256(bytes)
}

/// What the order of those who may tell L1 of something is drawn from.
#[must_use]
pub fn chore_seed(rollup_chain_id: u64, epoch: u64, chore: ChoreName) -> B256 {
    let (kind, period, validator) = match chore {
        ChoreName::Attest { period } => (0, period, Address::ZERO),
        ChoreName::Bring { period, validator } => (1, period, validator),
        // Judges have an order of their own.
        ChoreName::Accuse { validator } => return charge_seed(rollup_chain_id, epoch, validator),
    };
    let mut bytes = b"rota/chore".to_vec();
    for number in [rollup_chain_id, epoch, kind, period] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes.extend_from_slice(validator.as_slice());
    keccak256(bytes)
}

/// The members in the order of their turns: each drawn by its power among those that are left, as leaders are.
#[must_use]
pub fn order(seed: B256, members: &[Member]) -> Vec<Address> {
    let mut left: Vec<Member> = members.iter().copied().filter(|member| member.power > 0).collect();
    let mut turns = Vec::with_capacity(left.len());
    for draw in 0u64.. {
        if left.is_empty() {
            break;
        }
        let total: U256 = left.iter().map(|member| U256::from(member.power)).sum();
        let drawn = keccak256([seed.as_slice(), &draw.to_be_bytes()].concat());
        let mut rest = U256::from_be_bytes(drawn.0) % total;
        let chosen = left.iter().position(|member| {
            let power = U256::from(member.power);
            let here = rest < power;
            rest = rest.saturating_sub(power);
            here
        });
        turns.push(left.remove(chosen.unwrap_or(0)).validator);
    }
    turns
}

/// The position of a validator: 0 begins, k is the k-th backup. None for one that is no member.
#[must_use]
pub fn position(order: &[Address], validator: Address) -> Option<u64> {
    let found = order.iter().position(|member| *member == validator)?;
    u64::try_from(found).ok()
}

#[cfg(test)]
#[path = "tests/turn.rs"]
mod tests;
