//! Stake with the validators of others: it comes, votes, leaves and goes on.

use eyre::{Result, ensure};
use serde_json::json;

use crate::{
    begun, units,
    world::{TOKEN, World},
};

#[tokio::test(flavor = "multi_thread")]
async fn delegation_that_is_not_taken_is_refused_by_name() -> Result<()> {
    let world = World::new().await?;
    let (seed, somebody) = (world.seed(0)?, world.newcomer("somebody", 10).await?);
    let validator = seed.address();
    let line = |tokens: &str| format!("stake delegate {tokens} --to {validator}");
    world.refused(&somebody, &line("11"), &["has 10 tROTA, 11 tROTA are wanted"])?;
    world.refused(&somebody, &line("0.0001"), &["DelegationBelowMinimum", "minimum: 1000000000000000"])?;
    world.refused(&somebody, &line("0"), &["ZeroAmount"])?;
    let nobody = somebody.address();
    world.refused(&somebody, &format!("stake delegate 1 --to {nobody}"), &["NotRegistered"])?;
    world.refused(&seed, &format!("stake undelegate 1 --validator {validator}"), &["OwnBond"])?;
    world.refused(
        &somebody,
        &format!("stake undelegate --all --validator {validator}"),
        &["has nothing to take back"],
    )?;
    assert_eq!(world.nonce(somebody.address()).await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn delegation_counts_and_votes_leaves_and_goes_on() -> Result<()> {
    let world = World::new().await?;
    let (first, second) = (world.seed(0)?.address(), world.seed(1)?.address());
    let somebody = world.newcomer("somebody", 100).await?;
    let account = somebody.address();
    let told = world.told(&somebody, &format!("stake delegate 10 --to {first}"))?;
    assert_eq!(told["events"][0]["position"], units(10), "{told}");
    assert_eq!(world.nonce(account).await?, 1, "a permit saves a transaction");
    let status = format!("stake status {first} --account {account}");
    let told = world.told(&somebody, &status)?;
    let since = world.epoch().await? + 2;
    assert_eq!((&told["stake"]["own"], &told["stake"]["delegated"]), (&units(30), &units(10)), "{told}");
    let holding = &told["account"];
    assert_eq!((&holding["position"], &holding["worth"]), (&units(10), &units(10)), "{told}");
    assert_eq!((&holding["countsSinceEpoch"], &holding["votes"]), (&json!(since), &units(10)), "{told}");
    let said = world.said(&somebody, &status)?;
    ensure!(said.contains("own bond 30 tROTA, delegated 10 tROTA"), "{said}");
    ensure!(said.contains(&format!("position        10 tROTA, counts from epoch {since} on")), "{said}");

    let undelegate = |what: &str| format!("stake undelegate {what} --validator {first}");
    world.refused(&somebody, &undelegate("9.9999"), &["AmountLeavesTooLittle"])?;
    world.refused(&somebody, &undelegate(&format!("4 --towards {first}")), &["SameValidator"])?;
    let paid = begun(&world.told(&somebody, &undelegate("4"))?)?;
    let moved = begun(&world.told(&somebody, &undelegate(&format!("--all --towards {second}")))?)?;
    world.refused(&somebody, &format!("stake withdraw {moved}"), &["NotMatured"])?;
    world.refused(&somebody, &format!("stake cancel {paid}"), &["NotOwner"])?;
    let told = world.told(&somebody, &status)?;
    assert_eq!((&told["account"]["position"], &told["account"]["votes"]), (&units(0), &units(0)), "{told}");
    assert_eq!(told["unbondings"][1]["towards"], json!(second), "{told}");

    world.advance(4).await?;
    world.epochs_pass(16).await?;
    let before = world.balance(account).await?;
    world.told(&world.seed(1)?, &format!("stake withdraw {paid}"))?;
    assert_eq!(world.balance(account).await? - before, 4 * TOKEN);
    let told = world.told(&somebody, &format!("stake withdraw {moved}"))?;
    assert_eq!((&told["events"][0]["event"], &told["events"][0]["to"]), (&json!("Redelegated"), &json!(second)));
    let told = world.told(&somebody, &format!("stake status {second} --account {account}"))?;
    assert_eq!((&told["account"]["position"], &told["account"]["votes"]), (&units(6), &units(6)), "{told}");
    Ok(())
}
