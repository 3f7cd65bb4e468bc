//! Proposals from their making to their end, by commands alone.

use alloy_primitives::Address;
use eyre::{ContextCompat as _, Result, ensure};
use rota_staking::bindings::StakingParameters;
use serde_json::json;

use crate::{
    units,
    world::{Somebody, TOKEN, World},
};

/// Proposes, and gives the first digits of the number that it has.
pub(crate) fn propose(world: &World, somebody: &Somebody, what: &str) -> Result<String> {
    let told = world.told(somebody, &format!("gov propose {what}"))?;
    let id = told["events"][0]["id"].as_str().wrap_err_with(|| format!("no proposal: {told}"))?;
    Ok(id.chars().take(12).collect())
}

fn state(world: &World, id: &str) -> Result<String> {
    let told = world.told(&world.seed(0)?, &format!("gov show {id}"))?;
    Ok(told["state"].as_str().wrap_err("a state")?.to_owned())
}

/// Votes for a proposal with more than the quorum, waits until the vote is over, and queues it.
async fn pass_and_queue(world: &World, id: &str) -> Result<()> {
    world.mine(2).await?;
    world.told(&world.seed(0)?, &format!("gov vote {id} for"))?;
    world.mine(32).await?;
    world.told(&world.seed(1)?, &format!("gov queue {id}")).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proposed_is_refused_before_it_is_sent() -> Result<()> {
    let world = World::new().await?;
    let (seed, somebody) = (world.seed(0)?, world.newcomer("somebody", 10).await?);
    let validator = seed.address();
    let parameters = |set: &str| format!("gov propose parameters --set {set}");
    world.refused(&somebody, &parameters("minimumBond=1.25"), &["GovernorInsufficientProposerVotes"])?;
    world.refused(&seed, &parameters("minimumBond=1"), &["these are the values that hold already"])?;
    world.refused(&seed, &parameters("bond=1"), &["no parameter is named 'bond': there are minimumBond,"])?;
    let words = ["executed now, it would be refused", "UnbondingDelayOutOfRange", "--anyway proposes it nevertheless"];
    world.refused(&seed, &parameters("unbondingDelay=1"), &words)?;
    let words = ["MinimumBondRisesTooFast", "1250000000000000000", "--anyway proposes it nevertheless"];
    world.refused(&seed, &parameters("minimumBond=2"), &words)?;
    let expel = format!("gov propose expel {validator}");
    world.refused(&seed, &expel, &["ExpelsTooMuch"])?;
    world.refused(&seed, "gov propose allow-list until 1000000", &["AllowListOutOfRange"])?;
    world.refused(&seed, "gov propose allow-list lift 4", &["no epoch is wanted"])?;
    world.refused(&seed, &format!("gov propose guardian {validator} --until 0"), &["MandateEndOutOfRange"])?;
    world.refused(&seed, "gov show 12", &["no proposal's number begins with 12"])?;
    assert_eq!(world.nonce(somebody.address()).await?, 0);

    let told = world.told(&seed, &format!("{expel} --anyway --dry-run"))?;
    let call = told["transactions"][0]["call"].as_str().wrap_err("a call")?;
    assert_eq!(call, format!("propose(sends {validator} out, for ever)"));
    for (line, does) in [
        ("allow-list lift", "lifts the allow-list".to_owned()),
        ("allow-list until 40", "brings the allow-list back until epoch 40".to_owned()),
        (&format!("allow {validator}"), format!("puts on the allow-list: {validator}")),
        (&format!("disallow {validator}"), format!("takes from the allow-list: {validator}")),
        (&format!("guardian {validator} --until 90"), format!("makes {validator} the guardian until epoch 90")),
        ("guardian --none", "leaves no guardian".to_owned()),
        (&format!("funder {validator}"), format!("lets {validator} set the rate of rewards")),
        (&format!("treasury {validator}"), format!("-> {validator}")),
        ("parameters --set minimumBond=1.25,exitBound=10%", "minimumBond: 1 tROTA -> 1.25 tROTA".to_owned()),
    ] {
        let said = world.said(&seed, &format!("gov propose {line} --dry-run"))?;
        ensure!(said.contains("would call StakeGovernor") && said.contains(&does), "{line}: {said}");
    }
    ensure!(world.said(&seed, "gov list")?.contains("there are no proposals"), "nothing was sent");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn proposal_is_voted_for_queued_and_executed() -> Result<()> {
    let world = World::new().await?;
    let (first, second, somebody) = (world.seed(0)?, world.seed(1)?, world.newcomer("somebody", 10).await?);
    let id = propose(&world, &first, "parameters --set minimumBond=1.25 --description more")?;
    let vote = format!("gov vote {id} for");
    world.refused(&first, &vote, &["the proposal is pending", "GovernorUnexpectedProposalState"])?;
    world.mine(2).await?;
    world.refused(&somebody, &vote, &["had no votes at the end of L1 block"])?;
    let told = world.told(&first, &vote)?;
    assert_eq!((&told["events"][0]["vote"], &told["events"][0]["weight"]), (&json!("for"), &units(30)), "{told}");
    world.refused(&first, &vote, &["GovernorAlreadyCastVote"])?;
    let told = world.told(&second, &format!("gov vote {id} against --reason never"))?;
    assert_eq!(told["events"][0]["reason"], json!("never"), "{told}");
    let said = world.said(&second, &format!("gov show {id}"))?;
    for words in ["state           active", "description     more", "minimumBond: 1 tROTA -> 1.25 tROTA", ": reached"] {
        ensure!(said.contains(words), "{words:?}: {said}");
    }
    world.refused(&second, &format!("gov queue {id}"), &["the proposal is active"])?;
    world.mine(32).await?;
    world.told(&somebody, &format!("gov queue {id}"))?;
    let execute = format!("gov execute {id}");
    world.refused(&somebody, &execute, &["the proposal is queued: it can be executed from second"])?;
    world.mine(10).await?;
    let told = world.told(&somebody, &execute)?;
    assert_eq!(told["events"][0]["event"], json!("ProposalExecuted"), "{told}");
    let values = world.ask(world.contracts().parameters, StakingParameters::valuesCall {}).await?;
    assert_eq!(values.minimumBond, TOKEN * 5 / 4);
    let list = world.told(&first, "gov list")?;
    assert_eq!((&list[0]["state"], &list[0]["for"]), (&json!("executed"), &units(30)), "{list}");
    assert_eq!(world.told(&first, "gov list --open")?, json!([]));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn proposer_and_guardian_cancel_each_in_its_time() -> Result<()> {
    let world = World::new().await?;
    let (first, second, guardian) = (world.seed(0)?, world.seed(1)?, world.deployer()?);
    let account = Address::repeat_byte(7);
    let id = propose(&world, &second, &format!("treasury {account}"))?;
    let cancel = |id: &str| format!("gov cancel {id}");
    world.refused(&first, &cancel(&id), &["GovernorUnableToCancel"])?;
    world.refused(&guardian, &format!("{} --as-guardian", cancel(&id)), &["GovernorUnexpectedProposalState"])?;
    world.told(&second, &cancel(&id))?;
    assert_eq!(state(&world, &id)?, "cancelled");

    let id = propose(&world, &first, &format!("funder {account}"))?;
    pass_and_queue(&world, &id).await?;
    world.refused(&first, &cancel(&id), &["GovernorUnableToCancel"])?;
    world.refused(&first, &format!("{} --as-guardian", cancel(&id)), &["NotGuardian"])?;
    world.told(&guardian, &format!("{} --as-guardian", cancel(&id)))?;
    assert_eq!(state(&world, &id)?, "cancelled");

    let id = propose(&world, &first, &format!("guardian {account} --until 90"))?;
    pass_and_queue(&world, &id).await?;
    world.refused(&guardian, &format!("{} --as-guardian", cancel(&id)), &["ReplacesGuardian"])?;
    assert_eq!(state(&world, &id)?, "queued");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_are_handed_on_and_taken_back() -> Result<()> {
    let world = World::new().await?;
    let (first, second) = (world.seed(0)?, world.seed(1)?);
    let status = format!("stake status {} --account {}", first.address(), first.address());
    let told = world.told(&second, &format!("gov delegate {}", first.address()))?;
    assert_eq!(told["events"][0]["voter"], json!(first.address()), "{told}");
    assert_eq!(world.told(&first, &status)?["account"]["votes"], units(57));
    world.told(&second, &format!("gov delegate {}", second.address()))?;
    assert_eq!(world.told(&first, &status)?["account"]["votes"], units(30));
    let sync = format!("gov sync --validator {} --account {}", first.address(), second.address());
    world.refused(&second, &sync, &["NotSlashed"])?;
    Ok(())
}
