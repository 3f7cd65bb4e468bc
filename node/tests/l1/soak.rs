//! L1 is followed while endpoints misbehave one after the other: nothing that is taken is ever wrong (rules Z3, Z7).

use std::time::Duration;

use eyre::{ContextCompat as _, Result, ensure};
use rota_node::l1::{L1Client, LAG_MAX};
use rota_replica::Event;
use tokio::sync::{mpsc, watch};

use crate::{
    proxy::Conduct,
    world::{World, state},
};

/// Whatever takes this long has failed.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn z3_no_block_that_is_taken_is_wrong_while_endpoints_misbehave_in_turn() -> Result<()> {
    let world = World::new(3).await?;
    let (opening, client) = (world.opening().await?, world.client(None)?);
    let (events, mut taken) = mpsc::channel(1_000);
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(client.clone().follow(opening, Duration::from_millis(20), events, stopped));
    let conducts = [
        Conduct::DropsLogs,
        Conduct::AltersHeaders,
        world.elsewhere(),
        Conduct::Away,
        Conduct::ChainId(5),
        Conduct::Behind(LAG_MAX + 5),
        Conduct::Ahead(2),
        Conduct::OtherCalls,
        Conduct::InventsLogs,
        Conduct::Busy,
        Conduct::OtherNumber,
        Conduct::Honest,
    ];
    let mut next = opening;
    // Every conduct on every endpoint, while the chain goes on; epochs begin on the way.
    for (turn, conduct) in conducts.iter().flat_map(|conduct| [0, 1, 2].map(|endpoint| (endpoint, conduct))) {
        world.proxies[turn].behave(conduct.clone());
        world.mine(3).await?;
        let truth = world.truth(next).await?;
        ensure!(!truth.is_empty(), "L1 goes on");
        for expected in truth {
            let event = tokio::time::timeout(PATIENCE, taken.recv()).await;
            let event = event.ok().flatten().wrap_err_with(|| format!("no block {next}: {:?}", client.endpoints()))?;
            let Event::L1(block) = event else { eyre::bail!("{event:?}") };
            assert_eq!(*block, expected, "{conduct:?} of endpoint {turn}");
            next = expected.number + 1;
        }
        world.proxies[turn].behave(Conduct::Honest);
        // Endpoints that lied have to repent before the next may lie: two that do not count leave no majority.
        repent(&world, &client, turn).await?;
    }
    println!("blocks {opening} to {} as L1 has them", next - 1);
    Ok(())
}

/// Asks for blocks that are known until the endpoint is well again. What it was asked before, while it misbehaved, is
/// answered by then: two questions at most.
async fn repent(world: &World, client: &L1Client, endpoint: usize) -> Result<()> {
    let asked = || world.proxies[endpoint].asked(Some("eth_getLogs"));
    let before = asked();
    for _ in 0..500 {
        if asked() > before + 3 && state(client, endpoint) == "well" {
            return Ok(());
        }
        client.news(world.network.l1.opening_block, 1).await?;
    }
    eyre::bail!("endpoint {endpoint} is {:?}", client.endpoints()[endpoint])
}
