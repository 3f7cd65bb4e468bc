//! `rota stake`, `rota rewards`, `rota gov` and `rota epoch` on a real anvil: what they do, what they say, and what
//! they refuse.

mod delegation;
mod endpoint;
mod governance;
mod outlook;
mod rewards;
mod sender;
mod world;

use alloy_primitives::{Address, U256};
use eyre::{ContextCompat as _, Result, ensure};
use rota_staking::bindings::{StakeManager, TestToken, ValidatorRegistry};
use serde_json::{Value, json};

use self::world::{Somebody, TOKEN, World};

fn units(tokens: u128) -> Value {
    json!((tokens * TOKEN).to_string())
}

/// Registers with 25 tokens.
fn register(world: &World, somebody: &Somebody) -> Result<Value> {
    world.told(somebody, &format!("stake register --amount 25 --withdrawal {}", somebody.address()))
}

/// The number of the unbonding that a command began.
fn begun(told: &Value) -> Result<u64> {
    told["events"][0]["id"].as_u64().wrap_err_with(|| format!("no unbonding: {told}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn dry_run_sends_nothing_and_needs_no_key() -> Result<()> {
    let world = World::new().await?;
    let somebody = world.newcomer("somebody", 100).await?;
    let line = format!("stake register --amount 25 --withdrawal {} --dry-run", somebody.address());
    let told = world.told(&somebody, &line)?;
    let planned = &told["transactions"][0];
    ensure!(planned["call"].as_str().is_some_and(|call| call.contains("register(25 tROTA")), "{told}");
    ensure!(planned["gas"].as_u64().is_some_and(|gas| gas > 100_000), "{told}");
    ensure!(planned["to"] == json!(world.contracts().stakes), "{told}");
    // Without a key there is no permit: the tokens are allowed first.
    let told = world.told(&somebody, &format!("{line} --from {}", somebody.address()))?;
    ensure!(told["transactions"].as_array().is_some_and(|all| all.len() == 2), "{told}");
    ensure!(told["transactions"][1]["gas"].is_null(), "{told}");
    ensure!(world.said(&somebody, &line)?.contains("would call StakeManager"), "it says what it would do");
    // What would be refused is said without sending, too.
    let line = format!("stake register --amount 0.5 --withdrawal {} --dry-run", somebody.address());
    world.refused(&somebody, &line, &["BondBelowMinimum", "500000000000000000"])?;
    assert_eq!(world.nonce(somebody.address()).await?, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn validator_registers_serves_and_leaves_with_its_stake() -> Result<()> {
    let world = World::new().await?;
    let somebody = world.newcomer("somebody", 100).await?;
    let told = register(&world, &somebody)?;
    assert_eq!(told["events"][0]["bonded"], units(25), "{told}");
    assert_eq!(world.nonce(somebody.address()).await?, 1, "a permit saves a transaction");
    let line = format!("stake register --amount 25 --withdrawal {}", somebody.address());
    world.refused(&somebody, &line, &["AlreadyRegistered"])?;

    // An eighth of 57 may enter in one epoch, the rest in later ones.
    let status = format!("stake status {}", somebody.address());
    world.told(&somebody, "stake advance")?;
    world.advance(6).await?;
    world.epochs_pass(2).await?;
    let told = world.told(&somebody, &status)?;
    assert_eq!((&told["seat"]["state"], &told["powerNow"]), (&json!("active"), &json!(25_000_000_000_u64)), "{told}");
    let set = world.told(&somebody, "epoch show")?;
    assert_eq!(set["members"].as_array().map(Vec::len), Some(3), "{set}");
    assert_eq!(set["totalPower"], json!(82_000_000_000_u64), "{set}");

    world.refused(&somebody, "stake unbond 24.5", &["AmountLeavesTooLittle"])?;
    world.refused(&somebody, "stake unbond 1e3", &["is no amount"])?;
    let part = begun(&world.told(&somebody, "stake unbond 5.5")?)?;
    let told = world.told(&somebody, &format!("stake cancel {part}"))?;
    assert_eq!(told["events"][0]["bonded"], units(25), "{told}");
    world.refused(&somebody, &format!("stake cancel {part}"), &["NoSuchUnbonding"])?;

    let all = begun(&world.told(&somebody, "stake unbond --all")?)?;
    let anyone = world.newcomer("anyone", 0).await?;
    world.refused(&anyone, &format!("stake withdraw {all}"), &["NotMatured"])?;
    world.advance(6).await?;
    let told = world.told(&somebody, &status)?;
    let due = told["unbondings"][0]["dueEpoch"].as_u64().wrap_err_with(|| format!("not known when due: {told}"))?;
    world.epochs_pass(due - world.epoch().await?).await?;
    let before = world.balance(somebody.address()).await?;
    world.told(&anyone, &format!("stake withdraw {all}"))?;
    assert_eq!(world.balance(somebody.address()).await? - before, 25 * TOKEN);
    let told = world.told(&somebody, &status)?;
    assert_eq!((&told["seat"]["power"], &told["unbondings"]), (&json!(0), &json!([])), "{told}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_tops_up_with_what_it_has() -> Result<()> {
    let world = World::new().await?;
    let (seed, payer) = (world.seed(0)?, world.newcomer("payer", 10).await?);
    let validator = seed.address();
    world.refused(
        &payer,
        &format!("stake top-up 11 --validator {validator}"),
        &["has 10 tROTA, 11 tROTA are wanted"],
    )?;
    world.refused(&payer, "stake top-up 1", &["NotRegistered"])?;
    world.told(&payer, &format!("stake top-up 2.5 --validator {validator}"))?;
    let said = world.said(&payer, &format!("stake top-up 1 --validator {validator}"))?;
    ensure!(said.contains("bonded 1 tROTA; the bond of") && said.contains("is 33.5 tROTA"), "{said}");
    assert_eq!(world.balance(payer.address()).await?, 65 * TOKEN / 10);
    let stake = world.ask(world.contracts().stakes, StakeManager::stakeOfCall { validator }).await?;
    assert_eq!(stake.bonded, 335 * TOKEN / 10);
    let allowed = TestToken::allowanceCall { owner: payer.address(), spender: world.contracts().stakes };
    assert_eq!(world.ask(world.contracts().token, allowed).await?, U256::ZERO, "a permit is for one amount");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_and_serve_two_epochs_later() -> Result<()> {
    let world = World::new().await?;
    let seed = world.seed(1)?;
    world.refused(&seed, "stake rotate-key", &["KeysUnchanged"])?;
    world.epochs_pass(1).await?;
    let keys = world.new_keys(&seed, "-new")?;
    let told = world.told(&seed, "stake rotate-key --consensus keys/consensus-new.json")?;
    ensure!(told["transactions"].as_array().is_some_and(|all| all.len() == 1), "{told}");
    let key = json!(format!("0x{}", alloy_primitives::hex::encode(keys.consensus.verifying_key().to_bytes())));
    let key_in = |set: &Value| set["members"][1]["consensusKey"].clone();
    assert_ne!(key_in(&world.told(&seed, "epoch next")?), key);
    world.epochs_pass(1).await?;
    assert_eq!(key_in(&world.told(&seed, "epoch next")?), key);
    assert_ne!(key_in(&world.told(&seed, "epoch show")?), key);
    // A key that was used is spent, and nobody rotates another's keys.
    let stranger = world.newcomer("stranger", 30).await?;
    let line = format!("stake rotate-key --validator {}", seed.address());
    world.refused(&stranger, &line, &["NotOperator"])?;
    world.refused(&seed, "stake rotate-key", &["ConsensusKeyUsed"])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_words_are_set() -> Result<()> {
    let world = World::new().await?;
    let (seed, next) = (world.seed(0)?, world.newcomer("next", 0).await?);
    let (validator, submitter) = (seed.address(), Address::repeat_byte(0x5b));
    world.refused(&next, &format!("stake set --submitter {submitter} --validator {validator}"), &["NotOperator"])?;
    let line = format!("stake set --submitter {submitter} --fee-recipient {submitter} --metadata words");
    let told = world.told(&seed, &line)?;
    assert_eq!(told["transactions"].as_array().map(Vec::len), Some(3), "{told}");
    world.told(&seed, "stake set --node-address /ip4/10.0.0.1/tcp/26656")?;
    let told = world.told(&seed, &format!("stake status {validator}"))?;
    assert_eq!(told["submitter"], json!(submitter), "{told}");
    assert_eq!((&told["metadata"], &told["nodeAddress"]), (&json!("words"), &json!("/ip4/10.0.0.1/tcp/26656")));

    world.told(&seed, &format!("stake set --operator {}", next.address()))?;
    world.told(&next, &format!("stake set --accept --submitter {} --validator {validator}", next.address()))?;
    let accounts = world.ask(world.contracts().registry, ValidatorRegistry::accountsOfCall { validator }).await?;
    assert_eq!((accounts.operator, accounts.submitter), (next.address(), next.address()));
    world.refused(&seed, "stake set --metadata mine", &["NotOperator"])?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn epochs_and_validators_are_told() -> Result<()> {
    let world = World::new().await?;
    let (first, second) = (world.seed(0)?, world.seed(1)?);
    let shown = world.told(&first, "epoch show")?;
    assert_eq!((&shown["epoch"], &shown["totalPower"]), (&json!(0), &json!(57_000_000_000_u64)), "{shown}");
    assert_eq!(shown["members"][1]["validator"], json!(second.address()), "{shown}");
    let next = world.told(&first, "epoch next")?;
    assert_eq!((&next["epoch"], &next["forming"]["members"]), (&json!(1), &json!(2)), "{next}");
    assert_eq!(next["changeHash"], shown["changeHash"]);
    world.refused(&first, "epoch show 2", &["EpochNotFixed { epoch: 2, lastFixedEpoch: 1 }"])?;
    let list = world.told(&first, "stake list")?;
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
    assert_eq!((&list[0]["seat"]["state"], &list[0]["stake"]["bonded"]), (&json!("active"), &units(30)), "{list}");
    ensure!(world.said(&first, "stake list")?.contains("active in place 0 with power 30000000000"), "as text");
    ensure!(world.said(&first, "epoch next")?.contains("52.63%"), "shares");
    let nobody = Address::repeat_byte(9);
    world.refused(&first, &format!("stake status {nobody}"), &["nobody registered as"])?;
    world.refused(&first, &format!("stake status {nobody} --l1 http://127.0.0.1:1"), &["does not answer"])?;
    Ok(())
}
