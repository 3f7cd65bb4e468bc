//! Which proposal is meant, and what comes next for it.

use alloy_primitives::{Address, Bytes, U256};
use eyre::{WrapErr as _, bail};

use crate::{
    cli::l1::Connected,
    l1::{proposals_in, proposals_made},
    outlook::{Call, Proposal, Standing, State},
};

/// All proposals that were made, the oldest first.
///
/// # Errors
/// What L1 says.
pub(super) async fn all(connected: &Connected) -> eyre::Result<Vec<Proposal>> {
    let logs = connected.logs(&proposals_made(connected.contracts().governor)).await?;
    Ok(proposals_in(&logs)?)
}

/// The one whose number this is, or begins like this.
///
/// # Errors
/// That there is none or more than one, or what L1 says.
pub(super) async fn find(connected: &Connected, digits: &str) -> eyre::Result<Proposal> {
    chosen(all(connected).await?, digits)
}

/// A proposal as L1's newest block has it.
#[derive(Clone, Debug)]
pub(super) struct Now {
    /// How it stands.
    pub(super) standing: Standing,
    /// The block.
    block: u64,
    /// The block's second.
    second: u64,
}

impl Now {
    /// How a proposal stands.
    ///
    /// # Errors
    /// What L1 says.
    pub(super) async fn of(proposal: &Proposal, connected: &Connected) -> eyre::Result<Self> {
        let tip = connected.client.tip().await?;
        let standing = connected.client.standing(proposal.id, proposal.snapshot, &tip).await;
        let standing = standing.wrap_err_with(|| format!("proposal {}", proposal.short()))?;
        Ok(Self { standing, block: tip.number, second: tip.timestamp })
    }

    /// What comes next, in words.
    pub(super) fn next(&self, proposal: &Proposal) -> String {
        let (block, second) = (self.block, self.second);
        let (snapshot, deadline, eta_s) = (proposal.snapshot, proposal.deadline, self.standing.eta_s);
        match self.standing.state {
            State::Pending => {
                let left = snapshot.saturating_sub(block);
                format!("votes are counted as of the end of L1 block {snapshot}, {left} more, and cast after it")
            }
            State::Active => {
                let left = deadline.saturating_sub(block);
                format!("votes are cast until L1 block {deadline}, {left} more")
            }
            State::Succeeded => "it has passed: anyone can queue it now".into(),
            State::Queued if eta_s > second => {
                let left = eta_s - second;
                format!("it can be executed from second {eta_s} of L1's clock on, {left} more")
            }
            State::Queued => "anyone can execute it now".into(),
            State::Canceled | State::Defeated | State::Expired | State::Executed => "nothing: it is over".into(),
        }
    }
}

/// Calls as the governor takes them: targets, values, calldata.
pub(super) fn parts(calls: &[Call]) -> (Vec<Address>, Vec<U256>, Vec<Bytes>) {
    let targets = calls.iter().map(|call| call.target).collect();
    let inputs = calls.iter().map(|call| call.input.clone()).collect();
    (targets, vec![U256::ZERO; calls.len()], inputs)
}

/// The only one that these digits name. Numbers are hashes, so the first few digits do, and never mean another one
/// later: then they are refused.
fn chosen(proposals: Vec<Proposal>, digits: &str) -> eyre::Result<Proposal> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        bail!("'{digits}' is no number of a proposal: `rota gov list` tells them");
    }
    let mut named: Vec<_> =
        proposals.into_iter().filter(|proposal| proposal.id.to_string().starts_with(digits)).collect();
    let whole = named.iter().position(|proposal| proposal.id.to_string() == digits);
    match (whole, named.len()) {
        (Some(index), _) => Ok(named.swap_remove(index)),
        (None, 1) => Ok(named.swap_remove(0)),
        (None, 0) => bail!("no proposal's number begins with {digits}: `rota gov list` tells them"),
        (None, count) => bail!("{count} proposals' numbers begin with {digits}: more digits are wanted"),
    }
}

#[cfg(test)]
#[path = "tests/proposal.rs"]
mod tests;
