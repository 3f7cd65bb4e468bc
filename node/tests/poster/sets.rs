//! P20: the sets go on by the posters alone.

use alloy::{eips::BlockId, providers::Provider as _, rpc::types::TransactionRequest};
use alloy_sol_types::SolCall as _;
use eyre::{Result, ensure};
use rota_staking::bindings::{StakeManager::exitCall, ValidatorSets::seatOfCall};
use serde_json::json;

use crate::{
    anvil::Anvil,
    world::{World, on_l1},
};

/// The power that a validator has in the set that is being formed.
async fn power(world: &World, anvil: &Anvil, index: usize) -> Result<u64> {
    let input = seatOfCall { validator: world.operators[index].address() }.abi_encode();
    let call = TransactionRequest::default().to(world.network.l1.contracts.sets).input(input.into());
    Ok(seatOfCall::abi_decode_returns(&anvil.provider.call(call).await?)?.power)
}

/// A validator with a quarter of the power leaves, of which an eighth may go in an epoch: nobody calls the contracts
/// for it but posters, one for each epoch.
#[tokio::test]
async fn an_exit_that_takes_epochs_needs_nobody() -> Result<()> {
    const LEAVER: usize = 3;
    let (world, anvil) = on_l1(4).await?;
    let mut posters = Vec::new();
    for index in 0..3 {
        posters.push(world.poster(&anvil, index)?.0);
    }
    let leaver = world.operators[LEAVER].address();
    anvil.call("anvil_impersonateAccount", json!([leaver])).await?;
    let exit = alloy_primitives::Bytes::from(exitCall { validator: leaver }.abi_encode());
    let (stakes, gas) = (world.network.l1.contracts.stakes, "0x2dc6c0");
    let call = json!([{ "from": leaver, "to": stakes, "input": exit, "gas": gas }]);
    anvil.call("eth_sendTransaction", call).await?;
    anvil.mine(1).await?;
    let begun = power(&world, &anvil, LEAVER).await?;
    ensure!(begun > 0, "the first epoch takes all of it");

    let blocks = world.network.l1.epoch_length;
    let mut epochs = 0;
    while power(&world, &anvil, LEAVER).await? > 0 {
        ensure!(epochs < 4, "it has not left after {epochs} epochs");
        epochs += 1;
        for _ in 0..4 {
            anvil.mine(blocks / 4).await?;
            for poster in &mut posters {
                poster.tick().await?;
            }
        }
    }
    let mut sent = 0;
    for index in 0..3 {
        sent += world.l1(&anvil)?.account(world.operators[index].address(), BlockId::latest()).await?.nonce;
    }
    ensure!((1..=epochs).contains(&sent), "{sent} transactions in {epochs} epochs");
    Ok(())
}
