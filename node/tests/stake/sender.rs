//! A key that more than one program sends with, as an operator and the node that posts with the same key.

use std::{sync::Arc, time::Duration};

use alloy::{
    network::{EthereumWallet, TransactionBuilder as _},
    providers::{Provider as _, ProviderBuilder},
    rpc::types::TransactionRequest,
};
use alloy_primitives::{Address, U256};
use eyre::Result;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn command_whose_nonce_another_transaction_takes_ends_and_says_so() -> Result<()> {
    let world = Arc::new(World::new().await?);
    let somebody = Arc::new(world.newcomer("somebody", 1).await?);
    let account = somebody.address();
    let before = world.nonce(account).await?;
    world.set_automine(false).await?;

    let (theirs, who) = (world.clone(), somebody.clone());
    let words = ["another transaction of", "took its nonce 0", "run the command again"];
    let line = format!("gov delegate {account}");
    let command = tokio::task::spawn_blocking(move || theirs.refused(&who, &line, &words));
    let wallet = EthereumWallet::from(somebody.key.clone());
    let l1 = ProviderBuilder::new().wallet(wallet).connect_http(world.url.parse()?);
    while l1.get_transaction_count(account).pending().await? == before {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It offers more, so it takes the place of the other.
    let fee = 100_000_000_000;
    let other = TransactionRequest::default()
        .with_to(Address::ZERO)
        .with_value(U256::ZERO)
        .with_nonce(before)
        .with_max_fee_per_gas(fee)
        .with_max_priority_fee_per_gas(fee);
    let other = l1.send_transaction(other).await?;
    world.mine(1).await?;
    other.get_receipt().await?;
    command.await?
}
