//! Stake that comes, goes, comes back and is paid out.

use alloy_primitives::U256;
use alloy_sol_types::SolCall as _;
use rota_staking::bindings::{Enrolment, StakeManager, ValidatorRegistry, ValidatorSets};

use super::{
    AdvanceArguments, CancelArguments, RegisterArguments, TopUpArguments, UnbondArguments, WithdrawArguments,
    keys::{read_keys, withdrawal_of},
};
use crate::cli::{
    events::finish,
    l1::{Permit, Step, choose, paid},
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
    let steps = paid(&sender, call, payment, |permit| match permit {
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
    let steps = paid(&sender, call, payment, |permit| match permit {
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
            sender.stakes(call, StakeManager::unbondCall { validator, amount }.abi_encode())
        }
        None => {
            let call = format!("exit(validator {validator})");
            sender.stakes(call, StakeManager::exitCall { validator }.abi_encode())
        }
    };
    finish(&sender, &token, &[step]).await
}

pub(super) async fn cancel(arguments: CancelArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let id = arguments.id;
    let step = sender.stakes(format!("cancel(unbonding {id})"), StakeManager::cancelCall { id }.abi_encode());
    finish(&sender, &token, &[step]).await
}

pub(super) async fn withdraw(arguments: WithdrawArguments) -> eyre::Result<()> {
    let sender = arguments.sender.connect().await?;
    let token = sender.connected.token().await?;
    let step = match (arguments.id, arguments.rest_of, arguments.credit_of) {
        (Some(id), _, _) => {
            sender.stakes(format!("withdraw(unbonding {id})"), StakeManager::withdrawCall { id }.abi_encode())
        }
        (None, Some(validator), _) => {
            // Without a name, what is left of the own bond.
            let account = match arguments.account {
                Some(account) => account,
                None => withdrawal_of(&sender.connected, validator).await?,
            };
            let call = format!("release(validator {validator}, account {account})");
            sender.stakes(call, StakeManager::releaseCall { validator, account }.abi_encode())
        }
        (None, None, account) => {
            let account = account.unwrap_or(sender.address);
            let call = format!("collect(account {account})");
            sender.stakes(call, StakeManager::collectCall { account }.abi_encode())
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
