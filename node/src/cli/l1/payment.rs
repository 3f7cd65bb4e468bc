//! How tokens are paid to the stakes: with what was allowed before, with a permit (EIP-2612) in the same transaction,
//! or with an allowance in one before it.

use std::time::{SystemTime, UNIX_EPOCH};

use alloy::signers::SignerSync as _;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use eyre::ensure;
use rota_staking::bindings::TestToken;

use super::{Sender, Step};
use crate::cli::amount::Token;

/// For how long a permit stands: L1 may be slow, and it is for one amount and one contract.
const PERMIT_S: u64 = 3_600;

/// The way an amount is paid.
pub(in crate::cli) enum Payment {
    /// The stakes may take it already.
    Allowed,
    /// With the transaction that takes it.
    Permit(Permit),
    /// By a transaction before it.
    Approve(Step),
}

/// A signed permit.
pub(in crate::cli) struct Permit {
    pub(in crate::cli) deadline: U256,
    pub(in crate::cli) v: u8,
    pub(in crate::cli) r: B256,
    pub(in crate::cli) s: B256,
}

/// Chooses the way, having seen that the sender has the amount.
///
/// # Errors
/// That it has not, or what L1 says.
pub(in crate::cli) async fn choose(sender: &Sender, token: &Token, amount: u128) -> eyre::Result<Payment> {
    let contracts = *sender.connected.contracts();
    let Some(approve) = allow(sender, token, amount).await? else { return Ok(Payment::Allowed) };
    let permit = permit(sender, contracts.token, contracts.stakes, U256::from(amount)).await?;
    Ok(permit.map_or(Payment::Approve(approve), Payment::Permit))
}

/// What lets the stakes take an amount, for calls that take no permit; none if they may already. The sender has it.
///
/// # Errors
/// That it has not, or what L1 says.
pub(in crate::cli) async fn allow(sender: &Sender, token: &Token, amount: u128) -> eyre::Result<Option<Step>> {
    let contracts = *sender.connected.contracts();
    let (owner, spender, wanted) = (sender.address, contracts.stakes, U256::from(amount));
    let has = sender.connected.ask(contracts.token, TestToken::balanceOfCall { account: owner }).await?;
    ensure!(has >= wanted, "{owner} has {}, {} are wanted", token.show(has.saturating_to()), token.show(amount));
    let allowed = sender.connected.ask(contracts.token, TestToken::allowanceCall { owner, spender }).await?;
    if allowed >= wanted {
        return Ok(None);
    }
    let call = format!("approve(spender {spender}, {})", token.show(amount));
    let input = TestToken::approveCall { spender, value: wanted }.abi_encode().into();
    Ok(Some(Step { contract: "the token", to: contracts.token, call, input, needs_the_one_before: false }))
}

/// A call of the stakes that takes tokens, and what has to come before it.
pub(in crate::cli) fn paid(
    sender: &Sender,
    call: String,
    payment: Payment,
    encode: impl FnOnce(Option<Permit>) -> Bytes,
) -> Vec<Step> {
    let step = |call, input, needs_the_one_before| Step { needs_the_one_before, ..sender.stakes(call, input) };
    match payment {
        Payment::Allowed => vec![step(call, encode(None), false)],
        Payment::Permit(permit) => vec![step(format!("{call} with a permit"), encode(Some(permit)), false)],
        Payment::Approve(approve) => vec![approve, step(call, encode(None), true)],
    }
}

/// A permit, if there is a key to sign it and the token takes some.
async fn permit(sender: &Sender, token: Address, spender: Address, value: U256) -> eyre::Result<Option<Permit>> {
    let Some(key) = sender.key() else { return Ok(None) };
    let owner = sender.address;
    let domain = sender.connected.ask(token, TestToken::DOMAIN_SEPARATORCall {}).await;
    let nonce = sender.connected.ask(token, TestToken::noncesCall { owner }).await;
    // A token without permits has neither.
    let (Ok(domain), Ok(nonce)) = (domain, nonce) else { return Ok(None) };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let deadline = U256::from(now.saturating_add(PERMIT_S));
    let signature = key.sign_hash_sync(&permit_digest(domain, (owner, spender, value), nonce, deadline))?;
    let (r, s) = (signature.r().into(), signature.s().into());
    Ok(Some(Permit { deadline, v: 27 + u8::from(signature.v()), r, s }))
}

/// EIP-2612: what the owner signs.
fn permit_digest(domain: B256, (owner, spender, value): (Address, Address, U256), nonce: U256, deadline: U256) -> B256 {
    let kind = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    let hash = keccak256((kind, owner, spender, value, nonce, deadline).abi_encode());
    keccak256([&[0x19, 0x01], domain.as_slice(), hash.as_slice()].concat())
}
