//! Rewards from the set's word to the accounts: a node tells of a period, anybody brings its leaves in.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes, aliases::U96};
use axum::{Json, Router, extract::State, routing::post};
use blst::min_pk::SecretKey;
use eyre::{Result, ensure, eyre};
use rota_node::signer::{AttestationSecret, Keystore};
use rota_proto::{Attestation, AttestationSignature, Epoch};
use rota_staking::{
    Duties, Leaf, POINTS_SCALE, Period,
    bindings::{QuorumSignature, Rewards},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    units,
    world::{EPOCH_LENGTH, TOKEN, World},
};

/// Epochs of a period, as `rota testnet` has it.
const PERIOD_EPOCHS: u128 = 4;

/// A node that knows one period, and nothing else.
pub(crate) async fn node_with(period: &Period) -> Result<String> {
    let told = json!({
        "period": period.number, "root": period.root(), "totalPoints": format!("{:#x}", period.total_points()),
        "leaves": period.leaves(),
    });
    let known = (period.number, told);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().route("/", post(answer)).with_state(Arc::new(known));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}"))
}

async fn answer(State(known): State<Arc<(u64, Value)>>, Json(request): Json<Value>) -> Json<Value> {
    let is_known = request["method"] == "rota_period" && request["params"] == json!([known.0]);
    let result = if is_known { known.1.clone() } else { Value::Null };
    Json(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }))
}

/// The first period, in which both validators did all their duties, or half of them.
pub(crate) fn period(world: &World) -> Result<Period> {
    let leaf = |(validator, tokens, parts): (Address, u128, u128)| Leaf {
        period: 0,
        validator,
        previous_plus_one: 0,
        points: tokens * 1_000_000_000 * PERIOD_EPOCHS * POINTS_SCALE / parts,
        duties: Duties { done: 12, due: 12 * parts.try_into().unwrap_or(1) },
    };
    let leaves = [(world.seed(0)?.address(), 30, 1), (world.seed(1)?.address(), 27, 2)];
    Ok(Period::from_leaves(0, leaves.map(leaf).into()))
}

/// Both validators say so, and L1 is told.
pub(crate) async fn attest(world: &World, period: &Period) -> Result<()> {
    let attesting_epoch = Epoch(3);
    let attestation = Attestation { attesting_epoch, kind: 1, index: period.number, content: period.content() };
    let digest = world.network.domain().attestation(&attestation);
    let mut signatures = Vec::new();
    for index in 0..2 {
        let keystore = Keystore::read(&world.seed(index)?.folder.join("keys/attestation.json"))?;
        let secret = AttestationSecret::decrypt(&keystore, "devnet")?;
        let secret = SecretKey::from_bytes(secret.to_bytes().as_slice()).map_err(|error| eyre!("{error:?}"))?;
        let signature = secret.sign(digest.as_slice(), rota_proto::ATTESTATION_TAG, &[]);
        signatures.push(AttestationSignature::from_uncompressed(&signature.serialize()));
    }
    let signature = AttestationSignature::sum(&signatures).ok_or_else(|| eyre!("no signatures"))?;
    let quorum = QuorumSignature {
        attestingEpoch: attesting_epoch.0,
        signers: 0b11,
        signature: Bytes::copy_from_slice(&signature.0),
    };
    let call = Rewards::attestCall {
        period: period.number,
        root: period.root(),
        totalPoints: U96::from(period.total_points()),
        quorum,
    };
    world.send(world.contracts().rewards, call).await
}

#[tokio::test(flavor = "multi_thread")]
async fn leaf_is_proven_brought_in_claimed_and_restaked() -> Result<()> {
    let world = World::new().await?;
    let (first, second, anyone) = (world.seed(0)?, world.seed(1)?, world.newcomer("anyone", 0).await?);
    let period = period(&world)?;
    let node = node_with(&period).await?;
    let prove =
        |number: u64, validator: Address, node: &str| format!("rewards prove {number} {validator} --rpc {node}");
    world.refused(&anyone, &prove(0, first.address(), &node), &["period 0 is not attested on L1 yet"])?;
    world.epochs_pass(4).await?;
    attest(&world, &period).await?;

    let mut greedy = period.leaves().to_vec();
    greedy[0].points += 1;
    let liar = node_with(&Period::from_leaves(0, greedy)).await?;
    world.refused(&anyone, &prove(0, first.address(), &liar), &["the node's period 0 has the root", "L1 has"])?;
    world.refused(&anyone, &prove(1, first.address(), &node), &["the next one that will be is 1"])?;
    world.refused(&anyone, &prove(0, anyone.address(), &node), &["was in no set of the period"])?;
    world.refused(&anyone, &prove(0, first.address(), "http://127.0.0.1:1"), &["the node at http://127.0.0.1:1"])?;

    let told = world.told(&anyone, &prove(0, first.address(), &node))?;
    assert_eq!((&told["leaf"]["done"], &told["root"]), (&json!(12), &json!(period.root())), "{told}");
    assert_eq!(told["proof"].as_array().map(Vec::len), Some(1), "{told}");
    ensure!(world.said(&anyone, &prove(0, first.address(), &node))?.contains("it is the validator's first leaf"), "");

    let bring = |validator: Address| format!("rewards bring 0 {validator} --rpc {node}");
    let told = world.told(&anyone, &bring(first.address()))?;
    // A token for all points of the period: 30 of 57 parts are the first one's.
    let reward = TOKEN * 30 / 57;
    assert_eq!(told["events"][0]["reward"], json!(reward.to_string()), "{told}");
    world.refused(&anyone, &bring(first.address()), &["AlreadyBrought"])?;
    world.told(&anyone, &bring(second.address()))?;
    let told = world.told(&anyone, &format!("rewards show --validator {}", first.address()))?;
    assert_eq!((&told["nextPeriod"], &told["ratePerPeriod"]), (&json!(1), &units(1)), "{told}");
    let claimable: u128 = told["validator"]["claimable"].as_str().unwrap_or_default().parse()?;
    ensure!(claimable <= reward && reward - claimable < 1_000, "dust at most: {told}");

    let before = world.balance(first.address()).await?;
    let line = format!("stake claim --validator {} --account {}", first.address(), first.address());
    world.told(&anyone, &line)?;
    assert_eq!(world.balance(first.address()).await? - before, claimable);
    assert_eq!(world.told(&anyone, &line)?["events"], json!([]), "nothing is paid twice");
    world.refused(&first, &format!("stake restake --validator {}", first.address()), &["NothingToRestake"])?;
    let told = world.told(&second, &format!("stake restake --validator {}", second.address()))?;
    let events: Vec<_> = [0, 1].map(|index| told["events"][index]["event"].clone()).into();
    ensure!(events.contains(&json!("Restaked")) && events.contains(&json!("Bonded")), "{told}");
    ensure!(world.number().await? > 4 * EPOCH_LENGTH, "the period is over");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn commission_and_rate_are_set_by_whom_they_belong_to() -> Result<()> {
    let world = World::new().await?;
    let (seed, somebody, deployer) = (world.seed(0)?, world.newcomer("somebody", 10).await?, world.deployer()?);
    let validator = seed.address();
    world.refused(&somebody, &format!("stake set-commission 1 --validator {validator}"), &["NotOperator"])?;
    world.refused(&seed, "stake set-commission 1.5%", &["RiseTooLarge"])?;
    world.refused(&seed, "stake set-commission 40", &["CommissionTooHigh"])?;
    world.refused(&seed, "stake set-commission many", &["'many' is no share"])?;
    let told = world.told(&seed, "stake set-commission 1%")?;
    assert_eq!((&told["events"][0]["commissionBps"], &told["events"][0]["fromPeriod"]), (&json!(100), &json!(1)));
    world.refused(&seed, "stake set-commission 2%", &["RiseTooSoon"])?;
    world.refused(&seed, &format!("stake claim --validator {validator} --commission"), &["NoCommission"])?;
    world.refused(&seed, "stake resume", &["NotSuspended"])?;
    world.epochs_pass(4).await?;
    let told = world.told(&seed, &format!("stake status {validator}"))?;
    assert_eq!((&told["commissionBps"], &told["mayResumeFrom"]), (&json!(100), &Value::Null), "{told}");

    world.refused(&somebody, "rewards set-rate 2", &["NotFunder"])?;
    world.refused(&deployer, "rewards set-rate 99999999999", &["is more than a rate can be"])?;
    world.told(&deployer, "rewards set-rate 2.5")?;
    world.refused(&somebody, "rewards fund 11", &["has 10 tROTA, 11 tROTA are wanted"])?;
    let told = world.told(&somebody, "rewards fund 4")?;
    assert_eq!(told["events"][0]["reserve"], units(1_004), "{told}");
    let said = world.said(&somebody, &format!("rewards show --validator {validator}"))?;
    for words in ["rate            2.5 tROTA a period at most", "reserve         1004 tROTA", "commission    1%"] {
        ensure!(said.contains(words), "{words:?}: {said}");
    }
    Ok(())
}
