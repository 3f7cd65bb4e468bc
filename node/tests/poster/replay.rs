//! P17 to P19: what a replay refuses, and how it says so; `rota replay` itself.

use std::process::Command;

use alloy::{
    network::EthereumWallet,
    providers::{Provider as _, ProviderBuilder},
    rpc::types::TransactionRequest,
};
use alloy_consensus::Header;
use alloy_primitives::{B256, Bytes};
use alloy_sol_types::SolCall as _;
use eyre::{Result, ensure};
use rota_node::{
    l1::EntryError,
    poster::{Content, Payload, TickError, TrackError},
    replay::{BatchFault, EntryFault, ReplayError, replay},
};
use rota_proto::{BatchHeader, Certificate, VerifyError};
use rota_staking::bindings::{IRotaInbox::Entry, RotaInbox};
use serde_json::Value;

use crate::{
    anvil::Anvil,
    world::{World, on_l1},
};

/// A member appends what it likes.
async fn append(world: &World, anvil: &Anvil, entry: Entry, payload: Bytes) -> Result<()> {
    let operator = world.operators[0].clone();
    let validator = operator.address();
    let input = RotaInbox::appendCall { validator, entry, payload }.abi_encode();
    let l1 = ProviderBuilder::new().wallet(EthereumWallet::from(operator)).connect_http(anvil.url.parse()?);
    let request = TransactionRequest::default().to(world.network.l1.contracts.inbox).input(input.into());
    let pending = l1.send_transaction(request).await?;
    anvil.mine(3).await?;
    ensure!(pending.get_receipt().await?.status(), "the append was reverted");
    Ok(())
}

/// A member appends these batches as the entry that is next on an empty inbox.
async fn append_batches(
    world: &World,
    anvil: &Anvil,
    batches: &[(BatchHeader, Bytes)],
    finalization: Option<&Certificate>,
) -> Result<()> {
    let mut content = Content::default();
    batches.iter().for_each(|(header, body)| content.push(header, body));
    let last = batches.last().map(|(header, _)| header.hash()).unwrap_or_default();
    let entry = Entry {
        firstHeight: 1,
        lastHeight: u64::try_from(batches.len())?,
        parentLink: B256::ZERO,
        lastBatchHash: last,
    };
    let stream = content.stream(batches.len(), finalization);
    append(world, anvil, entry, Payload::Whole(stream).encode()).await
}

fn batches(world: &World) -> Result<Vec<(BatchHeader, Bytes)>> {
    let mut batches = Vec::new();
    for height in 1..=world.height() {
        batches.extend(world.store.batch_by_height(height)?.map(|stored| (stored.header, stored.body)));
    }
    Ok(batches)
}

/// Why the only entry on L1 is refused.
async fn fault(world: &World, anvil: &Anvil) -> Result<EntryFault> {
    match replay(&world.l1(anvil)?, &world.network, &world.genesis, None, |_| {}).await {
        Err(ReplayError::Entry { first: 1, last, reason, .. }) if last == world.height() => Ok(reason),
        other => eyre::bail!("{other:?}"),
    }
}

#[tokio::test]
async fn a_payload_that_is_nothing_is_named_by_replay_and_tracker() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    world.grow(2, 1)?;
    let entry = Entry { firstHeight: 1, lastHeight: 2, parentLink: B256::ZERO, lastBatchHash: world.hash(2)? };
    append(&world, &anvil, entry, Bytes::from_static(&[9, 9])).await?;
    assert!(matches!(fault(&world, &anvil).await?, EntryFault::Calldata(EntryError::Payload(_))));
    let (mut tracker, _) = world.tracker(&anvil)?;
    match tracker.tick().await {
        Err(TickError::Track(TrackError::Conflict(conflict))) => {
            assert!(conflict.to_string().contains("heights 1 to 2"), "{conflict}");
        }
        other => eyre::bail!("{other:?}"),
    }
    Ok(())
}

/// P17.
#[tokio::test]
async fn a_part_that_l1_does_not_have_is_named() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    world.grow(1, 1)?;
    let absent = B256::repeat_byte(7);
    let entry = Entry { firstHeight: 1, lastHeight: 1, parentLink: B256::ZERO, lastBatchHash: world.hash(1)? };
    append(&world, &anvil, entry, Payload::InParts(vec![absent]).encode()).await?;
    let refused = fault(&world, &anvil).await?;
    assert!(matches!(refused, EntryFault::Calldata(EntryError::Part(part)) if part == absent), "{refused}");
    Ok(())
}

/// P18.
#[tokio::test]
async fn a_finalization_without_a_quorum_proves_nothing() -> Result<()> {
    let (mut world, anvil) = on_l1(3).await?;
    world.grow(2, 1)?;
    let mut weak = world.finalization(&world.head());
    weak.signatures.pop();
    weak.signers.0 &= 0b011;
    append_batches(&world, &anvil, &batches(&world)?, Some(&weak)).await?;
    let refused = fault(&world, &anvil).await?;
    assert!(matches!(refused, EntryFault::Finalization(VerifyError::NoQuorum { .. })), "{refused}");
    Ok(())
}

/// P18.
#[tokio::test]
async fn a_false_signature_proves_nothing() -> Result<()> {
    let (mut world, anvil) = on_l1(3).await?;
    world.grow(2, 1)?;
    let mut forged = world.finalization(&world.head());
    forged.signatures[1].0[40] ^= 1;
    append_batches(&world, &anvil, &batches(&world)?, Some(&forged)).await?;
    assert!(matches!(fault(&world, &anvil).await?, EntryFault::Finalization(_)));
    Ok(())
}

/// P4, P18.
#[tokio::test]
async fn batches_without_a_finalization_count_only_once_one_is_there() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    world.grow(3, 1)?;
    append_batches(&world, &anvil, &batches(&world)?, None).await?;
    let replayed = world.replay(&anvil).await?;
    assert_eq!((replayed.height, replayed.unproven, replayed.entries), (0, 3, 1));
    world.grow(2, 1)?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    world.check_replay(&anvil).await
}

/// Even where a quorum signed: every header is compared with what executing gives.
async fn fault_of(change: impl Fn(&mut Header)) -> Result<BatchFault> {
    let (mut world, anvil) = on_l1(1).await?;
    world.grow(2, 1)?;
    let mut batches = batches(&world)?;
    let mut header = batches[1].0.header().clone();
    change(&mut header);
    batches[1].0 = BatchHeader::new(header)?;
    let finalization = world.finalization(&batches[1].0);
    append_batches(&world, &anvil, &batches, Some(&finalization)).await?;
    let fault = fault(&world, &anvil).await?;
    let EntryFault::Batch { height: 2, fault, .. } = fault else { eyre::bail!("{fault}") };
    Ok(fault)
}

/// P19.
#[tokio::test]
async fn a_header_that_execution_contradicts_is_named() -> Result<()> {
    use rota_execution::{ExecutionError, Invalid};
    let invalid = async |change: fn(&mut Header)| {
        let fault = fault_of(change).await?;
        let BatchFault::Execution(ExecutionError::Invalid(invalid)) = fault else { eyre::bail!("{fault}") };
        Ok(invalid)
    };
    let of_state = invalid(|header| header.state_root = B256::repeat_byte(1)).await?;
    assert!(matches!(of_state, Invalid::StateRoot { .. }), "{of_state}");
    let of_receipts = invalid(|header| header.receipts_root = B256::repeat_byte(1)).await?;
    assert!(matches!(of_receipts, Invalid::ReceiptsRoot { .. }), "{of_receipts}");
    let of_origin = invalid(|header| header.parent_beacon_block_root = Some(B256::repeat_byte(1))).await?;
    assert!(matches!(of_origin, Invalid::OriginBehindParent { .. } | Invalid::Origin { .. }), "{of_origin}");
    Ok(())
}

#[tokio::test]
async fn the_command_prints_where_it_ended_and_stops_where_it_is_told() -> Result<()> {
    let (mut world, anvil) = on_l1(1).await?;
    let (mut poster, _) = world.poster(&anvil, 0)?;
    world.grow(7, 2)?;
    world.settle(&anvil, &mut [&mut poster]).await?;
    anvil.mine(3).await?;
    let config = world.folder.path().join("network/node0/config");
    let run = |more: &[&str]| -> Result<Value> {
        let (network, genesis) = (config.join("network.toml"), config.join("genesis.json"));
        let done = Command::new(env!("CARGO_BIN_EXE_rota"))
            .args(["replay", "--l1", &anvil.url, "--json", "--network"])
            .arg(network)
            .arg("--genesis")
            .arg(genesis)
            .args(more)
            .output()?;
        ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Ok(serde_json::from_slice(&done.stdout)?)
    };
    let all = run(&[])?;
    assert_eq!(all["height"], 7);
    assert_eq!(all["hash"], world.head().hash().to_string());
    assert_eq!(all["stateRoot"], world.head().header().state_root.to_string());
    assert_eq!(all["transactions"], 14);
    let some = run(&["--to", "4"])?;
    assert_eq!((&some["height"], &some["hash"]), (&4.into(), &world.hash(4)?.to_string().into()));
    Ok(())
}
