//! Stake that comes, goes, comes back and is paid out.

use alloy::rpc::types::TransactionReceipt;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall as _, SolEventInterface as _};
use rota_staking::{
    Contracts,
    bindings::{Enrolment, StakeManager, StakeManager::StakeManagerEvents, ValidatorRegistry, ValidatorSets},
};
use serde_json::{Value, json};

use super::{
    AdvanceArguments, CancelArguments, RegisterArguments, TopUpArguments, UnbondArguments, WithdrawArguments,
    keys::read_keys,
    payment::{Payment, Permit, choose},
};
use crate::cli::{
    amount::Token,
    l1::{Sender, Step},
};

pub(super) async fn register(arguments: RegisterArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let amount = token.parse(&arguments.amount)?;
    let keys = read_keys(&arguments.sender.l1, &arguments.keys)?;
    let operator = sender.address;
    let registry = sender.connected.contracts().registry;
    let nonce = sender.connected.ask(registry, ValidatorRegistry::nonceOfCall { operator }).await?;
    let possession = keys.prove(&sender.connected.network.domain(), operator, nonce)?;
    let registration = Enrolment::Registration {
        consensusKey: keys.consensus.verifying_key().to_bytes().into(),
        attestationKey: keys.attestation.public().to_bytes().into(),
        withdrawal: arguments.withdrawal,
        submitter: arguments.submitter.unwrap_or_default(),
        feeRecipient: arguments.fee_recipient.unwrap_or(arguments.withdrawal),
        nodeAddress: arguments.node_address,
        metadata: arguments.metadata,
    };
    let call = format!(
        "register({}, consensus key {}, attestation key {}, withdrawal {}, fee recipient {})",
        token.show(amount),
        registration.consensusKey,
        keys.attestation.public(),
        registration.withdrawal,
        registration.feeRecipient,
    );
    let possession = (&possession).into();
    let payment = choose(&sender, &token, amount).await?;
    let steps = paid(sender.connected.contracts(), call, payment, |permit| match permit {
        None => StakeManager::registerCall { registration, possession, amount }.abi_encode().into(),
        Some(Permit { deadline, v, r, s }) => {
            let call = StakeManager::registerWithPermitCall { registration, possession, amount, deadline, v, r, s };
            call.abi_encode().into()
        }
    });
    finish(&sender, &token, &steps).await
}

pub(super) async fn top_up(arguments: TopUpArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let amount = token.parse(&arguments.amount)?;
    let validator = arguments.validator.unwrap_or(sender.address);
    let payment = choose(&sender, &token, amount).await?;
    let call = format!("topUp(validator {validator}, {})", token.show(amount));
    let steps = paid(sender.connected.contracts(), call, payment, |permit| match permit {
        None => StakeManager::topUpCall { validator, amount }.abi_encode().into(),
        Some(Permit { deadline, v, r, s }) => {
            StakeManager::topUpWithPermitCall { validator, amount, deadline, v, r, s }.abi_encode().into()
        }
    });
    finish(&sender, &token, &steps).await
}

pub(super) async fn unbond(arguments: UnbondArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let validator = arguments.validator.unwrap_or(sender.address);
    let step = match arguments.amount {
        Some(text) => {
            let amount = token.parse(&text)?;
            let call = format!("unbond(validator {validator}, {})", token.show(amount));
            stakes(&sender, call, StakeManager::unbondCall { validator, amount }.abi_encode())
        }
        None => {
            let call = format!("exit(validator {validator})");
            stakes(&sender, call, StakeManager::exitCall { validator }.abi_encode())
        }
    };
    finish(&sender, &token, &[step]).await
}

pub(super) async fn cancel(arguments: CancelArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let id = arguments.id;
    let step = stakes(&sender, format!("cancel(unbonding {id})"), StakeManager::cancelCall { id }.abi_encode());
    finish(&sender, &token, &[step]).await
}

pub(super) async fn withdraw(arguments: WithdrawArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let step = match (arguments.id, arguments.rest_of, arguments.credit_of) {
        (Some(id), _, _) => {
            stakes(&sender, format!("withdraw(unbonding {id})"), StakeManager::withdrawCall { id }.abi_encode())
        }
        (None, Some(validator), _) => {
            let registry = sender.connected.contracts().registry;
            let account = sender.connected.ask(registry, ValidatorRegistry::withdrawalOfCall { validator }).await?;
            let call = format!("release(validator {validator}, account {account})");
            stakes(&sender, call, StakeManager::releaseCall { validator, account }.abi_encode())
        }
        (None, None, account) => {
            let account = account.unwrap_or(sender.address);
            let call = format!("collect(account {account})");
            stakes(&sender, call, StakeManager::collectCall { account }.abi_encode())
        }
    };
    finish(&sender, &token, &[step]).await
}

pub(super) async fn advance(arguments: AdvanceArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let steps = U256::from(arguments.steps);
    let step = Step {
        contract: "ValidatorSets",
        to: sender.connected.contracts().sets,
        call: format!("advance({steps} steps)"),
        input: ValidatorSets::advanceCall { steps }.abi_encode().into(),
        needs_the_one_before: false,
    };
    finish(&sender, &token, &[step]).await
}

/// A call of the stakes.
fn stakes(sender: &Sender, call: String, input: Vec<u8>) -> Step {
    let to = sender.connected.contracts().stakes;
    Step { contract: "StakeManager", to, call, input: input.into(), needs_the_one_before: false }
}

/// A call of the stakes that takes tokens, and what has to come before it.
fn paid(
    contracts: &Contracts,
    call: String,
    payment: Payment,
    encode: impl FnOnce(Option<Permit>) -> Bytes,
) -> Vec<Step> {
    let step = |call, input, needs_the_one_before| Step {
        contract: "StakeManager",
        to: contracts.stakes,
        call,
        input,
        needs_the_one_before,
    };
    match payment {
        Payment::Allowed => vec![step(call, encode(None), false)],
        Payment::Permit(permit) => vec![step(format!("{call} with a permit"), encode(Some(permit)), false)],
        Payment::Approve(approve) => vec![approve, step(call, encode(None), true)],
    }
}

/// Runs the steps and tells what the stakes say came of them.
async fn finish(sender: &Sender, token: &Token, steps: &[Step]) -> eyre::Result<()> {
    let receipts = sender.run(steps).await?;
    if sender.dry_run {
        return Ok(());
    }
    let stakes = sender.connected.contracts().stakes;
    let events = receipts.iter().flat_map(|receipt| happened(receipt, stakes));
    let (texts, values): (Vec<String>, Vec<Value>) = events.filter_map(|event| tell(token, event)).unzip();
    if sender.json {
        println!("{}", json!({ "transactions": transactions(&receipts), "events": values }));
    } else {
        texts.iter().for_each(|text| println!("{text}"));
    }
    Ok(())
}

/// Transactions that were mined, for programs.
pub(super) fn transactions(receipts: &[TransactionReceipt]) -> Vec<Value> {
    let told = |receipt: &TransactionReceipt| {
        let (hash, block, gas) = (receipt.transaction_hash, receipt.block_number, receipt.gas_used);
        json!({ "hash": hash, "block": block, "gasUsed": gas })
    };
    receipts.iter().map(told).collect()
}

fn happened(receipt: &TransactionReceipt, stakes: Address) -> Vec<StakeManagerEvents> {
    let logs = receipt.logs().iter().filter(|log| log.address() == stakes);
    logs.filter_map(|log| StakeManagerEvents::decode_log(&log.inner).ok().map(|log| log.data)).collect()
}

/// What people and programs are told of an event, if it is for them.
fn tell(token: &Token, event: StakeManagerEvents) -> Option<(String, Value)> {
    let units = |amount: u128| amount.to_string();
    Some(match event {
        StakeManagerEvents::Bonded(event) => (
            format!(
                "bonded {}; the bond of {} is {}",
                token.show(event.amount),
                event.validator,
                token.show(event.bonded)
            ),
            json!({ "event": "Bonded", "validator": event.validator, "amount": units(event.amount),
                "bonded": units(event.bonded) }),
        ),
        StakeManagerEvents::UnbondingBegun(event) => (
            format!(
                "unbonding {} of {} began; due {} epochs after its power has ceased to serve; still bonded {}",
                event.id,
                token.show(event.amount),
                event.delay,
                token.show(event.bonded)
            ),
            json!({ "event": "UnbondingBegun", "id": event.id, "validator": event.validator,
                "amount": units(event.amount), "bonded": units(event.bonded), "delayEpochs": event.delay }),
        ),
        StakeManagerEvents::UnbondingCancelled(event) => (
            format!("unbonding {} is bonded again; the bond is {}", event.id, token.show(event.bonded)),
            json!({ "event": "UnbondingCancelled", "id": event.id, "validator": event.validator,
                "bonded": units(event.bonded) }),
        ),
        StakeManagerEvents::Withdrawn(event) => (
            format!("paid {} to {}", token.show(event.amount), event.account),
            json!({ "event": "Withdrawn", "id": event.id, "account": event.account,
                "amount": units(event.amount) }),
        ),
        StakeManagerEvents::Released(event) => (
            format!("paid {} to {}", token.show(event.amount), event.account),
            json!({ "event": "Released", "validator": event.validator, "account": event.account,
                "amount": units(event.amount) }),
        ),
        StakeManagerEvents::Collected(event) => (
            format!("paid {} to {}", token.show(event.amount), event.account),
            json!({ "event": "Collected", "account": event.account, "amount": units(event.amount) }),
        ),
        StakeManagerEvents::Opened(_)
        | StakeManagerEvents::Delegated(_)
        | StakeManagerEvents::UndelegationBegun(_)
        | StakeManagerEvents::Redelegated(_)
        | StakeManagerEvents::RewardPaid(_)
        | StakeManagerEvents::RewardsFunded(_)
        | StakeManagerEvents::ValidatorExpelled(_)
        | StakeManagerEvents::ValidatorResumed(_)
        | StakeManagerEvents::ValidatorSuspended(_)
        | StakeManagerEvents::Slashed(_)
        | StakeManagerEvents::Settled(_)
        | StakeManagerEvents::Credited(_) => return None,
    })
}
