//! Questions find an endpoint that answers, and transactions go to all (rules Z5, Z9, Z10).

use std::time::{Duration, Instant};

use alloy::{network::TxSignerSync as _, providers::Provider as _, signers::local::PrivateKeySigner};
use alloy_consensus::{SignableTransaction as _, TxEip1559};
use alloy_eips::eip2718::Encodable2718 as _;
use alloy_primitives::{Address, TxKind, U256, hex};
use eyre::{Result, ensure};
use rota_node::l1::SendError;
use serde_json::json;

use crate::{
    proxy::Conduct,
    world::{World, state, until},
};

/// A single endpoint's own limit is 20 s: whoever waited one out fails this.
const NO_LIMIT_WAS_WAITED_OUT: Duration = Duration::from_secs(15);

/// Endpoint 0 was asked until it behaves so; from then on endpoint 1 answers, and 0 is asked no more.
async fn check(conduct: Conduct) -> Result<()> {
    let world = World::new(3).await?;
    let client = world.client(None)?;
    client.tip().await?;
    let tips = |endpoint: usize| world.proxies[endpoint].asked(Some("eth_getBlockByNumber"));
    assert_eq!(tips(0), 1);
    world.proxies[0].behave(conduct.clone());
    let begin = Instant::now();
    client.tip().await?;
    // A busy machine may keep the second from answering in time, and then the third does.
    ensure!(tips(0) == 2 && tips(1) >= 1, "{conduct:?}: {} {}", tips(0), tips(1));
    for _ in 0..20 {
        client.tip().await?;
    }
    println!("{conduct:?}: 21 answers in {:?}", begin.elapsed());
    ensure!(begin.elapsed() < NO_LIMIT_WAS_WAITED_OUT, "{conduct:?}: {:?}", begin.elapsed());
    ensure!(tips(0) == 2 && tips(1) + tips(2) >= 21, "Z9: the one that answers is kept: {} {}", tips(0), tips(1));
    // It stays so when the first comes back, and goes back when the second leaves.
    world.proxies[0].behave(Conduct::Honest);
    client.tip().await?;
    world.proxies[1].behave(conduct);
    world.proxies[2].behave(Conduct::Away);
    client.tip().await?;
    ensure!(tips(0) > 2, "there is nobody else");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn z9_endpoint_that_hangs_is_followed_by_the_next() -> Result<()> {
    check(Conduct::Hangs).await
}

#[tokio::test(flavor = "multi_thread")]
async fn z9_endpoint_that_is_away_is_followed_by_the_next() -> Result<()> {
    check(Conduct::Away).await
}

#[tokio::test(flavor = "multi_thread")]
async fn z9_endpoint_that_is_busy_is_followed_by_the_next() -> Result<()> {
    check(Conduct::Busy).await
}

#[tokio::test(flavor = "multi_thread")]
async fn z9_nobody_answers_and_that_is_said() -> Result<()> {
    let world = World::new(2).await?;
    let client = world.client(None)?;
    world.proxies.iter().for_each(|proxy| proxy.behave(Conduct::Away));
    ensure!(client.tip().await.is_err(), "nobody answers");
    assert_eq!((state(&client, 0), state(&client, 1)), ("silent", "silent"));
    // Those that are silent are asked all the same when nobody else is there.
    world.proxies[1].behave(Conduct::Honest);
    client.tip().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn z5_no_new_block_waits_for_an_endpoint_that_hangs() -> Result<()> {
    let world = World::new(3).await?;
    let (opening, client) = (world.opening().await?, world.client(None)?);
    world.proxies[2].behave(Conduct::Hangs);
    let begin = Instant::now();
    for _ in 0..10 {
        assert_eq!(client.news(opening, 500).await?, world.truth(opening).await?);
        world.mine(1).await?;
    }
    println!("10 times news beside an endpoint that hangs: {:?}", begin.elapsed());
    ensure!(begin.elapsed() < NO_LIMIT_WAS_WAITED_OUT, "{:?}", begin.elapsed());
    until(&client, 2, "silent").await?;
    // Questions to it do not pile up: two open ones, each of two numbers, for which it has 3 s.
    let most = 4 + 2 * begin.elapsed().as_secs() / 3;
    ensure!(world.proxies[2].asked(None) as u64 <= most, "{} questions, not {most}", world.proxies[2].asked(None));
    // It is heard again.
    world.proxies[2].behave(Conduct::Honest);
    client.news(opening, 500).await?;
    until(&client, 2, "well").await
}

/// A transfer of nothing by a funded account.
async fn transfer(world: &World) -> Result<Vec<u8>> {
    let key = PrivateKeySigner::random();
    let funds = json!([key.address(), U256::from(10).pow(U256::from(18))]);
    world.provider()?.raw_request::<_, serde_json::Value>("anvil_setBalance".into(), funds).await?;
    let mut transaction = TxEip1559 {
        chain_id: world.network.l1.chain_id,
        gas_limit: 21_000,
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1_000_000,
        to: TxKind::Call(Address::repeat_byte(1)),
        ..TxEip1559::default()
    };
    let signature = key.sign_transaction_sync(&mut transaction)?;
    Ok(transaction.into_signed(signature).encoded_2718())
}

#[tokio::test(flavor = "multi_thread")]
async fn z10_transaction_goes_to_all_in_the_same_bytes() -> Result<()> {
    let world = World::new(3).await?;
    let client = world.client(None)?;
    let raw = transfer(&world).await?;
    // Two of three do not take it; the one that does is enough.
    world.proxies[0].behave(Conduct::Away);
    world.proxies[1].behave(Conduct::Hangs);
    let begin = Instant::now();
    client.send(&raw).await?;
    ensure!(begin.elapsed() < NO_LIMIT_WAS_WAITED_OUT, "{:?}", begin.elapsed());
    world.proxies.iter().for_each(|proxy| proxy.behave(Conduct::Honest));
    // All know it by now, and that is as good as sent.
    client.send(&raw).await?;
    let bytes = json!(hex::encode_prefixed(&raw));
    let begin = Instant::now();
    while world.proxies.iter().any(|proxy| !proxy.sent().contains(&bytes)) {
        ensure!(begin.elapsed() < NO_LIMIT_WAS_WAITED_OUT, "not all have it");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for proxy in &world.proxies {
        ensure!(proxy.sent().iter().all(|sent| *sent == bytes), "Z10: the same bytes");
    }
    world.mine(1).await?;
    assert_eq!(client.fate(&[alloy_primitives::keccak256(&raw)]).await?.0, rota_node::poster::Fate::Done);
    // What all refuse is refused, by its name.
    let refused = client.send(&raw).await;
    ensure!(matches!(refused, Err(SendError::NonceTooLow(_))), "{refused:?}");
    Ok(())
}
