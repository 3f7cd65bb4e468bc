//! Accounts that others can empty (rule M6).

use std::sync::Arc;

use rota_proto::Transaction;

use super::{Draft, Wallet, add, pool, rich, transfer, wallet};
use crate::{AccountCode, AccountState, Added, CandidateForm, Mempool, MempoolLimits, Origin, Refused};

/// Adds a transaction of an account that has a delegation.
fn add_delegated(pool: &mut Mempool, transaction: &Arc<Transaction>) -> Result<Added, Refused> {
    let account = AccountState { code: AccountCode::Delegation, ..rich(5) };
    let added = pool.add(Arc::clone(transaction), Origin::Remote, account);
    pool.check_books();
    added
}

/// A transaction of wallet 9 that may delegate the account of wallet `authority`.
fn delegating(authority: u8, chain_id: u64, nonce: u64) -> Arc<Transaction> {
    Wallet::new(9).sign_7702(Draft::default(), vec![Wallet::new(authority).authorize(chain_id, nonce)])
}

#[test]
fn a_delegated_account_has_one_transaction_waiting() {
    let mut pool = pool();
    let gapped = add_delegated(&mut pool, &transfer(1, 6, 100, 10)).unwrap_err();
    assert_eq!(gapped.to_string(), "gapped-nonce tx from delegated accounts: tx nonce 6, next nonce 5");
    add_delegated(&mut pool, &transfer(1, 5, 100, 10)).unwrap();
    let second = add_delegated(&mut pool, &transfer(1, 6, 100, 10)).unwrap_err();
    assert_eq!(second.to_string(), "in-flight transaction limit reached for delegated accounts");
    add_delegated(&mut pool, &transfer(1, 5, 200, 20)).unwrap();
}

#[test]
fn an_account_that_may_be_delegated_has_one_transaction_waiting() {
    let mut pool = pool();
    let delegating = delegating(1, 0, 0);
    add(&mut pool, &delegating).unwrap();
    assert!(matches!(add(&mut pool, &transfer(1, 1, 100, 10)), Err(Refused::GappedFromDelegated { .. })));
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    assert_eq!(add(&mut pool, &transfer(1, 1, 100, 10)).unwrap_err(), Refused::InFlightLimit);
    super::finalize(&mut pool, super::batch(1), 1, &[delegating]);
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
}

#[test]
fn an_account_with_several_transactions_waiting_is_not_delegated() {
    let mut pool = pool();
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
    let refused = add(&mut pool, &delegating(1, 7682, 0)).unwrap_err();
    let text = format!("authority already reserved: {} has 2 transactions", Wallet::new(1).address());
    assert_eq!(refused.to_string(), text);
}

#[test]
fn an_account_with_one_transaction_waiting_may_be_delegated() {
    let mut pool = pool();
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    add(&mut pool, &delegating(1, 7682, 0)).unwrap();
}

#[test]
fn authorizations_that_cannot_take_effect_bind_nobody() {
    // For another chain, and with a used nonce: anyone can copy those from where they were published.
    for authorization in [delegating(1, 1, 5), delegating(1, 7682, 4)] {
        let mut pool = pool();
        add(&mut pool, &authorization).unwrap();
        for nonce in 5..8 {
            pool.add(transfer(1, nonce, 100, 10), Origin::Remote, rich(5)).unwrap();
        }
        pool.check_books();
    }
}

#[test]
fn an_authorization_with_a_false_signature_binds_nobody() {
    let mut signed = Wallet::new(1).authorize(0, 0);
    let r = signed.r();
    signed = alloy_eips::eip7702::SignedAuthorization::new_unchecked(signed.inner().clone(), 9, r, signed.s());
    let mut pool = pool();
    add(&mut pool, &Wallet::new(9).sign_7702(Draft::default(), vec![signed])).unwrap();
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    add(&mut pool, &transfer(1, 1, 100, 10)).unwrap();
}

/// Rule M1: signers of authorizations are recovered last, so that who can pay nothing costs next to nothing.
#[test]
fn m1_authorizations_of_a_sender_that_cannot_pay_are_not_recovered() {
    let transaction = Wallet::new(1).sign_7702(Draft::default(), vec![Wallet::new(2).authorize(0, 0)]);
    let form = CandidateForm::check(Arc::clone(&transaction), &wallet::RULES).expect("a good form");
    assert!(
        form.has_authorizations() && form.candidate().authorizations.is_empty(),
        "nobody has looked at a signature"
    );
    assert_eq!(form.recover(&wallet::RULES).authorizations.len(), 1);
    let refused = pool().add(transaction, Origin::Remote, AccountState::default());
    assert!(matches!(refused, Err(Refused::InsufficientFunds { .. })), "{refused:?}");
}

/// A transaction of wallet 1 with an authorization.
fn authorizing(draft: Draft) -> Arc<Transaction> {
    Wallet::new(1).sign_7702(draft, vec![Wallet::new(9).authorize(0, 0)])
}

/// Rule M1: whoever is refused whatever the signers is refused before they are recovered, and costs the pool nothing.
#[test]
fn m1_every_refusal_that_needs_no_signer_comes_before_they_are_recovered() {
    let cheap = Draft { fee: 100, tip: 10, gas: 100_000, ..Draft::default() };
    let mut replacing = pool();
    add(&mut replacing, &transfer(1, 0, 100, 10)).unwrap();
    let mut delegated = pool();
    add(&mut delegated, &delegating(1, 0, 0)).unwrap();
    add(&mut delegated, &transfer(1, 0, 100, 10)).unwrap();
    let mut shared = Mempool::new(MempoolLimits { sender_slots: 1, ..MempoolLimits::default() }, wallet::RULES);
    add(&mut shared, &transfer(1, 0, 100, 10)).unwrap();
    let mut full = super::pool_of(1);
    add(&mut full, &transfer(2, 0, 100, 10)).unwrap();
    let next = Draft { nonce: 1, ..cheap.clone() };
    for (mut pool, draft, text) in [
        (pool(), Draft { nonce: 65, ..cheap.clone() }, "nonce too high"),
        (replacing, cheap.clone(), "replacement transaction underpriced"),
        (delegated, next.clone(), "in-flight transaction limit reached"),
        (shared, next, "account limit exceeded"),
        (full, cheap, "transaction underpriced"),
    ] {
        let form = CandidateForm::check(authorizing(draft), &wallet::RULES).expect("a good form");
        let held: Vec<_> = pool.iter().map(|pooled| pooled.transaction.hash()).collect();
        let refused = pool.precheck(&form, Origin::Remote, rich(0)).unwrap_err();
        assert!(refused.to_string().starts_with(text), "{refused}, not {text}");
        pool.check_books();
        assert_eq!(pool.iter().map(|pooled| pooled.transaction.hash()).collect::<Vec<_>>(), held);
    }
}

/// Rule M1: what the check before tries leaves no trace, also where others would have had to go.
#[test]
fn m1_precheck_changes_nothing() {
    let mut pool = super::pool_of(2);
    add(&mut pool, &transfer(1, 0, 100, 10)).unwrap();
    add(&mut pool, &transfer(2, 0, 100, 10)).unwrap();
    let held: Vec<_> = pool.iter().map(|pooled| pooled.transaction.hash()).collect();
    for nonce in [0, 1] {
        let dear = authorizing(Draft { nonce, fee: 1_000, tip: 500, gas: 100_000, ..Draft::default() });
        let form = CandidateForm::check(dear, &wallet::RULES).expect("a good form");
        pool.precheck(&form, Origin::Local, rich(0)).unwrap();
        pool.check_books();
        assert_eq!(pool.iter().map(|pooled| pooled.transaction.hash()).collect::<Vec<_>>(), held);
    }
}
