//! Each way to be wrong is named, and no block that is taken is wrong (rules Z2 to Z8, Z11).

use eyre::{Result, ensure};
use rota_node::l1::{L1Error, LAG_MAX, Lie};

use crate::{
    proxy::Conduct,
    world::{World, metrics, state, until},
};

/// The endpoint that is asked first misbehaves, and the two others do not: the truth is taken, and it is named.
async fn check(conduct: Conduct, expected: &str, reason: &str) -> Result<()> {
    let world = World::new(3).await?;
    let conduct = if conduct == Conduct::Elsewhere(String::new()) { world.elsewhere() } else { conduct };
    let (opening, client) = (world.opening().await?, world.client(None)?);
    let truth = world.truth(opening).await?;
    ensure!(truth.len() > 3, "there are final blocks");
    world.proxies[0].behave(conduct.clone());
    // What two have alike is taken before the third is heard, which may be less than all.
    let mut taken = Vec::new();
    while taken.len() < truth.len() {
        taken.extend(client.news(opening + taken.len() as u64, 500).await?);
        assert_eq!(taken, truth[..taken.len()], "{conduct:?}");
    }
    until(&client, 0, expected).await?;
    assert_eq!((state(&client, 1), state(&client, 2)), ("well", "well"), "{conduct:?}: {:?}", client.endpoints());
    let text = metrics(&client)?;
    for line in [
        format!("rota_l1_endpoint_state{{endpoint=\"0\",state=\"{expected}\"}} 1"),
        format!("rota_l1_endpoint_faults_total{{endpoint=\"0\",reason=\"{reason}\"}}"),
        "rota_l1_disagreement 0".into(),
    ] {
        ensure!(text.contains(&line), "{conduct:?}: {line} is not in\n{text}");
    }
    // It is used for nothing: the others answer.
    client.tip().await?;
    ensure!(client.endpoints().iter().all(|status| status.preferred == (status.endpoint == 1)), "{conduct:?}");
    assert_eq!(client.disagreement(), None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn z6_endpoint_of_another_chain_is_named() -> Result<()> {
    check(Conduct::ChainId(5), "other-chain", "other-chain").await
}

#[tokio::test(flavor = "multi_thread")]
async fn z6_endpoint_of_another_fork_is_named() -> Result<()> {
    check(Conduct::Elsewhere(String::new()), "forked", "other-block").await
}

#[tokio::test(flavor = "multi_thread")]
async fn z6_endpoint_that_lags_is_named() -> Result<()> {
    check(Conduct::Behind(LAG_MAX + 1), "lagging", "behind").await
}

#[tokio::test(flavor = "multi_thread")]
async fn z6_endpoint_that_is_away_is_named() -> Result<()> {
    check(Conduct::Away, "silent", "no-answer").await
}

#[tokio::test(flavor = "multi_thread")]
async fn z6_endpoint_that_hangs_is_named() -> Result<()> {
    check(Conduct::Hangs, "silent", "no-answer").await
}

#[tokio::test(flavor = "multi_thread")]
async fn z3_log_that_is_left_out_is_found_by_comparison() -> Result<()> {
    check(Conduct::DropsLogs, "lying", "other-logs").await
}

#[tokio::test(flavor = "multi_thread")]
async fn z3_log_that_is_made_up_is_found_by_comparison() -> Result<()> {
    check(Conduct::InventsLogs, "lying", "other-logs").await
}

#[tokio::test(flavor = "multi_thread")]
async fn z3_call_that_is_answered_otherwise_is_found_by_comparison() -> Result<()> {
    check(Conduct::OtherCalls, "lying", "other-logs").await
}

#[tokio::test(flavor = "multi_thread")]
async fn z2_header_that_was_altered_is_a_lie() -> Result<()> {
    check(Conduct::AltersHeaders, "lying", "header-hash").await
}

#[tokio::test(flavor = "multi_thread")]
async fn z3_blocks_that_are_called_final_too_soon_are_not_taken() -> Result<()> {
    let world = World::new(3).await?;
    let (opening, client) = (world.opening().await?, world.client(None)?);
    world.proxies[0].behave(Conduct::Ahead(2));
    let truth = world.truth(opening).await?;
    for _ in 0..5 {
        assert_eq!(client.news(opening, 500).await?, truth);
        assert_eq!(Some(client.final_number().await?), truth.last().map(|block| block.number));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn z11_one_endpoint_is_held_against_itself() -> Result<()> {
    let world = World::new(1).await?;
    let (opening, client) = (world.opening().await?, world.client(None)?);
    let truth = world.truth(opening).await?;
    assert_eq!(client.news(opening, 500).await?, truth);
    for (conduct, expected) in [
        (Conduct::AltersHeaders, "header-hash"),
        (Conduct::OtherNumber, "block-number"),
        (Conduct::ForeignLogs, "foreign-log"),
        (Conduct::OtherLogs, "log-of-other-block"),
    ] {
        world.proxies[0].behave(conduct);
        let found = client.news(opening, 500).await;
        ensure!(matches!(&found, Err(L1Error::Lie { lie, .. }) if lie.name() == expected), "{expected}: {found:?}");
        assert_eq!(state(&client, 0), "lying");
    }
    // There is nobody else: it is asked on, and believed as soon as it does not contradict itself.
    world.proxies[0].behave(Conduct::Honest);
    assert_eq!(client.news(opening, 500).await?, truth);
    world.proxies[0].behave(Conduct::ChainId(5));
    let found = client.check_chain().await;
    ensure!(matches!(found, Err(L1Error::OtherChain { found: 5, expected: 31_337 })), "{found:?}");
    assert_eq!(state(&client, 0), "other-chain");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn z2_log_that_the_bloom_excludes_is_a_lie() -> Result<()> {
    // A log of the opening is said to be of a later block, with that block's hash.
    let world = World::new(1).await?;
    let (opening, client) = (world.opening().await?, world.client(None)?);
    let later = world.truth(opening + 1).await?[0].clone();
    world.proxies[0].behave(Conduct::MovesLogs { from: opening, to: later.number, hash: later.hash });
    let found = client.news(later.number, 1).await;
    ensure!(matches!(found, Err(L1Error::Lie { lie: Lie::Bloom, .. })), "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn z8_nothing_is_taken_while_endpoints_disagree() -> Result<()> {
    let world = World::new(2).await?;
    let (opening, client) = (world.opening().await?, world.client(None)?);
    let truth = world.truth(opening).await?;
    for conduct in [Conduct::DropsLogs, world.elsewhere()] {
        world.proxies[1].behave(conduct.clone());
        // The opening has logs, and the last final block is another one on the fork.
        let last = truth.last().map_or(opening, |block| block.number);
        let next = if conduct == Conduct::DropsLogs { opening } else { last };
        let found = client.news(next, 500).await;
        ensure!(matches!(&found, Err(L1Error::Disagreement { block, .. }) if *block == next), "{conduct:?}: {found:?}");
        ensure!(client.disagreement().is_some_and(|about| about.contains("[0]") && about.contains("[1]")), "who");
        ensure!(metrics(&client)?.contains("rota_l1_disagreement 1"), "as a metric");
        // Nobody knows who is wrong.
        assert_eq!((state(&client, 0), state(&client, 1)), ("well", "well"));
        world.proxies[1].behave(Conduct::Honest);
        assert_eq!(client.news(opening, 500).await?, truth, "it goes on by itself");
        assert_eq!(client.disagreement(), None);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn z7_list_whose_endpoints_have_lied_is_not_lost() -> Result<()> {
    let world = World::new(3).await?;
    let (opening, client) = (world.opening().await?, world.client(None)?);
    let truth = world.truth(opening).await?;
    for endpoint in [0, 1] {
        world.proxies[endpoint].behave(Conduct::AltersHeaders);
        // The second leaves too few that have not lied, and says so.
        let found = client.news(opening, 500).await;
        ensure!(endpoint == 1 || found.is_ok_and(|blocks| blocks == truth), "two of three are enough");
        until(&client, endpoint, "lying").await?;
        world.proxies[endpoint].behave(Conduct::Honest);
    }
    world.proxies[0].behave(Conduct::DropsLogs);
    let found = client.news(opening, 500).await;
    ensure!(matches!(found, Err(L1Error::Disagreement { .. })), "with liars all have to say the same: {found:?}");
    world.proxies[0].behave(Conduct::Honest);
    // What was open is answered first.
    let mut surveys = 0;
    while [0, 1].iter().any(|endpoint| state(&client, *endpoint) != "well") {
        match client.news(opening, 500).await {
            Ok(blocks) => assert_eq!(blocks, truth),
            Err(error) => println!("{error}"),
        }
        surveys += 1;
        ensure!(surveys < 200, "{:?}", client.endpoints());
    }
    ensure!(surveys >= 16, "Z7: a liar repents for long, not {surveys} surveys");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn z4_last_endpoint_is_believed_only_if_the_settings_say_so() -> Result<()> {
    let world = World::new(2).await?;
    let (opening, both, one) = (world.opening().await?, world.client(None)?, world.client(Some(1))?);
    let truth = world.truth(opening).await?;
    // While both answer, both have to say the same.
    world.proxies[1].behave(Conduct::DropsLogs);
    let found = one.news(opening, 500).await;
    ensure!(matches!(found, Err(L1Error::Disagreement { .. })), "{found:?}");
    world.proxies[1].behave(Conduct::Away);
    assert_eq!(one.news(opening, 500).await?, truth);
    let found = both.news(opening, 500).await;
    ensure!(matches!(found, Err(L1Error::TooFew { heard: 1, endpoints: 2, needed: 2 })), "{found:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn z6_chain_id_is_told_at_the_start_and_asked_again() -> Result<()> {
    let world = World::new(3).await?;
    let client = world.client(None)?;
    world.proxies[0].behave(Conduct::ChainId(5));
    client.check_chain().await?;
    assert_eq!([0, 1, 2].map(|endpoint| state(&client, endpoint)), ["other-chain", "unknown", "unknown"]);
    let opening = world.opening().await?;
    world.proxies[0].behave(Conduct::Honest);
    client.news(opening, 500).await?;
    until(&client, 0, "well").await?;
    // One that changes its chain while it is used.
    world.proxies[0].behave(Conduct::ChainId(6));
    client.news(opening, 500).await?;
    until(&client, 0, "other-chain").await?;
    for proxy in &world.proxies {
        proxy.behave(Conduct::ChainId(5));
    }
    let found = world.client(None)?.check_chain().await;
    ensure!(matches!(found, Err(L1Error::OtherChain { found: 5, .. })), "{found:?}");
    Ok(())
}
